// Package loopback listens on this machine for tests: servers that do what a test wants, and relays in front of real ones.
package loopback

import (
	"context"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"
)

// Serve listens on a free port of 127.0.0.1 and calls do with each connection, which is closed when do returns. Calls run side by side.
// When the test ends nobody listens any more, all connections are closed, and every do has returned.
func Serve(t testing.TB, do func(net.Conn)) (port int) {
	t.Helper()
	l := listen(t)
	On(t, l, do)
	return l.Addr().(*net.TCPAddr).Port
}

// On is Serve on a listener, which it closes.
func On(t testing.TB, l net.Listener, do func(net.Conn)) {
	serve(t, l, func(_ context.Context, c net.Conn) { do(c) })
}

// Relay is Serve in front of a port of this machine. there carries what the client of a connection says to the server, back what the server
// says. Each closes what it writes to when it is done, or says otherwise that no more comes; when both have returned, both are closed.
func Relay(t testing.TB, server int, there, back func(to, from *net.TCPConn)) (port int) {
	t.Helper()
	l := listen(t)
	serve(t, l, func(ctx context.Context, client net.Conn) {
		up, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(server)))
		if err != nil {
			return
		}
		defer closed(ctx, up)()
		a, b := client.(*net.TCPConn), up.(*net.TCPConn)
		var both sync.WaitGroup
		both.Go(func() { there(b, a) })
		both.Go(func() { back(a, b) })
		both.Wait()
	})
	return l.Addr().(*net.TCPAddr).Port
}

// Copy carries one direction as it comes.
func Copy(to, from *net.TCPConn) { Pieces(32<<10)(to, from) }

// Pieces carries one direction in reads and writes of at most so many bytes.
func Pieces(atMost int) func(to, from *net.TCPConn) {
	return func(to, from *net.TCPConn) {
		defer to.Close()
		// Without the structs the kernel would copy, as much at a time as it likes.
		io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, make([]byte, atMost))
	}
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// serve is On; the context is done when the test is.
func serve(t testing.TB, l net.Listener, do func(context.Context, net.Conn)) {
	// Not the test's own context: that ends before all cleanups, but what was started after a relay is to end before it.
	ctx, end := context.WithCancel(context.Background())
	var all sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		end()
		all.Wait()
	})
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer closed(ctx, c)()
				do(ctx, c)
			})
		}
	})
}

// closed closes c when ctx is done, or when what it gives is called.
func closed(ctx context.Context, c net.Conn) func() {
	forget := context.AfterFunc(ctx, func() { c.Close() })
	return func() {
		forget()
		c.Close()
	}
}

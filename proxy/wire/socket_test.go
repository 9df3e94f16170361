//go:build linux

package wire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"
)

// pair is a connected pair of sockets on a network; the first is direct.
func pair(t *testing.T, network string) (net.Conn, net.Conn) {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = t.TempDir() + "/s"
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := net.Dial(network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return direct(a), b
}

// TestSocket sends more than fits into the kernel both ways at once, with pauses, and compares.
func TestSocket(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		a, b := pair(t, network)
		sent := make([]byte, 8<<20+13)
		for i := range sent {
			sent[i] = byte(i * i >> 7)
		}
		var all sync.WaitGroup
		for _, c := range []net.Conn{a, b} {
			all.Go(func() {
				if n, err := c.Write(sent); n != len(sent) || err != nil {
					t.Errorf("%s: %d bytes written, %v", network, n, err)
				}
			})
			all.Go(func() {
				time.Sleep(20 * time.Millisecond)
				got := make([]byte, len(sent))
				if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, sent) {
					t.Errorf("%s: what was sent did not come, %v", network, err)
				}
			})
		}
		all.Wait()
	}
}

// TestSocketEnds compares errors with those of net's own sockets.
func TestSocketEnds(t *testing.T) {
	for name, wrap := range map[string]func(net.Conn) net.Conn{"net": func(c net.Conn) net.Conn { return c.(*socket).Conn }, "direct": func(c net.Conn) net.Conn { return c }} {
		c, peer := pair(t, "tcp")
		a := wrap(c)
		buf := make([]byte, 10)
		a.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		if _, err := a.Read(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: after the deadline: %v", name, err)
		}
		a.SetReadDeadline(time.Time{})
		peer.Write([]byte("last"))
		peer.Close()
		if n, err := io.ReadFull(a, buf[:4]); n != 4 || err != nil {
			t.Errorf("%s: what came before the end: %d bytes, %v", name, n, err)
		}
		if n, err := a.Read(buf); n != 0 || err != io.EOF {
			t.Errorf("%s: at the end: %d bytes, %v", name, n, err)
		}
		var err error
		for range 100 {
			if _, err = a.Write(buf); err != nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
		if op := (*net.OpError)(nil); !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) || !errors.As(err, &op) || op.Op != "write" {
			t.Errorf("%s: writing to a peer that is gone: %v", name, err)
		}
		a.Close()
		if _, err := a.Read(buf); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: after Close: %v", name, err)
		}
	}
}

// TestSocketWriteDeadline is a peer that reads nothing.
func TestSocketWriteDeadline(t *testing.T) {
	a, _ := pair(t, "tcp")
	a.SetWriteDeadline(time.Now().Add(time.Second))
	n, err := a.Write(make([]byte, 64<<20))
	if !errors.Is(err, os.ErrDeadlineExceeded) || n == 0 || n == 64<<20 {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func TestSocketDoesNotAllocate(t *testing.T) {
	a, b := pair(t, "tcp")
	buf := make([]byte, 100)
	if n := testing.AllocsPerRun(100, func() {
		a.Write(buf[:10])
		io.ReadFull(b, buf[:10])
		b.Write(buf[:10])
		a.Read(buf)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestWaitingHoldsNoBuffer looks at a connection that waits, before and after something has come.
func TestWaitingHoldsNoBuffer(t *testing.T) {
	a, b := pair(t, "tcp")
	c := NewConn(a, 1<<20)
	c.Lend(&Buffers{})
	free := make(chan bool, 10)
	c.toGiveBack = func() { c.giveBack(); free <- c.in == nil }
	got := make(chan byte)
	go func() {
		defer close(got)
		for {
			typ, _, err := c.Next()
			if err != nil {
				return
			}
			if err := c.Discard(); err != nil {
				return
			}
			got <- typ
		}
	}()
	for _, typ := range []byte("QSX") {
		if !<-free {
			t.Error("a connection that waits holds a buffer")
		}
		b.Write(AppendFrame(nil, typ, []byte("body")))
		if g := <-got; g != typ {
			t.Errorf("%c came instead of %c", g, typ)
		}
	}
	b.Close()
	<-got
	if err := c.Write([]byte("x")); err != nil || cap(c.out) != readBuffer {
		t.Errorf("%v, %d", err, cap(c.out))
	}
	c.Flush()
	if c.out != nil {
		t.Error("what is written still has a buffer")
	}
}

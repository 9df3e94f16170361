package loopback

import (
	"bytes"
	"io"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
)

func dial(t *testing.T, port int) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestRelay: what is said arrives, through relays too, and the end with it.
func TestRelay(t *testing.T) {
	twice := func(c net.Conn) {
		b := make([]byte, 5)
		if _, err := io.ReadFull(c, b); err == nil {
			c.Write(bytes.Repeat(b, 2))
		}
	}
	port := Serve(t, twice)
	for range 3 {
		c := dial(t, port)
		io.WriteString(c, "hello")
		if got, err := io.ReadAll(c); err != nil || string(got) != "hellohello" {
			t.Errorf("%q %v", got, err)
		}
		port = Relay(t, port, Copy, Pieces(1))
	}
}

// TestEnd: whoever still talks when the test ends is cut off, and waited for.
func TestEnd(t *testing.T) {
	var began, ended atomic.Int64
	forever := func(to, from *net.TCPConn) {
		began.Add(1)
		io.Copy(io.Discard, from)
		ended.Add(1)
	}
	var port int
	t.Run("inner", func(t *testing.T) {
		server := Serve(t, func(c net.Conn) {
			began.Add(1)
			c.Write([]byte("x"))
			io.Copy(io.Discard, c)
			ended.Add(1)
		})
		port = Relay(t, server, forever, func(to, from *net.TCPConn) {
			began.Add(1)
			Copy(to, from)
			ended.Add(1)
		})
		c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(make([]byte, 1)); err != nil {
			t.Error(err)
		}
	})
	if began.Load() < 2 || began.Load() != ended.Load() {
		t.Errorf("%d began, %d ended", began.Load(), ended.Load())
	}
	if c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
		c.Close()
		t.Error("somebody listens still")
	}
}

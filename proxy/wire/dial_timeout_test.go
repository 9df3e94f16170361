package wire

import (
	"context"
	"net"
	"testing"
	"time"
)

// A server that accepts and then says nothing is given up after Timeout, not after the context's.
func TestDialTimeout(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	start := time.Now()
	c, err := Dial(ctx, DialOptions{Host: "127.0.0.1", Port: uint16(ln.Addr().(*net.TCPAddr).Port), Mode: VerifyFull, Timeout: 50 * time.Millisecond})
	if err == nil {
		c.Close()
		t.Fatal("connected to a server that says nothing")
	}
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("gave up after %s", d)
	}
}

package wire

import (
	"bytes"
	"crypto/tls"
	"math/rand/v2"
	"net"
	"testing"
)

// seen is a socket that says when it is read.
type seen struct {
	net.Conn
	before func()
}

func (s *seen) Read(b []byte) (int, error) {
	s.before()
	return s.Conn.Read(b)
}

// tlsPair is a connection with TLS of which the first half lends buffers.
func tlsPair(t *testing.T) (*Conn, *seen, net.Conn) {
	t.Helper()
	a, b := pair(t, "tcp")
	ca := newAuthority(t)
	below := &seen{a, func() {}}
	server := tls.Server(below, &tls.Config{Certificates: []tls.Certificate{*ca.issue(t, "localhost", nil)}})
	client := tls.Client(b, &tls.Config{RootCAs: ca.pool, ServerName: "localhost"})
	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	check(t, client.Handshake())
	check(t, <-done)
	c := NewConn(server, 1<<20)
	c.Lend(&Buffers{})
	return c, below, client
}

// TestWaitingForTLSHoldsNoBuffer is TestWaitingHoldsNoBuffer where nobody but crypto/tls knows whether a read will wait.
func TestWaitingForTLSHoldsNoBuffer(t *testing.T) {
	c, below, client := tlsPair(t)
	waited, held := 0, 0
	below.before = func() {
		if waited++; c.in != nil {
			held++
		}
	}
	for _, typ := range []byte("QSX") {
		_, err := client.Write(AppendFrame(nil, typ, []byte("body")))
		check(t, err)
		got, _, err := c.Next()
		if err != nil || got != typ {
			t.Fatalf("%c, %v", got, err)
		}
		check(t, c.Discard())
	}
	if waited < 3 || held > 0 {
		t.Errorf("of %d reads %d were with a buffer", waited, held)
	}
}

// TestRecordsKeepNoFramesApart sends frames in records that end anywhere.
func TestRecordsKeepNoFramesApart(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var all []byte
	var bodies [][]byte
	for range 2000 {
		body := bytes.Repeat([]byte{byte(r.IntN(256))}, []int{0, 0, 1, 5, 100, 20000, 70000}[min(r.IntN(60), 6)]+r.IntN(2))
		bodies = append(bodies, body)
		all = AppendFrame(all, 'd', body)
	}
	c, _, client := tlsPair(t)
	go func() {
		for len(all) > 0 {
			n := min(1+r.IntN([]int{3, 12, 300, 100000}[r.IntN(4)]), len(all))
			client.Write(all[:n])
			all = all[n:]
		}
		client.Close()
	}()
	for i, want := range bodies {
		if _, _, err := c.Next(); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		if got, err := c.Body(); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("frame %d: %d bytes instead of %d, %v", i, len(got), len(want), err)
		}
	}
	if _, _, err := c.Next(); err == nil {
		t.Error("more came than was sent")
	}
}

// TestLongFramesComeInLargePieces: what is handed on of a long frame is not cut smaller than the records it came in.
func TestLongFramesComeInLargePieces(t *testing.T) {
	const size = 1 << 20
	for name, consume := range map[string]func(c *Conn, take func([]byte) error) error{
		"Forward": func(c *Conn, _ func([]byte) error) error { return c.Forward(NewConn(nowhere{}, 0)) },
		"Discard": func(c *Conn, _ func([]byte) error) error { return c.Discard() },
		"Pieces":  func(c *Conn, take func([]byte) error) error { return c.Pieces(take) },
	} {
		t.Run(name, func(t *testing.T) {
			c, _, client := tlsPair(t)
			go client.Write(AppendFrame(AppendFrame(nil, 'd', make([]byte, size)), 'S', nil))
			if _, n, err := c.Next(); err != nil || n != size {
				t.Fatal(n, err)
			}
			reads := 0
			c.AfterRead = func(int) { reads++ }
			check(t, consume(c, func([]byte) error { return nil }))
			// A record holds up to 16 KiB; the first ones hold less (crypto/tls, dynamic record sizing).
			if reads > 2000 {
				t.Errorf("%d reads", reads)
			}
			if typ, _, err := c.Next(); err != nil || typ != 'S' {
				t.Errorf("%c, %v", typ, err)
			}
		})
	}
}

// nowhere takes all that is written.
type nowhere struct{ net.Conn }

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }

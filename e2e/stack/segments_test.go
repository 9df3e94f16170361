package stack

import (
	"bytes"
	"io"
	"net"
	"strconv"
	"testing"

	"github.com/pgveil/pgveil/e2e/loopback"
)

func TestParseSegments(t *testing.T) {
	for text, ok := range map[string]bool{"": true, "1": true, "random": true, "random:7": true, "2": false, "random:x": false, "1:2": false, "x": false} {
		s, err := parseSegments(text)
		if (err == nil) != ok || ok && (s == nil) != (text == "") {
			t.Errorf("%q: %v %v", text, s, err)
		}
	}
}

// TestRelay: all bytes arrive, in pieces, and the end of one direction leaves the other open.
func TestRelay(t *testing.T) {
	echo := loopback.Serve(t, func(c net.Conn) {
		b, _ := io.ReadAll(c) // up to the client's half-close
		c.Write(b)
	})
	for _, how := range []string{"1", "random:3"} {
		s, err := parseSegments(how)
		if err != nil {
			t.Fatal(err)
		}
		r, port, err := s.relay(echo, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			t.Fatal(err)
		}
		want := bytes.Repeat([]byte("0123456789abcdef"), wholeBytes/8)
		go func() {
			c.Write(want)
			c.(*net.TCPConn).CloseWrite()
		}()
		got, err := io.ReadAll(c)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes of %d, %v", how, len(got), len(want), err)
		}
		c.Close()
	}
	single := &relay{segments: &segments{single: true}}
	if n := single.piece(nil, 0, 100); n != 1 {
		t.Errorf("a piece of %d bytes", n)
	}
}

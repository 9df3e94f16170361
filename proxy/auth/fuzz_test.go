package auth

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/pgveil/pgveil/proxy/wire"
)

// script is a server whose words are known beforehand.
type script struct {
	net.Conn
	data []byte
}

func (s *script) Read(b []byte) (int, error) {
	if len(s.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), 7)], s.data)
	s.data = s.data[n:]
	return n, nil
}

func (*script) Write(b []byte) (int, error) { return len(b), nil }
func (*script) Close() error                { return nil }
func (*script) SetDeadline(time.Time) error { return nil }

// FuzzLogin: nothing that a server says makes the proxy believe that it is the one it should be, or panics.
func FuzzLogin(f *testing.F) {
	add := func(frames ...[]byte) {
		var all []byte
		for _, b := range frames {
			all = append(all, b...)
		}
		f.Add(all, false)
		f.Add(all, true)
	}
	add(saslFrame, wire.AppendAuth(nil, wire.AuthSASLContinue, []byte(rfcFirstOurs)), wire.AppendAuth(nil, wire.AuthSASLFinal, []byte(rfcFinalOurs)), okFrame, readyTail)
	add(wire.AppendAuth(nil, wire.AuthMD5, []byte("salt")), okFrame, readyTail)
	add(wire.AppendFrame(nil, 'v', []byte{0, 3, 0, 0, 0, 0, 0, 0}), okFrame, readyTail)
	add(wire.AppendError(nil, "FATAL", "28P01", "no", "", "", 0))
	proof := verifiedProof("u", "x", []byte("salt"))
	f.Fuzz(func(t *testing.T, says []byte, newer bool) {
		hello := wire.Startup{User: "u", Database: "d"}
		if newer {
			hello.Minor = 2
		}
		up := wire.NewConn(&script{data: says}, 65535)
		if g, err := (Own{}).Login(t.Context(), up, hello, proof); err == nil {
			t.Fatalf("believed %q: %+v", says, g)
		}
	})
}

// FuzzGreeting: what follows a login is read to its ReadyForQuery and no further, and said again means the same.
func FuzzGreeting(f *testing.F) {
	f.Add(append(wire.AppendParameterStatus(nil, "server_version", "15"), readyTail...), false)
	f.Add(wire.AppendReady(wire.AppendBackendKeyData(nil, 7, []byte("0123456789abcdef0123456789abcdef")), 'I'), true)
	f.Fuzz(func(t *testing.T, says []byte, longKeys bool) {
		var g Greeting
		if err := g.read(wire.NewConn(&script{data: says}, 65535), longKeys); err != nil {
			return
		}
		if g.Key != nil && (len(g.Key) < 4 || len(g.Key) > 256 || !longKeys && len(g.Key) != 4) {
			t.Fatalf("key of %d bytes", len(g.Key))
		}
		var again Greeting
		out := g.Append(nil)
		if err := again.read(wire.NewConn(&script{data: out}, 65535), true); err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		if string(again.Append(nil)) != string(out) {
			t.Fatalf("%q became %q", out, again.Append(nil))
		}
	})
}

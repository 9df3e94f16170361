package auth

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/proxy/wire"
)

// TestLoginVersion: the server is asked for the version that the client speaks, and one that speaks an older is understood.
func TestLoginVersion(t *testing.T) {
	trust := Own{Allow{Trust: true}}
	proof := func() Proof { return verifiedProof("u", "x", []byte("s")) }
	negotiate := func(version uint32, options ...string) []byte {
		f, at := wire.Begin(nil, 'v')
		f = wire.AppendInt32(wire.AppendInt32(f, int32(version)), int32(len(options)))
		for _, o := range options {
			f = wire.AppendCString(f, o)
		}
		return wire.End(f, at)
	}
	greeting := func(key int) []byte {
		return wire.AppendReady(wire.AppendBackendKeyData(bytes.Clone(okFrame), 1, bytes.Repeat([]byte("k"), key)), 'I')
	}
	for _, c := range []struct {
		name   string
		minor  uint16
		server []byte
		works  bool
	}{
		{"3.0", 0, greeting(4), true},
		{"3.1 is 3.0's keys", 1, greeting(4), true},
		{"3.2, long key", 2, greeting(32), true},
		{"3.2, longest key", 2, greeting(256), true},
		{"3.2, short key", 2, greeting(4), true},
		{"3.9999 is 3.2 upstream", 9999, greeting(32), true},
		{"3.2, older server", 2, append(negotiate(3<<16), greeting(4)...), true},

		{"3.0, long key", 0, greeting(32), false},
		{"3.1, long key", 1, greeting(32), false},
		{"3.2, key too long", 2, greeting(257), false},
		{"3.2, key too short", 2, greeting(3), false},
		{"3.2, older server, long key", 2, append(negotiate(3<<16), greeting(32)...), false},
		{"3.2, newer than asked", 2, append(negotiate(3<<16|3), greeting(4)...), false},
		{"3.2, as asked", 2, append(negotiate(3<<16|2), greeting(4)...), false},
		{"3.2, another protocol", 2, append(negotiate(2<<16), greeting(4)...), false},
		{"3.2, options that nobody named", 2, append(negotiate(3<<16, "_pq_.x"), greeting(4)...), false},
		{"3.0, negotiated", 0, append(negotiate(3<<16), greeting(4)...), false},
		{"negotiated twice", 2, append(append(negotiate(3<<16|1), negotiate(3<<16)...), greeting(4)...), false},
		{"negotiated late", 2, append(append(bytes.Clone(okFrame), negotiate(3<<16)...), greeting(4)[len(okFrame):]...), false},
		{"cut short", 2, append(wire.AppendFrame(nil, 'v', []byte{0, 3, 0, 0}), greeting(4)...), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			up := upstream(t, c.server)
			g, err := trust.Login(t.Context(), up, wire.Startup{User: "u", Database: "d", Minor: c.minor}, proof())
			if (err == nil) != c.works {
				t.Errorf("%+v %v", g, err)
			}
		})
	}
}

// TestLoginAsks: what the startup message says.
func TestLoginAsks(t *testing.T) {
	for _, c := range []struct {
		hello   wire.Startup
		version uint32
		says    string
	}{
		{wire.Startup{User: "u", Database: "d"}, 3 << 16, "user\x00u\x00database\x00d\x00\x00"},
		{wire.Startup{User: "u", Database: "d", Minor: 1}, 3 << 16, "user\x00u\x00database\x00d\x00\x00"},
		{wire.Startup{User: "u", Database: "d", Minor: 4, Params: [][2]string{{"a", "b"}}}, 3<<16 | 2, "user\x00u\x00database\x00d\x00a\x00b\x00\x00"},
		{wire.Startup{User: "u", Database: "d", Replication: wire.LogicalReplication}, 3 << 16, "user\x00u\x00database\x00d\x00replication\x00database\x00\x00"},
	} {
		b := wire.AppendStartup(nil, c.hello)
		if int(binary.BigEndian.Uint32(b)) != len(b) || binary.BigEndian.Uint32(b[4:]) != c.version || string(b[8:]) != c.says {
			t.Errorf("%+v: %q", c.hello, b)
		}
	}
	if strings.Contains(string(wire.AppendStartup(nil, wire.Startup{User: "u"})), "replication") {
		t.Error("an ordinary session asks for replication")
	}
}

// TestUnasked: a server that refuses the startup message itself is told from one that refuses the login.
func TestUnasked(t *testing.T) {
	refusal := wire.AppendError(nil, "FATAL", "08P01", "unsupported protocol", "", "", 0)
	for name, c := range map[string]struct {
		frames  [][]byte
		unasked bool
	}{
		"at once": {[][]byte{refusal}, true}, "after a request": {[][]byte{saslFrame, refusal}, false},
	} {
		_, err := do(Own{}, upstream(t, c.frames...), verifiedProof("u", "x", []byte("s")))
		if up, ok := err.(*UpstreamError); !ok || up.Unasked != c.unasked {
			t.Errorf("%s: %v", name, err)
		}
	}
}

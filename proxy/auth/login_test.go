package auth

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pgveil/pgveil/proxy/wire"
)

// upstream plays frames to a login, one for each message that comes, the last ones together.
func upstream(t *testing.T, frames ...[]byte) *wire.Conn {
	t.Helper()
	a, b := net.Pipe()
	t.Cleanup(func() { a.Close(); b.Close() })
	go func() {
		buf := make([]byte, 65536)
		for _, f := range frames {
			if _, err := a.Read(buf); err != nil {
				return
			}
			if _, err := a.Write(f); err != nil {
				return
			}
		}
		io.Copy(io.Discard, a)
	}()
	return wire.NewConn(b, 65535)
}

func verifiedProof(user, password string, salt []byte) Proof {
	clientKey, serverKey, _ := deriveKeys(secret(password), salt, 4096)
	return Proof{User: user, verified: true, ClientKey: NewSecret(clientKey), ServerKey: NewSecret(serverKey), Salt: salt, Iterations: 4096}
}

func do(l Login, up *wire.Conn, p Proof) (Greeting, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return l.Login(ctx, up, wire.Startup{User: "u", Database: "d"}, p)
}

var (
	okFrame   = wire.AppendAuth(nil, wire.AuthOk, nil)
	saslFrame = wire.AppendAuth(nil, wire.AuthSASL, []byte(mechanism+"\x00\x00"))
	readyTail = wire.AppendReady(wire.AppendBackendKeyData(nil, 1, []byte("abcd")), 'I')
)

// TestLoginHostile: whoever answers in the server's place gets nothing to work with, and is not believed.
func TestLoginHostile(t *testing.T) {
	ok := append(bytes.Clone(okFrame), readyTail...)
	cont := wire.AppendAuth(nil, wire.AuthSASLContinue, []byte("r=x,s=AAAA,i=4096"))
	final := wire.AppendAuth(nil, wire.AuthSASLFinal, []byte("v="+base64.StdEncoding.EncodeToString(make([]byte, 32))))
	md5Frame, clearFrame := wire.AppendAuth(nil, wire.AuthMD5, []byte("salt")), wire.AppendAuth(nil, wire.AuthCleartext, nil)
	keys := verifiedProof("u", "x", []byte("salt"))
	password := Proof{User: "u", Password: secret("x")}
	all := Allow{MD5: true, Cleartext: true, Trust: true}
	for _, tc := range []struct {
		name   string
		login  Login
		p      Proof
		frames [][]byte
	}{
		{"ok at once", Own{}, keys, [][]byte{ok}},
		{"ok at once, password unchecked, trust allowed", Own{all}, password, [][]byte{ok}},
		{"ok at once, binding required", Own{Allow{Trust: true, RequireBinding: true}}, keys, [][]byte{ok}},
		{"ok in place of the challenge", Own{all}, keys, [][]byte{saslFrame, ok}},
		{"final in place of the challenge", Own{all}, keys, [][]byte{saslFrame, append(bytes.Clone(final), ok...)}},
		{"final without SASL", Own{all}, keys, [][]byte{append(bytes.Clone(final), ok...)}},
		{"challenge without SASL", Own{all}, keys, [][]byte{cont}},
		{"nonce without ours", Own{all}, password, [][]byte{saslFrame, cont}},
		{"SASL twice", Own{all}, keys, [][]byte{saslFrame, saslFrame}},
		{"md5 within SASL", Own{all}, password, [][]byte{saslFrame, md5Frame}},
		{"cleartext within SASL", Own{all}, password, [][]byte{saslFrame, clearFrame}},
		{"md5 not allowed", Own{}, password, [][]byte{md5Frame}},
		{"cleartext not allowed", Own{}, password, [][]byte{clearFrame}},
		{"cleartext without TLS", Own{all}, password, [][]byte{clearFrame}},
		{"md5, binding required", Own{Allow{MD5: true, RequireBinding: true}}, password, [][]byte{md5Frame}},
		{"md5 with keys only", Own{all}, keys, [][]byte{md5Frame}},
		{"md5 with a short salt", Own{all}, password, [][]byte{wire.AppendAuth(nil, wire.AuthMD5, []byte("sal"))}},
		{"md5 twice", Own{all}, password, [][]byte{md5Frame, md5Frame}},
		{"service: ok at once", Service{User: "s", Password: secret("x")}, keys, [][]byte{ok}},
		{"service: SASL without a password", Service{User: "s", Allow: all}, keys, [][]byte{saslFrame}},
		{"mechanism list without end", Own{}, keys, [][]byte{wire.AppendAuth(nil, wire.AuthSASL, []byte(mechanism+"\x00"))}},
		{"PLUS in clear", Own{}, keys, [][]byte{wire.AppendAuth(nil, wire.AuthSASL, []byte(mechanismPlus+"\x00"+mechanism+"\x00\x00"))}},
		{"GSS", Own{all}, keys, [][]byte{wire.AppendAuth(nil, 7, nil)}},
		{"request too short", Own{all}, keys, [][]byte{wire.AppendFrame(nil, 'R', []byte{0, 0, 0})}},
		{"ready without authentication", Own{all}, keys, [][]byte{readyTail}},
		{"another type", Own{all}, keys, [][]byte{wire.AppendFrame(nil, 'D', nil)}},
		{"NegotiateProtocolVersion", Own{all}, keys, [][]byte{wire.AppendFrame(nil, 'v', make([]byte, 8))}},
		{"oversize frame", Own{all}, keys, [][]byte{[]byte("R\x7f\xff\xff\xf0")}},
		{"bad length", Own{all}, keys, [][]byte{[]byte("R\x00\x00\x00\x03")}},
		{"oversize error", Own{all}, keys, [][]byte{[]byte("E\x00\x10\x00\x00")}},
		{"notices without end", Own{all}, keys, [][]byte{bytes.Repeat(wire.AppendFrame(nil, 'N', []byte{0}), 100)}},
		{"greeting: row", Own{all}, keys, [][]byte{append(bytes.Clone(okFrame), wire.AppendFrame(nil, 'D', nil)...)}},
		{"greeting: authentication again", Own{all}, keys, [][]byte{append(bytes.Clone(okFrame), saslFrame...)}},
		{"greeting: in a transaction", Own{all}, keys, [][]byte{append(bytes.Clone(okFrame), wire.AppendReady(nil, 'T')...)}},
		{"greeting: short key", Own{all}, keys, [][]byte{append(bytes.Clone(okFrame), wire.AppendFrame(nil, 'K', []byte("123456"))...)}},
		{"greeting: long key", Own{all}, keys, [][]byte{append(bytes.Clone(okFrame), wire.AppendBackendKeyData(nil, 1, make([]byte, 257))...)}},
		{"greeting: half a parameter", Own{all}, keys, [][]byte{append(bytes.Clone(okFrame), wire.AppendFrame(nil, 'S', []byte("x\x00"))...)}},
		{"greeting: parameters without end", Own{all}, keys, [][]byte{append(bytes.Clone(okFrame), bytes.Repeat(wire.AppendParameterStatus(nil, "n", "v"), 1001)...)}},
		{"closed", Own{all}, keys, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			up := upstream(t, tc.frames...)
			if tc.name == "closed" {
				up.Close()
			}
			g, err := do(tc.login, up, tc.p)
			if err == nil {
				t.Fatalf("logged in: %+v", g)
			}
			if errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "timeout") {
				t.Errorf("refused only by the clock: %v", err)
			}
			if code(err) != "08001" {
				t.Errorf("the client is told %q: %v", code(err), err)
			}
		})
	}
}

// TestLoginWrongSignature is a server that does everything right but does not know the password.
func TestLoginWrongSignature(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	go func() {
		c := wire.NewConn(a, 65535)
		io.ReadFull(a, make([]byte, len(wire.AppendStartup(nil, wire.Startup{User: "u", Database: "d"}))))
		c.Write(saslFrame)
		c.Flush()
		_, f, _ := nextFrame(c)
		first := string(f[5+len(mechanism)+5:])
		c.Write(wire.AppendAuth(nil, wire.AuthSASLContinue, []byte(first[strings.Index(first, "r="):]+"more,s=c2FsdA==,i=4096")))
		c.Flush()
		nextFrame(c)
		c.Write(wire.AppendAuth(nil, wire.AuthSASLFinal, []byte("v="+base64.StdEncoding.EncodeToString(make([]byte, 32)))))
		c.Write(append(bytes.Clone(okFrame), readyTail...))
		c.Flush()
	}()
	_, err := do(Own{}, wire.NewConn(b, 65535), verifiedProof("u", "x", []byte("salt")))
	if !errors.Is(err, errServerProof) {
		t.Errorf("got %v", err)
	}
}

func TestLoginRefusesProofs(t *testing.T) {
	for _, tc := range []struct {
		name  string
		login Login
		p     Proof
	}{
		{"own, someone else", Own{}, verifiedProof("v", "x", []byte("salt"))},
		{"own, nothing", Own{Allow{Trust: true}}, Proof{User: "u"}},
		{"own, verified but no keys", Own{Allow{Trust: true}}, Proof{User: "u", verified: true}},
		{"own, keys but not verified", Own{}, func() Proof { p := verifiedProof("u", "x", []byte("s")); p.verified = false; return p }()},
		{"service, not verified", Service{User: "s", Password: secret("x"), Allow: Allow{Trust: true}}, Proof{User: "u", Password: secret("x")}},
		{"service, someone else", Service{User: "s", Password: secret("x"), Allow: Allow{Trust: true}}, verifiedProof("v", "x", []byte("s"))},
		{"service without user", Service{Password: secret("x"), Allow: Allow{Trust: true}}, verifiedProof("u", "x", []byte("s"))},
	} {
		a, b := net.Pipe()
		sent := make(chan int, 1)
		go func() {
			n, _ := a.Read(make([]byte, 1))
			sent <- n
		}()
		if _, err := do(tc.login, wire.NewConn(b, 65535), tc.p); err == nil {
			t.Errorf("%s: logged in", tc.name)
		}
		b.Close()
		if n := <-sent; n != 0 {
			t.Errorf("%s: talked to the server", tc.name)
		}
		a.Close()
	}
}

func TestLoginRefusesParameters(t *testing.T) {
	for _, p := range [][2]string{{"user", "root"}, {"database", "x"}, {"replication", "database"}, {"_pq_.x", ""}, {"", "x"}, {"a\x00user", "root"}, {"a", "x\x00user\x00root"}} {
		up := upstream(t, append(bytes.Clone(okFrame), readyTail...))
		_, err := Own{Allow{Trust: true}}.Login(context.Background(), up, wire.Startup{User: "u", Database: "d", Params: [][2]string{p}}, verifiedProof("u", "x", []byte("s")))
		if err == nil {
			t.Errorf("%q: logged in", p)
		}
	}
}

func TestLoginPassesErrorsOn(t *testing.T) {
	keys := verifiedProof("u", "x", []byte("salt"))
	service := Service{User: "hidden", Password: secret("x"), Allow: Allow{Trust: true}}
	for _, tc := range []struct {
		login Login
		code  string
		pass  bool
	}{
		{Own{}, "53300", true}, {Own{}, "3D000", true}, {Own{}, "57P03", true}, {Own{}, "28P01", true}, {Own{}, "28000", true},
		{service, "53300", true}, {service, "3D000", true}, {service, "57P03", true}, {service, "28P01", false}, {service, "28000", false},
	} {
		frame := wire.AppendError(nil, "FATAL", tc.code, `about "hidden"`, "d", "h", 0)
		for _, before := range [][]byte{nil, okFrame} { // PostgreSQL knows of a missing database only after the password
			if tc.login == (Login)(Own{}) && before != nil {
				continue
			}
			_, err := do(tc.login, upstream(t, append(bytes.Clone(before), frame...)), keys)
			var up *UpstreamError
			if tc.pass {
				if !errors.As(err, &up) || !bytes.Equal(up.Frame, frame) || up.Code() != tc.code {
					t.Errorf("%s %s: got %v", tc.login.Name(), tc.code, err)
				}
				continue
			}
			if errors.As(err, &up) || code(err) != "08001" || strings.Contains(err.Error(), "hidden") {
				t.Errorf("%s %s: got %v", tc.login.Name(), tc.code, err)
			}
		}
	}
}

func TestGreeting(t *testing.T) {
	notice := wire.AppendFrame(nil, 'N', []byte("SNOTICE\x00Mhello\x00\x00"))
	stream := append(bytes.Clone(notice), okFrame...)
	stream = wire.AppendParameterStatus(stream, "server_version", "15")
	stream = append(stream, notice...)
	stream = wire.AppendParameterStatus(stream, "empty", "")
	stream = wire.AppendBackendKeyData(stream, 1<<31+5, []byte("0123456789abcdef0123456789abcdef"))
	stream = wire.AppendReady(stream, 'I')
	after := wire.AppendParameterStatus(nil, "later", "1")
	up := upstream(t, append(stream, after...))
	got, err := Own{Allow{Trust: true}}.Login(t.Context(), up, wire.Startup{User: "u", Database: "d", Minor: 2}, verifiedProof("u", "x", []byte("s")))
	want := Greeting{Params: [][2]string{{"server_version", "15"}, {"empty", ""}}, PID: 1<<31 + 5,
		Key: []byte("0123456789abcdef0123456789abcdef"), Notices: [][]byte{notice, notice}, Status: 'I'}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, %v", got, err)
	}
	if v, ok := got.Param("server_version"); v != "15" || !ok {
		t.Errorf("Param: %q, %v", v, ok)
	}
	if _, f, err := nextFrame(up); err != nil || !bytes.Equal(f, after) {
		t.Errorf("what follows the greeting: %q, %v", f, err)
	}
	out := got.Append(nil)
	var again Greeting
	a, b := net.Pipe()
	go a.Write(out)
	if err := again.read(wire.NewConn(b, 65535), true); err != nil || !reflect.DeepEqual(again, want) {
		t.Errorf("appended and read again: %+v, %v", again, err)
	}
	a.Close()
}

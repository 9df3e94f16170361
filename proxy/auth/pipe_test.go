package auth

import (
	"bytes"
	"context"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pgveil/pgveil/proxy/wire"
)

type signIn struct {
	p   Proof
	err error
}

// authenticate runs m as the proxy does: what it refuses is told to the client, and the connection ends.
func authenticate(t *testing.T, m Method, user string, tls *wire.TLS) (client *wire.Conn, done <-chan signIn) {
	t.Helper()
	a, b := net.Pipe()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	t.Cleanup(func() { cancel(); a.Close(); b.Close() })
	ch := make(chan signIn, 1)
	go func() {
		c := wire.NewConn(b, 65535)
		p, err := m.Authenticate(ctx, c, wire.Startup{User: user, Database: user}, tls)
		if err != nil {
			c.Hangup(err)
		}
		ch <- signIn{p, err}
	}()
	return wire.NewConn(a, 65535), ch
}

// exchange is the client's side of SCRAM; it records every byte that the proxy sends, and keeps talking after the end.
func exchange(t *testing.T, c *wire.Conn, password string, tls *wire.TLS) (heard []byte) {
	t.Helper()
	frame := func() []byte {
		_, f, err := nextFrame(c)
		if e, ok := err.(*UpstreamError); ok {
			f, err = e.Frame, nil
		}
		if err != nil {
			t.Fatal(err)
		}
		heard = append(heard, f...)
		return f
	}
	send := func(body []byte) {
		if err := c.Write(wire.AppendFrame(nil, 'p', body)); err != nil {
			t.Fatal(err)
		}
		if err := c.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	offered := strings.Split(strings.TrimRight(string(frame()[9:]), "\x00"), "\x00")
	s := must(newScramClient(credential{password: secret(password)}, offered, tls, false))
	send(initial(s.mechanism, s.first()))
	last, err := s.final(string(frame()[9:]))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		c.Write(wire.AppendFrame(nil, 'p', []byte(last)))
		c.Write(wire.AppendFrame(nil, 'Q', []byte("select 1\x00")))
		c.Flush()
	}()
	rest, _ := io.ReadAll(c.Conn)
	return append(heard, rest...)
}

func users(t testing.TB, list map[string]string) *Users {
	t.Helper()
	u := NewUsers()
	for name, password := range list {
		u = must(u.With(User{Name: name, Verifier: must(NewVerifier(secret(password), 0))}))
	}
	return u
}

func scramFor(u *Users) *SCRAM { return &SCRAM{Users: func() *Users { return u }} }

// TestRefusedAlike: a wrong password, an unknown user and one whose time is up get the same bytes but for nonce and salt,
// and nothing after them although the client goes on.
func TestRefusedAlike(t *testing.T) {
	u := users(t, map[string]string{"right": "secret"})
	x, _ := users(t, map[string]string{"ended": "secret"}).Lookup("ended")
	x.ValidUntil = time.Now().Add(-time.Second)
	u = must(u.With(x))
	bound := &wire.TLS{EndPoint: []byte("hash")}
	for _, tls := range []*wire.TLS{nil, bound} {
		var first string
		for _, tc := range []struct{ user, password string }{{"right", "wrong"}, {"nobody", "secret"}, {"ended", "secret"}, {"", "secret"}} {
			c, done := authenticate(t, scramFor(u), tc.user, tls)
			heard := exchange(t, c, tc.password, tls)
			got := <-done
			if got.err == nil || got.p.Verified() || code(got.err) != "28P01" {
				t.Fatalf("%q: %+v", tc.user, got)
			}
			text := regexp.MustCompile(`r=[!-+--~]{48},s=[A-Za-z0-9+/]{22}==,`).ReplaceAllString(string(heard), "r=…,s=…,")
			if n := strings.Count(text, "r=…"); n != 1 {
				t.Fatalf("%q: salt or nonce has another form: %q", tc.user, heard)
			}
			text = strings.ReplaceAll(text, `"`+tc.user+`"`, `"user"`)
			text = regexp.MustCompile(`E\x00\x00\x00.`).ReplaceAllString(text, "E") // the length varies with the name
			if first == "" {
				first = text
				if !strings.HasSuffix(text, "C28P01\x00Mpassword authentication failed for user \"user\"\x00\x00") {
					t.Errorf("ends: %q", text)
				}
			} else if text != first {
				t.Errorf("%q: heard\n%q\nwhere another hears\n%q", tc.user, text, first)
			}
		}
	}
}

// TestMockIsStable: asking twice must not show that a user is made up.
func TestMockIsStable(t *testing.T) {
	u := users(t, map[string]string{"right": "secret"})
	later := must(ParseUsers("users", must(u.With(User{Name: "more", Verifier: must(NewVerifier(secret("x"), 0))})).Encode()))
	one, two := u.mock("nobody"), later.mock("nobody")
	if !bytes.Equal(one.Salt, two.Salt) || len(one.Salt) != saltLen || one.Iterations != two.Iterations {
		t.Errorf("%x %d, later %x %d", one.Salt, one.Iterations, two.Salt, two.Iterations)
	}
	if bytes.Equal(one.Salt, u.mock("nobody2").Salt) {
		t.Error("two names have one salt")
	}
	if other := users(t, nil).mock("nobody"); bytes.Equal(one.Salt, other.Salt) {
		t.Error("the salt does not depend on the secret")
	}
	strong := NewUsers()
	for _, name := range []string{"a", "b"} {
		strong = must(strong.With(User{Name: name, Verifier: must(NewVerifier(secret("x"), 10000))}))
	}
	if got := strong.mock("nobody").Iterations; got != 10000 {
		t.Errorf("mock has %d iterations where all have 10000", got)
	}
}

func TestSCRAMSignsIn(t *testing.T) {
	u := users(t, map[string]string{"u": "pässword"})
	for _, tls := range []*wire.TLS{nil, {}, {EndPoint: []byte("hash")}} {
		c, done := authenticate(t, scramFor(u), "u", tls)
		typ, f, err := nextFrame(c)
		wantOffer := mechanism + "\x00\x00"
		if tls != nil && tls.EndPoint != nil {
			wantOffer = mechanismPlus + "\x00" + wantOffer
		}
		if err != nil || typ != 'R' || string(f[5:]) != "\x00\x00\x00\x0a"+wantOffer {
			t.Fatalf("offer: %q, %v", f, err)
		}
		s := must(newScramClient(credential{password: secret("pässword")}, strings.Split(strings.TrimRight(wantOffer, "\x00"), "\x00"), tls, false))
		write(t, c, 'p', initial(s.mechanism, s.first()))
		_, f, err = nextFrame(c)
		if err != nil {
			t.Fatal(err)
		}
		write(t, c, 'p', []byte(must(s.final(string(f[9:])))))
		got := <-done
		if got.err != nil || !got.p.Verified() || got.p.User != "u" || got.p.Method != "scram-sha-256" {
			t.Fatalf("got %+v", got)
		}
		if err := s.verify(string(got.p.Final[9:])); err != nil {
			t.Error(err)
		}
	}
}

// TestSCRAMNoInitialResponse: a client may leave it out, and is then asked with an empty challenge.
func TestSCRAMNoInitialResponse(t *testing.T) {
	c, done := authenticate(t, scramFor(users(t, map[string]string{"u": "p"})), "u", nil)
	nextFrame(c)
	write(t, c, 'p', []byte(mechanism+"\x00\xff\xff\xff\xff"))
	_, f, err := nextFrame(c)
	if err != nil || string(f[5:]) != "\x00\x00\x00\x0b" {
		t.Fatalf("challenge: %q, %v", f, err)
	}
	s := must(newScramClient(credential{password: secret("p")}, []string{mechanism}, nil, false))
	write(t, c, 'p', []byte(s.first()))
	if _, f, err = nextFrame(c); err != nil {
		t.Fatal(err)
	}
	write(t, c, 'p', []byte(must(s.final(string(f[9:])))))
	if got := <-done; got.err != nil || !got.p.Verified() {
		t.Errorf("got %+v", got)
	}
}

func TestSCRAMZeroValueRefuses(t *testing.T) {
	c, done := authenticate(t, &SCRAM{}, "u", nil)
	exchange(t, c, "p", nil)
	if got := <-done; code(got.err) != "28P01" {
		t.Errorf("got %+v", got)
	}
}

// TestBrokenClients: what is no sign-in at all is refused without a look at its contents.
func TestBrokenClients(t *testing.T) {
	scram := scramFor(users(t, map[string]string{"u": "p"}))
	tls := &wire.TLS{EndPoint: []byte("hash")}
	for name, tc := range map[string]struct {
		m    Method
		in   []byte
		code string // "": nothing said
	}{
		"query":                      {scram, wire.AppendFrame(nil, 'Q', []byte("select 1\x00")), "08P01"},
		"terminate":                  {scram, wire.AppendFrame(nil, 'X', nil), "08P01"},
		"oversize":                   {scram, wire.AppendFrame(nil, 'p', make([]byte, maxSASL+1))[:5], "08P01"},
		"2 GiB":                      {scram, []byte("p\x7f\xff\xff\xff"), ""},
		"length 3":                   {scram, []byte("p\x00\x00\x00\x03"), ""},
		"password: query":            {Password{}, wire.AppendFrame(nil, 'Q', []byte("select 1\x00")), "08P01"},
		"password: oversize":         {Password{}, []byte("p\x00\x01\x00\x05"), "08P01"},
		"password: no zero byte":     {Password{}, wire.AppendFrame(nil, 'p', []byte("x")), "08P01"},
		"password: zero byte within": {Password{}, wire.AppendFrame(nil, 'p', []byte("x\x00y\x00")), "08P01"},
		"password: two zero bytes":   {Password{}, wire.AppendFrame(nil, 'p', []byte("x\x00\x00")), "08P01"},
		"password: nothing":          {Password{}, wire.AppendFrame(nil, 'p', nil), "08P01"},
		"password: empty":            {Password{}, wire.AppendFrame(nil, 'p', []byte("\x00")), "28P01"},
	} {
		t.Run(name, func(t *testing.T) {
			c, done := authenticate(t, tc.m, "u", tls)
			if _, _, err := nextFrame(c); err != nil {
				t.Fatal(err)
			}
			go c.Conn.Write(tc.in)
			_, _, err := nextFrame(c)
			told := ""
			if e, ok := err.(*UpstreamError); ok {
				told = e.Code()
			}
			if told != tc.code {
				t.Errorf("told %q (%v), want %q", told, err, tc.code)
			}
			if got := <-done; got.err == nil || got.p.Verified() {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// TestClientLeaves: as psql does to ask for the password. It is no failed sign-in.
func TestClientLeaves(t *testing.T) {
	for _, m := range []Method{scramFor(users(t, nil)), Password{}} {
		c, done := authenticate(t, m, "u", &wire.TLS{})
		nextFrame(c)
		c.Close()
		if got := <-done; got.err != io.EOF {
			t.Errorf("%s: got %v", m.Name(), got.err)
		}
	}
}

func TestAuthenticateDeadline(t *testing.T) {
	for _, m := range []Method{scramFor(users(t, nil)), Password{}} {
		a, b := net.Pipe()
		go io.Copy(io.Discard, a)
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
		if _, err := m.Authenticate(ctx, wire.NewConn(b, 65535), wire.Startup{User: "u"}, &wire.TLS{}); err == nil {
			t.Errorf("%s: no error", m.Name())
		}
		cancel()
		a.Close()
	}
}

func TestPassword(t *testing.T) {
	c, done := authenticate(t, Password{}, "u", &wire.TLS{})
	if _, f, err := nextFrame(c); err != nil || !bytes.Equal(f, wire.AppendAuth(nil, wire.AuthCleartext, nil)) {
		t.Fatalf("asked: %q, %v", f, err)
	}
	write(t, c, 'p', []byte("open sesame\x00"))
	got := <-done
	if got.err != nil || string(got.p.Password.Reveal()) != "open sesame" || got.p.User != "u" {
		t.Fatalf("got %+v", got)
	}
	if got.p.Verified() {
		t.Error("nobody has checked this password")
	}
}

func TestPasswordNeedsTLS(t *testing.T) {
	c, done := authenticate(t, Password{}, "u", nil)
	_, _, err := nextFrame(c)
	if e, ok := err.(*UpstreamError); !ok || e.Code() != "28000" {
		t.Errorf("told %v", err)
	}
	if got := <-done; got.err == nil {
		t.Error("signed in")
	}
}

func write(t *testing.T, c *wire.Conn, typ byte, body []byte) {
	t.Helper()
	if err := c.Write(wire.AppendFrame(nil, typ, body)); err != nil {
		t.Fatal(err)
	}
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
}

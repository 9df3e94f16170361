package wire

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// request is an SSLRequest, GSSENCRequest or the like.
func request(code uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 8), code)
}

// startup is a startup packet whose body is the strings, each with its zero byte, and tail.
func startup(version uint32, tail string, pairs ...string) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 4), version)
	for _, p := range pairs {
		b = AppendCString(b, p)
	}
	b = append(b, tail...)
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

// single makes every write one byte long.
type single struct{ net.Conn }

func (s single) Write(b []byte) (int, error) {
	for i := range b {
		if n, err := s.Conn.Write(b[i : i+1]); err != nil {
			return i + n, err
		}
	}
	return len(b), nil
}

type accepted struct {
	c   *Conn
	o   Opening
	err error
}

// open starts Accept on one end of a pipe.
func open(t *testing.T, o AcceptOptions) (client net.Conn, done <-chan accepted) {
	t.Helper()
	client, server := net.Pipe()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	ch := make(chan accepted, 1)
	go func() {
		c, op, err := Accept(ctx, server, o)
		ch <- accepted{c, op, err}
	}()
	t.Cleanup(func() { client.Close(); server.Close(); cancel() })
	return client, ch
}

// fatalCode reads all and returns the SQLSTATE of the one ErrorResponse in it, "" for nothing at all.
func fatalCode(t *testing.T, r io.Reader) string {
	t.Helper()
	b, _ := io.ReadAll(r)
	if len(b) == 0 {
		return ""
	}
	if b[0] != 'E' || int(binary.BigEndian.Uint32(b[1:]))+1 != len(b) {
		t.Fatalf("not one ErrorResponse: %q", b)
	}
	if s := ErrorField(b[5:], 'S'); s != "FATAL" || ErrorField(b[5:], 'V') != s {
		t.Errorf("severity %q, V %q", s, ErrorField(b[5:], 'V'))
	}
	return ErrorField(b[5:], 'C')
}

func TestAcceptStartup(t *testing.T) {
	const v30 = 196608
	for _, tc := range []struct {
		name string
		in   []byte
		want Startup
		sent string // what the client is owed already
	}{
		{name: "all", in: startup(v30, "\x00", "user", "u", "database", "d", "application_name", "a", "options", "-c x=y"),
			want: Startup{User: "u", Database: "d", Params: [][2]string{{"application_name", "a"}, {"options", "-c x=y"}}}},
		{name: "order kept", in: startup(v30, "\x00", "z", "1", "user", "u", "a", "2", "database", "d", "m", "3"),
			want: Startup{User: "u", Database: "d", Params: [][2]string{{"z", "1"}, {"a", "2"}, {"m", "3"}}}},
		{name: "database defaults to user", in: startup(v30, "\x00", "user", "u"), want: Startup{User: "u", Database: "u"}},
		{name: "empty database", in: startup(v30, "\x00", "user", "u", "database", ""), want: Startup{User: "u", Database: "u"}},
		{name: "empty value", in: startup(v30, "\x00", "user", "u", "application_name", ""),
			want: Startup{User: "u", Database: "u", Params: [][2]string{{"application_name", ""}}}},
		{name: "3.1", in: startup(v30+1, "\x00", "user", "u"), want: Startup{User: "u", Database: "u", Minor: 1}},
		{name: "3.2", in: startup(v30+2, "\x00", "user", "u"), want: Startup{User: "u", Database: "u", Minor: 2}},
		{name: "3.2 with _pq_", in: startup(v30+2, "\x00", "user", "u", "_pq_.a", ""), want: Startup{User: "u", Database: "u", Minor: 2, unknown: []string{"_pq_.a"}},
			sent: "v\x00\x00\x00\x13\x00\x03\x00\x02\x00\x00\x00\x01_pq_.a\x00"},
		{name: "3.3", in: startup(v30+3, "\x00", "user", "u"), want: Startup{User: "u", Database: "u", Minor: 3},
			sent: "v\x00\x00\x00\x0c\x00\x03\x00\x02\x00\x00\x00\x00"},
		{name: "user twice", in: startup(v30, "\x00", "user", "u", "user", "v"), want: Startup{User: "v", Database: "v"}},
		{name: "database twice", in: startup(v30, "\x00", "user", "u", "database", "d", "database", "e"), want: Startup{User: "u", Database: "e"}},
		{name: "a setting twice", in: startup(v30, "\x00", "user", "u", "a", "1", "b", "2", "a", "3"),
			want: Startup{User: "u", Database: "u", Params: [][2]string{{"b", "2"}, {"a", "3"}}}},
		{name: "not a walsender", in: startup(v30, "\x00", "user", "u", "replication", "oFf"), want: Startup{User: "u", Database: "u"}},
		{name: "a walsender at first", in: startup(v30, "\x00", "user", "u", "replication", "true", "replication", "0"), want: Startup{User: "u", Database: "u"}},
		{name: "grease", in: startup(3<<16|9999, "\x00", "user", "u", "_pq_.test_protocol_negotiation", ""),
			want: Startup{User: "u", Database: "u", Minor: 9999, unknown: []string{"_pq_.test_protocol_negotiation"}},
			sent: "v\x00\x00\x00\x2b\x00\x03\x00\x02\x00\x00\x00\x01_pq_.test_protocol_negotiation\x00"},
		{name: "3.0 with _pq_", in: startup(v30, "\x00", "_pq_.b", "1", "user", "u", "_pq_.a", "2"),
			want: Startup{User: "u", Database: "u", unknown: []string{"_pq_.b", "_pq_.a"}},
			sent: "v\x00\x00\x00\x1a\x00\x03\x00\x00\x00\x00\x00\x02_pq_.b\x00_pq_.a\x00"},
		{name: "name of 63", in: startup(v30, "\x00", "user", strings.Repeat("u", 63)),
			want: Startup{User: strings.Repeat("u", 63), Database: strings.Repeat("u", 63)}},
	} {
		for _, in := range map[string]func(net.Conn) net.Conn{
			"whole":  func(c net.Conn) net.Conn { return c },
			"single": func(c net.Conn) net.Conn { return single{c} },
		} {
			t.Run(tc.name, func(t *testing.T) {
				client, done := open(t, AcceptOptions{})
				_, err := in(client).Write(tc.in)
				check(t, err)
				got := <-done
				check(t, got.err)
				if !reflect.DeepEqual(got.o.Startup, tc.want) || got.o.Cancel != nil || got.o.TLS != nil {
					t.Errorf("got %+v", got.o)
				}
				if string(got.c.Out()) != tc.sent {
					t.Errorf("pending: %q, want %q", got.c.Out(), tc.sent)
				}
				if got.c.Buffered() != 0 {
					t.Error("bytes are buffered")
				}
			})
		}
	}
}

func TestAcceptRefuses(t *testing.T) {
	const v30 = 196608
	long := strings.Repeat("x", 10001)
	for _, tc := range []struct {
		name string
		in   []byte
		o    AcceptOptions
		code string // "": the connection is closed without a word
	}{
		{name: "no user", in: startup(v30, "\x00", "database", "d"), code: "28000"},
		{name: "empty user", in: startup(v30, "\x00", "user", "", "database", "d"), code: "28000"},
		{name: "nothing", in: startup(v30, "\x00"), code: "28000"},
		{name: "no terminator", in: startup(v30, "", "user", "u"), code: "08P01"},
		{name: "empty body", in: startup(v30, ""), code: "08P01"},
		{name: "value missing", in: startup(v30, "", "user"), code: "08P01"},
		{name: "value cut off", in: startup(v30, "user\x00u"), code: "08P01"},
		{name: "byte after the end", in: startup(v30, "\x00\x00", "user", "u"), code: "08P01"},
		{name: "pair after the end", in: startup(v30, "\x00user\x00root\x00\x00", "user", "u"), code: "08P01"},
		{name: "user too long", in: startup(v30, "\x00", "user", strings.Repeat("u", 64)), code: "42622"},
		{name: "user too long, with database", in: startup(v30, "\x00", "user", strings.Repeat("u", 64), "database", "d"), code: "42622"},
		{name: "database too long", in: startup(v30, "\x00", "user", "u", "database", strings.Repeat("u", 64)), code: "42622"},
		{name: "replication", in: startup(v30, "\x00", "user", "u", "replication", "database"), code: "0A000"},
		{name: "physical replication", in: startup(v30, "\x00", "user", "u", "replication", "y"), code: "0A000"},
		{name: "replication at last", in: startup(v30, "\x00", "user", "u", "replication", "off", "replication", "1"), code: "0A000"},
		{name: "no such replication", in: startup(v30, "\x00", "user", "u", "replication", "o"), code: "22023"},
		{name: "empty replication", in: startup(v30, "\x00", "user", "u", "replication", ""), code: "22023"},
		{name: "2.0", in: startup(2<<16, "\x00", "user", "u"), code: "0A000"},
		{name: "4.0", in: startup(4<<16, "\x00", "user", "u"), code: "0A000"},
		{name: "SSLRequest twice", in: append(request(sslRequest), request(sslRequest)...), code: "08P01"},
		{name: "GSSENCRequest twice", in: append(request(gssRequest), request(gssRequest)...), code: "08P01"},
		{name: "SSLRequest with a body", in: startup(sslRequest, "x"), code: "08P01"},
		{name: "TLS required", o: AcceptOptions{RequireTLS: true}, in: startup(v30, "\x00", "user", "u"), code: "28000"},
		{name: "TLS required and declined", o: AcceptOptions{RequireTLS: true}, in: append(request(sslRequest), startup(v30, "\x00", "user", "u")...), code: "28000"},
		{name: "length 7", in: []byte{0, 0, 0, 7}},
		{name: "length 0", in: []byte{0, 0, 0, 0}},
		{name: "length 10001", in: []byte{0, 0, 0x27, 0x11}},
		{name: "length 2 GiB", in: []byte{0x7f, 0xff, 0xff, 0xff}},
		{name: "oversize", in: startup(v30, "\x00", "user", "u", "options", long)[:8]},
		{name: "HTTP", in: []byte("GET / HTTP/1.1\r\n\r\n")[:4]},
		{name: "cancel without key", in: startup(cancelRequest, "\x00\x00\x00\x01")},
		{name: "cancel with a short key", in: startup(cancelRequest, "\x00\x00\x00\x01abc")},
		{name: "cancel with a long key", in: startup(cancelRequest, "\x00\x00\x00\x01"+long[:257])},
		{name: "direct TLS, not configured", in: []byte{0x16}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			client, done := open(t, tc.o)
			// A bounded part of what was sent must be enough to refuse: the client does not hang up.
			go client.Write(tc.in)
			var answer bytes.Buffer
			b, _ := io.ReadAll(client)
			answer.Write(bytes.TrimLeft(b, "N"))
			if got := fatalCode(t, &answer); got != tc.code {
				t.Errorf("told %q, want %q", got, tc.code)
			}
			got := <-done
			if got.err == nil {
				t.Fatalf("accepted: %+v", got.o)
			}
			if errors.Is(got.err, os.ErrDeadlineExceeded) {
				t.Error("refused only by the clock")
			}
			var e *Error
			if errors.As(got.err, &e) != (tc.code != "") {
				t.Errorf("error %v", got.err)
			}
		})
	}
}

func TestAcceptLargest(t *testing.T) {
	in := startup(196608, "\x00", "user", "u", "options", strings.Repeat("x", 9975))
	if len(in) != maxFirst {
		t.Fatalf("the test's packet has %d bytes", len(in))
	}
	client, done := open(t, AcceptOptions{})
	go single{client}.Write(in)
	if got := <-done; got.err != nil {
		t.Error(got.err)
	}
}

func TestAcceptLeaves(t *testing.T) {
	for _, tc := range []struct {
		name  string
		in    []byte
		clean bool
	}{
		{"at once", nil, true},
		{"in the length", []byte{0, 0}, false},
		{"in the code", []byte{0, 0, 0, 20, 0}, false},
		{"in the body", startup(196608, "\x00", "user", "u")[:12], false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			client, done := open(t, AcceptOptions{})
			client.Write(tc.in)
			client.Close()
			if got := <-done; got.err == nil || (got.err == io.EOF) != tc.clean {
				t.Errorf("got %v", got.err)
			}
		})
	}
}

func TestAcceptDeadline(t *testing.T) {
	for _, tc := range []struct {
		name string
		ctx  func() (context.Context, context.CancelFunc)
	}{
		{"deadline", func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(context.Background(), 30*time.Millisecond)
		}},
		{"cancelled", func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(30*time.Millisecond, cancel)
			return ctx, cancel
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			client, server := net.Pipe()
			defer client.Close()
			ctx, cancel := tc.ctx()
			defer cancel()
			go func() { // a byte now and then: only one timer for all counts
				for _, b := range startup(196608, "\x00", "user", strings.Repeat("u", 60)) {
					client.Write([]byte{b})
					time.Sleep(5 * time.Millisecond)
				}
			}()
			start := time.Now()
			if _, _, err := Accept(ctx, server, AcceptOptions{}); err == nil {
				t.Error("accepted")
			}
			if d := time.Since(start); d > 200*time.Millisecond {
				t.Errorf("took %v", d)
			}
		})
	}
}

func TestAcceptLiftsDeadline(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	go client.Write(startup(196608, "\x00", "user", "u"))
	c, _, err := Accept(ctx, server, AcceptOptions{})
	check(t, err)
	time.Sleep(80 * time.Millisecond)
	go client.Write([]byte("S\x00\x00\x00\x04"))
	if typ, _, err := c.Next(); typ != 'S' || err != nil {
		t.Errorf("after the handshake's deadline: %q, %v", typ, err)
	}
}

func TestAcceptCancel(t *testing.T) {
	ca := newAuthority(t)
	o := AcceptOptions{TLS: serving(ca.issue(t, "localhost", nil)), RequireTLS: true}
	for _, key := range []string{"abcd", strings.Repeat("k", 256)} {
		want := &Cancel{PID: 7, Key: []byte(key)}
		packet := AppendCancel(nil, *want)
		t.Run("in clear", func(t *testing.T) {
			client, done := open(t, o)
			go single{client}.Write(packet)
			got := <-done
			if check(t, got.err); !reflect.DeepEqual(got.o.Cancel, want) {
				t.Errorf("got %+v", got.o)
			}
		})
		t.Run("in TLS", func(t *testing.T) {
			client, done := open(t, o)
			tc := tlsClient(t, client, ca, false, alpn)
			go tc.Write(packet)
			got := <-done
			if check(t, got.err); !reflect.DeepEqual(got.o.Cancel, want) || got.o.TLS == nil {
				t.Errorf("got %+v", got.o)
			}
		})
	}
}

// tlsClient does SSLRequest, unless direct, and the handshake, in segments of one byte.
func tlsClient(t *testing.T, client net.Conn, ca *authority, direct bool, protos ...string) *tls.Conn {
	t.Helper()
	if !direct {
		_, err := single{client}.Write(request(sslRequest))
		check(t, err)
		var b [1]byte
		if _, err := io.ReadFull(client, b[:]); err != nil || b[0] != 'S' {
			t.Fatalf("SSLRequest: %q, %v", b, err)
		}
	}
	tc := tls.Client(single{client}, &tls.Config{RootCAs: ca.pool, ServerName: "localhost", NextProtos: protos})
	check(t, tc.Handshake())
	return tc
}

func TestAcceptTLS(t *testing.T) {
	ca := newAuthority(t)
	cert := ca.issue(t, "localhost", nil)
	sum := sha256.Sum256(cert.Certificate[0])
	for _, tc := range []struct {
		name   string
		direct bool
		protos []string
	}{
		{"asked, ALPN", false, []string{alpn}},
		{"asked, no ALPN", false, nil},
		{"asked, ALPN among others", false, []string{"h2", alpn}},
		{"direct, ALPN", true, []string{alpn}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			client, done := open(t, AcceptOptions{TLS: serving(cert), RequireTLS: true})
			c := tlsClient(t, client, ca, tc.direct, tc.protos...)
			go c.Write(startup(196608, "\x00", "user", "u"))
			got := <-done
			check(t, got.err)
			if got.o.Startup.User != "u" || got.o.TLS == nil || !bytes.Equal(got.o.TLS.EndPoint, sum[:]) {
				t.Errorf("got %+v", got.o)
			}
			if got.o.TLS.Version < tls.VersionTLS12 {
				t.Errorf("TLS version %x", got.o.TLS.Version)
			}
		})
	}
}

func TestAcceptTLSRefuses(t *testing.T) {
	ca := newAuthority(t)
	o := AcceptOptions{TLS: serving(ca.issue(t, "localhost", nil))}
	hello := startup(196608, "\x00", "user", "u")
	refused := func(t *testing.T, done <-chan accepted) {
		t.Helper()
		if got := <-done; got.err == nil {
			t.Errorf("accepted: %+v", got.o)
		}
	}
	handshake := func(client net.Conn, cfg *tls.Config) error {
		cfg.RootCAs, cfg.ServerName = ca.pool, "localhost"
		return tls.Client(client, cfg).Handshake()
	}
	ask := func(t *testing.T, client net.Conn, behind ...byte) {
		t.Helper()
		go client.Write(append(request(sslRequest), behind...))
		var b [1]byte
		if _, err := io.ReadFull(client, b[:]); err != nil || b[0] != 'S' {
			t.Fatalf("SSLRequest: %q, %v", b, err)
		}
	}
	t.Run("stuffing", func(t *testing.T) { // CVE-2021-23214
		client, done := open(t, o)
		ask(t, client, hello...)
		go handshake(client, &tls.Config{})
		refused(t, done)
	})
	t.Run("clear after S", func(t *testing.T) {
		client, done := open(t, o)
		ask(t, client)
		go client.Write(hello)
		go io.Copy(io.Discard, client)
		refused(t, done)
	})
	t.Run("a ClientHello without end", func(t *testing.T) {
		client, done := open(t, o)
		ask(t, client)
		go io.Copy(io.Discard, client)
		records := []byte{22, 3, 1, 0x3f, 0, 1, 0, 0xea, 0x60} // a handshake message of 60,000 bytes, in records of 16,128
		records = append(records, make([]byte, 0x3f00-4)...)
		for range 3 {
			records = append(append(records, 22, 3, 1, 0x3f, 0), make([]byte, 0x3f00)...)
		}
		n, _ := client.Write(records[:50000]) // the whole would be an error anyway
		if got := <-done; !errors.Is(got.err, errLongHandshake) {
			t.Errorf("%d bytes were taken: %v", n, got.err)
		}
	})
	t.Run("asked, wrong ALPN", func(t *testing.T) {
		client, done := open(t, o)
		ask(t, client)
		if handshake(client, &tls.Config{NextProtos: []string{"h2"}}) == nil {
			t.Error("handshake succeeded")
		}
		refused(t, done)
	})
	t.Run("direct, wrong ALPN", func(t *testing.T) {
		client, done := open(t, o)
		if handshake(client, &tls.Config{NextProtos: []string{"h2"}}) == nil {
			t.Error("handshake succeeded")
		}
		refused(t, done)
	})
	t.Run("direct, no ALPN", func(t *testing.T) {
		client, done := open(t, o)
		c := tlsClient(t, client, ca, true)
		if got := fatalCode(t, c); got != "08P01" {
			t.Errorf("told %q", got)
		}
		refused(t, done)
	})
	t.Run("TLS 1.1", func(t *testing.T) {
		client, done := open(t, o)
		ask(t, client)
		if handshake(client, &tls.Config{MinVersion: tls.VersionTLS11, MaxVersion: tls.VersionTLS11}) == nil {
			t.Error("handshake succeeded")
		}
		refused(t, done)
	})
	for name, code := range map[string]uint32{"SSLRequest": sslRequest, "GSSENCRequest": gssRequest} {
		t.Run(name+" in TLS", func(t *testing.T) {
			client, done := open(t, o)
			c := tlsClient(t, client, ca, false, alpn)
			go c.Write(request(code))
			if got := fatalCode(t, c); got != "08P01" {
				t.Errorf("told %q", got)
			}
			refused(t, done)
		})
	}
}

func TestAcceptGSS(t *testing.T) {
	ca := newAuthority(t)
	cert := ca.issue(t, "localhost", nil)
	for _, tc := range []struct {
		name string
		o    AcceptOptions
		ask  []uint32
		want string
	}{
		{"GSS", AcceptOptions{}, []uint32{gssRequest}, "N"},
		{"SSL", AcceptOptions{}, []uint32{sslRequest}, "N"},
		{"SSL, GSS", AcceptOptions{}, []uint32{sslRequest, gssRequest}, "NN"},
		{"GSS, SSL", AcceptOptions{}, []uint32{gssRequest, sslRequest}, "NN"},
		{"GSS, SSL with TLS", AcceptOptions{TLS: serving(cert)}, []uint32{gssRequest, sslRequest}, "NS"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			client, done := open(t, tc.o)
			var got []byte
			for _, code := range tc.ask {
				client.Write(request(code))
				var b [1]byte
				io.ReadFull(client, b[:])
				got = append(got, b[0])
			}
			if string(got) != tc.want {
				t.Fatalf("answered %q, want %q", got, tc.want)
			}
			if strings.HasSuffix(tc.want, "S") {
				c := tls.Client(client, &tls.Config{RootCAs: ca.pool, ServerName: "localhost"})
				check(t, c.Handshake())
				client = c
			}
			go client.Write(startup(196608, "\x00", "user", "u"))
			if a := <-done; a.err != nil {
				t.Error(a.err)
			}
		})
	}
}

func FuzzStartup(f *testing.F) {
	f.Add(uint32(196608), []byte("user\x00u\x00database\x00d\x00\x00"))
	f.Add(uint32(3<<16|9999), []byte("user\x00u\x00_pq_.x\x00\x00\x00"))
	f.Add(uint32(196608), []byte("user\x00u\x00user\x00v\x00\x00"))
	f.Add(uint32(2<<16), []byte("\x00"))
	f.Add(uint32(196610), []byte("user\x00u\x00replication\x00database\x00\x00"))
	f.Fuzz(func(t *testing.T, version uint32, body []byte) {
		s, err := parseStartup(version, body)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Severity != "FATAL" {
				t.Fatalf("error %v is not one that a client can be told", err)
			}
			return
		}
		if s.User == "" || s.Database == "" {
			t.Fatalf("accepted without a user or database: %+v", s)
		}
		// What we understood, said again, means the same to us and to an independent reader.
		again := AppendStartup(nil, s)
		s2, err := parseStartup(binary.BigEndian.Uint32(again[4:]), again[8:])
		if err != nil {
			t.Fatal(err)
		}
		s.Minor, s.unknown = s.asks(), nil
		if !reflect.DeepEqual(s, s2) {
			t.Fatalf("%+v became %+v", s, s2)
		}
		var m pgproto3.StartupMessage
		if err := m.Decode(again[4:]); err != nil {
			t.Fatal(err)
		}
		if m.Parameters["user"] != s.User || m.Parameters["database"] != s.Database || len(m.Parameters) != 2+len(s.Params)+min(1, len(s.Replication)) {
			t.Fatalf("read by pgproto3: %v", m.Parameters)
		}
	})
}

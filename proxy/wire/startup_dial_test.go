package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgveil/pgveil/e2e/loopback"
)

// stub listens and gives each connection to serve. It returns what to dial.
func stub(t *testing.T, serve func(net.Conn)) DialOptions {
	t.Helper()
	return DialOptions{Host: "127.0.0.1", Port: uint16(loopback.Serve(t, serve))}
}

// answer reads the SSLRequest and writes s.
func answer(s string) func(net.Conn) {
	return func(c net.Conn) {
		io.ReadFull(c, make([]byte, 8))
		io.WriteString(c, s)
		time.Sleep(50 * time.Millisecond)
	}
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestDialHostile(t *testing.T) {
	for name, serve := range map[string]func(net.Conn){
		"N":            answer("N"),
		"E":            answer("E\x00\x00\x00\x20SFATAL\x00VFATAL\x00C53300\x00Mtrust me\x00\x00"),
		"junk":         answer("?"),
		"S and junk":   answer("SR\x00\x00\x00\x08\x00\x00\x00\x00"),
		"S and close":  func(c net.Conn) { io.ReadFull(c, make([]byte, 8)); c.Write([]byte("S")) },
		"close":        func(net.Conn) {},
		"old protocol": answer("EUnsupported\x00"),
	} {
		for _, mode := range []SSLMode{Require, VerifyFull, ""} {
			t.Run(name+" "+string(mode), func(t *testing.T) {
				o := stub(t, serve)
				o.Mode = mode
				c, err := Dial(soon(t), o)
				if err == nil {
					c.Close()
					t.Fatal("connected")
				}
				if strings.Contains(err.Error(), "trust me") {
					t.Errorf("shows what anyone could have sent: %v", err)
				}
			})
		}
	}
}

func TestDialVerifies(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	for _, tc := range []struct {
		name  string
		cert  *tls.Certificate
		roots *x509.CertPool
		ok    map[SSLMode]bool
	}{
		{"right", ca.issue(t, "127.0.0.1", nil), ca.pool, map[SSLMode]bool{Require: true, VerifyCA: true, VerifyFull: true, "": true}},
		{"other host", ca.issue(t, "db.example", nil), ca.pool, map[SSLMode]bool{Require: true, VerifyCA: true}},
		{"other authority", other.issue(t, "127.0.0.1", nil), ca.pool, map[SSLMode]bool{}}, // Require with roots verifies
		{"system authorities", ca.issue(t, "127.0.0.1", nil), nil, map[SSLMode]bool{Require: true}},
		{"expired", ca.issue(t, "127.0.0.1", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), ca.pool, map[SSLMode]bool{}},
	} {
		for _, mode := range []SSLMode{Require, VerifyCA, VerifyFull, ""} {
			t.Run(tc.name+" "+string(mode), func(t *testing.T) {
				o := stub(t, func(nc net.Conn) {
					if c, _, err := Accept(context.Background(), nc, AcceptOptions{TLS: serving(tc.cert)}); err == nil {
						c.Close()
					}
				})
				o.Mode, o.Roots = mode, tc.roots
				c, err := Dial(soon(t), o)
				if (err == nil) != tc.ok[mode] {
					t.Fatalf("got %v, want success %v", err, tc.ok[mode])
				}
				if err == nil {
					if u := c.UpstreamTLS(); u == nil || len(u.EndPoint) != 32 || u.NegotiatedProtocol != alpn {
						t.Errorf("TLS: %+v", u)
					}
					c.Close()
				}
			})
		}
	}
}

func TestDialSNIAndCertificate(t *testing.T) {
	ca := newAuthority(t)
	mine := ca.issue(t, "proxy", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })
	got := make(chan tls.ConnectionState, 1)
	o := stub(t, func(nc net.Conn) {
		io.ReadFull(nc, make([]byte, 8))
		nc.Write([]byte("S"))
		c := tls.Server(nc, &tls.Config{Certificates: []tls.Certificate{*ca.issue(t, "localhost", nil)}, ClientCAs: ca.pool,
			ClientAuth: tls.RequireAndVerifyClientCert, NextProtos: []string{alpn}})
		c.Handshake()
		got <- c.ConnectionState()
		io.Copy(io.Discard, c)
	})
	o.Host, o.Roots = "localhost", ca.pool
	o.Certificate = func() (*tls.Certificate, error) { return mine, nil }
	c, err := Dial(soon(t), o)
	check(t, err)
	defer c.Close()
	s := <-got
	if s.ServerName != "localhost" || s.NegotiatedProtocol != alpn || len(s.PeerCertificates) == 0 {
		t.Errorf("server saw name %q, ALPN %q, %d certificates", s.ServerName, s.NegotiatedProtocol, len(s.PeerCertificates))
	}
}

func TestDialClear(t *testing.T) {
	first := make(chan byte, 1)
	serve := func(c net.Conn) {
		var b [1]byte
		c.Read(b[:])
		first <- b[0]
	}
	dir, err := os.MkdirTemp("", "s") // short: a socket's path has few bytes
	check(t, err)
	defer os.RemoveAll(dir)
	l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5433"))
	check(t, err)
	loopback.On(t, l, serve)
	tcp := stub(t, serve)
	tcp.Mode = Disable
	for name, o := range map[string]DialOptions{"disable": tcp, "unix": {Host: dir, Port: 5433}} {
		c, err := Dial(soon(t), o)
		check(t, err)
		if c.UpstreamTLS() != nil {
			t.Errorf("%s: claims TLS", name)
		}
		check(t, c.Write([]byte("x")))
		check(t, c.Flush())
		if b := <-first; b != 'x' {
			t.Errorf("%s: the first byte was %q", name, b)
		}
		c.Close()
	}
}

func TestDialDeadline(t *testing.T) {
	o := stub(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := Dial(ctx, o); err == nil {
		t.Error("connected")
	}
	if d := time.Since(start); d > time.Second {
		t.Errorf("took %v", d)
	}
}

func TestDialCheck(t *testing.T) {
	for _, o := range []DialOptions{{}, {Host: "h", Mode: "prefer"}, {Host: "h", Mode: "allow"}, {Host: "h", Mode: VerifyCA}} {
		if o.Check() == nil {
			t.Errorf("%+v: no error", o)
		}
		if _, err := Dial(soon(t), o); err == nil {
			t.Errorf("%+v: dialled", o)
		}
	}
}

func TestLoadRoots(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	check(t, os.WriteFile(file, []byte("nothing"), 0o600))
	if _, err := LoadRoots(file); err == nil {
		t.Error("no error for a file without certificates")
	}
	ca := newAuthority(t)
	check(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw}), 0o600))
	pool, err := LoadRoots(file)
	if err != nil || !pool.Equal(ca.pool) {
		t.Errorf("got %v", err)
	}
}

// TestSendCancel: it returns once the server has closed, not before.
func TestSendCancel(t *testing.T) {
	want := Cancel{PID: 3, Key: []byte("abcd")}
	closing := make(chan time.Time, 1)
	got := make(chan []byte, 1)
	o := stub(t, func(c net.Conn) {
		b := make([]byte, 16)
		io.ReadFull(c, b)
		got <- b
		time.Sleep(50 * time.Millisecond)
		closing <- time.Now()
	})
	o.Mode = Disable
	check(t, SendCancel(soon(t), o, want))
	select {
	case <-closing:
	default:
		t.Error("returned before the server closed")
	}
	if b := <-got; !bytes.Equal(b, AppendCancel(nil, want)) {
		t.Errorf("sent %q", b)
	}
}

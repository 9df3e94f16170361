package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/loopback"
	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/proxy/wire"
)

// server is a throw-away PostgreSQL with TLS and a socket, for all tests of this package.
type server struct {
	*postgres.Server
	roots *x509.CertPool
}

var real server

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "pgveil-auth-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	ca, err := postgres.NewAuthority()
	if err != nil {
		panic(err)
	}
	real.roots = x509.NewCertPool()
	real.roots.AppendCertsFromPEM(ca.PEM)
	real.Server, err = postgres.Start(postgres.Options{Dir: dir, TLS: ca, Settings: []string{"unix_socket_directories = '" + dir + "'"},
		HBA: `local   all all                   trust
host    all postgres 127.0.0.1/32 trust
host    all trusted  127.0.0.1/32 trust
host    all hashed   127.0.0.1/32 md5
hostssl all plain    127.0.0.1/32 password
host    all nologin  127.0.0.1/32 reject
host    all all      127.0.0.1/32 scram-sha-256
`})
	if err != nil {
		fmt.Fprintln(os.Stderr, "a PostgreSQL server is needed:", err)
		return 1
	}
	defer real.Stop()
	return m.Run()
}

func (s server) connect(ctx context.Context) (*pgconn.PgConn, error) {
	return pgconn.Connect(ctx, fmt.Sprintf("host=%s port=%d user=%s dbname=postgres", s.Dir, s.Port, postgres.Superuser))
}

// admin runs statements as superuser and returns the last one's rows.
func (s server) admin(t testing.TB, sql string) [][][]byte {
	t.Helper()
	c, err := s.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	results, err := c.Exec(t.Context(), sql).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return results[len(results)-1].Rows
}

// role makes a role for this test only.
func (s server) role(t testing.TB, name, password string) {
	t.Helper()
	s.admin(t, fmt.Sprintf(`drop role if exists %s; create role %[1]s login password '%s'`, name, password))
	t.Cleanup(func() { dropRole(s, name) })
}

func dropRole(s server, name string) {
	c, err := s.connect(context.Background())
	if err == nil {
		c.Exec(context.Background(), "drop role if exists "+name).ReadAll()
		c.Close(context.Background())
	}
}

// imported is a users file as pgveil users import makes it.
func (s server) imported(t testing.TB) *Users {
	t.Helper()
	var rows []Imported
	for _, r := range s.admin(t, ImportQuery) {
		null := func(b []byte) *string {
			if b == nil {
				return nil
			}
			text := string(b)
			return &text
		}
		rows = append(rows, Imported{Name: string(r[0]), Verifier: null(r[1]), ValidUntil: null(r[2])})
	}
	u, _, err := NewUsers().MergeImport(rows)
	if err != nil {
		t.Fatal(err)
	}
	return must(ParseUsers("imported", u.Encode()))
}

func (s server) dial() wire.DialOptions {
	return wire.DialOptions{Host: "localhost", Port: uint16(s.Port), Roots: s.roots}
}

// relay is the smallest proxy: sign in, log in, pass bytes.
type relay struct {
	method   Method
	login    Login
	upstream wire.DialOptions
	accept   wire.AcceptOptions
	errs     chan error
}

// proxy starts a relay and returns the port it listens on and its certificate.
func proxy(t testing.TB, r relay) (port uint16, errs <-chan error) {
	t.Helper()
	r.errs = make(chan error, 100)
	return uint16(loopback.Serve(t, r.serve)), r.errs
}

func (r relay) serve(nc net.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, o, err := wire.Accept(ctx, nc, r.accept)
	if err != nil {
		r.errs <- err
		return
	}
	defer c.Close()
	if o.Cancel != nil {
		r.errs <- wire.SendCancel(ctx, r.upstream, *o.Cancel)
		return
	}
	up, err := r.session(ctx, c, o)
	r.errs <- err
	if err != nil {
		return
	}
	defer up.Close()
	go func() {
		defer up.Close()
		pass(c, up)
	}()
	pass(up, c)
}

func (r relay) session(ctx context.Context, c *wire.Conn, o wire.Opening) (*wire.Conn, error) {
	p, err := r.method.Authenticate(ctx, c, o.Startup, o.TLS)
	if err != nil {
		c.Hangup(err)
		return nil, err
	}
	defer p.Wipe()
	up, err := wire.Dial(ctx, r.upstream)
	if err != nil {
		c.Hangup(err)
		return nil, err
	}
	g, err := r.login.Login(ctx, up, o.Startup, p)
	if err != nil {
		up.Close()
		if e, ok := err.(*UpstreamError); ok {
			c.HangupFrame(e.Frame)
		}
		c.Hangup(err)
		return nil, err
	}
	if err := c.Write(g.Append(wire.AppendAuth(p.Final, wire.AuthOk, nil))); err != nil {
		return nil, err
	}
	return up, c.Flush()
}

// pass moves frames until one side ends.
func pass(from, to *wire.Conn) {
	from.BeforeRead = to.Flush
	for {
		if _, _, err := from.Next(); err != nil {
			return
		}
		if err := from.Forward(to); err != nil {
			return
		}
	}
}

// testCert is a certificate for an address, signed by itself.
type testCert struct {
	pair            *tls.Certificate
	certPEM, keyPEM []byte
	pool            *x509.CertPool
}

func selfSigned(host string, ed bool) *testCert {
	var key any = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	var public any = key.(*ecdsa.PrivateKey).Public()
	if ed {
		pub, priv, err := ed25519.GenerateKey(rand.Reader)
		public, key = must(pub, err), priv
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: host}, IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.ParseIP(host)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der := must(x509.CreateCertificate(rand.Reader, tmpl, tmpl, public, key))
	c := &testCert{
		certPEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		keyPEM:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))}),
		pool:    x509.NewCertPool(),
	}
	c.pair = &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: must(x509.ParseCertificate(der))}
	c.pool.AddCert(c.pair.Leaf)
	return c
}

func (c *testCert) serving() wire.AcceptOptions {
	return wire.AcceptOptions{RequireTLS: true, TLS: &wire.ServerTLS{Certificate: func() (*tls.Certificate, error) { return c.pair, nil }}}
}

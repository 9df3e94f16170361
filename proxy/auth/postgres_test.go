package auth

import (
	"bytes"
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
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/proxy/wire"
)

// server is a throw-away PostgreSQL with TLS, for all tests of this package.
type server struct {
	dir  string
	bin  string
	cred *syscall.SysProcAttr // PostgreSQL refuses to run as root
	port uint16
	cert *testCert
	stop func()
}

var postgres *server

func TestMain(m *testing.M) {
	s, err := startServer()
	if err != nil {
		fmt.Fprintln(os.Stderr, "a PostgreSQL server is needed:", err)
		os.Exit(1)
	}
	postgres = s
	code := m.Run()
	s.stop()
	os.Exit(code)
}

func startServer() (*server, error) {
	bin, err := exec.Command("pg_config", "--bindir").Output()
	if err != nil || !exists(strings.TrimSpace(string(bin))+"/initdb") {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
		if len(found) == 0 {
			return nil, fmt.Errorf("no initdb: %w", err)
		}
		bin = []byte(found[len(found)-1])
	}
	dir, err := os.MkdirTemp("", "pgveil-auth-")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir, bin: strings.TrimSpace(string(bin)), cert: selfSigned("127.0.0.1", false)}
	uid, gid := os.Getuid(), os.Getgid()
	if uid == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			return nil, err
		}
		uid, _ = strconv.Atoi(u.Uid)
		gid, _ = strconv.Atoi(u.Gid)
		s.cred = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.port = uint16(l.Addr().(*net.TCPAddr).Port)
	l.Close()
	files := map[string][]byte{
		"server.crt": s.cert.certPEM,
		"server.key": s.cert.keyPEM,
		"pg_hba.conf": []byte(`local   all all               trust
host    all super   127.0.0.1/32 trust
host    all trusted 127.0.0.1/32 trust
host    all hashed  127.0.0.1/32 md5
hostssl all plain   127.0.0.1/32 password
host    all nologin 127.0.0.1/32 reject
host    all all     127.0.0.1/32 scram-sha-256
`),
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			return nil, err
		}
		os.Chown(filepath.Join(dir, name), uid, gid)
	}
	os.Chown(dir, uid, gid)
	if err := s.run("initdb", "-D", dir+"/data", "-U", "super", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"); err != nil {
		return nil, err
	}
	return s, s.start()
}

// watched runs PostgreSQL until its input ends, which it does even if the test is killed.
const watched = `trap '' INT TERM HUP; dir=$1; shift; "$@" >"$dir/log" 2>&1 </dev/null & cat >/dev/null; kill -QUIT $!; wait; rm -rf "$dir"`

func (s *server) start() error {
	cmd := exec.Command("sh", "-c", watched, "sh", s.dir, s.bin+"/postgres", "-D", s.dir+"/data", "-p", fmt.Sprint(s.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="+s.dir, "-c", "hba_file="+s.dir+"/pg_hba.conf",
		"-c", "ssl=on", "-c", "ssl_cert_file="+s.dir+"/server.crt", "-c", "ssl_key_file="+s.dir+"/server.key",
		"-c", "fsync=off", "-c", "password_encryption=scram-sha-256")
	cmd.SysProcAttr, cmd.Dir = s.cred, "/"
	alive, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.stop = func() { alive.Close(); cmd.Wait() }
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		err := s.run("pg_isready", "-q", "-h", s.dir, "-p", fmt.Sprint(s.port))
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(s.dir + "/log")
			s.stop()
			return fmt.Errorf("PostgreSQL does not start: %w: %s", err, log)
		}
	}
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

func (s *server) run(name string, args ...string) error {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.SysProcAttr, cmd.Dir = s.cred, "/"
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out.String())
	}
	return nil
}

// admin runs statements as superuser and returns the last one's rows.
func (s *server) admin(t testing.TB, sql string) [][][]byte {
	t.Helper()
	c, err := pgconn.Connect(t.Context(), fmt.Sprintf("host=%s port=%d user=super dbname=postgres", s.dir, s.port))
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
func (s *server) role(t testing.TB, name, password string) {
	t.Helper()
	s.admin(t, fmt.Sprintf(`drop role if exists %s; create role %[1]s login password '%s'`, name, password))
	t.Cleanup(func() { dropRole(s, name) })
}

func dropRole(s *server, name string) {
	c, err := pgconn.Connect(context.Background(), fmt.Sprintf("host=%s port=%d user=super dbname=postgres", s.dir, s.port))
	if err == nil {
		c.Exec(context.Background(), "drop role if exists "+name).ReadAll()
		c.Close(context.Background())
	}
}

// imported is a users file as pgveil users import makes it.
func (s *server) imported(t testing.TB) *Users {
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

func (s *server) dial() wire.DialOptions {
	return wire.DialOptions{Host: "127.0.0.1", Port: s.port, Roots: s.cert.pool}
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
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.errs = make(chan error, 100)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go r.serve(nc)
		}
	}()
	return uint16(l.Addr().(*net.TCPAddr).Port), r.errs
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
	g, err := r.login.Login(ctx, up, o.Startup.User, o.Startup.Database, o.Startup.Params, p)
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

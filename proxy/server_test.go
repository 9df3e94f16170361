package proxy

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"io"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/pgveil/pgveil/e2e/loopback"
	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/auth"
	"github.com/pgveil/pgveil/proxy/metrics"
	"github.com/pgveil/pgveil/proxy/upstream"
	"github.com/pgveil/pgveil/proxy/wire"
)

const testPassword = "open sesame"

// served is a Server with one user, maya, in front of something that greets like a PostgreSQL server and then only reads.
type served struct {
	*Server
	addr string
}

func serving(t *testing.T, l Limits) *served {
	t.Helper()
	group, err := upstream.New(upstream.Options{Name: "test", Login: auth.Service{User: "service", Allow: auth.Allow{Trust: true}},
		Hosts: []wire.DialOptions{{Host: "127.0.0.1", Port: uint16(loopback.Serve(t, greet)), Mode: wire.Disable}}})
	if err != nil {
		t.Fatal(err)
	}
	routes, err := upstream.NewRoutes(nil, group)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := policy.Load("p", []byte("version: 1\nunlisted: pass\nroles: {all: {who: {users: [\"*\"]}, limits: {connections: 90}}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.Compile(rules, sql.Spec{}, policy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWorld(p, nil, sql.Spec{})
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := auth.NewVerifier(auth.NewSecret([]byte(testPassword)), 4096)
	if err != nil {
		t.Fatal(err)
	}
	users, err := auth.NewUsers().With(auth.User{Name: "maya", Verifier: verifier})
	if err != nil {
		t.Fatal(err)
	}
	cert := testCertificate(t)
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { front.Close() })
	s, err := New(Options{Listener: front, Method: &auth.SCRAM{Users: func() *auth.Users { return users }}, Routes: routes, World: w,
		Accept:  wire.AcceptOptions{TLS: &wire.ServerTLS{Certificate: func() (*tls.Certificate, error) { return cert, nil }}},
		Metrics: metrics.New(prometheus.NewRegistry()), Log: zap.NewNop(), Limits: l})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		s.AtOnce()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return &served{Server: s, addr: front.Addr().String()}
}

// greet lets everybody in.
func greet(c net.Conn) {
	var size [4]byte
	r := bufio.NewReaderSize(c, 512)
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return
	}
	if _, err := r.Discard(int(binary.BigEndian.Uint32(size[:])) - 4); err != nil {
		return
	}
	out := wire.AppendFrame(nil, 'R', []byte{0, 0, 0, 0})
	out = wire.AppendFrame(out, 'S', []byte("server_version\x0015.4\x00"))
	out = wire.AppendFrame(out, 'K', []byte{0, 0, 0, 1, 0, 0, 0, 2})
	c.Write(wire.AppendFrame(out, 'Z', []byte{'I'}))
	io.Copy(io.Discard, r)
}

func testCertificate(t *testing.T) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// startupPacket is the first packet of a session in protocol 3.0.
func startupPacket(params ...string) []byte {
	b := []byte{0, 0, 0, 0, 0, 3, 0, 0}
	for _, p := range params {
		b = wire.AppendCString(b, p)
	}
	b = append(b, 0)
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

// sslRequest asks for TLS.
var sslRequest = []byte{0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f}

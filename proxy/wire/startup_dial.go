package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// SSLMode is libpq's sslmode without those that fall back silently. The zero value is VerifyFull.
type SSLMode string

// Modes: https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS.
const (
	Disable    SSLMode = "disable"
	Require    SSLMode = "require" // with Roots it verifies as VerifyCA does, as libpq
	VerifyCA   SSLMode = "verify-ca"
	VerifyFull SSLMode = "verify-full"
)

// DialOptions names an upstream server and says how to reach it.
type DialOptions struct {
	Host string // name, address, or the folder of a Unix socket if it starts with '/', where SSLMode does not apply
	Port uint16 // 0: 5432
	Mode SSLMode
	// Roots are the authorities that may sign the server's certificate (LoadRoots). Nil: the system's, with VerifyFull only.
	Roots *x509.CertPool
	// Certificate, if set, is shown to a server that asks for one: (*Certificate).Current.
	Certificate func() (*tls.Certificate, error)
	// Timeout bounds connecting and the TLS handshake, as libpq's connect_timeout; 0: only the context does.
	Timeout time.Duration
	// Alive says how a server that has gone silent is found.
	Alive Alive
}

// LoadRoots reads a PEM file of certificate authorities, as libpq's sslrootcert.
func LoadRoots(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: no certificate in PEM form", file)
	}
	return pool, nil
}

// Check reports settings that Dial could never honour.
func (o DialOptions) Check() error {
	switch o.Mode {
	case "", Disable, Require, VerifyFull:
	case VerifyCA:
		if o.Roots == nil {
			return errors.New("sslmode verify-ca needs a root certificate file: with the system's authorities anyone's certificate would do")
		}
	default:
		return fmt.Errorf("sslmode %q is not one of disable, require, verify-ca, verify-full", o.Mode)
	}
	if o.Host == "" {
		return errors.New("no host")
	}
	return nil
}

// Address is where the server listens, in the words of package net.
func (o DialOptions) Address() (network, address string) {
	port := strconv.Itoa(int(o.Port))
	if o.Port == 0 {
		port = "5432"
	}
	if o.unix() {
		return "unix", filepath.Join(o.Host, ".s.PGSQL."+port)
	}
	return "tcp", net.JoinHostPort(o.Host, port)
}

func (o DialOptions) unix() bool { return strings.HasPrefix(o.Host, "/") }

// Dial connects to an upstream and sets TLS up. It never falls back to clear text, and trusts no byte that comes before
// TLS but the one that says that TLS is to start. ctx bounds it all.
func Dial(ctx context.Context, o DialOptions) (*Conn, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.Timeout)
		defer cancel()
	}
	network, address := o.Address()
	d := net.Dialer{KeepAlive: -1} // Alive sets it
	nc, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if err := o.Alive.set(nc); err != nil {
		nc.Close()
		return nil, fmt.Errorf("keepalive: %w", err)
	}
	nc = direct(nc)
	if o.Mode == Disable || o.unix() {
		return NewConn(nc, handshakeWhole), nil
	}
	release := Bound(ctx, nc)
	t, err := o.startTLS(ctx, nc)
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("TLS with %s: %w", address, err)
	}
	release()
	return NewConn(t, handshakeWhole), nil
}

func (o DialOptions) startTLS(ctx context.Context, nc net.Conn) (net.Conn, error) {
	cfg, err := o.config()
	if err != nil {
		return nil, err
	}
	if _, err := nc.Write(AppendInt32(AppendInt32(nil, 8), sslRequest)); err != nil {
		return nil, err
	}
	var answer [1]byte // read alone: what a stranger adds in clear meets the TLS layer and fails there
	if _, err := io.ReadFull(nc, answer[:]); err != nil {
		return nil, err
	}
	switch answer[0] {
	case 'S':
	case 'N':
		return nil, errors.New("the server does not support it")
	case 'E': // what would follow is not authenticated and must not be shown (CVE-2024-10977)
		return nil, errors.New("the server answered with an error")
	default:
		return nil, errors.New("the server's answer is not of PostgreSQL's protocol")
	}
	t := tls.Client(nc, cfg)
	return t, t.HandshakeContext(ctx)
}

func (o DialOptions) config() (*tls.Config, error) {
	cfg := &tls.Config{
		ServerName:                  o.Host, // and SNI, unless it is an address
		RootCAs:                     o.Roots,
		MinVersion:                  tls.VersionTLS12,
		NextProtos:                  []string{alpn},
		DynamicRecordSizingDisabled: true,
	}
	if o.Certificate != nil {
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return o.Certificate() }
	}
	if o.Mode == VerifyFull || o.Mode == "" {
		return cfg, nil
	}
	cfg.InsecureSkipVerify = true // replaced by VerifyConnection
	if o.Roots != nil {
		cfg.VerifyConnection = func(s tls.ConnectionState) error { return verifyChain(s, o.Roots) }
	}
	return cfg, nil
}

// verifyChain is certificate verification without the host's name.
func verifyChain(s tls.ConnectionState, roots *x509.CertPool) error {
	between := x509.NewCertPool()
	for _, c := range s.PeerCertificates[1:] {
		between.AddCert(c)
	}
	_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
	return err
}

// SendCancel forwards a cancel request to o's server and waits until the server has taken it, which it tells by closing.
func SendCancel(ctx context.Context, o DialOptions, c Cancel) error {
	up, err := Dial(ctx, o)
	if err != nil {
		return err
	}
	defer up.Close()
	defer Bound(ctx, up.Conn)()
	if _, err := up.Conn.Write(AppendCancel(nil, c)); err != nil {
		return err
	}
	var b [1]byte
	if _, err := up.Conn.Read(b[:]); err != nil && !errors.Is(err, io.EOF) {
		return ctx.Err()
	}
	return nil
}

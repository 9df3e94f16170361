package wire

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// authority signs certificates for tests.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
	pool *x509.CertPool
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key := ecKey(t)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true,
		BasicConstraintsValid: true, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	check(t, err)
	cert, err := x509.ParseCertificate(der)
	check(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &authority{cert, key, pool}
}

// issue makes a certificate for host; change may edit the template.
func (a *authority) issue(t testing.TB, host string, change func(*x509.Certificate)) *tls.Certificate {
	t.Helper()
	key := ecKey(t)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	if ip := net.ParseIP(host); ip != nil {
		tmpl.IPAddresses = []net.IP{ip}
	} else {
		tmpl.DNSNames = []string{host}
	}
	if change != nil {
		change(tmpl)
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, key.Public(), a.key)
	check(t, err)
	leaf, err := x509.ParseCertificate(der)
	check(t, err)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func ecKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	return key
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func serving(c *tls.Certificate) *ServerTLS {
	return &ServerTLS{Certificate: func() (*tls.Certificate, error) { return c, nil }}
}

func TestEndPoint(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	check(t, err)
	sum256 := func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }
	sum384 := func(b []byte) []byte { s := sha512.Sum384(b); return s[:] }
	sum512 := func(b []byte) []byte { s := sha512.Sum512(b); return s[:] }
	for _, tc := range []struct {
		name string
		key  crypto.Signer
		alg  x509.SignatureAlgorithm
		want func([]byte) []byte
	}{
		{"RSA SHA-256", rsaKey, x509.SHA256WithRSA, sum256},
		{"RSA SHA-384", rsaKey, x509.SHA384WithRSA, sum384},
		{"RSA SHA-512", rsaKey, x509.SHA512WithRSA, sum512},
		{"RSA-PSS SHA-512", rsaKey, x509.SHA512WithRSAPSS, sum512},
		{"ECDSA SHA-256", p384, x509.ECDSAWithSHA256, sum256},
		{"ECDSA SHA-384", p384, x509.ECDSAWithSHA384, sum384},
		{"Ed25519", edKey, x509.PureEd25519, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), SignatureAlgorithm: tc.alg}
			der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, tc.key.Public(), tc.key)
			check(t, err)
			cert, err := x509.ParseCertificate(der)
			check(t, err)
			var want []byte
			if tc.want != nil {
				want = tc.want(der)
			}
			if got := endPoint(cert); string(got) != string(want) {
				t.Errorf("got %x, want %x", got, want)
			}
		})
	}
	// Go no longer signs with these; RFC 5929 puts SHA-256 in their place.
	for _, alg := range []x509.SignatureAlgorithm{x509.MD5WithRSA, x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.DSAWithSHA1} {
		if got := endPoint(&x509.Certificate{Raw: []byte("x"), SignatureAlgorithm: alg}); string(got) != string(sum256([]byte("x"))) {
			t.Errorf("%v: got %x", alg, got)
		}
	}
}

func TestCertificateReload(t *testing.T) {
	dir, ca := t.TempDir(), newAuthority(t)
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	put := func(c *tls.Certificate) {
		b, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
		check(t, err)
		check(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}), 0o600))
		check(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: b}), 0o600))
	}
	one, two := ca.issue(t, "localhost", nil), ca.issue(t, "localhost", nil)
	put(one)
	c, err := LoadCertificate(cert, key)
	check(t, err)
	served := func() []byte {
		client, server := net.Pipe()
		go Accept(context.Background(), server, AcceptOptions{TLS: &ServerTLS{Certificate: c.Current}})
		tc := tls.Client(client, &tls.Config{RootCAs: ca.pool, ServerName: "localhost", NextProtos: []string{alpn}})
		check(t, tc.Handshake())
		defer client.Close()
		return tc.ConnectionState().PeerCertificates[0].Raw
	}
	if string(served()) != string(one.Certificate[0]) {
		t.Error("the first certificate is not served")
	}
	put(two)
	check(t, c.Reload())
	if string(served()) != string(two.Certificate[0]) {
		t.Error("the second certificate is not served after Reload")
	}
	check(t, os.WriteFile(key, []byte("spoiled"), 0o600))
	if c.Reload() == nil {
		t.Error("no error for a spoiled key")
	}
	if string(served()) != string(two.Certificate[0]) {
		t.Error("a failed Reload changed the certificate")
	}
}

func TestNoCertificate(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	var empty Certificate
	go func() {
		client.Write(request(sslRequest))
		io.Copy(io.Discard, client)
	}()
	_, _, err := Accept(context.Background(), server, AcceptOptions{TLS: &ServerTLS{Certificate: empty.Current}})
	if err == nil || errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
}

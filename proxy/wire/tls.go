package wire

import (
	"context"
	"crypto"
	_ "crypto/sha256" // for crypto.Hash.New
	_ "crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
)

// alpn is PostgreSQL's name in TLS's protocol negotiation: PG_ALPN_PROTOCOL, src/include/libpq/pqcomm.h.
const alpn = "postgresql"

// TLS is what the rest of a session needs to know about its TLS layer.
type TLS struct {
	tls.ConnectionState
	// EndPoint is the tls-server-end-point channel binding (RFC 5929 §4): the hash of the server's certificate. Nil if that
	// certificate's signature has no single hash function, as Ed25519's; then there is no channel binding.
	EndPoint []byte
}

// Certificate is a certificate and its private key, read from two PEM files, which can be read anew while in use.
type Certificate struct {
	certFile, keyFile string
	current           atomic.Pointer[tls.Certificate]
}

// LoadCertificate reads a PEM certificate chain and its private key.
func LoadCertificate(certFile, keyFile string) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile}
	return c, c.Reload()
}

// Reload reads the files again, for handshakes to come. After an error the former pair stays in use.
func (c *Certificate) Reload() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("certificate %s, key %s: %w", c.certFile, c.keyFile, err)
	}
	c.current.Store(&pair)
	return nil
}

// Current is the pair as read last.
func (c *Certificate) Current() (*tls.Certificate, error) {
	if p := c.current.Load(); p != nil {
		return p, nil
	}
	return nil, errors.New("no certificate loaded")
}

// ServerTLS is the server's side of TLS on the client leg: TLS 1.2 or newer, no session tickets (as PostgreSQL), ALPN
// "postgresql" where the client negotiates one.
type ServerTLS struct {
	// Certificate is asked for at each handshake, so that it can change while the proxy runs: (*Certificate).Current.
	Certificate func() (*tls.Certificate, error)

	presented atomic.Pointer[presented] // at the latest handshake
}

func (s *ServerTLS) handshake(ctx context.Context, raw net.Conn) (*tls.Conn, *TLS, error) {
	cert, err := s.Certificate()
	if err != nil {
		return nil, nil, err
	}
	of, err := s.of(cert)
	if err != nil {
		return nil, nil, err
	}
	t := tls.Server(raw, of.config)
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, nil, err
	}
	return t, &TLS{ConnectionState: t.ConnectionState(), EndPoint: of.endPoint}, nil
}

// presented is what handshakes with one certificate share: a connection keeps its configuration for as long as it lives.
type presented struct {
	cert     *tls.Certificate
	config   *tls.Config
	endPoint []byte
}

func (s *ServerTLS) of(cert *tls.Certificate) (*presented, error) {
	if p := s.presented.Load(); p != nil && p.cert == cert {
		return p, nil
	}
	leaf := cert.Leaf
	if leaf == nil {
		var err error
		if leaf, err = x509.ParseCertificate(cert.Certificate[0]); err != nil {
			return nil, err
		}
	}
	p := &presented{cert, &tls.Config{
		Certificates:                []tls.Certificate{*cert},
		MinVersion:                  tls.VersionTLS12,
		NextProtos:                  []string{alpn},
		SessionTicketsDisabled:      true,
		DynamicRecordSizingDisabled: true,
	}, endPoint(leaf)}
	s.presented.Store(p)
	return p, nil
}

// endPoint hashes a certificate for tls-server-end-point: with its signature's hash function, but SHA-256 in place of MD5
// and SHA-1 (RFC 5929 §4.1).
func endPoint(cert *x509.Certificate) []byte {
	var h crypto.Hash
	switch cert.SignatureAlgorithm {
	case x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1,
		x509.SHA256WithRSA, x509.DSAWithSHA256, x509.ECDSAWithSHA256, x509.SHA256WithRSAPSS:
		h = crypto.SHA256
	case x509.SHA384WithRSA, x509.ECDSAWithSHA384, x509.SHA384WithRSAPSS:
		h = crypto.SHA384
	case x509.SHA512WithRSA, x509.ECDSAWithSHA512, x509.SHA512WithRSAPSS:
		h = crypto.SHA512
	default:
		return nil
	}
	w := h.New()
	w.Write(cert.Raw)
	return w.Sum(nil)
}

// UpstreamTLS describes the TLS layer of a Conn that Dial made; nil if it is in clear.
func (c *Conn) UpstreamTLS() *TLS {
	t, ok := c.Conn.(*tls.Conn)
	if !ok {
		return nil
	}
	state := t.ConnectionState()
	if len(state.PeerCertificates) == 0 {
		return nil
	}
	return &TLS{ConnectionState: state, EndPoint: endPoint(state.PeerCertificates[0])}
}

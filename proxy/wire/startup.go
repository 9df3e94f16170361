package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"
)

// Request codes that stand where a version stands in a first packet: src/include/libpq/pqcomm.h.
const (
	protocol30    = 3 << 16
	cancelRequest = 1234<<16 | 5678
	sslRequest    = 1234<<16 | 5679
	gssRequest    = 1234<<16 | 5680
)

const (
	// minFirst and maxFirst bound a first packet, in bytes, its length field included: MAX_STARTUP_PACKET_LENGTH.
	minFirst, maxFirst = 8, 10000
	// handshakeWhole bounds every later frame of a handshake: PG_MAX_AUTH_TOKEN_LENGTH, src/backend/libpq/auth.c.
	handshakeWhole = 65535
	// tlsHandshakeRecord is the first byte of a TLS connection.
	tlsHandshakeRecord = 0x16
)

// AcceptOptions is what the client leg insists on and can offer.
type AcceptOptions struct {
	TLS        *ServerTLS // nil: an SSLRequest is answered N
	RequireTLS bool       // refuse a session in clear, before any password is asked
	// Replication lets replication connections through to sign-in; otherwise they are refused before it.
	Replication bool
	// Proxies are those whose word is taken for where a client comes from.
	Proxies Proxies
	// Alive says how a client that has gone silent is found.
	Alive Alive
	// Known, if set, is called once it is known where the client comes from, before anything else is done for it. Its error ends the
	// connection.
	Known func(addr netip.Addr) error
}

// Opening is what a client opened its connection with: a session or a cancellation.
type Opening struct {
	Startup Startup // valid if Cancel is nil
	Cancel  *Cancel
	TLS     *TLS // nil: in clear
	// Addr is where the client comes from: the peer's address, or what a trusted proxy says of it.
	Addr netip.Addr
}

// Cancel is a CancelRequest. Key is a credential of the session that it names.
type Cancel struct {
	PID uint32
	Key []byte // 4…256 bytes
}

// String leaves the key out.
func (c Cancel) String() string { return fmt.Sprintf("cancel of %d", c.PID) }

// GoString is String.
func (c Cancel) GoString() string { return c.String() }

// Accept reads a new connection up to its startup packet or cancel request: TLS if asked for, GSSENCRequest refused, one of
// each at most. ctx bounds it all; its deadline is the handshake's.
//
// A refusal is told to the client here, and nc is closed whenever err is not nil; of the Opening only Addr is then valid. io.EOF, unwrapped, means that the client
// left at a packet's border, as health checks do. A NegotiateProtocolVersion that the client is owed is left pending in the
// Conn, to go out with the first authentication request.
func Accept(ctx context.Context, nc net.Conn, o AcceptOptions) (*Conn, Opening, error) {
	if err := o.Alive.set(nc); err != nil {
		nc.Close()
		return nil, Opening{Addr: peerAddr(nc)}, fmt.Errorf("keepalive: %w", err)
	}
	nc = direct(nc)
	release := Bound(ctx, nc)
	a := accepting{AcceptOptions: o, conn: nc, opening: Opening{Addr: peerAddr(nc)}}
	err := a.run(ctx)
	release()
	c := NewConn(a.conn, handshakeWhole)
	if a.unwanted {
		TurnAway(nc, err)
		return nil, Opening{Addr: a.opening.Addr}, err
	}
	if err != nil {
		c.Hangup(err)
		return nil, Opening{Addr: a.opening.Addr}, err
	}
	if a.negotiate != nil {
		if err := c.Write(a.negotiate); err != nil {
			c.Close()
			return nil, Opening{Addr: a.opening.Addr}, err
		}
	}
	return c, a.opening, nil
}

// accepting reads exactly the bytes it needs, so that nothing that came in clear can be taken for something that came
// through TLS (CVE-2021-23214).
type accepting struct {
	AcceptOptions
	conn      net.Conn
	opening   Opening
	unwanted  bool // Known has said so
	triedSSL  bool
	triedGSS  bool
	negotiate []byte
}

func (a *accepting) run(ctx context.Context) error {
	var first [1]byte
	proxied := a.Proxies.trust(a.opening.Addr)
	if err := a.known(!proxied); err != nil {
		return err
	}
	if _, err := io.ReadFull(a.conn, first[:]); err != nil {
		return err
	}
	if proxied {
		said, err := a.Proxies.read(a.conn, first[0])
		if err != nil {
			return err
		}
		if said.addr.IsValid() {
			a.opening.Addr = said.addr
		}
		if err := a.known(true); err != nil {
			return err
		}
		if said.header {
			if _, err := io.ReadFull(a.conn, first[:]); err != nil {
				return err
			}
		}
	}
	head := first[:]
	if first[0] == tlsHandshakeRecord {
		if err := a.directTLS(ctx, first[0]); err != nil {
			return err
		}
		head = nil
	}
	for {
		code, body, err := readFirst(a.conn, head)
		if err != nil {
			return err
		}
		head = nil
		done, err := a.packet(ctx, code, body)
		if done || err != nil {
			return err
		}
	}
}

func (a *accepting) known(now bool) error {
	if !now || a.Known == nil {
		return nil
	}
	err := a.Known(a.opening.Addr)
	a.unwanted = err != nil
	return err
}

// packet takes one first packet; done means that it was the last.
func (a *accepting) packet(ctx context.Context, code uint32, body []byte) (done bool, err error) {
	switch {
	case code == sslRequest && len(body) == 0 && !a.triedSSL && a.opening.TLS == nil:
		a.triedSSL = true
		return false, a.answerSSL(ctx)
	case code == gssRequest && len(body) == 0 && !a.triedGSS && a.opening.TLS == nil:
		a.triedGSS = true
		_, err := a.conn.Write([]byte{'N'})
		return false, err
	case code == sslRequest || code == gssRequest:
		return true, violation("unexpected encryption request", "")
	case code == cancelRequest:
		if len(body) < 4+4 || len(body) > 4+256 {
			return true, errors.New("malformed cancel request")
		}
		a.opening.Cancel = &Cancel{PID: binary.BigEndian.Uint32(body), Key: body[4:]}
		return true, nil
	case a.RequireTLS && a.opening.TLS == nil:
		return true, &Error{Severity: "FATAL", Code: "28000", Message: "this server accepts encrypted connections only",
			Hint: "Set sslmode=require, or stronger, in the connection string."}
	}
	s, err := parseStartup(code, body)
	if err != nil {
		return true, err
	}
	if s.Replication != NoReplication && !a.AcceptOptions.Replication {
		return true, replicationRefused()
	}
	a.opening.Startup = s
	a.negotiate = appendNegotiate(nil, s)
	return true, nil
}

func (a *accepting) answerSSL(ctx context.Context) error {
	if a.TLS == nil {
		_, err := a.conn.Write([]byte{'N'})
		return err
	}
	if _, err := a.conn.Write([]byte{'S'}); err != nil {
		return err
	}
	return a.startTLS(ctx, &replayed{Conn: a.conn})
}

func (a *accepting) directTLS(ctx context.Context, first byte) error {
	if a.TLS == nil {
		return errors.New("direct TLS, which is not configured")
	}
	if err := a.startTLS(ctx, &replayed{Conn: a.conn, head: []byte{first}}); err != nil {
		return err
	}
	if a.opening.TLS.NegotiatedProtocol != alpn {
		return violation("direct TLS connection without ALPN protocol \""+alpn+"\"", "")
	}
	return nil
}

func (a *accepting) startTLS(ctx context.Context, raw *replayed) error {
	raw.left = tlsHandshakeMost
	t, state, err := a.TLS.handshake(ctx, raw)
	if err != nil {
		return fmt.Errorf("TLS handshake: %w", err)
	}
	raw.left = unbounded
	a.conn, a.opening.TLS = t, state
	return nil
}

// tlsHandshakeMost is how much a client may say before its TLS handshake is done, in bytes. crypto/tls keeps a ClientHello of up to 64 KiB
// for whoever sends one; OpenSSL's has less than 4 KiB with the largest key shares that it offers, and may come twice.
const tlsHandshakeMost = 16 << 10

const unbounded = -1

var errLongHandshake = errors.New("the client's part is too long")

// replayed gives back a byte that was read to see what follows, and takes no more than is left of what the client may say.
type replayed struct {
	net.Conn
	head []byte
	left int // bytes, or unbounded
}

func (r *replayed) Read(b []byte) (int, error) {
	if len(r.head) > 0 && len(b) > 0 {
		n := copy(b, r.head)
		r.head = r.head[n:]
		return n, nil
	}
	switch {
	case r.left == unbounded:
		return r.Conn.Read(b)
	case r.left == 0:
		return 0, errLongHandshake
	}
	n, err := r.Conn.Read(b[:min(len(b), r.left)])
	r.left -= n
	return n, err
}

// NetConn is the socket below, as in tls.Conn.
func (r *replayed) NetConn() net.Conn { return r.Conn }

// Bound makes every read and write of nc fail when ctx ends. release lifts it, unless ctx has ended already.
func Bound(ctx context.Context, nc net.Conn) (release func()) {
	if d, ok := ctx.Deadline(); ok {
		nc.SetDeadline(d)
	}
	stop := context.AfterFunc(ctx, func() { nc.SetDeadline(time.Unix(1, 0)) })
	return func() {
		if stop() {
			nc.SetDeadline(time.Time{})
		}
	}
}

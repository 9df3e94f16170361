package auth

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/pgveil/pgveil/proxy/wire"
)

// Allow says which ways of signing in the upstream server may ask for besides SCRAM-SHA-256, in which alone it must prove
// itself. The zero value allows none.
type Allow struct {
	MD5       bool // the password's md5 hash
	Cleartext bool // the password itself, inside TLS only
	// Trust lets the server take us in unasked: trust, peer, or a client certificate in pg_hba.conf. Never for a client whose
	// password nobody has checked yet.
	Trust bool
	// RequireBinding refuses a server that does not offer SCRAM-SHA-256-PLUS.
	RequireBinding bool
}

// Own logs the client in as itself: with the ClientKey that its proof gave away or with the password that it sent.
type Own struct{ Allow Allow }

// Service logs every client in as one user of the proxy's own.
type Service struct {
	User     string
	Password Secret // may be empty if Allow.Trust
	Allow    Allow
}

// UpstreamError is the upstream's ErrorResponse, to be passed on as it is: drivers act on it.
type UpstreamError struct {
	Frame []byte
	// Unasked is true if it was the first thing that the server said: it did not like the startup message.
	Unasked bool
}

// Code is the SQLSTATE.
func (e *UpstreamError) Code() string { return wire.ErrorField(e.Frame[5:], 'C') }

func (e *UpstreamError) Error() string { return "upstream refused the login (" + e.Code() + ")" }

// Name is "own".
func (Own) Name() string { return "own" }

// Login implements [Login].
func (l Own) Login(ctx context.Context, up *wire.Conn, hello wire.Startup, p Proof) (Greeting, error) {
	user := hello.User
	if user == "" || user != p.User {
		return Greeting{}, errors.New("login as someone else than the one who signed in")
	}
	cred := credential{user: user, password: p.Password, clientKey: p.ClientKey, serverKey: p.ServerKey, salt: p.Salt, iterations: p.Iterations}
	if cred.password.Empty() && (!p.verified || len(cred.clientKey.Reveal()) != keyLen || len(cred.serverKey.Reveal()) != keyLen) {
		return Greeting{}, errors.New("login without credentials")
	}
	allow := l.Allow
	allow.Trust = allow.Trust && p.verified
	return login(ctx, up, cred, hello, allow)
}

// Name is "service".
func (Service) Name() string { return "service" }

// Login implements [Login]. The server's opinion of the service user is none of the client's business: an error of class 28
// becomes 08001.
func (l Service) Login(ctx context.Context, up *wire.Conn, hello wire.Startup, p Proof) (Greeting, error) {
	if !p.verified || hello.User != p.User {
		return Greeting{}, errors.New("service login for a client that has not proven who it is")
	}
	if l.User == "" {
		return Greeting{}, errors.New("service login without a user")
	}
	g, err := login(ctx, up, credential{user: l.User, password: l.Password}, hello, l.Allow)
	var refused *UpstreamError
	if errors.As(err, &refused) && strings.HasPrefix(refused.Code(), "28") {
		return Greeting{}, fmt.Errorf("service login refused (%s): %w", refused.Code(), &wire.Error{Severity: "FATAL", Code: "08001",
			Message: "the proxy could not log in to the database", Hint: "The proxy's own login was refused; tell its operator."})
	}
	return g, err
}

// loginState is one login under way.
type loginState struct {
	up    *wire.Conn
	cred  credential
	allow Allow
	tls   *wire.TLS
	scram *scramClient
	asked bool // the server has asked for md5 or cleartext and got it
}

// maxAuthFrames bounds an upstream's authentication exchange; SCRAM needs four frames.
const maxAuthFrames = 20

// login gives every error something to tell the client; the cause stays in the error's text, for the record.
func login(ctx context.Context, up *wire.Conn, cred credential, hello wire.Startup, allow Allow) (Greeting, error) {
	g, err := converse(ctx, up, cred, hello, allow)
	var passed *UpstreamError
	var told *wire.Error
	if err != nil && !errors.As(err, &passed) && !errors.As(err, &told) {
		return Greeting{}, fmt.Errorf("upstream login: %w: %w", err, tellClient("the proxy could not log in to the database"))
	}
	return g, err
}

func converse(ctx context.Context, up *wire.Conn, cred credential, hello wire.Startup, allow Allow) (Greeting, error) {
	defer wire.Bound(ctx, up.Conn)()
	hello.User, hello.Minor = cred.user, hello.Speaks()
	if err := checkStartup(hello); err != nil {
		return Greeting{}, err
	}
	if err := up.Write(wire.AppendStartup(nil, hello)); err != nil {
		return Greeting{}, err
	}
	s := &loginState{up: up, cred: cred, allow: allow, tls: up.UpstreamTLS()}
	var g Greeting
	for i := range maxAuthFrames {
		if err := up.Flush(); err != nil {
			return Greeting{}, err
		}
		typ, frame, err := nextFrame(up)
		if refused := (*UpstreamError)(nil); errors.As(err, &refused) {
			refused.Unasked = i == 0
		}
		if err != nil {
			return Greeting{}, err
		}
		switch typ {
		case 'v':
			minor, ok := wire.ReadNegotiate(frame[5:], hello)
			if !ok || i != 0 {
				return Greeting{}, errUnexpected
			}
			hello.Minor = minor
		case 'N':
			g.Notices = append(g.Notices, frame)
		case 'R':
			done, err := s.authentication(frame[5:])
			if err != nil {
				return Greeting{}, err
			}
			if done {
				return g, g.read(up, hello.LongKeys())
			}
		default:
			return Greeting{}, errUnexpected
		}
	}
	return Greeting{}, errors.New("the upstream server's authentication has no end")
}

var errUnexpected = errors.New("the upstream server broke the protocol during login")

// checkStartup refuses what would make the startup message say something else than it seems to.
func checkStartup(hello wire.Startup) error {
	all := hello.User + hello.Database + string(hello.Replication)
	for _, p := range hello.Params {
		switch {
		case p[0] == "" || p[0] == "user" || p[0] == "database" || p[0] == "replication" || strings.HasPrefix(p[0], "_pq_."):
			return errors.New("startup parameter that a login may not carry")
		}
		all += p[0] + p[1]
	}
	if strings.IndexByte(all, 0) >= 0 {
		return errors.New("startup parameter with a zero byte")
	}
	return nil
}

// authentication answers one request; done means AuthenticationOk.
func (s *loginState) authentication(body []byte) (done bool, err error) {
	r := wire.NewReader(body)
	kind := r.Int32()
	if r.Err() != nil {
		return false, errUnexpected
	}
	data := r.Rest()
	if s.asked && kind != wire.AuthOk || s.scram != nil && kind != wire.AuthOk && kind != wire.AuthSASLContinue && kind != wire.AuthSASLFinal {
		return false, errUnexpected
	}
	switch kind {
	case wire.AuthOk:
		return true, s.finished()
	case wire.AuthSASL:
		return false, s.begin(data)
	case wire.AuthSASLContinue:
		if s.scram == nil || s.scram.serverSignature != nil {
			return false, errUnexpected
		}
		reply, err := s.scram.final(string(data))
		if err != nil {
			return false, err
		}
		return false, s.up.Write(wire.AppendFrame(nil, 'p', []byte(reply)))
	case wire.AuthSASLFinal:
		if s.scram == nil || s.scram.proven {
			return false, errUnexpected
		}
		return false, s.scram.verify(string(data))
	case wire.AuthMD5, wire.AuthCleartext:
		return false, s.weak(kind, data)
	}
	return false, tellClient("the database asks for a kind of sign-in that the proxy does not know")
}

// finished judges an AuthenticationOk.
func (s *loginState) finished() error {
	switch {
	case s.scram != nil && s.scram.proven, s.asked && s.scram == nil:
		return nil
	case s.scram != nil:
		return errServerProof
	case s.allow.Trust && !s.allow.RequireBinding:
		return nil
	}
	return tellClient("the database let the proxy in without asking for a proof, which the configuration does not allow")
}

func (s *loginState) begin(data []byte) error {
	if s.cred.password.Empty() && s.cred.clientKey.Empty() {
		return tellClient("the database asks for a password, and the proxy has none")
	}
	var offered []string
	r := wire.NewReader(data)
	for name := r.CString(); len(name) > 0; name = r.CString() {
		offered = append(offered, string(name))
	}
	if r.Err() != nil {
		return errUnexpected
	}
	var err error
	if s.scram, err = newScramClient(s.cred, offered, s.tls, s.allow.RequireBinding); err != nil {
		return err
	}
	first := s.scram.first()
	out, at := wire.Begin(nil, 'p')
	out = wire.AppendCString(out, s.scram.mechanism)
	out = wire.AppendInt32(out, int32(len(first)))
	return s.up.Write(wire.End(append(out, first...), at))
}

// weak answers the methods in which the server proves nothing.
func (s *loginState) weak(kind int32, data []byte) error {
	if s.allow.RequireBinding || kind == wire.AuthMD5 && !s.allow.MD5 || kind == wire.AuthCleartext && !s.allow.Cleartext {
		return tellClient("the database asks for a weaker kind of sign-in than the configuration allows")
	}
	if kind == wire.AuthCleartext && s.tls == nil {
		return tellClient("the database asks for a password in clear on an unencrypted connection")
	}
	if s.cred.password.Empty() {
		return tellClient("the database asks for a kind of sign-in that needs the password itself, and the proxy has none")
	}
	password := s.cred.password.Reveal()
	if kind == wire.AuthMD5 {
		if len(data) != 4 {
			return errUnexpected
		}
		password = []byte("md5" + md5hex(append([]byte(md5hex(append(password[:len(password):len(password)], s.cred.user...))), data...)))
	}
	s.asked = true
	out, at := wire.Begin(nil, 'p')
	return s.up.Write(wire.End(append(append(out, password...), 0), at))
}

func md5hex(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

// tellClient is a login that can't work as things are. The client has not been told AuthenticationOk yet.
func tellClient(message string) error {
	return &wire.Error{Severity: "FATAL", Code: "08001", Message: message, Hint: "Tell the operator of the proxy; its log may say more."}
}

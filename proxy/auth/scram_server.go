package auth

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/pgveil/pgveil/proxy/wire"
)

// SCRAM signs clients in by SCRAM-SHA-256, and SCRAM-SHA-256-PLUS over TLS, against stored verifiers. The zero value
// refuses everyone.
type SCRAM struct {
	Users func() *Users    // the snapshot to use, asked once for each sign-in: (*UsersFile).Current
	Now   func() time.Time // nil: time.Now; for Users' ValidUntil
}

// Name is "scram-sha-256".
func (m *SCRAM) Name() string { return methodSCRAM }

// Authenticate runs the exchange up to and without AuthenticationSASLFinal, which it leaves in Proof.Final. A user that is
// unknown or no longer valid gets the same messages, after the same work, as one who gives a wrong password.
func (m *SCRAM) Authenticate(ctx context.Context, c *wire.Conn, hello wire.Startup, t *wire.TLS) (Proof, error) {
	defer wire.Bound(ctx, c.Conn)()
	s := newScramServer(m.users(), hello.User, now(m.Now), t)
	if err := c.Write(wire.AppendAuth(nil, wire.AuthSASL, s.offer())); err != nil {
		return Proof{}, err
	}
	body, err := readPassword(c, maxSASL)
	if err != nil {
		return Proof{}, err
	}
	first, given, err := s.choose(body)
	if err != nil {
		return Proof{}, err
	}
	if !given { // no initial response: ask for it with an empty challenge
		if first, err = challenge(c, ""); err != nil {
			return Proof{}, err
		}
	}
	reply, err := s.first(first)
	if err != nil {
		return Proof{}, err
	}
	last, err := challenge(c, reply)
	if err != nil {
		return Proof{}, err
	}
	return s.final(last)
}

func (m *SCRAM) users() *Users {
	if m.Users != nil {
		if u := m.Users(); u != nil {
			return u
		}
	}
	return &Users{}
}

// challenge sends AuthenticationSASLContinue and reads the SASLResponse.
func challenge(c *wire.Conn, message string) (string, error) {
	if err := c.Write(wire.AppendAuth(nil, wire.AuthSASLContinue, []byte(message))); err != nil {
		return "", err
	}
	body, err := readPassword(c, maxSASL)
	return string(body), err
}

// scramServer is the server's side of one exchange, without the socket.
type scramServer struct {
	user     string
	verifier Verifier
	doomed   bool   // goes through the motions and then fails
	binding  []byte // what -PLUS is bound to; nil: not offered
	nonce    string // our part, then both parts

	plus      bool
	flag      byte   // the client's gs2-cbind-flag
	firstBare string // client-first-message-bare
	firstOurs string // server-first-message
}

func newScramServer(users *Users, user string, now time.Time, t *wire.TLS) *scramServer {
	s := &scramServer{user: user, nonce: nonce()}
	if t != nil {
		s.binding = t.EndPoint
	}
	s.verifier = users.mock(user) // made for everyone, so that it costs everyone the same
	if u, ok := users.Lookup(user); ok && u.validAt(now) {
		s.verifier = u.Verifier
	} else {
		s.doomed = true
	}
	return s
}

func (s *scramServer) offer() []byte {
	var b []byte
	if s.binding != nil {
		b = wire.AppendCString(b, mechanismPlus)
	}
	return append(wire.AppendCString(b, mechanism), 0)
}

// choose reads a SASLInitialResponse. given is false if it carries no message.
func (s *scramServer) choose(body []byte) (message string, given bool, err error) {
	r := wire.NewReader(body)
	name := string(r.CString())
	n := r.Int32()
	if r.Err() != nil {
		return "", false, fatal("08P01", "invalid SASL initial response", "")
	}
	data := r.Rest()
	if n < -1 || n >= 0 && int(n) != len(data) || n == -1 && len(data) != 0 {
		return "", false, fatal("08P01", "invalid SASL initial response", "")
	}
	switch {
	case name == mechanismPlus && s.binding != nil:
		s.plus = true
	case name == mechanism:
	default:
		return "", false, fatal("08P01", "client selected an invalid SASL authentication mechanism", "")
	}
	return string(data), n >= 0, nil
}

// first reads client-first-message and returns server-first-message: read_client_first_message, auth-scram.c.
func (s *scramServer) first(message string) (string, error) {
	if err := wellFormed(message); err != nil {
		return "", err
	}
	bare, err := s.header(message)
	if err != nil {
		return "", err
	}
	s.firstBare = bare
	if strings.HasPrefix(bare, "m") {
		return "", fatal("0A000", "client requires an unsupported SCRAM extension", "")
	}
	a := attributes{rest: bare}
	if _, err := a.value('n'); err != nil { // the startup packet's user is meant; clients leave this empty
		return "", err
	}
	theirs, err := a.value('r')
	if err != nil {
		return "", err
	}
	if theirs == "" || !printable(theirs) {
		return "", fatal("08P01", "non-printable characters in SCRAM nonce", "")
	}
	for a.rest != "" {
		if _, _, err := a.any(); err != nil {
			return "", err
		}
	}
	s.nonce = theirs + s.nonce
	s.firstOurs = "r=" + s.nonce + ",s=" + base64.StdEncoding.EncodeToString(s.verifier.Salt) + ",i=" + strconv.Itoa(s.verifier.Iterations)
	return s.firstOurs, nil
}

// header reads the gs2 header and returns what follows it.
func (s *scramServer) header(message string) (bare string, err error) {
	s.flag = message[0]
	rest := message[1:]
	switch s.flag {
	case 'n', 'y':
		if s.plus {
			return "", malformed("The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.")
		}
		if s.flag == 'y' && s.binding != nil {
			return "", &wire.Error{Severity: "FATAL", Code: "28000", Message: "SCRAM channel binding negotiation error",
				Detail: "The client supports SCRAM channel binding but thinks the server does not.  However, this server does support channel binding."}
		}
		if !strings.HasPrefix(rest, ",") {
			return "", malformed("Comma expected after the channel-binding flag.")
		}
		rest = rest[1:]
	case 'p':
		if !s.plus {
			return "", malformed("The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data.")
		}
		a := attributes{rest: message}
		kind, err := a.value('p')
		if err != nil {
			return "", err
		}
		if kind != bindingType {
			return "", fatal("08P01", "unsupported SCRAM channel-binding type", "")
		}
		rest = a.rest
	default:
		return "", malformed("Unexpected channel-binding flag.")
	}
	switch {
	case strings.HasPrefix(rest, "a"):
		return "", fatal("0A000", "client uses authorization identity, but it is not supported", "")
	case !strings.HasPrefix(rest, ","):
		return "", malformed("Unexpected attribute in client-first-message.")
	}
	return rest[1:], nil
}

// final reads client-final-message and, if its proof is right, recovers the ClientKey.
func (s *scramServer) final(message string) (Proof, error) {
	withoutProof, proof, err := s.readFinal(message)
	if err != nil {
		return Proof{}, err
	}
	authMessage := s.firstBare + "," + s.firstOurs + "," + withoutProof
	clientKey := xor(proof, mac(s.verifier.StoredKey.Reveal(), authMessage))
	stored := sha256.Sum256(clientKey)
	signature := mac(s.verifier.ServerKey.Reveal(), authMessage)
	if !hmac.Equal(stored[:], s.verifier.StoredKey.Reveal()) || s.doomed {
		clear(clientKey)
		return Proof{}, failed(s.user)
	}
	return Proof{
		User: s.user, Method: methodSCRAM, verified: true,
		Final:     wire.AppendAuth(nil, wire.AuthSASLFinal, []byte("v="+base64.StdEncoding.EncodeToString(signature))),
		ClientKey: NewSecret(clientKey), ServerKey: NewSecret(bytes.Clone(s.verifier.ServerKey.Reveal())),
		Salt: s.verifier.Salt, Iterations: s.verifier.Iterations,
	}, nil
}

// readFinal checks the binding and the nonce: read_client_final_message, auth-scram.c.
func (s *scramServer) readFinal(message string) (withoutProof string, proof []byte, err error) {
	if err := wellFormed(message); err != nil {
		return "", nil, err
	}
	a := attributes{rest: message}
	binding, err := a.value('c')
	if err != nil {
		return "", nil, err
	}
	if err := s.checkBinding(binding); err != nil {
		return "", nil, err
	}
	both, err := a.value('r')
	if err != nil {
		return "", nil, err
	}
	var value string
	for name := byte(0); name != 'p'; {
		withoutProof = strings.TrimSuffix(message[:len(message)-len(a.rest)], ",")
		if name, value, err = a.any(); err != nil {
			return "", nil, err
		}
	}
	proof, err = unbase64(value)
	if err != nil || len(proof) != keyLen {
		return "", nil, malformed("Malformed proof in client-final-message.")
	}
	if a.rest != "" {
		return "", nil, malformed("Garbage found at the end of client-final-message.")
	}
	if both != s.nonce {
		return "", nil, fatal("08P01", "invalid SCRAM response", "Nonce does not match.")
	}
	return withoutProof, proof, nil
}

func (s *scramServer) checkBinding(got string) error {
	if s.plus {
		want := base64.StdEncoding.EncodeToString(append([]byte("p="+bindingType+",,"), s.binding...))
		if !hmac.Equal([]byte(got), []byte(want)) {
			return fatal("28000", "SCRAM channel binding check failed", "")
		}
		return nil
	}
	if got == base64.StdEncoding.EncodeToString([]byte{s.flag, ',', ','}) {
		return nil
	}
	return fatal("08P01", "unexpected SCRAM channel-binding attribute in client-final-message", "")
}

func wellFormed(message string) error {
	if message == "" {
		return malformed("The message is empty.")
	}
	if strings.IndexByte(message, 0) >= 0 {
		return malformed("Message length does not match input length.")
	}
	return nil
}

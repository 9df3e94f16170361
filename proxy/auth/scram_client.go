package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pgveil/pgveil/proxy/wire"
)

// credential is what we log in upstream with: a password, or the keys that a client's proof gave us.
type credential struct {
	user                 string
	password             Secret
	clientKey, serverKey Secret
	salt                 []byte // of the verifier that the keys belong to
	iterations           int
}

// errServerProof means that the server doesn't know the password: not the one we want to talk to.
var errServerProof = errors.New("the upstream server failed to prove that it knows the password")

// scramClient is the client's side of one exchange, without the socket.
type scramClient struct {
	cred      credential
	mechanism string
	header    string // gs2 header
	binding   []byte
	name      string // n=, which PostgreSQL ignores
	nonce     string

	serverSignature []byte
	proven          bool
}

// newScramClient picks from the mechanisms that the server offers. t describes the TLS layer, nil if there is none.
func newScramClient(cred credential, offered []string, t *wire.TLS, requireBinding bool) (*scramClient, error) {
	s := &scramClient{cred: cred, mechanism: mechanism, header: "n,,", nonce: nonce()}
	plus := slices.Contains(offered, mechanismPlus)
	switch {
	case plus && t == nil: // someone in between has taken TLS off
		return nil, errors.New("the upstream server offers channel binding on a connection in clear")
	case plus && t.EndPoint != nil:
		s.mechanism, s.header, s.binding = mechanismPlus, "p="+bindingType+",,", t.EndPoint
		return s, nil
	case requireBinding:
		return nil, errors.New("channel binding is required, but the upstream server does not offer it")
	case !slices.Contains(offered, mechanism):
		return nil, errors.New("the upstream server offers no SASL mechanism that we know")
	case t != nil && t.EndPoint != nil: // so that a server which did offer it learns that someone took it off
		s.header = "y,,"
	}
	return s, nil
}

func (s *scramClient) firstBare() string { return "n=" + s.name + ",r=" + s.nonce }

// first is client-first-message.
func (s *scramClient) first() string { return s.header + s.firstBare() }

// final reads server-first-message and returns client-final-message.
func (s *scramClient) final(serverFirst string) (string, error) {
	both, salt, iterations, err := s.readFirst(serverFirst)
	if err != nil {
		return "", err
	}
	clientKey, serverKey, err := s.keys(salt, iterations)
	if err != nil {
		return "", err
	}
	withoutProof := "c=" + base64.StdEncoding.EncodeToString(append([]byte(s.header), s.binding...)) + ",r=" + both
	authMessage := s.firstBare() + "," + serverFirst + "," + withoutProof
	stored := sha256.Sum256(clientKey)
	proof := xor(clientKey, mac(stored[:], authMessage))
	s.serverSignature = mac(serverKey, authMessage)
	return withoutProof + ",p=" + base64.StdEncoding.EncodeToString(proof), nil
}

func (s *scramClient) readFirst(message string) (both string, salt []byte, iterations int, err error) {
	bad := func(what string) (string, []byte, int, error) {
		return "", nil, 0, fmt.Errorf("the upstream server's SCRAM message has %s", what)
	}
	if len(message) > maxSASL {
		return bad("an excessive length")
	}
	a := attributes{rest: message}
	both, err1 := a.value('r')
	salt64, err2 := a.value('s')
	count, err3 := a.value('i')
	if err1 != nil || err2 != nil || err3 != nil {
		return bad("the wrong form")
	}
	if len(both) <= len(s.nonce) || !strings.HasPrefix(both, s.nonce) || !printable(both) {
		return bad("a nonce that does not continue ours")
	}
	salt, err = unbase64(salt64)
	if err != nil || len(salt) == 0 {
		return bad("a malformed salt")
	}
	iterations, err = strconv.Atoi(count)
	if err != nil || iterations < 1 || iterations > maxIterations {
		return bad("an iteration count out of bounds")
	}
	return both, salt, iterations, nil
}

// keys are those of the credential, which must fit the server's salt if they were not made from the password now.
func (s *scramClient) keys(salt []byte, iterations int) (clientKey, serverKey []byte, err error) {
	if !s.cred.password.Empty() {
		return deriveKeys(s.cred.password, salt, iterations)
	}
	if !slices.Equal(salt, s.cred.salt) || iterations != s.cred.iterations {
		return nil, nil, &wire.Error{Severity: "FATAL", Code: "28P01",
			Message: fmt.Sprintf("the verifier stored in the proxy for user \"%s\" is not the one stored in the database", s.cred.user),
			Hint:    "The password was changed, or the role does not exist there. Import the verifiers again: pgveil users import."}
	}
	return s.cred.clientKey.Reveal(), s.cred.serverKey.Reveal(), nil
}

// verify reads server-final-message.
func (s *scramClient) verify(serverFinal string) error {
	if s.serverSignature == nil {
		return errors.New("the upstream server ended SCRAM before it began")
	}
	a := attributes{rest: serverFinal}
	v, err := a.value('v')
	if err != nil {
		return errServerProof
	}
	got, err := unbase64(v)
	if err != nil || !hmac.Equal(got, s.serverSignature) {
		return errServerProof
	}
	s.proven = true
	return nil
}

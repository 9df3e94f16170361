package auth

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const (
	// DefaultIterations is the PBKDF2 rounds of a new verifier: PostgreSQL's SCRAM_DEFAULT_ITERATIONS.
	DefaultIterations = 4096
	// maxIterations bounds what a verifier or a server may ask for: about a second of one core.
	maxIterations = 1 << 20

	keyLen  = sha256.Size
	saltLen = 16

	verifierPrefix = "SCRAM-SHA-256$"
)

// Verifier is what PostgreSQL stores for a password (RFC 5803's fields, in the form of pg_authid.rolpassword). It proves
// that a client knows the password and can't itself be used to sign in.
type Verifier struct {
	Iterations           int
	Salt                 []byte
	StoredKey, ServerKey Secret
}

var errVerifier = errors.New("not of the form SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>")

// ParseVerifier reads the stored form. Its errors say nothing of what was in it.
func ParseVerifier(s string) (Verifier, error) {
	rest, ok := strings.CutPrefix(s, verifierPrefix)
	if !ok {
		return Verifier{}, errVerifier
	}
	head, keys, ok1 := strings.Cut(rest, "$")
	count, salt64, ok2 := strings.Cut(head, ":")
	stored64, server64, ok3 := strings.Cut(keys, ":")
	n, err := strconv.Atoi(count)
	if !ok1 || !ok2 || !ok3 || err != nil || count != strconv.Itoa(n) {
		return Verifier{}, errVerifier
	}
	if n < 1 || n > maxIterations {
		return Verifier{}, fmt.Errorf("iterations must be from 1 to %d", maxIterations)
	}
	salt, err1 := unbase64(salt64)
	stored, err2 := unbase64(stored64)
	server, err3 := unbase64(server64)
	if err1 != nil || err2 != nil || err3 != nil || len(salt) == 0 || len(stored) != keyLen || len(server) != keyLen {
		return Verifier{}, errVerifier
	}
	return Verifier{Iterations: n, Salt: salt, StoredKey: NewSecret(stored), ServerKey: NewSecret(server)}, nil
}

// NewVerifier hashes a password with a random salt, as PostgreSQL's CREATE ROLE … PASSWORD. iterations 0 means
// DefaultIterations.
func NewVerifier(password Secret, iterations int) (Verifier, error) {
	if iterations == 0 {
		iterations = DefaultIterations
	}
	if iterations < 1 || iterations > maxIterations {
		return Verifier{}, fmt.Errorf("iterations must be from 1 to %d", maxIterations)
	}
	if password.Empty() {
		return Verifier{}, errors.New("empty password")
	}
	salt := make([]byte, saltLen)
	rand.Read(salt)
	return verifierOf(password, salt, iterations)
}

func verifierOf(password Secret, salt []byte, iterations int) (Verifier, error) {
	clientKey, serverKey, err := deriveKeys(password, salt, iterations)
	if err != nil {
		return Verifier{}, err
	}
	stored := sha256.Sum256(clientKey)
	clear(clientKey)
	return Verifier{Iterations: iterations, Salt: salt, StoredKey: NewSecret(stored[:]), ServerKey: NewSecret(serverKey)}, nil
}

// Encode is the stored form, for a users file or for ALTER ROLE … PASSWORD.
func (v Verifier) Encode() string {
	b := base64.StdEncoding.EncodeToString
	return verifierPrefix + strconv.Itoa(v.Iterations) + ":" + b(v.Salt) + "$" + b(v.StoredKey.Reveal()) + ":" + b(v.ServerKey.Reveal())
}

// deriveKeys is the expensive step, that only a side which knows the password takes: RFC 5802 §3.
func deriveKeys(password Secret, salt []byte, iterations int) (clientKey, serverKey []byte, err error) {
	salted, err := pbkdf2.Key(sha256.New, saslprep(string(password.Reveal())), salt, iterations, keyLen)
	if err != nil {
		return nil, nil, err
	}
	defer clear(salted)
	return mac(salted, "Client Key"), mac(salted, "Server Key"), nil
}

// unbase64 is strict: no white space, no stray bits.
func unbase64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errVerifier
	}
	return base64.StdEncoding.Strict().DecodeString(s)
}

package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// Names and limits of SCRAM in PostgreSQL: RFC 5802, RFC 7677, src/include/common/scram-common.h, src/backend/libpq/auth-sasl.c.
const (
	methodSCRAM = "scram-sha-256"

	mechanism     = "SCRAM-SHA-256"
	mechanismPlus = "SCRAM-SHA-256-PLUS"
	bindingType   = "tls-server-end-point"

	maxSASL     = 1024 // PG_MAX_SASL_MESSAGE_LENGTH
	rawNonceLen = 18   // SCRAM_RAW_NONCE_LEN
)

func mac(key []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}

func xor(a, b []byte) []byte {
	out := make([]byte, len(a))
	for i := range a {
		out[i] = a[i] ^ b[i]
	}
	return out
}

func nonce() string {
	b := make([]byte, rawNonceLen)
	rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}

// attributes reads the a=value,b=value,… of a SCRAM message as PostgreSQL does: read_attr_value and read_any_attr,
// src/backend/libpq/auth-scram.c. A comma at the very end is let pass, as there.
type attributes struct{ rest string }

// any reads the next attribute, whichever it is.
func (a *attributes) any() (name byte, value string, err error) {
	if a.rest == "" {
		return 0, "", malformed("Attribute expected, but found end of string.")
	}
	name = a.rest[0]
	if !(name >= 'a' && name <= 'z' || name >= 'A' && name <= 'Z') {
		return 0, "", malformed("Attribute expected, but found invalid character.")
	}
	if len(a.rest) < 2 || a.rest[1] != '=' {
		return 0, "", malformed("Expected character \"=\" for an attribute.")
	}
	end := 2
	for end < len(a.rest) && a.rest[end] != ',' {
		end++
	}
	value = a.rest[2:end]
	if end < len(a.rest) {
		end++
	}
	a.rest = a.rest[end:]
	return name, value, nil
}

// value reads the next attribute, which must be want.
func (a *attributes) value(want byte) (string, error) {
	if a.rest == "" || a.rest[0] != want {
		return "", malformed("Expected attribute \"" + string(want) + "\".")
	}
	_, v, err := a.any()
	return v, err
}

func malformed(detail string) error { return fatal("08P01", "malformed SCRAM message", detail) }

// printable is RFC 5802's set for a nonce; the comma is excluded by the reader already.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7e || s[i] == ',' {
			return false
		}
	}
	return true
}

package auth

import (
	"bytes"
	"context"

	"github.com/pgveil/pgveil/proxy/wire"
)

// maxPassword bounds a password message, in bytes: PG_MAX_AUTH_TOKEN_LENGTH, src/backend/libpq/auth.c.
const maxPassword = 65535

// Password asks the client for its password, inside TLS only, and leaves it to the upstream login whether it is right: the
// Proof is not Verified. For servers that check passwords by means of their own (LDAP, PAM, RADIUS, md5).
type Password struct{}

// Name is "password".
func (Password) Name() string { return "password" }

// Authenticate asks for the password and takes what it gets.
func (m Password) Authenticate(ctx context.Context, c *wire.Conn, hello wire.Startup, t *wire.TLS) (Proof, error) {
	if t == nil {
		return Proof{}, &wire.Error{Severity: "FATAL", Code: "28000", Message: "password sign-in needs an encrypted connection",
			Hint: "Set sslmode=require, or stronger, in the connection string."}
	}
	defer wire.Bound(ctx, c.Conn)()
	if err := c.Write(wire.AppendAuth(nil, wire.AuthCleartext, nil)); err != nil {
		return Proof{}, err
	}
	body, err := readPassword(c, maxPassword)
	if err != nil {
		return Proof{}, err
	}
	defer clear(body)
	if bytes.IndexByte(body, 0) != len(body)-1 || len(body) == 0 {
		return Proof{}, fatal("08P01", "invalid password packet size", "")
	}
	if len(body) == 1 { // PostgreSQL never takes an empty password; some of the means behind it would
		return Proof{}, failed(hello.User)
	}
	return Proof{User: hello.User, Method: m.Name(), Password: NewSecret(bytes.Clone(body[:len(body)-1]))}, nil
}

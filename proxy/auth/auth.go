// Package auth proves who a client is and logs in upstream. One file a method.
//
// A sign-in has two halves. A Method talks to the client and yields a Proof; a Login spends the Proof upstream and yields
// the server's Greeting. The client is told AuthenticationOk only after both: by Proof.Final, AuthenticationOk and
// Greeting.Append, in this order. An error from either half ends the connection: nothing is answered after it.
package auth

import (
	"context"
	"fmt"
	"time"

	"github.com/pgveil/pgveil/proxy/wire"
)

// Method proves who a client is.
type Method interface {
	// Name is the method's name in configuration and records.
	Name() string
	// Authenticate talks to a client that has sent hello; t describes its TLS layer, nil if in clear. It stops short of
	// AuthenticationOk. An error that is a *wire.Error is for the client to see: wire.Conn.Hangup. Any other is not, as when
	// the client leaves in the middle, which clients do to ask a person for the password.
	Authenticate(ctx context.Context, c *wire.Conn, hello wire.Startup, t *wire.TLS) (Proof, error)
}

// Login opens a session upstream.
type Login interface {
	// Name is the login's name in configuration and records.
	Name() string
	// Login sends the startup message to up and reads all up to the first ReadyForQuery. hello is the client's, in the protocol version
	// that up is to be spoken to. The error is an *UpstreamError to be passed on as it is, or wraps a *wire.Error for the client, or is
	// for the record only. The caller closes up after an error.
	Login(ctx context.Context, up *wire.Conn, hello wire.Startup, p Proof) (Greeting, error)
}

// Proof is what a Method learned from a client. It is a session's; Wipe it once the upstream login is over.
type Proof struct {
	User, Method string
	// Final holds the frames that the client is owed before AuthenticationOk.
	Final []byte
	// ClientKey and ServerKey log in to a server whose verifier has this Salt and these Iterations. ClientKey is worth as
	// much as the password until that is changed.
	ClientKey, ServerKey Secret
	Salt                 []byte
	Iterations           int
	// Password is what the client claims its password to be.
	Password Secret

	verified bool // the Method has proof itself; otherwise the upstream login must yield it
}

// Verified says whether the client is already known to be User. If not, it is once an upstream login with Password succeeds.
func (p Proof) Verified() bool { return p.verified }

// Wipe overwrites the secrets.
func (p *Proof) Wipe() {
	p.ClientKey.Wipe()
	p.ServerKey.Wipe()
	p.Password.Wipe()
}

// failed is the one answer to every sign-in that fails, whatever the cause: auth_failed, src/backend/libpq/auth.c.
func failed(user string) error {
	return &wire.Error{Severity: "FATAL", Code: "28P01",
		Message: fmt.Sprintf("password authentication failed for user \"%s\"", user)}
}

func fatal(code, message, detail string) error {
	return &wire.Error{Severity: "FATAL", Code: code, Message: message, Detail: detail}
}

// readPassword reads one p frame of at most limit bytes, after flushing what is pending. The body is valid until the next
// read.
func readPassword(c *wire.Conn, limit int) ([]byte, error) {
	if err := c.Flush(); err != nil {
		return nil, err
	}
	typ, size, err := c.Next()
	if err != nil {
		return nil, err
	}
	if typ != 'p' {
		return nil, fatal("08P01", "expected a password message", "")
	}
	if size > limit {
		return nil, fatal("08P01", "invalid message length", "")
	}
	return c.Body()
}

// now is the clock unless a test sets another.
func now(f func() time.Time) time.Time {
	if f != nil {
		return f()
	}
	return time.Now()
}

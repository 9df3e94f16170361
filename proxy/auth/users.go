package auth

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// User is one line of a users file.
type User struct {
	Name       string
	Verifier   Verifier
	ValidUntil time.Time // zero: for ever. From this moment on every sign-in fails, as PostgreSQL's VALID UNTIL
}

func (u User) validAt(t time.Time) bool { return u.ValidUntil.IsZero() || t.Before(u.ValidUntil) }

func (u User) encode() string {
	s := quote(u.Name) + " " + u.Verifier.Encode()
	if !u.ValidUntil.IsZero() {
		s += " " + u.ValidUntil.UTC().Format(time.RFC3339Nano)
	}
	return s
}

// Users is an immutable snapshot of a users file. The zero value knows no one.
type Users struct {
	byName map[string]User
	lines  []line // the file as it stands, for rewriting it
	secret Secret // of the mock verifiers: the same in every proxy that shares the file
	shape  Verifier
}

// line is one line of the file: a user's, the mock secret's, or else text.
type line struct {
	text, user string
	mock       bool
}

const (
	// mockDirective starts the line that holds the secret of the mock verifiers.
	mockDirective = "@mock"
	mockSecretLen = 32
	// maxName is NAMEDATALEN-1, in bytes.
	maxName = 63
)

// NewUsers is an empty snapshot with a new mock secret.
func NewUsers() *Users {
	b := make([]byte, mockSecretLen)
	rand.Read(b)
	u := &Users{secret: NewSecret(b)}
	u.lines = []line{
		{text: "# Users of pgveil: name, verifier, and if it ends, until when. See pgveil users."},
		{mock: true},
	}
	return u.finish()
}

// Lookup finds a user by the exact name.
func (u *Users) Lookup(name string) (User, bool) {
	x, ok := u.byName[name]
	return x, ok
}

// Names is every name, in the file's order.
func (u *Users) Names() []string {
	var names []string
	for _, l := range u.lines {
		if l.user != "" {
			names = append(names, l.user)
		}
	}
	return names
}

// With is a copy in which x replaces the user of that name or comes last.
func (u *Users) With(x User) (*Users, error) {
	if err := checkName(x.Name); err != nil {
		return nil, err
	}
	if x.Verifier.Iterations < 1 || len(x.Verifier.StoredKey.Reveal()) != keyLen || len(x.Verifier.ServerKey.Reveal()) != keyLen {
		return nil, errors.New("no verifier")
	}
	c := u.clone()
	if _, known := c.byName[x.Name]; !known {
		c.lines = append(c.lines, line{user: x.Name})
	}
	c.byName[x.Name] = x
	return c.finish(), nil
}

// Without is a copy without the user of that name.
func (u *Users) Without(name string) *Users {
	c := u.clone()
	delete(c.byName, name)
	c.lines = slices.DeleteFunc(c.lines, func(l line) bool { return l.user == name && name != "" })
	return c.finish()
}

func (u *Users) clone() *Users {
	c := &Users{byName: make(map[string]User, len(u.byName)+1), lines: slices.Clone(u.lines), secret: u.secret}
	for name, x := range u.byName {
		c.byName[name] = x
	}
	return c
}

// finish settles what mock verifiers look like: as most of the real ones do.
func (u *Users) finish() *Users {
	type shape struct{ iterations, salt int }
	count := map[shape]int{{DefaultIterations, saltLen}: 0}
	best := shape{DefaultIterations, saltLen}
	for _, x := range u.byName {
		s := shape{x.Verifier.Iterations, len(x.Verifier.Salt)}
		count[s]++
		if count[s] > count[best] || count[s] == count[best] && (s.iterations < best.iterations || s.iterations == best.iterations && s.salt < best.salt) {
			best = s
		}
	}
	u.shape = Verifier{Iterations: best.iterations, Salt: make([]byte, best.salt)}
	return u
}

// mock is a verifier for a user who has none: always the same for the same name, and not to be told from a real one.
// PostgreSQL: mock_scram_secret, src/backend/libpq/auth-scram.c.
func (u *Users) mock(name string) Verifier {
	v := Verifier{Iterations: u.shape.Iterations}
	if v.Iterations == 0 {
		v.Iterations = DefaultIterations
	}
	size := max(len(u.shape.Salt), 1)
	if u.shape.Salt == nil {
		size = saltLen
	}
	for len(v.Salt) < size {
		v.Salt = append(v.Salt, mac(u.secret.Reveal(), "salt", string(v.Salt), "\x00", name)...)
	}
	v.Salt = v.Salt[:size]
	v.StoredKey = NewSecret(mac(u.secret.Reveal(), "stored\x00", name))
	v.ServerKey = NewSecret(mac(u.secret.Reveal(), "server\x00", name))
	return v
}

// Encode is the file's text.
func (u *Users) Encode() []byte {
	var b strings.Builder
	for _, l := range u.lines {
		switch {
		case l.mock:
			b.WriteString(mockDirective + " " + base64.StdEncoding.EncodeToString(u.secret.Reveal()))
		case l.user != "":
			b.WriteString(u.byName[l.user].encode())
		default:
			b.WriteString(l.text)
		}
		b.WriteByte('\n')
	}
	return []byte(b.String())
}

func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("empty user name")
	case len(name) > maxName:
		return fmt.Errorf("user name longer than %d bytes", maxName)
	case strings.ContainsAny(name, "\x00\r\n"):
		return errors.New("user name with a line end or zero byte")
	}
	return nil
}

var bare = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.$-]*$`)

func quote(name string) string {
	if bare.MatchString(name) {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

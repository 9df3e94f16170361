package auth

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ParseUsers reads a users file:
//
//	# a comment
//	@mock "base64"                                        the secret of the mock verifiers, at most once
//	alice        SCRAM-SHA-256$4096:salt$stored:server
//	"odd name"   "SCRAM-SHA-256$…"   2027-01-31T00:00:00Z   until when, if it ends (RFC 3339)
//
// A quote within quotes is doubled, as in PgBouncer's userlist.txt. It reports every wrong line as "file:line: …", without
// what is in it.
func ParseUsers(file string, text []byte) (*Users, error) {
	u := &Users{byName: map[string]User{}}
	var problems []error
	for i, text := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		text = strings.TrimSuffix(text, "\r")
		if err := u.parseLine(text); err != nil {
			problems = append(problems, fmt.Errorf("%s:%d: %w", file, i+1, err))
		}
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return u.finish(), nil
}

func (u *Users) parseLine(text string) error {
	trimmed := strings.Trim(text, " \t")
	if trimmed == "" || trimmed[0] == '#' {
		u.lines = append(u.lines, line{text: text})
		return nil
	}
	f, err := fields(trimmed)
	if err != nil {
		return err
	}
	if trimmed[0] == '@' {
		u.lines = append(u.lines, line{mock: true})
		return u.parseMock(f)
	}
	x, err := parseUser(f)
	if err != nil {
		return err
	}
	if _, twice := u.byName[x.Name]; twice {
		return errors.New("this user is defined twice")
	}
	u.byName[x.Name] = x
	u.lines = append(u.lines, line{user: x.Name})
	return nil
}

func (u *Users) parseMock(f []string) error {
	if f[0] != mockDirective || len(f) != 2 {
		return errors.New("only @mock and its secret may start with @")
	}
	if !u.secret.Empty() {
		return errors.New("@mock is given twice")
	}
	b, err := unbase64(f[1])
	if err != nil || len(b) < mockSecretLen {
		return fmt.Errorf("@mock needs at least %d bytes in base64", mockSecretLen)
	}
	u.secret = NewSecret(b)
	return nil
}

func parseUser(f []string) (User, error) {
	if len(f) < 2 || len(f) > 3 {
		return User{}, errors.New("a line has a name, a verifier, and perhaps an end of validity")
	}
	if err := checkName(f[0]); err != nil {
		return User{}, err
	}
	v, err := ParseVerifier(f[1])
	if err != nil {
		return User{}, fmt.Errorf("verifier: %w", err)
	}
	x := User{Name: f[0], Verifier: v}
	if len(f) == 3 {
		if x.ValidUntil, err = time.Parse(time.RFC3339Nano, f[2]); err != nil || x.ValidUntil.IsZero() {
			return User{}, errors.New("end of validity: not a time like 2027-01-31T00:00:00Z")
		}
	}
	return x, nil
}

// fields splits a line at blanks; a field may be quoted as a whole.
func fields(s string) ([]string, error) {
	var out []string
	for s != "" {
		var f string
		if s[0] == '"' {
			var err error
			if f, s, err = quoted(s[1:]); err != nil {
				return nil, err
			}
		} else {
			end := strings.IndexAny(s, " \t\"")
			if end < 0 {
				end = len(s)
			}
			f, s = s[:end], s[end:]
		}
		out = append(out, f)
		rest := strings.TrimLeft(s, " \t")
		if rest != "" && len(rest) == len(s) {
			return nil, errors.New("a blank is missing between two fields")
		}
		s = rest
	}
	return out, nil
}

// quoted reads up to the closing quote; the opening one is gone.
func quoted(s string) (field, rest string, err error) {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '"')
		if i < 0 {
			return "", "", errors.New("a quote is not closed")
		}
		b.WriteString(s[:i])
		s = s[i+1:]
		if !strings.HasPrefix(s, `"`) {
			return b.String(), s, nil
		}
		b.WriteByte('"')
		s = s[1:]
	}
}

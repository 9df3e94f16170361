package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxSecret bounds a secret's file.
const maxSecret = 64 << 10

// Secret is a reference to a secret: env:NAME for an environment variable, file:PATH for a file's content without its last
// line end. It prints as the reference in every format, and holds nothing else. The zero value refers to nothing.
type Secret struct{ ref string }

func (s *Secret) parse(text, dir string) error {
	// The text may be a password that somebody wrote here: no error repeats it.
	if name, ok := strings.CutPrefix(text, "env:"); ok {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			return errors.New("env: is followed by the name of an environment variable")
		}
		s.ref = text
		return nil
	}
	if rest, ok := strings.CutPrefix(text, "file:"); ok {
		path, err := filePath(rest, dir)
		if err != nil {
			return err
		}
		s.ref = "file:" + string(path)
		return nil
	}
	return errors.New("a secret is given by reference, env:NAME or file:PATH, never inline")
}

// IsSet tells whether s refers to something.
func (s Secret) IsSet() bool { return s.ref != "" }

// IsZero is how the YAML encoder asks whether to leave s out.
func (s Secret) IsZero() bool { return s.ref == "" }

// String is the reference.
func (s Secret) String() string { return s.ref }

// GoString is the reference, for %#v.
func (s Secret) GoString() string { return "config.Secret(" + s.ref + ")" }

// MarshalText is the reference.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.ref), nil }

// Resolve reads the secret now: the variable or the file. A file that every user of the machine can read is refused.
// An unset variable and an empty secret are errors. Errors name the reference, never the content.
func (s Secret) Resolve() (string, error) {
	var value string
	if name, ok := strings.CutPrefix(s.ref, "env:"); ok {
		v, ok := os.LookupEnv(name)
		if !ok {
			return "", fmt.Errorf("%s: the environment variable is not set", s.ref)
		}
		value = v
	} else if path, ok := strings.CutPrefix(s.ref, "file:"); ok {
		v, err := readSecret(path)
		if err != nil {
			return "", fmt.Errorf("%s: %w", s.ref, err)
		}
		value = v
	} else {
		return "", errors.New("no secret is configured")
	}
	if value == "" {
		return "", fmt.Errorf("%s: the secret is empty", s.ref)
	}
	return value, nil
}

func readSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return "", err
	}
	if st.Mode().IsRegular() && st.Mode().Perm()&0o004 != 0 {
		return "", fmt.Errorf("every user of this machine can read it (mode %04o); chmod 0600", st.Mode().Perm())
	}
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", err
	}
	if len(b) > maxSecret {
		return "", fmt.Errorf("longer than %d bytes", maxSecret)
	}
	v := strings.TrimSuffix(string(b), "\n")
	return strings.TrimSuffix(v, "\r"), nil
}

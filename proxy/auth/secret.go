package auth

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[secret]"

// Secret holds bytes that no log, error or dump may show: every way of printing it prints a name. The bytes are in a
// closure, because fmt does not ask the methods of a Secret in an unexported field, and follows pointers.
type Secret struct{ bytes func() *[]byte }

// NewSecret takes b over; the caller must not use it afterwards.
func NewSecret(b []byte) Secret { return Secret{bytes: func() *[]byte { return &b }} }

// Reveal is the bytes themselves, not a copy.
func (s Secret) Reveal() []byte {
	if s.bytes == nil {
		return nil
	}
	return *s.bytes()
}

// Empty says that there are no bytes.
func (s Secret) Empty() bool { return len(s.Reveal()) == 0 }

// Wipe overwrites the bytes and forgets them, in all copies of s.
func (s Secret) Wipe() {
	if s.bytes != nil {
		clear(*s.bytes())
		*s.bytes() = nil
	}
}

func (s Secret) String() string               { return redacted }
func (s Secret) GoString() string             { return redacted }
func (s Secret) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
func (s Secret) MarshalYAML() (any, error)    { return redacted, nil }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }

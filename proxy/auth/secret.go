package auth

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[secret]"

// Secret holds bytes that no log, error or dump may show: every way of printing it prints a name. The bytes are behind a
// pointer, so that even printing a struct with an unexported Secret in it shows an address.
type Secret struct{ p *[]byte }

// NewSecret takes b over; the caller must not use it afterwards.
func NewSecret(b []byte) Secret { return Secret{p: &b} }

// Reveal is the bytes themselves, not a copy.
func (s Secret) Reveal() []byte {
	if s.p == nil {
		return nil
	}
	return *s.p
}

// Empty says that there are no bytes.
func (s Secret) Empty() bool { return len(s.Reveal()) == 0 }

// Wipe overwrites the bytes and forgets them, in all copies of s.
func (s Secret) Wipe() {
	if s.p != nil {
		clear(*s.p)
		*s.p = nil
	}
}

func (s Secret) String() string               { return redacted }
func (s Secret) GoString() string             { return redacted }
func (s Secret) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
func (s Secret) MarshalYAML() (any, error)    { return redacted, nil }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }

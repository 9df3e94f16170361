package crypto

import (
	"fmt"
	"io"
	"log/slog"
)

// redacted is embedded by unexported types that hold key material: however they are printed, only this word shows.
type redacted struct{}

const redactedText = "[key material]"

func (redacted) String() string                 { return redactedText }
func (redacted) GoString() string               { return redactedText }
func (redacted) Format(s fmt.State, _ rune)     { _, _ = io.WriteString(s, redactedText) }
func (redacted) MarshalText() ([]byte, error)   { return []byte(redactedText), nil }
func (redacted) MarshalJSON() ([]byte, error)   { return []byte(`"` + redactedText + `"`), nil }
func (redacted) MarshalBinary() ([]byte, error) { return []byte(redactedText), nil }
func (redacted) LogValue() slog.Value           { return slog.StringValue(redactedText) }

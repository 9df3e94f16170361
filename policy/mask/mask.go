// Package mask shows part of a value. A mask never shows more than its name says: when a value is too short or does not have
// the form that the mask expects, nothing of it is shown.
package mask

import (
	"fmt"
	"strconv"
	"strings"
)

// Mask turns a value's text form into what may be shown of it. Implementations are immutable, safe for concurrent use and
// defined for every input, valid UTF-8 or not. NULL stays NULL and is never given to a Mask.
type Mask interface {
	// Apply returns what may be shown of text.
	Apply(text string) string
	// Append appends what may be shown of text to dst. dst and text must not overlap.
	Append(dst, text []byte) []byte
	// String is the mask as a policy file writes it, for example "last(4)". It never holds a key.
	String() string
}

// Hidden stands for the characters that a mask takes away. Its length says nothing about theirs.
const Hidden = "***"

// RedactedText is what Redact shows of every value.
const RedactedText = "[redacted]"

// MaxShown bounds n in last(n) and first(n).
const MaxShown = 64

// Null shows nothing at all: a caller that can, sends NULL instead of calling it. It is the policy's "null".
type Null struct{}

// Apply returns the empty text; see Null.
func (Null) Apply(string) string { return "" }

// Append returns dst; see Null.
func (Null) Append(dst, _ []byte) []byte { return dst }

func (Null) String() string { return "null" }

// Redact shows RedactedText, whatever the value.
type Redact struct{}

// Apply returns RedactedText.
func (Redact) Apply(string) string { return RedactedText }

// Append appends RedactedText.
func (Redact) Append(dst, _ []byte) []byte { return append(dst, RedactedText...) }

func (Redact) String() string { return "redact" }

// Names are the kinds that Parse knows, as a policy file writes them.
func Names() []string {
	return []string{"null", "redact", "last(n)", "first(n)", "email", "hash"}
}

// Parse reads a mask as a policy file writes it: null, redact, last(n), first(n), email or hash. A hash shows nothing until
// it is given a key with Bind. The error names the nearest kind and never more of s than a policy file's author wrote.
func Parse(s string) (Mask, error) {
	name, arg, hasArg := strings.Cut(strings.TrimSpace(s), "(")
	name = strings.TrimSpace(name)
	if !hasArg {
		switch name {
		case "null":
			return Null{}, nil
		case "redact":
			return Redact{}, nil
		case "email":
			return Email{}, nil
		case "hash":
			return &Hash{}, nil
		case "last", "first":
			return nil, fmt.Errorf("mask %q needs the number of characters to show, for example %s(4)", name, name)
		}
		return nil, unknown(s, name)
	}
	body, closed := strings.CutSuffix(strings.TrimSpace(arg), ")")
	switch name {
	case "last", "first":
		n, err := strconv.Atoi(strings.TrimSpace(body))
		if !closed || err != nil || n < 1 || n > MaxShown {
			return nil, fmt.Errorf("mask %q: want %s(n) with n from 1 to %d", s, name, MaxShown)
		}
		if name == "last" {
			return Last{n: n}, nil
		}
		return First{n: n}, nil
	case "null", "redact", "email", "hash":
		return nil, fmt.Errorf("mask %q: %s takes no argument", s, name)
	}
	return nil, unknown(s, name)
}

// unknown names the kind that starts as name does: no two start with the same letter.
func unknown(s, name string) error {
	for _, kind := range Names() {
		if name != "" && kind[0] == name[0]|0x20 {
			return fmt.Errorf("unknown mask %q; did you mean %q?", s, kind)
		}
	}
	return fmt.Errorf("unknown mask %q; expected one of %s", s, strings.Join(Names(), ", "))
}

package proxy

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestTextField: fields are escaped byte by byte as a simple reference does it, come back as they were, and what escapes needn't have been
// written so is read as the reference reads it.
func TestTextField(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	letters := "abc|\t\\\\\n\r\v\x00\x01\x1f\x7f\x80\xff .N0127x4" + strings.Repeat("plain", 20)
	buf := make([]byte, 0, 4)
	for range 50_000 {
		v := make([]byte, r.IntN(40))
		for i := range v {
			v[i] = letters[r.IntN(len(letters))]
		}
		delimiter := "\t|a,"[r.IntN(4)]
		text := appendTextField([]byte("-"), v, delimiter)
		if want := slowTextField(v, delimiter); string(text[1:]) != want {
			t.Fatalf("%q with %q: %q, not %q", v, delimiter, text[1:], want)
		}
		if back := textValue(&buf, text[1:]); !bytes.Equal(back, v) {
			t.Fatalf("%q comes back as %q", v, back)
		}
		kept := bytes.Clone(v)
		if got, want := textValue(&buf, v), slowTextValue(v); string(got) != string(want) || !bytes.Equal(v, kept) {
			t.Fatalf("%q is read as %q, not %q", kept, got, want)
		}
	}
}

func slowTextField(v []byte, delimiter byte) string {
	var s strings.Builder
	for _, c := range v {
		k := strings.IndexByte(controls, c)
		switch {
		case k >= 0:
			s.WriteString(`\` + controlNames[k:k+1])
		case c == '\\' || c == delimiter:
			s.Write([]byte{'\\', c})
		default:
			s.WriteByte(c)
		}
	}
	return s.String()
}

func slowTextValue(raw []byte) []byte {
	var v []byte
	for at := 0; at < len(raw); {
		c := raw[at]
		at++
		if c == '\\' {
			if at == len(raw) {
				break
			}
			c, at = escapedByte(raw, at)
		}
		v = append(v, c)
	}
	return v
}

package value

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Normalize appends the normalised form of a canonical text: steps are nfc, lower, trim and unaccent, joined by commas, done in
// that order. What each does is written in docs/operations.md. The type tag is not part of the result. On error dst is
// returned unchanged.
func Normalize(dst, canonical []byte, steps string) ([]byte, error) {
	if len(canonical) == 0 || Tag(canonical[0]) != TagText && Tag(canonical[0]) != TagBpchar && Tag(canonical[0]) != TagCitext {
		return dst, corrupted("its type is not the column's")
	}
	b := canonical[1:]
	for step := range strings.SplitSeq(steps, ",") {
		switch step {
		case "nfc":
			b = norm.NFC.Bytes(b)
		case "lower":
			b = lower(b)
		case "trim":
			b = bytes.Trim(b, " ")
		case "unaccent":
			b = unaccent(b)
		default:
			return dst, fail(stateInternal, "values cannot be normalised by "+step)
		}
	}
	return append(dst, b...), nil
}

// lower maps each character to its simple lower case, as towlower() of the C library does.
func lower(b []byte) []byte {
	ascii := true
	for _, c := range b {
		ascii = ascii && c < utf8.RuneSelf
	}
	if ascii {
		return bytes.ToLower(b)
	}
	out := make([]byte, 0, len(b)+8)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		out = utf8.AppendRune(out, unicode.ToLower(r))
		b = b[n:]
	}
	return out
}

// unaccent takes nonspacing marks away.
func unaccent(b []byte) []byte {
	var out []byte
	for d := norm.NFD.Bytes(b); len(d) > 0; {
		r, n := utf8.DecodeRune(d)
		if !unicode.Is(unicode.Mn, r) {
			out = append(out, d[:n]...)
		}
		d = d[n:]
	}
	return norm.NFC.Bytes(out)
}

package sql

import (
	"strings"
	"unicode/utf8"
)

// maxNormalized bounds the result of Normalize, in bytes.
const maxNormalized = 32 << 10

// Normalize is a text for the record: every constant is replaced by ?, comments are left out, white space is one blank. It never
// holds a value: where it can't tell a constant's end for sure, because the client's encoding or standard_conforming_strings
// may differ, it ends with "…" instead. What SET and ALTER … SET assign counts as a constant.
func Normalize(text string) string {
	var b strings.Builder
	if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
		return "…"
	}
	last := 0
	first, setting := "", false // the statement's first word; whether it assigns settings
	for at := 0; b.Len() < maxNormalized; {
		t, ok := nextToken(text, at)
		if !ok {
			if t.Start < len(text) {
				b.WriteString(" …")
			}
			return b.String()
		}
		word := text[t.Start:t.End]
		if b.Len() > 0 && (t.Start > last || at == 0) {
			b.WriteByte(' ')
		}
		at, last = t.End, t.End
		switch {
		case t.Kind == KindString && strings.IndexByte(word, '\\') >= 0:
			return b.String() + "…"
		case constantKind(t.Kind) || setting && assigned(b.String()):
			b.WriteByte('?')
		default:
			b.WriteString(word)
		}
		switch {
		case word == ";":
			first, setting = "", false
		case first == "":
			first = strings.ToLower(word)
			setting = first == "set"
		case first == "alter" && strings.EqualFold(word, "set"):
			setting = true
		}
	}
	return b.String() + "…"
}

// assigned is true when what has been written ends with = or TO, so that a value comes next.
func assigned(written string) bool {
	written = strings.TrimRight(written, " ")
	n := len(written)
	return strings.HasSuffix(written, "=") || n > 3 && strings.EqualFold(written[n-3:], " to")
}

func constantKind(k Kind) bool {
	switch k {
	case KindString, KindEString, KindUString, KindBitString, KindHexString, KindDollar, KindInteger, KindFloat:
		return true
	}
	return false
}

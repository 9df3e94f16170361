package mask

import (
	"bytes"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// Last shows the last n characters (Unicode code points) after Hidden, provided that at least as many stay hidden: a value of
// fewer than 2n characters, or one that is not valid UTF-8, shows none.
type Last struct{ n int }

// First shows the first n characters before Hidden, under the same condition as Last.
type First struct{ n int }

// Apply returns what may be shown of text.
func (m Last) Apply(text string) string { return apply(m, text) }

// Append appends what may be shown of text.
func (m Last) Append(dst, text []byte) []byte {
	dst = append(dst, Hidden...)
	if !longEnough(text, m.n) {
		return dst
	}
	i := len(text)
	for range m.n {
		_, size := utf8.DecodeLastRune(text[:i])
		i -= size
	}
	return append(dst, text[i:]...)
}

func (m Last) String() string { return "last(" + strconv.Itoa(m.n) + ")" }

// Apply returns what may be shown of text.
func (m First) Apply(text string) string { return apply(m, text) }

// Append appends what may be shown of text.
func (m First) Append(dst, text []byte) []byte {
	if longEnough(text, m.n) {
		i := 0
		for range m.n {
			_, size := utf8.DecodeRune(text[i:])
			i += size
		}
		dst = append(dst, text[:i]...)
	}
	return append(dst, Hidden...)
}

func (m First) String() string { return "first(" + strconv.Itoa(m.n) + ")" }

// longEnough is false for the zero n, so that a zero Last or First shows nothing.
func longEnough(text []byte, n int) bool {
	return n > 0 && utf8.Valid(text) && utf8.RuneCount(text) >= 2*n
}

// Email shows the first character of the local part and the domain: a***@example.org. A local part of one character, or one
// that does not start with a letter or digit, shows none of it. What has not the form of an address (one or more characters,
// "@", then a host name of letters, digits, dots and hyphens, at most 253 bytes) shows nothing.
type Email struct{}

// maxHost is the longest host name, in bytes (RFC 1035, section 2.3.4, without the final dot).
const maxHost = 253

// Apply returns what may be shown of text.
func (m Email) Apply(text string) string { return apply(m, text) }

// Append appends what may be shown of text.
func (m Email) Append(dst, text []byte) []byte {
	at := bytes.LastIndexByte(text, '@')
	if at < 1 || !utf8.Valid(text) || !hostName(text[at+1:]) {
		return append(dst, Hidden...)
	}
	if r, size := utf8.DecodeRune(text); size < at && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
		dst = append(dst, text[:size]...)
	}
	dst = append(dst, Hidden...)
	return append(dst, text[at:]...)
}

func (Email) String() string { return "email" }

func hostName(host []byte) bool {
	if len(host) == 0 || len(host) > maxHost || host[0] == '.' || host[len(host)-1] == '.' {
		return false
	}
	for _, r := range string(host) {
		if r != '-' && r != '.' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return false
		}
	}
	return true
}

func apply(m Mask, text string) string { return string(m.Append(nil, []byte(text))) }

// Shown is n, the number of characters shown.
func (m Last) Shown() int { return m.n }

// Shown is n, the number of characters shown.
func (m First) Shown() int { return m.n }

package value

import "bytes"

// PatternKind is what a LIKE pattern asks of the order of texts.
type PatternKind uint8

// The kinds of patterns.
const (
	// PatternOther cannot be answered by the order of texts: a wildcard stands before the end.
	PatternOther PatternKind = iota
	// PatternExact has no wildcard: it matches one text.
	PatternExact
	// PatternPrefix is text and one or more % behind it.
	PatternPrefix
)

// LeadingText reads a LIKE pattern whose escape character is \ and appends the text that it begins with, unescaped, to dst:
// what a match is or starts with. A pattern that ends in a lone \ is PostgreSQL's error 22025. Source: MatchText,
// src/backend/utils/adt/like_match.c.
func LeadingText(dst, pattern []byte) ([]byte, PatternKind, error) {
	for i := 0; i < len(pattern); i++ {
		switch pattern[i] {
		case '\\':
			if i++; i == len(pattern) {
				return dst, PatternOther, fail(stateEscape, "LIKE pattern must not end with escape character")
			}
		case '_':
			return dst, PatternOther, nil
		case '%':
			if len(bytes.Trim(pattern[i:], "%")) == 0 {
				return dst, PatternPrefix, nil
			}
			return dst, PatternOther, nil
		}
		dst = append(dst, pattern[i])
	}
	return dst, PatternExact, nil
}

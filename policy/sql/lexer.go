package sql

import "strings"

// Kind is the lexical kind of a Token.
type Kind uint8

// The kinds of tokens, as PostgreSQL's scanner tells them apart.
const (
	KindNone      Kind = iota
	KindWord           // unquoted identifier or key word
	KindQuoted         // "…"
	KindUQuoted        // U&"…", without UESCAPE
	KindString         // '…', continuation lines included
	KindEString        // E'…'
	KindUString        // U&'…', without UESCAPE
	KindBitString      // B'…'
	KindHexString      // X'…'
	KindDollar         // $$…$$
	KindInteger        // 1, 0x1f, 1_000
	KindFloat          // 1.5, 1e3, .5
	KindParam          // $1
	KindOperator       // + <> @> and the like, single characters too
	KindPunct          // ( ) [ ] , ; . : and :: := ..
)

// Token is one lexical element: text[Start:End].
type Token struct {
	Kind       Kind
	Start, End int
}

// Character classes of src/backend/parser/scan.l.
const (
	isSpace = 1 << iota
	isIdentStart
	isIdentCont
	isDigit
	isOperator
	isTagCont // may follow in a dollar quote's tag
	isHex
)

var classes = makeClasses()

func makeClasses() (t [256]uint8) {
	for i := range t {
		c := byte(i)
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= 0x80
		digit := c >= '0' && c <= '9'
		if strings.IndexByte(" \t\n\r\f\v", c) >= 0 {
			t[i] |= isSpace
		}
		if letter {
			t[i] |= isIdentStart
		}
		if letter || digit {
			t[i] |= isIdentCont | isTagCont
		}
		if c == '$' {
			t[i] |= isIdentCont
		}
		if digit {
			t[i] |= isDigit
		}
		if digit || c|0x20 >= 'a' && c|0x20 <= 'f' {
			t[i] |= isHex
		}
		if strings.IndexByte("~!@#^&|`?+-*/%<>=", c) >= 0 {
			t[i] |= isOperator
		}
	}
	return t
}

func class(text string, at int, want uint8) bool {
	return at < len(text) && classes[text[at]]&want != 0
}

// nextToken returns the first token that begins at or after at, skipping white space and comments. It follows
// src/backend/parser/scan.l of PostgreSQL 17 with standard_conforming_strings on, token for token. It returns false at the end of
// the text, with Start at the text's length, and where the scanner would raise an error, with Start at the bad element.
func nextToken(text string, at int) (Token, bool) {
	at, ok := skipBlank(text, at)
	if !ok || at >= len(text) {
		return Token{Start: at, End: at}, false
	}
	kind, end := scanToken(text, at)
	if end < 0 {
		return Token{Start: at, End: at}, false
	}
	return Token{kind, at, end}, true
}

// skipBlank skips white space and comments; false when a block comment has no end.
func skipBlank(text string, at int) (int, bool) {
	for at < len(text) {
		c := text[at]
		switch {
		case classes[c]&isSpace != 0:
			at++
		case c == '-' && at+1 < len(text) && text[at+1] == '-':
			at = lineEnd(text, at)
		case c == '/' && at+1 < len(text) && text[at+1] == '*':
			end, _ := blockCommentEnd(text, at)
			if end < 0 {
				return at, false
			}
			at = end
		default:
			return at, true
		}
	}
	return at, true
}

func lineEnd(text string, at int) int {
	for at < len(text) && text[at] != '\n' && text[at] != '\r' {
		at++
	}
	return at
}

// blockCommentEnd returns the offset after the comment that begins at at, -1 when it has no end, and whether it holds another
// comment.
func blockCommentEnd(text string, at int) (end int, nested bool) {
	depth := 0
	for at+1 < len(text) {
		switch {
		case text[at] == '/' && text[at+1] == '*':
			depth++
			nested = nested || depth > 1
			at += 2
		case text[at] == '*' && text[at+1] == '/':
			depth--
			at += 2
			if depth == 0 {
				return at, nested
			}
		default:
			at++
		}
	}
	return -1, nested
}

// scanToken scans the token at at, which is no blank. end is -1 for an error.
func scanToken(text string, at int) (kind Kind, end int) {
	c := text[at]
	switch {
	case classes[c]&isIdentStart != 0:
		return scanWord(text, at)
	case c == '\'':
		return KindString, quotedEnd(text, at, '\'', true)
	case c == '"':
		end := doubledEnd(text, at, '"')
		if end == at+2 {
			return KindNone, -1 // "": zero-length delimited identifier
		}
		return KindQuoted, end
	case c == '$':
		return scanDollar(text, at)
	case classes[c]&isDigit != 0, c == '.' && class(text, at+1, isDigit):
		return scanNumber(text, at)
	case classes[c]&isOperator != 0:
		return KindOperator, operatorEnd(text, at)
	case c == ':' && at+1 < len(text) && (text[at+1] == ':' || text[at+1] == '='),
		c == '.' && at+1 < len(text) && text[at+1] == '.':
		return KindPunct, at + 2
	}
	return KindPunct, at + 1
}

func scanWord(text string, at int) (Kind, int) {
	if at+1 < len(text) && text[at+1] == '\'' {
		switch text[at] {
		case 'e', 'E':
			return KindEString, escapedEnd(text, at+1)
		case 'b', 'B':
			return KindBitString, quotedEnd(text, at+1, '\'', false)
		case 'x', 'X':
			return KindHexString, quotedEnd(text, at+1, '\'', false)
		}
	}
	if (text[at] == 'u' || text[at] == 'U') && at+2 < len(text) && text[at+1] == '&' {
		switch text[at+2] {
		case '\'':
			return KindUString, quotedEnd(text, at+2, '\'', true)
		case '"':
			end := doubledEnd(text, at+2, '"')
			if end == at+4 {
				return KindNone, -1
			}
			return KindUQuoted, end
		}
	}
	end := at + 1
	for class(text, end, isIdentCont) {
		end++
	}
	return KindWord, end
}

// doubledEnd returns the offset after the quoted element whose opening quote is at at, in which a doubled quote stands for one.
func doubledEnd(text string, at int, quote byte) int {
	for i := at + 1; i < len(text); i++ {
		if text[i] != quote {
			continue
		}
		if i+1 < len(text) && text[i+1] == quote {
			i++
			continue
		}
		return i + 1
	}
	return -1
}

// quotedEnd is doubledEnd for string constants, which may be continued after a line break. Bit strings have no doubled quotes.
func quotedEnd(text string, at int, quote byte, doubled bool) int {
	for {
		end := -1
		if doubled {
			end = doubledEnd(text, at, quote)
		} else if i := strings.IndexByte(text[at+1:], quote); i >= 0 {
			end = at + 1 + i + 1
		}
		if end < 0 {
			return -1
		}
		next := continuation(text, end)
		if next < 0 {
			return end
		}
		at = next
	}
}

// escapedEnd is quotedEnd for E'…'; at is the quote.
func escapedEnd(text string, at int) int {
	for i := at + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '\'':
			if i+1 < len(text) && text[i+1] == '\'' {
				i++
				continue
			}
			next := continuation(text, i+1)
			if next < 0 {
				return i + 1
			}
			i = next
		}
	}
	return -1
}

// continuation returns the offset of the quote that continues a string constant which ended at at, -1 when there is none:
// white space with a line break, -- comments included, must stand between.
func continuation(text string, at int) int {
	newline := false
	for at < len(text) {
		c := text[at]
		switch {
		case c == '\n' || c == '\r':
			newline = true
			at++
		case classes[c]&isSpace != 0:
			at++
		case c == '-' && at+1 < len(text) && text[at+1] == '-':
			at = lineEnd(text, at)
		case c == '\'' && newline:
			return at
		default:
			return -1
		}
	}
	return -1
}

func scanDollar(text string, at int) (Kind, int) {
	i := at + 1
	if class(text, i, isDigit) {
		for class(text, i, isDigit) {
			i++
		}
		if class(text, i, isIdentStart) {
			return KindNone, -1 // $1a
		}
		return KindParam, i
	}
	if class(text, i, isIdentStart) {
		for class(text, i, isTagCont) {
			i++
		}
	}
	if i >= len(text) || text[i] != '$' {
		return KindPunct, at + 1 // a lone $, which the grammar refuses
	}
	tag := text[at : i+1]
	n := strings.Index(text[i+1:], tag)
	if n < 0 {
		return KindNone, -1
	}
	return KindDollar, i + 1 + n + len(tag)
}

func operatorEnd(text string, at int) int {
	end := at
	for class(text, end, isOperator) {
		if end > at && end+1 < len(text) && (text[end] == '/' && text[end+1] == '*' || text[end] == '-' && text[end+1] == '-') {
			break
		}
		end++
	}
	if end-at == 1 || text[end-1] != '+' && text[end-1] != '-' {
		return end
	}
	// A trailing + or - is a token of its own, unless the operator holds a character that SQL's own operators lack.
	if strings.ContainsAny(text[at:end-1], "~!@#^&|`?%") {
		return end
	}
	for end-at > 1 && (text[end-1] == '+' || text[end-1] == '-') {
		end--
	}
	return end
}

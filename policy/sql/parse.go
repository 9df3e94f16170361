package sql

import (
	"strings"
	"unicode/utf8"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"github.com/pganalyze/pg_query_go/v6/parser"
)

const (
	// maxText bounds the bytes of a text that is analysed. A tree takes up to about 100 times its text.
	maxText = 8 << 20
	// maxDepth bounds depthBound. The C code takes less than 200 bytes of stack for each unit in parsing and writes the tree in time
	// that grows with size times depth; PostgreSQL itself gives up between 4,000 and 6,000 operators in a chain.
	maxDepth = 5000
	// maxParam is the largest parameter number of the protocol (a 16-bit count in Bind).
	maxParam = 65535
)

// parse reads a text with PostgreSQL's own grammar, after the checks that keep the C code from harm: it stops at a NUL byte without a
// word, its stack has an end that recover can't catch, and nested comments take it quadratic time.
func parse(text string) (*pg_query.ParseResult, *Refusal) {
	if r := guard(text); r != nil {
		return nil, r
	}
	tree, err := pg_query.Parse(blankComments(text))
	if err == nil {
		return tree, nil
	}
	if e, ok := err.(*parser.Error); ok {
		return nil, syntaxError(text, e)
	}
	return nil, newRefusal(codeTooDeep, -1, "the statement is too deeply nested")
}

// guard refuses what must not reach the parser.
func guard(text string) *Refusal {
	if len(text) > maxText {
		return newRefusal(codeTooLong, -1, "the text has %d bytes, %d can be analysed", len(text), maxText)
	}
	if i := strings.IndexByte(text, 0); i >= 0 {
		return newRefusal(codeNotText, i, "the text holds a NUL byte")
	}
	if !utf8.ValidString(text) {
		return newRefusal(codeNotText, -1, "the text is not valid UTF-8")
	}
	return guardTokens(text)
}

// level is what depthBound knows of one open bracket.
type level struct {
	tokens int // since the last comma or semicolon
	fixed  int // set operations, which nest over commas
}

// guardTokens checks parameter numbers, and an upper bound of the tree's depth: for each open bracket the tokens since the last comma,
// since no construct nests over a comma except set operations, which are counted for themselves.
func guardTokens(text string) *Refusal {
	var open []level
	now, below := level{}, 0
	for at := 0; ; {
		t, ok := nextToken(text, at)
		if !ok && t.Start < len(text) {
			return scanned(text, t.Start, below+now.tokens+now.fixed, newRefusal(codeSyntax, t.Start, "%s", lexicalError(text[t.Start:])))
		}
		if !ok {
			return nil
		}
		at = t.End
		now.tokens++
		switch t.Kind {
		case KindParam:
			if n := paramNumber(text[t.Start+1 : t.End]); n < 1 || n > maxParam {
				return newRefusal(codeParamNumber, t.Start, "there is no parameter with this number")
			}
		case KindWord:
			if isWord(text, t, "union") || isWord(text, t, "intersect") || isWord(text, t, "except") {
				now.fixed += 4
			}
		case KindPunct:
			switch text[t.Start] {
			case '(', '[':
				open = append(open, now)
				below += now.tokens + now.fixed
				now = level{}
			case ')', ']':
				if n := len(open); n > 0 {
					now, open = open[n-1], open[:n-1]
					below -= now.tokens + now.fixed
				}
			case ',':
				now.tokens = 0
			case ';':
				now = level{}
			}
		}
		if below+now.tokens+now.fixed > maxDepth {
			return newRefusal(codeTooDeep, t.Start, "the statement is too deeply nested or holds too long a chain of operators")
		}
	}
}

// lexicalError words what the scanner finds wrong with the element at the start of text, as the server does.
func lexicalError(text string) string {
	switch c := text[0]; {
	case c == '/':
		return "unterminated /* comment"
	case strings.HasPrefix(text, `""`), strings.HasPrefix(strings.ToLower(text), `u&""`):
		return "zero-length delimited identifier"
	case c == '"', strings.HasPrefix(strings.ToLower(text), `u&"`):
		return "unterminated quoted identifier"
	case c == '$' && class(text, 1, isDigit):
		return "trailing junk after parameter"
	case c == '$':
		return "unterminated dollar-quoted string"
	case c == '.' || classes[c]&isDigit != 0:
		return "trailing junk after numeric literal"
	}
	return "unterminated quoted string"
}

// paramNumber is the value of decimal digits, 0 when too large to be a parameter.
func paramNumber(digits string) int {
	n := 0
	for i := range len(digits) {
		if n = n*10 + int(digits[i]-'0'); n > maxParam {
			return 0
		}
	}
	return n
}

// blankComments writes spaces into comments that hold other comments, so that offsets stay as they are.
func blankComments(text string) string {
	if strings.Count(text, "/*") < 2 {
		return text
	}
	var out []byte
	for at, more := 0, true; more; {
		var t Token
		t, more = nextToken(text, at)
		for at < t.Start {
			switch {
			case strings.HasPrefix(text[at:], "--"):
				at = lineEnd(text, at)
			case strings.HasPrefix(text[at:], "/*"):
				end, nested := blockCommentEnd(text, at)
				if nested && out == nil {
					out = []byte(text)
				}
				for j := at + 2; nested && j < end-2; j++ {
					out[j] = ' '
				}
				at = end
			default:
				at++
			}
		}
		at = t.End
	}
	if out == nil {
		return text
	}
	return string(out)
}

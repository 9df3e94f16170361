package value

import (
	"unicode"
	"unicode/utf8"
)

// Pattern is a LIKE or ILIKE pattern, ready to be matched against values.
type Pattern struct {
	parts []rune // characters, anyOne, anything
	fold  Folding
}

// Folding says which letters a pattern takes for the same.
type Folding uint8

// The ways: LIKE; ILIKE where the database's locale is C, and elsewhere.
const (
	FoldNone Folding = iota
	FoldASCII
	FoldUnicode
)

const (
	anyOne   rune = -1
	anything rune = -2
)

// ParsePattern reads a pattern as LIKE does, with the backslash as escape character; ILIKE compares the lower-case forms of both
// sides. Source: src/backend/utils/adt/like_match.c. The error is an *Error.
func ParsePattern(pattern string, fold Folding) (Pattern, error) {
	p := Pattern{fold: fold}
	for i := 0; i < len(pattern); {
		r, n := utf8.DecodeRuneInString(pattern[i:])
		i += n
		switch r {
		case '%':
			if k := len(p.parts); k == 0 || p.parts[k-1] != anything {
				p.parts = append(p.parts, anything)
			}
			continue
		case '_':
			p.parts = append(p.parts, anyOne)
			continue
		case '\\':
			if i == len(pattern) {
				return Pattern{}, fail(stateEscape, "LIKE pattern must not end with escape character")
			}
			r, n = utf8.DecodeRuneInString(pattern[i:])
			i += n
		}
		p.parts = append(p.parts, p.lower(r))
	}
	return p, nil
}

func (p *Pattern) lower(r rune) rune {
	switch {
	case p.fold == FoldUnicode, p.fold == FoldASCII && r < unicode.MaxASCII:
		return unicode.ToLower(r)
	}
	return r
}

// Match reports whether text is LIKE the pattern.
func (p *Pattern) Match(text []byte) bool {
	at, back, from := 0, -1, 0 // back: the part behind the last %, from: where in text it was tried last
	i := 0
	for i < len(text) {
		r, n := utf8.DecodeRune(text[i:])
		switch {
		case at < len(p.parts) && p.parts[at] == anything:
			at++
			back, from = at, i
		case at < len(p.parts) && (p.parts[at] == anyOne || p.parts[at] == p.lower(r)):
			at++
			i += n
		case back >= 0:
			_, n = utf8.DecodeRune(text[from:])
			from += n
			at, i = back, from
		default:
			return false
		}
	}
	for at < len(p.parts) && p.parts[at] == anything {
		at++
	}
	return at == len(p.parts)
}

// gramLength is how many characters of a text make one gram.
const gramLength = 3

// Grams gives the grams, each once, that every text has that is LIKE the pattern: all runs of three characters between wildcards, in
// lower case. None where no such run is in it: then every text has to be looked at.
func (p *Pattern) Grams() []string {
	var g gramSet
	for _, c := range p.parts {
		if c < 0 {
			g.end()
			continue
		}
		g.next(unicode.ToLower(c))
	}
	return g.all
}

// Grams gives the grams of a text, each once: its runs of three characters, in lower case.
func Grams(text []byte) []string {
	var g gramSet
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		text = text[n:]
		g.next(unicode.ToLower(r))
	}
	return g.all
}

// gramSet gathers grams. Its zero value is empty.
type gramSet struct {
	all  []string
	seen map[string]bool
	last [gramLength]rune
	n    int
}

func (g *gramSet) end() { g.n = 0 }

func (g *gramSet) next(r rune) {
	copy(g.last[:], g.last[1:])
	g.last[gramLength-1] = r
	if g.n++; g.n < gramLength {
		return
	}
	gram := string(g.last[:])
	if g.seen[gram] {
		return
	}
	if g.seen == nil {
		g.seen = map[string]bool{}
	}
	g.seen[gram] = true
	g.all = append(g.all, gram)
}

// TextOf is the text of a canonical value of a text type.
func TextOf(canonical []byte) []byte {
	if len(canonical) == 0 || Tag(canonical[0]) != TagText {
		return nil
	}
	return canonical[1:]
}

package sql

import (
	"sort"
	"strings"
)

// codeUnicodeString is a refusal in the server's own words.
const codeUnicodeString = "PV170"

// escapeRefusals documents the codes of texts that are read with standard_conforming_strings off.
func escapeRefusals() []RefusalDoc {
	return []RefusalDoc{
		{codeUnicodeString, "0A000", "U&'…' stands in a text under standard_conforming_strings off; clients get the server's own words",
			`Set standard_conforming_strings on, or write E'\u0041'.`},
	}
}

// Escapes reports whether a text may mean something else with standard_conforming_strings off: a backslash or U&' stands in it.
func Escapes(text []byte) bool {
	for i, c := range text {
		if c == '\\' || c == '\'' && i > 1 && text[i-1] == '&' && lower(text[i-2]) == 'u' {
			return true
		}
	}
	return false
}

// insertion is text put into a converted one: from, in the converted text, up to to.
type insertion struct{ from, to int }

// converted is a text that means, with standard_conforming_strings on, what the client's means with it off.
type converted struct {
	text     string
	inserted []insertion
	unicode  int // where U&' stands, with which text ends; -1: nowhere
}

// convert makes E'…' of each '…' in which a backslash stands: the server's scanner reads them alike with standard_conforming_strings
// off (xqstart and xnstart in src/backend/parser/scan.l). Where the scanner would raise an error the text stays as it is, and the error too.
// U&'…' is an error in itself: what stands in front of it is all that the server reads.
func convert(text string) converted {
	c := converted{unicode: -1}
	var b strings.Builder
	done := 0
	insert := func(at int, what string) {
		b.WriteString(text[done:at])
		c.inserted = append(c.inserted, insertion{b.Len(), b.Len() + len(what)})
		b.WriteString(what)
		done = at
	}
	for at := 0; ; {
		t, quote, ok := escapingToken(text, at)
		switch {
		case ok && t.Kind == KindUString, !ok && unicodeString(text, t.Start):
			b.WriteString(text[done:t.Start])
			c.unicode = b.Len()
			c.text = b.String()
			return c
		case quote >= 0 && strings.IndexByte(text[quote:t.End], '\\') >= 0:
			insert(quote, escapePrefix(text, t.Start, quote))
		}
		if !ok {
			b.WriteString(text[done:])
			c.text = b.String()
			return c
		}
		at = t.End
	}
}

// escapePrefix is what makes an escape string of the constant whose quote is at quote and which begins, with its N, at start.
func escapePrefix(text string, start, quote int) string {
	switch {
	case start < quote:
		return "CHAR E" // N'…' is NCHAR '…'
	case quote > 0 && class(text, quote-1, isIdentCont|isDigit):
		return " E"
	}
	return "E"
}

func unicodeString(text string, at int) bool {
	return len(text)-at > 2 && lower(text[at]) == 'u' && text[at+1] == '&' && text[at+2] == '\''
}

// escapingToken is nextToken with standard_conforming_strings off. quote is where the quote of '…' or N'…' stands, -1 for other tokens; without
// an end such a constant ends with the text, and ok is false.
func escapingToken(text string, at int) (t Token, quote int, ok bool) {
	at, ok = skipBlank(text, at)
	if !ok || at >= len(text) {
		return Token{Start: at, End: at}, -1, false
	}
	quote = -1
	switch {
	case text[at] == '\'':
		quote = at
	case lower(text[at]) == 'n' && at+1 < len(text) && text[at+1] == '\'':
		quote = at + 1
	}
	if quote < 0 {
		t, ok = nextToken(text, at)
		return t, -1, ok
	}
	end := escapedEnd(text, quote)
	if end < 0 {
		return Token{KindString, at, len(text)}, quote, false
	}
	return Token{KindString, at, end}, quote, true
}

// back is the place in the client's text of one in the converted text.
func (c *converted) back(at int) int {
	n := sort.Search(len(c.inserted), func(i int) bool { return c.inserted[i].from >= at })
	extra := 0
	for _, i := range c.inserted[:n] {
		extra += min(at, i.to) - i.from
	}
	return at - extra
}

func (c *converted) refusal(r *Refusal) {
	if r.At >= 0 {
		r.At = c.back(r.At)
	}
	c.span(&r.Quotes)
}

func (c *converted) span(s *Span) { s.Start, s.End = c.back(s.Start), c.back(s.End) }

// AnalyzeEscaping is AnalyzeNamed of a text that the server reads with standard_conforming_strings off.
func AnalyzeEscaping(cat *Catalog, path []string, text string, names Names) []*Statement {
	c := convert(text)
	if c.unicode >= 0 {
		r := unicodeRefusal(&c)
		return []*Statement{{Refusal: r, At: Span{0, len(text)}, Verb: "unknown", Sensitive: true}}
	}
	all := AnalyzeNamed(cat, path, c.text, names)
	for _, st := range all {
		source := strings.ToLower(c.text[st.At.Start:st.At.End])
		st.ChangesReading = st.ChangesReading || strings.Contains(source, "standard_conforming_strings")
		c.move(st)
	}
	return all
}

// unicodeRefusal is what the server says of a text with U&': the first error that it finds.
func unicodeRefusal(c *converted) *Refusal {
	if _, r := parse(c.text); r != nil && r.At >= 0 && r.At < c.unicode {
		c.refusal(r)
		return r
	}
	r := newRefusal(codeUnicodeString, c.back(c.unicode), "unsafe use of string constant with Unicode escapes")
	r.Detail = "String constants with Unicode escapes cannot be used when standard_conforming_strings is off." // PostgreSQL 17 puts the name in quotes
	r.Words = WordsServer
	return r
}

// move puts all places of an analysis into the client's own text. Slices that other analyses may share are copied.
func (c *converted) move(st *Statement) {
	if len(c.inserted) == 0 {
		return
	}
	c.span(&st.At)
	if st.Refusal != nil {
		r := *st.Refusal
		c.refusal(&r)
		st.Refusal = &r
	}
	moveAll(&st.Tables, func(t *TableUse) { c.span(&t.At) })
	moveAll(&st.Columns, func(u *ColumnUse) { c.span(&u.At) })
	moveAll(&st.Renames, func(u *ColumnUse) { c.span(&u.At) })
	moveAll(&st.Literals, func(l *Literal) { c.span(&l.At) })
	moveAll(&st.Edits, func(e *Edit) { c.span(&e.At) })
	moveAll(&st.Withheld, func(e *Edit) { c.span(&e.At) })
	moveAll(&st.Splices, func(e *Edit) { c.span(&e.At) })
}

func moveAll[T any](list *[]T, move func(*T)) {
	if *list == nil {
		return
	}
	moved := append([]T{}, *list...)
	for i := range moved {
		move(&moved[i])
	}
	*list = moved
}

// SplitEscaping is Split of a text that the server reads with standard_conforming_strings off.
func SplitEscaping(text string) ([]Span, *Refusal) {
	c := convert(text)
	if c.unicode >= 0 {
		return nil, unicodeRefusal(&c)
	}
	spans, refusal := Split(c.text)
	if refusal != nil {
		c.refusal(refusal)
	}
	for i := range spans {
		c.span(&spans[i])
	}
	return spans, refusal
}

// NormalizeEscaping is Normalize of a text that surely is read with standard_conforming_strings off.
func NormalizeEscaping(text string) string {
	c := convert(text)
	return Normalize(c.text)
}

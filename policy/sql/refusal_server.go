package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"github.com/pganalyze/pg_query_go/v6/parser"
)

// Words says whose the message of a refusal is.
type Words uint8

const (
	// WordsProxy is ours; clients get the code with it and the hint.
	WordsProxy Words = iota
	// WordsServer is what the server would say of the text; clients get that alone.
	WordsServer
	// WordsScanner is WordsServer for what the server raises at the same place as any "syntax error".
	WordsScanner
)

const nearWords = ` at or near "`

// syntaxError gives the server's own words: it is the same parser. What of the text they quote may be a value and isn't in the message, only its
// place in the text; a client is told it by ToClient.
func syntaxError(text string, e *parser.Error) *Refusal {
	message, near, quotes := strings.Cut(e.Message, nearWords)
	r := newRefusal(codeSyntax, placeOf(text, e.Cursorpos), "%s", message)
	if e.Funcname == "scanner_yyerror" {
		r.Words = WordsScanner
		if quotes {
			r.quote(text, strings.TrimSuffix(near, `"`))
		}
		return r
	}
	raised, ok := raisedBy(e.Funcname, e.Message)
	if !ok {
		if element := strings.IndexAny(e.Message, `":`); element >= 0 {
			r.Message = strings.TrimSpace(e.Message[:element])
		}
		return r
	}
	r.Message, r.Words, r.ServerHint, r.Detail = e.Message, WordsServer, raised.hint, raised.detail
	if raised.state != "" {
		r.SQLSTATE = raised.state
	}
	return r
}

// placeOf is the byte of a place that is counted in characters from 1; -1: none.
func placeOf(text string, characters int) int {
	if characters <= 0 {
		return -1
	}
	for i := range text {
		if characters--; characters == 0 {
			return i
		}
	}
	return len(text)
}

// quote says that the server's words end with what stands in the text at r.At, which is near: words of SQL are put into the message, of all else
// the place is kept.
func (r *Refusal) quote(text, near string) {
	if r.At < 0 || near == "" || !strings.HasPrefix(text[r.At:], near) {
		r.Words = WordsProxy // the client's text is not what the parser has read
		return
	}
	end := r.At + len(near)
	t, ok := nextToken(text, r.At)
	if ok && t.Start == r.At && t.End == end && (t.Kind == KindWord || t.Kind == KindPunct || t.Kind == KindOperator) {
		r.Message += nearWords + near + `"`
		return
	}
	r.Quotes = Span{r.At, end}
}

// Told is a message for the client alone whose text it quotes. Whatever prints or encodes it gets nothing.
type Told struct{ message string }

// String is empty, for logs.
func (Told) String() string { return "" }

// GoString is empty, for logs.
func (Told) GoString() string { return "" }

// Tell lets ToClient quote text, which r refuses.
func (r *Refusal) Tell(text string) {
	if q := r.Quotes; q.Start < q.End && q.End <= len(text) {
		r.Told = Told{r.Message + nearWords + text[q.Start:q.End] + `"`}
	}
}

// ToClient is the message for the client, and for nobody else, and whose words it has.
func (r *Refusal) ToClient() (string, Words) {
	switch {
	case r.Quotes == Span{}:
		return r.Message, r.Words
	case r.Told == Told{}:
		return r.Message, WordsProxy
	}
	return r.Told.message, r.Words
}

// scanned is r, which says that the scanner finds no token at the byte at of text, in the words of the parser, which may find something else in
// front of it. It reads no more than would be safe if it could read on; depth is that of what stands in front (depthBound).
func scanned(text string, at, depth int, r *Refusal) *Refusal {
	if depth+len(text)-at > maxDepth {
		return r
	}
	_, err := pg_query.Parse(blankComments(text))
	if e, ok := err.(*parser.Error); ok {
		return syntaxError(text, e)
	}
	return r
}

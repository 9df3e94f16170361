package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// title is the name of a result column that is a constant, or the cast of one or of a parameter. Sealed, it is sent as bytea, and the server
// would name the column so.
type title struct {
	at      int // the end of the expression
	name    string
	written bool
}

// keepTitle notes the name that v, an item of a select list, has without one of its own.
func (r *resolver) keepTitle(t *pg_query.ResTarget, name string, v value) {
	n := t.GetVal()
	for n.GetTypeCast() != nil {
		n = n.GetTypeCast().GetArg()
	}
	if t.GetName() != "" || r.view != nil || v.form != formFree || n.GetAConst() == nil && n.GetParamRef() == nil {
		return
	}
	kept := &title{at: itemEnd(r.text, int(t.GetLocation())), name: name}
	for _, l := range v.leaves {
		l.title = kept
	}
}

// writeTitle writes the name out, once the leaf is known to be sealed.
func (r *resolver) writeTitle(l *leaf) {
	if l.title == nil || l.title.written || l.target == nil || l.kind == leafParam && l.cast == nil {
		return
	}
	l.title.written = true
	r.st.Edits = append(r.st.Edits, Edit{At: Span{l.title.at, l.title.at}, Text: ` AS "` + strings.ReplaceAll(l.title.name, `"`, `""`) + `"`})
}

// itemEnd is the end of the item of a select list, a constant with its casts, that begins at at.
func itemEnd(text string, at int) int {
	end := at
	for depth := 0; ; {
		t, ok := nextToken(text, end)
		switch {
		case !ok || t.Start >= len(text):
			return end
		case text[t.Start] == '(' || text[t.Start] == '[':
			depth++
		case text[t.Start] == ')' || text[t.Start] == ']':
			depth--
		}
		if depth < 0 || depth == 0 && (text[t.Start] == ',' || text[t.Start] == ';' || behindItem(text, t)) {
			return end
		}
		end = t.End
	}
}

// behindItem reports the words that can follow a select list.
func behindItem(text string, t Token) bool {
	if t.Kind != KindWord {
		return false
	}
	for _, w := range [...]string{"from", "where", "group", "having", "window", "union", "intersect", "except", "order", "limit", "offset",
		"fetch", "for", "into", "on", "returning"} {
		if isWord(text, t, w) {
			return true
		}
	}
	if isWord(text, t, "with") { // WITH NO DATA, and timestamp WITH TIME ZONE
		next, ok := nextToken(text, t.End)
		return ok && !isWord(text, next, "time")
	}
	return false
}

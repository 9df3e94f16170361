package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// splice records an edit, once however often the expression is analysed.
func (r *resolver) splice(at Span, text string) {
	e := Edit{At: at, Text: text}
	if r.spliced[e] {
		return
	}
	if r.spliced == nil {
		r.spliced = map[Edit]bool{}
	}
	r.spliced[e] = true
	r.st.Edits = append(r.st.Edits, e)
}

// callText is where the parts of a function call stand in the text.
type callText struct {
	name Span // with its qualification
	arg  Span // the first argument, from behind the parenthesis and DISTINCT, or the words of TRIM, to the comma or parenthesis
	args []Span
	// close is the closing parenthesis, end the end of the call with its FILTER and OVER.
	close, end int
}

// callText finds the parts of a call; false in a view's body and for forms that it does not know.
func (r *resolver) callText(n *pg_query.FuncCall) (c callText, ok bool) {
	if r.view != nil || n.GetLocation() < 0 {
		return c, false
	}
	open, ok := r.openParen(int(n.GetLocation()), &c)
	if !ok {
		return c, false
	}
	start, depth := open, 0
	for at := open; ; {
		t, ok := nextToken(r.text, at)
		if !ok {
			return c, false
		}
		at = t.End
		switch {
		case len(c.args) == 0 && depth == 0 && at-start < 64 && start == open && blank(r.text, open, t.Start) && leading(r.text, t):
			start, open = at, at
		case isPunct(r.text, t, "(") || isPunct(r.text, t, "["):
			depth++
		case depth > 0 && (isPunct(r.text, t, ")") || isPunct(r.text, t, "]")):
			depth--
		case depth == 0 && isPunct(r.text, t, ","):
			c.args = append(c.args, Span{start, t.Start})
			start = t.End
		case depth == 0 && isPunct(r.text, t, ")"):
			c.args = append(c.args, Span{start, t.Start})
			c.arg, c.close = c.args[0], t.Start
			c.end = t.End
			return c, r.callEnd(n, &c)
		}
	}
}

// openParen reads the name and its parenthesis and returns the offset behind it.
func (r *resolver) openParen(at int, c *callText) (int, bool) {
	c.name.Start = at
	for {
		t, ok := nextToken(r.text, at)
		switch {
		case !ok:
			return 0, false
		case isPunct(r.text, t, "("):
			return t.End, true
		case t.Kind == KindWord, t.Kind == KindQuoted, isPunct(r.text, t, "."):
			c.name.End, at = t.End, t.End
		default:
			return 0, false
		}
	}
}

// leading reports the words that can stand before the first argument: of an aggregate, of TRIM.
func leading(text string, t Token) bool {
	for _, w := range []string{"distinct", "all", "both", "from"} {
		if isWord(text, t, w) {
			return true
		}
	}
	return false
}

func blank(text string, from, to int) bool { return strings.TrimSpace(text[from:to]) == "" }

// callEnd goes on to the end of FILTER (…) and OVER.
func (r *resolver) callEnd(n *pg_query.FuncCall, c *callText) bool {
	word := func(w string) bool {
		t, ok := nextToken(r.text, c.end)
		if !ok || !isWord(r.text, t, w) {
			return false
		}
		c.end = t.End
		return true
	}
	group := func() bool {
		t, ok := nextToken(r.text, c.end)
		if !ok || !isPunct(r.text, t, "(") {
			return false
		}
		c.end = parenEnd(r.text, t.Start)
		return c.end > 0
	}
	if n.GetAggWithinGroup() && !(word("within") && word("group") && group()) {
		return false
	}
	if n.GetAggFilter() != nil && !(word("filter") && group()) {
		return false
	}
	if n.GetOver() == nil {
		return true
	}
	if !word("over") {
		return false
	}
	if group() {
		return true
	}
	t, ok := nextToken(r.text, c.end)
	if !ok || t.Kind != KindWord && t.Kind != KindQuoted {
		return false
	}
	c.end = t.End
	return true
}

// tokenEnd is the end of the token that begins at or after at.
func tokenEnd(text string, at int) int {
	t, _ := nextToken(text, at)
	return t.End
}

// respell notes that a call is sent under another name, so that its result column would have another name too.
func (r *resolver) respell(n *pg_query.FuncCall, end int) {
	if r.respelled == nil {
		r.respelled = map[int32]int{}
	}
	r.respelled[n.GetLocation()] = end
}

// keepName writes out the name of a result column whose expression is sent under another one.
func (r *resolver) keepName(t *pg_query.ResTarget, name string) {
	call := namingCall(t.GetVal())
	if call == nil || t.GetName() != "" || r.view != nil {
		return
	}
	end, ok := r.respelled[call.GetLocation()]
	if !ok {
		return
	}
	if t.GetVal().GetFuncCall() != call || t.GetLocation() != call.GetLocation() {
		r.noHint(codeConstruct, int(call.GetLocation()), "Give the result column a name with AS.", "a result column of %s has no name of its own", name)
		return
	}
	r.splice(Span{end, end}, ` AS "`+strings.ReplaceAll(name, `"`, `""`)+`"`)
}

// namingCall is the call that a result column is named after; see innerName.
func namingCall(node *pg_query.Node) *pg_query.FuncCall {
	switch n := node.GetNode().(type) {
	case *pg_query.Node_FuncCall:
		return n.FuncCall
	case *pg_query.Node_TypeCast:
		return namingCall(n.TypeCast.GetArg())
	case *pg_query.Node_CollateClause:
		return namingCall(n.CollateClause.GetArg())
	case *pg_query.Node_AIndirection:
		return namingCall(n.AIndirection.GetArg())
	case *pg_query.Node_CaseExpr:
		return namingCall(n.CaseExpr.GetDefresult())
	}
	return nil
}

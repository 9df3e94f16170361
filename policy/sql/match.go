package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// What stands around a column and its pattern's tokens in the text that is sent. The cell of a column with SearchMatch begins with its
// tokens and a bar (docs/FORMAT.md, mode 6); all are functions of pg_catalog, and immutable, so an index can hold the expression.
const (
	tokensOf      = "pg_catalog.string_to_array(pg_catalog.split_part(pg_catalog.encode("
	tokensEnd     = ", 'escape'), '|', 1), ' ')"
	matchOperator = "OPERATOR(pg_catalog.@>)"
	patternOf     = "pg_catalog.string_to_array(pg_catalog.encode("
	patternEnd    = ", 'escape'), ' ')"
)

// manyToOne says why not each row that the server sends for sel is one row of the answer, empty if each is. columns are selected.
func manyToOne(sel *pg_query.SelectStmt, columns int) string {
	switch {
	case len(sel.GetDistinctClause()) > 0:
		return "DISTINCT"
	case len(sel.GetGroupClause()) > 0 || sel.GetHavingClause() != nil:
		return "GROUP BY or HAVING"
	case len(sel.GetWindowClause()) > 0:
		return "a window"
	case sel.GetLimitOption() == pg_query.LimitOption_LIMIT_OPTION_WITH_TIES:
		return "WITH TIES"
	case len(sel.GetLockingClause()) > 0:
		return "a locking clause"
	case sel.GetIntoClause() != nil:
		return "INTO"
	}
	for _, n := range sel.GetSortClause() {
		if c := n.GetSortBy().GetNode().GetAConst(); c != nil && int(c.GetIval().GetIval()) > columns {
			return "ORDER BY a position that there isn't"
		}
	}
	for _, n := range slices.Concat(sel.GetTargetList(), sel.GetSortClause()) {
		if gathers(n.ProtoReflect()) {
			return "an aggregate or window function"
		}
	}
	return ""
}

// gathers reports whether a window function is called in an expression, or an aggregate whose name is known; of others the server
// says that the column that is looked at again is not grouped.
func gathers(m protoreflect.Message) bool {
	return has(m, func(m protoreflect.Message) bool {
		f, ok := m.Interface().(*pg_query.FuncCall)
		if !ok {
			return false
		}
		parts := nameList(f.GetFuncname())
		return f.GetOver() != nil || aggregate(parts[len(parts)-1]) || gatherer(parts[len(parts)-1])
	})
}

// gatherer reports the server's aggregates that aggregate doesn't: \daS of psql.
func gatherer(name string) bool {
	switch name {
	case "count", "bit_and", "bit_or", "bit_xor", "corr", "covar_pop", "covar_samp", "stddev_pop", "stddev_samp", "var_pop", "var_samp",
		"rank", "dense_rank", "percent_rank", "cume_dist":
		return true
	}
	return strings.HasPrefix(name, "regr_") || strings.HasSuffix(name, "agg")
}

// matching notes that conditions of sel's WHERE can be looked at again in the proxy, until the result is called.
func (r *resolver) matching(s *scope, sel *pg_query.SelectStmt, out *output) (done func()) {
	was := r.again
	r.again = matchPlace{}
	if sel == r.outermost && r.view == nil {
		r.again = matchPlace{scope: s, out: out, why: manyToOne(sel, len(out.cols))}
	}
	return func() { r.again = was }
}

// matchPlace is where LIKE is being analysed.
type matchPlace struct {
	scope *scope  // the outermost SELECT's, nil elsewhere
	out   *output // its results
	why   string  // why no second look is possible there all the same
	// at and top are set for the LIKE at hand: where it stands, and that it stands in the top-level AND.
	at  *scope
	top bool
}

// matchAgain rewrites c LIKE '%abc%', of a column with SearchMatch, to a search for tokens, and has what is found looked at again.
func (r *resolver) matchAgain(p pattern, v value, l *leaf) {
	at, place := v.at.Start, r.again
	switch {
	case p.not:
		r.no(codeMatchPlace, at, "NOT LIKE on %s can't be answered", v.name())
	case place.scope == nil || place.scope != place.at || !place.top:
		r.no(codeMatchPlace, at, "LIKE on %s can only stand in the WHERE of the outermost SELECT, joined by AND", v.name())
	case place.why != "":
		r.no(codeMatchPlace, at, "LIKE on %s can't stand in a SELECT with %s", v.name(), place.why)
	case !place.out.exact:
		r.no(codeUnknownColumns, at, "the columns of the result can't be known")
	default:
		t := v.target(PurposeCompare)
		t.Part, t.Before, t.After = PartTokens, p.before, p.after
		// By IS NOT NULL the planner knows that LIKE leaves out the rows that an outer join adds; string_to_array is not strict.
		r.splice(Span{p.left.Start, p.left.Start}, "("+r.text[p.left.Start:p.left.End]+" IS NOT NULL AND "+tokensOf)
		r.splice(Span{p.left.End, p.left.End}, tokensEnd)
		r.splice(p.operator, r.padded(p.operator, matchOperator))
		r.splice(Span{p.whole.Start, p.right.Start}, " "+patternOf)
		r.splice(Span{p.right.End, p.whole.End}, patternEnd+")")
		r.bind(l, t, false)
		r.st.Rechecks = append(r.st.Rechecks, Recheck{Result: r.resultOf(v), Fold: p.fold, ASCII: r.cat.foldsASCII, Text: l.text, Param: l.number,
			Before: p.before, After: p.after})
	}
}

// resultOf is the result that holds v; where there is none, one that the client doesn't see.
func (r *resolver) resultOf(v value) int {
	all := append(r.again.out.cols[:len(r.again.out.cols):len(r.again.out.cols)], r.hidden...)
	for i, c := range all {
		if o := c.val; o.form == formSealed && o.item == v.item && o.item != nil && o.index == v.index && o.num > 0 && o.oid > 0 {
			return i
		}
	}
	// A name that is written alike means the same: all of them stand in the outermost SELECT.
	name := r.text[v.at.Start:v.at.End]
	for i, c := range r.hidden {
		if at := c.val.at; r.text[at.Start:at.End] == name {
			return len(r.again.out.cols) + i
		}
	}
	at := fromClause(r.text, r.st.At)
	if at < 0 {
		r.noHint(codeMatchPlace, v.at.Start, "Select the column that is matched, too.", "LIKE on %s can't be answered by a SELECT in this form", v.name())
		return 0
	}
	label := "pgveil_again"
	for strings.Contains(r.text, label) {
		label += "_"
	}
	name += " AS " + label + " "
	if len(all) > 0 {
		name = ", " + name
	}
	r.splice(Span{at, at}, r.padded(Span{at, at}, name))
	r.hidden = append(r.hidden, itemColumn{name: v.column, val: v})
	return len(all)
}

// fromClause is the offset of the FROM of the statement's outermost SELECT, which may stand in parentheses with all that belongs to it; -1
// if there is none or it stands otherwise. IS DISTINCT FROM is another word, and what follows AS or a dot is a name.
func fromClause(text string, st Span) int {
	depth, selected, started, before := 0, false, false, Token{}
	for at := st.Start; at < st.End; {
		t, ok := nextToken(text, at)
		if !ok {
			return -1
		}
		switch {
		case text[t.Start] == '(' && !started:
			// around all of it
		case text[t.Start] == '(' || text[t.Start] == '[':
			depth++
		case text[t.Start] == ')' || text[t.Start] == ']':
			depth--
		case depth > 0 || t.Kind != KindWord:
		case isWord(text, before, "as") || isPunct(text, before, "."):
			t.Kind = KindQuoted // a label is never the word AS
		case isWord(text, t, "select"):
			selected = true
		case selected && isWord(text, t, "from") && !isWord(text, before, "distinct"):
			return t.Start
		}
		started = started || text[t.Start] != '('
		before, at = t, t.End
	}
	return -1
}

// concatenation takes '%' || $1 || '%' apart: constants around one parameter. whole is its place, from the first constant to the last.
func (r *resolver) concatenation(n *pg_query.Node) (before, after string, param *pg_query.Node, whole Span) {
	var parts []*pg_query.Node
	var flatten func(n *pg_query.Node)
	flatten = func(n *pg_query.Node) {
		if e := n.GetAExpr(); e != nil && e.GetKind() == pg_query.A_Expr_Kind_AEXPR_OP && ownOperator(e.GetName(), "||") && e.GetLexpr() != nil {
			flatten(e.GetLexpr())
			flatten(e.GetRexpr())
			return
		}
		parts = append(parts, n)
	}
	flatten(n)
	whole = Span{len(r.text), 0}
	for _, p := range parts {
		at := Span{-1, -1}
		switch c, bound := p.GetAConst(), p.GetParamRef(); {
		case c.GetSval() != nil && param == nil:
			before, at = before+c.GetSval().GetSval(), r.span(c.GetLocation(), literalEnd)
		case c.GetSval() != nil:
			after, at = after+c.GetSval().GetSval(), r.span(c.GetLocation(), literalEnd)
		case bound != nil && param == nil:
			param, at = p, r.span(bound.GetLocation(), paramEnd)
		}
		if at.Start < 0 || at.End <= at.Start {
			return "", "", nil, Span{}
		}
		whole.Start, whole.End = min(whole.Start, at.Start), max(whole.End, at.End)
	}
	if len(parts) < 2 || param == nil || r.view != nil || strings.ContainsAny(r.text[whole.Start:whole.End], "()-/") {
		return "", "", nil, Span{} // parentheses or comments between the parts
	}
	return before, after, param, whole
}

// rowCount takes LIMIT or OFFSET out of the text that is sent: the proxy counts the rows that it looked at again.
func (r *resolver) rowCount(n *pg_query.Node) Count {
	switch c, p := n.GetAConst(), n.GetParamRef(); {
	case n == nil || c.GetIsnull():
		return Count{}
	case c.GetIval() != nil && c.GetIval().GetIval() >= 0 && c.GetLocation() > 0:
		at := r.span(c.GetLocation(), literalEnd)
		r.splice(at, r.padded(at, "NULL"))
		return Count{Set: true, Rows: int64(c.GetIval().GetIval())}
	case p != nil:
		at := r.span(p.GetLocation(), paramEnd)
		r.splice(at, "NULLIF("+r.text[at.Start:at.End]+"::pg_catalog.int8, "+r.text[at.Start:at.End]+"::pg_catalog.int8)")
		return Count{Set: true, Param: int(p.GetNumber())}
	}
	r.no(codeMatchPlace, r.st.At.Start, "LIMIT and OFFSET of a search with LIKE must be a constant or a parameter")
	return Count{}
}

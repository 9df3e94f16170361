package sql

import (
	"slices"

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

// manyToOne says why not each row that the server sends for sel is one row of the answer, empty if each is.
func manyToOne(sel *pg_query.SelectStmt) string {
	switch {
	case len(sel.GetDistinctClause()) > 0:
		return "DISTINCT"
	case len(sel.GetGroupClause()) > 0 || sel.GetHavingClause() != nil:
		return "GROUP BY or HAVING"
	case len(sel.GetWindowClause()) > 0:
		return "a window"
	case sel.GetLimitCount() != nil || sel.GetLimitOffset() != nil:
		return "LIMIT or OFFSET"
	case len(sel.GetLockingClause()) > 0:
		return "a locking clause"
	case sel.GetIntoClause() != nil:
		return "INTO"
	}
	for _, n := range slices.Concat(sel.GetTargetList(), sel.GetSortClause()) {
		if gathers(n.ProtoReflect()) {
			return "an aggregate or window function"
		}
	}
	return ""
}

// gathers reports whether a window function is called in an expression, or an aggregate whose name is known; of others the server would
// say that the column that is looked at again is not grouped.
func gathers(m protoreflect.Message) (found bool) {
	if f, ok := m.Interface().(*pg_query.FuncCall); ok {
		parts := nameList(f.GetFuncname())
		if f.GetOver() != nil || aggregate(parts[len(parts)-1]) || builtin(parts, "count") {
			return true
		}
	}
	m.Range(func(d protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case d.Message() == nil || d.IsMap():
		case d.IsList():
			for i := range v.List().Len() {
				found = found || gathers(v.List().Get(i).Message())
			}
		default:
			found = found || gathers(v.Message())
		}
		return !found
	})
	return found
}

// matching notes that conditions of sel's WHERE can be looked at again in the proxy, until the result is called.
func (r *resolver) matching(s *scope, sel *pg_query.SelectStmt, out *output) (done func()) {
	was := r.again
	r.again = matchPlace{}
	if sel == r.outermost && r.view == nil {
		r.again = matchPlace{scope: s, out: out, why: manyToOne(sel)}
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
		t.Part = PartTokens
		r.splice(Span{p.left.Start, p.left.Start}, tokensOf)
		r.splice(Span{p.left.End, p.left.End}, tokensEnd)
		r.splice(p.operator, r.padded(p.operator, matchOperator))
		r.splice(Span{p.right.Start, p.right.Start}, " "+patternOf)
		r.splice(Span{p.right.End, p.right.End}, patternEnd)
		r.bind(l, t, false)
		r.st.Rechecks = append(r.st.Rechecks, Recheck{Result: r.resultOf(v), Fold: p.fold, ASCII: r.cat.foldsASCII, Text: l.text, Param: l.number})
	}
}

// resultOf is the result that holds v; where there is none, one that the client doesn't see.
func (r *resolver) resultOf(v value) int {
	all := append(r.again.out.cols[:len(r.again.out.cols):len(r.again.out.cols)], r.hidden...)
	for i, c := range all {
		if o := c.val; o.form == formSealed && o.src == v.src && o.src >= 0 && o.num == v.num && o.oid == v.oid && o.num > 0 && o.oid > 0 {
			return i
		}
	}
	at := fromClause(r.text, r.st.At)
	if at < 0 {
		r.no(codeInternal, v.at.Start, "the place of FROM is not known")
		return 0
	}
	name := r.text[v.at.Start:v.at.End] + " "
	if len(all) > 0 {
		name = ", " + name
	}
	r.splice(Span{at, at}, r.padded(Span{at, at}, name))
	r.hidden = append(r.hidden, itemColumn{name: v.column, val: v})
	return len(all)
}

// fromClause is the offset of the FROM of the statement's outermost SELECT, -1 if there is none that is written without parentheses
// around the SELECT. IS DISTINCT FROM is another word.
func fromClause(text string, st Span) int {
	depth, selected, before := 0, false, Token{}
	for at := st.Start; at < st.End; {
		t, ok := nextToken(text, at)
		if !ok {
			return -1
		}
		switch {
		case text[t.Start] == '(' || text[t.Start] == '[':
			depth++
		case text[t.Start] == ')' || text[t.Start] == ']':
			depth--
		case depth > 0 || t.Kind != KindWord:
		case isWord(text, t, "select"):
			selected = true
		case selected && isWord(text, t, "from") && !isWord(text, before, "distinct"):
			return t.Start
		}
		before, at = t, t.End
	}
	return -1
}

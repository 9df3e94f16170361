package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// pattern is LIKE or one of its kin, as it stands in the text.
type pattern struct {
	not      bool
	fold     bool // ILIKE
	prefix   bool // ^@ and starts_with: no byte is special
	operator Span
	left     Span
	right    Span // the constant or parameter with its cast
	// whole is right with the constants around it, which are before and after: '%' || $1 || '%'.
	whole         Span
	before, after string
}

// match analyses LIKE, ILIKE, SIMILAR TO and ^@.
func (r *resolver) match(s *scope, e *pg_query.A_Expr, use Use) {
	right := e.GetRexpr()
	l := r.eval(s, e.GetLexpr(), use)
	p := pattern{}
	if l.form == formSealed && l.prot.Search == SearchMatch {
		if before, after, param, whole := r.concatenation(right); param != nil {
			right, p = param, pattern{before: before, after: after, whole: whole}
		}
	}
	escape, escaped := escapedPattern(right)
	if escaped && l.form == formSealed {
		right = escape
	}
	rt := r.eval(s, right, use)
	if l.form != formSealed || rt.form != formFree {
		r.settle(l, use, OIDText, codePattern)
		r.settle(rt, use, OIDText, codePattern)
		return
	}
	r.mark(l, use)
	r.citextQualified(e.GetName(), l)
	name := nameList(e.GetName())
	switch name[len(name)-1] {
	case "~~", "!~~", "~~*", "!~~*":
		p.not, p.fold = name[len(name)-1][0] == '!', strings.HasSuffix(name[len(name)-1], "*")
	case "^@":
		p.prefix = true
	default:
		r.may(opPattern, l)
		return
	}
	if e.GetKind() == pg_query.A_Expr_Kind_AEXPR_SIMILAR {
		r.may(opPattern, l)
		return
	}
	if onlyNulls(rt) {
		r.no(codePattern, l.at.Start, "%s can't be matched against NULL", l.name())
		return
	}
	p.operator = r.operatorSpan(int(e.GetLocation()))
	if !p.place(r, e.GetLexpr(), right, rt) || escaped && !p.unescape(r) {
		if o := p.row(); r.may(o, l) {
			r.noHint(codePatternForm, l.at.Start, "", "the pattern for %s is not written as column LIKE 'constant' or $1", l.name())
		}
		return
	}
	r.matched(p, l, rt.leaves[0])
}

// row is the table's row for the pattern.
func (p *pattern) row() op {
	switch {
	case p.fold:
		return opILike
	case p.prefix:
		return opPrefix
	}
	return opLike
}

// place finds the operands in the text: a column's name, directly before the operator, and one constant or parameter, directly behind.
func (p *pattern) place(r *resolver, left, right *pg_query.Node, rt value) bool {
	ref := left.GetColumnRef()
	if r.view != nil || ref == nil || len(rt.leaves) != 1 {
		return false
	}
	p.left = r.span(ref.GetLocation(), refEnd)
	l := rt.leaves[0]
	p.right = l.at
	if l.cast != nil {
		if right.GetTypeCast() == nil || l.cast.at.Start < l.at.End || l.cast.modified {
			return false // CAST('x' AS text), text 'x', 'x'::varchar(8)
		}
		p.right.End = l.cast.at.End
	}
	if p.whole.End == 0 {
		p.whole = p.right
	}
	next, ok := nextToken(r.text, p.operator.End)
	return ok && next.Start == p.whole.Start && l.kind != leafCast && p.operator.End > p.operator.Start
}

// operatorSpan is the text of an operator: LIKE, NOT LIKE, ~~, OPERATOR(pg_catalog.~~).
func (r *resolver) operatorSpan(at int) Span {
	t, ok := nextToken(r.text, at)
	if r.view != nil || !ok || t.Start != at {
		return Span{}
	}
	switch {
	case isWord(r.text, t, "not"):
		t, _ = nextToken(r.text, t.End)
	case isWord(r.text, t, "operator"):
		open, _ := nextToken(r.text, t.End)
		return Span{at, parenEnd(r.text, open.Start)}
	}
	return Span{at, t.End}
}

// matched rewrites c LIKE 'abc%' to (c >= 'from' AND c < 'to').
func (r *resolver) matched(p pattern, v value, l *leaf) {
	text := l.text
	literal := l.kind == leafLiteral && l.lit == LiteralString
	exact := literal && !strings.ContainsAny(text, `%_\`)
	oneText, prefix := likeForm(text)
	switch {
	case l.kind == leafLiteral && !literal:
		r.no(codePattern, l.at.Start, "%s can't be matched against this constant", v.name())
	case v.prot.Search == SearchMatch && !p.prefix && (p.fold || !exact):
		r.matchAgain(p, v, l)
	case p.fold, isCitext(v.prot) && !p.prefix:
		r.matchFolded(p, v, l, exact)
	case exact && !p.prefix && v.prot.Search.Equal() && family(v.prot.Type.OID) == OIDText:
		r.equals(p, v, l, PartCell)
	case !p.prefix && equalText(v.prot) && (l.kind == leafParam || literal && oneText):
		r.equals(p, v, l, PartPattern)
	case !r.may(p.row(), v):
	case literal && !p.prefix && !prefix:
		r.noHint(codePattern, v.at.Start, "Only patterns with one % at the end can be asked of a column with search: range.",
			"%s can be matched against a prefix only", v.name())
	default:
		from, to := PartFrom, PartTo
		if p.prefix {
			from, to = PartPrefixFrom, PartPrefixTo
		}
		r.between2(p, v, l, from, to)
	}
}

// equals writes a pattern without a wildcard as equality.
func (r *resolver) equals(p pattern, v value, l *leaf, part Part) {
	r.splice(Span{p.left.Start, p.left.Start}, "(") // = binds less than LIKE
	r.splice(p.operator, r.padded(p.operator, map[bool]string{false: "=", true: "<>"}[p.not]))
	r.splice(Span{p.right.End, p.right.End}, ")")
	t := v.target(PurposeCompare)
	t.Part = part
	r.bind(l, t, false)
}

// between2 writes the two bounds.
func (r *resolver) between2(p pattern, v value, l *leaf, from, to Part) {
	first, second, and := ">=", "<", " AND "
	if p.not {
		first, second, and = "<", ">=", " OR "
	}
	r.splice(Span{p.left.Start, p.left.Start}, "(")
	r.splice(p.operator, r.padded(p.operator, first))
	t := v.target(PurposeCompare)
	t.Part = from
	r.bind(l, t, false)
	r.behind(l, p.right.End, and+r.text[p.left.Start:p.left.End]+" "+second+" ", ")", v, to)
}

// behind adds a second value made of a leaf's constant or parameter at an empty span behind it.
func (r *resolver) behind(l *leaf, at int, before, after string, v value, part Part) {
	if l.ghost != nil || r.soft != nil {
		return
	}
	t := v.target(PurposeCompare)
	t.Part = part
	l.ghost = &leaf{
		at: Span{at, at}, kind: l.kind, lit: l.lit, text: l.text, number: l.number, target: t, isGhost: true, before: before, after: after,
	}
	if l.cast != nil {
		l.ghost.read = l.cast.whole()
	}
	r.leaves = append(r.leaves, l.ghost)
}

// startsWith analyses starts_with(c, 'abc').
func (r *resolver) startsWith(s *scope, n *pg_query.FuncCall, use Use) value {
	l, rt := r.eval(s, n.GetArgs()[0], use|UsePredicate), r.eval(s, n.GetArgs()[1], use|UsePredicate)
	if l.form != formSealed {
		return r.plainCall(n, codePattern, use|UsePredicate, l, rt)
	}
	r.mark(l, use|UsePredicate)
	at := r.spanAt(n.GetLocation())
	if !r.may(opPrefix, l) {
		return plainValue(OIDBool, at)
	}
	c, found := r.callText(n)
	p := pattern{prefix: true}
	if found && len(c.args) == 2 && rt.form == formFree {
		p.operator = Span{c.args[0].End, c.args[1].Start}
	}
	if !found || !p.place(r, n.GetArgs()[0], n.GetArgs()[1], rt) || !blank(r.text, c.arg.Start, p.left.Start) ||
		!blank(r.text, p.left.End, c.arg.End) || !blank(r.text, p.right.End, c.close) {
		r.no(codePatternForm, l.at.Start, "starts_with is not written as starts_with(column, 'constant') or $1 for %s", l.name())
		return plainValue(OIDBool, at)
	}
	r.splice(c.name, "")
	p.operator = Span{p.left.End, p.right.Start}
	leaf := rt.leaves[0]
	r.splice(p.operator, " >= ")
	t := l.target(PurposeCompare)
	t.Part = PartPrefixFrom
	r.bind(leaf, t, false)
	r.behind(leaf, p.right.End, " AND "+r.text[p.left.Start:p.left.End]+" < ", "", l, PartPrefixTo)
	r.respell(n, c.end)
	return plainValue(OIDBool, at)
}

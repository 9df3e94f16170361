package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// What stands around column ->> 'key' at a protected path. The operator keeps the result column nameless: a cast or a call alone would
// give it a name. All is immutable, so an index can hold the expression.
const (
	cellBefore = "(("
	cellAfter  = ")::pg_catalog.bytea OPERATOR(pg_catalog.||) '')"
)

// documentOperator analyses the operators of jsonb; ok is false for all others.
func (r *resolver) documentOperator(s *scope, e *pg_query.A_Expr, use Use) (v value, ok bool) {
	if r.view != nil && ownOperator(e.GetName(), "||") && e.GetLexpr().GetTypeCast() != nil {
		return r.viewedCell(s, e, use)
	}
	if !ownOperator(e.GetName(), "->", "->>", "#>", "#>>", "@>", "<@", "?", "?|", "?&") {
		return value{}, false
	}
	name := nameList(e.GetName())
	op := name[len(name)-1]
	l, rt := r.eval(s, e.GetLexpr(), use|UseExpression), r.eval(s, e.GetRexpr(), use|UseExpression)
	at := r.spanAt(e.GetLocation())
	switch {
	case l.form == formDocument && (op[0] == '-' || op[0] == '#'):
		r.mark(l, use|UseExpression)
		return r.within(e, op, l, rt), true
	case l.form == formDocument && op[0] == '?':
		r.mark(l, use|UseExpression)
		if l.doc.Root() != nil {
			r.no(codeDocumentSearch, l.at.Start, "? compares what stands at a protected path of %s", l.name())
		}
		r.settle(rt, use|UseExpression, 0, codeExpression)
	case l.form == formDocument && op == "@>":
		r.contains(l, rt, use)
	case rt.form == formDocument && op == "<@":
		r.contains(rt, l, use)
	case l.form == formDocument || rt.form == formDocument:
		for _, d := range []value{l, rt} {
			if d.form == formDocument {
				r.no(codeDocumentSearch, d.at.Start, "%s stands on the wrong side of %s", d.name(), op)
			}
		}
	default:
		r.plainOperands(codeExpression, use|UseExpression, l, rt)
		return plainValue(0, at), true
	}
	return plainValue(OIDBool, at), true
}

// within analyses document -> 'key' and its kin: v is the document, keys what follows the operator.
func (r *resolver) within(e *pg_query.A_Expr, op string, v, keys value) value {
	r.settle(keys, UseExpression, 0, codeDocumentPath)
	steps, ok := stepsOf(e.GetRexpr(), op[0] == '#')
	if !ok {
		return r.unclear(v, codeDocumentPath, "the key that follows %s of %s is not a constant that names members", op, v.name())
	}
	doc := v.doc
	for _, step := range steps {
		if doc = doc.Below(step); doc == nil {
			break
		}
	}
	text := strings.HasSuffix(op, ">>")
	out := v.derived()
	out.src, out.at = -1, v.at
	switch {
	case doc == nil && text:
		return plainValue(OIDText, v.at)
	case doc == nil:
		return plainValue(OIDJSONB, v.at)
	case !text:
		out.doc = doc
		return out
	case doc.Root() == nil:
		return r.unclear(v, codeDocumentPath, "%s would print what stands at protected paths of %s", op, v.name())
	case r.view != nil:
		text := r.unclear(v, codeDocumentForm, "a view reads a protected path of %s as text", v.name())
		text.prot, text.table, text.column, text.ofPath = doc.Root(), v.table, v.column, true
		return text
	}
	out.form, out.prot, out.doc = formSealed, doc.Root(), nil
	out.typ, out.ofPath = out.prot.Type, true
	if !r.spliceCell(e) {
		return r.unclear(v, codeDocumentForm, "a protected path of %s is read in a form that can't be rewritten", v.name())
	}
	return out
}

// viewedCell analyses what a view's body has of column ->> 'key' at a protected path (cellAfter): (column ->> 'key')::bytea || ”.
func (r *resolver) viewedCell(s *scope, e *pg_query.A_Expr, use Use) (v value, ok bool) {
	cast := e.GetLexpr().GetTypeCast()
	to, rest := r.castType(cast.GetTypeName()), e.GetRexpr()
	if rest.GetTypeCast() != nil {
		rest = rest.GetTypeCast().GetArg()
	}
	empty := rest.GetAConst().GetSval() != nil && (rest.GetAConst().GetSval().GetSval() == "" || rest.GetAConst().GetSval().GetSval() == `\x`)
	if to.oid != OIDBytea || to.array || to.modified || !empty || cast.GetArg().GetAExpr() == nil {
		return value{}, false
	}
	v, ok = r.documentOperator(s, cast.GetArg().GetAExpr(), use)
	if !ok || !v.ofPath {
		return value{}, false
	}
	v.form, v.broken, v.typ = formSealed, nil, v.prot.Type
	return v, true
}

// unclear refuses v; in a view's body only if something reads the column.
func (r *resolver) unclear(v value, code, format string, args ...any) value {
	if r.view == nil {
		r.no(code, v.at.Start, format, args...)
		return plainValue(0, v.at)
	}
	a := analysis{st: &Statement{}}
	out := plainValue(0, v.at)
	out.form, out.broken, out.cols, out.pending = formUnusable, a.refuse(code, r.pos(v.at.Start), format, args...), v.cols, v.pending
	return out
}

// stepsOf are the keys that a constant names: 'key', or with path '{key,key}'. ok is false for a number, which is an array's index, and for
// what needs quotes in an array.
func stepsOf(n *pg_query.Node, path bool) (steps []string, ok bool) {
	if cast := n.GetTypeCast(); cast != nil {
		names := nameList(cast.GetTypeName().GetNames())
		if len(names) == 0 || names[len(names)-1] != "text" || len(names) == 2 && names[0] != "pg_catalog" || len(names) > 2 ||
			(len(cast.GetTypeName().GetArrayBounds()) == 1) != path {
			return nil, false
		}
		n = cast.GetArg()
	}
	c := n.GetAConst()
	if c.GetSval() == nil || c.GetIsnull() {
		return nil, false
	}
	text := c.GetSval().GetSval()
	if !path {
		return []string{text}, true
	}
	inner, open := strings.CutPrefix(text, "{")
	inner, closed := strings.CutSuffix(inner, "}")
	if !open || !closed {
		return nil, false
	}
	for step := range strings.SplitSeq(inner, ",") {
		if step == "" || strings.ContainsAny(step, "{}\"\\ \t\n\v\f\r") || strings.EqualFold(step, "null") {
			return nil, false
		}
		steps = append(steps, step)
	}
	return steps, true
}

// spliceCell has the text at a protected path read as a cell.
func (r *resolver) spliceCell(e *pg_query.A_Expr) bool {
	operator := r.operatorSpan(int(e.GetLocation()))
	next, ok := nextToken(r.text, operator.End)
	if operator.End == 0 || !ok {
		return false
	}
	right, at := e.GetRexpr(), 0
	end := 0
	if cast := right.GetTypeCast(); cast != nil {
		at = int(cast.GetArg().GetAConst().GetLocation())
		end = typeNameEnd(r.text, int(cast.GetTypeName().GetLocation()))
		if colons, ok := nextToken(r.text, literalEnd(r.text, at)); !ok || r.text[colons.Start:colons.End] != "::" {
			return false
		}
	} else {
		at = int(right.GetAConst().GetLocation())
		end = literalEnd(r.text, at)
	}
	start := r.documentStart(e.GetLexpr(), operator.Start)
	if next.Start != at || end <= at || start < 0 {
		return false
	}
	r.splice(Span{start, start}, cellBefore)
	r.splice(Span{end, end}, cellAfter)
	return true
}

// documentStart is where a left operand begins that is a column's name with -> and parentheses around, -1 for any other. end is where its
// operator begins.
func (r *resolver) documentStart(n *pg_query.Node, end int) int {
	for n.GetAExpr() != nil {
		n = n.GetAExpr().GetLexpr()
	}
	ref := n.GetColumnRef()
	if ref == nil || ref.GetLocation() < 0 {
		return -1
	}
	start := int(ref.GetLocation())
	depth, lowest := 0, 0
	for at := start; ; {
		t, ok := nextToken(r.text, at)
		if !ok || t.Start > end {
			return -1
		}
		if t.Start == end {
			break
		}
		switch {
		case isPunct(r.text, t, "("):
			depth++
		case isPunct(r.text, t, ")"):
			depth--
			lowest = min(lowest, depth)
		}
		at = t.End
	}
	if depth != lowest {
		return -1
	}
	for ; lowest < 0; lowest++ {
		before := strings.TrimRight(r.text[:start], " \t\n\r\f\v")
		if !strings.HasSuffix(before, "(") {
			return -1
		}
		start = len(before) - 1
	}
	return start
}

// unifyDocuments makes one value of alternatives of which some are documents: coalesce(column, '{}').
func (r *resolver) unifyDocuments(vals []value, code string) (out value, ok bool) {
	first := slices.IndexFunc(vals, func(v value) bool { return v.form == formDocument })
	if first < 0 {
		return value{}, false
	}
	like := vals[first]
	out = value{form: formDocument, src: -1, prot: like.prot, doc: like.doc, table: like.table, column: like.column, typ: like.typ, at: like.at}
	for _, v := range vals {
		out.cols, out.pending = append(out.cols, v.cols...), append(out.pending, v.pending...)
		switch {
		case v.form == formFree:
			t := like.target(PurposeStore)
			t.Protection.Document = like.doc
			r.bindAll(v, t, false)
		case v.form != formDocument || !sameDocument(v.doc, like.doc):
			r.no(code, v.at.Start, "%s and another value can't be alternatives", like.name())
		}
	}
	return out, true
}

// contains analyses document @> other.
func (r *resolver) contains(v, other value, use Use) {
	r.mark(v, use|UseExpression)
	switch {
	case !v.doc.searchable():
		r.no(codeDocumentSearch, v.at.Start, "no protected path of %s has search: equality", v.name())
	case other.form == formFree:
		t := v.target(PurposeCompare)
		t.Protection.Document = v.doc
		r.bindAll(other, t, false)
	default:
		r.mark(other, use|UseExpression)
		r.no(codeDocumentSearch, v.at.Start, "%s is compared with something that is no constant or parameter", v.name())
	}
}

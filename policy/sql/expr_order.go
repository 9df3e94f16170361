package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// orderOperator reports whether an operator is one of the server's own <, <=, >, >=.
func orderOperator(name []*pg_query.Node) bool { return ownOperator(name, "<", "<=", ">", ">=") }

// ownOperator reports whether an operator is one of the server's own with one of the names.
func ownOperator(name []*pg_query.Node, names ...string) bool {
	parts := nameList(name)
	if len(parts) == 0 || len(parts) > 2 || len(parts) == 2 && parts[0] != "pg_catalog" {
		return false
	}
	for _, n := range names {
		if parts[len(parts)-1] == n {
			return true
		}
	}
	return false
}

// protects reports whether v is, or holds, a protected value.
func protects(v value) bool {
	switch v.form {
	case formSealed, formIndex, formCells, formJSON, formDocument:
		return true
	}
	for _, e := range v.elems {
		if protects(e) {
			return true
		}
	}
	return false
}

// special analyses the operators besides = that are defined on protected values; ok is false for all others.
func (r *resolver) special(s *scope, e *pg_query.A_Expr, use Use) (result value, ok bool) {
	switch {
	case orderOperator(e.GetName()):
		l, rt := r.eval(s, e.GetLexpr(), use), r.eval(s, e.GetRexpr(), use)
		if protects(l) || protects(rt) {
			r.compareBy(opOrder, l, rt, use)
		} else {
			r.alone(l, rt)
			r.plainOperands(codeOrdered, use, l, rt)
		}
	case ownOperator(e.GetName(), "~~", "!~~", "~~*", "!~~*", "^@"):
		r.match(s, e, use)
	default:
		return value{}, false
	}
	return plainValue(OIDBool, r.spanAt(e.GetLocation())), true
}

// between analyses BETWEEN in its forms: two comparisons with the first operand. One protected operand decides for the others.
func (r *resolver) between(s *scope, e *pg_query.A_Expr, use Use) {
	vals := []value{r.eval(s, e.GetLexpr(), use)}
	if items := e.GetRexpr().GetList().GetItems(); items != nil {
		for _, n := range items {
			vals = append(vals, r.eval(s, n, use))
		}
	} else {
		vals = append(vals, r.eval(s, e.GetRexpr(), use))
	}
	like := -1
	for i, v := range vals {
		if protects(v) && (like < 0 || v.form == formSealed && vals[like].form != formSealed) {
			like = i
		}
	}
	if like < 0 || e.GetKind() < pg_query.A_Expr_Kind_AEXPR_BETWEEN || e.GetKind() > pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM {
		for _, v := range vals {
			r.settle(v, use, 0, codeOrdered)
		}
		return
	}
	for i, v := range vals {
		if i != like {
			r.compareBy(opOrder, vals[like], v, use)
		}
	}
}

// alone marks constants and parameters that are compared with nothing else.
func (r *resolver) alone(vals ...value) {
	for _, v := range vals {
		if !v.constant() && v.form != formFolded {
			return
		}
	}
	for _, v := range vals {
		for _, l := range v.leaves {
			l.alone = true
		}
	}
}

// sortKey settles v as a sort key of ORDER BY.
func (r *resolver) sortKey(v value, by *pg_query.SortBy) {
	if v.form != formSealed {
		r.settle(v, UseOrder, 0, codeOrder)
		return
	}
	r.mark(v, UseOrder)
	if r.may(opSort, v) && len(by.GetUseOp()) > 0 && !ownOperator(by.GetUseOp(), "<", ">") {
		r.no(codeOrder, v.at.Start, "%s can be sorted by < and > only", v.name())
	}
}

// frame refuses a window frame whose bounds are computed from a protected sort key: RANGE 5 PRECEDING.
func (r *resolver) frame(v value, w *pg_query.WindowDef) {
	const frameRange = 0x00002 // FRAMEOPTION_RANGE, src/include/nodes/parsenodes.h
	if v.form == formSealed && w.GetFrameOptions()&frameRange != 0 && (w.GetStartOffset() != nil || w.GetEndOffset() != nil) {
		r.noHint(codeExpression, v.at.Start, "Use ROWS or GROUPS, or compute in the application.",
			"the frame RANGE … PRECEDING or FOLLOWING computes with %s", v.name())
	}
}

// extreme analyses GREATEST and LEAST.
func (r *resolver) extreme(s *scope, n *pg_query.MinMaxExpr, use Use, want *Target) value {
	at := r.spanAt(n.GetLocation())
	vals := make([]value, 0, len(n.GetArgs()))
	sealed := false
	for _, arg := range n.GetArgs() {
		v := r.evalFor(s, arg, use|UseExpression, want)
		sealed = sealed || v.form == formSealed
		vals = append(vals, v)
	}
	ordered := true
	for _, v := range vals {
		if v.form == formSealed {
			r.mark(v, use|UseExpression)
			ordered = ordered && r.may(opGreatest, v)
		}
	}
	if ordered && (sealed || want != nil && want.Protection.Search.Ordered()) {
		return r.branches(vals, use, want, at)
	}
	typ := Type{}
	for _, v := range vals {
		if v.form == formPlain {
			typ = v.typ
		}
	}
	for _, v := range vals {
		r.settle(v, use|UseExpression, typ.OID, codeExpression)
	}
	return plainValue(typ.OID, at)
}

// collated analyses COLLATE. Cells of a range column sort as the C collation does, so COLLATE "C" is taken off.
func (r *resolver) collated(s *scope, n *pg_query.CollateClause, use Use) value {
	v := r.eval(s, n.GetArg(), use)
	name := nameList(n.GetCollname())
	c := len(name) > 0 && (name[len(name)-1] == "C" || name[len(name)-1] == "POSIX") && (len(name) == 1 || name[0] == "pg_catalog")
	if v.form == formSealed && v.prot.Search.Ordered() && family(v.prot.Type.OID) == OIDText && c {
		r.mark(v, use)
		if r.view == nil {
			start := int(n.GetLocation())
			r.splice(Span{start, refEnd(r.text, tokenEnd(r.text, start))}, " ")
		}
		return v.derived()
	}
	r.settle(v, use|UseExpression, 0, codeExpression)
	return plainValue(v.typ.OID, r.spanAt(n.GetLocation()))
}

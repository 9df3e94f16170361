package sql

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// caseExpr analyses CASE. With an argument each WHEN is an equality with it.
func (r *resolver) caseExpr(s *scope, n *pg_query.CaseExpr, use Use, want *Target) value {
	at := r.spanAt(n.GetLocation())
	var arg *value
	if n.GetArg() != nil {
		v := r.eval(s, n.GetArg(), use)
		arg = &v
	}
	vals := make([]value, 0, len(n.GetArgs())+1)
	for _, w := range n.GetArgs() {
		when := w.GetCaseWhen()
		if arg != nil {
			v := r.eval(s, when.GetExpr(), use)
			if arg.form == formFree && foldsCase(v) {
				r.no(codeCitext, v.at.Start, "a value of no column, which is text then, is compared with %s by CASE", v.name())
			}
			r.compare(*arg, v, use|UsePredicate|UseExpression)
		} else {
			r.condition(s, when.GetExpr(), false, use|UsePredicate|UseExpression)
		}
		vals = append(vals, r.evalFor(s, when.GetResult(), use, want))
	}
	if n.GetDefresult() != nil {
		vals = append(vals, r.evalFor(s, n.GetDefresult(), use, want))
		return r.branches(vals, use, want, at)
	}
	v := r.branches(vals, use, want, at)
	if v.form == formSealed && want == nil {
		v.bare = true
		p := v.prot.plainDomain()
		v.prot = &p
	}
	if v.form == formSealed && want == nil && !needsScale(v.prot) {
		v.prot.Type.Mod, v.typ.Mod = -1, -1 // without ELSE there is a NULL, which has no length: exprTypmod
	}
	return v
}

// branches makes one expression of alternatives.
func (r *resolver) branches(vals []value, use Use, want *Target, at Span) value {
	for i := range vals {
		r.mark(vals[i], use|UseExpression)
	}
	v := r.unify(vals, want, codeSetMix).derived()
	v.at = at
	if v.form != formSealed && v.form != formCells && v.form != formJSON && v.form != formDocument {
		v.cols = nil
		v.src, v.column, v.table = -1, "", TableName{}
	}
	return v
}

// coalesce makes one expression of COALESCE's arguments. The planner leaves out those that are NULL for certain, and with them what
// they do to the length.
func (r *resolver) coalesce(vals []value, use Use, want *Target, at Span) value {
	some := slices.DeleteFunc(slices.Clone(vals), func(v value) bool { return v.form == formFree && !v.viewed && onlyNulls(v) })
	v := r.branches(vals, use, want, at)
	if len(some) == 1 && v.form == formSealed && want == nil {
		v.prot.Type.Mod, v.typ.Mod, v.bare = some[0].prot.Type.Mod, some[0].prot.Type.Mod, some[0].bare
	}
	return v
}

// subLink analyses a subquery in an expression.
func (r *resolver) subLink(s *scope, n *pg_query.SubLink, use Use) value {
	at := r.spanAt(n.GetLocation())
	var test *value
	if n.GetTestexpr() != nil {
		v := r.eval(s, n.GetTestexpr(), use)
		test = &v
	}
	out, _ := r.statement(s, n.GetSubselect())
	switch n.GetSubLinkType() {
	case pg_query.SubLinkType_EXISTS_SUBLINK:
		return plainValue(OIDBool, at)
	case pg_query.SubLinkType_ANY_SUBLINK, pg_query.SubLinkType_ALL_SUBLINK:
		r.compareSubquery(*test, out, n, use|UsePredicate)
		return plainValue(OIDBool, at)
	case pg_query.SubLinkType_EXPR_SUBLINK:
		if !out.exact && out.guarded(r) {
			r.no(codeUnknownColumns, at.Start, "the columns of a subquery can't be known")
		}
		if len(out.cols) == 1 {
			v := out.cols[0].val.derived()
			v.place = out.cols[0].val.place
			return v
		}
		v := value{form: formRow, src: -1, at: at}
		for _, c := range out.cols {
			v.elems = append(v.elems, c.val)
		}
		return v
	}
	// ARRAY(SELECT …)
	if out.exact && len(out.cols) == 1 && out.cols[0].val.form == formSealed {
		v := out.cols[0].val
		r.mark(v, use|UseExpression)
		r.may(opArray, v)
		v.form, v.at, v.src = formCells, at, -1
		return v.derived()
	}
	r.settleOutput(out, use|UseExpression)
	return plainValue(0, at)
}

// compareSubquery analyses test IN (SELECT …), test op ANY (SELECT …) and test op ALL (SELECT …).
func (r *resolver) compareSubquery(test value, out output, n *pg_query.SubLink, use Use) {
	at := int(n.GetLocation())
	if !out.exact && (out.guarded(r) || guardedValue(r, test)) {
		r.no(codeUnknownColumns, at, "the columns of a subquery can't be known")
	}
	tests := []value{test}
	if test.form == formRow {
		tests = test.elems
	}
	r.citextQualified(n.GetOperName(), tests...)
	for _, c := range out.cols {
		r.citextQualified(n.GetOperName(), c.val)
	}
	equal := len(n.GetOperName()) == 0 || equality(n.GetOperName())
	o := opEqual
	if !equal && orderOperator(n.GetOperName()) {
		o, equal = opOrder, true
	}
	for i, t := range tests {
		if !equal || i >= len(out.cols) {
			r.settle(t, use, 0, codeOrdered)
			continue
		}
		r.compareBy(o, t, out.cols[i].val, use)
	}
	for i, c := range out.cols {
		if !equal || i >= len(tests) {
			r.settle(c.val, use, 0, codeOrdered)
		}
	}
}

// checkCall refuses functions whose bodies are opaque.
func (r *resolver) checkCall(parts []string, at int32) { r.checkFunction(parts, r.pos(int(at))) }

// call analyses a function call.
func (r *resolver) call(s *scope, n *pg_query.FuncCall, use Use) value {
	at := r.spanAt(n.GetLocation())
	parts := nameList(n.GetFuncname())
	r.checkCall(parts, n.GetLocation())
	if n.GetAggFilter() != nil {
		r.condition(s, n.GetAggFilter(), false, use|UsePredicate)
	}
	r.window(s, n.GetOver())
	if n.GetAggWithinGroup() {
		return r.withinGroup(s, n, parts[len(parts)-1], use)
	}
	for _, o := range n.GetAggOrder() {
		r.sortKey(r.eval(s, o.GetSortBy().GetNode(), use|UseOrder), o.GetSortBy())
	}
	switch {
	case builtin(parts, "count") && len(n.GetArgs()) == 1 && !n.GetAggWithinGroup() && !n.GetFuncVariadic():
		r.count(r.eval(s, n.GetArgs()[0], use), n.GetAggDistinct())
		return plainValue(OIDInt8, at)
	case builtin(parts, "unnest") && len(n.GetArgs()) == 1 && n.GetOver() == nil && !n.GetFuncVariadic():
		return r.spread(r.eval(s, n.GetArgs()[0], use), at)
	}
	if v, ok := r.knownCall(s, n, parts, use); ok {
		return v
	}
	code, kind := codeExpression, UseExpression
	if aggregate(parts[len(parts)-1]) {
		code, kind = codeAggregate, UseAggregate
	}
	for _, arg := range n.GetArgs() {
		if named := arg.GetNamedArgExpr(); named != nil {
			arg = named.GetArg()
		}
		v := r.eval(s, arg, use|UseExpression)
		if v.whole != nil && v.whole.guarded(r) {
			r.wholeRow(v)
		}
		r.settle(v, use|kind|UseExpression, 0, code)
	}
	return plainValue(0, at)
}

// count settles the argument of count.
func (r *resolver) count(v value, distinct bool) {
	if distinct {
		if foldsCase(v) {
			r.citextKey(v, UseAggregate)
			return
		}
		if v.form == formFree || v.form == formSealed || v.form == formIndex {
			r.groupable(v, UseAggregate)
			return
		}
		r.settle(v, UseAggregate, 0, codeGroup)
		return
	}
	if v.form == formRow {
		r.settle(v, UseAggregate, 0, codeAggregate)
		return
	}
	r.nullness(v, UseAggregate)
}

// aggregate knows the aggregates and window functions that one would try on a protected column; it serves the message only.
func aggregate(name string) bool {
	switch name {
	case "min", "max", "sum", "avg", "array_agg", "string_agg", "json_agg", "jsonb_agg", "json_object_agg", "jsonb_object_agg",
		"first_value", "last_value", "nth_value", "lag", "lead", "mode", "percentile_disc", "percentile_cont", "any_value",
		"stddev", "variance", "bool_and", "bool_or", "every":
		return true
	}
	return false
}

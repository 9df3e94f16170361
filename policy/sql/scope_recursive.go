package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// recursive analyses WITH RECURSIVE. The columns are those of the non-recursive term. A protected one passes if the recursive term, analysed
// with it, gives a value of the same key and type in its place: then every row does, however many steps there are. All other values that
// pass through are expressions.
func (r *resolver) recursive(s *scope, item *cteItem, c *pg_query.CommonTableExpr, sel *pg_query.SelectStmt) {
	at := r.span(c.GetLocation(), refEnd)
	if sel.GetOp() != pg_query.SetOperation_SETOP_UNION {
		r.no(codeRecursive, at.Start, "recursive query %q can't be understood", item.name)
		out, _ := r.statement(s, c.GetCtequery())
		item.define(out, c)
		return
	}
	inner := r.withClause(s, sel.GetWithClause())
	first := r.query(inner, sel.GetLarg())
	// SEARCH and CYCLE put the values into records and sort by these; uses of a view's columns are not known yet.
	passes := r.view == nil && r.deferred == nil && first.exact && c.GetSearchClause() == nil && c.GetCycleClause() == nil
	sealed := make([]bool, len(first.cols))
	for i := range first.cols {
		v := &first.cols[i].val
		if sealed[i] = passes && v.form == formSealed; sealed[i] {
			p := v.prot.plainDomain()
			*v = v.derived()
			v.prot, v.src = &p, -1
			continue
		}
		r.opaque(v, at)
	}
	item.define(first, c)
	second := r.query(inner, sel.GetRarg())
	if len(second.cols) != len(first.cols) || !second.exact {
		passes = false
	}
	for i := range second.cols {
		if passes && sealed[i] {
			first.cols[i].val = r.recurs(first.cols[i].val, second.cols[i].val, !sel.GetAll())
			continue
		}
		r.opaque(&second.cols[i].val, at)
	}
	for i := range first.cols {
		if sealed[i] && !passes {
			r.opaque(&first.cols[i].val, at)
		}
	}
	item.define(first, c)
	if len(c.GetCtequery().GetSelectStmt().GetSortClause()) > 0 || sel.GetLimitCount() != nil || sel.GetLimitOffset() != nil {
		r.clausesOfSet(inner, sel, first)
	}
	if sc := c.GetSearchClause(); sc != nil {
		item.cols = append(item.cols, itemColumn{name: sc.GetSearchSeqColumn(), val: plainValue(0, at)})
	}
	if cc := c.GetCycleClause(); cc != nil {
		for _, name := range []string{cc.GetCycleMarkColumn(), cc.GetCyclePathColumn()} {
			item.cols = append(item.cols, itemColumn{name: name, val: plainValue(0, at)})
		}
	}
}

// recurs is a protected column of a recursive query, given its value by both terms. What has been done with the first term's is done with the
// second's too, one step later.
func (r *resolver) recurs(first, second value, distinct bool) value {
	use := UseGroup | UseExpression
	for _, i := range first.cols {
		use |= r.st.Columns[i].Use &^ UseOutput
	}
	r.mark(first, UseGroup|UseExpression)
	r.mark(second, use)
	v := r.unify([]value{first, second}, nil, codeRecursive)
	switch {
	case v.form != formSealed:
	case v.prot.Type != first.prot.Type || v.bare != first.bare:
		// The server would raise that the terms' types differ.
		r.no(codeRecursive, first.at.Start, "%s meets another type or length in the recursive term", first.name())
	case distinct:
		r.groupable(v, UseGroup)
	}
	v.src = -1
	return v.derived()
}

// opaque turns a column of a recursive query into a plain expression.
func (r *resolver) opaque(v *value, at Span) {
	r.settle(*v, UseExpression|UseGroup, 0, codeRecursive)
	*v = plainValue(v.typ.OID, at)
}

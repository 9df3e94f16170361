package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// cteItem is one query of a WITH clause, analysed once however often it is named.
type cteItem struct {
	name string
	cols []itemColumn
	open bool
	// pending: not analysed yet, so nothing may be read from it.
	pending bool
}

// cte finds the CTE that an unqualified name means.
func (s *scope) cte(name string) *cteItem {
	for ; s != nil; s = s.parent {
		for i := len(s.ctes) - 1; i >= 0; i-- {
			if s.ctes[i].name == name {
				return s.ctes[i]
			}
		}
	}
	return nil
}

func (c *cteItem) columns(r *resolver, at Span) []itemColumn {
	if c.pending {
		r.no(codeRecursive, at.Start, "query %q of WITH RECURSIVE is used before it is defined", c.name)
	}
	cols := make([]itemColumn, len(c.cols))
	copy(cols, c.cols)
	for i := range cols {
		cols[i].val.at = at
	}
	return cols
}

// withClause is a new level inside parent that knows the CTEs of w. In WITH RECURSIVE all siblings are visible, but only
// those above may be read.
func (r *resolver) withClause(parent *scope, w *pg_query.WithClause) *scope {
	s := &scope{parent: parent}
	if w == nil {
		return s
	}
	if w.GetRecursive() {
		for _, n := range w.GetCtes() {
			s.ctes = append(s.ctes, &cteItem{name: n.GetCommonTableExpr().GetCtename(), open: true, pending: true})
		}
	}
	for i, n := range w.GetCtes() {
		c := n.GetCommonTableExpr()
		item := &cteItem{name: c.GetCtename()}
		if w.GetRecursive() {
			item = s.ctes[i]
			if sel := c.GetCtequery().GetSelectStmt(); sel != nil && mentions(c.GetCtequery(), item.name) {
				r.recursive(s, item, c, sel)
				continue
			}
		}
		out, _ := r.statement(s, c.GetCtequery())
		item.define(out, c)
		if !w.GetRecursive() {
			s.ctes = append(s.ctes, item)
		}
	}
	return s
}

// define gives the CTE its columns.
func (item *cteItem) define(out output, c *pg_query.CommonTableExpr) {
	item.cols, item.open, item.pending = out.columns(), !out.exact, false
	for i, name := range nameList(c.GetAliascolnames()) {
		if i < len(item.cols) {
			item.cols[i].name = name
		}
	}
}

// recursive analyses WITH RECURSIVE: the columns are those of the non-recursive term, and every value that passes through is an
// expression, since a column may be fed by another one on the way. Protected values may not pass.
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
	r.opaque(first, at)
	item.define(first, c)
	second := r.query(inner, sel.GetRarg())
	r.opaque(second, at)
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

// opaque turns every column of out into a plain expression.
func (r *resolver) opaque(out output, at Span) {
	for i := range out.cols {
		v := out.cols[i].val
		r.settle(v, UseExpression|UseGroup, 0, codeRecursive)
		out.cols[i].val = plainValue(v.typ.OID, at)
	}
}

// mentions reports whether a relation called name is named, unqualified, anywhere below node.
func mentions(node *pg_query.Node, name string) bool {
	found := false
	walk(node.ProtoReflect(), func(n *pg_query.RangeVar) {
		found = found || n.GetSchemaname() == "" && n.GetRelname() == name
	})
	return found
}

package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
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

// mentions reports whether a relation called name is named, unqualified, anywhere below node.
func mentions(node *pg_query.Node, name string) bool {
	return has(node.ProtoReflect(), func(m protoreflect.Message) bool {
		n, ok := m.Interface().(*pg_query.RangeVar)
		return ok && n.GetSchemaname() == "" && n.GetRelname() == name
	})
}

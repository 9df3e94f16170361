package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// sortTarget is what an ORDER BY, GROUP BY or DISTINCT ON item means: findTargetlistEntrySQL92. With inputFirst a name means a
// column of FROM rather than an output column.
func (r *resolver) sortTarget(s *scope, n *pg_query.Node, out output, use Use, inputFirst bool) value {
	if ref := n.GetColumnRef(); ref != nil && len(ref.GetFields()) == 1 && ref.GetFields()[0].GetString_() != nil {
		name := ref.GetFields()[0].GetString_().GetSval()
		at := r.span(ref.GetLocation(), refEnd)
		if !inputFirst || !s.hasColumn(name) {
			for _, c := range out.cols {
				if c.name == name {
					v := c.val
					v.at = at
					return v
				}
			}
			if !out.exact && out.guarded(r) {
				r.no(codeUncertain, at.Start, "what %q names can't be known", name)
			}
		}
	}
	if c := n.GetAConst(); c != nil && c.GetIval() != nil {
		i := int(c.GetIval().GetIval())
		if i >= 1 && i <= len(out.cols) {
			v := out.cols[i-1].val
			v.at = r.span(c.GetLocation(), literalEnd)
			return v
		}
		if !out.exact {
			r.no(codeUnknownColumns, r.pos(int(c.GetLocation())), "the columns of the result can't be known")
		}
		return plainValue(0, nowhere)
	}
	return r.eval(s, n, use)
}

// hasColumn reports whether the innermost level's FROM has a column called name.
func (s *scope) hasColumn(name string) bool {
	for _, it := range s.items {
		if !it.hiddenColumns {
			if _, n := it.find(name); n > 0 {
				return true
			}
		}
	}
	return false
}

// groupable settles v as something that is compared for equality with itself: GROUP BY, DISTINCT, UNION, PARTITION BY.
func (r *resolver) groupable(v value, use Use) {
	if v.form == formSealed {
		r.mark(v, use)
		r.may(opGroup, v)
		return
	}
	if v.form == formIndex {
		r.mark(v, use)
		r.indexed(v)
		return
	}
	r.settle(v, use, 0, codeGroup)
}

func (r *resolver) groupBy(s *scope, list []*pg_query.Node, out output) {
	for _, n := range list {
		if set := n.GetGroupingSet(); set != nil {
			r.groupBy(s, set.GetContent(), out)
			continue
		}
		if row := n.GetRowExpr(); row != nil && row.GetRowFormat() == pg_query.CoercionForm_COERCE_IMPLICIT_CAST {
			r.groupBy(s, row.GetArgs(), out)
			continue
		}
		if l := n.GetList(); l != nil {
			r.groupBy(s, l.GetItems(), out)
			continue
		}
		r.groupable(r.sortTarget(s, n, out, UseGroup, true), UseGroup)
	}
}

// distinct analyses DISTINCT, whose list is one empty node, and DISTINCT ON.
func (r *resolver) distinct(s *scope, list []*pg_query.Node, out output) {
	if len(list) == 0 {
		return
	}
	if list[0].GetNode() == nil {
		for _, c := range out.cols {
			r.groupable(c.val, UseGroup)
		}
		return
	}
	for _, n := range list {
		r.groupable(r.sortTarget(s, n, out, UseGroup, false), UseGroup)
	}
}

func (r *resolver) orderBy(s *scope, list []*pg_query.Node, out output) {
	for _, n := range list {
		r.sortKey(r.sortTarget(s, n.GetSortBy().GetNode(), out, UseOrder, false), n.GetSortBy())
	}
}

// window analyses a window's PARTITION BY and ORDER BY. Names in it are columns of FROM.
func (r *resolver) window(s *scope, w *pg_query.WindowDef) {
	if w == nil {
		return
	}
	for _, n := range w.GetPartitionClause() {
		if v := r.eval(s, n, UseGroup); foldsCase(v) {
			r.citextKey(v, UseGroup)
		} else {
			r.groupable(v, UseGroup)
		}
	}
	for _, n := range w.GetOrderClause() {
		v := r.eval(s, n.GetSortBy().GetNode(), UseOrder)
		r.sortKey(v, n.GetSortBy())
		r.frame(v, w)
	}
	for _, n := range []*pg_query.Node{w.GetStartOffset(), w.GetEndOffset()} {
		if n != nil {
			r.operand(s, n, UseExpression, 0)
		}
	}
}

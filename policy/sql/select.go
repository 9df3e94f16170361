package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// output is the columns of a query, in order. exact is false when there may be others.
type output struct {
	cols  []itemColumn
	exact bool
}

// columns is a copy that may be renamed.
func (o output) columns() []itemColumn { return append([]itemColumn(nil), o.cols...) }

// query analyses a SELECT, VALUES, TABLE or set operation at a new level inside parent.
func (r *resolver) query(parent *scope, sel *pg_query.SelectStmt) output {
	s := r.withClause(parent, sel.GetWithClause())
	if sel.GetOp() > pg_query.SetOperation_SETOP_NONE {
		out := r.setOperation(s, sel)
		r.clausesOfSet(s, sel, out)
		return out
	}
	if len(sel.GetValuesLists()) > 0 {
		out := r.values(s, sel.GetValuesLists())
		r.clausesOfSet(s, sel, out)
		return out
	}
	first := len(r.st.Tables)
	r.from(s, sel.GetFromClause(), EffectSelect)
	own := len(r.st.Tables)
	out := r.targets(s, sel.GetTargetList())
	if w := sel.GetWhereClause(); w != nil {
		done := r.matching(s, sel, &out)
		r.condition(s, w, true, UsePredicate)
		done()
	}
	r.groupBy(s, sel.GetGroupClause(), out)
	if h := sel.GetHavingClause(); h != nil {
		r.condition(s, h, false, UsePredicate)
	}
	for _, w := range sel.GetWindowClause() {
		r.window(s, w.GetWindowDef())
	}
	r.distinct(s, sel.GetDistinctClause(), out)
	r.orderBy(s, sel.GetSortClause(), out)
	r.limit(s, sel)
	r.lock(sel.GetLockingClause(), first, own)
	if into := sel.GetIntoClause(); into != nil {
		r.into(into, out)
	}
	return out
}

// targets analyses a select list or RETURNING list.
func (r *resolver) targets(s *scope, list []*pg_query.Node) output {
	out := output{exact: true, cols: make([]itemColumn, 0, len(list))}
	for _, n := range list {
		t := n.GetResTarget()
		if ref := t.GetVal().GetColumnRef(); ref != nil && ref.GetFields()[len(ref.GetFields())-1].GetAStar() != nil {
			r.star(s, ref, &out)
			continue
		}
		col := itemColumn{name: t.GetName()}
		if col.name == "" {
			col.name = figureName(t.GetVal())
		}
		col.val = r.target(s, t.GetVal())
		r.keepName(t, col.name)
		r.keepTitle(t, col.name, col.val)
		lift(col.val)
		out.cols = append(out.cols, col)
	}
	return out
}

// target evaluates one expression of a select list. In a view's body a refusal breaks only its own column, and what
// it uses counts only if that column is read.
func (r *resolver) target(s *scope, n *pg_query.Node) value {
	if r.view == nil || r.soft != nil {
		return r.eval(s, n, UseExpression)
	}
	saved, uses := r.deferred, []pendingUse(nil)
	r.deferred = &uses
	v := r.eval(s, n, UseExpression)
	r.deferred = saved
	v.pending = append(v.pending[:len(v.pending):len(v.pending)], uses...)
	if r.soft != nil {
		v = value{form: formUnusable, src: -1, broken: r.soft, at: r.view.at}
		r.soft = nil
	}
	return v
}

// star adds the columns of * or t.*.
func (r *resolver) star(s *scope, ref *pg_query.ColumnRef, out *output) {
	at := r.span(ref.GetLocation(), refEnd)
	names := nameList(ref.GetFields())
	var items []*rangeItem
	if len(names) == 1 {
		for _, it := range s.items {
			if !it.hiddenColumns {
				items = append(items, it)
			}
		}
	} else {
		schema, name := qualifier(names[:len(names)-1])
		it := r.relation(s, schema, name)
		if it == nil {
			r.no(codeNoColumn, at.Start, "missing FROM-clause entry for table %q", name)
			out.exact = false
			return
		}
		items = append(items, it)
	}
	for _, it := range items {
		if ref.GetLocation() < 0 { // TABLE t
			at = it.at
		}
		if it.open {
			out.exact = false
		}
		for i := range it.size() {
			out.cols = append(out.cols, itemColumn{name: it.columnName(i), val: it.value(r, i, at, false)})
		}
	}
}

// qualifier splits the names before a column's own: [[catalog.]schema.]table.
func qualifier(names []string) (schema, table string) {
	if len(names) > 1 {
		schema = names[len(names)-2]
	}
	return schema, names[len(names)-1]
}

// limit analyses LIMIT, OFFSET and FETCH FIRST.
func (r *resolver) limit(s *scope, sel *pg_query.SelectStmt) {
	if sel == r.outermost && r.view == nil && len(r.st.Rechecks) > 0 {
		r.st.Limit, r.st.Offset = r.rowCount(sel.GetLimitCount()), r.rowCount(sel.GetLimitOffset())
	}
	for _, n := range []*pg_query.Node{sel.GetLimitCount(), sel.GetLimitOffset()} {
		if n != nil {
			r.operand(s, n, UseExpression, OIDInt8)
		}
	}
}

// lock adds EffectLock for FOR UPDATE and its kin to the tables of this level's FROM: those from first to last.
func (r *resolver) lock(clauses []*pg_query.Node, first, last int) {
	for _, n := range clauses {
		rels := n.GetLockingClause().GetLockedRels()
		if len(rels) == 0 {
			for i := first; i < last; i++ {
				r.st.Tables[i].Effects |= EffectLock
			}
			continue
		}
		// OF names aliases; which occurrence that is doesn't matter for what a policy may forbid.
		for i := first; i < last; i++ {
			r.st.Tables[i].Effects |= EffectLock
		}
	}
}

// into refuses SELECT INTO when protected values would be kept in a table that nobody protects.
func (r *resolver) into(into *pg_query.IntoClause, out output) {
	at := r.span(into.GetRel().GetLocation(), refEnd)
	r.no(codeSelectInto, at.Start, "SELECT INTO can't be used with protected or listed tables")
	for _, c := range out.cols {
		r.mark(c.val, UseCarry)
	}
	r.st.Tables = append(r.st.Tables, TableUse{
		Table: TableName{into.GetRel().GetSchemaname(), into.GetRel().GetRelname()}, Effects: EffectCreate, At: at,
	})
	r.st.ChangesSchema = true
}

package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// written is a view whose rows are a table's own: which table, and which of its columns each column of the view is.
type written struct {
	base    *Relation
	columns []int // indices into base.Columns, in the view's order
}

// writtenThrough tells through a view, or views over views, what the server would write (view_query_is_auto_updatable in
// src/backend/rewrite/rewriteHandler.c). It takes only views all columns of which are columns of the table.
func (r *resolver) writtenThrough(rel *Relation, depth int) (written, bool) {
	if rel.Kind == 'r' || rel.Kind == 'p' {
		w := written{base: rel}
		for i := range rel.Columns {
			w.columns = append(w.columns, i)
		}
		return w, true
	}
	if rel.Kind != 'v' || rel.Unusable != nil || depth > maxViewDepth {
		return written{}, false
	}
	tree, bad := parse(rel.Definition)
	if bad != nil || len(tree.GetStmts()) != 1 {
		return written{}, false
	}
	sel := tree.GetStmts()[0].GetStmt().GetSelectStmt()
	from, simple := simpleSelect(sel)
	if !simple {
		return written{}, false
	}
	under, ok := r.cat.Relation(r.cat.viewPath, from.GetSchemaname(), from.GetRelname())
	if !ok {
		return written{}, false
	}
	below, ok := r.writtenThrough(under, depth+1)
	if !ok || len(sel.GetTargetList()) != len(rel.Columns) {
		return written{}, false
	}
	w := written{base: below.base}
	for _, t := range sel.GetTargetList() {
		ref := t.GetResTarget().GetVal().GetColumnRef()
		if ref == nil || len(ref.GetFields()) == 0 {
			return written{}, false
		}
		i, ok := under.byName[ref.GetFields()[len(ref.GetFields())-1].GetString_().GetSval()]
		if !ok {
			return written{}, false
		}
		w.columns = append(w.columns, below.columns[i])
	}
	return w, true
}

// simpleSelect is the one table of a SELECT that does nothing but choose columns and rows.
func simpleSelect(sel *pg_query.SelectStmt) (*pg_query.RangeVar, bool) {
	if sel == nil || sel.GetOp() > pg_query.SetOperation_SETOP_NONE || sel.GetWithClause() != nil || len(sel.GetFromClause()) != 1 ||
		len(sel.GetDistinctClause()) > 0 || len(sel.GetGroupClause()) > 0 || sel.GetHavingClause() != nil || len(sel.GetValuesLists()) > 0 ||
		sel.GetLimitCount() != nil || sel.GetLimitOffset() != nil || len(sel.GetLockingClause()) > 0 || len(sel.GetWindowClause()) > 0 {
		return nil, false
	}
	from := sel.GetFromClause()[0].GetRangeVar()
	return from, from != nil && from.GetInh() && len(from.GetAlias().GetColnames()) == 0
}

// writeView makes a view the target of a statement: what it writes are the table's columns, under the view's names. The view's own
// conditions are uses of the table's columns.
func (r *resolver) writeView(it *rangeItem, rel *Relation, effects Effect, at Span) {
	r.sensitive = true
	it.schema = rel.Schema
	columns := r.expand(rel, effects|EffectSelect, at)
	w, ok := r.writtenThrough(rel, 1)
	if !ok || rel.Listed {
		r.no(codeViewWrite, at.Start, "view %s reads protected or listed tables in a way that can't be written through the proxy", rel.TableName())
		it.cols = columns
		return
	}
	base := *w.base
	base.Columns, base.byName = nil, map[string]int{}
	for i, k := range w.columns {
		c := w.base.Columns[k]
		base.Columns = append(base.Columns, c)
		base.byName[rel.Columns[i].Name] = i
		it.rename = append(it.rename, rel.Columns[i].Name)
	}
	saved := r.view
	r.view = &viewFrame{outer: rel.TableName(), at: at, depth: 1}
	it.rel, it.through, it.table = &base, rel, r.table(w.base, effects, at)
	r.view = saved
}

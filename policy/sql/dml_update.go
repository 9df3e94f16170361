package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
)

func (r *resolver) update(parent *scope, n *pg_query.UpdateStmt) (output, bool) {
	effects := EffectUpdate
	if len(n.GetReturningList()) > 0 {
		effects |= EffectSelect
	}
	s := r.withClause(parent, n.GetWithClause())
	it := r.targetItem(n.GetRelation(), effects)
	r.from(s, n.GetFromClause(), EffectSelect)
	s.items = append([]*rangeItem{it}, s.items...)
	r.assignments(s, it, n.GetTargetList())
	if w := n.GetWhereClause(); w != nil {
		r.condition(s, w, true, UsePredicate)
	}
	return r.targets(s, n.GetReturningList()), len(n.GetReturningList()) > 0
}

func (r *resolver) delete(parent *scope, n *pg_query.DeleteStmt) (output, bool) {
	effects := EffectDelete
	if len(n.GetReturningList()) > 0 {
		effects |= EffectSelect
	}
	s := r.withClause(parent, n.GetWithClause())
	it := r.targetItem(n.GetRelation(), effects)
	r.from(s, n.GetUsingClause(), EffectSelect)
	s.items = append([]*rangeItem{it}, s.items...)
	if w := n.GetWhereClause(); w != nil {
		r.condition(s, w, true, UsePredicate)
	}
	return r.targets(s, n.GetReturningList()), len(n.GetReturningList()) > 0
}

// assignments analyses a SET list.
func (r *resolver) assignments(s *scope, it *rangeItem, list []*pg_query.Node) {
	var query []itemColumn // of SET (a, b) = (SELECT …), kept from the first column on
	for _, n := range list {
		t := n.GetResTarget()
		sl := r.slot(it, t.GetName(), t.GetIndirection(), r.span(t.GetLocation(), refEnd))
		multi := t.GetVal().GetMultiAssignRef()
		if multi == nil {
			r.assignExpr(s, sl, t.GetVal())
			continue
		}
		i := int(multi.GetColno()) - 1
		row := multi.GetSource().GetRowExpr()
		sub := multi.GetSource().GetSubLink()
		switch {
		case row != nil:
			if i < len(row.GetArgs()) {
				r.assignExpr(s, sl, row.GetArgs()[i])
			}
		case sub != nil && sub.GetSubLinkType() == pg_query.SubLinkType_EXPR_SUBLINK:
			if i == 0 {
				query = r.rowQuery(s, sub)
			}
			if i < len(query) {
				r.assign(sl, query[i].val)
			}
		default:
			if i == 0 {
				r.operand(s, multi.GetSource(), UseExpression, 0)
			}
			r.assign(sl, plainValue(0, r.span(t.GetLocation(), refEnd)))
		}
	}
}

// rowQuery is the columns of SET (a, b) = (SELECT …).
func (r *resolver) rowQuery(s *scope, sub *pg_query.SubLink) []itemColumn {
	out, _ := r.statement(s, sub.GetSubselect())
	if !out.exact {
		r.no(codeUnknownColumns, int(sub.GetLocation()), "the columns of a subquery can't be known")
	}
	return out.cols
}

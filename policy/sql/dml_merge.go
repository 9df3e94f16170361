package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// merge analyses MERGE: a join of the target with the source, and what is done with each pair (src/backend/parser/parse_merge.c).
func (r *resolver) merge(parent *scope, n *pg_query.MergeStmt) (output, bool) {
	returning := len(n.GetReturningList()) > 0
	effects := Effect(0)
	if returning {
		effects |= EffectSelect
	}
	for _, w := range n.GetMergeWhenClauses() {
		effects |= mergeEffect(w.GetMergeWhenClause())
	}
	if effects == 0 { // DO NOTHING in each case: the rows are read
		effects = EffectSelect
	}
	s := r.withClause(parent, n.GetWithClause())
	it := r.targetItem(n.GetRelation(), effects)
	r.from(s, []*pg_query.Node{n.GetSourceRelation()}, EffectSelect)
	source := &scope{parent: s.parent, ctes: s.ctes, items: s.items}
	target := &scope{parent: s.parent, ctes: s.ctes, items: []*rangeItem{it}}
	both := &scope{parent: s.parent, ctes: s.ctes, items: append([]*rangeItem{it}, s.items...)}
	r.condition(both, n.GetJoinCondition(), false, UsePredicate)
	for _, w := range n.GetMergeWhenClauses() {
		c := w.GetMergeWhenClause()
		sees := both
		switch c.GetMatchKind() {
		case pg_query.MergeMatchKind_MERGE_WHEN_MATCHED:
		case pg_query.MergeMatchKind_MERGE_WHEN_NOT_MATCHED_BY_SOURCE:
			sees = target
		case pg_query.MergeMatchKind_MERGE_WHEN_NOT_MATCHED_BY_TARGET:
			sees = source
		default:
			r.no(codeConstruct, -1, "a branch of MERGE is of an unknown kind")
		}
		r.mergeBranch(sees, it, c)
	}
	// RETURNING * gives the source's columns first.
	rows := &scope{parent: s.parent, ctes: s.ctes, items: append(append([]*rangeItem{}, s.items...), it)}
	return r.targets(rows, n.GetReturningList()), returning
}

// mergeEffect is what one branch does to the target.
func mergeEffect(c *pg_query.MergeWhenClause) Effect {
	switch c.GetCommandType() {
	case pg_query.CmdType_CMD_INSERT:
		return EffectInsert
	case pg_query.CmdType_CMD_UPDATE:
		return EffectUpdate
	case pg_query.CmdType_CMD_DELETE:
		return EffectDelete
	}
	return 0
}

// mergeBranch analyses one WHEN.
func (r *resolver) mergeBranch(s *scope, it *rangeItem, c *pg_query.MergeWhenClause) {
	if w := c.GetCondition(); w != nil {
		r.condition(s, w, false, UsePredicate)
	}
	switch c.GetCommandType() {
	case pg_query.CmdType_CMD_UPDATE:
		r.assignments(s, it, c.GetTargetList())
	case pg_query.CmdType_CMD_INSERT:
		r.mergeInsert(s, it, c)
	case pg_query.CmdType_CMD_DELETE, pg_query.CmdType_CMD_NOTHING:
	default:
		r.no(codeConstruct, -1, "a branch of MERGE is of an unknown kind")
	}
}

func (r *resolver) mergeInsert(s *scope, it *rangeItem, c *pg_query.MergeWhenClause) {
	var slots []slot
	for _, n := range c.GetTargetList() {
		t := n.GetResTarget()
		slots = append(slots, r.slot(it, t.GetName(), t.GetIndirection(), r.span(t.GetLocation(), refEnd)))
	}
	if len(c.GetTargetList()) == 0 {
		slots = r.firstColumns(it, len(c.GetValues()), it.at)
	}
	for i, e := range c.GetValues() {
		if i < len(slots) {
			r.assignExpr(s, slots[i], e)
		} else {
			r.operand(s, e, UseExpression, 0)
			r.tooMany(it)
		}
	}
}

package policy

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
)

// oneRow reports whether y is x, min or max of one table, with the table replaced by its one row for each call: the same FROM and WHERE, a column that
// is not NULL, by its order, LIMIT 1.
func (c *planned) oneRow(x, y *pg_query.SelectStmt) bool {
	if y == nil || len(x.GetFromClause()) != 1 || len(y.GetFromClause()) != 1 || y.GetWhereClause() != nil {
		return false
	}
	rv, sub := x.GetFromClause()[0].GetRangeVar(), y.GetFromClause()[0].GetRangeSubselect()
	alias := rv.GetAlias().GetAliasname()
	if alias == "" {
		alias = rv.GetRelname()
	}
	if rv == nil || sub.GetAlias().GetAliasname() != alias || sub.GetLateral() || len(sub.GetAlias().GetColnames()) > 0 {
		return false
	}
	arms, ok := rowArms(sub.GetSubquery().GetSelectStmt(), nil)
	if !ok || len(arms) > 1 && x.GetWhereClause() != nil {
		return false
	}
	for _, arm := range arms {
		whole := proto.Clone(y).(*pg_query.SelectStmt)
		whole.FromClause = arm.GetFromClause()
		if whole.WhereClause, ok = beforeNotNull(arm, alias); !ok || !c.message(x.ProtoReflect(), whole.ProtoReflect()) {
			return false
		}
	}
	return len(arms) > 0
}

// rowArms are the SELECTs of a UNION ALL.
func rowArms(s *pg_query.SelectStmt, arms []*pg_query.SelectStmt) ([]*pg_query.SelectStmt, bool) {
	if s.GetOp() == pg_query.SetOperation_SETOP_NONE {
		return append(arms, s), true
	}
	arms, ok := rowArms(s.GetLarg(), arms)
	if !ok || s.GetOp() != pg_query.SetOperation_SETOP_UNION || !s.GetAll() || len(s.GetSortClause()) > 0 || s.GetLimitCount() != nil {
		return nil, false
	}
	return rowArms(s.GetRarg(), arms)
}

// beforeNotNull is the condition that stands in front of c IS NOT NULL, which is followed by ORDER BY c LIMIT 1.
func beforeNotNull(s *pg_query.SelectStmt, alias string) (*pg_query.Node, bool) {
	column := func(n *pg_query.Node) string {
		f := n.GetColumnRef().GetFields()
		if len(f) != 2 || f[0].GetString_().GetSval() != alias {
			return ""
		}
		return f[1].GetString_().GetSval()
	}
	if len(s.GetSortClause()) != 1 || s.GetLimitCount().GetAConst().GetIval().GetIval() != 1 || s.GetLimitOffset() != nil || len(s.GetDistinctClause()) > 0 || len(s.GetGroupClause()) > 0 {
		return nil, false
	}
	by := column(s.GetSortClause()[0].GetSortBy().GetNode())
	last, before := s.GetWhereClause(), []*pg_query.Node(nil)
	if and := last.GetBoolExpr(); and != nil {
		n := len(and.GetArgs())
		before, last = and.GetArgs()[:n-1], and.GetArgs()[n-1]
	}
	test := last.GetNullTest()
	if by == "" || test.GetNulltesttype() != pg_query.NullTestType_IS_NOT_NULL || column(test.GetArg()) != by {
		return nil, false
	}
	switch len(before) {
	case 0:
		return nil, true
	case 1:
		return before[0], true
	}
	and := proto.Clone(s.GetWhereClause()).(*pg_query.Node)
	and.GetBoolExpr().Args = before
	return and, true
}

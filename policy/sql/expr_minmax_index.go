package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// extremeCall is one min or max of a protected column.
type extremeCall struct {
	call *pg_query.FuncCall
	name string
	of   value
}

// indexedExtremes lets the server read one end of an index, as it does for min and max of plain columns (preprocess_minmax_aggregates,
// src/backend/optimizer/plan/planagg.c): in SELECT min(c) FROM t WHERE …, which has nothing else, t becomes a subquery of the one row of t that
// counts, whose column the call then gets. Several calls without WHERE get one row each. The order of cells is that of min and max.
func (r *resolver) indexedExtremes(node *pg_query.Node) {
	sel := node.GetSelectStmt()
	if sel == nil || r.view != nil || len(r.extremes) == 0 || len(r.extremes) != len(sel.GetTargetList()) || !(r.shown || r.st.Verb == "explain") {
		return
	}
	if !onlyTargets(sel) || len(r.hidden)+len(r.st.Rechecks)+len(r.withheld) > 0 {
		return
	}
	rv := sel.GetFromClause()[0].GetRangeVar()
	if rv == nil || !rv.GetInh() || len(rv.GetAlias().GetColnames()) > 0 {
		return
	}
	var ends []string
	var columns []string
	alias := rv.GetAlias().GetAliasname()
	if alias == "" {
		alias = rv.GetRelname()
	}
	for i, x := range r.extremes {
		it := x.of.item
		ref := x.call.GetArgs()[0].GetColumnRef()
		if sel.GetTargetList()[i].GetResTarget().GetVal().GetFuncCall() != x.call || it == nil || it.rel == nil || ref == nil || len(ref.GetFields()) > 2 ||
			!strings.ContainsRune("rpm", rune(it.rel.Kind)) {
			return
		}
		column := quoteName(it.columnName(x.of.index))
		columns = append(columns, column)
		column = quoteName(alias) + "." + column
		end := column + " IS NOT NULL ORDER BY " + column
		if x.name == "max" {
			end += " DESC"
		}
		if end += " LIMIT 1)"; !slices.Contains(ends, end) {
			ends = append(ends, end)
		}
	}
	slices.Sort(columns)
	begin := "(SELECT " + strings.Join(slices.Compact(columns), ", ") + " FROM "
	r.spliceEnds(sel, rv, begin, ends, alias)
}

// spliceEnds puts the subquery into the text.
func (r *resolver) spliceEnds(sel *pg_query.SelectStmt, rv *pg_query.RangeVar, begin string, ends []string, alias string) {
	at := r.nameSpan(int(rv.GetLocation()))
	from, where, last, open := at, Span{}, 0, 0
	for pos := at.End; pos < r.st.At.End; {
		t, ok := nextToken(r.text, pos)
		if !ok || t.Start >= r.st.At.End {
			break
		}
		switch r.text[t.Start:t.End] {
		case "(":
			open++
		case ")":
			open--
		}
		if open < 0 {
			break // the SELECT itself stands in parentheses
		}
		if sel.GetWhereClause() != nil && where.End == 0 && t.Kind == KindWord && strings.EqualFold(r.text[t.Start:t.End], "where") {
			where = Span{t.Start, t.End}
		}
		if where.End == 0 {
			from.End = t.End
		}
		pos, last = t.End, t.End
	}
	last = max(last, from.End)
	behind := func(s Span) bool { return s.Start >= last }
	if at.End <= at.Start || slices.ContainsFunc(r.st.Literals, func(l Literal) bool { return behind(l.At) }) || (sel.GetWhereClause() != nil) != (where.End > 0) {
		return
	}
	if where.End > 0 {
		if len(ends) > 1 {
			return
		}
		r.st.Edits = append(r.st.Edits, Edit{At: Span{at.Start, at.Start}, Text: begin}, Edit{At: where, Text: "WHERE ("},
			Edit{At: Span{last, last}, Text: ") AND " + ends[0] + " " + quoteName(alias)})
		return
	}
	text, several := "", len(ends) > 1
	for i, end := range ends {
		if i > 0 {
			text += " UNION ALL "
		}
		text += begin + r.text[from.Start:from.End] + " WHERE " + end
	}
	if several {
		text = "(" + text + ")"
	}
	r.st.Edits = append(r.st.Edits, Edit{At: from, Text: text + " " + quoteName(alias)})
}

// onlyTargets reports a SELECT with one FROM element, and WHERE perhaps, and no other clause.
func onlyTargets(s *pg_query.SelectStmt) bool {
	return s.GetOp() == pg_query.SetOperation_SETOP_NONE && len(s.GetFromClause()) == 1 && len(s.GetValuesLists()) == 0 && s.GetWithClause() == nil && s.GetIntoClause() == nil &&
		len(s.GetDistinctClause()) == 0 && len(s.GetGroupClause()) == 0 && s.GetHavingClause() == nil && len(s.GetWindowClause()) == 0 && len(s.GetSortClause()) == 0 &&
		s.GetLimitCount() == nil && s.GetLimitOffset() == nil && len(s.GetLockingClause()) == 0
}

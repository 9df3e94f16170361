package sql

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// grouped adds to GROUP BY what the server takes for granted of a table that is grouped by its primary key, and not of a subquery
// (check_functional_grouping, src/backend/catalog/pg_constraint.c): the other columns that are read of it. They make no further groups.
func (in *introspection) grouped(r *pg_query.RangeVar, name TableName) (edits []Edit) {
	key := map[TableName][]string{pgClass: {"oid"}, pgConstraint: {"oid"}, pgAttrdef: {"oid"}, pgAttribute: {"attrelid", "attnum"}}[name]
	alias := r.GetAlias().GetAliasname()
	if alias == "" {
		alias = r.GetRelname()
	}
	for _, s := range in.selects {
		if len(key) == 0 || len(r.GetAlias().GetColnames()) > 0 || len(s.GetGroupClause()) == 0 || !fromHas(s.GetFromClause(), r) {
			continue
		}
		of := &ownColumns{alias: alias, columns: in.a.cat.system[name]}
		for _, g := range s.GetGroupClause() {
			of.in(g)
		}
		by := of.found
		if slices.ContainsFunc(key, func(k string) bool { return !slices.Contains(by, k) }) {
			continue
		}
		of.found = nil
		for _, list := range [][]*pg_query.Node{s.GetTargetList(), s.GetSortClause(), {s.GetHavingClause()}} {
			for _, n := range list {
				of.in(n)
			}
		}
		var more []string
		for _, c := range of.found {
			// Trees of expressions have no equality.
			if !slices.Contains(by, c) && !slices.Contains(more, c) && c != "adbin" && c != "conbin" && c != "relpartbound" {
				more = append(more, c)
			}
		}
		at := int(s.GetGroupClause()[0].GetColumnRef().GetLocation())
		if len(more) == 0 || s.GetGroupClause()[0].GetColumnRef() == nil || at < 0 {
			continue
		}
		text := ""
		for _, c := range more {
			text += quoteName(alias) + "." + quoteName(c) + ", "
		}
		edits = append(edits, Edit{At: Span{at, at}, Text: text})
	}
	return edits
}

// fromHas reports whether a relation is an element of FROM, or of a join there.
func fromHas(list []*pg_query.Node, r *pg_query.RangeVar) bool {
	return slices.ContainsFunc(list, func(n *pg_query.Node) bool {
		if j := n.GetJoinExpr(); j != nil {
			return fromHas([]*pg_query.Node{j.GetLarg(), j.GetRarg()}, r)
		}
		return n.GetRangeVar() == r
	})
}

// ownColumns collects the columns that are read of one relation, by name: unqualified ones too, which are some relation's.
type ownColumns struct {
	alias   string
	columns []string
	found   []string
}

func (o *ownColumns) in(n *pg_query.Node) {
	descend(n.ProtoReflect(), func(m protoreflect.Message) bool {
		ref, ok := m.Interface().(*pg_query.ColumnRef)
		if !ok {
			return true
		}
		f := stringList(ref.GetFields())
		if len(f) == len(ref.GetFields()) && (len(f) == 1 || len(f) == 2 && f[0] == o.alias) && slices.Contains(o.columns, f[len(f)-1]) {
			o.found = append(o.found, f[len(f)-1])
		}
		return false
	})
}

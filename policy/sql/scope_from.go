package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// from adds a FROM list to s.items, in order: a later LATERAL item sees the earlier ones.
func (r *resolver) from(s *scope, list []*pg_query.Node, effects Effect) {
	for _, n := range list {
		_, items := r.fromItem(s, n, effects)
		s.items = append(s.items, items...)
	}
}

// fromItem analyses one element of FROM: transformFromClauseItem. root has the element's columns; items are what the
// element adds to the namespace.
func (r *resolver) fromItem(s *scope, node *pg_query.Node, effects Effect) (root *rangeItem, items []*rangeItem) {
	switch n := node.GetNode().(type) {
	case *pg_query.Node_RangeVar:
		root = r.rangeVar(s, n.RangeVar, effects)
	case *pg_query.Node_RangeSubselect:
		child := s.beside(n.RangeSubselect.GetLateral())
		out, _ := r.statement(child, n.RangeSubselect.GetSubquery())
		root = &rangeItem{open: !out.exact, at: r.aliasSpan(n.RangeSubselect.GetAlias())}
		root.cols = out.columns()
		root.alias(n.RangeSubselect.GetAlias())
	case *pg_query.Node_JoinExpr:
		return r.join(s, n.JoinExpr, effects)
	case *pg_query.Node_RangeFunction:
		root = r.rangeFunction(s.beside(true), n.RangeFunction)
	case *pg_query.Node_RangeTableSample:
		root, items = r.fromItem(s, n.RangeTableSample.GetRelation(), effects)
		for _, arg := range n.RangeTableSample.GetArgs() {
			r.operand(s.beside(true), arg, UseExpression, 0)
		}
		if rep := n.RangeTableSample.GetRepeatable(); rep != nil {
			r.operand(s.beside(true), rep, UseExpression, 0)
		}
		return root, items
	case *pg_query.Node_RangeTableFunc:
		r.generic(s.beside(true), n.RangeTableFunc.ProtoReflect(), UseExpression)
		root = &rangeItem{open: true}
		root.alias(n.RangeTableFunc.GetAlias())
	case *pg_query.Node_JsonTable:
		r.generic(s.beside(true), n.JsonTable.ProtoReflect(), UseExpression)
		root = &rangeItem{open: true}
		root.alias(n.JsonTable.GetAlias())
	default:
		r.no(codeConstruct, -1, "this kind of FROM element can't be used with protected or listed tables")
		r.generic(s.beside(true), node.ProtoReflect(), UseExpression)
		root = &rangeItem{open: true}
	}
	return root, []*rangeItem{root}
}

// beside is the scope around a subquery in FROM at level s: the CTEs of s, and its items only when lateral.
func (s *scope) beside(lateral bool) *scope {
	b := &scope{parent: s.parent, ctes: s.ctes}
	if lateral {
		b.items = s.items
	}
	return b
}

// alias gives the item a name and names to its first columns.
func (it *rangeItem) alias(a *pg_query.Alias) {
	if a == nil {
		return
	}
	it.name, it.schema = a.GetAliasname(), ""
	names := nameList(a.GetColnames())
	if it.rel != nil {
		it.rename = names
		return
	}
	for i, name := range names {
		if i < len(it.cols) {
			it.cols[i].name = name
		} else if it.open {
			it.cols = append(it.cols, itemColumn{name: name, val: plainValue(0, it.at)})
		}
	}
}

func (r *resolver) aliasSpan(*pg_query.Alias) Span { return Span{r.st.At.Start, r.st.At.Start} }

// rangeVar resolves a table name: a CTE, a table, a view, or nothing that we know.
func (r *resolver) rangeVar(s *scope, n *pg_query.RangeVar, effects Effect) *rangeItem {
	at := r.span(n.GetLocation(), refEnd)
	if n.GetSchemaname() == "" {
		if cte := s.cte(n.GetRelname()); cte != nil {
			it := &rangeItem{name: n.GetRelname(), cols: cte.columns(r, at), open: cte.open, at: at}
			it.alias(n.GetAlias())
			return it
		}
	}
	it := &rangeItem{name: n.GetRelname(), at: at, table: -1}
	rel, ok := r.cat.Relation(r.searchPath(), n.GetSchemaname(), n.GetRelname())
	switch {
	case !ok:
		r.unknown(it, n, effects)
	case rel.Definition != "" && rel.Sensitive && (rel.Kind == 'v' || rel.Kind == 'm'):
		it.schema = rel.Schema
		it.cols = r.expand(rel, effects, at)
	default:
		if rel.Kind == 'v' && rel.Sensitive && rel.Unusable == nil {
			r.no(codeNoDefinition, at.Start, "the definition of view %s can't be read", rel.TableName())
		}
		it.schema = rel.Schema
		it.rel, it.table = rel, r.table(rel, effects, at)
	}
	it.alias(n.GetAlias())
	return it
}

// unknown refuses an unknown relation that may be meant to be a protected one: its constants must not reach the server's log.
func (r *resolver) unknown(it *rangeItem, n *pg_query.RangeVar, effects Effect) {
	it.open, it.schema = true, n.GetSchemaname()
	r.st.Tables = append(r.st.Tables, TableUse{Table: TableName{n.GetSchemaname(), n.GetRelname()}, Effects: effects, At: it.at})
	if r.cat.sensitiveName(n.GetRelname()) {
		r.sensitive = true
		r.no(codeNoRelation, int(n.GetLocation()), "relation %s does not exist", describe(n.GetSchemaname(), n.GetRelname()))
	}
}

// join analyses JOIN: buildMergedJoinVar and the JoinExpr case of transformFromClauseItem.
func (r *resolver) join(s *scope, n *pg_query.JoinExpr, effects Effect) (*rangeItem, []*rangeItem) {
	left, leftItems := r.fromItem(s, n.GetLarg(), effects)
	side := &scope{parent: s.parent, ctes: s.ctes}
	side.items = append(append(side.items, s.items...), leftItems...)
	right, rightItems := r.fromItem(side, n.GetRarg(), effects)
	items := append(leftItems[:len(leftItems):len(leftItems)], rightItems...)

	using := nameList(n.GetUsingClause())
	if n.GetIsNatural() {
		using = r.commonColumns(left, right)
	}
	it := &rangeItem{open: left.open || right.open, at: left.at}
	usedLeft, usedRight := map[int]bool{}, map[int]bool{}
	for _, name := range using {
		col, l, rt := r.merged(left, right, name, n.GetJointype())
		if l >= 0 {
			usedLeft[l] = true
		}
		if rt >= 0 {
			usedRight[rt] = true
		}
		it.cols = append(it.cols, col)
	}
	if n.GetJoinUsingAlias() != nil {
		named := &rangeItem{name: n.GetJoinUsingAlias().GetAliasname(), hiddenColumns: true, at: it.at}
		named.cols = append(named.cols, it.cols...)
		items = append(items, named)
	}
	if n.GetQuals() != nil {
		on := &scope{parent: s.parent, ctes: s.ctes, items: items}
		r.condition(on, n.GetQuals(), false, UsePredicate)
	}
	it.cols = appendColumns(it.cols, left, usedLeft)
	it.cols = appendColumns(it.cols, right, usedRight)
	if n.GetAlias() != nil {
		it.alias(n.GetAlias())
		return it, []*rangeItem{it}
	}
	it.hiddenName = true
	for _, child := range items {
		child.hiddenColumns = true
	}
	return it, append(items, it)
}

func appendColumns(cols []itemColumn, from *rangeItem, used map[int]bool) []itemColumn {
	for i := range from.size() {
		if !used[i] {
			cols = append(cols, itemColumn{name: from.columnName(i), from: from, idx: i})
		}
	}
	return cols
}

// commonColumns are the names that NATURAL joins.
func (r *resolver) commonColumns(left, right *rangeItem) (names []string) {
	if left.open && right.guarded(r) || right.open && left.guarded(r) {
		r.no(codeUncertain, left.at.Start, "the columns of a NATURAL JOIN can't be known")
	}
	for i := range left.size() {
		if _, n := right.find(left.columnName(i)); n > 0 {
			names = append(names, left.columnName(i))
		}
	}
	return names
}

// merged is one column of USING or NATURAL: the two sides must be comparable.
func (r *resolver) merged(left, right *rangeItem, name string, typ pg_query.JoinType) (itemColumn, int, int) {
	l, ln := left.find(name)
	rt, rn := right.find(name)
	at := left.at
	if ln != 1 || rn != 1 {
		if ln > 1 || rn > 1 || ln == 0 && !left.open || rn == 0 && !right.open {
			r.no(codeNoColumn, at.Start, "column %q of the join can't be resolved", name)
		}
		// One side is unknown: what is known of the other may not be protected.
		for _, side := range []struct {
			it *rangeItem
			i  int
			n  int
		}{{left, l, ln}, {right, rt, rn}} {
			if side.n == 1 {
				r.settle(side.it.value(r, side.i, at, true), UsePredicate, 0, codePlainPeer)
			}
		}
		return itemColumn{name: name, val: plainValue(0, at)}, l, rt
	}
	lv, rv := left.value(r, l, at, true), right.value(r, rt, at, true)
	r.compare(lv, rv, UsePredicate)
	if typ == pg_query.JoinType_JOIN_FULL {
		return itemColumn{name: name, val: r.either(lv, rv, at)}, l, rt
	}
	return itemColumn{name: name, val: mergedSide(lv, rv, typ)}, l, rt
}

// mergedSide is the side that buildMergedJoinVar takes. A side that has to be cast to the common type has no origin.
func mergedSide(l, rv value, typ pg_query.JoinType) value {
	common, ok := commonType(l.typ, rv.typ)
	lVar, rVar := l.form == formSealed, rv.form == formSealed
	if !lVar && !rVar && ok {
		lVar, rVar = l.typ == common, rv.typ == common
	}
	v, isVar := l, lVar
	if typ == pg_query.JoinType_JOIN_RIGHT || typ == pg_query.JoinType_JOIN_INNER && !lVar && rVar {
		v, isVar = rv, rVar
	}
	if !isVar {
		v = v.derived()
	}
	return v
}

// commonType is select_common_type for the types that we know; ok is false when only the server can tell. Of text and varchar, each of
// which is a form of the other, the first stays.
func commonType(a, b Type) (Type, bool) {
	if a.OID == b.OID && a.OID != 0 {
		if a.Mod != b.Mod {
			a.Mod = -1
		}
		return a, true
	}
	if a.OID == 0 || family(a.OID) != family(b.OID) {
		return Type{}, false
	}
	if width(b.OID) > width(a.OID) {
		a.OID = b.OID
	}
	return Type{a.OID, -1}, true
}

// either is a value that comes from l or r: COALESCE over two columns of one join.
func (r *resolver) either(l, rv value, at Span) value {
	v := l.derived()
	v.cols = append(append([]int{}, l.cols...), rv.cols...)
	v.at = at
	r.mark(v, UseExpression)
	if v.form == formSealed && l.prot.Type != rv.prot.Type {
		p := *l.prot
		if width(rv.prot.Type.OID) > width(p.Type.OID) {
			p.Type.OID = rv.prot.Type.OID
		}
		p.Type.Mod = -1
		v.prot = &p
	}
	return v
}

package sql

import (
	"maps"
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// createTable analyses CREATE TABLE. Configured columns become bytea; what can't be kept is refused.
func (a *analysis) createTable(n *pg_query.CreateStmt) {
	table, _ := a.addTarget(n.GetRelation(), EffectCreate)
	prot := maps.Clone(a.cat.spec.Protected[table])
	if prot == nil {
		prot = map[string]Protection{}
	}
	if !a.checkCalls(a.touches(n)) {
		return
	}
	if len(prot) > 0 && n.GetOfTypename() != nil {
		a.refuse(codeLike, int(n.GetRelation().GetLocation()), "table %s with protected columns can't be made of a type", table)
	}
	for _, p := range n.GetInhRelations() {
		a.inherited(table, prot, p.GetRangeVar(), n.GetPartbound())
	}
	likes := a.temporaryLikes(n, table, prot)
	a.making = a.become(table, nil, prot, columnDefs(n.GetTableElts()))
	stored, guards := restored(n.GetTableElts(), prot)
	for _, elt := range n.GetTableElts() {
		switch e := elt.GetNode().(type) {
		case *pg_query.Node_ColumnDef:
			if !stored[e.ColumnDef.GetColname()] {
				a.columnDef(table, prot, e.ColumnDef)
			}
		case *pg_query.Node_Constraint:
			if !slices.Contains(guards, e.Constraint) {
				a.tableConstraint(table, prot, e.Constraint)
			}
		case *pg_query.Node_TableLikeClause:
			if !slices.Contains(likes, e.TableLikeClause) {
				a.liked(table, prot, e.TableLikeClause)
			}
		}
	}
	for _, c := range n.GetConstraints() {
		a.tableConstraint(table, prot, c.GetConstraint())
	}
	for _, p := range n.GetPartspec().GetPartParams() {
		e := p.GetPartitionElem()
		own := lookup(prot, e.GetName())
		hashed := own != nil && n.GetPartspec().GetStrategy() == pg_query.PartitionStrategy_PARTITION_STRATEGY_HASH && own.Search.Equal() &&
			len(e.GetOpclass()) == 0 && len(e.GetCollation()) == 0
		if a.noCitextKey(table, e.GetName(), own, int(e.GetLocation())) {
			break
		}
		if own != nil && !hashed || readsColumns(e.GetExpr(), prot, a.making.row()) {
			a.refuseHint(codeIndex, int(e.GetLocation()), "Partition by a plain column, or by HASH of a column with search: equality or range.",
				"table %s can't be partitioned by a protected column", table)
		}
	}
	a.st.Understood = !a.refused()
}

// tableConstraint analyses a constraint that stands by itself.
func (a *analysis) tableConstraint(table TableName, prot map[string]Protection, c *pg_query.Constraint) {
	at := int(c.GetLocation())
	switch c.GetContype() {
	case pg_query.ConstrType_CONSTR_PRIMARY, pg_query.ConstrType_CONSTR_UNIQUE:
		for _, k := range stringList(c.GetKeys()) {
			if a.noCitextKey(table, k, lookup(prot, k), at) {
				return
			}
			if p, ok := prot[k]; ok && !p.Search.Equal() {
				a.refuse(codeUniqueNone, at, "UNIQUE on %s.%s, which is sealed with search: none, would not be enforced", table, k)
			}
		}
	case pg_query.ConstrType_CONSTR_FOREIGN:
		a.foreignKey(table, prot, stringList(c.GetFkAttrs()), c)
	case pg_query.ConstrType_CONSTR_CHECK:
		if readsColumns(c.GetRawExpr(), prot, a.making.row()) {
			a.storedCondition(a.making, c.GetRawExpr(), codeColumnCheck, at, "a CHECK of %s reads a protected column", table)
		}
	case pg_query.ConstrType_CONSTR_EXCLUSION:
		for _, x := range c.GetExclusions() {
			for _, item := range x.GetList().GetItems() {
				e := item.GetIndexElem()
				if _, ok := prot[e.GetName()]; ok || readsColumns(e.GetExpr(), prot, a.making.row()) {
					a.refuse(codeIndex, at, "an exclusion constraint of %s reads a protected column", table)
				}
			}
		}
		if readsColumns(c.GetWhereClause(), prot, a.making.row()) {
			a.refuse(codeIndex, at, "an exclusion constraint of %s reads a protected column", table)
		}
	}
}

// foreignKey checks that each pair of columns is plain on both sides, or sealed alike so that equal values have equal bytes.
func (a *analysis) foreignKey(table TableName, prot map[string]Protection, columns []string, c *pg_query.Constraint) {
	to := c.GetPktable()
	rel := a.rangeVar(to, EffectSelect)
	target, _ := a.creationTarget(to)
	others := stringList(c.GetPkAttrs())
	var otherProt func(string) *Protection
	self := rel == nil && target == table || rel != nil && rel.TableName() == table
	switch {
	case self:
		otherProt = func(name string) *Protection { return lookup(prot, name) }
	case rel != nil:
		otherProt = func(name string) *Protection {
			if col, ok := rel.Column(name); ok {
				return col.Protection
			}
			return nil
		}
	default:
		otherProt = func(name string) *Protection { return lookup(a.cat.spec.Protected[target], name) }
	}
	if len(others) == 0 && rel != nil {
		others = rel.primaryKey()
	}
	local := false
	for _, name := range columns {
		local = local || lookup(prot, name) != nil
	}
	if len(others) != len(columns) {
		if local { // a plain column can't have the type of a sealed one: that is for the server to say
			a.refuseHint(codeForeignKey, int(c.GetLocation()), "Write the referenced columns out: REFERENCES table (column).",
				"the columns that a foreign key of %s references are not known", table)
		}
		return
	}
	for i, name := range columns {
		p, q := lookup(prot, name), otherProt(others[i])
		if a.noCitextKey(table, name, p, int(c.GetLocation())) || a.noCitextKey(target, others[i], q, int(c.GetLocation())) {
			return
		}
		if !sealedAlike(p, q) {
			a.refuse(codeForeignKey, int(c.GetLocation()), "column %s.%s and the column it references are not sealed alike", table, name)
		}
	}
}

func lookup(prot map[string]Protection, name string) *Protection {
	if p, ok := prot[name]; ok {
		return &p
	}
	return nil
}

// primaryKey is the names of the primary key's columns, nil when there is none.
func (r *Relation) primaryKey() []string {
	for _, x := range r.indexes {
		if !x.primary {
			continue
		}
		var names []string
		for _, num := range x.columns {
			for i := range r.Columns {
				if r.Columns[i].Num == num {
					names = append(names, r.Columns[i].Name)
				}
			}
		}
		return names
	}
	return nil
}

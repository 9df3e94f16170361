package sql

import (
	"maps"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// likeConstraints is CREATE_TABLE_LIKE_CONSTRAINTS (src/include/nodes/parsenodes.h).
const likeConstraints = 1 << 2

// inherited adds the protections of a table that the new one inherits from or becomes a partition of. The new table need not be
// configured: then it can be used by way of the parent only.
func (a *analysis) inherited(table TableName, prot map[string]Protection, from *pg_query.RangeVar, bound *pg_query.PartitionBoundSpec) {
	effects := EffectSelect
	if bound != nil {
		effects |= EffectAlter
	}
	rel := a.rangeVar(from, effects)
	at, child := int(from.GetLocation()), a.cat.configured(table)
	switch {
	case rel == nil && (child || a.cat.sensitiveName(from.GetRelname())):
		a.refuse(codeLike, at, "table %s can't take its columns from %s, which is not known", table, describe(from.GetSchemaname(), from.GetRelname()))
	case rel == nil || !rel.Sensitive && !child:
	case rel.Unusable != nil || rel.Kind != 'r' && rel.Kind != 'p':
		a.refuse(codeLike, at, "table %s can't take its columns from %s", table, rel.TableName())
	case !rel.Listed:
		a.refuse(codeLike, at, "table %s is protected or listed, and %s, of which it would be a child, is not", table, rel.TableName())
	case table.Schema == "pg_temp" && rel.Protected:
		a.refuse(codeLike, at, "a temporary table can't inherit from %s, which has protected columns", rel.TableName())
	case child && !a.alike(rel, prot):
		a.refuse(codeLike, at, "table %s is configured otherwise than %s, of which it would be a child", table, rel.TableName())
	default:
		a.bound(rel, bound)
		maps.Copy(prot, a.protections(rel, rel.TableName()))
	}
}

// alike reports whether the columns of a relation are protected as those of another table are to be.
func (a *analysis) alike(rel *Relation, prot map[string]Protection) bool {
	for i := range rel.Columns {
		p, q := rel.Columns[i].Protection, lookup(prot, rel.Columns[i].Name)
		if (p == nil) != (q == nil) || p != nil && (p.ID != q.ID || p.Search != q.Search || p.Type != q.Type || p.Normalize != q.Normalize) {
			return false
		}
	}
	return true
}

// bound refuses a partition's bounds where they are values of a protected column.
func (a *analysis) bound(parent *Relation, bound *pg_query.PartitionBoundSpec) {
	if len(bound.GetListdatums())+len(bound.GetLowerdatums())+len(bound.GetUpperdatums()) == 0 {
		return
	}
	for _, num := range parent.partKey {
		if col := parent.byNum(num); num == 0 && parent.Protected || col != nil && col.Protection != nil {
			a.refuse(codeIndex, int(bound.GetLocation()), "the partitions of %s have protected values for bounds", parent.TableName())
		}
	}
}

// liked analyses LIKE: the columns are copied as they are stored, so the new table must be configured as the other one is.
func (a *analysis) liked(table TableName, prot map[string]Protection, like *pg_query.TableLikeClause) {
	from := like.GetRelation()
	rel := a.rangeVar(from, EffectSelect)
	at := int(from.GetLocation())
	switch {
	case rel == nil && (len(prot) > 0 || a.cat.sensitiveName(from.GetRelname())):
		a.refuse(codeLike, at, "table %s can't take its columns from %s, which is not known", table, describe(from.GetSchemaname(), from.GetRelname()))
		return
	case rel == nil || !rel.Sensitive && len(prot) == 0 || !rel.Protected && (rel.Kind == 'r' || rel.Kind == 'p') && a.alike(rel, prot):
		return
	case !rel.Protected || rel.Unusable != nil || !a.alike(rel, prot):
		a.refuseHint(codeLike, at, "Name "+table.String()+" in the encrypt section with the same columns, keys and types as "+rel.TableName().String()+", then make it.",
			"table %s is not configured as %s is, whose columns it would copy", table, rel.TableName())
		return
	}
	if like.GetOptions()&likeConstraints == 0 {
		a.likeGuards(rel, from)
	}
}

// likeGuards adds the guards that LIKE without INCLUDING CONSTRAINTS leaves out.
func (a *analysis) likeGuards(rel *Relation, from *pg_query.RangeVar) {
	end := a.nameSpan(int(from.GetLocation())).End
	for {
		next := wordsEnd(a.text, end, "including")
		if next < 0 {
			next = wordsEnd(a.text, end, "excluding")
		}
		if next < 0 {
			break
		}
		if end = nameEnd(a.text, next); end < 0 {
			return
		}
	}
	text := ""
	for i := range rel.Columns {
		if p := rel.Columns[i].Protection; p != nil && p.Guard != "" {
			text += ", " + guardConstraint(rel.Columns[i].Name, p.Guard)
		}
	}
	if text != "" {
		a.st.Edits = append(a.st.Edits, Edit{At: Span{end, end}, Text: text})
	}
}

// attach analyses ATTACH and DETACH PARTITION, INHERIT and NO INHERIT: what rules and configuration say of the child must not depend on
// its parent alone once it stands by itself, and must be the same while it does not.
func (a *analysis) attach(rel *Relation, c *pg_query.AlterTableCmd) {
	other := c.GetDef().GetRangeVar()
	part := c.GetDef().GetPartitionCmd()
	if part != nil {
		other = part.GetName()
	}
	with := a.rangeVar(other, EffectAlter)
	parent, child := rel, with
	if part == nil {
		parent, child = with, rel
	}
	at := int(other.GetLocation())
	switch {
	case !a.st.Sensitive:
	case parent == nil || child == nil:
		a.refuse(codeLike, at, "one of the two tables is not known")
	case c.GetSubtype() == pg_query.AlterTableType_AT_AttachPartition || c.GetSubtype() == pg_query.AlterTableType_AT_AddInherit:
		switch {
		case parent.Sensitive != child.Sensitive && child.Sensitive, !sameProtection(parent, child):
			a.refuse(codeLike, at, "%s and %s are not protected and listed alike", parent.TableName(), child.TableName())
		default:
			a.bound(parent, part.GetBound())
		}
	case child.Protected && !a.alike(child, a.cat.spec.Protected[child.configuredName()]) || child.Sensitive && !child.Listed:
		a.refuseHint(codeLike, at, "Name "+child.TableName().String()+" in the encrypt section as its parent is, and in the policy, then detach it.",
			"%s is protected or listed only as a child of %s", child.TableName(), parent.TableName())
	}
}

// statistics analyses CREATE STATISTICS.
func (a *analysis) statistics(n *pg_query.CreateStatsStmt) {
	for _, from := range n.GetRelations() {
		r := from.GetRangeVar()
		rel := a.rangeVar(r, EffectAlter)
		if rel == nil || !rel.Sensitive {
			continue
		}
		for _, e := range n.GetExprs() {
			if readsColumns(e.GetStatsElem().GetExpr(), a.protections(rel, rel.TableName()), rel.row()) {
				a.refuse(codeIndex, int(r.GetLocation()), "statistics on %s compute with a protected column", rel.TableName())
			}
		}
		a.reads(len(a.st.Tables)-1, rel, n)
	}
	if a.checkCalls(a.touches(n)) {
		a.st.Understood = !a.refused()
	}
}

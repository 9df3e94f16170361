package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// protections are the protected columns of a relation, existing (inherited ones too) or only configured.
func (a *analysis) protections(rel *Relation, name TableName) map[string]Protection {
	prot := map[string]Protection{}
	if rel != nil {
		name = rel.configuredName()
	}
	for column, p := range a.cat.spec.Protected[name] {
		if !a.cat.away(name, column) {
			prot[column] = p
		}
	}
	if rel != nil {
		for i := range rel.Columns {
			if p := rel.Columns[i].Protection; p != nil {
				prot[rel.Columns[i].Name] = *p
			}
		}
	}
	return prot
}

// alterTable analyses ALTER TABLE, ALTER VIEW, ALTER INDEX and the like.
func (a *analysis) alterTable(n *pg_query.AlterTableStmt) {
	r := n.GetRelation()
	rel, use := a.rangeVar(r, EffectAlter), len(a.st.Tables)-1
	name, _ := a.creationTarget(r)
	if rel != nil {
		name = rel.TableName()
	}
	a.st.Sensitive = a.st.Sensitive || a.cat.configured(name)
	prot := a.protections(rel, name)
	if !a.checkCalls(a.touches(n)) {
		return
	}
	if rel != nil && rel.Unusable != nil {
		why := *rel.Unusable
		why.At = int(r.GetLocation())
		a.st.Refusal = &why
		return
	}
	var added []*pg_query.Node
	for _, c := range n.GetCmds() {
		added = append(added, c.GetAlterTableCmd().GetDef())
	}
	a.making = a.become(name, rel, prot, columnDefs(added))
	for _, c := range n.GetCmds() {
		a.alterCommand(name, rel, prot, c.GetAlterTableCmd())
		a.readsType(use, rel, c.GetAlterTableCmd())
	}
	a.reads(use, rel, n)
	a.st.Understood = !a.refused()
}

func (a *analysis) alterCommand(table TableName, rel *Relation, prot map[string]Protection, c *pg_query.AlterTableCmd) {
	p := lookup(prot, c.GetName())
	no := func(code string) {
		a.refuse(code, a.st.At.Start, "%s of %s: this form can't be used with a protected or listed table",
			strings.ToUpper(a.st.Verb), table)
	}
	switch c.GetSubtype() {
	case pg_query.AlterTableType_AT_AddColumn:
		a.columnDef(table, prot, c.GetDef().GetColumnDef())
	case pg_query.AlterTableType_AT_AddConstraint:
		a.tableConstraint(table, prot, c.GetDef().GetConstraint())
	case pg_query.AlterTableType_AT_ColumnDefault:
		switch {
		case c.GetDef() == nil:
		case rel != nil && rel.Sensitive && rel.Kind == 'v':
			a.viewDefault(rel, c)
		case p != nil:
			a.defaultValue(table, c.GetName(), *p, c.GetDef(), a.findName(c.GetName()))
		}
	case pg_query.AlterTableType_AT_DropConstraint:
		if rel != nil && a.cat.guardNamed(rel, c.GetName()) {
			a.refuse(codeGuard, a.findName(c.GetName()), "constraint %s guards a protected column of %s", c.GetName(), table)
		}
	case pg_query.AlterTableType_AT_AlterColumnType:
		a.retype(table, prot, c)
	case pg_query.AlterTableType_AT_AddIdentity, pg_query.AlterTableType_AT_SetIdentity, pg_query.AlterTableType_AT_SetExpression,
		pg_query.AlterTableType_AT_SetCompression, pg_query.AlterTableType_AT_AlterColumnGenericOptions:
		if p != nil {
			no(codeColumnForm)
		}
	case pg_query.AlterTableType_AT_AttachPartition, pg_query.AlterTableType_AT_AddInherit, pg_query.AlterTableType_AT_AddOf,
		pg_query.AlterTableType_AT_DetachPartition, pg_query.AlterTableType_AT_DropInherit, pg_query.AlterTableType_AT_DetachPartitionFinalize:
		if c.GetSubtype() == pg_query.AlterTableType_AT_AddOf {
			if a.st.Sensitive {
				no(codeLike)
			}
			return
		}
		a.attach(rel, c)
	default:
		if a.st.Sensitive && !harmlessAlter(c.GetSubtype()) {
			no(codeAlterForm)
		}
	}
}

// harmlessAlter lists forms that change neither what is stored nor what names mean.
func harmlessAlter(t pg_query.AlterTableType) bool {
	switch t {
	case pg_query.AlterTableType_AT_DropColumn, pg_query.AlterTableType_AT_SetNotNull, pg_query.AlterTableType_AT_DropNotNull,
		pg_query.AlterTableType_AT_ValidateConstraint, pg_query.AlterTableType_AT_AlterConstraint,
		pg_query.AlterTableType_AT_ChangeOwner, pg_query.AlterTableType_AT_SetStatistics, pg_query.AlterTableType_AT_SetStorage,
		pg_query.AlterTableType_AT_SetOptions, pg_query.AlterTableType_AT_ResetOptions, pg_query.AlterTableType_AT_DropIdentity,
		pg_query.AlterTableType_AT_DropExpression, pg_query.AlterTableType_AT_AddIndexConstraint,
		pg_query.AlterTableType_AT_ClusterOn, pg_query.AlterTableType_AT_DropCluster, pg_query.AlterTableType_AT_SetLogged,
		pg_query.AlterTableType_AT_SetUnLogged, pg_query.AlterTableType_AT_SetAccessMethod, pg_query.AlterTableType_AT_SetTableSpace,
		pg_query.AlterTableType_AT_SetRelOptions, pg_query.AlterTableType_AT_ResetRelOptions, pg_query.AlterTableType_AT_ReplaceRelOptions,
		pg_query.AlterTableType_AT_ReplicaIdentity, pg_query.AlterTableType_AT_EnableRowSecurity, pg_query.AlterTableType_AT_DisableRowSecurity,
		pg_query.AlterTableType_AT_ForceRowSecurity, pg_query.AlterTableType_AT_NoForceRowSecurity,
		pg_query.AlterTableType_AT_EnableTrig, pg_query.AlterTableType_AT_EnableTrigAll, pg_query.AlterTableType_AT_EnableTrigUser,
		pg_query.AlterTableType_AT_EnableAlwaysTrig, pg_query.AlterTableType_AT_EnableReplicaTrig,
		pg_query.AlterTableType_AT_DisableTrig, pg_query.AlterTableType_AT_DisableTrigAll, pg_query.AlterTableType_AT_DisableTrigUser:
		return true
	}
	return false
}

// createIndex analyses CREATE INDEX.
func (a *analysis) createIndex(n *pg_query.IndexStmt) {
	r := n.GetRelation()
	rel, use := a.rangeVar(r, EffectAlter), len(a.st.Tables)-1
	if !a.checkCalls(a.touches(n)) {
		return
	}
	name, _ := a.creationTarget(r)
	if rel != nil {
		name = rel.TableName()
	}
	prot := a.protections(rel, name)
	next := a.become(name, rel, prot, nil)
	a.indexElements(next, prot, n)
	if readsColumns(n.GetWhereClause(), prot, next.row()) && !a.refused() {
		a.storedCondition(next, n.GetWhereClause(), codeIndex, int(r.GetLocation()), "the condition of a partial index on %s computes with a protected column", name)
	}
	a.reads(use, rel, n)
	a.st.Understood = !a.refused()
}

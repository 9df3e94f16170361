package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// analyzeMaintenance analyses statements about whole tables that neither read nor write values.
func (a *analysis) analyzeMaintenance(node *pg_query.Node) {
	switch n := node.GetNode().(type) {
	case *pg_query.Node_LockStmt:
		a.rangeVars(n.LockStmt.GetRelations(), EffectLock)
	case *pg_query.Node_TruncateStmt:
		a.truncate(n.TruncateStmt)
	case *pg_query.Node_VacuumStmt:
		for _, v := range n.VacuumStmt.GetRels() {
			if r := v.GetVacuumRelation().GetRelation(); r != nil {
				a.rangeVar(r, EffectMaintain)
			}
		}
	case *pg_query.Node_ReindexStmt:
		if r := n.ReindexStmt.GetRelation(); r != nil {
			a.rangeVar(r, EffectMaintain)
		}
	case *pg_query.Node_ClusterStmt:
		if r := n.ClusterStmt.GetRelation(); r != nil {
			a.rangeVar(r, EffectMaintain)
		}
	case *pg_query.Node_RefreshMatViewStmt:
		a.rangeVar(n.RefreshMatViewStmt.GetRelation(), EffectMaintain)
	case *pg_query.Node_GrantStmt:
		a.rangeVars(n.GrantStmt.GetObjects(), EffectMaintain)
	case *pg_query.Node_GrantRoleStmt, *pg_query.Node_AlterDefaultPrivilegesStmt, *pg_query.Node_CreateRoleStmt,
		*pg_query.Node_AlterRoleStmt, *pg_query.Node_DropRoleStmt:
	case *pg_query.Node_CreateExtensionStmt, *pg_query.Node_AlterExtensionStmt:
		a.st.ChangesSchema = true
	case *pg_query.Node_AlterRoleSetStmt, *pg_query.Node_AlterDatabaseSetStmt:
		a.st.ChangesPath = true
	case *pg_query.Node_CommentStmt:
		a.comment(n.CommentStmt)
	case *pg_query.Node_CallStmt:
		a.call(n.CallStmt)
	case *pg_query.Node_ExecuteStmt:
		a.execute(n.ExecuteStmt)
	default:
		a.analyzeDDL(node)
		return
	}
	a.st.Understood = a.st.Refusal == nil
}

func (a *analysis) rangeVar(r *pg_query.RangeVar, effects Effect) *Relation {
	return a.addTable(r.GetSchemaname(), r.GetRelname(), int(r.GetLocation()), effects)
}

func (a *analysis) rangeVars(list []*pg_query.Node, effects Effect) {
	for _, n := range list {
		if r := n.GetRangeVar(); r != nil {
			a.rangeVar(r, effects)
		}
	}
}

// truncate records the tables named and those that CASCADE reaches through foreign keys.
func (a *analysis) truncate(n *pg_query.TruncateStmt) {
	a.rangeVars(n.GetRelations(), EffectTruncate)
	named := map[uint32]bool{}
	for _, u := range a.st.Tables {
		named[u.OID] = true
	}
	reached := a.withChildren(named)
	if n.GetBehavior() == pg_query.DropBehavior_DROP_CASCADE {
		reached = a.cascade(reached)
	}
	for _, r := range a.cat.relations {
		if reached[r.OID] && !named[r.OID] {
			a.addTable(r.Schema, r.Name, -1, EffectTruncate)
		}
	}
}

// withChildren adds inheritance children and partitions.
func (a *analysis) withChildren(set map[uint32]bool) map[uint32]bool {
	return a.closure(set, func(r *Relation) []uint32 { return r.Parents })
}

// cascade adds the tables whose foreign keys lead to one of the set.
func (a *analysis) cascade(set map[uint32]bool) map[uint32]bool {
	return a.closure(set, func(r *Relation) []uint32 {
		oids := append([]uint32(nil), r.Parents...)
		for _, k := range r.foreign {
			oids = append(oids, k.target)
		}
		return oids
	})
}

func (a *analysis) closure(set map[uint32]bool, leads func(*Relation) []uint32) map[uint32]bool {
	all := map[uint32]bool{}
	for oid := range set {
		all[oid] = true
	}
	for changed := true; changed; {
		changed = false
		for _, r := range a.cat.relations {
			if all[r.OID] {
				continue
			}
			for _, oid := range leads(r) {
				if oid != 0 && all[oid] {
					all[r.OID], changed = true, true
					break
				}
			}
		}
	}
	return all
}

// comment records COMMENT ON a table or column; its text is no value of the table.
func (a *analysis) comment(n *pg_query.CommentStmt) {
	parts := stringList(n.GetObject().GetList().GetItems())
	switch n.GetObjtype() {
	case pg_query.ObjectType_OBJECT_COLUMN, pg_query.ObjectType_OBJECT_TABCONSTRAINT, pg_query.ObjectType_OBJECT_TRIGGER,
		pg_query.ObjectType_OBJECT_RULE, pg_query.ObjectType_OBJECT_POLICY:
		if len(parts) > 1 {
			parts = parts[:len(parts)-1]
		}
	case pg_query.ObjectType_OBJECT_TABLE, pg_query.ObjectType_OBJECT_VIEW, pg_query.ObjectType_OBJECT_MATVIEW,
		pg_query.ObjectType_OBJECT_FOREIGN_TABLE, pg_query.ObjectType_OBJECT_INDEX:
	default:
		return
	}
	if len(parts) > 0 {
		a.named(parts, EffectMaintain)
	}
}

// named records a table for whose name the tree has no place.
func (a *analysis) named(parts []string, effects Effect) *Relation {
	schema, name := splitName(parts)
	return a.addTable(schema, name, a.findName(name), effects)
}

// findName looks for an identifier in the statement's text, -1 when it is not written in its plain form.
func (a *analysis) findName(name string) int {
	for at := a.st.At.Start; at < a.st.At.End; {
		t, ok := nextToken(a.text, at)
		if !ok {
			break
		}
		word := a.text[t.Start:t.End]
		if t.Kind == KindWord && equalFold(word, name) || t.Kind == KindQuoted && word == `"`+name+`"` {
			return t.Start
		}
		at = t.End
	}
	return -1
}

func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

// call analyses CALL.
func (a *analysis) call(n *pg_query.CallStmt) {
	a.expressions(n)
	a.st.ChangesSchema, a.st.ChangesPath = true, true // a procedure may do anything; its body names nothing sensitive
}

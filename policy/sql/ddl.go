package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// analyzeDDL analyses data definition.
func (a *analysis) analyzeDDL(node *pg_query.Node) {
	a.st.ChangesSchema = true
	switch n := node.GetNode().(type) {
	case *pg_query.Node_CreateStmt:
		a.createTable(n.CreateStmt)
	case *pg_query.Node_AlterTableStmt:
		a.alterTable(n.AlterTableStmt)
	case *pg_query.Node_IndexStmt:
		a.createIndex(n.IndexStmt)
	case *pg_query.Node_ViewStmt:
		a.createView(n.ViewStmt.GetQuery(), n.ViewStmt.GetView(), EffectCreate)
	case *pg_query.Node_DropStmt:
		a.drop(n.DropStmt)
	case *pg_query.Node_RenameStmt:
		a.rename(n.RenameStmt)
	case *pg_query.Node_AlterObjectSchemaStmt:
		if r := n.AlterObjectSchemaStmt.GetRelation(); r != nil {
			a.renameRelation(r, TableName{Schema: n.AlterObjectSchemaStmt.GetNewschema()})
			return
		}
		a.st.Understood = true
	case *pg_query.Node_CreateTrigStmt:
		a.createTrigger(n.CreateTrigStmt, node)
	case *pg_query.Node_CreatePolicyStmt:
		a.overTable(n.CreatePolicyStmt.GetTable(), node)
	case *pg_query.Node_AlterPolicyStmt:
		a.overTable(n.AlterPolicyStmt.GetTable(), node)
	case *pg_query.Node_RuleStmt:
		a.overTable(n.RuleStmt.GetRelation(), node)
	case *pg_query.Node_CreateStatsStmt:
		a.statistics(n.CreateStatsStmt)
	case *pg_query.Node_CreateFunctionStmt:
		a.createFunction(n.CreateFunctionStmt)
	case *pg_query.Node_AlterEnumStmt:
		if a.refuseLabels(n.AlterEnumStmt); !a.refused() {
			a.st.Understood = true
		}
	case *pg_query.Node_CreateSeqStmt, *pg_query.Node_AlterSeqStmt, *pg_query.Node_CreateEnumStmt,
		*pg_query.Node_CompositeTypeStmt, *pg_query.Node_AlterOwnerStmt, *pg_query.Node_AlterFunctionStmt:
		a.st.Understood = true // they make or change something of their own, and hold no expression
	case *pg_query.Node_CreateSchemaStmt:
		if len(n.CreateSchemaStmt.GetSchemaElts()) > 0 {
			a.unknownKind(node)
			return
		}
		a.st.Understood = true
	default:
		a.unknownKind(node)
	}
}

// unknownKind lets a statement of a kind that has no case pass only if it names nothing sensitive.
func (a *analysis) unknownKind(node *pg_query.Node) {
	t := a.touches(node)
	a.tableUses(t)
	if !a.checkCalls(t) {
		return
	}
	if t.sensitive || a.st.Sensitive || a.cat.bodies.match(a.source())&(hitName|hitUnicode) != 0 {
		a.refuse(codeUnsupported, a.st.At.Start, "%s can't be used with a protected or listed table", strings.ToUpper(a.st.Verb))
		return
	}
	a.st.Understood = true
}

// expressions refuses a part of a statement in which an expression reads something sensitive or calls a function that must not be called.
func (a *analysis) expressions(m protoreflect.ProtoMessage) {
	t := a.touches(m)
	if !a.checkCalls(t) {
		return
	}
	a.st.ChangesPath = a.st.ChangesPath || t.changes
	if t.sensitive {
		a.refuse(codeUnsupported, a.st.At.Start, "an expression of this statement reads a protected or listed table")
	}
}

// createFunction refuses a function that could reach a protected or listed table: calls of it would not show that, and the catalog
// may not know it yet when it is called, or at all when something else calls it, such as a trigger.
func (a *analysis) createFunction(n *pg_query.CreateFunctionStmt) {
	t := a.touches(n)
	if !a.checkCalls(t) {
		return
	}
	switch {
	case t.sensitive || a.cat.tables.match(a.source())&(hitName|hitUnicode) != 0:
		a.refuse(codeBody, a.st.At.Start, "%s: the text names a protected or listed table", strings.ToUpper(a.st.Verb))
	case a.cat.mayReach(n.GetOptions(), "sql"):
		a.refuse(codeBody, a.st.At.Start, "%s: the body names a protected or listed table, or runs SQL that the proxy can't see",
			strings.ToUpper(a.st.Verb))
	default:
		a.st.Understood = true
	}
}

// mayReach reports whether the body given by the options of CREATE FUNCTION or DO names something sensitive or may do so unseen.
func (c *Catalog) mayReach(options []*pg_query.Node, language string) bool {
	if c.bodies == nil {
		return false
	}
	f := function{language: language, vouched: c.spec.TrustOpaque}
	for _, o := range options {
		d := o.GetDefElem()
		switch d.GetDefname() {
		case "language":
			f.language = strings.ToLower(d.GetArg().GetString_().GetSval())
		case "as":
			// DO may have two: older servers take a constant after a comment for the continuation of the first one.
			f.source += d.GetArg().GetString_().GetSval() + strings.Join(stringList(d.GetArg().GetList().GetItems()), " ")
		}
	}
	return f.opaque() || c.bodies.match(f.source)&(hitName|hitUnicode) != 0
}

// drop records what DROP removes.
func (a *analysis) drop(n *pg_query.DropStmt) {
	switch n.GetRemoveType() {
	case pg_query.ObjectType_OBJECT_TABLE, pg_query.ObjectType_OBJECT_VIEW, pg_query.ObjectType_OBJECT_MATVIEW,
		pg_query.ObjectType_OBJECT_FOREIGN_TABLE:
		for _, o := range n.GetObjects() {
			a.named(stringList(o.GetList().GetItems()), EffectDrop)
		}
	case pg_query.ObjectType_OBJECT_INDEX:
		for _, o := range n.GetObjects() {
			a.dropIndex(stringList(o.GetList().GetItems()))
		}
	case pg_query.ObjectType_OBJECT_TRIGGER, pg_query.ObjectType_OBJECT_RULE, pg_query.ObjectType_OBJECT_POLICY:
		for _, o := range n.GetObjects() {
			if parts := stringList(o.GetList().GetItems()); len(parts) > 1 {
				a.named(parts[:len(parts)-1], EffectAlter)
			}
		}
	case pg_query.ObjectType_OBJECT_SCHEMA:
		for _, o := range n.GetObjects() {
			for _, r := range a.cat.relations {
				if r.Sensitive && r.Schema == o.GetString_().GetSval() {
					a.addTable(r.Schema, r.Name, -1, EffectDrop)
				}
			}
		}
	}
	a.st.Understood = true
}

// dropIndex records the table whose index is dropped.
func (a *analysis) dropIndex(parts []string) {
	schema, name := splitName(parts)
	for _, r := range a.cat.relations {
		for _, x := range r.indexes {
			if x.name == name && (schema == "" || schema == x.schema) {
				a.addTable(r.Schema, r.Name, a.findName(name), EffectAlter)
			}
		}
	}
}

// rename analyses RENAME.
func (a *analysis) rename(n *pg_query.RenameStmt) {
	if n.GetRelation() == nil {
		a.renameSchema(n)
		return
	}
	r := n.GetRelation()
	switch n.GetRenameType() {
	case pg_query.ObjectType_OBJECT_TABCONSTRAINT, pg_query.ObjectType_OBJECT_INDEX, pg_query.ObjectType_OBJECT_TRIGGER,
		pg_query.ObjectType_OBJECT_RULE, pg_query.ObjectType_OBJECT_POLICY, pg_query.ObjectType_OBJECT_SEQUENCE:
		a.rangeVar(r, EffectAlter)
		a.st.Understood = true
		return
	}
	if n.GetRenameType() == pg_query.ObjectType_OBJECT_COLUMN {
		a.renameColumn(n)
		return
	}
	a.renameRelation(r, TableName{Name: n.GetNewname()})
}

// renameSchema refuses a new name for a schema with sensitive relations, which would get other names by that, or a schema's new name
// by which its relations would get the names of configured ones.
func (a *analysis) renameSchema(n *pg_query.RenameStmt) {
	a.st.Understood = true
	if n.GetRenameType() != pg_query.ObjectType_OBJECT_SCHEMA {
		return
	}
	for _, r := range a.cat.relations {
		if r.Sensitive && r.Schema == n.GetSubname() || r.Schema == n.GetSubname() && a.cat.configured(TableName{n.GetNewname(), r.Name}) {
			a.refuse(codeRename, a.st.At.Start, "%s is protected or listed by its name", describe(r.Schema, r.Name))
			return
		}
	}
}

// createTrigger refuses a trigger whose function reaches a sensitive table or may do so: whoever makes the trigger could read there by
// writing to a table of their own.
func (a *analysis) createTrigger(n *pg_query.CreateTrigStmt, node *pg_query.Node) {
	a.overTable(n.GetRelation(), node)
	schema, name := splitName(stringList(n.GetFuncname()))
	if schema == "" && len(a.cat.triggers[name]) > 0 {
		a.st.PathDependent = true
	}
	if a.cat.sensitiveTrigger(a.path, schema, name) {
		a.refuse(codeOpaqueCall, a.st.At.Start, "function %s runs SQL that the proxy can't see, or its body names a protected or listed table", name)
	}
}

// overTable refuses triggers, rules and policies over a sensitive table, or whose text names one.
func (a *analysis) overTable(r *pg_query.RangeVar, node *pg_query.Node) {
	a.rangeVar(r, EffectAlter)
	t := a.touches(node)
	if !a.checkCalls(t) {
		return
	}
	if a.st.Sensitive || t.sensitive {
		a.refuse(codeCreateOther, a.st.At.Start, "%s over a protected or listed table", strings.ToUpper(a.st.Verb))
		return
	}
	a.st.Understood = true
}

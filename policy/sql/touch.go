package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// touch is what a tree names, whatever the place where the name stands. It over-approximates: a CTE that has a table's name counts as
// that table.
type touch struct {
	tables    []tableRef
	sensitive bool // a name may be that of something sensitive
	changes   bool // set_config is called
	called    []calledFunction
	// statistics are those of tables that hold the planner's statistics.
	statistics []tableRef
	// operator: an operator's function may run SQL that can't be seen or names a protected or listed table.
	operator   bool
	operatorAt int
}

type tableRef struct {
	schema, name string
	at           int
	effects      Effect
	rel          *Relation // nil when the catalog has no such relation
}

type calledFunction struct {
	name []string
	at   int
}

// touches walks any tree.
func (a *analysis) touches(m protoreflect.ProtoMessage) *touch {
	t := &touch{}
	a.walk(t, m.ProtoReflect(), EffectSelect)
	return t
}

func (a *analysis) walk(t *touch, m protoreflect.Message, effects Effect) {
	switch n := m.Interface().(type) {
	case *pg_query.RangeVar:
		a.note(t, n, effects)
		return
	case *pg_query.FuncCall:
		if !a.given(n) {
			a.noteCall(t, stringList(n.GetFuncname()), int(n.GetLocation()))
		}
	case *pg_query.A_Expr:
		a.noteOperator(t, stringList(n.GetName()), int(n.GetLocation()))
	case *pg_query.SubLink:
		a.noteOperator(t, stringList(n.GetOperName()), int(n.GetLocation()))
	case *pg_query.ColumnRef:
		if f := stringList(n.GetFields()); len(f) > 1 {
			a.noteField(t, f[len(f)-1], int(n.GetLocation()))
		}
	case *pg_query.A_Indirection:
		for _, f := range stringList(n.GetIndirection()) {
			a.noteField(t, f, -1)
		}
	case *pg_query.SortBy:
		a.noteOperator(t, stringList(n.GetUseOp()), int(n.GetLocation()))
	case *pg_query.CaseExpr:
		a.noteOperator(t, nil, int(n.GetLocation()))
	case *pg_query.JoinExpr:
		a.noteOperator(t, nil, -1)
	case *pg_query.InsertStmt:
		a.target(t, n.GetRelation(), EffectInsert, m)
		return
	case *pg_query.UpdateStmt:
		a.target(t, n.GetRelation(), EffectUpdate, m)
		return
	case *pg_query.DeleteStmt:
		a.target(t, n.GetRelation(), EffectDelete, m)
		return
	case *pg_query.MergeStmt:
		a.target(t, n.GetRelation(), EffectInsert|EffectUpdate|EffectDelete, m)
		return
	}
	a.walkFields(t, m, effects, "")
}

// target notes a statement's target and walks the rest.
func (a *analysis) target(t *touch, r *pg_query.RangeVar, effects Effect, m protoreflect.Message) {
	if r != nil {
		a.note(t, r, effects)
	}
	a.walkFields(t, m, EffectSelect, "relation")
}

func (a *analysis) walkFields(t *touch, m protoreflect.Message, effects Effect, skip protoreflect.Name) {
	children(m, func(f protoreflect.FieldDescriptor, child protoreflect.Message) {
		if f.Name() != skip {
			a.walk(t, child, effects)
		}
	})
}

func (a *analysis) note(t *touch, n *pg_query.RangeVar, effects Effect) {
	ref := tableRef{schema: n.GetSchemaname(), name: n.GetRelname(), at: int(n.GetLocation()), effects: effects}
	ref.rel, _ = a.cat.Relation(a.path, ref.schema, ref.name)
	t.sensitive = t.sensitive || a.cat.sensitiveTable(ref.schema, ref.name, ref.rel)
	a.notePath(ref.schema, ref.name, ref.rel)
	if a.shadowed(ref.schema, ref.rel, ref.at) {
		t.sensitive = true
	}
	t.tables = append(t.tables, ref)
	if a.holdsStatistics(&ref) {
		t.statistics = append(t.statistics, ref)
	}
}

// shadowed refuses an unqualified name by which a temporary relation hides a sensitive one. It goes away in ways that say nothing of it, and
// then the name means the other one at the server, before the catalog is read again.
func (a *analysis) shadowed(schema string, found *Relation, at int) bool {
	if schema != "" || found == nil || !ofSession(found.Schema) || !a.cat.hidden(found.Name) {
		return false
	}
	a.refuseHint(codeShadow, at, "Write pg_temp."+found.Name+" for the temporary relation, or drop it by that name.", "the temporary relation %q hides a protected or listed one", found.Name)
	return true
}

// notePath marks a statement whose meaning hangs on the search path: the name is sensitive somewhere, and is not that of one relation only,
// found.
func (a *analysis) notePath(schema, name string, found *Relation) {
	if schema == "" && a.cat.sensitiveName(name) && (found == nil || a.cat.several(name)) {
		a.st.PathDependent = true
	}
}

// several reports whether relations of several schemas have a name.
func (c *Catalog) several(name string) bool { return c.byBare[name] > 1 }

// noteField notes o.name, which calls a function name that takes a row when o has no such column.
func (a *analysis) noteField(t *touch, name string, at int) {
	if a.cat.fields[name] {
		a.noteCall(t, []string{name}, at)
	}
}

func (a *analysis) noteCall(t *touch, name []string, at int) {
	schema, last := splitName(name)
	if last == "set_config" {
		t.changes = true
	}
	if schema == "" && len(a.cat.functions[last]) > 0 {
		a.st.PathDependent = true
	}
	if a.cat.sensitiveFunction(a.path, schema, last) {
		t.sensitive = true
	}
	t.called = append(t.called, calledFunction{name, at})
}

// checkCalls refuses calls and operators that must not be used, and statistics from which nothing is withheld; false when it did.
func (a *analysis) checkCalls(t *touch) bool {
	for _, ref := range t.statistics {
		if !a.held[ref.at] {
			a.refuse(codeStatistics, ref.at, "%s shows values of other tables' columns", ref.name)
			return false
		}
	}
	for _, f := range t.called {
		if !a.checkFunction(f.name, f.at) {
			return false
		}
	}
	if t.operator {
		a.refuse(codeOpaqueCall, t.operatorAt, "an operator's function runs SQL that the proxy can't see, or its body names a protected or listed table")
		return false
	}
	return true
}

func (a *analysis) noteOperator(t *touch, parts []string, at int) {
	if len(a.cat.operators) == 0 {
		return
	}
	schema, name := splitName(parts)
	a.st.PathDependent = a.st.PathDependent || schema == ""
	if a.cat.sensitiveOperator(a.path, schema, name) {
		t.sensitive, t.operator, t.operatorAt = true, true, at
	}
}

// sensitiveTable reports whether a name may denote something sensitive: the relation found does, or, when none was found, the name is that of
// something sensitive anywhere.
func (c *Catalog) sensitiveTable(schema, name string, found *Relation) bool {
	if c.names == nil {
		return false
	}
	if found != nil {
		return found.Sensitive
	}
	return strings.HasPrefix(schema, "pg_toast") || c.sensitiveName(name)
}

// sensitiveName reports whether anything sensitive has this name, in any schema, existing or configured.
func (c *Catalog) sensitiveName(name string) bool { return c.tableNames[name] }

// tableUses records the tables that a walk found.
func (a *analysis) tableUses(t *touch) {
	for _, ref := range t.tables {
		a.addTable(ref.schema, ref.name, ref.at, ref.effects)
	}
}

// addTable records one occurrence of a table.
func (a *analysis) addTable(schema, name string, at int, effects Effect) *Relation {
	use := TableUse{Table: TableName{schema, name}, Effects: effects, At: a.nameSpan(at)}
	rel, ok := a.cat.Relation(a.path, schema, name)
	if ok {
		use.Table, use.OID = rel.TableName(), rel.OID
	}
	a.st.Sensitive = a.st.Sensitive || a.cat.sensitiveTable(schema, name, rel)
	a.notePath(schema, name, rel)
	a.shadowed(schema, rel, at)
	a.st.Tables = append(a.st.Tables, use)
	return rel
}

// qualify gives each table a schema: an unqualified name that the catalog does not know stands for one in the schema where it would be made,
// or in pg_catalog, which the catalog leaves out.
func (a *analysis) qualify() {
	for i := range a.st.Tables {
		t := &a.st.Tables[i].Table
		switch {
		case t.Schema != "":
		case strings.HasPrefix(t.Name, "pg_"):
			t.Schema = "pg_catalog"
		default:
			t.Schema = a.creationSchema()
		}
	}
}

// nameSpan is the span of a qualified name that begins at at.
func (a *analysis) nameSpan(at int) Span {
	if at < 0 || at >= len(a.text) {
		return Span{a.st.At.Start, a.st.At.Start}
	}
	end := nameEnd(a.text, at)
	for end >= 0 {
		dot, ok := nextToken(a.text, end)
		if !ok || !isPunct(a.text, dot, ".") {
			break
		}
		next := nameEnd(a.text, dot.End)
		if next < 0 {
			break
		}
		end = next
	}
	if end < 0 {
		return Span{at, at}
	}
	return Span{at, end}
}

// stringList takes the strings of a list of String nodes.
func stringList(nodes []*pg_query.Node) []string {
	var out []string
	for _, n := range nodes {
		if s := n.GetString_(); s != nil {
			out = append(out, s.GetSval())
		}
	}
	return out
}

package sql

import (
	"maps"
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// codeMissing is the first of PV230 to PV234.
const codeMissing = "PV230"

func missingRefusals() []RefusalDoc {
	return []RefusalDoc{
		{codeMissing, "42P01", "A relation that the statement names is not there, and it stands beside a protected or listed one, or protected columns were reached by its name before",
			"Make the relation, or correct its name. The statement's constants could be values of protected columns, and the server would log them with its error, so they were not sent."},
	}
}

// Missing are names of relations by which protected or listed columns were reached once: temporary tables, views, tables under a name of a
// moment. A statement that names one where it is not there any more holds values for such columns. It is immutable.
type Missing struct {
	names map[string]bool
	find  *matcher
}

// Missing is those of the unqualified names that are not among those of what is sensitive now, which analysis looks after; nil if none is left.
func (c *Catalog) Missing(names []string) *Missing {
	m := &Missing{names: map[string]bool{}}
	for _, name := range names {
		if !c.sensitiveName(name) {
			m.names[name] = true
		}
	}
	if len(m.names) == 0 {
		return nil
	}
	m.find = newMatcher(slices.Sorted(maps.Keys(m.names)))
	return m
}

// In reports false only if a text provably holds none of the names, as MayTouch does.
func (m *Missing) In(text string) bool {
	return m != nil && m.find.match(text)&(hitName|hitUnicode) != 0
}

// MissingName is a name in a text.
type MissingName struct {
	Schema, Name string // Schema is empty where none is written
	At           int    // byte offset, -1 unknown
}

// Refusal is why the text is not sent.
func (n *MissingName) Refusal() *Refusal {
	return newRefusal(codeMissing, n.At, "relation %s does not exist", describe(n.Schema, n.Name))
}

// First is the first of the names that a text uses as that of a relation which c does not know under this path, in a statement that holds
// constants or parameters; nil for none. What a statement in front of it makes under that name is there, and IF EXISTS raises no error.
// escaping: the text is read with standard_conforming_strings off.
func (m *Missing) First(c *Catalog, path []string, text string, escaping bool) *MissingName {
	if escaping {
		text = convert(text).text
	}
	tree, bad := parse(text)
	if bad != nil {
		return nil
	}
	made := map[string]bool{}
	for _, raw := range tree.GetStmts() {
		w := missingWalk{c: c, path: path, m: m, made: made}
		w.walk(raw.GetStmt().ProtoReflect(), nil)
		if w.found != nil && w.constant {
			if escaping {
				w.found.At = -1
			}
			return w.found
		}
		switch n := raw.GetStmt().GetNode().(type) {
		case *pg_query.Node_TransactionStmt:
			clear(made) // it may be taken back
		case *pg_query.Node_RenameStmt:
			made[n.RenameStmt.GetNewname()] = true
		}
	}
	return nil
}

// missingWalk looks at one statement.
type missingWalk struct {
	c        *Catalog
	path     []string
	m        *Missing
	made     map[string]bool
	found    *MissingName
	constant bool
}

func (w *missingWalk) walk(m protoreflect.Message, ctes []string) {
	var with *pg_query.WithClause
	var skip protoreflect.Name
	switch n := m.Interface().(type) {
	case *pg_query.RangeVar:
		w.relation(n, ctes)
		return
	case *pg_query.A_Const:
		w.constant = w.constant || !n.GetIsnull()
		return
	case *pg_query.ParamRef:
		w.constant = true
		return
	case *pg_query.SelectStmt:
		with = n.GetWithClause()
	case *pg_query.InsertStmt:
		with, skip = n.GetWithClause(), w.target(n.GetRelation())
	case *pg_query.UpdateStmt:
		with, skip = n.GetWithClause(), w.target(n.GetRelation())
	case *pg_query.DeleteStmt:
		with, skip = n.GetWithClause(), w.target(n.GetRelation())
	case *pg_query.MergeStmt:
		with, skip = n.GetWithClause(), w.target(n.GetRelation())
	case *pg_query.IntoClause:
		skip = w.makes(n.GetRel(), "rel")
	case *pg_query.CreateStmt:
		skip = w.makes(n.GetRelation(), "relation")
	case *pg_query.ViewStmt:
		skip = w.makes(n.GetView(), "view")
	case *pg_query.AlterTableStmt:
		if n.GetMissingOk() {
			return
		}
	case *pg_query.RenameStmt:
		if n.GetMissingOk() {
			return
		}
	}
	if with != nil {
		ctes = w.with(with, ctes)
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Kind() != protoreflect.MessageKind || f.Name() == skip || with != nil && f.Name() == "with_clause":
		case f.IsList():
			for i := range v.List().Len() {
				w.walk(v.List().Get(i).Message(), ctes)
			}
		default:
			w.walk(v.Message(), ctes)
		}
		return true
	})
}

// with looks at the queries of WITH and gives the names that can be used behind it.
func (w *missingWalk) with(n *pg_query.WithClause, ctes []string) []string {
	ctes = slices.Clip(ctes)
	if n.GetRecursive() {
		for _, cte := range n.GetCtes() {
			ctes = append(ctes, cte.GetCommonTableExpr().GetCtename())
		}
	}
	for _, cte := range n.GetCtes() {
		w.walk(cte.ProtoReflect(), ctes)
		if !n.GetRecursive() {
			ctes = append(ctes, cte.GetCommonTableExpr().GetCtename())
		}
	}
	return ctes
}

// target is a relation that is written, which no WITH makes.
func (w *missingWalk) target(n *pg_query.RangeVar) protoreflect.Name {
	if n != nil {
		w.relation(n, nil)
	}
	return "relation"
}

func (w *missingWalk) makes(n *pg_query.RangeVar, field protoreflect.Name) protoreflect.Name {
	if n != nil {
		w.made[n.GetRelname()] = true
	}
	return field
}

func (w *missingWalk) relation(n *pg_query.RangeVar, ctes []string) {
	schema, name := n.GetSchemaname(), n.GetRelname()
	if w.found != nil || !w.m.names[name] || w.made[name] || schema == "" && slices.Contains(ctes, name) || schema == "information_schema" || schema == "pg_catalog" {
		return
	}
	if _, ok := w.c.Relation(w.path, schema, name); !ok {
		w.found = &MissingName{schema, name, int(n.GetLocation())}
	}
}

// GoneBy are the names, without schemas, of what is sensitive by c and not by a later catalog.
func (c *Catalog) GoneBy(later *Catalog) []string {
	var names []string
	for name := range c.tableNames {
		if !later.tableNames[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Gives are the names, without schemas, that a statement gives to what is sensitive.
func (st *Statement) Gives() []string {
	if !st.Sensitive || st.Refusal != nil {
		return nil
	}
	var names []string
	for _, t := range st.Tables {
		if t.Effects&EffectCreate != 0 {
			names = append(names, t.Table.Name)
		}
	}
	if st.Renamed != "" {
		names = append(names, st.Renamed)
	}
	return names
}

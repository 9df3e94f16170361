package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// introspection finds where a statement reads the server's own relations that tell columns' types.
type introspection struct {
	a       *analysis
	ctes    map[string]bool
	columns map[string]bool // last names of columns read
	star    bool
	fields  [][]string           // of column references that name their relation with its schema
	fieldAt []int                // where they stand
	items   []*pg_query.RangeVar // in FROM
	bare    map[string]bool      // names that stand alone: perhaps whole rows
	system  map[string]bool      // system columns read
	locking bool
	selects []*pg_query.SelectStmt
	direct  bool // the rows go to the client as they come
}

// introspect fills Introspects and Splices of a statement that returns rows.
func (a *analysis) introspect(node *pg_query.Node) {
	if a.cat.logical == nil || len(a.cat.spec.Protected) == 0 || !returnsRows(node) || !namesCatalog(a.source()) {
		return
	}
	in := newIntrospection(a)
	in.direct = node.GetSelectStmt() != nil
	in.walk(node.ProtoReflect(), false)
	stripped := map[TableName]bool{}
	for _, r := range in.items {
		name, ok := in.name(r)
		if !ok {
			continue
		}
		a.st.Introspects = true
		if text := in.replacement(r, name); text != "" {
			a.st.Splices = append(a.st.Splices, Edit{At: a.nameSpan(int(r.GetLocation())), Text: text})
			a.st.Splices = append(a.st.Splices, in.grouped(r, name)...)
			stripped[name] = true
		}
	}
	a.st.Splices = append(a.st.Splices, in.strip(stripped)...)
	slices.SortFunc(a.st.Splices, func(x, y Edit) int { return x.At.Start - y.At.Start })
}

func newIntrospection(a *analysis) *introspection {
	return &introspection{a: a, ctes: map[string]bool{}, columns: map[string]bool{}, bare: map[string]bool{}, system: map[string]bool{}}
}

// strip takes the schema from references to columns of what is replaced: a subquery has none.
func (in *introspection) strip(replaced map[TableName]bool) (edits []Edit) {
	for i, f := range in.fields {
		if !replaced[TableName{f[0], f[1]}] {
			continue
		}
		if first, ok := nextToken(in.a.text, in.fieldAt[i]); ok {
			if dot, ok := nextToken(in.a.text, first.End); ok && isPunct(in.a.text, dot, ".") {
				edits = append(edits, Edit{At: Span{first.Start, dot.End}})
			}
		}
	}
	return edits
}

func namesCatalog(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(catalogWords, func(w string) bool { return strings.Contains(text, w) })
}

// NamesSystemCatalog reports whether a name of a system catalog that is spliced stands in a text.
func NamesSystemCatalog(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc([]TableName{pgAttribute, pgClass, pgConstraint, pgAttrdef}, func(t TableName) bool { return strings.Contains(text, t.Name) })
}

// returnsRows reports whether a statement only shows what it reads.
func returnsRows(node *pg_query.Node) bool {
	switch n := node.GetNode().(type) {
	case *pg_query.Node_SelectStmt:
		return n.SelectStmt.GetIntoClause() == nil
	case *pg_query.Node_ExplainStmt:
		return returnsRows(n.ExplainStmt.GetQuery())
	case *pg_query.Node_PrepareStmt:
		return returnsRows(n.PrepareStmt.GetQuery())
	case *pg_query.Node_DeclareCursorStmt:
		return returnsRows(n.DeclareCursorStmt.GetQuery())
	case *pg_query.Node_CopyStmt:
		return n.CopyStmt.GetQuery() != nil && returnsRows(n.CopyStmt.GetQuery())
	}
	return false
}

// walk collects names. inFrom says that m is an element of FROM.
func (in *introspection) walk(m protoreflect.Message, inFrom bool) {
	switch n := m.Interface().(type) {
	case *pg_query.Node:
	case *pg_query.SelectStmt:
		in.selects, inFrom = append(in.selects, n), false
	case *pg_query.RangeVar:
		if inFrom && n.GetInh() {
			in.items = append(in.items, n)
		}
		return
	case *pg_query.CommonTableExpr:
		in.ctes[n.GetCtename()] = true
		inFrom = false
	case *pg_query.LockingClause:
		in.locking = true
	case *pg_query.ColumnRef:
		in.column(n)
		return
	case *pg_query.JoinExpr:
		inFrom = true
		in.joined(n)
	default:
		inFrom = false
	}
	children(m, func(f protoreflect.FieldDescriptor, child protoreflect.Message) {
		in.walk(child, inFrom && m.Descriptor().Name() == "Node" || slices.Contains([]string{"from_clause", "larg", "rarg"}, string(f.Name())))
	})
}

// joined notes the columns that a join reads without a reference. One whose columns get other names, or that joins all of one name, may read any.
func (in *introspection) joined(n *pg_query.JoinExpr) {
	for _, name := range stringList(n.GetUsingClause()) {
		in.columns[name] = true
	}
	in.star = in.star || n.GetIsNatural() || len(n.GetAlias().GetColnames()) > 0
}

func (in *introspection) column(n *pg_query.ColumnRef) {
	names := stringList(n.GetFields())
	if len(names) < len(n.GetFields()) {
		in.star = true
	} else if len(names) > 0 {
		last := names[len(names)-1]
		in.columns[last] = true
		switch last {
		case "tableoid", "ctid", "xmin", "xmax", "cmin", "cmax":
			in.system[last] = true
		}
	}
	switch {
	case len(n.GetFields()) == 1 && len(names) == 1:
		in.bare[names[0]] = true
	case len(names) >= 2 && len(n.GetFields()) == 3:
		in.fields, in.fieldAt = append(in.fields, names), append(in.fieldAt, int(n.GetLocation()))
	}
}

// name is the relation of the server's own that an element of FROM denotes.
func (in *introspection) name(r *pg_query.RangeVar) (TableName, bool) {
	name := TableName{r.GetSchemaname(), r.GetRelname()}
	if name.Schema == "" {
		if in.ctes[name.Name] {
			return name, false
		}
		if _, ok := splicedRelation(TableName{"pg_catalog", name.Name}); ok && in.a.cat.byBare[name.Name] > 0 {
			in.a.st.PathDependent = true // one of the user's has that name
		}
		for _, s := range in.a.path {
			if _, own := in.a.cat.byName[TableName{s, name.Name}]; own {
				return name, false
			}
			if _, ok := splicedRelation(TableName{s, name.Name}); ok {
				name.Schema = s
				break
			}
		}
	}
	_, ok := splicedRelation(name)
	return name, ok
}

// replacement is what stands in place of the name, empty when nothing needs to, or a subquery can't stand there.
func (in *introspection) replacement(r *pg_query.RangeVar, name TableName) string {
	s, _ := splicedRelation(name)
	columns := in.a.cat.system[name]
	alias := r.GetAlias().GetAliasname()
	if alias == "" {
		alias = r.GetRelname()
	}
	whole := in.star || in.bare[alias]
	reads := whole || len(r.GetAlias().GetColnames()) > 0 || len(s.columns) == 0 || slices.ContainsFunc(s.columns, func(c string) bool { return in.columns[c] })
	if len(columns) == 0 || !reads || in.locking || !in.plainPlace(r) {
		return ""
	}
	var more []string
	for c := range in.system {
		more = append(more, c)
	}
	slices.Sort(more)
	if strings.HasPrefix(name.Schema, "info") {
		more = nil
	}
	if len(more) > 0 && whole {
		return ""
	}
	all := whole || len(r.GetAlias().GetColnames()) > 0
	text := s.text(in.a.cat, columns, more, asked{in.direct, func(column string) bool { return all || in.columns[column] }})
	if text != "" && r.GetAlias() == nil {
		text += " " + quoteName(r.GetRelname())
	}
	return text
}

// plainPlace reports whether a name stands where a subquery may: not behind TABLE, nor before a star. Functions that take a row of
// a system catalog would not take one of a subquery.
func (in *introspection) plainPlace(r *pg_query.RangeVar) bool {
	span := in.a.nameSpan(int(r.GetLocation()))
	if next, ok := nextToken(in.a.text, span.End); ok && in.a.text[next.Start:next.End] == "*" {
		return false
	}
	behind := ""
	for at := in.a.st.At.Start; at < in.a.st.At.End; {
		t, ok := nextToken(in.a.text, at)
		if !ok {
			return t.Start == len(in.a.text) // blanks and comments to the end
		}
		word := in.a.text[t.Start:t.End]
		if t.Start == span.Start && strings.EqualFold(behind, "table") {
			return false
		}
		if t.Kind == KindWord && strings.HasPrefix(strings.ToLower(word), "_pg_truetyp") {
			return false
		}
		behind, at = word, t.End
	}
	return true
}

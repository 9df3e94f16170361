package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// storedCondition analyses a condition that the server keeps (a CHECK, that of a partial index) and that reads protected columns:
// its constants are sealed as those of a WHERE are. It refuses with code, and what, when the condition can't be asked of cells.
func (a *analysis) storedCondition(rel *Relation, expr *pg_query.Node, code string, at int, what string, args ...any) {
	if rel == nil {
		a.refuse(code, at, what, args...)
		return
	}
	scratch := &analysis{cat: a.cat, path: a.path, text: a.text, st: &Statement{At: a.st.At, Verb: a.st.Verb}}
	r := &resolver{analysis: scratch, column: map[columnKey]int{}, leafAt: map[int]*leaf{}, sensitive: true}
	scratch.st.Tables = []TableUse{{Table: rel.TableName(), OID: rel.OID}}
	item := &rangeItem{name: rel.Name, schema: rel.Schema, rel: rel, at: a.st.At}
	r.condition(&scope{items: []*rangeItem{item}}, expr, false, UsePredicate)
	if r.soft == nil {
		r.closeParams()
	}
	if r.soft != nil || scratch.refused() || len(scratch.st.Params) > 0 || len(scratch.st.Tables) > 1 {
		a.refuse(code, at, what, args...)
		return
	}
	a.st.Literals = append(a.st.Literals, scratch.st.Literals...)
	a.st.Edits = append(a.st.Edits, scratch.st.Edits...)
	for i := range a.st.Tables {
		if a.st.Tables[i].OID != rel.OID || rel.OID == 0 {
			continue
		}
		for _, c := range scratch.st.Columns {
			if c.Num != 0 { // it has rows
				c.Table, c.Use = i, UsePredicate
				a.st.Columns = append(a.st.Columns, c)
			}
		}
		break
	}
}

// become is the relation that a table will be: what there is of it, and columns that a statement adds, which have no numbers yet.
func (a *analysis) become(name TableName, rel *Relation, prot map[string]Protection, added []*pg_query.ColumnDef) *Relation {
	next := &Relation{Schema: name.Schema, Name: name.Name, Kind: 'r', byName: map[string]int{}, Protected: true, Sensitive: true, Listed: true}
	add := func(c Column) {
		if _, ok := next.byName[c.Name]; ok {
			return
		}
		next.byName[c.Name] = len(next.Columns)
		next.Columns = append(next.Columns, c)
	}
	if rel != nil {
		next.OID, next.home = rel.OID, rel.home
		for _, c := range rel.Columns {
			add(c)
		}
	}
	for _, def := range added {
		typ, _ := typeOf(def.GetTypeName())
		if _, ok := prot[def.GetColname()]; !ok {
			add(Column{Name: def.GetColname(), Type: typ})
		}
	}
	for column, p := range prot {
		stored := Type{OIDBytea, -1}
		if p.Document != nil {
			stored = p.Type
		}
		add(Column{Name: column, Type: stored, Protection: &p})
	}
	return next
}

// row is the name by which an expression that a table keeps reads its whole row; empty where a column has that name.
func (r *Relation) row() string {
	if r == nil {
		return ""
	}
	if _, ok := r.byName[r.Name]; ok {
		return ""
	}
	return r.Name
}

// columnDefs are the columns among the elements of a table.
func columnDefs(elements []*pg_query.Node) (defs []*pg_query.ColumnDef) {
	for _, e := range elements {
		if d := e.GetColumnDef(); d != nil {
			defs = append(defs, d)
		}
	}
	return defs
}

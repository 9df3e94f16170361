package sql

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// documentIndex analyses an element of an index that reads a jsonb column with protected paths; false for any other. gin over the column
// serves @> and ?, a B-tree or hash over (column ->> 'key') serves equality.
func (a *analysis) documentIndex(rel *Relation, prot map[string]Protection, n *pg_query.IndexStmt, e *pg_query.IndexElem) bool {
	documents := map[string]Protection{}
	for column, p := range prot {
		if p.Document != nil {
			documents[column] = p
		}
	}
	at, name := int(n.GetRelation().GetLocation()), rel.TableName()
	if p := lookup(documents, e.GetName()); p != nil {
		class := stringList(e.GetOpclass())
		if n.GetAccessMethod() != "gin" || n.GetUnique() || len(class) > 0 && !slices.Contains([]string{"jsonb_ops", "jsonb_path_ops"}, class[len(class)-1]) {
			a.refuse(codeDocumentSchema, at, "%s.%s, which has protected paths, can be indexed by gin only", name, e.GetName())
		}
		return true
	}
	if e.GetExpr() == nil || !readsColumns(e.GetExpr(), documents, rel.row()) {
		return false
	}
	method := n.GetAccessMethod()
	sealed, ok := a.documentExpression(name, prot, e.GetExpr())
	if !ok || sealed && (method != "" && method != "btree" && method != "hash" || len(e.GetOpclass()) > 0 || len(e.GetCollation()) > 0) {
		a.refuse(codeDocumentSchema, at, "an index on %s reads a column with protected paths otherwise than by ->> of a path with search: equality, or beside the paths", name)
	}
	return true
}

// documentExpression analyses an expression that an index keeps; ok is false where its values could not be found in it, sealed true where they
// are cells.
func (a *analysis) documentExpression(name TableName, prot map[string]Protection, expr *pg_query.Node) (sealed, ok bool) {
	next := a.become(name, a.cat.byName[name], prot, nil)
	scratch := &analysis{cat: a.cat, path: a.path, text: a.text, st: &Statement{At: a.st.At, Verb: a.st.Verb}}
	r := &resolver{analysis: scratch, column: map[columnKey]int{}, leafAt: map[int]*leaf{}, sensitive: true}
	scratch.st.Tables = []TableUse{{Table: next.TableName(), OID: next.OID}}
	v := r.eval(&scope{items: []*rangeItem{{name: next.Name, schema: next.Schema, rel: next, at: a.st.At}}}, expr, UseExpression)
	if v.form == formSealed {
		r.may(opGroup, v)
	} else {
		r.settle(v, UseExpression, 0, codeDocumentSchema)
	}
	if r.soft == nil {
		r.closeParams()
	}
	if r.soft != nil || scratch.refused() || len(scratch.st.Params)+len(scratch.st.Literals) > 0 || len(scratch.st.Tables) > 1 {
		return false, false
	}
	a.st.Edits = append(a.st.Edits, scratch.st.Edits...)
	return v.form == formSealed, true
}

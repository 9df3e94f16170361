package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// viewDefault seals the DEFAULT of a view's column that is a protected one: INSERT through the view stores it. Where the view can't be
// written through, nothing could use it.
func (a *analysis) viewDefault(rel *Relation, c *pg_query.AlterTableCmd) {
	w, ok := (&resolver{analysis: a}).writtenThrough(rel, 1)
	i, known := rel.byName[c.GetName()]
	if !ok || !known {
		a.refuse(codeAlterForm, a.st.At.Start, "%s of %s: this form can't be used with a protected or listed table",
			strings.ToUpper(a.st.Verb), rel.TableName())
		return
	}
	col := &w.base.Columns[w.columns[i]]
	if col.Protection != nil {
		a.defaultValue(w.base.TableName(), col.Name, *col.Protection, c.GetDef(), a.findName(c.GetName()))
	}
}

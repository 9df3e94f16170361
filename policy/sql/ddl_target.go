package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// creationTarget is the qualified name under which CREATE would make a relation, and whether it is temporary.
func (a *analysis) creationTarget(r *pg_query.RangeVar) (TableName, bool) {
	schema := r.GetSchemaname()
	if r.GetRelpersistence() == "t" {
		schema = tempName
	}
	if schema == "" {
		schema = a.creationSchema()
	}
	if ofSession(schema) {
		return TableName{tempName, r.GetRelname()}, true
	}
	return TableName{schema, r.GetRelname()}, false
}

// tempName stands for the session's temporary schema, in names and in front of a path (PathQuery).
const tempName = "pg_temp"

// creationSchema is the first schema of the path that is not there of itself.
func (a *analysis) creationSchema() string {
	for _, s := range a.path {
		if s != "pg_catalog" && !strings.HasPrefix(s, "pg_temp_") {
			return s
		}
	}
	return ""
}

// addTarget records a relation that the statement makes and reports its name and whether the configuration names it. A temporary
// relation that would hide a sensitive one is refused: it goes away without a statement that says so, at COMMIT or ROLLBACK, and
// names would then mean another table than analysis believes.
func (a *analysis) addTarget(r *pg_query.RangeVar, effects Effect) (name TableName, configured bool) {
	name, temporary := a.creationTarget(r)
	use := TableUse{Table: name, Effects: effects, At: a.nameSpan(int(r.GetLocation()))}
	if rel, ok := a.cat.byName[name]; ok {
		use.OID = rel.OID
		a.st.Sensitive = a.st.Sensitive || rel.Sensitive
	}
	configured = a.cat.configured(name)
	if r.GetSchemaname() == "" && (a.cat.sensitiveName(name.Name) || temporary && r.GetRelpersistence() != "t") {
		a.st.PathDependent = true
	}
	a.st.Sensitive = a.st.Sensitive || configured
	a.st.Tables = append(a.st.Tables, use)
	if a.cat.away(name, "") {
		a.refuse(codeAway, int(r.GetLocation()), "%s is a configured table that has now another name", name)
	}
	if temporary && a.cat.hidden(name.Name) {
		a.refuse(codeShadow, int(r.GetLocation()), "a temporary relation %q would hide a protected or listed one", name.Name)
	}
	return name, configured
}

// configured reports whether the encrypt section or the policy names the table, existing or not.
func (c *Catalog) configured(name TableName) bool {
	if _, ok := c.spec.Protected[name]; ok {
		return true
	}
	for _, t := range c.spec.Listed {
		if t == name {
			return true
		}
	}
	return false
}

package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// renameRelation analyses a new name or schema for a relation. A table of which each protected column has its guard is found again by
// that (docs/adr/0012-identity.md); any other is protected or listed by its name alone.
func (a *analysis) renameRelation(r *pg_query.RangeVar, to TableName) {
	rel := a.rangeVar(r, EffectAlter)
	at := int(r.GetLocation())
	from := TableName{r.GetSchemaname(), r.GetRelname()}
	if rel != nil {
		from = rel.TableName()
		if to.Schema == "" {
			to.Schema = from.Schema
		}
		if to.Name == "" {
			to.Name = from.Name
		}
	}
	a.st.Renamed = to.Name
	back := rel != nil && rel.configuredName() == to
	switch {
	case (rel != nil && ofSession(rel.Schema) || rel == nil && ofSession(from.Schema)) && a.cat.hidden(to.Name):
		a.refuse(codeShadow, at, "a temporary relation %q would hide a protected or listed one", to.Name)
	case rel != nil && rel.temporary != nil: // its columns are known by their numbers
		a.st.Understood = true
	case !a.st.Sensitive && !a.cat.configured(to):
		a.st.Understood = true
	case a.cat.away(to, "") && !back:
		a.refuse(codeAway, at, "%s is a configured table that has now another name", to)
	case !a.st.Sensitive:
		a.st.Understood = true // it gets a configured name: by that it is known from then on
	case rel == nil || !a.cat.identities.certain(rel):
		a.refuse(codeRename, at, "%s is protected or listed by its name", from)
	case a.cat.configured(to) && !back:
		a.refuse(codeAway, at, "%s is the name of another configured table", to)
	default:
		a.st.Understood = true
	}
}

// certain reports whether a protected table would be found again under any other name.
func (f *identities) certain(r *Relation) bool {
	name := r.configuredName()
	columns := f.c.spec.Protected[name]
	for column, p := range columns {
		if col := r.known(column); p.Guard == "" || col == nil || f.guards[r][col.Name] != p.Guard {
			return false
		}
	}
	if len(columns) == 0 || f.inherits(r) {
		return false
	}
	for other := range f.c.spec.Protected {
		if other == name || f.c.byName[other] != nil || f.c.away(other, "") {
			continue
		}
		same := len(f.c.spec.Protected[other]) == len(f.guards[r]) // a configured table that does not exist, and that this one might then be
		for _, p := range f.c.spec.Protected[other] {
			found := false
			for _, guard := range f.guards[r] {
				found = found || guard == p.Guard
			}
			same = same && found
		}
		if same {
			return false
		}
	}
	return true
}

// known is the column that the configuration knows by a name.
func (r *Relation) known(name string) *Column {
	for i := range r.Columns {
		if c := &r.Columns[i]; c.home == name || c.home == "" && c.Name == name {
			return c
		}
	}
	return nil
}

// renameColumn analyses a new name for a column of a sensitive table.
func (a *analysis) renameColumn(n *pg_query.RenameStmt) {
	rel := a.rangeVar(n.GetRelation(), EffectAlter)
	at := int(n.GetRelation().GetLocation())
	if !a.st.Sensitive {
		a.st.Understood = true
		return
	}
	if rel != nil && rel.temporary != nil && rel.Unusable == nil {
		a.st.Understood = true
		return
	}
	if rel == nil || rel.Unusable != nil || rel.Kind != 'r' && rel.Kind != 'p' {
		a.refuse(codeRename, at, "%s is protected or listed by its name", describe(n.GetRelation().GetSchemaname(), n.GetRelation().GetRelname()))
		return
	}
	col, ok := rel.Column(n.GetSubname())
	if !ok {
		a.st.Understood = true // the server will say so
		return
	}
	to, name := n.GetNewname(), rel.configuredName()
	_, configured := a.cat.spec.Protected[name][to]
	back := col.home == to
	switch {
	case configured && !back:
		a.refuse(codeAway, at, "%s.%s is a configured column's name", name, to)
	case col.Protection != nil && (col.Protection.Guard == "" || a.cat.identities.guards[rel][col.Name] != col.Protection.Guard):
		a.refuse(codeRename, at, "%s.%s is protected by its name: it has no guard by which it would be found", rel.TableName(), col.Name)
	case col.Protection != nil && !back && a.cat.identities.shares(rel, col):
		a.refuse(codeRename, at, "%s.%s is protected by its name: another column of the table has the same key", rel.TableName(), col.Name)
	default:
		if col.Protection == nil {
			a.st.Renames = append(a.st.Renames, ColumnUse{Table: len(a.st.Tables) - 1, Name: col.Name, Num: col.Num, At: a.nameSpan(at)},
				ColumnUse{Table: len(a.st.Tables) - 1, Name: to, At: a.nameSpan(at)})
		}
		a.st.Understood = true
	}
}

// shares reports whether another column, configured for the table or in it, has the same key as a column.
func (f *identities) shares(r *Relation, col *Column) bool {
	home := col.home
	if home == "" {
		home = col.Name
	}
	for column, p := range f.c.spec.Protected[r.configuredName()] {
		if column != home && p.Guard == col.Protection.Guard && (r.known(column) == nil || r.known(column).home != "") {
			return true
		}
	}
	for column, guard := range f.guards[r] {
		if _, configured := f.c.spec.Protected[r.configuredName()][column]; column != col.Name && guard == col.Protection.Guard && !configured {
			return true
		}
	}
	return false
}

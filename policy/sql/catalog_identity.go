package sql

import (
	"cmp"
	"slices"
)

// A column's key follows the column, not its name. What says which column of the database a configured one is, when its name is gone, is the
// guard that the proxy gave it: a CHECK that names the key (docs/adr/0012-identity.md).

// Move says that a configured table or column has another name in the database than in the configuration.
type Move struct {
	Table, NewTable   TableName
	Column, NewColumn string // empty when it is the table
}

// String says it as the file that should be changed would.
func (m Move) String() string {
	from, to := m.Table.String(), m.NewTable.String()
	if m.Column != "" {
		from, to = from+"."+m.Column, to+"."+m.NewColumn
	}
	return "encrypt: " + from + " is now " + to + ": change the file"
}

// Moves lists what has another name than in the configuration, in order.
func (c *Catalog) Moves() []Move { return slices.Clone(c.moves) }

// identities finds configured columns by their guards.
type identities struct {
	c      *Catalog
	guards map[*Relation]map[string]string // what values of a column end in, by its guard
	known  map[string]bool                 // guards of configured columns
}

// follow finds configured tables and columns that are not where the configuration has them.
func (c *Catalog) follow(s *snapshot) {
	f := &identities{c: c, guards: map[*Relation]map[string]string{}, known: map[string]bool{}}
	for _, columns := range c.spec.Protected {
		for _, p := range columns {
			if p.Guard != "" {
				f.known[p.Guard] = true
			}
		}
	}
	for i := range s.Constraints {
		f.note(&s.Constraints[i])
	}
	c.identities = f
	for name, columns := range c.spec.Protected {
		r := c.byName[name]
		if r == nil {
			if r = f.table(name); r == nil {
				continue
			}
			home := name
			r.home = &home
			c.moves = append(c.moves, Move{Table: name, NewTable: r.TableName()})
		}
		f.columns(r, name, columns)
	}
	slices.SortFunc(c.moves, func(a, b Move) int {
		return cmp.Or(cmp.Compare(a.Table.String(), b.Table.String()), cmp.Compare(a.Column, b.Column))
	})
}

func (f *identities) note(k *snapConstraint) {
	r := f.c.byOID[k.Relation]
	suffix := guardSuffix(k.Definition)
	if r == nil || k.Kind != "c" || len(k.Columns) != 1 || !f.known[suffix] {
		return
	}
	if col := r.byNum(k.Columns[0]); col != nil && col.Type.OID == OIDBytea && (r.Kind == 'r' || r.Kind == 'p') {
		if f.guards[r] == nil {
			f.guards[r] = map[string]string{}
		}
		f.guards[r][col.Name] = suffix
	}
}

// table is the one relation that a configured table which does not exist may be under another name, nil when there is none or several, or
// when it may be another configured table too.
func (f *identities) table(name TableName) (found *Relation) {
	for r := range f.guards {
		if !f.mayBe(r, name) {
			continue
		}
		if found != nil {
			return nil
		}
		found = r
	}
	if found == nil {
		return nil
	}
	for other := range f.c.spec.Protected {
		if other != name && f.c.byName[other] == nil && f.mayBe(found, other) {
			return nil
		}
	}
	return found
}

// mayBe reports whether a relation without a configuration of its own has all the columns of a configured table, and no further ones, by
// their guards.
func (f *identities) mayBe(r *Relation, name TableName) bool {
	actual := r.TableName()
	if _, ok := f.c.spec.Protected[actual]; ok || slices.Contains(f.c.spec.Listed, actual) || f.inherits(r) {
		return false
	}
	for column, p := range f.c.spec.Protected[name] {
		if p.Guard == "" || f.guards[r][column] != p.Guard && f.column(r, name, p) == "" {
			return false
		}
	}
	return len(f.c.spec.Protected[name]) > 0 && len(f.c.spec.Protected[name]) == len(f.guards[r])
}

// inherits reports whether a relation has its guards from a parent.
func (f *identities) inherits(r *Relation) bool {
	return slices.ContainsFunc(r.Parents, func(oid uint32) bool { return len(f.guards[f.c.byOID[oid]]) > 0 })
}

// column is the one column of a relation with a protection's guard whose name is none of the configured ones, empty when there is none or several.
func (f *identities) column(r *Relation, name TableName, p Protection) (found string) {
	for column, guard := range f.guards[r] {
		if _, configured := f.c.spec.Protected[name][column]; guard != p.Guard || configured {
			continue
		}
		if found != "" {
			return ""
		}
		found = column
	}
	return found
}

// columns finds the configured columns of a table that are not there by their names.
func (f *identities) columns(r *Relation, name TableName, columns map[string]Protection) {
	claims := map[string]string{}
	for column, p := range columns {
		if _, ok := r.Column(column); ok || p.Guard == "" {
			continue
		}
		to := f.column(r, name, p)
		if to == "" {
			continue
		}
		if _, twice := claims[to]; twice {
			column = "" // two configured columns of one key, of which either may be this
		}
		claims[to] = column
	}
	for to, column := range claims {
		if col, ok := r.Column(to); ok && column != "" {
			col.home = column
			f.c.moves = append(f.c.moves, Move{Table: name, NewTable: r.TableName(), Column: column, NewColumn: to})
		}
	}
}

// orphans marks what ends as a protected column's values do and is none, or another than its name says: nobody may touch it until the configuration says what it is.
func (f *identities) orphans() {
	for r, guards := range f.guards {
		for column := range guards {
			if col, ok := r.Column(column); ok && r.Unusable == nil && (col.Protection == nil || col.Protection.Guard != "" && col.Protection.Guard != guards[column]) {
				doc := refusalDoc(codeOrphan)
				r.Sensitive = true
				r.Unusable = &Refusal{Code: doc.Code, SQLSTATE: doc.SQLSTATE, At: -1, Hint: doc.Fix,
					Message: r.TableName().String() + "." + column + " holds sealed values of a configured key, and no configured column is certainly it"}
			}
		}
	}
}

// configuredName is the name by which configuration and policy know a relation.
func (r *Relation) configuredName() TableName {
	if r.home != nil {
		return *r.home
	}
	return r.TableName()
}

// away reports whether a configured name's table or column is there under another one.
func (c *Catalog) away(table TableName, column string) bool {
	return slices.ContainsFunc(c.moves, func(m Move) bool { return m.Table == table && m.Column == column })
}

// asConfigured gives tables and columns the names by which configuration and policy know them.
func (a *analysis) asConfigured() {
	if len(a.cat.moves) == 0 {
		return
	}
	for i := range a.st.Tables {
		if r := a.cat.byOID[a.st.Tables[i].OID]; r != nil {
			a.st.Tables[i].Table = r.configuredName()
		}
	}
	for i := range a.st.Columns {
		c := &a.st.Columns[i]
		if c.Table < 0 || c.Table >= len(a.st.Tables) {
			continue
		}
		if r := a.cat.byOID[a.st.Tables[c.Table].OID]; r != nil {
			c.Name = r.configuredColumn(c.Num, c.Name)
		}
	}
	a.resultsAsConfigured(a.st.Results)
	for i := range a.st.Literals {
		a.targetAsConfigured(&a.st.Literals[i].Target)
	}
	a.paramsAsConfigured(a.st.Params)
	if k := a.st.Stored; k != nil {
		a.resultsAsConfigured(k.Results)
		a.paramsAsConfigured(k.Params)
	}
	if c := a.st.Copy; c != nil {
		a.resultsAsConfigured(c.Results)
		for i := range c.Columns {
			if t := c.Columns[i].Target; t != nil {
				c.Columns[i].Target = a.configuredTarget(*t)
			}
		}
	}
}

func (a *analysis) resultsAsConfigured(results []Result) {
	for i := range results {
		if o := &results[i].Origin; o.Table >= 0 && o.Table < len(a.st.Tables) {
			if r := a.cat.byOID[a.st.Tables[o.Table].OID]; r != nil && (r.OID == o.OID || o.OID == 0) {
				o.Column = r.configuredColumn(o.Num, o.Column)
			} else if r != nil {
				o.Column = r.configuredByName(o.Column)
			}
		}
	}
}

func (a *analysis) paramsAsConfigured(params []Param) {
	for i := range params {
		if t := params[i].Target; t != nil {
			params[i].Target = a.configuredTarget(*t)
		}
	}
}

func (a *analysis) configuredTarget(t Target) *Target {
	a.targetAsConfigured(&t)
	return &t
}

func (a *analysis) targetAsConfigured(t *Target) {
	if r := a.cat.byName[t.Table]; r != nil {
		t.Table, t.Column = r.configuredName(), r.configuredByName(t.Column)
	}
}

func (r *Relation) configuredColumn(num int16, name string) string {
	if col := r.byNum(num); col != nil && col.home != "" {
		return col.home
	}
	return name
}

func (r *Relation) configuredByName(name string) string {
	if col, ok := r.Column(name); ok && col.home != "" {
		return col.home
	}
	return name
}

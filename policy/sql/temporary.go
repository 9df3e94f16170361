package sql

import (
	"maps"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// Temporary describes a temporary table with cells that a session makes of a query or after another table. The configuration doesn't know
// it: its columns are protected because of what is copied into them (docs/adr/0021-temporary-tables.md). It is immutable.
type Temporary struct {
	Name    string // without schema
	Columns []TemporaryColumn
	// Whole: Columns are all that the table has, in order. Otherwise it has these, and others.
	Whole bool
	// Unless is the relation that had the name before, which IF NOT EXISTS leaves as it is (0: none).
	Unless uint32
}

// TemporaryColumn is one column of a Temporary.
type TemporaryColumn struct {
	Name string
	// Protection is that of the cells, nil for a plain column.
	Protection *Protection
	// Sources are the columns of which the cells are copies. Whoever reads the column reads these.
	Sources []ColumnSource
	// Derived: the cells are one or the other source's, or another part of a document than all of it.
	Derived bool
	// Bare: see Result.
	Bare bool
}

// ColumnSource names a protected column.
type ColumnSource struct {
	Table  TableName
	OID    uint32
	Column string
	Num    int16
}

// BoundTemporary is a Temporary that was found in the database.
type BoundTemporary struct {
	columns map[int16]*TemporaryColumn
	// broken: it doesn't look like the table that was to be made.
	broken bool
}

// BindTemporaries finds the tables that statements were to make in the answer to CatalogQuery, and adds them to bound, by their OIDs.
// What is not there was rolled back, dropped, or never made. Relations of other sessions' temporary schemas are not in such an answer. With doubtful it
// is not certain that one of that name is the one that was made: nobody may use it.
func BindTemporaries(first []byte, made []*Temporary, bound map[uint32]*BoundTemporary, doubtful bool) error {
	s, err := readSnapshot(first)
	if err != nil {
		return err
	}
	byName := map[string]*snapRelation{}
	for i := range s.Relations {
		if r := &s.Relations[i]; ofSession(r.Schema) && (r.Kind == "r" || r.Kind == "p") {
			byName[r.Name] = r
		}
	}
	for _, t := range made {
		if r := byName[t.Name]; r != nil && r.OID != t.Unless {
			b := t.bind(r)
			b.broken = b.broken || doubtful
			bound[r.OID] = b
		}
	}
	return nil
}

// PruneTemporaries drops what the answer to CatalogQuery, read outside of a transaction, does not have any more.
func PruneTemporaries(first []byte, bound map[uint32]*BoundTemporary) error {
	s, err := readSnapshot(first)
	if err != nil {
		return err
	}
	there := map[uint32]bool{}
	for i := range s.Relations {
		there[s.Relations[i].OID] = true
	}
	maps.DeleteFunc(bound, func(oid uint32, _ *BoundTemporary) bool { return !there[oid] })
	return nil
}

func (t *Temporary) bind(r *snapRelation) *BoundTemporary {
	b := &BoundTemporary{columns: map[int16]*TemporaryColumn{}, broken: t.Whole && len(r.Columns) != len(t.Columns)}
	for i := range t.Columns {
		c := &t.Columns[i]
		at := slices.IndexFunc(r.Columns, func(s snapColumn) bool { return s.Name == c.Name })
		switch {
		case at < 0 || t.Whole && at != i:
			b.broken = true
		case c.Protection != nil:
			stored := uint32(OIDBytea)
			if c.Protection.Document != nil {
				stored = OIDJSONB
			}
			b.broken = b.broken || r.Columns[at].Type != stored
			b.columns[r.Columns[at].Num] = c
		}
	}
	return b
}

// ofSession reports whether a schema is one that holds a session's temporary relations. Names that begin with pg_ are the server's.
func ofSession(schema string) bool {
	return schema == "pg_temp" || strings.HasPrefix(schema, "pg_temp_")
}

// addTemporaries takes the session's temporary tables with cells for configured ones.
func (c *Catalog) addTemporaries() {
	if len(c.spec.Temporaries) == 0 {
		return
	}
	c.spec.Protected = maps.Clone(c.spec.Protected)
	for oid, t := range c.spec.Temporaries {
		r := c.byOID[oid]
		if r == nil || !ofSession(r.Schema) {
			continue
		}
		r.temporary = t
		columns := map[string]Protection{}
		for num, tc := range t.columns {
			if col := r.byNum(num); col != nil {
				columns[col.Name] = *tc.Protection
			}
		}
		c.spec.Protected[r.TableName()] = columns
		if t.broken {
			doc := refusalDoc(codeTemporary)
			r.Sensitive = true
			r.Unusable = &Refusal{Code: codeTemporary, SQLSTATE: doc.SQLSTATE, Hint: doc.Fix, At: -1,
				Message: "temporary table " + r.Name + " is not certainly the one that was made with protected columns"}
		}
	}
}

// Temporary reports whether the relation is a temporary table whose cells are copies of other tables' columns.
func (r *Relation) Temporary() bool { return r.temporary != nil }

// hidden reports whether a temporary relation of that name hides something sensitive, or would, other than one of the session's own.
func (c *Catalog) hidden(name string) bool {
	if !c.sensitiveName(name) {
		return false
	}
	for t := range c.spec.Protected {
		if t.Name == name && !ofSession(t.Schema) {
			return true
		}
	}
	for _, t := range c.spec.Listed {
		if t.Name == name && !ofSession(t.Schema) {
			return true
		}
	}
	return slices.ContainsFunc(c.relations, func(r *Relation) bool { return r.Name == name && r.Sensitive && !ofSession(r.Schema) })
}

// unless is the relation that a temporary one of this name would stand in place of.
func (a *analysis) unless(name string) uint32 {
	if r := a.cat.byName[TableName{tempSchema(a.path), name}]; r != nil {
		return r.OID
	}
	return 0
}

// sourceUse is an occurrence of a table that is read through a temporary one.
type sourceUse struct {
	temporary int // index into Statement.Tables
	table     TableName
	oid       uint32
}

// ofSources makes the value of a temporary table's column one of the columns that it is a copy of, as a view's would be: rules are about those.
func (r *resolver) ofSources(v *value, it *rangeItem, c *TemporaryColumn, at Span, named bool) {
	v.bare, v.src = c.Bare, -1
	for _, s := range c.Sources {
		source := Column{Name: s.Column, Num: s.Num}
		if rel := r.cat.byOID[s.OID]; rel != nil {
			s.Table = rel.TableName()
			if col := rel.byNum(s.Num); col != nil {
				source = *col
			}
		}
		table := r.sourceTable(it.table, s)
		v.cols = append(v.cols, r.columnUse(table, &source, at, named))
		if len(c.Sources) == 1 && !c.Derived {
			v.src, v.table, v.column = table, s.Table, source.Name
		}
	}
	if len(c.Sources) == 0 {
		r.no(codeTemporary, at.Start, "what column %q of temporary table %s is a copy of is not known", c.Name, it.rel.Name)
	}
}

func (r *resolver) sourceTable(temporary int, s ColumnSource) int {
	key := sourceUse{temporary, s.Table, s.OID}
	if i, ok := r.sources[key]; ok {
		return i
	}
	use := r.st.Tables[temporary]
	via := use.Table
	if use.Via != nil {
		via = *use.Via
	}
	r.st.Tables = append(r.st.Tables, TableUse{Table: s.Table, OID: s.OID, Effects: EffectSelect | use.Effects&EffectCopyTo, Via: &via, At: use.At})
	if r.sources == nil {
		r.sources = map[sourceUse]int{}
	}
	r.sources[key] = len(r.st.Tables) - 1
	return r.sources[key]
}

// ownSources are the protected columns that a value is a copy of. Where it is an expression, that is each one of the statement's with the same key.
func (r *resolver) ownSources(v value) []ColumnSource {
	var found []ColumnSource
	add := func(c ColumnUse) {
		use := r.st.Tables[c.Table]
		s := ColumnSource{use.Table, use.OID, c.Name, c.Num}
		rel := r.cat.byOID[use.OID]
		if rel == nil || rel.temporary != nil { // the columns that it is a copy of are there too
			return
		}
		if col := rel.byNum(c.Num); col != nil && col.Protection != nil && !slices.Contains(found, s) && (v.doc != nil || col.Protection.Uses(v.prot.Key)) {
			found = append(found, s)
		}
	}
	if v.src >= 0 && len(v.cols) > 0 {
		for _, i := range v.cols {
			add(r.st.Columns[i])
		}
		return found
	}
	for _, c := range r.st.Columns {
		add(c)
	}
	return found
}

// madeTemporary settles one column of a temporary table that is made of a query.
func (r *resolver) madeTemporary(t *Temporary, table TableName, target int, c itemColumn, at int) {
	v := c.val
	tc := TemporaryColumn{Name: c.name}
	if v.form != formSealed && (v.form != formDocument || v.prot == nil || v.prot.Document == nil) {
		r.madePlain(target, c)
		t.Columns = append(t.Columns, tc)
		return
	}
	tc.Sources = r.ownSources(v)
	if c.name == "" || len(tc.Sources) == 0 {
		r.no(codeTemporary, at, "column %q of temporary table %s would hold values of %s, and it can't be known which", c.name, t.Name, v.name())
		return
	}
	p := *v.prot
	p.Guard = ""
	tc.Protection, tc.Bare, tc.Derived = &p, v.bare, v.src < 0 || v.ofPath || len(tc.Sources) > 1
	r.noteMade(target, c.name)
	lift(v)
	r.assign(slot{want: &Target{Table: table, Column: c.name, Protection: p, Purpose: PurposeStore}}, v)
	t.Columns = append(t.Columns, tc)
}

func (r *resolver) madePlain(target int, c itemColumn) {
	r.noteMade(target, c.name)
	lift(c.val)
	r.assign(slot{}, c.val)
}

// noteMade notes that a column is written, of a table that is being made.
func (r *resolver) noteMade(target int, column string) {
	r.st.Columns = append(r.st.Columns, ColumnUse{Table: target, Name: column, Use: UseWrite, At: r.st.Tables[target].At})
	for len(r.named) < len(r.st.Columns) {
		r.named = append(r.named, true)
	}
}

// temporaryLikes settles the LIKEs of a temporary table that copy protected columns, and adds these to prot.
func (a *analysis) temporaryLikes(n *pg_query.CreateStmt, table TableName, prot map[string]Protection) (settled []*pg_query.TableLikeClause) {
	if table.Schema != "pg_temp" {
		return nil
	}
	for _, elt := range n.GetTableElts() {
		like := elt.GetTableLikeClause()
		rel, ok := a.cat.Relation(a.path, like.GetRelation().GetSchemaname(), like.GetRelation().GetRelname())
		if like == nil || !ok || !rel.Protected || rel.Unusable != nil || rel.Kind != 'r' && rel.Kind != 'p' {
			continue
		}
		a.rangeVar(like.GetRelation(), EffectSelect)
		settled = append(settled, like)
		if a.st.Temporary == nil {
			a.st.Temporary = &Temporary{Name: table.Name, Unless: a.unless(table.Name)}
		}
		for i := range rel.Columns {
			c := &rel.Columns[i]
			if c.Unusable != nil {
				a.refuseLike(c.Unusable, int(like.GetRelation().GetLocation()))
			}
			if c.Protection == nil {
				continue
			}
			tc := TemporaryColumn{Name: c.Name, Sources: []ColumnSource{{rel.TableName(), rel.OID, c.Name, c.Num}}}
			if rel.temporary != nil {
				tc = *rel.temporary.columns[c.Num]
				tc.Name = c.Name
			}
			p := *c.Protection
			p.Guard = ""
			tc.Protection, prot[c.Name] = &p, p
			a.st.Temporary.Columns = append(a.st.Temporary.Columns, tc)
		}
	}
	return settled
}

// holding is t if a column of it holds cells, nil otherwise.
func (t *Temporary) holding() *Temporary {
	if t == nil || !slices.ContainsFunc(t.Columns, func(c TemporaryColumn) bool { return c.Protection != nil }) {
		return nil
	}
	return t
}

// namesOption reports whether an option is written, on or off.
func namesOption(options []*pg_query.Node, name string) bool {
	return slices.ContainsFunc(options, func(o *pg_query.Node) bool { return o.GetDefElem().GetDefname() == name })
}

package sql

// Catalog is what one database holds, as far as analysis needs to know, joined with the configuration. It is immutable and safe for
// concurrent use.
type Catalog struct {
	// Database is current_database() of the snapshot.
	Database string

	spec      Spec
	viewPath  []string
	relations []*Relation
	byOID     map[uint32]*Relation
	byName    map[TableName]*Relation
	byBare    map[string]int       // how many relations have an unqualified name
	trusted   map[string]bool      // schema.name
	fields    map[string]bool      // sensitive functions that o.name may call, for a row o
	functions map[string][]string  // sensitive functions: name to schemas
	triggers  map[string][]string  // the same of functions for triggers
	operators map[string][]string  // operators whose functions are sensitive: name to schemas
	running   map[*Relation]string // relations of which the server calls a function that runs SQL given as text, and its name
	names     *matcher             // all that MayTouch searches for
	bodies    *matcher             // the same without words of SQL
	tables    *matcher             // tableNames alone
	// tableNames are the unqualified names of sensitive relations and of configured tables.
	tableNames map[string]bool
	problems   []Problem
	types      map[TableName]*DefinedType // all that the database defines
	citext     *DefinedType               // nil where the extension is absent
	logical    *logical
	system     map[TableName][]string // the server's own relations with their columns in order
	hiddenOIDs string                 // of sensitive relations, joined by commas
	// foldsASCII: lower() and ILIKE leave letters beyond ASCII as they are.
	foldsASCII bool
	identities *identities
	moves      []Move
	// foldsHighBytes: the server's encoding is not UTF-8, so it may fold letters beyond ASCII as we do not.
	foldsHighBytes bool
}

type index struct {
	schema  string
	name    string
	unique  bool
	primary bool
	columns []int16 // 0 for an expression
	partial bool
	method  string
	expr    bool
}

type foreignKey struct {
	name    string
	columns []int16
	target  uint32
	others  []int16
}

// Relation resolves a name as the server would: schema is empty for an unqualified name, which is looked up in each schema of path.
// path is current_schemas(true), so pg_temp_N and pg_catalog stand in it where the server looks for them.
func (c *Catalog) Relation(path []string, schema, name string) (*Relation, bool) {
	if schema != "" {
		if schema == "pg_temp" {
			schema = tempSchema(path)
		}
		r, ok := c.byName[TableName{schema, name}]
		return r, ok
	}
	for _, s := range path {
		if r, ok := c.byName[TableName{s, name}]; ok {
			return r, true
		}
	}
	return nil, false
}

// RelationByOID finds a relation by pg_class.oid.
func (c *Catalog) RelationByOID(oid uint32) (*Relation, bool) {
	r, ok := c.byOID[oid]
	return r, ok
}

// Column finds a column by its name as stored.
func (r *Relation) Column(name string) (*Column, bool) {
	i, ok := r.byName[name]
	if !ok {
		return nil, false
	}
	return &r.Columns[i], true
}

// tempSchema is the session's own temporary schema, empty when it has none.
func tempSchema(path []string) string {
	for _, s := range path {
		if len(s) > 8 && s[:8] == "pg_temp_" {
			return s
		}
	}
	return ""
}

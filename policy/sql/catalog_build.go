package sql

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// NewCatalog joins the answers of CatalogQuery and Definitions (see Join) with the configuration. It fails only if the answer can't be read: what does not fit
// together is refused when a statement touches it, and listed by Problems.
func NewCatalog(snapshotText []byte, spec Spec) (*Catalog, error) {
	s, err := readSnapshot(snapshotText)
	if err != nil {
		return nil, err
	}
	if err := s.complete(spec); err != nil {
		return nil, err
	}
	return build(s, spec), nil
}

// EmptyCatalog is that of a database of which nothing is known, for a configuration in which no table matters.
func EmptyCatalog(spec Spec) *Catalog { return build(&snapshot{Path: []string{"pg_catalog"}}, spec) }

// build makes a catalog of what has been read so far: a view without its definition and a function without its body can't be used.
func build(s *snapshot, spec Spec) *Catalog {
	c := relate(s, spec)
	c.bodies = newMatcher(c.sensitiveNames())
	if c.bodies != nil {
		c.names = newMatcher(append(c.sensitiveNames(), "execute", "fetch", "move"))
	}
	c.tableNames = c.sensitiveTableNames()
	c.tables = newMatcher(slices.Collect(maps.Keys(c.tableNames)))
	c.readDefaults(s)
	c.readStatistics(s)
	c.readLogical(s)
	c.problems = c.findProblems(s)
	return c
}

// relate makes as much of a catalog as says what is sensitive, and nothing that reads texts.
func relate(s *snapshot, spec Spec) *Catalog {
	c := &Catalog{
		Database: s.Database, spec: spec, viewPath: s.Path,
		foldsHighBytes: s.Encoding != "UTF8",
		foldsASCII:     s.Ctype == "C" || s.Ctype == "POSIX",
		byOID:          make(map[uint32]*Relation, len(s.Relations)),
		byName:         make(map[TableName]*Relation, len(s.Relations)),
		byBare:         make(map[string]int, len(s.Relations)),
		fields:         map[string]bool{},
		trusted:        make(map[string]bool, len(spec.TrustedFunctions)),
	}
	for _, name := range spec.TrustedFunctions {
		c.trusted[name] = true
	}
	for i := range s.Relations {
		c.addRelation(&s.Relations[i])
	}
	c.addTemporaries()
	c.addKeys(s)
	c.addTypes(s)
	c.resolveTypes()
	c.follow(s)
	c.applySpec()
	c.inherit()
	functions := c.readFunctions(s)
	c.identities.orphans()
	c.spread(s, functions)
	c.markUnusable(s)
	return c
}

func (c *Catalog) addRelation(s *snapRelation) {
	r := &Relation{OID: s.OID, Schema: s.Schema, Name: s.Name, Definition: s.Definition, partKey: s.Key, byName: make(map[string]int, len(s.Columns))}
	if s.Kind != "" {
		r.Kind = s.Kind[0]
	}
	for i, col := range s.Columns {
		r.byName[col.Name] = i
		r.Columns = append(r.Columns, Column{
			Name: col.Name, Num: col.Num, Type: Type{col.Type, col.Mod}, NotNull: col.NotNull,
			HasDefault: col.Default && col.Generated == "", Generated: col.Generated != "", Identity: col.Identity != "",
		})
	}
	c.relations = append(c.relations, r)
	c.byOID[r.OID] = r
	c.byName[r.TableName()] = r
	c.byBare[r.Name]++
}

func (c *Catalog) addKeys(s *snapshot) {
	for _, pair := range s.Inherits {
		if child := c.byOID[pair[0]]; child != nil {
			child.Parents = append(child.Parents, pair[1])
		}
	}
	for _, x := range s.Indexes {
		r := c.byOID[x.Relation]
		if r == nil {
			continue
		}
		keys := min(max(x.Keys, 0), len(x.Columns))
		r.indexes = append(r.indexes, index{
			schema: x.Schema, name: x.Name, unique: x.Unique, primary: x.Primary, columns: x.Columns[:keys],
			partial: x.Partial, method: x.Method, expr: slices.Contains(x.Columns, 0),
		})
	}
	for _, k := range s.Constraints {
		if r := c.byOID[k.Relation]; r != nil && k.Kind == "f" {
			r.foreign = append(r.foreign, foreignKey{name: k.Name, columns: k.Columns, target: k.Target, others: k.Others})
		}
	}
}

// applySpec marks the tables and columns that the configuration names.
func (c *Catalog) applySpec() {
	if c.spec.AllListed {
		c.spec.Listed = slices.Clone(c.spec.Listed)
		for _, r := range c.relations {
			if strings.ContainsRune("rpvmf", rune(r.Kind)) {
				c.spec.Listed = append(c.spec.Listed, r.TableName())
			}
		}
	}
	for _, name := range c.spec.Listed {
		if r := c.byName[name]; r != nil {
			r.Listed, r.Sensitive = true, true
		}
	}
	moved := map[TableName]*Relation{}
	for _, m := range c.moves {
		moved[m.Table] = c.byName[m.NewTable]
	}
	for name, columns := range c.spec.Protected {
		r := cmp.Or(c.byName[name], moved[name])
		if r == nil {
			continue
		}
		r.Listed, r.Sensitive = true, true
		for column, p := range columns {
			if col := r.known(column); col != nil {
				protect(r, col, &p)
			}
		}
	}
}

func protect(r *Relation, col *Column, p *Protection) {
	r.Protected = true
	col.Protection = p
	if col.Unusable = unusableType(p, col, r.TableName().String()+"."+col.Name); col.Unusable != nil {
		return
	}
	what := ""
	switch {
	case p.Document != nil && col.Type.OID != OIDJSONB:
		what = "has protected paths and is not stored as jsonb"
	case p.Document == nil && col.Type.OID != OIDBytea:
		what = "is not stored as bytea"
	case col.Generated:
		what = "is a generated column"
	case col.Identity:
		what = "is an identity column"
	default:
		return
	}
	doc := refusalDoc(codeStoredType)
	col.Unusable = &Refusal{
		Code: doc.Code, SQLSTATE: doc.SQLSTATE, At: -1, Hint: doc.Fix,
		Message: "protected column " + r.TableName().String() + "." + col.Name + " " + what,
	}
}

// inherit gives the children and partitions of a protected table its protection, column by name, since a statement over the parent
// reads and writes them.
func (c *Catalog) inherit() {
	for changed := true; changed; {
		changed = false
		for _, child := range c.relations {
			for _, oid := range child.Parents {
				parent := c.byOID[oid]
				if parent == nil || !parent.Protected {
					continue
				}
				for i := range parent.Columns {
					p := parent.Columns[i].Protection
					col, ok := child.Column(parent.Columns[i].Name)
					if p != nil && ok && col.Protection == nil {
						protect(child, col, p)
						child.Sensitive, changed = true, true
					}
				}
			}
		}
	}
}

// spread marks everything from which a protected or listed table is reached, until nothing is added: views by what they depend on,
// parents and children of inheritance, functions by their bodies.
func (c *Catalog) spread(s *snapshot, functions []*function) {
	byOID := make(map[uint32]*function, len(functions))
	for _, f := range functions {
		byOID[f.oid] = f
	}
	for _, oid := range s.Statistics {
		if r := c.byOID[oid]; r != nil && (len(c.spec.Protected) > 0 || len(c.spec.Listed) > 0) {
			r.Sensitive = true
		}
	}
	for _, f := range c.builtinRunners(s) {
		byOID[f.oid] = f
	}
	c.runs(s, byOID)
	for changed := true; changed; {
		changed = false
		mark := func(r *Relation) {
			if r != nil && !r.Sensitive {
				r.Sensitive, changed = true, true
			}
		}
		for _, d := range s.Depends {
			if r := c.byOID[d.On]; d.Kind == "r" && r != nil && r.Sensitive {
				mark(c.byOID[d.View])
			}
			if f := byOID[d.On]; d.Kind == "f" && f != nil && f.sensitive {
				mark(c.byOID[d.View])
			}
		}
		for _, pair := range s.Inherits {
			child, parent := c.byOID[pair[0]], c.byOID[pair[1]]
			if child != nil && parent != nil && (child.Sensitive || parent.Sensitive) {
				mark(child)
				mark(parent)
			}
		}
		// Operators that are applied without being named do not count in bodies: one of them would make every function sensitive.
		names := newMatcher(slices.DeleteFunc(c.sensitiveNames(), func(n string) bool { return n == "" }))
		for _, f := range functions {
			if !f.sensitive && !c.trusted[f.schema+"."+f.name] && (f.opaque() || names.match(f.source)&hitName != 0 || f.callsSensitive(byOID)) {
				f.sensitive, changed = true, true
				if f.trigger {
					c.triggers[f.name] = append(c.triggers[f.name], f.schema)
					continue
				}
				c.functions[f.name] = append(c.functions[f.name], f.schema)
				c.fields[f.name] = c.fields[f.name] || f.field
			}
		}
		for _, o := range s.Operators {
			if f := byOID[o.Function]; f != nil && f.sensitive && !slices.Contains(c.operators[o.Name], o.Schema) {
				c.operators[o.Name], changed = append(c.operators[o.Name], o.Schema), true
			}
		}
	}
}

// markUnusable marks relations that no statement may touch.
func (c *Catalog) markUnusable(s *snapshot) {
	refuse := func(r *Relation, code, what string) {
		if r.Unusable == nil {
			doc := refusalDoc(code)
			r.Unusable = &Refusal{Code: code, SQLSTATE: doc.SQLSTATE, Hint: doc.Fix, Message: r.TableName().String() + " " + what, At: -1}
		}
	}
	for _, oid := range s.Statistics {
		if r := c.byOID[oid]; r != nil && r.Sensitive {
			refuse(r, codeStatistics, "shows the planner's statistics")
		}
	}
	for r, function := range c.running {
		refuse(r, codeRunning, "calls "+function)
	}
	for _, oid := range s.Rules {
		if r := c.byOID[oid]; r != nil && r.Sensitive {
			refuse(r, codeRule, "has rewrite rules")
		}
	}
	for _, r := range c.relations {
		if r.Sensitive && (r.Kind == 'v' || r.Kind == 'm') && r.Definition == "" {
			refuse(r, codeNoDefinition, "is a view without a readable definition")
		}
		for _, oid := range r.Parents {
			parent := c.byOID[oid]
			if parent == nil || !r.Sensitive {
				continue
			}
			if !r.Listed {
				refuse(r, codeInheritance, "is a child or partition of a protected or listed table and is not named itself")
			}
			if !parent.Listed {
				refuse(parent, codeInheritance, "has a protected or listed child or partition and is not named itself")
			}
			if r.Protected && parent.Listed && !sameProtection(parent, r) {
				refuse(parent, codeInheritance, "protects its columns otherwise than its child "+r.TableName().String())
			}
		}
	}
}

// sameProtection reports whether each column that parent and child share is protected alike.
func sameProtection(parent, child *Relation) bool {
	for i := range parent.Columns {
		p := parent.Columns[i].Protection
		col, ok := child.Column(parent.Columns[i].Name)
		if !ok {
			continue
		}
		q := col.Protection
		if (p == nil) != (q == nil) || p != nil && (p.ID != q.ID || p.Search != q.Search || p.Type != q.Type || !sameDocument(p.Document, q.Document)) {
			return false
		}
	}
	return true
}

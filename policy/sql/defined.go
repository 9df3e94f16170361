package sql

import (
	"maps"
	"regexp"
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// DefinedKind is what a type that the database defines is.
type DefinedKind uint8

// The kinds. The zero value is a type that the catalog does not have.
const (
	DefinedMissing DefinedKind = iota
	DefinedEnum
	DefinedDomain
	DefinedCitext // of the extension citext, in whatever schema
)

// DefinedType is a type of a protected column that the database defines. The configuration gives its name; NewCatalog fills in the rest.
type DefinedType struct {
	Name TableName
	Kind DefinedKind
	// OID and Array are pg_type.oid and typarray.
	OID, Array uint32
	// Labels are an enum's, in its order.
	Labels []string
	// Base is what a domain is over, with the modifier that the domain gives it.
	Base    Type
	NotNull bool
	Checks  []DomainCheck
	// problem is why no column of it can be protected, empty for none.
	problem string
}

// DomainCheck is one CHECK of a domain.
type DomainCheck struct {
	Name string // of the constraint
	Expr CheckExpr
}

// CheckOp is what a CheckExpr does.
type CheckOp uint8

// The operations: of other expressions, on VALUE, on its number of characters or bytes.
const (
	CheckAnd CheckOp = iota + 1
	CheckOr
	CheckNot
	CheckCompare // VALUE Operator Text
	CheckIn      // VALUE is one of Texts
	CheckMatch   // VALUE matches Pattern
	CheckLength  // length(VALUE) Operator Text
	CheckBytes   // octet_length(VALUE) Operator Text
)

// CheckExpr is a condition on VALUE that is not NULL.
type CheckExpr struct {
	Op       CheckOp
	Args     []CheckExpr
	Operator string // = <> < <= > >=
	Text     string
	Texts    []string
	Pattern  *regexp.Regexp // of CheckMatch
}

// citextName is the type of the extension citext, which the configuration names without a schema.
const citextName = "citext"

// typeIn finds a defined type as the server would: schema is empty for an unqualified name.
func (c *Catalog) typeIn(path []string, schema, name string) *DefinedType {
	if schema != "" {
		return c.types[TableName{schema, name}]
	}
	for _, s := range path {
		if t, ok := c.types[TableName{s, name}]; ok {
			return t
		}
		if _, ok := c.byName[TableName{s, name}]; ok {
			return nil // a table's row type
		}
	}
	return nil
}

// addTypes reads the types that the database defines. Those that can't be understood stand for themselves, so that they hide others
// of their name.
func (c *Catalog) addTypes(s *snapshot) {
	c.types = make(map[TableName]*DefinedType, len(s.Types))
	for i := range s.Types {
		t := &s.Types[i]
		d := &DefinedType{Name: TableName{t.Schema, t.Name}, OID: t.OID, Array: t.Array, Labels: t.Labels, NotNull: t.NotNull, Base: Type{t.Base, t.Mod}}
		switch t.Kind {
		case "e":
			d.Kind = DefinedEnum
		case "d":
			d.Kind = DefinedDomain
			if d.readChecks(t.Checks); t.Default {
				d.problem = "it has a DEFAULT, which only the database would apply"
			}
		case "b":
			if t.Name != citextName {
				d.problem = "it is neither an enum nor a domain"
				break
			}
			d.Kind = DefinedCitext
			if c.citext == nil {
				c.citext = d
			}
		default:
			d.problem = "it is neither an enum nor a domain"
		}
		c.types[d.Name] = d
	}
}

// resolveTypes puts the database's own definitions into the configured columns.
func (c *Catalog) resolveTypes() {
	protected := make(map[TableName]map[string]Protection, len(c.spec.Protected))
	changed := false
	for table, columns := range c.spec.Protected {
		protected[table] = maps.Clone(columns)
		for name, p := range columns {
			if p.Defined != nil {
				protected[table][name], changed = c.resolved(p), true
			}
		}
	}
	if changed {
		c.spec.Protected = protected
	}
}

// resolved is p with its type from the catalog; the OID stays 0 where there is none that can be protected.
func (c *Catalog) resolved(p Protection) Protection {
	d := c.types[p.Defined.Name]
	if p.Defined.Name == (TableName{Name: citextName}) {
		d = c.citext
	}
	if d == nil {
		p.Defined = &DefinedType{Name: p.Defined.Name, problem: "it does not exist in the database"}
		return p
	}
	p.Defined = d
	switch {
	case d.problem != "":
	case d.Kind == DefinedCitext && p.Search.Equal() && (p.Search != SearchEquality || p.Normalize != citextSteps):
		other := *d
		other.problem = "its equality is that of lower case, so it needs search: none or equality"
		p.Defined = &other
	case d.Kind == DefinedEnum, d.Kind == DefinedCitext:
		p.Type = Type{d.OID, -1}
	case p.Search.Equal() && !equalBytes(d.Base):
		other := *d
		other.problem = "equal values of " + d.Base.String() + " can look different, so it needs search: none"
		p.Defined = &other
	default:
		p.Type = d.Base
	}
	return p
}

// equalBytes reports whether equal values of a type look alike, so that they can be sealed to equal bytes.
func equalBytes(t Type) bool {
	switch t.OID {
	case OIDNumeric:
		return t.Mod != -1
	case 0, OIDBool, OIDFloat4, OIDFloat8, OIDInterval, OIDJSON, OIDJSONB:
		return false
	}
	return true
}

// unusableType is why a column of a defined type can't be used, nil if it can.
func unusableType(p *Protection, col *Column, name string) *Refusal {
	d := p.Defined
	if d == nil {
		return nil
	}
	code, problem := codeTypeMissing, d.problem
	if d.Kind != DefinedMissing {
		code = codeTypeDefined
	}
	if problem == "" && d.Kind == DefinedDomain && d.NotNull && !col.NotNull {
		problem = "it is NOT NULL, and the column isn't"
	}
	if problem == "" {
		return nil
	}
	doc := refusalDoc(code)
	return &Refusal{Code: code, SQLSTATE: doc.SQLSTATE, At: -1, Hint: doc.Fix,
		Message: "type " + d.Name.text() + " of protected column " + name + " can't be used: " + problem}
}

// sameDefined reports whether two columns make the same checks beside those of their type.
func sameDefined(a, b *Protection) bool {
	return a.Defined == b.Defined || a.Defined != nil && b.Defined != nil && a.Defined.OID == b.Defined.OID
}

// Array is pg_type.typarray of the column's type.
func (p *Protection) Array() uint32 {
	if p.Defined != nil {
		return p.Defined.Array
	}
	return arrayOID(p.Type.OID)
}

// declared reports whether a type name of the text denotes p's type.
func (a *analysis) declared(n *pg_query.TypeName, p *Protection) bool {
	if elem, ok := p.Type.Element(); ok && n != nil {
		// text[], text[3] and text ARRAY: PostgreSQL ignores the size.
		one := &pg_query.TypeName{Names: n.GetNames(), Setof: n.GetSetof(), PctType: n.GetPctType(), Typmods: n.GetTypmods(), Location: n.GetLocation()}
		typ, known := typeOf(one)
		return known && typ == elem && len(n.GetArrayBounds()) == 1
	}
	if p.Defined == nil {
		typ, ok := typeOf(n)
		return ok && typ == p.Type
	}
	names := stringList(n.GetNames())
	if n.GetSetof() || n.GetPctType() || len(n.GetTypmods()) > 0 || len(n.GetArrayBounds()) > 0 {
		return false
	}
	var d *DefinedType
	switch len(names) {
	case 1:
		d = a.cat.typeIn(a.path, "", names[0])
	case 2:
		d = a.cat.typeIn(a.path, names[0], names[1])
	}
	return d != nil && d.OID == p.Defined.OID
}

// typeName is the type as it is declared.
func (p *Protection) typeName() string {
	if p.Defined != nil {
		return p.Defined.Name.text()
	}
	return p.Type.String()
}

// text is the name as the configuration writes it.
func (t TableName) text() string {
	if t.Schema == "" {
		return t.Name
	}
	return t.String()
}

// attribute is atttypid and atttypmod of a column that is declared so: a domain has its modifier itself.
func (p *Protection) attribute() Type {
	if p.Defined != nil && p.Defined.Kind == DefinedDomain {
		return Type{p.Defined.OID, -1}
	}
	return p.Type
}

// ResultMod is atttypmod of what is of the type: whatever gives a value of a domain, it has the domain's.
func (p *Protection) ResultMod(array, bare bool) int32 {
	switch domain := p.Defined != nil && p.Defined.Kind == DefinedDomain; {
	case domain && array:
		return -1
	case domain:
		return p.Defined.Base.Mod
	case bare:
		return -1
	}
	return p.Type.Mod
}

// plainDomain is p without the checks of a domain: the type of an expression is the domain's base.
func (p Protection) plainDomain() Protection {
	if p.Defined != nil && p.Defined.Kind == DefinedDomain {
		p.Defined = nil
	}
	return p
}

// refuseLabels refuses to rename a label of an enum whose labels are in sealed values.
func (a *analysis) refuseLabels(n *pg_query.AlterEnumStmt) {
	names := stringList(n.GetTypeName())
	if n.GetOldVal() == "" || len(names) == 0 || len(names) > 2 {
		return
	}
	schema := ""
	if len(names) == 2 {
		schema = names[0]
	}
	if column := a.cat.usesEnum(a.cat.typeIn(a.path, schema, names[len(names)-1])); column != "" {
		a.refuse(codeTypeLabels, a.st.At.Start, "the label would not change in the sealed values of %s", column)
	}
}

// usesEnum names a protected column of an enum, for statements that would change its labels under the stored values.
func (c *Catalog) usesEnum(d *DefinedType) string {
	var all []string
	for table, columns := range c.spec.Protected {
		for name, p := range columns {
			if d != nil && p.Defined != nil && p.Defined.OID == d.OID {
				all = append(all, table.String()+"."+name)
			}
		}
	}
	if len(all) == 0 {
		return ""
	}
	slices.Sort(all)
	return all[0]
}

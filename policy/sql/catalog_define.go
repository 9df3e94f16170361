package sql

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// definitions is the JSON that the query of Definitions makes: texts that the server writes from what it keeps parsed. Writing them
// takes locks on the tables that they name, so it is asked only for those that matter.
type definitions struct {
	Views       []snapText    `json:"views"`
	Constraints []snapText    `json:"constraints"`
	Functions   []snapText    `json:"functions"`
	Domains     []snapDomain  `json:"domains"` // nil: not asked
	Defaults    []snapDefault `json:"defaults"`
}

// snapText is an object's text; empty where the object was gone by then.
type snapText struct {
	OID  uint32
	Text *string
}

func (t *snapText) UnmarshalJSON(b []byte) error { return tuple(b, &t.OID, &t.Text) }

// snapDomain is a CHECK of a domain.
type snapDomain struct {
	Type       uint32
	Name       string
	Definition *string
}

func (d *snapDomain) UnmarshalJSON(b []byte) error { return tuple(b, &d.Type, &d.Name, &d.Definition) }

// joint stands between the two answers of a snapshot. It is no character of base64.
var joint = []byte{';'}

// Join makes one snapshot of the answers of CatalogQuery and of Definitions.
func Join(first, definitions []byte) []byte { return slices.Concat(first, joint, definitions) }

// FirstPart is CatalogQuery's answer, read once for the query of what else is needed and for the catalog.
type FirstPart struct{ s *snapshot }

// ReadFirst reads CatalogQuery's answer.
func ReadFirst(first []byte) (*FirstPart, error) {
	s, err := readSnapshot(first)
	if err != nil {
		return nil, err
	}
	return &FirstPart{s}, nil
}

// Definitions gives the query for what NewCatalog needs besides CatalogQuery's answer: one row with one text column. It is about
// the views from which something sensitive is reached, the constraints that are or may be guards, those of protected tables, functions with
// parsed bodies, and domains if a column's type is a defined one.
//
// Which views these are does not depend on any definition: pg_depend says what they read. Where it isn't certain yet (functions whose
// body is not seen, tables that may have a guard), it is taken to be sensitive here.
func (f *FirstPart) Definitions(spec Spec) string {
	var views, constraints, functions, defaults []uint32
	if len(spec.Protected) > 0 || len(spec.Listed) > 0 || spec.AllListed {
		views, constraints, functions, defaults = f.s.needed(spec)
	}
	domains := "NULL"
	if spec.definesTypes() {
		domains = "coalesce((SELECT " + `pg_catalog.json_agg(pg_catalog.json_build_array(k.contypid::pg_catalog.int8, k.conname, pg_catalog.pg_get_constraintdef(k.oid)) ORDER BY k.conname)
	FROM pg_catalog.pg_constraint k WHERE k.contypid OPERATOR(pg_catalog.<>) 0::pg_catalog.oid AND k.contype OPERATOR(pg_catalog.=) 'c'::pg_catalog."char"), '[]'::pg_catalog.json)`
	}
	return readingBegins + "'views', " + textsOf("pg_get_viewdef", views) + ",\n'constraints', " + textsOf("pg_get_constraintdef", constraints) +
		",\n'functions', " + textsOf("pg_get_function_sqlbody", functions) + ",\n'domains', " + domains +
		",\n'defaults', " + defaultsOf(defaults) + readingEnds
}

// Catalog is what NewCatalog makes of both answers. f must not be used again.
func (f *FirstPart) Catalog(answer []byte, spec Spec) (*Catalog, error) {
	s := f.s
	f.s = nil
	s.defined = &definitions{}
	if err := readAnswer(answer, s.defined); err != nil {
		return nil, err
	}
	s.fill()
	if err := s.complete(spec); err != nil {
		return nil, err
	}
	return build(s, spec), nil
}

// Definitions is FirstPart's for an answer that isn't read yet.
func Definitions(first []byte, spec Spec) (query string, err error) {
	f, err := ReadFirst(first)
	if err != nil {
		return "", err
	}
	return f.Definitions(spec), nil
}

// textsOf asks for the texts of objects.
func textsOf(function string, oids []uint32) string {
	if len(oids) == 0 {
		return "'[]'::pg_catalog.json"
	}
	slices.Sort(oids)
	list := make([]string, len(oids))
	for i, oid := range oids {
		list[i] = strconv.FormatUint(uint64(oid), 10)
	}
	return fmt.Sprintf("(SELECT pg_catalog.json_agg(pg_catalog.json_build_array(o.oid::pg_catalog.int8, pg_catalog.%s(o.oid))) FROM pg_catalog.unnest('{%s}'::pg_catalog.oid[]) o(oid))",
		function, strings.Join(list, ","))
}

func (s *snapshot) needed(spec Spec) (views, constraints, functions, defaults []uint32) {
	guarded := map[uint32]bool{}
	for i := range s.Constraints {
		if s.Constraints[i].Guardlike {
			guarded[s.Constraints[i].Relation] = true
		}
	}
	spec.Listed = slices.Clone(spec.Listed)
	for i := range s.Relations {
		if r := &s.Relations[i]; guarded[r.OID] {
			spec.Listed = append(spec.Listed, TableName{r.Schema, r.Name})
		}
	}
	c := relate(s, spec)
	for _, r := range c.relations {
		if r.Sensitive && (r.Kind == 'v' || r.Kind == 'm') {
			views = append(views, r.OID)
		}
		if slices.ContainsFunc(r.Columns, func(c Column) bool {
			return c.HasDefault && (c.Protection != nil || guarded[r.OID] && c.Type.OID == OIDBytea) // which may be one that has another name now
		}) {
			defaults = append(defaults, r.OID)
		}
	}
	for i := range s.Constraints {
		k := &s.Constraints[i]
		if r := c.byOID[k.Relation]; k.Kind == "c" && r != nil && (guarded[r.OID] || r.Protected) {
			constraints = append(constraints, k.OID)
		}
	}
	for i := range s.Functions {
		if s.Functions[i].Parsed {
			functions = append(functions, s.Functions[i].OID)
		}
	}
	return views, constraints, functions, defaults
}

// definesTypes reports whether a configured column's type is one that the database defines.
func (s *Spec) definesTypes() bool {
	for _, columns := range s.Protected {
		for _, p := range columns {
			if p.Defined != nil {
				return true
			}
		}
	}
	return false
}

// fill puts the definitions where they belong.
func (s *snapshot) fill() {
	views, constraints, functions := byOID(s.defined.Views), byOID(s.defined.Constraints), byOID(s.defined.Functions)
	for i := range s.Relations {
		s.Relations[i].Definition += views[s.Relations[i].OID]
	}
	for i := range s.Constraints {
		s.Constraints[i].Definition += constraints[s.Constraints[i].OID]
	}
	for i := range s.Functions {
		if f := &s.Functions[i]; f.Parsed {
			f.Source = functions[f.OID]
		}
	}
	checks := map[uint32][]snapCheck{}
	for _, d := range s.defined.Domains {
		if d.Definition != nil {
			checks[d.Type] = append(checks[d.Type], snapCheck{d.Name, *d.Definition})
		}
	}
	for i := range s.Types {
		s.Types[i].Checks = append(s.Types[i].Checks, checks[s.Types[i].OID]...)
	}
}

func byOID(texts []snapText) map[uint32]string {
	m := make(map[uint32]string, len(texts))
	for _, t := range texts {
		if t.Text != nil {
			m[t.OID] = *t.Text
		}
	}
	return m
}

// errIncomplete says that definitions were asked for another configuration, or not at all.
var errIncomplete = errors.New("catalog: definitions are missing")

// complete reports what would be taken for absent without having been asked for: guards, and the checks of domains. Views and functions
// without definitions can't be used, so they need no mention.
func (s *snapshot) complete(spec Spec) error {
	if len(spec.Protected) == 0 {
		return nil
	}
	var asked map[uint32]bool
	if s.defined != nil {
		asked = make(map[uint32]bool, len(s.defined.Constraints))
		for _, t := range s.defined.Constraints {
			asked[t.OID] = true
		}
	}
	for i := range s.Constraints {
		if k := &s.Constraints[i]; k.Guardlike && k.Definition == "" && !asked[k.OID] {
			return errIncomplete
		}
	}
	if s.defined != nil && s.defined.Domains == nil && spec.definesTypes() {
		return errIncomplete
	}
	return nil
}

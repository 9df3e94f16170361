package sql

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// testCatalog builds a Catalog from lines, through the snapshot's JSON. Lines (leading white space and # comments are ignored):
//
//	path public, other                                effective search path of the snapshot (default: pg_catalog, public)
//	database crm                                      (default: test)
//	encoding LATIN1                                   (default: UTF8)
//	table public.t: id int4 notnull pk, email text equality key=mail unique, ssn text none, note text default
//	partition public.p of public.t: …                 a child table
//	partitioned public.t by 1: …                      partitioned by a column's number
//	view public.v: id int4, email bytea = SELECT id, email FROM t
//	matview public.m: …
//	config public.t: ssn text none                    configured, whatever the database holds
//	listed public.orders
//	function public.f(plpgsql): BEGIN … END
//	trusted public.f
//	vouched
//	rule public.t
//	statistics public.v
//	foreign public.o(c_email) public.t(email)
//	trigger public.t f
//
// A column's words: the type, then in any order notnull, default, generated, identity, pk, unique, index, none, equality, range or match (protected; the type
// is the logical one, and it is stored as bytea), key=NAME (default: table.column), stored=TYPE, normalize=STEPS, guard.
func testCatalog(t testing.TB, lines string) *Catalog {
	t.Helper()
	return newCatalogBuilder(t, lines).catalog(t)
}

func newCatalogBuilder(t testing.TB, lines string) *catalogBuilder {
	t.Helper()
	b := &catalogBuilder{spec: Spec{Protected: map[TableName]map[string]Protection{}}, keys: map[string]uint32{}, functions: map[string]uint32{}}
	b.snap = snapshot{Database: "test", Encoding: "UTF8", Path: []string{"pg_catalog", "public"}}
	for _, line := range strings.Split(lines, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if err := b.line(line); err != nil {
			t.Fatalf("catalog line %q: %v", line, err)
		}
	}
	return b
}

func (b *catalogBuilder) catalog(t testing.TB) *Catalog {
	t.Helper()
	text, err := json.Marshal(b.encode())
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewCatalog(text, b.spec)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type catalogBuilder struct {
	snap      snapshot
	spec      Spec
	keys      map[string]uint32
	functions map[string]uint32
	citext    bool // the extension is there, in public
}

func (b *catalogBuilder) line(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch word {
	case "path":
		b.snap.Path = nil
		for _, s := range strings.Split(rest, ",") {
			b.snap.Path = append(b.snap.Path, strings.TrimSpace(s))
		}
	case "database":
		b.snap.Database = rest
	case "encoding":
		b.snap.Encoding = rest
	case "listed":
		b.spec.Listed = append(b.spec.Listed, tableName(rest))
	case "trusted":
		b.spec.TrustedFunctions = append(b.spec.TrustedFunctions, rest)
	case "vouched":
		b.spec.TrustOpaque = true
	case "statistics":
		b.snap.Statistics = append(b.snap.Statistics, b.find(rest).OID)
	case "rule":
		b.snap.Rules = append(b.snap.Rules, b.find(rest).OID)
	case "trigger":
		table, fn, _ := strings.Cut(rest, " ")
		b.snap.Triggers = append(b.snap.Triggers, snapTrigger{b.find(table).OID, "tr", b.functions[fn]})
	case "function":
		head, body, _ := strings.Cut(rest, ":")
		name, lang, _ := strings.Cut(strings.TrimSuffix(head, ")"), "(")
		tn, oid := tableName(name), uint32(40000+len(b.snap.Functions))
		b.functions[tn.Name] = oid
		b.snap.Functions = append(b.snap.Functions, snapFunction{
			OID: oid, Schema: tn.Schema, Name: tn.Name, Kind: "f", Language: lang, Source: body, Extension: lang == "c", Trigger: strings.Contains(body, "#trigger"),
		})
	case "foreign":
		from, to, _ := strings.Cut(rest, " ")
		ft, fc, _ := strings.Cut(strings.TrimSuffix(from, ")"), "(")
		tt, tc, _ := strings.Cut(strings.TrimSuffix(to, ")"), "(")
		b.snap.Constraints = append(b.snap.Constraints, snapConstraint{
			Relation: b.find(ft).OID, Kind: "f", Name: "fk", Columns: []int16{b.num(ft, fc)}, Target: b.find(tt).OID, Others: []int16{b.num(tt, tc)},
		})
	case "partitioned":
		head, columns, _ := strings.Cut(rest, ":")
		name, key, _ := strings.Cut(head, " by ")
		if err := b.relation("table", name+":"+columns); err != nil {
			return err
		}
		var num int16
		fmt.Sscan(key, &num)
		r := b.find(name)
		r.Kind, r.Key = "p", []int16{num}
	case "table", "view", "matview", "partition", "config":
		return b.relation(word, rest)
	default:
		return fmt.Errorf("unknown word %q", word)
	}
	return nil
}

func (b *catalogBuilder) relation(word, rest string) error {
	head, columns, ok := strings.Cut(rest, ":")
	if !ok {
		return fmt.Errorf("no colon")
	}
	name, parent, child := strings.Cut(head, " of ")
	tn := tableName(strings.TrimSpace(name))
	definition := ""
	if word == "view" || word == "matview" {
		if columns, definition, ok = strings.Cut(columns, "="); !ok {
			return fmt.Errorf("a view needs = SELECT …")
		}
	}
	kind := map[string]string{"table": "r", "partition": "r", "view": "v", "matview": "m"}[word]
	s := snapRelation{OID: uint32(17000 + 10*len(b.snap.Relations)), Schema: tn.Schema, Name: tn.Name, Kind: kind, Definition: strings.TrimSpace(definition)}
	for i, def := range splitTop(columns) {
		c, err := b.column(tn, s.OID, int16(i+1), strings.Fields(def))
		if err != nil {
			return err
		}
		s.Columns = append(s.Columns, c)
	}
	if word == "config" {
		return nil
	}
	if child {
		b.snap.Inherits = append(b.snap.Inherits, [2]uint32{s.OID, b.find(strings.TrimSpace(parent)).OID})
	}
	b.snap.Relations = append(b.snap.Relations, s)
	for _, r := range b.snap.Relations {
		if definition != "" && r.OID != s.OID && slices.Contains(words(definition), r.Name) {
			b.snap.Depends = append(b.snap.Depends, snapDepend{s.OID, "r", r.OID})
		}
	}
	for _, f := range b.snap.Functions {
		if definition != "" && slices.Contains(words(definition), f.Name) {
			b.snap.Depends = append(b.snap.Depends, snapDepend{s.OID, "f", f.OID})
		}
	}
	return nil
}

func (b *catalogBuilder) column(table TableName, rel uint32, num int16, w []string) (snapColumn, error) {
	if len(w) < 2 {
		return snapColumn{}, fmt.Errorf("column %v needs a name and a type", w)
	}
	typ, err := testType(w[1])
	if err != nil {
		return snapColumn{}, err
	}
	c := snapColumn{Num: num, Name: w[0], Type: typ.OID, Mod: typ.Mod}
	p := Protection{Key: table.Name + "." + w[0], Type: typ}
	protected, guarded := false, false
	if w[1] == "citext" {
		b.citext, p.Defined = true, &DefinedType{Name: TableName{Name: "citext"}}
	}
	idx := snapIndex{Relation: rel, Schema: table.Schema, Name: table.Name + "_" + w[0] + "_key", Columns: []int16{num}, Keys: 1, Method: "btree"}
	stored := Type{OIDBytea, -1}
	for _, x := range w[2:] {
		key, val, _ := strings.Cut(x, "=")
		switch key {
		case "notnull":
			c.NotNull = true
		case "default":
			c.Default = true
		case "generated":
			c.Default, c.Generated = true, "s"
		case "identity":
			c.Identity = "a"
		case "pk":
			c.NotNull, idx.Primary, idx.Unique = true, true, true
			b.snap.Indexes = append(b.snap.Indexes, idx)
		case "unique":
			idx.Unique = true
			b.snap.Indexes = append(b.snap.Indexes, idx)
		case "index":
			b.snap.Indexes = append(b.snap.Indexes, idx)
		case "none":
			protected = true
		case "equality":
			protected, p.Search = true, SearchEquality
		case "match":
			protected, p.Search = true, SearchMatch
		case "range":
			protected, p.Search = true, SearchRange
		case "normalize":
			p.Normalize = strings.ReplaceAll(val, "+", ",")
		case "key":
			p.Key = val
		case "guard":
			guarded = true
		case "paths":
			protected = true
			p.Document, p.Key, stored = testDocument(b, val), "", p.Type
		case "stored":
			if stored, err = testType(val); err != nil {
				return c, err
			}
		default:
			return c, fmt.Errorf("unknown column word %q", x)
		}
	}
	if protected && p.Document != nil {
		b.protect(table, w[0], p)
		return c, nil
	}
	if protected {
		if b.keys[p.Key] == 0 {
			b.keys[p.Key] = uint32(len(b.keys) + 1)
		}
		p.ID = b.keys[p.Key]
		if guarded {
			p.Guard = string(binary.BigEndian.AppendUint32(nil, p.ID)) + map[Search]string{SearchNone: "\x11", SearchEquality: "\x12", SearchRange: "\x14"}[p.Search] + "\xc5\x7e\x91"
		}
		if guarded {
			b.snap.Constraints = append(b.snap.Constraints, snapConstraint{OID: uint32(30000 + len(b.snap.Constraints)), Relation: rel, Kind: "c",
				Name: guardName(w[0]), Columns: []int16{num}, Definition: fmt.Sprintf(`CHECK ((substr(%[1]s, (octet_length(%[1]s) - 7)) = '\x%[2]x'::bytea))`, w[0], p.Guard)})
		}
		c.Type, c.Mod = stored.OID, stored.Mod
		b.protect(table, w[0], p)
	}
	return c, nil
}

func (b *catalogBuilder) protect(table TableName, column string, p Protection) {
	if b.spec.Protected[table] == nil {
		b.spec.Protected[table] = map[string]Protection{}
	}
	b.spec.Protected[table][column] = p
}

// testDocument reads ssn:equality+address.street:none.
func testDocument(b *catalogBuilder, text string) *Document {
	var paths []DocumentPath
	for one := range strings.SplitSeq(text, "+") {
		path, search, _ := strings.Cut(one, ":")
		p := Protection{Key: "path." + path, Type: Type{OIDText, -1}}
		if search == "equality" {
			p.Search = SearchEquality
		}
		if b.keys[p.Key] == 0 {
			b.keys[p.Key] = uint32(len(b.keys) + 1)
		}
		p.ID = b.keys[p.Key]
		paths = append(paths, DocumentPath{Steps: strings.Split(path, "."), Protection: p})
	}
	return NewDocument(paths)
}

func (b *catalogBuilder) find(name string) *snapRelation {
	tn := tableName(name)
	for i := range b.snap.Relations {
		if r := &b.snap.Relations[i]; r.Schema == tn.Schema && r.Name == tn.Name {
			return r
		}
	}
	panic("no relation " + name)
}

func (b *catalogBuilder) num(table, column string) int16 {
	for _, c := range b.find(table).Columns {
		if c.Name == column {
			return c.Num
		}
	}
	panic("no column " + column)
}

// encode gives the JSON form that CatalogQuery makes.
func (b *catalogBuilder) encode() map[string]any {
	s := b.snap
	var relations, depends, triggers []any
	for _, r := range s.Relations {
		var columns []any
		for _, c := range r.Columns {
			columns = append(columns, []any{c.Num, c.Name, c.Type, c.Mod, c.NotNull, c.Default, c.Generated, c.Identity})
		}
		relations = append(relations, map[string]any{
			"oid": r.OID, "schema": r.Schema, "name": r.Name, "kind": r.Kind, "columns": columns, "definition": r.Definition, "key": r.Key,
		})
	}
	for _, d := range s.Depends {
		depends = append(depends, []any{d.View, d.Kind, d.On})
	}
	for _, t := range s.Triggers {
		triggers = append(triggers, []any{t.Relation, t.Name, t.Function})
	}
	system := []any{
		[]any{"pg_catalog", "pg_stats", []string{"schemaname", "tablename", "histogram_bounds"}},
		[]any{"pg_catalog", "pg_stats_ext", []string{"schemaname", "tablename", "most_common_vals"}},
		[]any{"pg_catalog", "pg_statistic", []string{"starelid", "stavalues1"}},
		[]any{"pg_catalog", "pg_statistic_ext_data", []string{"stxoid", "stxdmcv"}},
		[]any{"pg_catalog", "pg_attribute", []string{"attrelid", "attname", "atttypid", "atttypmod", "attnum", "atthasdef"}},
		[]any{"pg_catalog", "pg_class", []string{"oid", "relname", "relchecks"}},
		[]any{"pg_catalog", "pg_constraint", []string{"oid", "conname"}},
		[]any{"pg_catalog", "pg_attrdef", []string{"oid", "adrelid", "adnum"}},
		[]any{"information_schema", "columns", []string{"table_schema", "table_name", "column_name", "ordinal_position", "data_type"}},
	}
	var types []snapType
	if b.citext {
		types = []snapType{{OID: citextOID, Array: citextOID + 1, Schema: "public", Name: "citext", Kind: "b"}}
	}
	return map[string]any{
		"types": types, "system": system, "statistics": s.Statistics, "database": s.Database, "encoding": s.Encoding, "path": s.Path, "relations": relations, "inherits": s.Inherits, "depends": depends,
		"rules": s.Rules, "triggers": triggers, "constraints": s.Constraints, "indexes": s.Indexes, "functions": s.Functions,
	}
}

// citextOID is the type's number where a catalog has it.
const citextOID = 30080

// testType reads int4, varchar(10), numeric(10,2), text[].
func testType(s string) (Type, error) {
	base, mod, _ := strings.Cut(strings.TrimSuffix(s, ")"), "(")
	oids := map[string]uint32{
		"bool": OIDBool, "bytea": OIDBytea, "int8": OIDInt8, "int2": OIDInt2, "int4": OIDInt4, "text": OIDText, "varchar": OIDVarchar,
		"date": OIDDate, "timestamptz": OIDTimestamptz, "numeric": OIDNumeric, "uuid": OIDUUID, "jsonb": OIDJSONB, "float8": 701, "float4": 700,
		"text[]": 1009, "int4[]": 1007, "bytea[]": 1001, "timestamp": 1114, "json": 114, "citext": citextOID,
	}
	oid, ok := oids[base]
	if !ok {
		return Type{}, fmt.Errorf("unknown type %q", s)
	}
	typ := Type{oid, -1}
	if mod != "" {
		var p, scale int32
		if n, _ := fmt.Sscanf(mod, "%d,%d", &p, &scale); n == 0 {
			return Type{}, fmt.Errorf("bad modifier in %q", s)
		}
		typ.Mod = p + 4
		if oid == OIDNumeric {
			typ.Mod = (p<<16 | scale) + 4
		}
	}
	return typ, nil
}

func tableName(s string) TableName {
	schema, name, _ := strings.Cut(s, ".")
	return TableName{schema, name}
}

func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz_0123456789", r) })
}

// splitTop splits at commas outside parentheses.
func splitTop(s string) (parts []string) {
	depth, start := 0, 0
	for i, c := range s {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

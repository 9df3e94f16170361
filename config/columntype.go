package config

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/policy/yamlfile"
)

// Type is a column's logical type. The zero value is no type.
type Type struct {
	name string // canonical, as format_type() of PostgreSQL would be understood again
	sql  sql.Type
	// defined is schema.name of a type that the database defines, the zero value for one of PostgreSQL's own.
	defined sql.TableName
}

// Defined is the type's name where the database defines it, nil elsewhere.
func (t Type) Defined() *sql.DefinedType {
	if t.defined == (sql.TableName{}) {
		return nil
	}
	return &sql.DefinedType{Name: t.defined}
}

// SQL is the type as the wire names it.
func (t Type) SQL() sql.Type { return t.sql }

// String is the short name, as the file writes it.
func (t Type) String() string { return t.name }

// MarshalText is the short name.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.name), nil }

// noEquality is why search: equality is refused on the type, empty where it isn't. Equal values must be equal bytes, so what
// tells equal values apart when they are shown, as 1.5 and 1.50, would be lost.
func (t Type) noEquality() string {
	if elem, ok := t.sql.Element(); ok {
		return Type{name: strings.TrimSuffix(t.name, "[]"), sql: elem}.noEquality()
	}
	switch {
	case t.sql.OID == sql.OIDBool:
		return "search equality on bool would give away every value; use none"
	case t.sql.OID == sql.OIDNumeric && t.sql.Mod == -1:
		return "search equality on numeric needs a scale, as in numeric(12,2): without one, 1.50 would come back as 1.5"
	case t.sql.OID == sql.OIDFloat4 || t.sql.OID == sql.OIDFloat8:
		return "search equality is not offered on " + t.name + ": 0 and -0 are equal, and -0 would come back as 0; use numeric with a scale"
	case t.sql.OID == sql.OIDInterval:
		return "search equality is not offered on interval: '1 day' and '24:00:00' are equal but look different"
	case t.sql.OID == sql.OIDJSON:
		return "search equality is not offered on json, which has no equality in PostgreSQL either"
	case t.sql.OID == sql.OIDJSONB:
		return "search equality is not offered on jsonb: numbers in it would come back without trailing zeros"
	}
	return ""
}

// noRange is why search: range is refused on the type, empty where it isn't.
func (t Type) noRange() string {
	if t.Defined() != nil {
		return "search range is not offered on types that the database defines; use none or equality"
	}
	switch t.sql.OID {
	case sql.OIDInt2, sql.OIDInt4, sql.OIDInt8, sql.OIDText, sql.OIDVarchar, sql.OIDBpchar, sql.OIDDate, sql.OIDTime, sql.OIDTimestamp,
		sql.OIDTimestamptz, sql.OIDUUID:
		return ""
	case sql.OIDFloat4, sql.OIDFloat8:
		return "search range is not offered on " + t.name + ": 0 and -0 are equal, and -0 would come back as 0; use numeric with a scale"
	case sql.OIDNumeric:
		if t.sql.Mod == -1 {
			return "search range on numeric needs a scale, as in numeric(12,2): without one, 1.50 would come back as 1.5"
		}
		return ""
	case sql.OIDBool:
		return "search range on bool would give away every value; use none"
	}
	return fmt.Sprintf("search range is not offered on %s; use none or equality", t.name)
}

// isCitext tells whether values are equal without regard to case.
func (t Type) isCitext() bool { return t.name == "citext" }

// isText tells whether values are text, which can be normalised and whose order is that of a collation.
func (t Type) isText() bool { return t.Class() == "text" || t.Class() == "char" }

// Class groups the types whose equal values seal to equal bytes, so that columns of one class can share a key and be joined.
func (t Type) Class() string {
	switch t.sql.OID {
	case sql.OIDInt2, sql.OIDInt4, sql.OIDInt8:
		return "integer"
	case sql.OIDText, sql.OIDVarchar:
		return "text"
	case sql.OIDNumeric:
		return "numeric"
	case sql.OIDBpchar:
		return "char"
	case sql.OIDTime, sql.OIDTimetz, sql.OIDTimestamp, sql.OIDTimestamptz:
		return (sql.Type{OID: t.sql.OID, Mod: -1}).String() // with or without a precision
	}
	return t.name
}

// typeNames maps what may be written to the short name.
func typeNames() map[string]string {
	return map[string]string{
		"text":    "text",
		"varchar": "varchar", "character varying": "varchar",
		"int2": "int2", "smallint": "int2",
		"int4": "int4", "int": "int4", "integer": "int4",
		"int8": "int8", "bigint": "int8",
		"bool": "bool", "boolean": "bool",
		"numeric": "numeric", "decimal": "numeric",
		"date":        "date",
		"timestamptz": "timestamptz", "timestamp with time zone": "timestamptz",
		"timestamp": "timestamp", "timestamp without time zone": "timestamp",
		"time": "time", "time without time zone": "time",
		"timetz": "timetz", "time with time zone": "timetz",
		"interval": "interval",
		"float4":   "float4", "real": "float4",
		"float8": "float8", "double precision": "float8",
		"char": "char", "character": "char", "bpchar": "char",
		"inet": "inet", "cidr": "cidr", "macaddr": "macaddr",
		"uuid": "uuid", "bytea": "bytea", "json": "json", "jsonb": "jsonb",
	}
}

func typeOID(short string) uint32 {
	return map[string]uint32{
		"text": sql.OIDText, "varchar": sql.OIDVarchar, "int2": sql.OIDInt2, "int4": sql.OIDInt4, "int8": sql.OIDInt8,
		"bool": sql.OIDBool, "numeric": sql.OIDNumeric, "date": sql.OIDDate, "timestamptz": sql.OIDTimestamptz,
		"uuid": sql.OIDUUID, "bytea": sql.OIDBytea, "jsonb": sql.OIDJSONB, "json": sql.OIDJSON,
		"timestamp": sql.OIDTimestamp, "time": sql.OIDTime, "timetz": sql.OIDTimetz, "interval": sql.OIDInterval,
		"float4": sql.OIDFloat4, "float8": sql.OIDFloat8, "char": sql.OIDBpchar,
		"inet": sql.OIDInet, "cidr": sql.OIDCidr, "macaddr": sql.OIDMacaddr,
	}[short]
}

var typeForm = regexp.MustCompile(`^([a-z0-9_ ]+?)\s*(?:\(\s*(-?[0-9]+)\s*(?:,\s*(-?[0-9]+)\s*)?\))?$`)

// precision matches time(3) with time zone, whose modifier stands in the middle.
var precision = regexp.MustCompile(`^(time|timestamp)\s*\(\s*([0-9]+)\s*\)\s*(with(?:out)? time zone)$`)

func (t *Type) parse(text, path string) error {
	if elem, ok := strings.CutSuffix(strings.TrimSpace(text), "[]"); ok && !strings.HasSuffix(elem, "]") {
		var e Type
		if err := e.parse(elem, path); err != nil {
			return err
		}
		if e.Defined() != nil {
			return fmt.Errorf("arrays of types that the database defines are not supported, found %q", text)
		}
		*t = Type{name: e.name + "[]", sql: e.sql.Array()}
		return nil
	}
	if strings.EqualFold(strings.TrimSpace(text), "citext") {
		*t = Type{name: "citext", defined: sql.TableName{Name: "citext"}}
		return nil
	}
	if schema, name, ok := splitName(strings.TrimSpace(text)); ok && schema != "pg_catalog" && !strings.ContainsAny(text, "()[]") {
		*t = Type{name: schema + "." + name, defined: sql.TableName{Schema: schema, Name: name}}
		return nil
	}
	lower := strings.Join(strings.Fields(strings.ToLower(text)), " ")
	m := typeForm.FindStringSubmatch(precision.ReplaceAllString(lower, "$1 $3 ($2)"))
	if m == nil {
		return fmt.Errorf("unknown type %q", text)
	}
	names := typeNames()
	short, ok := names[m[1]]
	if !ok {
		return fmt.Errorf("unknown type %q%s", text, yamlfile.DidYouMean(m[1], mapKeys(names)))
	}
	mod, suffix, err := typeModifier(short, m[2], m[3])
	if err != nil {
		return err
	}
	*t = Type{name: short + suffix, sql: sql.Type{OID: typeOID(short), Mod: mod}}
	return nil
}

// typeModifier computes atttypmod as varchartypmodin (varchar.c) and make_numeric_typmod (numeric.c) do.
func typeModifier(short, first, second string) (mod int32, suffix string, err error) {
	if first == "" {
		if short == "char" {
			return 0, "", errors.New("char needs a length, as in char(10)")
		}
		return -1, "", nil
	}
	a, errA := strconv.Atoi(first)
	b, errB := 0, error(nil)
	if second != "" {
		b, errB = strconv.Atoi(second)
	}
	if errA != nil || errB != nil {
		return 0, "", fmt.Errorf("type %s: number out of range", short)
	}
	switch {
	case (short == "varchar" || short == "char") && second == "":
		if a < 1 || a > 10485760 {
			return 0, "", fmt.Errorf("%s(n): n is from 1 to 10485760, found %d", short, a)
		}
		return int32(a) + 4, fmt.Sprintf("(%d)", a), nil
	case (short == "time" || short == "timetz" || short == "timestamp" || short == "timestamptz") && second == "":
		if a < 0 || a > 6 {
			return 0, "", fmt.Errorf("%s(p): p is from 0 to 6, found %d", short, a)
		}
		return int32(a), fmt.Sprintf("(%d)", a), nil
	case short == "numeric":
		if a < 1 || a > 1000 {
			return 0, "", fmt.Errorf("numeric(p,s): p is from 1 to 1000, found %d", a)
		}
		if b < -1000 || b > 1000 {
			return 0, "", fmt.Errorf("numeric(p,s): s is from -1000 to 1000, found %d", b)
		}
		return int32(a)<<16 | int32(b&0x7ff) + 4, fmt.Sprintf("(%d,%d)", a, b), nil
	}
	return 0, "", fmt.Errorf("type %s takes no such number in parentheses", short)
}

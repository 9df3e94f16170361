package sql

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// snapDefault is the DEFAULT of a column of a table with protected ones.
type snapDefault struct {
	Relation uint32
	Num      int16
	Text     *string
}

func (d *snapDefault) UnmarshalJSON(b []byte) error {
	return tuple(b, &d.Relation, &d.Num, &d.Text)
}

// defaultsOf asks for the defaults of relations.
func defaultsOf(oids []uint32) string {
	if len(oids) == 0 {
		return "'[]'::pg_catalog.json"
	}
	slices.Sort(oids)
	list := make([]string, len(oids))
	for i, oid := range oids {
		list[i] = strconv.FormatUint(uint64(oid), 10)
	}
	return fmt.Sprintf("(SELECT pg_catalog.json_agg(pg_catalog.json_build_array(d.adrelid::pg_catalog.int8, d.adnum, pg_catalog.pg_get_expr(d.adbin, d.adrelid)) ORDER BY d.adrelid, d.adnum)"+
		" FROM pg_catalog.pg_attrdef d WHERE d.adrelid OPERATOR(pg_catalog.=) ANY ('{%s}'::pg_catalog.oid[]))", strings.Join(list, ","))
}

// readDefaults finds the cells that defaults of protected columns are. A default that is anything else stays unknown, and is not shown.
func (c *Catalog) readDefaults(s *snapshot) {
	if s.defined == nil {
		return
	}
	for _, d := range s.defined.Defaults {
		r := c.byOID[d.Relation]
		if r == nil || d.Text == nil {
			continue
		}
		cell, form := readDefault(*d.Text)
		if col := r.byNum(d.Num); len(cell) > 0 && col != nil && col.Protection != nil && col.Protection.Document == nil && col.Unusable == nil {
			col.Default, col.DefaultForm = cell, form
		}
	}
}

// readCell is what '\x…'::bytea holds, nil for any other text.
func readCell(text string) []byte {
	text, ok := strings.CutSuffix(text, "'::bytea")
	digits, hexed := strings.CutPrefix(text, `'\x`)
	cell, err := hex.DecodeString(digits)
	if !ok || !hexed || err != nil {
		return nil
	}
	return cell
}

// DefaultCell is the DEFAULT of a protected column.
type DefaultCell struct {
	Relation   *Relation
	Column     *Column
	Protection *Protection
	Cell       []byte
	Form       *DefaultForm // nil where the cell stands alone
}

// DefaultCells lists the defaults that system catalogs show as what they hold.
func (c *Catalog) DefaultCells() (all []DefaultCell) {
	for _, r := range c.relations {
		for i := range r.Columns {
			if col := &r.Columns[i]; col.Default != nil {
				all = append(all, DefaultCell{r, col, col.Protection, col.Default, col.DefaultForm})
			}
		}
	}
	return all
}

// ConfiguredName is the name by which configuration and policy know a column's table, and the column's.
func (d *DefaultCell) ConfiguredName() (TableName, string) {
	return d.Relation.configuredName(), d.Relation.configuredColumn(d.Column.Num, d.Column.Name)
}

// DefaultText is how the server would write a default of the logical type whose text is value (get_const_expr and get_coercion_expr,
// src/backend/utils/adt/ruleutils.c).
func (d *DefaultCell) DefaultText(value string) string {
	p := d.Protection
	own, form := p.serverName(), DefaultForm{Quoted: !isNumber(p.Type.OID)}
	typ := own
	if d.Form != nil {
		form = *d.Form
	}
	if isNumber(p.Type.OID) {
		if d.Form != nil {
			value = form.number(value)
		}
		if !form.Quoted {
			typ = form.numberType(value)
		}
	}
	bare, full := constantText(value, typ)
	switch form.Cast {
	case CastText:
		return bare + "::text"
	case CastVarchar:
		return bare + "::character varying"
	case CastModified:
		if typ == own {
			return bare + "::" + modifiedName(p.Type)
		}
		return "(" + full + ")::" + modifiedName(p.Type)
	case CastOwn:
		return "(" + full + ")::" + own
	case CastDomain:
		return "(" + full + ")::" + quoteUnlessPlain(p.Defined.Name)
	}
	return full
}

// constantText is a constant of a type without its name, and with it where the server writes it.
func constantText(value, typ string) (bare, full string) {
	switch {
	case typ == "boolean":
		bare = map[bool]string{true: "true", false: "false"}[value == "t"]
		return bare, bare
	case typ == "integer" && !strings.HasPrefix(value, "-"),
		typ == "numeric" && value != "" && value[0] >= '0' && value[0] <= '9' && strings.ContainsAny(value, "eE."):
		return value, value
	}
	bare = "'" + strings.ReplaceAll(value, "'", "''") + "'"
	return bare, bare + "::" + typ
}

// modifiedName is a type's name with its modifier as format_type writes it.
func modifiedName(t Type) string {
	p := Protection{Type: t}
	if elem, ok := t.Element(); ok {
		return modifiedName(elem) + "[]"
	}
	switch name := p.serverName(); {
	case t.Mod < 0:
		return name
	case t.OID == OIDNumeric:
		return t.String()
	case t.OID == OIDBpchar:
		return fmt.Sprintf("character(%d)", t.Mod-4)
	case rounded(t.OID):
		first, rest, _ := strings.Cut(name, " ")
		return fmt.Sprintf("%s(%d) %s", first, t.Mod, rest)
	default:
		return fmt.Sprintf("%s(%d)", name, t.Mod-4)
	}
}

// NullText is a default of NULL, for who may not see the column's values.
func (d *DefaultCell) NullText() string { return "NULL::" + d.Protection.serverName() }

// serverName is a type's name without modifier as format_type writes it (src/backend/utils/adt/format_type.c).
func (p *Protection) serverName() string {
	if p.Defined != nil && p.Defined.Kind != DefinedDomain { // a constant is of a domain's base type (coerce_type, src/backend/parser/parse_coerce.c)
		return quoteUnlessPlain(p.Defined.Name)
	}
	if elem, ok := p.Type.Element(); ok {
		e := Protection{Type: elem}
		return e.serverName() + "[]"
	}
	switch p.Type.OID {
	case OIDBool:
		return "boolean"
	case OIDInt2:
		return "smallint"
	case OIDInt4:
		return "integer"
	case OIDInt8:
		return "bigint"
	case OIDFloat4:
		return "real"
	case OIDFloat8:
		return "double precision"
	case OIDVarchar:
		return "character varying"
	case OIDTime:
		return "time without time zone"
	case OIDTimetz:
		return "time with time zone"
	case OIDTimestamp:
		return "timestamp without time zone"
	case OIDTimestamptz:
		return "timestamp with time zone"
	}
	return typeText(p.Type.OID)
}

// quoteUnlessPlain writes a type's name, without the schema public, in which it is mostly visible.
func quoteUnlessPlain(t TableName) string {
	one := func(s string) string {
		if strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == "" && s != "" && (s[0] < '0' || s[0] > '9') {
			return s
		}
		return quoteName(s)
	}
	if t.Schema == "" || t.Schema == "public" {
		return one(t.Name)
	}
	return one(t.Schema) + "." + one(t.Name)
}

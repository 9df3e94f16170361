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

// DefaultText is how the server would write a default of the logical type whose text is value (get_const_expr,
// src/backend/utils/adt/ruleutils.c).
func (d *DefaultCell) DefaultText(value string) string {
	name := d.Protection.serverName()
	switch d.Protection.Type.OID {
	case OIDBool:
		if value == "t" {
			return "true"
		}
		return "false"
	case OIDInt2, OIDInt4, OIDInt8, OIDNumeric, OIDFloat4, OIDFloat8:
		return d.numberText(value, name)
	}
	return quotedConstant(value, name)
}

// numberText is DefaultText for a number of the type name.
func (d *DefaultCell) numberText(value, name string) string {
	quoted := false
	if d.Form != nil {
		value, quoted = d.Form.number(value), d.Form.Quoted
	}
	digits, negative := strings.CutPrefix(value, "-")
	whole := !strings.Contains(digits, ".")
	if strings.Trim(digits, "0123456789.") != "" { // exponents, NaN
		return quotedConstant(value, name)
	}
	if quoted {
		if name == "numeric" && !negative && !whole {
			return value
		}
		return quotedConstant(value, name)
	}
	if !whole && !negative {
		return value
	}
	n, err := strconv.ParseInt(value, 10, 64)
	switch {
	case !whole || err != nil || d.Form != nil && name != "numeric": // of an integer or a float a number has a form only if it was written with a point or an exponent
		name = "numeric"
	case n != int64(int32(n)):
		name = "bigint"
	case !negative:
		return value
	default:
		name = "integer"
	}
	return quotedConstant(value, name)
}

func quotedConstant(value, name string) string {
	return "'" + strings.ReplaceAll(value, "'", "''") + "'::" + name
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

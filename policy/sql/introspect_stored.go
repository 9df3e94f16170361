package sql

import (
	"fmt"
	"slices"
	"strings"
)

var attributeColumns = []string{"atttypid", "atttypmod", "attlen", "attbyval", "attalign", "attstorage", "attcollation", "atthasdef"}

var indexColumns = []string{"indclass", "indcollation"}

// logicalList finds what is known of a column by expressions over constants. There is no join, so the planner does with
// conditions on such a column what it does with those on a stored one, and columns of other tables cost one look into a hash table.
type logicalList struct {
	columns []logicalColumn
	// own is true of the relations of which columns are listed; at is the place in the list, from 1, or NULL.
	own, at string
}

// listOf makes a list for a relation of catalogs in which relid and num, of type int2 to int8, say what the column is.
func listOf(columns []logicalColumn, relid, num string) *logicalList {
	var relids, keys []string
	for _, col := range columns {
		if oid := fmt.Sprint(col.oid); !slices.Contains(relids, oid) {
			relids = append(relids, oid)
		}
		keys = append(keys, fmt.Sprint(int64(col.oid)<<16+int64(col.num)))
	}
	return &logicalList{columns,
		relid + " OPERATOR(pg_catalog.=) ANY ('{" + strings.Join(relids, ",") + "}'::pg_catalog.oid[])",
		"pg_catalog.array_position('{" + strings.Join(keys, ",") + "}'::pg_catalog.int8[], " +
			relid + "::pg_catalog.int8 OPERATOR(pg_catalog.*) 65536 OPERATOR(pg_catalog.+) " + num + ")"}
}

// value is an element of an array of constants for the column, or NULL.
func (l *logicalList) value(typ string, of func(col *logicalColumn) any) string {
	list := make([]string, len(l.columns))
	for i := range l.columns {
		list[i] = fmt.Sprint(of(&l.columns[i]))
	}
	return "('{" + strings.Join(list, ",") + "}'::pg_catalog." + typ + "[])[" + l.at + "]"
}

// ofType is a column of pg_type for the column's type, or NULL. Each type is looked up once in a query.
func (l *logicalList) ofType(column string) string {
	var types []uint32
	place := l.value("int4", func(col *logicalColumn) any {
		at := slices.Index(types, col.typ.OID)
		if at < 0 {
			at, types = len(types), append(types, col.typ.OID)
		}
		return at + 1
	})
	looked := make([]string, len(types))
	for i, oid := range types {
		looked[i] = fmt.Sprintf("(SELECT t.%s FROM pg_catalog.pg_type t WHERE t.oid OPERATOR(pg_catalog.=) %d::pg_catalog.oid)", column, oid)
	}
	return "(ARRAY[" + strings.Join(looked, ", ") + "])[" + place + "]"
}

func (l *logicalList) instead(own, value string) string {
	return "CASE WHEN " + l.own + " THEN COALESCE(" + value + ", " + own + ") ELSE " + own + " END"
}

// attributeText shows protected columns as of their logical types.
func attributeText(c *Catalog, columns, more []string, as asked) string {
	all := c.logicalColumns()
	if len(all) == 0 {
		return ""
	}
	l := listOf(all, "r.attrelid", "r.attnum")
	list := selectList(columns, more, func(name string) string {
		own := "r." + name
		switch {
		case !as.reads(name):
		case name == "atttypid":
			return l.instead(own, l.value("oid", func(col *logicalColumn) any { return col.typ.OID }))
		case name == "atttypmod":
			return l.instead(own, l.value("int4", func(col *logicalColumn) any { return col.typ.Mod }))
		case name == "atthasdef":
			return own + " AND " + l.instead("true", l.value("bool", func(col *logicalColumn) any { return col.known && as.defaults }))
		case slices.Contains(attributeColumns, name):
			return l.instead(own, l.ofType("typ"+strings.TrimPrefix(name, "att")))
		}
		return ""
	})
	return "(SELECT " + list + " FROM pg_catalog.pg_attribute r)"
}

// indexText shows indexes of protected columns with the operator classes and collations that they would have for the logical types: the
// defaults, since others can't be chosen.
func indexText(c *Catalog, columns, more []string, as asked) string {
	var all []logicalColumn
	for _, col := range c.logicalColumns() {
		if c.byOID[col.oid] == nil {
			all = append(all, col)
		}
	}
	if len(all) == 0 {
		return ""
	}
	l := listOf(all, "r.indexrelid", "u.n")
	list := selectList(columns, more, func(name string) string {
		value := ""
		switch {
		case !as.reads(name):
			return ""
		case name == "indclass":
			value = "(SELECT o.oid FROM pg_catalog.pg_opclass o WHERE o.opcdefault AND o.opcintype OPERATOR(pg_catalog.=) " +
				l.value("oid", func(col *logicalColumn) any { return c.opclassInput(col.typ.OID) }) +
				" AND o.opcmethod OPERATOR(pg_catalog.=) (SELECT k.relam FROM pg_catalog.pg_class k WHERE k.oid OPERATOR(pg_catalog.=) r.indexrelid))"
		case name == "indcollation":
			value = l.ofType("typcollation")
		default:
			return ""
		}
		return "CASE WHEN " + l.own + " THEN (SELECT pg_catalog.string_agg(COALESCE(" + value + ", u.oid)::pg_catalog.text, ' '::pg_catalog.text ORDER BY u.n)::pg_catalog.oidvector" +
			" FROM pg_catalog.unnest(r." + name + ") WITH ORDINALITY u(oid, n)) ELSE r." + name + " END"
	})
	return "(SELECT " + list + " FROM pg_catalog.pg_index r)"
}

// opclassInput is the type of which the default operator class for values of a type is (GetDefaultOpClass, src/backend/commands/indexcmds.c).
func (c *Catalog) opclassInput(oid uint32) uint32 {
	const anyArray, anyEnum = 2277, 3500
	switch {
	case oid == OIDVarchar:
		return OIDText
	case oid == OIDCidr:
		return OIDInet
	case elementOID(oid) != 0:
		return anyArray
	}
	for _, d := range c.types {
		switch {
		case d.OID == oid && d.Kind == DefinedEnum:
			return anyEnum
		case d.OID == oid && d.Kind == DefinedDomain:
			return c.opclassInput(d.Base.OID)
		case d.Array == oid:
			return anyArray
		}
	}
	return oid
}

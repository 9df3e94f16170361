package sql

import (
	"fmt"
	"strings"
)

// columnsColumns are the columns of information_schema.columns that follow a column's type.
var columnsColumns = []string{"column_default", "data_type", "character_maximum_length", "character_octet_length", "numeric_precision",
	"numeric_precision_radix", "numeric_scale", "datetime_precision", "interval_type", "domain_catalog", "domain_schema", "domain_name",
	"udt_schema", "udt_name"}

// columnsText computes what information_schema.columns says of a column as the server's own view does for a column of the logical type
// (src/backend/catalog/information_schema.sql).
func columnsText(c *Catalog, columns, more []string, as asked) string {
	var rows strings.Builder
	for _, col := range c.logicalColumns() {
		if rows.Len() > 0 {
			rows.WriteString(", ")
		}
		fmt.Fprintf(&rows, "(%s::pg_catalog.name, %s::pg_catalog.name, %d::pg_catalog.int4, %d::pg_catalog.oid, (%d)::pg_catalog.int4, %v)",
			quoteText(col.table.Schema), quoteText(col.table.Name), col.num, col.typ.OID, col.typ.Mod, col.known && as.defaults)
	}
	if rows.Len() == 0 {
		return ""
	}
	list := selectList(columns, more, func(name string) string {
		e, domain := columnsExpression(name)
		if e == "" {
			return ""
		}
		return "CASE WHEN v.num IS NULL THEN r." + name + " ELSE (" + e + ")::information_schema." + domain + " END"
	})
	return "(SELECT " + list + " FROM information_schema.columns r LEFT JOIN (VALUES " + rows.String() + ") v(s, t, num, typid, typmod, def)" +
		" ON v.s OPERATOR(pg_catalog.=) r.table_schema::pg_catalog.name AND v.t OPERATOR(pg_catalog.=) r.table_name::pg_catalog.name" +
		" AND v.num OPERATOR(pg_catalog.=) r.ordinal_position::pg_catalog.int4)"
}

// columnsExpression is a column's value for the type v.typid, and the domain that the column is of.
func columnsExpression(name string) (expression, domain string) {
	const number = "cardinal_number"
	// b is the type, or of a domain the type beneath it; d the type itself.
	fromTypes := func(what string) string {
		return "SELECT " + what + " FROM pg_catalog.pg_type d JOIN pg_catalog.pg_type b ON b.oid OPERATOR(pg_catalog.=)" +
			" CASE WHEN d.typtype OPERATOR(pg_catalog.=) 'd'::pg_catalog.\"char\" THEN d.typbasetype ELSE d.oid END WHERE d.oid OPERATOR(pg_catalog.=) v.typid"
	}
	ofType := func(function string) string {
		return fromTypes("information_schema." + function + "(b.oid, CASE WHEN d.typtype OPERATOR(pg_catalog.=) 'd'::pg_catalog.\"char\" THEN d.typtypmod ELSE v.typmod END)")
	}
	ifDomain := func(what string) string {
		return fromTypes("CASE WHEN d.typtype OPERATOR(pg_catalog.=) 'd'::pg_catalog.\"char\" THEN " + what + " END")
	}
	schemaOf := func(t string) string {
		return "(SELECT n.nspname FROM pg_catalog.pg_namespace n WHERE n.oid OPERATOR(pg_catalog.=) " + t + ".typnamespace)"
	}
	switch name {
	case "column_default":
		return "CASE WHEN v.def THEN r.column_default END", "character_data"
	case "data_type":
		return fromTypes("CASE WHEN b.typelem OPERATOR(pg_catalog.<>) 0::pg_catalog.oid AND b.typlen OPERATOR(pg_catalog.=) (-1) THEN 'ARRAY'" +
			" WHEN b.typnamespace OPERATOR(pg_catalog.=) 'pg_catalog'::pg_catalog.regnamespace::pg_catalog.oid" +
			" THEN pg_catalog.format_type(b.oid, NULL) ELSE 'USER-DEFINED' END"), "character_data"
	case "character_maximum_length":
		return ofType("_pg_char_max_length"), number
	case "character_octet_length":
		return ofType("_pg_char_octet_length"), number
	case "numeric_precision":
		return ofType("_pg_numeric_precision"), number
	case "numeric_precision_radix":
		return ofType("_pg_numeric_precision_radix"), number
	case "numeric_scale":
		return ofType("_pg_numeric_scale"), number
	case "datetime_precision":
		return ofType("_pg_datetime_precision"), number
	case "interval_type":
		return ofType("_pg_interval_type"), "character_data"
	case "domain_catalog":
		return ifDomain("pg_catalog.current_database()"), "sql_identifier"
	case "domain_schema":
		return ifDomain(schemaOf("d")), "sql_identifier"
	case "domain_name":
		return ifDomain("d.typname"), "sql_identifier"
	case "udt_schema":
		return fromTypes(schemaOf("b")), "sql_identifier"
	case "udt_name":
		return fromTypes("b.typname"), "sql_identifier"
	}
	return "", ""
}

package sql

import (
	"fmt"
	"slices"
	"strings"
)

// spliced is a relation of the server's own that a text reads, and what stands in its place.
type spliced struct {
	// columns are those whose values differ; reading none of them needs no splice. Empty: rows are left out.
	columns []string
	// text makes what follows FROM, with parentheses and without alias; columns are the relation's own in order, more its system columns
	// to be shown besides. asked.defaults says
	// that the rows' texts are looked at for the cells of known defaults. Empty when there is nothing to change.
	text func(c *Catalog, columns, more []string, as asked) string
}

// asked is how a text reads a relation.
type asked struct {
	defaults bool
	reads    func(column string) bool // false: the column is surely not read
}

var (
	pgAttribute  = TableName{"pg_catalog", "pg_attribute"}
	pgClass      = TableName{"pg_catalog", "pg_class"}
	pgConstraint = TableName{"pg_catalog", "pg_constraint"}
	pgAttrdef    = TableName{"pg_catalog", "pg_attrdef"}
	pgIndex      = TableName{"pg_catalog", "pg_index"}
	infoColumns  = TableName{"information_schema", "columns"}
	infoChecks   = TableName{"information_schema", "check_constraints"}
	infoTables   = TableName{"information_schema", "table_constraints"}
	infoUsage    = TableName{"information_schema", "constraint_column_usage"}
)

// splicedRelation says what becomes of a relation of the server's own.
func splicedRelation(name TableName) (spliced, bool) {
	switch name {
	case pgAttribute:
		return spliced{attributeColumns, attributeText}, true
	case pgClass:
		return spliced{[]string{"relchecks"}, classText}, true
	case pgConstraint:
		return spliced{nil, constraintText}, true
	case pgAttrdef:
		return spliced{nil, attrdefText}, true
	case pgIndex:
		return spliced{indexColumns, indexText}, true
	case infoColumns:
		return spliced{columnsColumns, columnsText}, true
	case infoChecks:
		return spliced{nil, checksText}, true
	case infoTables:
		return spliced{nil, guardedText(infoTables)}, true
	case infoUsage:
		return spliced{nil, guardedText(infoUsage)}, true
	}
	return spliced{}, false
}

// selectList writes r's columns, those that change by expr, and behind them more, which a list of names for the columns does not reach.
func selectList(columns, more []string, expr func(column string) string) string {
	var b strings.Builder
	for i, name := range slices.Concat(columns, more) {
		if i > 0 {
			b.WriteString(", ")
		}
		if e := expr(name); e != "" {
			b.WriteString(e + " AS ")
		} else {
			b.WriteString("r.")
		}
		b.WriteString(quoteName(name))
	}
	return b.String()
}

func unchanged(string) string { return "" }

// quoteText is a string constant that means the same whatever standard_conforming_strings is.
func quoteText(s string) string {
	s = strings.ReplaceAll(s, "'", "''")
	if strings.Contains(s, `\`) {
		return `E'` + strings.ReplaceAll(s, `\`, `\\`) + `'`
	}
	return "'" + s + "'"
}

// attrdefText leaves out the defaults of protected columns, which are cells, but for those that are shown as what they hold.
func attrdefText(c *Catalog, columns, more []string, as asked) string {
	var where strings.Builder
	for _, col := range c.logicalColumns() {
		if !col.hasDefault || col.known && as.defaults {
			continue
		}
		if where.Len() > 0 {
			where.WriteString(" AND ")
		}
		fmt.Fprintf(&where, "(r.adrelid OPERATOR(pg_catalog.<>) %d::pg_catalog.oid OR r.adnum OPERATOR(pg_catalog.<>) %d::pg_catalog.int2)", col.oid, col.num)
	}
	if where.Len() == 0 {
		return ""
	}
	return "(SELECT " + selectList(columns, more, unchanged) + " FROM pg_catalog.pg_attrdef r WHERE " + where.String() + ")"
}

// classText does not count the guards among a table's CHECKs.
func classText(c *Catalog, columns, more []string, _ asked) string {
	counts, order := map[uint32]int{}, []uint32(nil)
	for _, g := range c.logical.guards {
		if counts[g.relation.OID]++; counts[g.relation.OID] == 1 {
			order = append(order, g.relation.OID)
		}
	}
	if len(order) == 0 {
		return ""
	}
	slices.Sort(order)
	list := selectList(columns, more, func(name string) string {
		if name != "relchecks" {
			return ""
		}
		var b strings.Builder
		b.WriteString("(r.relchecks OPERATOR(pg_catalog.-) CASE")
		for _, oid := range order {
			fmt.Fprintf(&b, " WHEN r.oid OPERATOR(pg_catalog.=) %d::pg_catalog.oid THEN %d", oid, counts[oid])
		}
		return b.String() + " ELSE 0 END)::pg_catalog.int2"
	})
	return "(SELECT " + list + " FROM pg_catalog.pg_class r)"
}

// constraintText leaves out the guards.
func constraintText(c *Catalog, columns, more []string, _ asked) string {
	if len(c.logical.guards) == 0 {
		return ""
	}
	var oids []string
	for _, g := range c.logical.guards {
		oids = append(oids, fmt.Sprint(g.oid))
	}
	return "(SELECT " + selectList(columns, more, unchanged) + " FROM pg_catalog.pg_constraint r WHERE r.oid OPERATOR(pg_catalog.<>) ALL ('{" +
		strings.Join(oids, ",") + "}'::pg_catalog.oid[]))"
}

// checksText leaves out the guards of information_schema.check_constraints, which does not say of which table they are.
func checksText(c *Catalog, columns, more []string, _ asked) string {
	return withoutGuards(c, infoChecks, columns, more, func(g *logicalGuard) string {
		return differs("constraint_schema", g.relation.Schema) + " OR " + differs("constraint_name", g.name) +
			" OR r.check_clause OPERATOR(pg_catalog.!~~) " + quoteText("%x"+g.suffix+"'%")
	})
}

// guardedText leaves out the guards of a view of information_schema that says of which table a constraint is.
func guardedText(from TableName) func(c *Catalog, columns, more []string, as asked) string {
	return func(c *Catalog, columns, more []string, _ asked) string {
		return withoutGuards(c, from, columns, more, func(g *logicalGuard) string {
			return differs("table_schema", g.relation.Schema) + " OR " + differs("table_name", g.relation.Name) + " OR " + differs("constraint_name", g.name)
		})
	}
}

func differs(column, value string) string {
	return "r." + column + " OPERATOR(pg_catalog.<>) " + quoteText(value)
}

// withoutGuards leaves out the rows that do not differ from a guard's.
func withoutGuards(c *Catalog, from TableName, columns, more []string, other func(g *logicalGuard) string) string {
	var where []string
	for i := range c.logical.guards {
		where = append(where, "("+other(&c.logical.guards[i])+")")
	}
	if len(where) == 0 {
		return ""
	}
	return "(SELECT " + selectList(columns, more, unchanged) + " FROM " + from.String() + " r WHERE (" + strings.Join(where, " AND ") + ") IS NOT FALSE)"
}

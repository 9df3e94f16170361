package proxy

import (
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/value"
)

// columnType is a protected column's type as value reads and writes it.
func columnType(p *sql.Protection) value.Column {
	c := value.Column{Type: valueType(p.Type)}
	d := p.Defined
	if d == nil {
		return c
	}
	switch d.Kind {
	case sql.DefinedEnum:
		c.Enum = &value.Enum{Name: d.Name.Name, Array: d.Array, Labels: d.Labels}
	case sql.DefinedCitext:
		c.Citext, c.Array = true, d.Array
	case sql.DefinedDomain:
		c.Domain = &value.Domain{Name: d.Name.Name, OID: d.OID}
		for _, k := range d.Checks {
			c.Domain.Checks = append(c.Domain.Checks, value.DomainCheck{Name: k.Name, Expr: check(&k.Expr)})
		}
	default:
		c.Type = value.Type{} // nothing can be read or written as what the catalog does not have
	}
	return c
}

// columnTypes keeps the types that a session's values were sealed as. Types of PostgreSQL's own need no keeping.
type columnTypes map[definedColumn]value.Column

type definedColumn struct {
	defined *sql.DefinedType
	typ     sql.Type
}

// columnTypesKept bounds what stays of catalogs that have been replaced.
const columnTypesKept = 64

// of is columnType, made once for each type that the database defines.
func (t *columnTypes) of(p *sql.Protection) value.Column {
	if p.Defined == nil {
		return columnType(p)
	}
	key := definedColumn{p.Defined, p.Type}
	c, ok := (*t)[key]
	if ok {
		return c
	}
	if *t == nil || len(*t) >= columnTypesKept {
		*t = columnTypes{}
	}
	c = columnType(p)
	(*t)[key] = c
	return c
}

func check(e *sql.CheckExpr) value.Check {
	k := value.Check{Operator: e.Operator, Text: e.Text, Texts: e.Texts, Pattern: e.Pattern, Op: map[sql.CheckOp]value.CheckOp{
		sql.CheckAnd: value.CheckAnd, sql.CheckOr: value.CheckOr, sql.CheckNot: value.CheckNot, sql.CheckCompare: value.CheckCompare, sql.CheckIn: value.CheckIn,
		sql.CheckMatch: value.CheckMatch, sql.CheckLength: value.CheckLength, sql.CheckBytes: value.CheckBytes}[e.Op]}
	for i := range e.Args {
		k.Args = append(k.Args, check(&e.Args[i]))
	}
	return k
}

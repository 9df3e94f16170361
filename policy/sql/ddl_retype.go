package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// retype analyses ALTER COLUMN … TYPE. For a protected column it says that the logical type is what the configuration has: at the server
// the column stays bytea.
func (a *analysis) retype(table TableName, prot map[string]Protection, c *pg_query.AlterTableCmd) {
	def := c.GetDef().GetColumnDef()
	at, using := a.findName(c.GetName()), def.GetRawDefault()
	p := lookup(prot, c.GetName())
	if p == nil {
		if readsColumns(using, prot, a.making.row()) {
			a.refuse(codeAlterType, at, "the type of %s.%s can't be changed: a protected column is read", table, c.GetName())
		}
		return
	}
	if p.Document != nil {
		a.refuse(codeDocumentSchema, at, "the type of %s.%s, which has protected paths, can't be changed", table, c.GetName())
		return
	}
	typ := def.GetTypeName()
	if !a.declared(typ, p) {
		a.refuseHint(codeAlterType, int(typ.GetLocation()), "Change the type in the encrypt section and reload, if the stored values fit it; the statement then does nothing.",
			"the type of protected column %s.%s is configured as %s", table, c.GetName(), p.typeName())
		return
	}
	start := int(typ.GetLocation())
	end := typeNameEnd(a.text, start)
	if end >= 0 && def.GetCollClause() != nil {
		end = a.dropCollation(def.GetCollClause(), end)
	}
	if end >= 0 && using != nil {
		end = a.ownCast(c.GetName(), using, *p, end)
	}
	if start < 0 || end < 0 {
		a.refuse(codeAlterType, at, "the type of %s.%s can't be changed: USING computes with a protected column", table, c.GetName())
		return
	}
	a.st.Edits = append(a.st.Edits, Edit{At: Span{start, end}, Text: "pg_catalog.bytea"})
}

// ownCast is the end of USING c or USING c::type behind at, where c is the column itself and type its own; -1 for any other expression.
func (a *analysis) ownCast(column string, using *pg_query.Node, p Protection, at int) int {
	end := wordsEnd(a.text, at, "using")
	ref := using.GetColumnRef()
	cast := using.GetTypeCast()
	if cast != nil {
		typ, ok := typeOf(cast.GetTypeName())
		if same := p.Defined == nil && ok && typ.OID == p.Type.OID && (typ.Mod == p.Type.Mod || typ.Mod < 0); !same && !a.declared(cast.GetTypeName(), &p) {
			return -1
		}
		ref = cast.GetArg().GetColumnRef()
	}
	if names := stringList(ref.GetFields()); end < 0 || len(names) != 1 || names[0] != column {
		return -1
	}
	if end = nameEnd(a.text, end); end < 0 || cast == nil {
		return end
	}
	colons, ok := nextToken(a.text, end)
	if !ok || a.text[colons.Start:colons.End] != "::" {
		return -1
	}
	return typeNameEnd(a.text, skipTo(a.text, colons.End))
}

// dropCollation is the end of COLLATE name behind at, -1 when the collation may find different bytes equal.
func (a *analysis) dropCollation(c *pg_query.CollateClause, at int) int {
	end := wordsEnd(a.text, at, "collate")
	if end < 0 || !removable(c.GetCollname(), isBytewise) {
		return -1
	}
	return a.nameSpan(skipTo(a.text, end)).End
}

package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// minMax analyses min and max of a protected value. PostgreSQL before 18 has neither for bytea, but for text: the hexadecimal form of a
// cell sorts as the cell does.
func (r *resolver) minMax(n *pg_query.FuncCall, name string, v value, use Use) value {
	r.mark(v, use|UseAggregate)
	if !r.may(opMinMax, v) {
		return v
	}
	p := *v.prot
	if !hasExtremes(p.Type.OID) {
		r.no(codeAggregate, v.at.Start, "there is no %s of this type", name)
		return v
	}
	c, ok := r.callText(n)
	if !ok || len(n.GetAggOrder()) > 0 {
		r.noHint(codeAggregate, v.at.Start, "Write "+name+"(column) in the plain form, outside views.", "this form of %s can't be used with %s", name, v.name())
		return v
	}
	r.splice(c.name, "pg_catalog.decode(pg_catalog."+name)
	r.splice(Span{c.arg.Start, c.arg.Start}, " pg_catalog.encode(")
	r.splice(Span{c.close, c.close}, `,'hex') COLLATE "C"`)
	r.splice(Span{c.end, c.end}, ",'hex')")
	r.respell(n, c.end)
	if !n.GetAggDistinct() && n.GetAggFilter() == nil && n.GetOver() == nil && !n.GetAggWithinGroup() {
		r.extremes = append(r.extremes, extremeCall{n, name, v})
	}
	if p.Type.OID == OIDVarchar {
		p.Type = Type{OIDText, -1}
	}
	return carried(v, p, r.spanAt(n.GetLocation()))
}

// hasExtremes reports whether the server has min and max of a type.
func hasExtremes(oid uint32) bool {
	switch oid {
	case OIDBool, OIDBytea, OIDUUID, OIDJSON, OIDJSONB, OIDMacaddr, OIDCidr: // max of cidr is inet
		return false
	}
	return true
}

// carried is a value that a call took from v as it is: without a modifier, which the scale of numeric is shown by all the same.
func carried(v value, p Protection, at Span) value {
	v = v.derived()
	v.prot, v.typ, v.at, v.bare = &p, p.Type, at, true
	v.src = -1
	return v
}

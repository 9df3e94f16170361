package sql

import (
	"slices"
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// constant is a constant of the client's text. In a view's body there is nothing to rewrite: a constant there is what it is.
func (r *resolver) constant(c *pg_query.A_Const) value {
	v := value{form: formFree, src: -1, at: r.span(c.GetLocation(), literalEnd)}
	if c.GetIsnull() {
		if r.view == nil {
			v.leaves = []*leaf{r.leaf(&leaf{at: v.at, kind: leafNull})}
		}
		return v
	}
	l := &leaf{at: v.at}
	switch x := c.GetVal().(type) {
	case *pg_query.A_Const_Sval:
		l.lit, l.text = LiteralString, x.Sval.GetSval()
		v.typ.OID = OIDUnknown
	case *pg_query.A_Const_Ival:
		l.lit, l.text = LiteralInteger, strconv.Itoa(int(x.Ival.GetIval()))
		v.typ.OID = OIDInt4
	case *pg_query.A_Const_Fval:
		l.lit, l.text = LiteralFloat, x.Fval.GetFval()
		if !strings.ContainsAny(l.text, ".eE") {
			l.lit = LiteralInteger
		}
		v.typ.OID = OIDNumeric
	case *pg_query.A_Const_Boolval:
		l.lit, l.text = LiteralBool, strconv.FormatBool(x.Boolval.GetBoolval())
		v.typ.OID = OIDBool
	default:
		l.kind = leafBits
	}
	if r.view != nil {
		return plainValue(v.typ.OID, v.at)
	}
	v.leaves = []*leaf{r.leaf(l)}
	return v
}

// leaf registers l, once for each place of the text.
func (r *resolver) leaf(l *leaf) *leaf {
	if old, ok := r.leafAt[l.at.Start]; ok && old.kind == l.kind {
		return old
	}
	r.leafAt[l.at.Start] = l
	r.leaves = append(r.leaves, l)
	return l
}

func (r *resolver) param(p *pg_query.ParamRef) value {
	at := r.span(p.GetLocation(), paramEnd)
	if r.view != nil {
		return plainValue(0, at)
	}
	l := r.leaf(&leaf{at: at, kind: leafParam, number: int(p.GetNumber())})
	return value{form: formFree, src: -1, leaves: []*leaf{l}, at: at}
}

// typeCast analyses a cast, of which the grammar also makes TRUE and FALSE.
func (r *resolver) typeCast(s *scope, n *pg_query.TypeCast, use Use) value {
	c := r.castType(n.GetTypeName())
	arg := n.GetArg()
	typ := Type{c.oid, -1}
	if c.array {
		typ.OID = arrayOID(c.oid)
	}
	if c.modified {
		typ.OID = 0
	}
	switch {
	case r.view != nil && arg.GetAConst() != nil:
		if c.oid == OIDBytea && !c.modified || arg.GetAConst().GetIsnull() {
			// A cell that the proxy sealed when the view was made, or NULL.
			return value{form: formFree, src: -1, typ: typ, at: r.view.at, viewed: !arg.GetAConst().GetIsnull()}
		}
		return value{form: formPlain, src: -1, typ: typ, at: r.view.at}
	case arg.GetAConst() != nil:
		if arg.GetAConst().GetIsnull() {
			v := value{form: formFree, src: -1, typ: typ, at: r.span(arg.GetAConst().GetLocation(), literalEnd)}
			if c.at.Start >= 0 {
				v.leaves = []*leaf{r.leaf(&leaf{at: c.at, kind: leafCast, cast: c, exact: true})}
			}
			return v
		}
		v := r.constant(arg.GetAConst())
		if arg.GetAConst().GetBoolval() != nil && n.GetTypeName().GetLocation() < 0 {
			return v
		}
		v.leaves[0].cast = c
		v.typ = typ
		return v
	case arg.GetParamRef() != nil:
		v := r.param(arg.GetParamRef())
		if len(v.leaves) > 0 {
			v.leaves[0].cast = c
		}
		v.typ = typ
		return v
	case arg.GetAArrayExpr() != nil && c.array:
		v := r.eval(s, arg, use)
		narrow(v, c)
		if r.view == nil {
			v.leaves = append(v.leaves, r.leaf(&leaf{at: c.at, kind: leafCast, cast: c}))
		}
		v.typ = typ
		return v
	}
	v := r.eval(s, arg, use)
	switch v.form {
	case formSealed:
		return r.castSealed(v, c, use)
	case formDocument:
		if ok := !c.array && !c.modified && c.oid == OIDJSONB && c.defined == nil; ok {
			return v // the server names the column itself
		}
	case formJSON:
		if j, ok := castJSON(v, n.GetTypeName()); ok {
			return j
		}
	case formFree:
		// Of a column of VALUES, or a second cast: what the value inside becomes, this must become too.
		if r.view == nil && c.at.Start >= 0 {
			v.leaves = append(v.leaves[:len(v.leaves):len(v.leaves)], r.leaf(&leaf{at: c.at, kind: leafCast, cast: c, exact: castInside(arg, v, c)}))
			v.typ = typ
			return v
		}
	}
	r.settle(v, use|UseExpression, 0, codeCast)
	out := value{form: formPlain, src: -1, typ: typ, at: v.at}
	if v.form == formPlain && v.src >= 0 && (c.oid == 0 || c.whole() == v.typ.OID) {
		// The cast of a column to its own type is the column: the server names its origin. Of a type without a name here, it may be.
		out.src, out.oid, out.num, out.column = v.src, v.oid, v.num, v.column
	}
	return out
}

// castInside has the cast of CASE or COALESCE to a type with a modifier cut or round each of the constants and parameters that stand there, and reports
// whether it could: nothing but them becomes the value, and they have no cast of their own. Parameters that nothing else gives a type are text then.
func castInside(arg *pg_query.Node, v value, c *castTo) (exact bool) {
	if c.array || !choosesConstants(arg) {
		return false
	}
	numbers := slices.ContainsFunc(v.leaves, func(l *leaf) bool { return l.kind == leafLiteral && l.lit != LiteralString })
	exact = c.modified && c.cut.OID != 0 && c.defined == nil
	for _, l := range v.leaves {
		switch {
		case l.kind == leafParam && numbers:
			exact = false // it has the numbers' type
		case l.kind == leafParam:
			l.read, l.input = OIDText, true
		}
	}
	if exact {
		for _, l := range v.leaves {
			l.cut = c.cut
		}
	}
	return exact
}

// choosesConstants reports whether an expression is one of the constants and parameters that are written in it.
func choosesConstants(n *pg_query.Node) bool {
	var all []*pg_query.Node
	switch {
	case n.GetCaseExpr() != nil:
		for _, when := range n.GetCaseExpr().GetArgs() {
			all = append(all, when.GetCaseWhen().GetResult())
		}
		if other := n.GetCaseExpr().GetDefresult(); other != nil {
			all = append(all, other)
		}
	case n.GetCoalesceExpr() != nil:
		all = n.GetCoalesceExpr().GetArgs()
	}
	return len(all) > 0 && !slices.ContainsFunc(all, func(n *pg_query.Node) bool {
		return n.GetAConst() == nil && n.GetParamRef() == nil && !choosesConstants(n)
	})
}

// narrow has the integers of an array raise what the array's type does not take.
func narrow(v value, c *castTo) {
	for _, e := range v.elems {
		for _, l := range e.leaves {
			l.within = c.oid
		}
		narrow(e, c)
	}
}

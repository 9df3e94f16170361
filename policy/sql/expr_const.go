package sql

import (
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
	if c.mod != -1 {
		typ.OID = 0
	}
	switch {
	case r.view != nil && arg.GetAConst() != nil:
		if c.oid == OIDBytea && c.mod == -1 || arg.GetAConst().GetIsnull() {
			// A cell that the proxy sealed when the view was made, or NULL.
			return value{form: formFree, src: -1, typ: typ, at: r.view.at}
		}
		return value{form: formPlain, src: -1, typ: typ, at: r.view.at}
	case arg.GetAConst() != nil:
		if arg.GetAConst().GetIsnull() {
			v := value{form: formFree, src: -1, typ: typ, at: r.span(arg.GetAConst().GetLocation(), literalEnd)}
			if c.at.Start >= 0 {
				v.leaves = []*leaf{r.leaf(&leaf{at: c.at, kind: leafCast, cast: c})}
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
	case formFree:
		// Of a column of VALUES, or a second cast: what the value inside becomes, this must become too.
		if r.view == nil && c.at.Start >= 0 {
			v.leaves = append(v.leaves[:len(v.leaves):len(v.leaves)], r.leaf(&leaf{at: c.at, kind: leafCast, cast: c}))
			v.typ = typ
			return v
		}
	}
	r.settle(v, use|UseExpression, 0, codeCast)
	return value{form: formPlain, src: -1, typ: typ, at: v.at}
}

// castSealed analyses the cast of a protected value. To its own type, or a wider one of the family, it changes nothing.
func (r *resolver) castSealed(v value, c *castTo, use Use) value {
	r.mark(v, use|UseExpression)
	from := v.prot.Type.OID
	if r.view != nil || c.array || c.mod != -1 || c.oid == 0 || family(c.oid) != family(from) || width(c.oid) < width(from) {
		r.no(codeCast, v.at.Start, "%s can't be cast to this type", v.name())
		return v
	}
	l := r.leaf(&leaf{at: c.at, kind: leafCast, cast: c})
	r.bind(l, v.target(PurposeCompare), false)
	p := *v.prot
	p.Type = Type{c.oid, -1}
	v.prot, v.typ = &p, p.Type
	return v
}

// figureName is the name that a result column gets: FigureColname.
func figureName(node *pg_query.Node) string {
	if name := innerName(node); name != "" {
		return name
	}
	return "?column?"
}

func innerName(node *pg_query.Node) string {
	switch n := node.GetNode().(type) {
	case *pg_query.Node_ColumnRef:
		names := nameList(n.ColumnRef.GetFields())
		for i := len(names) - 1; i >= 0; i-- {
			if names[i] != "*" {
				return names[i]
			}
		}
	case *pg_query.Node_AIndirection:
		if names := nameList(n.AIndirection.GetIndirection()); len(names) > 0 && names[len(names)-1] != "" {
			return names[len(names)-1]
		}
		return innerName(n.AIndirection.GetArg())
	case *pg_query.Node_FuncCall:
		names := nameList(n.FuncCall.GetFuncname())
		return names[len(names)-1]
	case *pg_query.Node_AExpr:
		if n.AExpr.GetKind() == pg_query.A_Expr_Kind_AEXPR_NULLIF {
			return "nullif"
		}
	case *pg_query.Node_TypeCast:
		if name := innerName(n.TypeCast.GetArg()); name != "" {
			return name
		}
		names := nameList(n.TypeCast.GetTypeName().GetNames())
		if len(names) > 0 {
			return names[len(names)-1]
		}
	case *pg_query.Node_CollateClause:
		return innerName(n.CollateClause.GetArg())
	case *pg_query.Node_GroupingFunc:
		return "grouping"
	case *pg_query.Node_SubLink:
		return subLinkName(n.SubLink)
	case *pg_query.Node_CaseExpr:
		if name := innerName(n.CaseExpr.GetDefresult()); name != "" {
			return name
		}
		return "case"
	case *pg_query.Node_AArrayExpr:
		return "array"
	case *pg_query.Node_RowExpr:
		return "row"
	case *pg_query.Node_CoalesceExpr:
		return "coalesce"
	case *pg_query.Node_MinMaxExpr:
		if n.MinMaxExpr.GetOp() == pg_query.MinMaxOp_IS_GREATEST {
			return "greatest"
		}
		return "least"
	case *pg_query.Node_SqlvalueFunction:
		return valueFunctionName(n.SqlvalueFunction.GetOp())
	case *pg_query.Node_XmlExpr:
		return xmlName(n.XmlExpr.GetOp())
	case *pg_query.Node_XmlSerialize:
		return "xmlserialize"
	}
	return jsonName(node)
}

// xmlName names XMLELEMENT and its kin; IS DOCUMENT has no name.
func xmlName(op pg_query.XmlExprOp) string {
	if op == pg_query.XmlExprOp_IS_DOCUMENT {
		return ""
	}
	return strings.ToLower(strings.TrimPrefix(op.String(), "IS_"))
}

func jsonName(node *pg_query.Node) string {
	switch n := node.GetNode().(type) {
	case *pg_query.Node_JsonObjectConstructor:
		return "json_object"
	case *pg_query.Node_JsonArrayConstructor, *pg_query.Node_JsonArrayQueryConstructor:
		return "json_array"
	case *pg_query.Node_JsonObjectAgg:
		return "json_objectagg"
	case *pg_query.Node_JsonArrayAgg:
		return "json_arrayagg"
	case *pg_query.Node_JsonParseExpr:
		return "json"
	case *pg_query.Node_JsonScalarExpr:
		return "json_scalar"
	case *pg_query.Node_JsonSerializeExpr:
		return "json_serialize"
	case *pg_query.Node_JsonFuncExpr:
		switch n.JsonFuncExpr.GetOp() {
		case pg_query.JsonExprOp_JSON_EXISTS_OP:
			return "json_exists"
		case pg_query.JsonExprOp_JSON_QUERY_OP:
			return "json_query"
		case pg_query.JsonExprOp_JSON_VALUE_OP:
			return "json_value"
		}
	}
	return ""
}

// valueFunctionName is the name of CURRENT_DATE and its kin: SVFOP_CURRENT_TIME_N is named current_time.
func valueFunctionName(op pg_query.SQLValueFunctionOp) string {
	name := strings.ToLower(strings.TrimPrefix(op.String(), "SVFOP_"))
	return strings.TrimSuffix(name, "_n")
}

func subLinkName(n *pg_query.SubLink) string {
	switch n.GetSubLinkType() {
	case pg_query.SubLinkType_EXISTS_SUBLINK:
		return "exists"
	case pg_query.SubLinkType_ARRAY_SUBLINK:
		return "array"
	case pg_query.SubLinkType_EXPR_SUBLINK:
		list := n.GetSubselect().GetSelectStmt().GetTargetList()
		if len(list) == 1 {
			if name := list[0].GetResTarget().GetName(); name != "" {
				return name
			}
			return innerName(list[0].GetResTarget().GetVal())
		}
	}
	return ""
}

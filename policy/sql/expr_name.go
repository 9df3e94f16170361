package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

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

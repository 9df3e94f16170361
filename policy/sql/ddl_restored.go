package sql

import (
	"encoding/hex"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// restored are the protected columns that the elements of a CREATE TABLE define as they are stored, which is what a dump of cells does: bytea, with
// the column's own guard written out as a constraint of the table. Such a definition is sent as it is: it makes what the proxy would make of
// the logical type. guards are those constraints.
func restored(elements []*pg_query.Node, prot map[string]Protection) (columns map[string]bool, guards []*pg_query.Constraint) {
	columns = map[string]bool{}
	for _, e := range elements {
		c := e.GetConstraint()
		if c.GetContype() != pg_query.ConstrType_CONSTR_CHECK {
			continue
		}
		column, suffix := guardOf(c.GetRawExpr())
		p, ok := prot[column]
		if !ok || p.Guard == "" || suffix != p.Guard || columns[column] || c.GetIsNoInherit() || c.GetSkipValidation() {
			continue
		}
		for _, d := range elements {
			if def := d.GetColumnDef(); def.GetColname() == column && asStored(def, &p) {
				columns[column] = true
				guards = append(guards, c)
			}
		}
	}
	return columns, guards
}

// asStored reports whether a column is defined as bytea, with nothing but NOT NULL and a cell as its default.
func asStored(def *pg_query.ColumnDef, p *Protection) bool {
	typ, ok := typeOf(def.GetTypeName())
	if !ok || typ.OID != OIDBytea || def.GetCollClause() != nil || def.GetCompression() != "" || def.GetStorageName() != "" || len(def.GetFdwoptions()) > 0 ||
		unusableType(p, &Column{NotNull: true}, def.GetColname()) != nil {
		return false
	}
	notNull := false
	for _, n := range def.GetConstraints() {
		switch c := n.GetConstraint(); c.GetContype() {
		case pg_query.ConstrType_CONSTR_NOTNULL:
			notNull = true
		case pg_query.ConstrType_CONSTR_NULL:
		case pg_query.ConstrType_CONSTR_DEFAULT:
			if cell, ok := storedDefault(c.GetRawExpr()); !ok || !strings.HasSuffix(cell, p.Guard) {
				return false
			}
		default:
			return false
		}
	}
	return notNull || p.Defined == nil || !p.Defined.NotNull
}

// guardOf is the column and the suffix of a condition that has the form of guardConstraint, in the server's words or the proxy's; empty otherwise.
func guardOf(n *pg_query.Node) (column, suffix string) {
	x := n.GetAExpr()
	if !operator(x, "=") {
		return "", ""
	}
	suffix, ok := byteaConstant(x.GetRexpr())
	args := callOf(x.GetLexpr(), "substr")
	if !ok || len(args) != 2 || !operator(args[1].GetAExpr(), "-") {
		return "", ""
	}
	from := args[1].GetAExpr()
	length := callOf(from.GetLexpr(), "octet_length")
	if len(length) != 1 || from.GetRexpr().GetAConst().GetIval() == nil || int(from.GetRexpr().GetAConst().GetIval().GetIval()) != len(suffix)-1 {
		return "", ""
	}
	one, other := stringList(args[0].GetColumnRef().GetFields()), stringList(length[0].GetColumnRef().GetFields())
	if len(one) != 1 || !slices.Equal(one, other) {
		return "", ""
	}
	return one[0], suffix
}

// operator reports whether x is the server's own operator of that name.
func operator(x *pg_query.A_Expr, name string) bool {
	names := stringList(x.GetName())
	return x.GetKind() == pg_query.A_Expr_Kind_AEXPR_OP && len(names) > 0 && names[len(names)-1] == name &&
		(len(names) == 1 || len(names) == 2 && names[0] == "pg_catalog")
}

// callOf is what a plain call of a function of the server's has as arguments, nil for anything else.
func callOf(n *pg_query.Node, name string) []*pg_query.Node {
	f := n.GetFuncCall()
	names := stringList(f.GetFuncname())
	if len(names) == 0 || names[len(names)-1] != name || len(names) > 2 || len(names) == 2 && names[0] != "pg_catalog" ||
		f.GetAggStar() || f.GetAggDistinct() || f.GetFuncVariadic() || f.GetOver() != nil || f.GetAggFilter() != nil || len(f.GetAggOrder()) > 0 {
		return nil
	}
	return f.GetArgs()
}

// byteaConstant is the value of '\x…'::bytea.
func byteaConstant(n *pg_query.Node) (string, bool) {
	typ, ok := typeOf(n.GetTypeCast().GetTypeName())
	s := n.GetTypeCast().GetArg().GetAConst().GetSval()
	digits, hexadecimal := strings.CutPrefix(s.GetSval(), `\x`)
	b, err := hex.DecodeString(digits)
	return string(b), ok && typ.OID == OIDBytea && hexadecimal && err == nil
}

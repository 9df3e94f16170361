package sql

import (
	"regexp"
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// readChecks understands the CHECKs of a domain, as pg_get_constraintdef writes them, or says why the domain can't be protected.
func (d *DefinedType) readChecks(checks []snapCheck) {
	if _, ok := baseTypeOf(d.Base.OID); !ok {
		d.problem = "it is a domain over a type that is not supported"
		return
	}
	for _, c := range checks {
		e, ok := readCheck(c.Definition, d.Base)
		if !ok {
			d.problem = "its constraint " + c.Name + " is not one that the proxy can evaluate"
			return
		}
		d.Checks = append(d.Checks, DomainCheck{Name: c.Name, Expr: e})
	}
}

func readCheck(definition string, base Type) (CheckExpr, bool) {
	expr, ok := strings.CutPrefix(definition, "CHECK ")
	if !ok {
		return CheckExpr{}, false // NOT VALID, or what later versions write
	}
	tree, err := pg_query.Parse("SELECT " + expr)
	if err != nil || len(tree.GetStmts()) != 1 {
		return CheckExpr{}, false
	}
	targets := tree.GetStmts()[0].GetStmt().GetSelectStmt().GetTargetList()
	if len(targets) != 1 {
		return CheckExpr{}, false
	}
	return checkExpr(targets[0].GetResTarget().GetVal(), base)
}

func checkExpr(n *pg_query.Node, base Type) (CheckExpr, bool) {
	if b := n.GetBoolExpr(); b != nil {
		op := map[pg_query.BoolExprType]CheckOp{pg_query.BoolExprType_AND_EXPR: CheckAnd, pg_query.BoolExprType_OR_EXPR: CheckOr,
			pg_query.BoolExprType_NOT_EXPR: CheckNot}[b.GetBoolop()]
		e := CheckExpr{Op: op}
		for _, arg := range b.GetArgs() {
			a, ok := checkExpr(arg, base)
			if !ok {
				return e, false
			}
			e.Args = append(e.Args, a)
		}
		return e, op != 0
	}
	e := n.GetAExpr()
	names := stringList(e.GetName())
	if e == nil || len(names) != 1 {
		return CheckExpr{}, false
	}
	op := names[0]
	switch {
	case e.GetKind() == pg_query.A_Expr_Kind_AEXPR_OP_ANY && op == "=" && isValue(e.GetLexpr(), base):
		texts, ok := checkList(e.GetRexpr())
		return CheckExpr{Op: CheckIn, Texts: texts}, ok && exactEquality(base)
	case e.GetKind() != pg_query.A_Expr_Kind_AEXPR_OP:
		return CheckExpr{}, false
	}
	text, isText, ok := checkConstant(e.GetRexpr())
	if !ok {
		return CheckExpr{}, false
	}
	out := CheckExpr{Operator: op, Text: text}
	comparison := op == "=" || op == "<>" || op == "<" || op == "<=" || op == ">" || op == ">="
	switch {
	case isValue(e.GetLexpr(), base) && op == "~":
		out.Op, out.Pattern = CheckMatch, plainPattern(text)
		return out, isText && textual(base.OID) && out.Pattern != nil
	case isValue(e.GetLexpr(), base) && comparison:
		out.Op = CheckCompare
		if numbers(base.OID) {
			return out, !isText || numeral.MatchString(text)
		}
		return out, exactEquality(base) && (op == "=" || op == "<>")
	case comparison && !isText:
		out.Op = lengthOf(e.GetLexpr(), base)
		return out, out.Op != 0 && numeral.MatchString(text)
	}
	return out, false
}

var numeral = regexp.MustCompile(`^-?[0-9]{1,18}(\.[0-9]{1,18})?$`)

func textual(oid uint32) bool { return oid == OIDText || oid == OIDVarchar }

func numbers(oid uint32) bool { return family(oid) == OIDInt8 || oid == OIDNumeric }

// exactEquality: a constant as it is written, read as the base type, equals a value where their texts do.
func exactEquality(base Type) bool { return textual(base.OID) }

// isValue recognises VALUE, and VALUE::text of a varchar.
func isValue(n *pg_query.Node, base Type) bool {
	if c := n.GetTypeCast(); c != nil && textual(base.OID) {
		t, ok := typeOf(c.GetTypeName())
		return ok && t == Type{OIDText, -1} && isValue(c.GetArg(), base)
	}
	names := stringList(n.GetColumnRef().GetFields())
	return len(names) == 1 && names[0] == "value" && len(n.GetColumnRef().GetFields()) == 1
}

func lengthOf(n *pg_query.Node, base Type) CheckOp {
	f := n.GetFuncCall()
	names := stringList(f.GetFuncname())
	if f == nil || len(f.GetArgs()) != 1 || !textual(base.OID) || !isValue(f.GetArgs()[0], base) || len(names) != 1 {
		return 0
	}
	switch names[0] {
	case "length", "char_length", "character_length":
		return CheckLength
	case "octet_length":
		return CheckBytes
	}
	return 0
}

// checkConstant reads a constant and the casts that pg_get_constraintdef writes around it.
func checkConstant(n *pg_query.Node) (text string, isText, ok bool) {
	if c := n.GetTypeCast(); c != nil {
		t, known := typeOf(c.GetTypeName())
		text, isText, ok = checkConstant(c.GetArg())
		return text, isText, ok && known && t.Mod == -1 && (textual(t.OID) || t.OID == OIDNumeric || family(t.OID) == OIDInt8 && !strings.Contains(text, "."))
	}
	if e := n.GetAExpr(); e != nil && e.GetLexpr() == nil && len(e.GetName()) == 1 && e.GetName()[0].GetString_().GetSval() == "-" {
		text, isText, ok = checkConstant(e.GetRexpr())
		return "-" + text, isText, ok && !isText && !strings.HasPrefix(text, "-")
	}
	c := n.GetAConst()
	if c == nil || c.GetIsnull() {
		return "", false, false
	}
	switch v := c.GetVal().(type) {
	case *pg_query.A_Const_Sval:
		return v.Sval.GetSval(), true, true
	case *pg_query.A_Const_Ival:
		return strconv.Itoa(int(v.Ival.GetIval())), false, true
	case *pg_query.A_Const_Fval:
		return v.Fval.GetFval(), false, numeral.MatchString(v.Fval.GetFval())
	}
	return "", false, false
}

// checkList reads ARRAY['a'::text, …] with a cast or without.
func checkList(n *pg_query.Node) ([]string, bool) {
	if c := n.GetTypeCast(); c != nil {
		names := stringList(c.GetTypeName().GetNames())
		ok := len(names) > 0 && textual(logicalType(names[len(names)-1])) && len(c.GetTypeName().GetArrayBounds()) == 1 && len(c.GetTypeName().GetTypmods()) == 0
		texts, read := checkList(c.GetArg())
		return texts, ok && read
	}
	a := n.GetAArrayExpr()
	if a == nil {
		return nil, false
	}
	var texts []string
	for _, e := range a.GetElements() {
		text, isText, ok := checkConstant(e)
		if !ok || !isText {
			return nil, false
		}
		texts = append(texts, text)
	}
	return texts, true
}

// plainPattern compiles regular expressions that mean the same to PostgreSQL (as an ARE) and to Go: literals, ^ and $, any character,
// bracket expressions of characters and ranges, one quantifier, groups, alternatives, escaped punctuation. Everything in ASCII, since
// beyond it collations have a say. Others give nil.
func plainPattern(p string) *regexp.Regexp {
	const atom = `(?:[A-Za-z0-9 _@#%&=,:;!'"<>/~` + "`" + `-]|\.|\\[.^$*+?(){}\[\]|/@-]|\[\^?\]?(?:[A-Za-z0-9 _@#%&=,;!'"<>/~.+*?(){}|$]|[a-z]-[a-z]|[A-Z]-[A-Z]|[0-9]-[0-9])+-?\])`
	const piece = atom + `(?:[*+?]|\{[0-9]{1,2}(?:,[0-9]{0,2})?\})?`
	const inner = `(?:` + piece + `|\^|\$)+`
	const group = `(?:\(` + inner + `(?:\|` + inner + `)*\)(?:[*+?]|\{[0-9]{1,2}(?:,[0-9]{0,2})?\})?)`
	const branch = `(?:` + piece + `|` + group + `|\^|\$)+`
	if len(p) > 1000 || !regexp.MustCompile(`^`+branch+`(?:\|`+branch+`)*$`).MatchString(p) {
		return nil
	}
	compiled, err := regexp.Compile("(?s)" + p)
	if err != nil {
		return nil
	}
	return compiled
}

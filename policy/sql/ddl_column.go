package sql

import (
	"fmt"
	"hash/fnv"
	"strings"
	"unicode/utf8"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// columnDef analyses one column definition of CREATE TABLE or ADD COLUMN. prot are the table's protected columns; p is this
// column's, nil for a plain one.
func (a *analysis) columnDef(table TableName, prot map[string]Protection, def *pg_query.ColumnDef) {
	p, ok := prot[def.GetColname()]
	if !ok && a.making != nil && a.cat.away(a.making.configuredName(), def.GetColname()) {
		a.refuse(codeAway, int(def.GetLocation()), "%s.%s is a configured column that has now another name", a.making.configuredName(), def.GetColname())
		return
	}
	for _, n := range def.GetConstraints() {
		c := n.GetConstraint()
		if c.GetContype() == pg_query.ConstrType_CONSTR_FOREIGN {
			a.foreignKey(table, prot, []string{def.GetColname()}, c)
		}
		switch {
		case c.GetContype() == pg_query.ConstrType_CONSTR_DEFAULT || !readsColumns(c.GetRawExpr(), prot, a.making.row()):
		case c.GetContype() == pg_query.ConstrType_CONSTR_CHECK:
			a.storedCondition(a.making, c.GetRawExpr(), codeColumnCheck, int(c.GetLocation()), "an expression of column %s.%s reads a protected column", table, def.GetColname())
		default:
			a.refuse(codeColumnCheck, int(c.GetLocation()), "an expression of column %s.%s reads a protected column", table, def.GetColname())
		}
	}
	if ok && !a.refused() {
		a.protectedColumn(table, def, p)
	}
}

func (a *analysis) protectedColumn(table TableName, def *pg_query.ColumnDef, p Protection) {
	at, name := int(def.GetLocation()), table.String()+"."+def.GetColname()
	typ := def.GetTypeName()
	if typ == nil { // of a partition, which has its parent's
		for _, n := range def.GetConstraints() {
			a.columnConstraint(table, def.GetColname(), p, n.GetConstraint())
		}
		return
	}
	if isSerial(typ) {
		a.refuse(codeColumnForm, int(typ.GetLocation()), "protected column %s can't be serial", name)
		return
	}
	if r := unusableType(&p, &Column{NotNull: true}, name); r != nil {
		r.At = int(typ.GetLocation())
		a.st.Refusal = r
		return
	}
	if !a.declared(typ, &p) {
		a.refuseHint(codeColumnType, int(typ.GetLocation()), "Declare it as "+p.typeName()+"; the proxy stores it as bytea.",
			"protected column %s is configured as %s", name, p.typeName())
		return
	}
	if def.GetCompression() != "" || def.GetStorageName() != "" || len(def.GetFdwoptions()) > 0 {
		a.refuse(codeColumnForm, at, "protected column %s can't have storage options here", name)
		return
	}
	span := Span{int(typ.GetLocation()), typeNameEnd(a.text, int(typ.GetLocation()))}
	if span.Start < 0 || span.End < 0 {
		a.refuse(codeColumnPlaced, at, "the type of column %s was not found in the text", name)
		return
	}
	if c := def.GetCollClause(); c != nil {
		if span.End = a.dropCollation(c, span.End); span.End < 0 {
			a.refuseHint(codeColumnForm, int(c.GetLocation()), "Leave COLLATE out, or use \"C\" or \"default\".",
				"protected column %s can't have a collation under which different values may be equal", name)
			return
		}
	}
	if p.Document != nil {
		for _, n := range def.GetConstraints() {
			a.columnConstraint(table, def.GetColname(), p, n.GetConstraint())
		}
		return
	}
	stored := "bytea"
	if p.Defined != nil && p.Defined.NotNull {
		stored += " NOT NULL"
	}
	if p.Guard != "" {
		stored += " " + guardConstraint(def.GetColname(), p.Guard)
	}
	a.st.Edits = append(a.st.Edits, Edit{At: span, Text: stored})
	for _, n := range def.GetConstraints() {
		a.columnConstraint(table, def.GetColname(), p, n.GetConstraint())
	}
}

func (a *analysis) columnConstraint(table TableName, column string, p Protection, c *pg_query.Constraint) {
	at := int(c.GetLocation())
	switch c.GetContype() {
	case pg_query.ConstrType_CONSTR_NULL, pg_query.ConstrType_CONSTR_NOTNULL, pg_query.ConstrType_CONSTR_FOREIGN,
		pg_query.ConstrType_CONSTR_ATTR_DEFERRABLE, pg_query.ConstrType_CONSTR_ATTR_NOT_DEFERRABLE,
		pg_query.ConstrType_CONSTR_ATTR_DEFERRED, pg_query.ConstrType_CONSTR_ATTR_IMMEDIATE:
	case pg_query.ConstrType_CONSTR_PRIMARY, pg_query.ConstrType_CONSTR_UNIQUE:
		if a.noCitextKey(table, column, &p, at) {
			return
		}
		if !p.Search.Equal() {
			a.refuse(codeUniqueNone, at, "UNIQUE on %s.%s, which is sealed with search: none, would not be enforced", table, column)
		}
	case pg_query.ConstrType_CONSTR_DEFAULT:
		a.defaultValue(table, column, p, c.GetRawExpr(), at)
	case pg_query.ConstrType_CONSTR_CHECK: // columnDef has seen that it reads no protected column, so at most NULL tests
	default:
		a.refuse(codeColumnForm, at, "protected column %s.%s can't be an identity or generated column", table, column)
	}
}

// defaultValue seals a literal DEFAULT.
func (a *analysis) defaultValue(table TableName, column string, p Protection, expr *pg_query.Node, at int) {
	c, how := expr.GetAConst(), CastNone
	if cast := expr.GetTypeCast(); cast != nil {
		// The cast goes, since the sealed value brings its own.
		var gone []Span
		c, how, gone = a.castDefault(p, cast)
		for _, span := range gone {
			a.st.Edits = append(a.st.Edits, Edit{At: span})
		}
	}
	if c == nil {
		a.refuse(codeDefault, at, "the DEFAULT of protected column %s.%s is not a literal", table, column)
		return
	}
	if c.GetIsnull() {
		return
	}
	lit, ok := literalOf(a.text, c)
	if !ok {
		a.refuse(codeDefault, at, "the DEFAULT of protected column %s.%s is not a literal that can be sealed", table, column)
		return
	}
	lit.Target = Target{Table: table, Column: column, Protection: p, Purpose: PurposeStore}
	lit.asDocument()
	p.defaultForm(&lit, how).keep(&lit)
	a.st.Literals = append(a.st.Literals, lit)
}

// literalOf finds the constant in the text and cross-checks its lexical kind with the tree's.
func literalOf(text string, c *pg_query.A_Const) (Literal, bool) {
	at := int(c.GetLocation())
	end := literalEnd(text, at)
	if end < 0 {
		return Literal{}, false
	}
	t, _ := nextToken(text, at)
	number := t.Kind == KindInteger || t.Kind == KindFloat || t.Kind == KindOperator
	lit := Literal{At: Span{at, end}}
	switch v := c.GetVal().(type) {
	case *pg_query.A_Const_Sval:
		lit.Kind, lit.Text = LiteralString, v.Sval.GetSval()
		return lit, t.Kind == KindString || t.Kind == KindEString || t.Kind == KindUString || t.Kind == KindDollar
	case *pg_query.A_Const_Ival:
		lit.Kind, lit.Text = LiteralInteger, fmt.Sprint(v.Ival.GetIval())
		return lit, number
	case *pg_query.A_Const_Fval:
		lit.Kind, lit.Text = LiteralFloat, v.Fval.GetFval()
		return lit, number
	case *pg_query.A_Const_Boolval:
		lit.Kind, lit.Text = LiteralBool, fmt.Sprint(v.Boolval.GetBoolval())
		return lit, t.Kind == KindWord
	}
	return lit, false
}

// guardConstraint is a CHECK that a stored value ends as this column's do, so that a direct connection can't store plain text.
func guardConstraint(column, guard string) string {
	col := quoteName(column)
	return fmt.Sprintf(`CONSTRAINT %s CHECK (pg_catalog.substr(%s, pg_catalog.octet_length(%s) OPERATOR(pg_catalog.-) %d) OPERATOR(pg_catalog.=) E'\\x%x'::pg_catalog.bytea)`,
		quoteName(guardName(column)), col, col, len(guard)-1, guard)
}

// guardName names the CHECK of a column within the 63 bytes that PostgreSQL keeps.
func guardName(column string) string {
	name := "pgveil_" + column
	if len(name) <= 63 {
		return name
	}
	h := fnv.New32a()
	h.Write([]byte(column))
	cut := name[:54]
	for !utf8.ValidString(cut) {
		cut = cut[:len(cut)-1]
	}
	return fmt.Sprintf("%s_%08x", cut, h.Sum32())
}

func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

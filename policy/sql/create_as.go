package sql

import (
	"fmt"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// analyzeCreateAs analyses CREATE TABLE AS and SELECT INTO. Cells are copied into columns that the configuration protects with the same key;
// constants for such columns are sealed.
func (a *analysis) analyzeCreateAs(query *pg_query.Node, into *pg_query.IntoClause, t *touch) {
	a.st.ChangesSchema, a.st.ChangesPath = true, t.changes
	rel := into.GetRel()
	if a.withhold(query, t); a.refused() {
		return
	}
	if a.pin(query, t, rel); a.refused() {
		return
	}
	if !a.sensitiveCreateAs(query, rel, t) {
		for _, ref := range t.tables {
			if rel == nil || ref.at != int(rel.GetLocation()) {
				a.addTable(ref.schema, ref.name, ref.at, ref.effects)
			}
		}
		a.addTarget(rel, EffectCreate|EffectInsert)
		a.st.Understood = !a.refused()
		return
	}
	if !a.checkCalls(t) {
		return
	}
	verb := a.st.Verb
	r := &resolver{analysis: a, column: map[columnKey]int{}, leafAt: map[int]*leaf{}}
	out := r.madeOf(query)
	if a.refused() {
		return
	}
	target := len(a.st.Tables)
	name, _ := a.addTarget(rel, EffectCreate|EffectInsert)
	a.st.Verb, a.st.Sensitive = verb, true
	if !out.exact {
		r.no(codeUnknownColumns, int(rel.GetLocation()), "the columns of the result can't be known")
	}
	names := stringList(into.GetColNames())
	var temporary *Temporary
	if name.Schema == "pg_temp" {
		temporary = &Temporary{Name: name.Name, Whole: true, Unless: a.unless(name.Name)}
	}
	for i, c := range out.cols {
		if i < len(names) {
			c.name = names[i]
		}
		if temporary != nil {
			r.madeTemporary(temporary, name, target, c, int(rel.GetLocation()))
			continue
		}
		r.made(name, target, c, int(rel.GetLocation()))
	}
	a.st.Temporary = temporary.holding()
	if r.soft == nil {
		r.closeColumns()
		r.closeParams()
	}
	if r.soft != nil && !a.refused() {
		a.st.Refusal = r.soft
	}
	a.st.Results, a.st.Understood = nil, !a.refused()
}

// sensitiveCreateAs reports whether the query, or the table that is made, is sensitive.
func (a *analysis) sensitiveCreateAs(query *pg_query.Node, rel *pg_query.RangeVar, t *touch) bool {
	if e := query.GetExecuteStmt(); e != nil {
		a.execute(e)
		if a.st.Sensitive || a.refused() {
			return true
		}
	}
	if name, _ := a.creationTarget(rel); a.cat.configured(name) {
		return true
	}
	for _, ref := range t.tables {
		if (rel == nil || ref.at != int(rel.GetLocation())) && a.cat.sensitiveTable(ref.schema, ref.name, ref.rel) {
			return true
		}
	}
	for _, f := range t.called {
		if schema, last := splitName(f.name); a.cat.sensitiveFunction(a.path, schema, last) {
			return true
		}
	}
	return t.operator
}

// madeOf is the columns of the query of CREATE TABLE AS.
func (r *resolver) madeOf(query *pg_query.Node) output {
	if query.GetExecuteStmt() != nil { // its tables and columns are there already
		return r.executed()
	}
	if sel := query.GetSelectStmt(); sel != nil {
		sel.IntoClause = nil
	}
	out, _ := r.statement(&scope{}, query)
	return out
}

// executed is the columns of EXECUTE's result.
func (r *resolver) executed() output {
	out := output{exact: true}
	if !r.st.Sensitive {
		r.no(codeUnknownColumns, r.st.At.Start, "the columns of what EXECUTE runs are not known")
	}
	for i := range r.st.Results {
		res := &r.st.Results[i]
		v := plainValue(0, Span{r.st.At.Start, r.st.At.Start})
		if res.Shape != ShapeCell {
			r.no(codeCopyOut, r.st.At.Start, "a value that holds cells can't be copied")
		}
		if res.Protection != nil {
			v.form, v.prot, v.column = formSealed, res.Protection, res.Origin.Column
			if k := res.Origin.Table; k >= 0 && k < len(r.st.Tables) {
				v.table = r.st.Tables[k].Table
			}
		}
		for k, c := range r.st.Columns {
			if c.Table == res.Origin.Table && c.Name == res.Origin.Column {
				v.cols = append(v.cols, k)
			}
		}
		out.cols = append(out.cols, itemColumn{name: res.Name, val: v})
	}
	return out
}

// made settles one column of a table that is made of a query.
func (r *resolver) made(table TableName, target int, c itemColumn, at int) {
	r.noteMade(target, c.name)
	prot, ok := r.cat.spec.Protected[table][c.name]
	if !ok && c.val.form == formSealed {
		r.mark(c.val, UseCarry)
		hint := "Make it a temporary table, or add to the encrypt section:\n" + configured(table, c.name, c.val.prot)
		r.noBecause(Refusal{
			Code: codeCreateAs, SQLSTATE: refusalDoc(codeCreateAs).SQLSTATE, At: r.pos(at), Hint: hint,
			Message: fmt.Sprintf("column %q of %s would hold values of %s, and is not protected", c.name, table, c.val.name()),
		})
		return
	}
	sl := slot{}
	if ok {
		sl.want = &Target{Table: table, Column: c.name, Protection: prot, Purpose: PurposeStore}
	}
	lift(c.val)
	r.assign(sl, c.val)
}

// configured is the YAML that protects a column as p does.
func configured(table TableName, column string, p *Protection) string {
	typ := typeText(p.Type.OID)
	switch {
	case p.Type.Mod < 4:
	case p.Type.OID == OIDNumeric:
		typ = fmt.Sprintf(`"numeric(%d,%d)"`, (p.Type.Mod-4)>>16, (p.Type.Mod-4)&0x7ff)
	case p.Type.OID == OIDVarchar:
		typ = fmt.Sprintf("varchar(%d)", p.Type.Mod-4)
	}
	if p.Defined != nil && p.Defined.Kind == DefinedCitext {
		typ = citextName
	}
	words := []string{"type: " + typ}
	if p.Search != SearchNone {
		words = append(words, "search: "+p.Search.String())
	}
	if p.Normalize != "" && !isCitext(p) {
		words = append(words, "normalize: ["+strings.ReplaceAll(p.Normalize, ",", ", ")+"]")
	}
	return fmt.Sprintf("  %s:\n    %s: {%s, key: %s}", table, column, strings.Join(words, ", "), p.Key)
}

package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// CopyFormat is the form of a COPY's data.
type CopyFormat uint8

// The formats. The zero value is none of them.
const (
	CopyText CopyFormat = iota + 1
	CopyCSV
	CopyBinary
)

// String is the format's word in SQL.
func (f CopyFormat) String() string {
	switch f {
	case CopyText:
		return "text"
	case CopyCSV:
		return "csv"
	case CopyBinary:
		return "binary"
	}
	return "unknown"
}

// CopyHeader says whether a COPY's data begin with a line of names.
type CopyHeader uint8

// The header choices (CopyHeaderChoice, src/include/commands/copy.h).
const (
	CopyNoHeader CopyHeader = iota
	CopyHeaderLine
	CopyHeaderMatch // COPY FROM: the names must be the columns'
)

// Copy describes the data of a COPY that touches something sensitive. The data's form is the same on both sides of the proxy, so
// these are the client's options and the server's.
type Copy struct {
	In     bool // FROM STDIN; otherwise TO STDOUT
	Format CopyFormat
	Header CopyHeader
	// Delimiter, Quote and Escape are single bytes; the latter two only of CSV.
	Delimiter, Quote, Escape byte
	Null                     string
	// Default stands for a column's default, in COPY FROM, if HasDefault.
	Default    string
	HasDefault bool
	// Columns are the fields of a row, in order.
	Columns []CopyColumn
	// Results are the same for COPY TO, as for a SELECT of them; nil for COPY FROM.
	Results []Result
}

// CopyColumn is one field of a COPY's rows.
type CopyColumn struct {
	Name   string
	Use    int     // index into Statement.Columns of the column that COPY FROM writes, -1 for COPY TO
	Target *Target // set where COPY FROM writes a protected column
	// The FORCE_ options of CSV that name the column.
	ForceQuote, ForceNotNull, ForceNull bool
}

// copy analyses COPY.
func (a *analysis) copy(n *pg_query.CopyStmt) {
	if n.GetQuery() != nil {
		a.copyQuery(n)
		return
	}
	effects := EffectCopyTo | EffectSelect
	if n.GetIsFrom() {
		effects = EffectCopyFrom | EffectInsert
	}
	r := n.GetRelation()
	at := int(r.GetLocation())
	rel := a.addTable(r.GetSchemaname(), r.GetRelname(), at, effects)
	t := a.touches(n.GetWhereClause())
	if ref := (tableRef{schema: r.GetSchemaname(), name: r.GetRelname(), rel: rel, at: at}); a.ambiguous(ref) {
		a.pinName(ref)
	}
	if !a.st.Sensitive && !t.sensitive {
		a.st.Understood = true
		return
	}
	c := a.copyStream(n)
	switch {
	case c == nil:
	case rel == nil:
		a.refuse(codeNoRelation, at, "relation %s does not exist", describe(r.GetSchemaname(), r.GetRelname()))
	case rel.Unusable != nil:
		a.refuseLike(rel.Unusable, at)
	case rel.Kind != 'r' && rel.Kind != 'f' && !(rel.Kind == 'p' && n.GetIsFrom()):
		a.refuse(codeCopyRelation, at, "COPY of %s, which is no plain table, is not supported", describe(rel.Schema, rel.Name))
	case a.checkCalls(t):
		a.copyTable(n, c, rel)
	}
	a.st.Understood = !a.refused()
}

// refuseLike refuses for a reason that the catalog has, at a place of this text.
func (a *analysis) refuseLike(why *Refusal, at int) {
	if a.st.Refusal == nil {
		r := *why
		r.At = at
		a.st.Refusal = &r
	}
}

// copyStream reads what the data look like, nil when refused.
func (a *analysis) copyStream(n *pg_query.CopyStmt) *Copy {
	if n.GetFilename() != "" || n.GetIsProgram() {
		a.refuse(codeCopyFile, a.st.At.Start, "COPY between a protected or listed table and the server's files or programs is not supported")
		return nil
	}
	return a.copyOptions(n)
}

// copyTable analyses COPY of a table. A list of columns is spliced in where there is none: the server must not take others than these
// if its schema changes meanwhile.
func (a *analysis) copyTable(n *pg_query.CopyStmt, c *Copy, rel *Relation) {
	r := &resolver{analysis: a, column: map[columnKey]int{}, leafAt: map[int]*leaf{}, sensitive: true}
	table := len(a.st.Tables) - 1
	at := a.st.Tables[table].At
	it := &rangeItem{name: rel.Name, schema: rel.Schema, rel: rel, table: table, at: at}
	columns := a.copyColumns(n, rel, at)
	if a.refused() {
		return
	}
	for _, i := range columns {
		col := CopyColumn{Name: rel.Columns[i].Name, Use: -1}
		if c.In {
			col.Target = r.slotOf(it, &rel.Columns[i], at, false).want
			col.Use = r.columnUse(table, &rel.Columns[i], at, true)
		}
		c.Columns = append(c.Columns, col)
	}
	if c.In {
		if w := n.GetWhereClause(); w != nil {
			r.condition(&scope{items: []*rangeItem{it}}, w, true, UsePredicate)
		}
	} else {
		out := output{exact: true}
		for _, i := range columns {
			out.cols = append(out.cols, itemColumn{name: rel.Columns[i].Name, val: it.value(r, i, at, true)})
		}
		r.show(out)
		c.Results, a.st.Results = a.st.Results, nil
	}
	if r.soft == nil {
		r.closeColumns()
		r.closeParams()
	}
	if r.soft != nil && !a.refused() {
		a.st.Refusal = r.soft
	}
	a.copyForces(n, c)
	a.copyOnce()
	a.st.Copy = c
}

// copyColumns are the columns that a COPY names, or all but the generated ones (CopyGetAttnums, src/backend/commands/copy.c), as indices
// into the relation's.
func (a *analysis) copyColumns(n *pg_query.CopyStmt, rel *Relation, at Span) (columns []int) {
	if names := stringList(n.GetAttlist()); len(names) > 0 {
		for _, name := range names {
			i, ok := rel.byName[name]
			if !ok {
				a.refuse(codeNoColumn, at.Start, "column %q of relation %q does not exist", name, rel.Name)
				return nil
			}
			columns = append(columns, i)
		}
		return columns
	}
	var list strings.Builder
	for i := range rel.Columns {
		if rel.Columns[i].Generated {
			continue
		}
		if len(columns) > 0 {
			list.WriteString(", ")
		}
		list.WriteString(`"` + strings.ReplaceAll(rel.Columns[i].Name, `"`, `""`) + `"`)
		columns = append(columns, i)
	}
	if len(columns) > 0 {
		a.st.Edits = append(a.st.Edits, Edit{At: Span{at.End, at.End}, Text: " (" + list.String() + ")"})
	}
	return columns
}

// copyQuery analyses COPY (query) TO.
func (a *analysis) copyQuery(n *pg_query.CopyStmt) {
	a.analyzeQuery(n.GetQuery())
	a.st.Verb = "copy"
	for i := range a.st.Tables {
		a.st.Tables[i].Effects |= EffectCopyTo
	}
	if a.refused() || !a.st.Sensitive {
		a.plain()
		return
	}
	c := a.copyStream(n)
	if c == nil {
		return
	}
	c.Results = a.st.Results
	for _, res := range c.Results {
		c.Columns = append(c.Columns, CopyColumn{Name: res.Name, Use: -1})
	}
	a.plain()
	a.copyForces(n, c)
	a.copyOnce()
	a.st.Copy = c
}

// copyOnce refuses conditions that the proxy looks at again: the rows of a COPY are shown, or stored, as they come.
func (a *analysis) copyOnce() {
	if len(a.st.Rechecks) > 0 || a.st.Hidden > 0 {
		a.refuse(codeCopyOption, a.st.At.Start, "COPY with a condition that the proxy has to look at again is not supported")
	}
}

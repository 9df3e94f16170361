package sql

import (
	"sort"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// createView allows a view or materialized view if analysis understands the body that the server will keep: sealed constants instead of the
// client's, and bytea columns. Statements over the view are analysed by reading that body again. What pg_get_viewdef shows are cells.
func (a *analysis) createView(query *pg_query.Node, view *pg_query.RangeVar, effects Effect) {
	verb := a.st.Verb
	a.analyzeQuery(query)
	a.st.Verb, a.st.ChangesSchema = verb, true
	if a.refused() {
		return
	}
	if a.st.Sensitive && !a.readsBack() {
		a.refuse(codeCreateView, a.st.At.Start, "the view's body does with a protected column what could not be understood when the view is read")
		return
	}
	a.plain()
	a.addTarget(view, effects)
	a.st.Understood = !a.refused()
}

// readsBack reports whether the body, as it is sent, gives the same columns when it is read as a view's.
func (a *analysis) readsBack() bool {
	tree, bad := parse(a.sent())
	if bad != nil || len(tree.GetStmts()) != 1 {
		return false
	}
	node := tree.GetStmts()[0].GetStmt()
	query := node.GetViewStmt().GetQuery()
	if query == nil {
		query = node.GetCreateTableAsStmt().GetQuery()
	}
	if query.GetSelectStmt() == nil {
		return false
	}
	cat := *a.cat
	cat.viewPath = a.path
	r := &resolver{analysis: &analysis{cat: &cat, path: a.path, text: a.text, st: &Statement{At: a.st.At}},
		column: map[columnKey]int{}, leafAt: map[int]*leaf{}, view: &viewFrame{at: Span{a.st.At.Start, a.st.At.Start}, depth: 1}}
	out := r.query(&scope{}, query.GetSelectStmt())
	if r.soft != nil || r.refused() || !out.exact || len(out.cols) != len(a.st.Results) {
		return false
	}
	for i, c := range out.cols {
		want := a.st.Results[i].Protection
		if (c.val.form == formDocument) != (a.st.Results[i].Shape == ShapeDocument) || c.val.form == formDocument && !sameDocument(c.val.doc, a.st.Results[i].Document) {
			return false
		}
		switch {
		case c.val.form == formUnusable || (c.val.form == formSealed) != (want != nil):
			return false
		case want != nil && (!sameDomain(want, c.val.prot) || want.Type.OID != c.val.prot.Type.OID):
			return false
		}
	}
	return true
}

// sent is the statement as the server gets it, with an empty value for each cell.
func (a *analysis) sent() string {
	type piece struct {
		at   Span
		text string
	}
	var all []piece
	for _, e := range a.st.Edits {
		all = append(all, piece{e.At, e.Text})
	}
	for _, l := range a.st.Literals {
		cell := ` ''::pg_catalog.bytea `
		if l.Array {
			cell = ` '{}'::pg_catalog.bytea[] `
		}
		all = append(all, piece{l.At, l.Before + cell + l.After})
	}
	sort.SliceStable(all, func(i, j int) bool {
		x, y := all[i].at, all[j].at
		return x.Start < y.Start || x.Start == y.Start && x.End == x.Start && y.End > y.Start
	})
	out, end := "", a.st.At.Start
	for _, p := range all {
		if p.at.Start < end || p.at.End > a.st.At.End {
			return ""
		}
		out += a.text[end:p.at.Start] + p.text
		end = p.at.End
	}
	return out + a.text[end:a.st.At.End]
}

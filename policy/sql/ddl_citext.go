package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// noCitextKey refuses a constraint on a citext column: the server makes one of columns only, and cells differ where values differ by case.
func (a *analysis) noCitextKey(table TableName, column string, p *Protection, at int) bool {
	if !isCitext(p) {
		return false
	}
	a.refuse(codeCitextConstraint, at, "a constraint on %s.%s would tell values apart that differ by case", table, column)
	return true
}

// citextItem is the text of one element of an index with the index of a citext column in its place.
func (a *analysis) citextItem(item Span, e *pg_query.IndexElem) {
	first, ok := nextToken(a.text, item.Start)
	end := nameEnd(a.text, item.Start)
	if !ok || end <= first.Start || end > item.End {
		a.refuse(codeColumnPlaced, item.Start, "an element of the index was not found in the text")
		return
	}
	a.st.Edits = append(a.st.Edits, Edit{At: Span{first.Start, end}, Text: "pg_catalog.substr(" + quoteName(e.GetName()) + ", 1, 16)"})
}

// isCitextClass reports the operator classes under which values that differ by case are equal.
func isCitextClass(name string) bool { return name == "citext_ops" || name == "citext_pattern_ops" }

// locale warns where the server's lower(), by which citext compares, is not Unicode's.
func (f *problemFinder) locale(s *snapshot) {
	lower, _, _ := strings.Cut(strings.ToLower(s.Ctype), "_")
	if !f.c.foldsASCII && lower != "tr" && lower != "az" {
		return
	}
	for table, columns := range f.c.spec.Protected {
		for name, p := range columns {
			if isCitext(&p) {
				f.add(table, name, false, "the database's ctype is "+s.Ctype+", under which citext compares other letters with regard to case than the proxy",
					"See \"Text that is equal when normalised\" in docs/operations.md; use search: none where it matters.")
			}
		}
	}
}

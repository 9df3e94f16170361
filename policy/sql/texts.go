package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// Codes of refusals of texts of several statements.
const codeTextCopy = "PV245"

// textRefusals documents the codes PV245 to PV249.
func textRefusals() []RefusalDoc {
	return []RefusalDoc{
		{codeTextCopy, "0A000", "COPY FROM STDIN stands in a text of several statements that has to be carried out one by one",
			"Send COPY FROM STDIN in a text of its own, as psql does with the statements of a file."},
	}
}

// earlier is what the statements of a text, up to one of them, may have changed of what the names in that one mean.
type earlier struct {
	moved bool // what names mean
	noisy bool // in other ways than calm data definition does
	ran   bool // functions may have been called, which can change search_path unseen
	// unnamed: something is reached now by a name that the catalog does not know to be that of something sensitive.
	unnamed bool
}

// judge refuses a statement that must be analysed again when the earlier ones of its text are done, and adds it to them.
func (e *earlier) judge(cat *Catalog, text string, raw *pg_query.RawStmt, st *Statement) {
	verb, sensitive := st.Verb, st.Sensitive
	tables := st.Tables
	later := e.moved && (e.noisy || !calmVerb(verb)) || e.ran && st.PathDependent
	st.Later = e.moved || e.ran && st.PathDependent
	if later && cat.MayTouch(text[st.At.Start:st.At.End]) || e.unnamed && !bounds(verb) {
		*st = Statement{At: st.At, Verb: verb, Sensitive: true, Later: true, ChangesPath: st.ChangesPath, ChangesSchema: st.ChangesSchema,
			PathDependent: st.PathDependent,
			Refusal:       newRefusal(codePathChanged, st.At.Start, "an earlier statement of this text may change what the names in this one mean")}
	}
	if c := raw.GetStmt().GetCopyStmt(); c != nil {
		st.TakesData = c.GetIsFrom() && c.GetFilename() == ""
	}
	e.moved = e.moved || st.ChangesPath || st.ChangesSchema
	e.ran = e.ran || !calmVerb(verb) && verb != "begin" && verb != "savepoint"
	e.noisy = e.noisy || st.ChangesPath || st.ChangesSchema && !calmVerb(verb)
	e.unnamed = e.unnamed || st.Refusal == nil && st.ChangesSchema && sensitive && (!calmVerb(verb) || cat.unnamed(tables))
}

// unnamed reports whether one of the tables that data definition makes or changes has a name that nothing sensitive has so far, such as a
// new partition of a protected table.
func (c *Catalog) unnamed(tables []TableUse) bool {
	for i := range tables {
		if tables[i].Effects&(EffectCreate|EffectAlter) != 0 && !c.sensitiveName(tables[i].Table.Name) {
			return true
		}
	}
	return false
}

// calmVerb reports kinds of data definition that may follow each other in one text: their analysis goes by the configured names, and
// none of them gives a name to another table.
func calmVerb(verb string) bool {
	switch verb {
	case "create table", "alter table", "create index", "drop table", "drop index", "create seq", "create enum", "comment", "grant", "revoke":
		return true
	}
	return false
}

// bounds reports the kinds of statements that only begin, divide or commit a transaction.
func bounds(verb string) bool {
	switch verb {
	case "begin", "start", "commit", "savepoint", "release":
		return true
	}
	return false
}

// Pieces are the places of a text's statements, if the text must be carried out statement by statement, each analysed when those in front of it
// are done: the first one that is refused comes behind one that may change what it means. It is nil for any other text. all is the text's analysis.
func Pieces(all []*Statement, refused int) ([]Span, *Refusal) {
	if refused < 0 || refused >= len(all) || !all[refused].Later {
		return nil, nil
	}
	spans := make([]Span, len(all))
	for i, st := range all {
		spans[i] = st.At
		if st.TakesData {
			return nil, newRefusal(codeTextCopy, st.At.Start, "COPY FROM STDIN in a text of which an earlier statement changes what a later one means")
		}
	}
	return spans, nil
}

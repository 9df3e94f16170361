package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// Codes of refusals of texts of several statements.
const (
	codeTextCopy    = "PV245"
	codeTextReading = "PV246"
)

// textRefusals documents the codes PV245 to PV249.
func textRefusals() []RefusalDoc {
	return []RefusalDoc{
		{codeTextCopy, "0A000", "COPY FROM STDIN stands in a text of several statements that has to be carried out one by one",
			"Send COPY FROM STDIN in a text of its own, as psql does with the statements of a file."},
		{codeTextReading, "0A000", "A text of several statements that has to be carried out one by one changes client_encoding or standard_conforming_strings",
			"A server reads all of a text under the settings before it. Send the SET in a text of its own."},
	}
}

// earlier is what the statements of a text, up to one of them, may have changed of what the names in that one mean.
type earlier struct {
	moved bool // what names mean
	noisy bool // in other ways than calm data definition does
	set   bool // how values are written and read
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
	if st.Sensitive && st.Refusal == nil && (e.set || configures(raw.GetStmt().ProtoReflect())) {
		*st = Statement{At: st.At, Verb: verb, Sensitive: true, Later: e.set, ChangesPath: st.ChangesPath, ChangesSchema: st.ChangesSchema,
			PathDependent: st.PathDependent, Refusal: RefusalSettings(st.At.Start)}
	}
	e.set = e.set || setsReading(raw.GetStmt())
	noteDivision(st, raw, text)
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
// are done: the first one that is refused comes behind one that may change what it means. It is nil for any other text. all is the text's
// analysis. A refusal is why a text that must be can't be.
func Pieces(all []*Statement, refused int) ([]Span, *Refusal) {
	if refused < 0 || refused >= len(all) || !all[refused].Later {
		return nil, nil
	}
	return AllPieces(all)
}

// AllPieces are the places of a text's statements, which are to be carried out one by one.
func AllPieces(all []*Statement) ([]Span, *Refusal) {
	spans := make([]Span, len(all))
	for i, st := range all {
		if r := indivisible(st); r != nil {
			return nil, r
		}
		spans[i] = st.At
	}
	return spans, nil
}

// Split is Pieces of a text that can't be analysed before its first statement is done.
func Split(text string) ([]Span, *Refusal) {
	tree, refusal := parse(text)
	if refusal != nil {
		return nil, refusal
	}
	var spans []Span
	for _, raw := range tree.GetStmts() {
		st := &Statement{At: rawSpan(text, raw)}
		noteDivision(st, raw, text)
		if r := indivisible(st); r != nil {
			return nil, r
		}
		spans = append(spans, st.At)
	}
	return spans, nil
}

// indivisible is why a text with this statement can't be carried out statement by statement.
func indivisible(st *Statement) *Refusal {
	switch {
	case st.TakesData:
		return newRefusal(codeTextCopy, st.At.Start, "COPY FROM STDIN in a text of which an earlier statement changes what a later one means")
	case st.ChangesReading:
		return newRefusal(codeTextReading, st.At.Start, "the statements of this text have to be read under other settings than it")
	}
	return nil
}

// noteDivision notes what indivisible asks for.
func noteDivision(st *Statement, raw *pg_query.RawStmt, text string) {
	c := raw.GetStmt().GetCopyStmt()
	st.TakesData = c.GetIsFrom() && c.GetFilename() == ""
	st.ChangesReading = changesReading(raw.GetStmt(), text[st.At.Start:st.At.End])
}

// changesReading reports whether a statement may change how the text of later ones is read. Setting what analysis assumes anyhow changes nothing.
func changesReading(node *pg_query.Node, source string) bool {
	if set := node.GetVariableSetStmt(); set != nil {
		value := ""
		if args := set.GetArgs(); len(args) == 1 {
			value = strings.ToLower(args[0].GetAConst().GetSval().GetSval())
		}
		switch strings.ToLower(set.GetName()) {
		case "client_encoding":
			return value != "utf8" && value != "utf-8"
		case "standard_conforming_strings":
			return value != "on"
		}
		return set.GetKind() == pg_query.VariableSetKind_VAR_RESET_ALL
	}
	source = strings.ToLower(source)
	return strings.Contains(source, "client_encoding") || strings.Contains(source, "standard_conforming_strings")
}

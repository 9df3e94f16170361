// Package sql understands one SQL text against a catalog: what each parameter, literal and result column is. The parser's
// tree never leaves this package. It decides nothing about who may do what.
package sql

import (
	"fmt"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// Analyze reads a text of one or more statements against a catalog. path is the session's effective search path (PathQuery). There is
// at least one Statement; one with a Refusal must not be sent, and no other of the same text either. An empty text gives one Statement
// with Verb "empty".
//
// It assumes that the client's encoding is UTF-8 and that standard_conforming_strings is on; a caller for which one of these does not hold
// may forward a text only if MayTouch is false.
//
// A Statement with Sensitive false touches nothing protected or listed: its Tables are complete, while Columns, Params and Results may be
// missing, and it is forwarded as it is.
func Analyze(cat *Catalog, path []string, text string) []*Statement {
	return AnalyzeNamed(cat, path, text, Names{})
}

// AnalyzeNamed is Analyze in a session in which names of prepared statements and cursors have a meaning. What the text itself prepares, declares
// and forgets counts for its later statements.
func AnalyzeNamed(cat *Catalog, path []string, text string, names Names) []*Statement {
	return analyze(cat, path, text, names, 0)
}

// analyze is AnalyzeNamed of a text that stands depth texts deep in a client's.
func analyze(cat *Catalog, path []string, text string, names Names, depth int) []*Statement {
	tree, refusal := parse(text)
	if refusal == nil && cat.foldsHighBytes {
		refusal = guardFolding(text)
	}
	if refusal != nil {
		if depth > 0 {
			refusal.Words, refusal.Quotes = WordsProxy, Span{} // it is not the client's text
		}
		return []*Statement{{Refusal: refusal, At: Span{0, len(text)}, Verb: "unknown", Sensitive: true}}
	}
	if len(tree.GetStmts()) == 0 {
		return []*Statement{{Understood: true, At: Span{0, len(text)}, Verb: "empty"}}
	}
	var all []*Statement
	var before earlier
	for _, raw := range tree.GetStmts() {
		st := analyzeOne(cat, path, text, raw, names, depth)
		before.judge(cat, text, raw, st)
		all = append(all, st)
		names = names.with(st)
	}
	return all
}

func analyzeOne(cat *Catalog, path []string, text string, raw *pg_query.RawStmt, names Names, depth int) (st *Statement) {
	st = &Statement{At: rawSpan(text, raw)}
	a := &analysis{cat: cat, path: path, text: text, st: st, names: names, depth: depth}
	defer func() {
		// A bug in analysis must refuse one statement, not end every session of the process.
		if p := recover(); p != nil {
			*st = Statement{At: st.At, Verb: "unknown", Sensitive: true,
				Refusal: newRefusal(codeInternal, -1, "the statement can't be analysed (%T)", p)}
		}
	}()
	node := raw.GetStmt()
	st.Verb, a.life = verbOf(node), lifetimeOf(node)
	if isDML(node) {
		a.shown = true
		a.analyzeQuery(node)
	} else {
		a.analyzeUtility(node)
	}
	a.introspect(node)
	a.settle()
	a.qualify()
	a.refuseStatistics()
	a.asConfigured()
	if st.Refusal != nil {
		st.Understood, st.Sensitive = false, true
	}
	return st
}

// rawSpan is a statement's place, without the blanks and comments in front.
func rawSpan(text string, raw *pg_query.RawStmt) Span {
	start, end := int(raw.GetStmtLocation()), len(text)
	if n := int(raw.GetStmtLen()); n > 0 {
		end = start + n
	}
	if t, ok := nextToken(text, start); ok {
		start = t.Start
	}
	return Span{start, end}
}

// analyzeQuery analyses SELECT, VALUES, INSERT, UPDATE, DELETE and MERGE. Names alone decide first whether anything sensitive is
// touched: if not, no refusal stands, since the server will say what is wrong.
func (a *analysis) analyzeQuery(node *pg_query.Node) {
	t := a.touches(node)
	a.st.ChangesPath = t.changes
	verb := a.st.Verb
	if s := node.GetSelectStmt(); s.GetIntoClause() != nil {
		a.analyzeCreateAs(node, s.GetIntoClause(), t)
		return
	}
	if a.withhold(node, t); a.refused() || !a.checkCalls(t) {
		return
	}
	if a.pin(node, t, nil); a.refused() {
		return
	}
	analyzeDML(a, node)
	a.st.Verb = verb
	if t.sensitive || a.st.Sensitive {
		a.st.Understood = a.st.Refusal == nil
		return
	}
	if a.st.Refusal != nil || !a.st.Understood {
		*a.st = Statement{At: a.st.At, Verb: verb, ChangesPath: t.changes, PathDependent: a.st.PathDependent}
		a.tableUses(t)
	}
	a.st.Understood = true
}

// guardFolding refuses identifiers beyond ASCII where the server's encoding is a single-byte one: it folds their case, we do not.
func guardFolding(text string) *Refusal {
	for at := 0; ; {
		t, ok := nextToken(text, at)
		if !ok {
			return nil
		}
		at = t.End
		if t.Kind != KindWord {
			continue
		}
		for i := t.Start; i < t.End; i++ {
			if text[i] >= 0x80 {
				return newRefusal(codeNotText, t.Start, "the database's encoding is not UTF-8 and the text holds an unquoted name beyond ASCII")
			}
		}
	}
}

func isDML(node *pg_query.Node) bool {
	switch node.GetNode().(type) {
	case *pg_query.Node_SelectStmt, *pg_query.Node_InsertStmt, *pg_query.Node_UpdateStmt, *pg_query.Node_DeleteStmt, *pg_query.Node_MergeStmt:
		return true
	}
	return false
}

// describe names a relation in messages.
func describe(schema, name string) string {
	if schema == "" {
		return fmt.Sprintf("%q", name)
	}
	return fmt.Sprintf("%q", schema+"."+name)
}

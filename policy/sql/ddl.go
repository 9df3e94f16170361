package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// analyzeDDL analyses data definition.
func (a *analysis) analyzeDDL(node *pg_query.Node) {
	a.st.ChangesSchema = true
	switch n := node.GetNode().(type) {
	default:
		_ = n
		a.unknownKind(node)
		return
	}
}

// unknownKind lets a statement of a kind that has no case pass only if it names nothing sensitive.
func (a *analysis) unknownKind(node *pg_query.Node) {
	t := a.touches(node)
	a.tableUses(t)
	if t.sensitive || a.st.Sensitive || a.cat.tables.match(a.source())&(hitName|hitUnicode) != 0 {
		a.refuse(codeUnsupported, a.st.At.Start, "%s can't be used with a protected or listed table", strings.ToUpper(a.st.Verb))
		return
	}
	a.st.Understood = true
}

// expressions refuses a part of a statement in which an expression reads something sensitive or calls a function that must not be called.
func (a *analysis) expressions(m protoreflect.ProtoMessage) {
	t := a.touches(m)
	for _, f := range t.called {
		if !a.checkFunction(f.name, f.at) {
			return
		}
	}
	a.st.ChangesPath = a.st.ChangesPath || t.changes
	if t.sensitive {
		a.refuse(codeUnsupported, a.st.At.Start, "an expression of this statement reads a protected or listed table")
	}
}

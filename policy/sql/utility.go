package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// analyzeUtility analyses every statement that is not a query or a change of rows. A kind without a case of its own is refused when it
// names something sensitive.
func (a *analysis) analyzeUtility(node *pg_query.Node) {
	switch n := node.GetNode().(type) {
	case *pg_query.Node_TransactionStmt:
		a.transaction(n.TransactionStmt)
	case *pg_query.Node_VariableSetStmt:
		a.st.ChangesPath = changesPath(n.VariableSetStmt)
		a.st.Understood = true
	case *pg_query.Node_DiscardStmt:
		a.st.ChangesPath = n.DiscardStmt.GetTarget() == pg_query.DiscardMode_DISCARD_ALL
		a.st.ChangesSchema = a.st.ChangesPath || n.DiscardStmt.GetTarget() == pg_query.DiscardMode_DISCARD_TEMP
		a.forget(node)
		a.st.Understood = true
	case *pg_query.Node_VariableShowStmt, *pg_query.Node_ListenStmt, *pg_query.Node_NotifyStmt, *pg_query.Node_UnlistenStmt,
		*pg_query.Node_CheckPointStmt, *pg_query.Node_LoadStmt, *pg_query.Node_ConstraintsSetStmt:
		a.st.Understood = true
	case *pg_query.Node_DeallocateStmt, *pg_query.Node_ClosePortalStmt:
		a.forget(node)
		a.st.Understood = true
	case *pg_query.Node_FetchStmt:
		a.fetch(n.FetchStmt)
	case *pg_query.Node_ExplainStmt:
		a.explain(n.ExplainStmt)
	case *pg_query.Node_PrepareStmt:
		a.prepare(n.PrepareStmt)
	case *pg_query.Node_DeclareCursorStmt:
		a.declareCursor(n.DeclareCursorStmt)
	case *pg_query.Node_CreateTableAsStmt:
		into := n.CreateTableAsStmt.GetInto().GetRel()
		if n.CreateTableAsStmt.GetObjtype() == pg_query.ObjectType_OBJECT_MATVIEW && isDML(n.CreateTableAsStmt.GetQuery()) {
			a.createView(n.CreateTableAsStmt.GetQuery(), into, EffectCreate|EffectInsert)
			return
		}
		a.analyzeCreateAs(n.CreateTableAsStmt.GetQuery(), n.CreateTableAsStmt.GetInto(), a.touches(n.CreateTableAsStmt.GetQuery()))
	case *pg_query.Node_CopyStmt:
		a.copy(n.CopyStmt)
	case *pg_query.Node_DoStmt:
		if a.cat.bodies.match(a.source())&(hitName|hitUnicode) != 0 || a.cat.mayReach(n.DoStmt.GetArgs(), "plpgsql") {
			a.refuse(codeDynamic, a.st.At.Start, "a DO block may run SQL over a protected or listed table")
			return
		}
		a.st.ChangesSchema, a.st.ChangesPath, a.st.Understood = true, true, true
	default:
		a.analyzeMaintenance(node)
	}
}

// source is the statement's own text.
func (a *analysis) source() string { return a.text[a.st.At.Start:a.st.At.End] }

func (a *analysis) transaction(n *pg_query.TransactionStmt) {
	switch n.GetKind() {
	case pg_query.TransactionStmtKind_TRANS_STMT_ROLLBACK, pg_query.TransactionStmtKind_TRANS_STMT_ROLLBACK_TO:
		a.st.ChangesPath = true
	}
	a.st.Understood = true
}

// changesPath reports whether a SET or RESET may change the search path or the current role.
func changesPath(n *pg_query.VariableSetStmt) bool {
	if n.GetKind() == pg_query.VariableSetKind_VAR_RESET_ALL {
		return true
	}
	switch strings.ToLower(n.GetName()) {
	case "search_path", "role", "session_authorization":
		return true
	}
	return false
}

// explain is its body's analysis; its own rows are text of the server's making.
func (a *analysis) explain(n *pg_query.ExplainStmt) {
	verb := a.st.Verb
	if inner := n.GetQuery(); isDML(inner) {
		a.analyzeQuery(inner)
	} else {
		a.analyzeUtility(inner)
	}
	if a.st.Temporary != nil && namesOption(n.GetOptions(), "analyze") {
		a.refuse(codeTemporary, a.st.At.Start, "EXPLAIN ANALYZE of what makes temporary table %s with protected columns", a.st.Temporary.Name)
	}
	a.st.Verb, a.st.Stored, a.st.Temporary = verb, nil, nil
	for i := range a.st.Tables {
		a.st.Tables[i].Effects |= EffectExplain
	}
	if a.st.Refusal == nil && a.st.Understood {
		a.st.Results = []Result{{Name: "QUERY PLAN", Origin: Origin{Table: -1}}}
	}
}

// plain forgets what is known of rows: the statement returns none that must be looked at.
func (a *analysis) plain() { a.st.Results = nil }

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// verbOf names a statement's kind for metrics and the record: few distinct values, none from the client.
func verbOf(node *pg_query.Node) string {
	switch n := node.GetNode().(type) {
	case *pg_query.Node_SelectStmt:
		if n.SelectStmt.GetIntoClause() != nil {
			return "select into"
		}
		return "select"
	case *pg_query.Node_TransactionStmt:
		return transactionVerb(n.TransactionStmt.GetKind())
	case *pg_query.Node_VariableSetStmt:
		if k := n.VariableSetStmt.GetKind(); k == pg_query.VariableSetKind_VAR_RESET || k == pg_query.VariableSetKind_VAR_RESET_ALL {
			return "reset"
		}
		return "set"
	case *pg_query.Node_CreateTableAsStmt:
		if n.CreateTableAsStmt.GetObjtype() == pg_query.ObjectType_OBJECT_MATVIEW {
			return "create materialized view"
		}
		return "create table as"
	case *pg_query.Node_VacuumStmt:
		if !n.VacuumStmt.GetIsVacuumcmd() {
			return "analyze"
		}
		return "vacuum"
	case *pg_query.Node_DeclareCursorStmt:
		return "declare cursor"
	case *pg_query.Node_DropStmt:
		return "drop " + objectWord(n.DropStmt.GetRemoveType())
	case *pg_query.Node_RenameStmt:
		return "alter " + objectWord(n.RenameStmt.GetRenameType()) + " rename"
	case *pg_query.Node_GrantStmt:
		if !n.GrantStmt.GetIsGrant() {
			return "revoke"
		}
		return "grant"
	case *pg_query.Node_CreateStmt:
		return "create table"
	case *pg_query.Node_IndexStmt:
		return "create index"
	case *pg_query.Node_ViewStmt:
		return "create view"
	case *pg_query.Node_CreateTrigStmt:
		return "create trigger"
	case *pg_query.Node_RuleStmt:
		return "create rule"
	case *pg_query.Node_VariableShowStmt:
		return "show"
	case *pg_query.Node_ClosePortalStmt:
		return "close"
	case *pg_query.Node_RefreshMatViewStmt:
		return "refresh materialized view"
	}
	return nodeWords(node)
}

func transactionVerb(k pg_query.TransactionStmtKind) string {
	w := strings.TrimPrefix(k.String(), "TRANS_STMT_")
	return strings.ToLower(strings.ReplaceAll(w, "_", " "))
}

func objectWord(o pg_query.ObjectType) string {
	switch o {
	case pg_query.ObjectType_OBJECT_MATVIEW:
		return "materialized view"
	}
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(o.String(), "OBJECT_"), "_", " "))
}

// nodeWords makes "alter table" of AlterTableStmt.
func nodeWords(node *pg_query.Node) string {
	m := node.ProtoReflect()
	f := m.WhichOneof(m.Descriptor().Oneofs().Get(0))
	if f == nil {
		return "unknown"
	}
	var b strings.Builder
	for i, c := range strings.TrimSuffix(string(f.Message().Name()), "Stmt") {
		if c >= 'A' && c <= 'Z' {
			if i > 0 {
				b.WriteByte(' ')
			}
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

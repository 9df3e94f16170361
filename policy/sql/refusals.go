package sql

import (
	"fmt"
	"slices"
	"strings"
)

// RefusalDoc documents one refusal code: docs/errors.md is made of these.
type RefusalDoc struct {
	Code     string
	SQLSTATE string
	Title    string
	Fix      string // the hint that clients get unless a statement's own is better
}

// Codes of refusals that any statement may meet. Codes of DML are in refusals_dml.go, of DDL in refusals_ddl.go.
const (
	codeSyntax       = "PV101"
	codeNotText      = "PV102"
	codeTooLong      = "PV103"
	codeTooDeep      = "PV104"
	codeParamNumber  = "PV105"
	codePathChanged  = "PV106"
	codeUnsupported  = "PV107"
	codeOpaqueCall   = "PV108"
	codeDynamic      = "PV111"
	codeStoredType   = "PV112"
	codeInheritance  = "PV113"
	codeRule         = "PV114"
	codeNoDefinition = "PV115"
	codeStatistics   = "PV116"
	codeGivenText    = "PV118"
	codeRunning      = "PV126"
	codeInternal     = "PV139"
)

// Refusals lists every refusal code of this package, ordered by code.
func Refusals() []RefusalDoc {
	all := slices.Concat(statementRefusals(), dmlRefusals(), ddlRefusals(), exprRefusals(), storedRefusals(), copyRefusals(), textRefusals(),
		documentRefusals(), temporaryRefusals(), escapeRefusals(), missingRefusals(), citextRefusals())
	slices.SortStableFunc(all, func(a, b RefusalDoc) int { return strings.Compare(a.Code, b.Code) })
	return all
}

func refusalDoc(code string) RefusalDoc {
	for _, d := range Refusals() {
		if d.Code == code {
			return d
		}
	}
	return RefusalDoc{Code: code, SQLSTATE: "0A000", Title: "refused", Fix: ""}
}

// newRefusal makes a refusal with the SQLSTATE and hint of its code.
func newRefusal(code string, at int, format string, args ...any) *Refusal {
	doc := refusalDoc(code)
	return &Refusal{Code: code, SQLSTATE: doc.SQLSTATE, Message: fmt.Sprintf(format, args...), Hint: doc.Fix, At: at}
}

func statementRefusals() []RefusalDoc {
	return []RefusalDoc{
		{codeSyntax, "42601", "The text is not SQL that the proxy can read, and it names a protected or listed table; where the server would say the same, it is told in the server's words without this code",
			"Correct the statement. Syntax newer than PostgreSQL 17 can't be used with protected tables."},
		{codeNotText, "22021", "The text holds a NUL byte or is not valid UTF-8, and it may name a protected or listed table",
			"Use client_encoding UTF8 for statements over protected tables."},
		{codeTooLong, "54000", "The text is longer than the proxy analyses",
			"Send the values as parameters or in several statements, or use COPY."},
		{codeTooDeep, "54001", "The statement is too deeply nested or its operator chains are too long",
			"Use = ANY($1) or IN (…) instead of a long chain of OR."},
		{codeParamNumber, "42P02", "A parameter number is out of range",
			"Use $1 to $65535."},
		{codePathChanged, "0A000", "Several statements were sent in one text, and an earlier one may change what a later one's names mean",
			"The proxy carries out such a text statement by statement where it is sent as a simple Query. Send each statement in a text of its own."},
		{codeUnsupported, "0A000", "This kind of statement can't be used with a protected or listed table",
			"Connect directly as an administrator if it must be done."},
		{codeOpaqueCall, "0A000", "The function runs SQL that the proxy can't see, or its body names a protected or listed table",
			"Name it in trusted_functions if its results may pass as they are."},
		{codeDynamic, "0A000", "A code block may run SQL over a protected or listed table that the proxy can't see",
			"Send the statements from the application."},
		{codeStoredType, "0A000", "The column is configured as protected but is not stored as bytea",
			"Run pgveil check; migrate the column to bytea or remove it from the encrypt section."},
		{codeInheritance, "0A000", "A parent table reaches protected columns of a child without protecting them itself",
			"Name the parent's columns in the encrypt section, or use ONLY the child."},
		{codeRule, "0A000", "The relation has rewrite rules, so the server would run another statement than the one written",
			"Replace the rule by a trigger or by a plain view."},
		{codeNoDefinition, "0A000", "The view's definition can't be read or understood by the proxy",
			"Query the table itself, or simplify the view."},
		{codeStatistics, "0A000", "The planner's statistics show values of columns, and those of protected and listed tables can't be left out here",
			"Read pg_stats and its kin in FROM of a query: the statistics of protected and listed tables are left out there."},
		{codeGivenText, "0A000", "A function is given SQL, or the name of a table, schema or cursor, as text, and may reach a protected or listed table by it",
			"Select from the table itself, in a query that the proxy can see."},
		{codeRunning, "0A000", "A view, rule, default, CHECK, policy or trigger condition of the relation calls a function that runs SQL given as text, or reads what a text names, and may reach a protected or listed table by it",
			"Call the function in a query of its own, or name it (pg_catalog.query_to_xml, say) in trusted_functions if its results may pass as they are."},
		{codeInternal, "XX000", "The proxy failed to analyse the statement",
			"This is a defect of pgveil: please report the statement's form, without values."},
	}
}

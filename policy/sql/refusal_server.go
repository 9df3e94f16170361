package sql

import (
	"strings"

	"github.com/pganalyze/pg_query_go/v6/parser"
)

// grammarErrors are what the actions of PostgreSQL's grammar raise as a plain syntax error, without hint or detail and without words of the
// text (src/backend/parser/gram.y).
var grammarErrors = map[string]bool{
	"OUT and INOUT arguments aren't allowed in TABLE functions": true, "WITH TIES cannot be specified without ORDER BY clause": true,
	"modulus for hash partition must be specified": true, "remainder for hash partition must be specified": true,
	"multiple limit options not allowed": true, "STDIN/STDOUT not allowed with PROGRAM": true,
	"WHERE clause not allowed for schema": true, "WHERE clause not allowed with COPY TO": true,
	"cannot use DISTINCT with WITHIN GROUP": true, "cannot use VARIADIC with WITHIN GROUP": true,
	"cannot use multiple ORDER BY clauses with WITHIN GROUP": true, "column specification not allowed for schema": true,
	"conflicting constraint properties": true, "constraint declared INITIALLY DEFERRED must be DEFERRABLE": true,
	"for a generated column, GENERATED ALWAYS must be specified": true, "invalid schema name": true, "invalid table name": true,
	"multiple COLLATE clauses not allowed": true, "multiple LIMIT clauses not allowed": true, "multiple OFFSET clauses not allowed": true,
	"multiple ORDER BY clauses not allowed": true, "multiple WITH clauses not allowed": true, "only one DEFAULT value is allowed": true,
	"only one PATH value per column is allowed": true, "time zone interval must be HOUR or HOUR TO MINUTE": true,
	"type modifier cannot have ORDER BY": true, "type modifier cannot have parameter name": true,
	"wrong number of parameters on left side of OVERLAPS expression": true, "wrong number of parameters on right side of OVERLAPS expression": true,
}

// wordsOf says of a syntax error whose words are these: the parser's own, or, if they leave nothing of its message out, the server's, since
// it is the same parser.
func wordsOf(e *parser.Error, words string) Words {
	switch {
	case words != e.Message:
		return WordsProxy
	case e.Funcname == "scanner_yyerror":
		return WordsScanner
	case grammarErrors[words] || strings.HasPrefix(words, "improper qualified name (too many dotted names): "):
		return WordsServer
	}
	return WordsProxy
}

// Words says whose the message of a refusal is.
type Words uint8

const (
	// WordsProxy is ours; clients get the code with it and the hint.
	WordsProxy Words = iota
	// WordsServer is what the server would say of the text; clients get that alone.
	WordsServer
	// WordsScanner is WordsServer for what the server raises at the same place as any "syntax error".
	WordsScanner
)

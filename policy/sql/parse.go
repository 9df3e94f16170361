package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// parse reads a text with PostgreSQL's own grammar, after the checks that keep the C code from harm.
func parse(text string) (*pg_query.ParseResult, *Refusal) {
	tree, err := pg_query.Parse(text)
	if err != nil {
		return nil, &Refusal{Code: codeSyntax, SQLSTATE: "42601", Message: "syntax error", At: -1}
	}
	return tree, nil
}

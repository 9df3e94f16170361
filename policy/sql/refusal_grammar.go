package sql

import "strings"

// raised is what the server raises with a message of its grammar: SQLSTATE (42601 if empty), HINT and DETAIL.
type raised struct{ state, hint, detail string }

const (
	stateUnsupported   = "0A000"
	stateInvalidValue  = "22023"
	stateWindowing     = "42P20"
	stateReservedName  = "42939"
	stateDuplicate     = "42710"
	stateInvalidEscape = "22025"
)

// grammarErrors are the messages without words of the text that the actions of PostgreSQL's grammar raise (ereport in
// src/backend/parser/gram.y).
var grammarErrors = map[string]raised{
	"CREATE ASSERTION is not yet implemented":                         {state: stateUnsupported},
	"CREATE EXTENSION ... FROM is no longer supported":                {state: stateUnsupported},
	"CREATE OR REPLACE CONSTRAINT TRIGGER is not supported":           {state: stateUnsupported},
	"CREATE SCHEMA IF NOT EXISTS cannot include schema elements":      {state: stateUnsupported},
	"CURRENT_ROLE cannot be used as a role name here":                 {state: stateReservedName},
	"CURRENT_USER cannot be used as a role name here":                 {state: stateReservedName},
	"LIMIT #,# syntax is not supported":                               {hint: "Use separate LIMIT and OFFSET clauses."},
	"MATCH PARTIAL not yet implemented":                               {state: stateUnsupported},
	"OUT and INOUT arguments aren't allowed in TABLE functions":       {},
	"SESSION_USER cannot be used as a role name here":                 {state: stateReservedName},
	"SKIP LOCKED and WITH TIES options cannot be used together":       {},
	"STDIN/STDOUT not allowed with PROGRAM":                           {},
	"UNENCRYPTED PASSWORD is no longer supported":                     {state: stateUnsupported, hint: "Remove UNENCRYPTED to store the password in encrypted form instead."},
	"UNIQUE predicate is not yet implemented":                         {state: stateUnsupported},
	"WHERE clause not allowed for schema":                             {},
	"WHERE clause not allowed with COPY TO":                           {},
	"WITH CHECK OPTION not supported on recursive views":              {state: stateUnsupported},
	"WITH TIES cannot be specified without ORDER BY clause":           {},
	"aggregates cannot have output arguments":                         {state: stateUnsupported},
	"cannot use DISTINCT with WITHIN GROUP":                           {},
	"cannot use VARIADIC with WITHIN GROUP":                           {},
	"cannot use multiple ORDER BY clauses with WITHIN GROUP":          {},
	"column number must be in range from 1 to 32767":                  {state: stateInvalidValue},
	"column specification not allowed for schema":                     {},
	"conflicting constraint properties":                               {},
	"constraint declared INITIALLY DEFERRED must be DEFERRABLE":       {},
	"current database cannot be changed":                              {state: stateUnsupported},
	"for a generated column, GENERATED ALWAYS must be specified":      {},
	"frame end cannot be UNBOUNDED PRECEDING":                         {state: stateWindowing},
	"frame start cannot be UNBOUNDED FOLLOWING":                       {state: stateWindowing},
	"frame starting from current row cannot have preceding rows":      {state: stateWindowing},
	"frame starting from following row cannot end with current row":   {state: stateWindowing},
	"frame starting from following row cannot have preceding rows":    {state: stateWindowing},
	"invalid publication object list":                                 {detail: "One of TABLE or TABLES IN SCHEMA must be specified before a standalone table or schema name."},
	"invalid schema name":                                             {},
	"invalid table name":                                              {},
	"missing argument":                                                {hint: "Use NONE to denote the missing argument of a unary operator."},
	"modulus for hash partition must be specified":                    {},
	"modulus for hash partition provided more than once":              {state: stateDuplicate},
	"multiple COLLATE clauses not allowed":                            {},
	"multiple LIMIT clauses not allowed":                              {},
	"multiple OFFSET clauses not allowed":                             {},
	"multiple ORDER BY clauses not allowed":                           {},
	"multiple WITH clauses not allowed":                               {},
	"multiple limit options not allowed":                              {},
	"only one DEFAULT value is allowed":                               {},
	"only one PATH value per column is allowed":                       {},
	"precision for type float must be at least 1 bit":                 {state: stateInvalidValue},
	"precision for type float must be less than 54 bits":              {state: stateInvalidValue},
	"remainder for hash partition must be specified":                  {},
	"remainder for hash partition provided more than once":            {state: stateDuplicate},
	"time zone interval must be HOUR or HOUR TO MINUTE":               {},
	"type modifier cannot have ORDER BY":                              {},
	"type modifier cannot have parameter name":                        {},
	"wrong number of parameters on left side of OVERLAPS expression":  {},
	"wrong number of parameters on right side of OVERLAPS expression": {},

	"a column list with SET NULL is only supported for ON DELETE actions":                                                       {state: stateUnsupported},
	"a column list with SET DEFAULT is only supported for ON DELETE actions":                                                    {state: stateUnsupported},
	"an ordered-set aggregate with a VARIADIC direct argument must have one VARIADIC aggregated argument of the same data type": {state: stateUnsupported},
	`option name "__pg__is_not_null" cannot be used in XMLTABLE`:                                                                {},
	`role name "none" is reserved`:   {state: stateReservedName},
	`role name "public" is reserved`: {state: stateReservedName},
}

// namingErrors are messages with a name between these two parts: one of the text's words, or of SQL's own kinds of constraints.
var namingErrors = []struct {
	before, after string
	raised
}{
	{`conflicting or redundant NULL / NOT NULL declarations for column "`, `"`, raised{}},
	{`sequence option "`, `" not supported here`, raised{}},
	{`unrecognized column option "`, `"`, raised{}},
	{`unrecognized hash partition bound specification "`, `"`, raised{}},
	{`unrecognized role option "`, `"`, raised{}},
	{`unrecognized row security option "`, `"`, raised{hint: "Only PERMISSIVE or RESTRICTIVE policies are supported currently."}},
	{tooManyNames, ``, raised{}},
	{``, ` constraints cannot be marked DEFERRABLE`, raised{state: stateUnsupported}},
	{``, ` constraints cannot be marked NO INHERIT`, raised{state: stateUnsupported}},
	{``, ` constraints cannot be marked NOT VALID`, raised{state: stateUnsupported}},
}

const tooManyNames = "improper qualified name (too many dotted names): "

// escapeErrors are the scanner's and str_udeescape's (src/backend/parser/scan.l, parser.c), by the function that raises them; what the server
// says behind "at or near" is none of these.
var escapeErrors = map[[2]string]raised{
	{"core_yylex", "invalid Unicode escape"}:                {state: stateInvalidEscape, hint: `Unicode escapes must be \uXXXX or \UXXXXXXXX.`},
	{"str_udeescape", "invalid Unicode escape"}:             {hint: `Unicode escapes must be \XXXX or \+XXXXXX.`},
	{"str_udeescape", "invalid Unicode surrogate pair"}:     {},
	{"check_unicode_value", "invalid Unicode escape value"}: {},
}

// raisedBy is what the server raises with a whole message of the parser's function; false where that isn't known.
func raisedBy(function, message string) (raised, bool) {
	if e, ok := escapeErrors[[2]string{function, message}]; ok {
		return e, true
	}
	if e, ok := grammarErrors[message]; ok {
		return e, true
	}
	for _, e := range namingErrors {
		if len(message) > len(e.before)+len(e.after) && strings.HasPrefix(message, e.before) && strings.HasSuffix(message, e.after) {
			return e.raised, true
		}
	}
	return raised{}, false
}

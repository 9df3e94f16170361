package sql

import (
	"fmt"
)

// analysis is the state of analysing one statement of a client's text. The zero value is not usable: see Analyze.
type analysis struct {
	cat  *Catalog
	path []string // effective search path, as current_schemas(true) returns it
	text string   // the client's whole text; every location of the tree is a byte offset into it
	st   *Statement
	// making is the table that data definition makes or changes, as it will be.
	making *Relation
	// names says what EXECUTE, FETCH and MOVE run.
	names Names
	// shown: the rows of the statement go to the client as they come, and nowhere else.
	shown bool

	life lifetime
	// withheld becomes Statement.Withheld; held are the places of the names that it replaces.
	withheld []Edit
	held     map[int]bool
	// pathDependent becomes Statement.PathDependent.
	pathDependent bool
	// goodText and badText are calls, by their places, of functions that are given SQL or names as text: those whose text names nothing
	// sensitive, and those whose text may, with the place of that text. read are the tables that the former read, runs cursors.
	goodText map[int]bool
	badText  map[int]int
	read     []TableUse
	runs     []string
	depth    int // of texts within texts
}

// analyzeDML fills a.st from a SELECT, VALUES, INSERT, UPDATE, DELETE or MERGE. It is called only for statements that
// name something sensitive. It sets Understood unless it refuses:
//
//	func analyzeDML(a *analysis, node *pg_query.Node)
//
// analyzeUtility (utility.go) does the same for everything else.

// refuse records why the statement is not sent; the first reason stays. at is a byte offset into the client's text, -1 when
// there is none. The hint and SQLSTATE are those of the code's RefusalDoc. The message never carries a literal's value.
func (a *analysis) refuse(code string, at int, format string, args ...any) *Refusal {
	return a.refuseHint(code, at, refusalDoc(code).Fix, format, args...)
}

// refuseHint is refuse with a hint that fits better than the code's own.
func (a *analysis) refuseHint(code string, at int, hint, format string, args ...any) *Refusal {
	if a.st.Refusal == nil {
		a.st.Refusal = &Refusal{
			Code: code, SQLSTATE: refusalDoc(code).SQLSTATE, Message: fmt.Sprintf(format, args...), Hint: hint, At: at,
		}
	}
	a.st.Understood = false
	return a.st.Refusal
}

// refused reports whether a refusal was recorded.
func (a *analysis) refused() bool { return a.st.Refusal != nil }

// The parser (parse.go), with the guards in front:
//
//	func parse(text string) (*pg_query.ParseResult, *Refusal)
//
// Lexical helpers (lexer.go). Each takes the offset of a token's first byte and returns the offset after the element, or -1
// when there is no such element at that place.
//
//	func literalEnd(text string, at int) int  // constant: -1.5, 'a'⏎'b', E'…', U&'…' UESCAPE '!', $$…$$, X'…', true
//	func paramEnd(text string, at int) int    // $1
//	func typeNameEnd(text string, at int) int // int4, public.citext, character varying(10), timestamp(3) with time zone, text[]
//	func nextToken(text string, at int) (Token, bool)
//
// Catalog (catalog_lookup.go):
//
//	func (c *Catalog) Relation(path []string, schema, name string) (*Relation, bool)
//	func (c *Catalog) RelationByOID(oid uint32) (*Relation, bool)
//	func (r *Relation) Column(name string) (*Column, bool)
//	c.viewPath is the search path against which unqualified names in Relation.Definition resolve.
//
// Functions (catalog_function.go): checkFunction refuses a call of a function whose body runs SQL that we can't see or names
// a protected or listed table. nameParts are the parts of FuncCall.funcname.
//
//	func (a *analysis) checkFunction(nameParts []string, at int) bool

// Relation is one table, view, materialized view, foreign table, sequence or composite type of the catalog. Immutable.
type Relation struct {
	OID     uint32
	Schema  string
	Name    string
	Kind    byte     // pg_class.relkind: r p v m f S c
	Columns []Column // in attribute order, dropped ones excluded
	// Definition is the SELECT of a view or materialized view; names resolve against Catalog.viewPath.
	Definition string
	// Parents are the tables that this one inherits from or is a partition of.
	Parents []uint32
	// Listed: the policy file or the encrypt section names it.
	Listed bool
	// Protected: at least one column has a Protection (its own or inherited from a parent).
	Protected bool
	// Sensitive: Listed or Protected, or a view or inheritance parent from which such a table is reached.
	Sensitive bool
	// Unusable is set when no statement may touch the relation: a rewrite rule, an unprotected parent of a protected
	// table, a view whose body was not readable.
	Unusable *Refusal

	byName  map[string]int
	indexes []index
	foreign []foreignKey
	home    *TableName // by which configuration and policy know it, when that is another name
	// temporary is set for a temporary table that the session made with cells in it.
	temporary *BoundTemporary
	partKey   []int16 // columns by which a table is partitioned, 0 for an expression
}

// TableName is the relation's qualified name.
func (r *Relation) TableName() TableName { return TableName{r.Schema, r.Name} }

// Column is one attribute of a Relation.
type Column struct {
	Name       string
	Num        int16
	Type       Type // as stored: bytea for a usable protected column
	NotNull    bool
	HasDefault bool
	Generated  bool // GENERATED ALWAYS AS (…) STORED or VIRTUAL
	Identity   bool
	// Default is the cell that a protected column's DEFAULT is, nil where it is none or not known.
	Default     []byte
	DefaultForm *DefaultForm // nil where the cell stands alone
	// Protection is set for a configured column, also for an unusable one.
	Protection *Protection
	// Unusable is set when a statement that touches this column must be refused: its stored type is not bytea.
	Unusable *Refusal

	home string // by which configuration and policy know it, when that is another name
}

package sql

// Span is a half-open byte range of the client's text.
type Span struct{ Start, End int }

// Effect is a set of things that a statement does to one occurrence of a table.
type Effect uint32

// The effects. A statement may have several: COPY (SELECT …) TO is EffectCopyTo|EffectSelect.
const (
	EffectSelect Effect = 1 << iota
	EffectInsert
	EffectUpdate
	EffectDelete
	EffectTruncate
	EffectCopyTo
	EffectCopyFrom
	EffectLock
	EffectCreate
	EffectAlter
	EffectDrop
	EffectMaintain // VACUUM, ANALYZE, REINDEX, CLUSTER, COMMENT, GRANT
	EffectExplain
	EffectCursor
)

// Use is how a statement uses one column.
type Use uint16

// The uses, as a set.
const (
	UseOutput     Use = 1 << iota // shown as it is in a result column
	UseLookup                     // compared for equality with constants or parameters in a top-level AND of WHERE
	UsePredicate                  // any other condition
	UseGroup                      // GROUP BY, DISTINCT, set operations
	UseOrder                      // ORDER BY, window ordering
	UseExpression                 // part of an expression, cast or function call
	UseAggregate                  // argument of an aggregate
	UseWrite                      // assigned
	UseCarry                      // copied into another column, by INSERT … SELECT, UPDATE … SET a = b, CREATE TABLE AS
	UseDefine                     // read by an expression that data definition computes for each row: of a constraint, an index, a column
)

// TableUse is one occurrence of a table in a statement.
type TableUse struct {
	Table   TableName
	OID     uint32 // 0 for a table that does not exist yet (CREATE TABLE)
	Effects Effect
	Via     *TableName // the view through which it was reached, nil when named directly
	At      Span
}

// ColumnUse is one column of one TableUse and everything done with it.
type ColumnUse struct {
	Table int // index into Statement.Tables
	Name  string
	Num   int16 // attribute number, 0 for a column that does not exist yet
	Use   Use
	At    Span // where it is used first; where reached by *, the star
}

// Purpose says whether a sealed value will be stored (length and range checks apply) or only compared.
type Purpose uint8

const (
	// PurposeStore: the value is written; varchar(n), int2/int4 range and numeric(p,s) are checked as the server would.
	PurposeStore Purpose = iota
	// PurposeCompare: the value is compared; a value out of range simply matches nothing.
	PurposeCompare
)

// Part says which bytes are made of a value that meets a protected column. All but PartCell are only compared.
type Part uint8

const (
	// PartCell is a whole cell.
	PartCell Part = iota
	// PartIndex is the index of the normalised value, the first 16 bytes of the cells that hold it (Protection.Normalize).
	PartIndex
	// PartFrom and PartTo are the bounds from ≤ cell < to of what a LIKE pattern matches; a pattern that is not a constant prefix
	// with % behind it, or has no wildcard, is refused when its value is known (SearchRange, text types).
	PartFrom
	PartTo
	// PartPrefixFrom and PartPrefixTo are the bounds of what starts with the value, in which no byte is special.
	PartPrefixFrom
	PartPrefixTo
	// PartIndexExact is PartIndex of a value that is already normalised; of any other value it is bytes that no index is.
	// It is the constant of lower(c) = 'x', which finds nothing where the constant has a capital.
	PartIndexExact
	// PartIndexLike is PartIndex of a LIKE pattern; one with a wildcard or a backslash is refused when its value is known.
	PartIndexLike
	// PartTokens are the tokens of a LIKE or ILIKE pattern, with a blank between them: what the cells of all values that match begin with,
	// among others (SearchMatch).
	PartTokens
	// PartPattern is the cell of the text that a LIKE pattern without a wildcard matches; one with a wildcard is refused when its value is
	// known.
	PartPattern
	// PartIndexType is PartIndex of a value compared by the column's own type, citext; a parameter that the client declared as text would be
	// compared as text, and is refused.
	PartIndexType
)

// Target is the protected column that a literal or parameter meets.
type Target struct {
	Table      TableName
	Column     string
	Protection Protection
	Purpose    Purpose
	Part       Part
	// Before and After are constants that the statement puts around the value, for PartTokens.
	Before, After string
	// Based: the value is stored in a domain by way of CASE, COALESCE and the like, whose type is the domain's base
	// (select_common_type, src/backend/parser/parse_coerce.c).
	Based bool
	// Through is the type with a modifier that the text casts the value to, varchar(8), which cuts or rounds it first (OID 0: none).
	Through Type
	// Input: the text casts what is text by then, so that a value given as text is read as the type's input function does (CoerceViaIO).
	Input bool
	// Shown is the type of whose modifier alone the value's scale or length can be known when it is shown: a value of another scale or
	// length is refused (OID 0: any). Of citext it is citext itself: a parameter that the client declared otherwise is refused.
	Shown Type
}

// LiteralKind is the lexical kind of a constant.
type LiteralKind uint8

// The kinds of constants.
const (
	LiteralString LiteralKind = iota // '…', E'…', U&'…', $$…$$
	LiteralInteger
	LiteralFloat
	LiteralBool
)

// Literal is a constant that must be sealed before the text is sent. The bytes of At (sign, prefix and UESCAPE included,
// a cast not included: that is an Edit of its own) are replaced by '\x…'::bytea, or by an array literal of bytea when Array.
type Literal struct {
	At    Span
	Kind  LiteralKind
	Text  string // the decoded value
	Array bool   // an array literal, '{a,b}', each element of which is sealed
	// Before and After are plain text around what replaces the literal. A second literal made of the same value stands at the empty
	// span behind the first: LIKE 'abc%' becomes >= '\x…'::bytea AND c < '\x…'::bytea.
	Before, After string
	// Cast is the type that the text casts the literal to (0: none). The value is read as one of this type.
	Cast   uint32
	Target Target
}

// Param is one parameter as the server will see it. Upstream numbers 1…Client keep the client's meaning;
// higher numbers are copies made because a parameter meets several targets.
type Param struct {
	Client   int     // the client's $n
	Upstream int     // the server's $n
	Target   *Target // nil: forwarded untouched
	Array    bool    // an array, each element of which is sealed
	// Cast is the type that the client's own text casts the parameter to (0: none). It is what
	// ParameterDescription tells the client when the client declared no type itself.
	Cast uint32
}

// Shape says how sealed cells lie in a result's value.
type Shape uint8

const (
	// ShapeCell: the value is one cell.
	ShapeCell Shape = iota
	// ShapeArray: an array (bytea[]) of cells, shown as an array of the logical type.
	ShapeArray
	// ShapeJSON: json or jsonb in which cells are strings "\\x…"; each is shown as what to_json gives of its value.
	ShapeJSON
	// ShapeDocument: jsonb in which cells stand at the paths of a Document.
	ShapeDocument
)

// Result is one column of the result set.
type Result struct {
	Name string
	// Origin is the table (index into Statement.Tables) and attribute that the value is copied from unchanged;
	// Table is -1 for an expression.
	Origin Origin
	// Protection is set when the value is a sealed cell of that column, or with ShapeArray cells of it.
	Protection *Protection
	Shape      Shape
	// Bare: the server would name no type modifier, being the result of a call; Protection.Type.Mod is still the value's own.
	Bare bool
	// Holds are, with ShapeJSON and ShapeDocument, the columns (indices into Statement.Columns) whose cells may lie in the value.
	Holds []int
	// Document says where cells lie, with ShapeDocument.
	Document *Document
}

// Recheck is a LIKE that is to be decided again for each row that the server sends: it finds too many.
type Recheck struct {
	Result int    // index into Statement.Results, a cell
	Param  int    // the client's parameter that is the pattern; 0: Text is
	Text   string // the pattern
	// Before and After are constants around the parameter, as in '%' || $1 || '%'.
	Before, After string
	Fold          bool // ILIKE
	ASCII         bool // ILIKE folds ASCII letters only, by the database's locale
}

// Count is a number of rows. The zero value is none.
type Count struct {
	Set   bool
	Param int // the client's parameter that says it, NULL for none; 0: Rows does
	Rows  int64
}

// Origin names a base table's column.
type Origin struct {
	Table  int // index into Statement.Tables, -1: none
	OID    uint32
	Num    int16
	Column string
}

// Edit replaces a span of the client's text by a constant text.
type Edit struct {
	At   Span
	Text string
}

// Refusal is why a statement is not sent.
type Refusal struct {
	Code     string // stable, listed in docs/errors.md, for example "PV101"
	SQLSTATE string
	Message  string // one line; names tables and columns, never a value
	Hint     string // what to do instead
	At       int    // byte offset into the client's text, -1: none
	Words    Words  // of Message

	Detail, ServerHint string // what the server says besides, where the words are its own
	Quotes             Span   // of the client's text, which the server's message would quote; Message doesn't, since it may be a value
	Told               Told   // Message with what it would quote; see Tell
}

// Error makes a Refusal an error.
func (r *Refusal) Error() string { return r.Code + ": " + r.Message }

// Statement is what analysis knows of one SQL statement. The zero value is not a statement that may be sent: see Understood.
type Statement struct {
	// Understood is set by analysis when every table, column and function was resolved and Refusal is nil.
	Understood bool
	Refusal    *Refusal

	At       Span
	Verb     string // lower-case statement kind for metrics and audit: select, insert, create table, begin, …
	Tables   []TableUse
	Columns  []ColumnUse
	Params   []Param
	Literals []Literal
	Results  []Result // nil when the statement returns no rows
	Edits    []Edit
	// Rechecks are conditions that the server answers with candidates. Hidden counts the last Results: columns that the client did not ask
	// for, which Rechecks need.
	Rechecks []Recheck
	Hidden   int
	// Limit and Offset count the rows that pass Rechecks, in place of the statement's own clauses.
	Limit, Offset Count
	// Introspects is set when rows of system catalogs are read that tell columns' types, and Splices are the edits by which those rows tell
	// protected columns' logical types. The statement may be sent without them: then it shows what the server stores.
	Introspects bool
	Splices     []Edit
	// Withheld are edits by which the planner's statistics leave out those of sensitive tables. The statement must not be sent without them.
	Withheld []Edit
	// Given: it gives SQL, or names of tables, as text to a function that reads them when it runs. Tables has what they name.
	Given bool
	// Copy is set for a sensitive COPY, whose rows come as CopyData; Results is nil then.
	Copy *Copy

	// Later is set where an earlier statement of the same text may change what this one means. A refusal need not stand then: see Pieces.
	Later bool
	// TakesData: it is COPY FROM STDIN, of any table.
	TakesData bool
	// ChangesReading: client_encoding or standard_conforming_strings may be other than UTF8 and on afterwards.
	ChangesReading bool

	// Renames are columns that get another name, each before the name that it gets: rules that name one of them would be about another column.
	Renames []ColumnUse

	// Temporary is the temporary table with cells that the statement makes, which the catalog must know of afterwards (Spec.Temporaries).
	Temporary *Temporary

	// Sensitive is set when a protected or listed table is touched in any way.
	Sensitive bool
	// Runs names prepared statements and cursors that EXECUTE, FETCH and MOVE run. Where one is sensitive, the text must be analysed with
	// its meaning (AnalyzeNamed), or its arguments would not be sealed, nor its rows opened.
	Runs []string
	// Arguments: EXECUTE hands values to one of Runs.
	Arguments bool
	// Stored is what PREPARE or DECLARE CURSOR keeps. Tables, Columns, Literals and Edits are those of the kept statement; Results is nil.
	Stored *Stored
	// Forgets are the names that DEALLOCATE, CLOSE and DISCARD take away.
	Forgets Forgets
	// Makes names the prepared statement that a refused PREPARE would make, for which EXECUTE may follow all the same.
	Makes string
	// Renamed is the name that a relation gets, empty where none gets one.
	Renamed string
	// ChangesSchema: the catalog must be read again afterwards.
	ChangesSchema bool
	// PathDependent: under another search path the statement could reach, or fail to reach, something sensitive: an unqualified name is
	// that of several relations or functions of which one is sensitive. The path that analysis was given must be the server's at
	// the moment the statement is sent; a caller that can't be sure reads PathQuery again and analyses again.
	PathDependent bool
	// ChangesPath: search_path or the current role may be different afterwards.
	ChangesPath bool
}

// Package policy decides what a subject may do and see: the rules of a YAML file, judged for one subject and one analysed
// statement, become a [Plan], which says for each parameter, literal and result column what the proxy has to do with its bytes.
// The zero value of every verdict refuses. The package reads no files and no clock and knows no connection.
package policy

import (
	"net/netip"

	"github.com/pgveil/pgveil/policy/mask"
	"github.com/pgveil/pgveil/policy/sql"
)

// Subject is a proven identity: who signed in, to which database, how and from where.
type Subject struct {
	User     string
	Database string
	Method   string // scram-sha-256, scram-sha-256-plus, password
	Addr     netip.Addr
}

// Action is what happens to a result column. The zero value refuses.
type Action uint8

// The actions.
const (
	Refuse Action = iota
	Pass          // forward the server's bytes
	Open          // open the sealed cell and show it
	Mask          // open it if sealed, then show the masked text
	Null          // show NULL, open nothing
	Stored        // show the sealed cell itself, as bytea
)

// String is the action's word in explanations and records.
func (a Action) String() string {
	switch a {
	case Pass:
		return "pass"
	case Open:
		return "open"
	case Mask:
		return "mask"
	case Null:
		return "null"
	case Stored:
		return "stored"
	}
	return "refuse"
}

// Slot is one result column and what to do with it.
type Slot struct {
	Do         Action
	Name       string        // as analysis predicts it; empty when it doesn't
	Table      sql.TableName // origin, empty for an expression
	Column     string
	OID        uint32 // origin table and attribute that the server's RowDescription must agree with; 0: expression
	Num        int16
	Protection *sql.Protection // set for sealed cells
	Shape      sql.Shape       // how the cells lie in the value
	Bare       bool            // described without the type's modifier; see sql.Result
	// Document says where cells stand in a value of sql.ShapeDocument.
	Document *sql.Document
	// Holds are the columns whose cells are opened in a value of sql.ShapeJSON.
	Holds []HeldColumn
	Mask  mask.Mask // set when Do is Mask
}

// HeldColumn is a protected column whose cells may lie within one value, all shown in clear.
type HeldColumn struct {
	Table      sql.TableName
	Column     string
	Protection sql.Protection
}

// Verdict is what the policy says of one table or column of a statement.
type Verdict struct {
	Do   Action // for a table Pass or Refuse; for a column Open stands for "shown in clear", encrypted or not
	Mask mask.Mask
	Rule string // the rule that decides, empty when none has to
}

// StatementPlan is the verdict on one statement of a text.
type StatementPlan struct {
	Verb string
	// Plain: it touches nothing that the policy is about, and its results are forwarded untouched; Results is nil then.
	Plain   bool
	Results []Slot // nil: returns no rows
	// Copied are the fields of the rows of a sensitive COPY TO.
	Copied []Slot
	// Stored says which fields of a sensitive COPY FROM are cells of their column already, by index of Statement.Copy.Columns.
	Stored []bool
	// Statement is the analysis, nil when the text was proven to touch nothing sensitive without one.
	Statement *sql.Statement
	// Tables and Columns are the verdicts on Statement.Tables and Statement.Columns, by index.
	Tables  []Verdict
	Columns []Verdict
	// Rules are the ids of the rules that allowed it, for the record; of a refused statement, of those that would have.
	Rules []string
	// Refusals are all reasons why the statement is refused, in the order of their places.
	Refusals []*sql.Refusal
}

// Plan is everything the proxy needs to carry one text out, computed once and immutable. The zero value refuses.
type Plan struct {
	// Refusal is non-nil when the text must not be sent: the first of all its statements' refusals.
	Refusal *sql.Refusal
	// Allowed must be true for anything to be sent.
	Allowed bool
	// Plain: forward the text and its results untouched: there are no Literals, Edits or Params.
	Plain bool

	Statements []StatementPlan
	Literals   []sql.Literal // over the whole text, ordered by position
	Edits      []sql.Edit    // over the whole text, ordered by position
	Params     []sql.Param
	// Privileged: each execution must be on the record before it is sent.
	Privileged bool

	ChangesSchema bool
	ChangesPath   bool
	// KeepsNames: ChangesSchema, but what is sensitive, and its names, stay. Cascades: it may drop what it does not name. Both are set
	// by the session, as those below.
	KeepsNames, Cascades bool
	// OwnSchema: ChangesSchema, but by making temporary tables alone, which no other session sees.
	OwnSchema bool
	// ChangesSettings and EndsTransaction are set by the session that asked for the plan, before it is cached: they are about
	// the protocol.
	ChangesSettings bool
	EndsTransaction bool
	// Normalized is the text with every constant replaced, for the record; empty unless Privileged. See sql.Normalize.
	Normalized string
}

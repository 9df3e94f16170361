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
)

// Slot is one result column and what to do with it.
type Slot struct {
	Do         Action
	Table      sql.TableName // origin, empty for an expression
	Column     string
	OID        uint32 // origin table and attribute that the server's RowDescription must agree with; 0: expression
	Num        int16
	Protection *sql.Protection // set for sealed cells
	Mask       mask.Mask       // set when Do is Mask
}

// StatementPlan is the verdict on one statement of a text.
type StatementPlan struct {
	Verb    string
	Results []Slot // nil: returns no rows
	// Statement is the analysis, nil when the text was proven to touch nothing sensitive without one.
	Statement *sql.Statement
	// Rules are the ids of the rules that allowed it, for the record.
	Rules []string
}

// Plan is everything the proxy needs to carry one text out, computed once and immutable. The zero value refuses.
type Plan struct {
	// Refusal is non-nil when the text must not be sent.
	Refusal *sql.Refusal
	// Allowed must be true for anything to be sent.
	Allowed bool
	// Plain: forward the text and its results untouched; the fields below are empty.
	Plain bool

	Statements []StatementPlan
	Literals   []sql.Literal // over the whole text, ordered by position
	Edits      []sql.Edit    // over the whole text, ordered by position
	Params     []sql.Param
	// Privileged: each execution must be on the record before it is sent.
	Privileged bool

	ChangesSchema bool
	ChangesPath   bool
	// ChangesSettings: a run-time setting may be different afterwards, or when the transaction ends.
	ChangesSettings bool
	// EndsTransaction: COMMIT, ROLLBACK or the like, which takes settings back.
	EndsTransaction bool
}

package proxy

import (
	"sync/atomic"
	"time"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/trace"
)

// planned is a text's plan together with what it was made from, so that it can be seen to have become old.
type planned struct {
	*policy.Plan
	world   *World
	catalog *sql.Catalog
	path    string
	// defaults are shown in place of the cells that they are, nil for none.
	defaults *shownDefaults
	// escaping: the text was read as with standard_conforming_strings off, which makes a difference.
	escaping bool
	ran      []any // what the names in the text stand for, as *statement and *portal
}

// plain reports whether statement i of the text, from 0, touches nothing sensitive. A text of no statement is plain.
func (p planned) plain(i int) bool {
	if p.Plain || i >= len(p.Statements) {
		return p.Plain || len(p.Statements) == 0
	}
	st := p.Statements[i].Statement
	return st != nil && !st.Sensitive
}

// byName reports whether the text runs, by a name, what SQL has prepared or declared: results that were not analysed.
func (p planned) byName() bool {
	for i := range p.Statements {
		if st := p.Statements[i].Statement; st != nil && len(st.Runs) > 0 {
			return true
		}
	}
	return false
}

// statement is a prepared statement, as the client's name denotes it. Its fields but certain and witnessed belong to the inbound
// loop.
type statement struct {
	text     string // the client's own
	declared []uint32
	plan     planned
	batch    uint64
	edits    *positions
	ofPiece  bool // of a Query that was carried out in pieces: it is nothing that the client may name
	// escaping: its text was read as with standard_conforming_strings off, which makes a difference, and so it is each time that it is read.
	escaping bool

	certain bool // under ledger.mu: the server has confirmed it
	bytes   int  // under ledger.mu; see size
	// witnessed is the plan whose results the server has described as expected.
	witnessed atomic.Pointer[policy.Plan]

	shape *rowShape // of the latest Bind, used again when the formats are the same

	// kept is the PREPARE that made it, and text that statement's; plan is then of running it, and made when it is first needed. nil: Parse made it.
	kept *sql.Statement
}

// declaredOID is the type that the client declared for its parameter n (from 1), 0 for none.
func (s *statement) declaredOID(n int) uint32 {
	if n <= len(s.declared) {
		return s.declared[n-1]
	}
	return 0
}

// portal is a bound statement.
type portal struct {
	stmt    *statement
	plan    planned
	shape   *rowShape // nil: rows are forwarded untouched
	batch   uint64
	certain bool // under ledger.mu

	kept *sql.Statement // the DECLARE CURSOR that made it; nil: Bind did
	hold bool           // it outlives its transaction
}

// run is one execution: of a simple Query with all its statements, or of a portal. After it is owed it belongs to the
// outbound loop.
type run struct {
	plan   planned
	edits  *positions
	text   string // the client's, where it stores something by a name
	number int64  // of the execution within the session, for the record
	index  int    // the statement of the text that the server is answering
	rows   int64
	opened int64
	masked int64
	sealed int64
	from   time.Time   // zero unless recorded
	span   *trace.Span // nil unless traced
	// dropped counts rows that a second look left out.
	dropped int
	in      *copyIn   // of a sensitive COPY FROM, once the server is ready for it
	out     *copyOut  // of a sensitive COPY TO
	shape   *rowShape // current result set's, for a simple Query made by its RowDescription
}

func (r *run) statement() *policy.StatementPlan {
	if r == nil || r.index >= len(r.plan.Statements) {
		return nil
	}
	return &r.plan.Statements[r.index]
}

// positions maps places of a rewritten text back to the client's own.
type positions struct {
	text      string // the client's
	rewritten string
	plan      *policy.Plan
}

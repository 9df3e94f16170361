package proxy

import (
	"bytes"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/value"
	"github.com/pgveil/pgveil/proxy/wire"
)

// serverError passes the server's error on, or ours where the server was made to raise one.
func (s *session) serverError(a answer) error {
	body, err := s.up.Body()
	if err != nil {
		return fmt.Errorf("upstream read: %w", err)
	}
	body = a.run.withWords(s.asTimeout(body))
	ending := endsSession(body)
	s.farewell = s.farewell || ending
	out := s.client.Out()
	start := len(out)
	switch {
	case a.refusal != nil && !ending:
		out = appendRaised(out, a.refusal, body)
	case !ending && a.run.copyError(body) != nil:
		e := a.run.copyError(body)
		s.finish(a.run, "error")
		s.done(a.run, "error", e.Code)
		out = e.Append(out)
	case a.run != nil:
		s.finish(a.run, "error")
		s.done(a.run, "error", wire.ErrorField(body, 'C'))
		out = mapError(out, body, a.run.edits)
	case a.stmt != nil:
		out = mapError(out, body, a.stmt.edits)
	case a.portal != nil:
		out = mapError(out, body, a.portal.stmt.edits)
	default:
		out = mapError(out, body, nil)
	}
	s.temporaries.failed()
	if !ending {
		s.ledger.failed()
	}
	return s.client.SetOut(a.piece.place(out, start))
}

// ownError tells the client of something the server knows nothing of: a row that can't be shown. The rest of the answer is
// swallowed. What the client is told must be true: if work of the same batch is on its way behind it, the session ends.
func (s *session) ownError(a answer, cause error) error {
	e := s.rowError(a, cause)
	if a.stands() || !s.ledger.skip() {
		e.Severity = "FATAL"
		return e
	}
	s.swallowing, s.inRows = true, false
	if a.kind == kindDescribeStatement || a.kind == kindDescribePortal {
		s.ledger.settle() // the frame that was not right was all of its answer
	}
	if a.run != nil {
		s.finish(a.run, "error")
		s.done(a.run, "error", e.Code)
	}
	return s.client.SetOut(e.Append(s.client.Out()))
}

// reads are the effects that change nothing.
const reads = sql.EffectSelect | sql.EffectExplain | sql.EffectCursor | sql.EffectCopyTo

// stands reports whether the server has done or will do something that the client, told of an error, would believe undone: the
// statement changes tables, or more of the same text follows or has changed something before it.
func (a answer) stands() bool {
	st := a.run.statement()
	if a.piece != nil && a.piece.behind {
		return true
	}
	if st == nil {
		return false
	}
	if a.kind == kindQuery && (a.run.index+1 < len(a.run.plan.Statements) || changed(a.run.plan.Statements[:a.run.index])) {
		return true
	}
	for i := 0; st.Statement != nil && i < len(st.Statement.Tables); i++ {
		if st.Statement.Tables[i].Effects&^reads != 0 {
			return true
		}
	}
	return false
}

// changed reports whether statements that were carried out may have changed something.
func changed(done []policy.StatementPlan) bool {
	for i := range done {
		switch done[i].Verb {
		case "select", "values", "show", "empty":
		default:
			return true
		}
	}
	return false
}

// rowError words cause for the client, the log, the metrics and the record.
func (s *session) rowError(a answer, cause error) *wire.Error {
	var own *wire.Error
	if errors.As(cause, &own) {
		e := *own
		return &e
	}
	var broken *integrityError
	if errors.As(cause, &broken) {
		s.server.counters(broken.table, broken.column).IntegrityFailed.Inc()
		s.recordIntegrity(a.run, broken)
		return &wire.Error{Severity: "ERROR", Code: "XX001", Message: broken.Error() + " [PV009]",
			Hint: "The value was altered, moved from another column, or sealed with other keys."}
	}
	var unshown *value.Error
	if errors.As(cause, &unshown) { // by the session's settings
		return &wire.Error{Severity: "ERROR", Code: unshown.SQLSTATE, Message: unshown.Message + " [PV001]", Hint: unshown.Hint}
	}
	s.log.Warn("a result was not what was planned", zap.Error(cause))
	s.server.metrics.Refusal("PV010")
	s.server.catalogs.outdate(s.source)
	return &wire.Error{Severity: "ERROR", Code: "XX000", Message: cause.Error() + " [PV010]",
		Hint: "The schema may have changed a moment ago. Try again."}
}

// swallow drops the rest of an answer that the client was told is an error, up to ReadyForQuery.
func (s *session) swallow(a answer, typ byte) error {
	switch typ {
	case 'Z':
		return s.ready(a)
	case '1', '2', '3', 'n', 's', 'C', 'I':
		if !simple(a.kind) && a.kind != kindSync {
			s.ledger.settle()
		}
	case 'T':
		if a.kind == kindDescribeStatement || a.kind == kindDescribePortal {
			s.ledger.settle()
		}
	case 'E':
		body, err := s.up.Body()
		if err != nil {
			return fmt.Errorf("upstream read: %w", err)
		}
		if endsSession(body) {
			return s.farewellOf(body)
		}
		s.ledger.failed()
		return nil
	}
	return s.up.Discard()
}

// notice passes a notice on without sealed cells.
func (s *session) notice() error {
	body, err := s.up.Body()
	if err != nil {
		return fmt.Errorf("upstream read: %w", err)
	}
	s.warning(body)
	if !bytes.Contains(body, []byte("c57e91")) && !bytes.Contains(body, []byte(escapedEnd)) {
		return s.client.SetOut(wire.AppendFrame(s.client.Out(), 'N', body))
	}
	out := s.client.Out()
	at := len(out)
	out = mapError(out, body, nil)
	out[at] = 'N'
	return s.client.SetOut(out)
}

package proxy

import (
	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/metrics"
	"github.com/pgveil/pgveil/proxy/wire"
)

// What a session keeps from one message to the next: names, and answers owed. Both are bounded, names by a refusal and answers by not
// reading the client.

var (
	refusalStatement = &sql.Refusal{Code: "PV352", SQLSTATE: "54000", At: -1, Message: "the text of the statement is longer than is allowed",
		Hint: "Send values as parameters, or by COPY. An operator can raise limits.max_statement_bytes."}
	refusalNames = &sql.Refusal{Code: "PV353", SQLSTATE: "53400", At: -1, Message: "the session has too many prepared statements or cursors",
		Hint: "Close those that are not needed any more: DEALLOCATE, CLOSE, or the driver's statement cache made smaller. An operator can raise limits.max_prepared_statements."}
	refusalHeld = &sql.Refusal{Code: "PV354", SQLSTATE: "53400", At: -1, Message: "the session's prepared statements and cursors take too much memory",
		Hint: "Close those that are not needed any more: DEALLOCATE, CLOSE. An operator can raise limits.max_session_bytes."}
)

// The bytes that a name, a portal and an answer owed take without texts, roughly.
const (
	nameBytes   = 600
	answerBytes = 256
)

// tooLarge refuses a text that is longer than allowed.
func (s *session) tooLarge(text []byte) *sql.Refusal {
	if len(text) <= s.server.limits.Load().Statement {
		return nil
	}
	s.server.metrics.Limit(metrics.LimitStatement)
	return refusalStatement
}

// room refuses one more name where the session has as many as it may. What has no name replaces what had none before.
func (s *session) room(name []byte, portal bool, text int) *sql.Refusal {
	if len(name) == 0 {
		return nil
	}
	limits := s.server.limits.Load()
	names, held := s.ledger.keeps(meant(name), portal)
	if (names >= limits.Prepared || held+nameBytes+text > limits.Held) && s.quiet() == nil {
		names, held = s.ledger.keeps(meant(name), portal) // what was on its way may have taken some away
	}
	switch {
	case names >= limits.Prepared:
		s.server.metrics.Limit(metrics.LimitPrepared)
		return refusalNames
	case held+nameBytes+text > limits.Held:
		s.server.metrics.Limit(metrics.LimitSessionBytes)
		return refusalHeld
	}
	return nil
}

// roomFor is room for what a text prepares or declares by SQL.
func (s *session) roomFor(p *policy.Plan, text int) *sql.Refusal {
	for i := range p.Statements {
		if st := p.Statements[i].Statement; st != nil && st.Stored != nil {
			if r := s.room([]byte(st.Stored.Name), st.Stored.Cursor, text); r != nil {
				return r
			}
		}
	}
	return nil
}

// waitForAnswers waits, with the client unread, while more answers are owed than may be. The server is made to give those that it keeps
// back.
func (s *session) waitForAnswers(typ byte) error {
	limits := s.server.limits.Load()
	switch typ {
	case 'd', 'c', 'f', 'X': // the server may wait for these
		return nil
	}
	if !s.ledger.crowded(limits.Pipeline, limits.Held) {
		return nil
	}
	s.server.metrics.Limit(metrics.LimitPipeline)
	if s.inBatch {
		if err := s.up.Write(wire.AppendFrame(nil, 'H', nil)); err != nil {
			return err
		}
	}
	if err := s.up.Flush(); err != nil {
		return err
	}
	s.ledger.thin(limits.Pipeline/2, limits.Held/2)
	return nil
}

// keeps is how many names of a kind there are besides this one, and the bytes that all names take.
func (l *ledger) keeps(name []byte, portal bool) (names, held int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	names = len(l.statements) + len(l.plain)
	_, known := l.statements[string(name)]
	if portal {
		names = len(l.portals)
		_, known = l.portals[string(name)]
	}
	if known || !portal && l.plain[string(name)] {
		names--
	}
	return names, l.kept + len(l.plain)*nameBytes
}

// size is what a statement takes, in bytes. It is the same at any time.
func (s *statement) size() int {
	if s.bytes == 0 {
		s.bytes = nameBytes + len(s.text) + 4*len(s.declared)
		if s.edits != nil {
			s.bytes += len(s.edits.rewritten)
		}
	}
	return s.bytes
}

// owedBytes is roughly what is kept for the answers owed; the lock is held.
func (l *ledger) owedBytes() int {
	if l.first == len(l.queue) {
		return 0
	}
	return int(l.put - l.queue[l.first].before)
}

// crowded reports whether no more messages should be read before thin.
func (l *ledger) crowded(answers, bytes int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.copyIn && (len(l.queue)-l.first >= answers || l.owedBytes() > bytes)
}

// thin waits until few enough are owed, the server takes CopyData, or the session ends.
func (l *ledger) thin(answers, bytes int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for (len(l.queue)-l.first > answers || l.owedBytes() > bytes) && !l.ended && !l.copyIn {
		l.change.Wait()
	}
}

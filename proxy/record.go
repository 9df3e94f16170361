package proxy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/audit"
	"github.com/pgveil/pgveil/proxy/metrics"
)

// event is a record's event with what is the same for the whole session.
func (s *session) event(k audit.Kind) audit.Event {
	e := audit.Event{Kind: k, Session: s.id, User: s.subject.User, Database: s.subject.Database}
	if st := s.standing.Load(); st != nil {
		e.Roles = st.world.Policy.RoleNames(st.roles)
		e.Policy = st.world.Policy.Version()
	}
	return e
}

// note records an event that nothing waits for. A session that can't be recorded ends.
func (s *session) note(e audit.Event) {
	if s.server.audit == nil {
		return
	}
	if err := s.server.audit.AppendAsync(context.Background(), e); err != nil {
		s.log.Error("audit event lost; the session ends", zap.Error(err))
		s.stop()
	}
}

// decide puts a privileged execution on the record before it is sent, and refuses it if that can't be done.
func (s *session) decide(r *run) *sql.Refusal {
	if !r.plan.Privileged {
		return nil
	}
	if s.server.audit == nil {
		return refusalAudit
	}
	e := s.event(audit.StatementDecided)
	describe(&e, r.plan.Plan)
	s.recording.Store(true)
	seq, err := s.server.audit.Append(s.ctx, e)
	s.recording.Store(false)
	if err != nil {
		s.log.Error("a statement was refused because it could not be recorded", zap.Error(err))
		return refusalAudit
	}
	r.number, r.from, r.sealed = seq, s.now(), sealedValues(r.plan.Plan)
	return nil
}

// sealedValues is how many values one execution seals, NULLs included.
func sealedValues(p *policy.Plan) int64 {
	n := int64(len(p.Literals))
	for _, q := range p.Params {
		if q.Target != nil {
			n++
		}
	}
	return n
}

// describe fills in what a plan says: names and verdicts, no values.
func describe(e *audit.Event, p *policy.Plan) {
	e.Verdict = "allowed"
	for i := range p.Statements {
		st := &p.Statements[i]
		if i > 0 {
			e.Verb += "; "
		}
		e.Verb += st.Verb
		e.Rules = append(e.Rules, st.Rules...)
		if st.Statement != nil {
			describeStatement(e, st)
		}
	}
	e.Statement = p.Normalized
	sum := sha256.Sum256([]byte(p.Normalized))
	e.Fingerprint = hex.EncodeToString(sum[:8])
}

func describeStatement(e *audit.Event, st *policy.StatementPlan) {
	for _, t := range st.Statement.Tables {
		e.Tables = appendNew(e.Tables, t.Table.String())
	}
	for i, slots := 0, append(st.Results, st.Copied...); i < len(slots); i++ {
		slot := &slots[i]
		if action := slot.Do.String(); slot.Do != policy.Pass && slot.Column != "" {
			e.Columns = append(e.Columns, audit.Column{Table: slot.Table.String(), Column: slot.Column, Action: action})
		}
	}
	sealed := func(t sql.Target) {
		e.Columns = append(e.Columns, audit.Column{Table: t.Table.String(), Column: t.Column, Action: "sealed"})
	}
	for _, l := range st.Statement.Literals {
		sealed(l.Target)
	}
	for _, q := range st.Statement.Params {
		if q.Target != nil {
			sealed(*q.Target)
		}
	}
	for i, stored := range st.Stored {
		switch t := st.Statement.Copy.Columns[i].Target; {
		case t == nil:
		case stored:
			e.Columns = append(e.Columns, audit.Column{Table: t.Table.String(), Column: t.Column, Action: "stored"})
		default:
			sealed(*t)
		}
	}
}

func appendNew(list []string, s string) []string {
	for _, have := range list {
		if have == s {
			return list
		}
	}
	return append(list, s)
}

// nameless is the plan for running something that the proxy holds no text of: a statement or cursor that SQL made, a function of
// large objects. Of a privileged subject it is recorded all the same.
func (s *session) nameless(what string) planned {
	s.enter(s.server.world.Load())
	if !s.privileged {
		return planned{Plan: plainPlan}
	}
	p := plainPlanOf("execute", sideEffect{})
	p.Privileged, p.Normalized = true, what
	return planned{Plan: p}
}

// finish counts one executed statement.
func (s *session) finish(r *run, outcome string) {
	if r.shape != nil {
		opened, masked := r.shape.count()
		r.opened, r.masked = r.opened+opened, r.masked+masked
	}
	if r.in != nil {
		r.sealed, r.rows = r.sealed+r.in.sealed.Load(), r.rows+r.in.rows.Load()
		r.in = nil
	}
	verb, verdict := "other", metrics.Plain
	if st := r.statement(); st != nil {
		verb = st.Verb
	}
	switch {
	case outcome != "ok":
		verdict = metrics.Failed
	case !r.plan.Plain:
		verdict = metrics.Protected
	}
	s.server.metrics.Statement(verb, verdict)
}

// done notes what became of a run that was recorded, once.
func (s *session) done(r *run, outcome, sqlstate string) {
	s.traceEnded(r, outcome, sqlstate)
	if r == nil || r.from.IsZero() {
		return
	}
	e := s.event(audit.StatementDone)
	e.Decided, e.SQLState = r.number, sqlstate
	e.Result = &audit.Result{Outcome: outcome, Rows: r.rows, Opened: r.opened, Masked: r.masked, Sealed: r.sealed,
		Millis: float64(s.now().Sub(r.from).Microseconds()) / 1000}
	r.from = time.Time{}
	s.note(e)
}

// recordRefusal notes a refused statement.
func (s *session) recordRefusal(r *sql.Refusal) {
	e := s.event(audit.StatementRefused)
	e.Verdict, e.Code, e.SQLState, e.Reason = "refused", r.Code, r.SQLSTATE, withoutNames(r)
	s.note(e)
}

// recordIntegrity notes a cell that did not authenticate.
func (s *session) recordIntegrity(r *run, broken *integrityError) {
	e := s.event(audit.IntegrityFailed)
	if r != nil {
		e.Decided = r.number
	}
	e.Columns = []audit.Column{{Table: broken.table.String(), Column: broken.column, Action: "failed"}}
	e.Reason = fmt.Sprint(broken.cause)
	s.note(e)
}

// withoutNames is a refusal's message for the record. What stands in quotes in a message about a statement is taken from the client's
// text: it is meant for a name, but who writes email = "x" means a value.
func withoutNames(r *sql.Refusal) string {
	if !strings.HasPrefix(r.Code, "PV1") {
		return r.Message
	}
	message := r.Message
	if r.Words == sql.WordsServer {
		message, _, _ = strings.Cut(message, ": ") // names without quotes
	}
	parts := strings.Split(message, `"`)
	for i := 1; i < len(parts); i += 2 {
		parts[i] = "…"
	}
	return strings.Join(parts, `"`)
}

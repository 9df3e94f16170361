package proxy

import (
	"unsafe"

	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/metrics"
	"github.com/pgveil/pgveil/proxy/trace"
)

// trace begins the span of a text that has come, if it is to have one. It stands until the next message, for a refusal; of what is sent it
// goes with the run.
func (s *session) trace(text []byte) *trace.Span {
	s.span = s.server.opt.Traces.Begin(unsafe.String(unsafe.SliceData(text), len(text)))
	return s.span
}

// traceEnded ends the span of a run, once.
func (s *session) traceEnded(r *run, outcome, sqlstate string) {
	if r == nil || r.span == nil {
		return
	}
	o := trace.Outcome{Verb: "other", Verdict: metrics.Plain.String(), Rows: r.rows, Code: sqlstate}
	if r.plan.Plan != nil && len(r.plan.Statements) > 0 {
		o.Verb = metrics.Verb(r.plan.Statements[0].Verb)
	}
	switch {
	case outcome != "ok":
		o.Verdict = metrics.Failed.String()
	case r.plan.Plan != nil && !r.plan.Plain:
		o.Verdict = metrics.Protected.String()
	}
	s.endSpan(r.span, o)
	r.span = nil
}

// traceRefused ends the span of a text that is not sent.
func (s *session) traceRefused(r *sql.Refusal) {
	if s.span != nil {
		s.endSpan(s.span, trace.Outcome{Verb: "other", Verdict: metrics.Refused.String(), Code: r.Code})
		s.span = nil
	}
}

func (s *session) endSpan(span *trace.Span, o trace.Outcome) {
	o.Session = s.id
	if st := s.standing.Load(); st != nil {
		o.Roles = st.world.Policy.RoleNames(st.roles)
	}
	span.End(o)
}

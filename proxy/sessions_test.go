package proxy

import (
	"net"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/proxy/metrics"
	"github.com/pgveil/pgveil/proxy/wire"
)

// watchedSession is a session that is watched, with nobody at its ends.
func watchedSession() *session {
	m := metrics.New(prometheus.NewRegistry())
	a, _ := net.Pipe()
	s := &session{server: &Server{metrics: m}, ledger: newLedger(), client: wire.NewConn(a, 1<<20), up: wire.NewConn(a, 1<<20)}
	s.watched = watched{session: s, client: s.client}
	s.watch(s.client, s.up, m.AddedInbound, &s.watched.turns, func(n int) { m.BytesInbound.Add(float64(n)); s.bytesIn.Add(uint64(n)) })
	s.watch(s.up, s.client, m.AddedOutbound, &s.watched.reads, nil)
	s.readied('I')
	return s
}

// round is what one simple query changes of what an operator sees.
func round(s *session, r *run) {
	s.client.AfterRead(30)
	s.ledger.owe(answer{kind: kindQuery, run: r})
	s.client.BeforeRead()
	s.up.AfterRead(60)
	s.readied('I')
	s.ledger.settle()
	s.up.BeforeRead()
}

func TestSessionStateIsFree(t *testing.T) {
	s := watchedSession()
	r := &run{plan: planned{Plan: &policy.Plan{Statements: []policy.StatementPlan{{Verb: "select"}}}}}
	if n := testing.AllocsPerRun(1000, func() { round(s, r) }); n != 0 {
		t.Errorf("%v allocations a query", n)
	}
}

func BenchmarkSessionState(b *testing.B) {
	s := watchedSession()
	r := &run{plan: planned{Plan: &policy.Plan{Statements: []policy.StatementPlan{{Verb: "select"}}}}}
	b.Run("query", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			round(s, r)
		}
	})
	b.Run("look", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.watched.note(time.Time{})
		}
	})
}

func TestSessionStates(t *testing.T) {
	s := watchedSession()
	w := &s.watched
	at := func(n int) time.Time { return time.Unix(int64(n), 0) }
	r := &run{plan: planned{Plan: &policy.Plan{Statements: []policy.StatementPlan{{Verb: "select"}}}}}
	steps := []struct {
		what           string
		do             func()
		state, waiting string
		since          int // the step at which the state began
	}{
		{"nothing asked", func() { s.client.BeforeRead(); s.up.BeforeRead() }, StateIdle, WaitingClient, 0},
		{"the client has sent something", func() { s.client.AfterRead(5) }, StateIdle, WaitingServer, 0},
		{"on its way to the record", func() { s.recording.Store(true) }, StateIdle, WaitingRecord, 0},
		{"sent", func() {
			s.recording.Store(false)
			s.ledger.owe(answer{kind: kindQuery, run: r})
			s.client.BeforeRead()
		}, StateActive, WaitingServer, 3},
		{"answered in part", func() { s.up.AfterRead(5) }, StateActive, WaitingProxy, 3},
		{"the client takes nothing", func() {}, StateActive, WaitingClient, 3},
		{"ready in a transaction", func() { s.readied('T'); s.ledger.settle(); s.up.BeforeRead() }, StateTransaction, WaitingClient, 6},
		{"still", func() {}, StateTransaction, WaitingClient, 6},
		{"another statement meanwhile", func() { round(s, r); s.readied('T') }, StateTransaction, WaitingClient, 8},
		{"failed", func() { s.readied('E') }, StateAborted, WaitingClient, 9},
		{"a batch without Sync", func() { s.client.AfterRead(5); s.ledger.owe(answer{kind: kindParse}); s.client.BeforeRead() }, StateActive, WaitingServer, 10},
		{"of which all is answered", func() { s.ledger.settle() }, StateActive, WaitingClient, 10},
	}
	for i, step := range steps {
		step.do()
		w.note(at(i))
		if got := w.view.state; got != step.state {
			t.Errorf("%s: %s, want %s", step.what, got, step.state)
		}
		if got := w.waiting(s.ledger.look()); got != step.waiting {
			t.Errorf("%s: waits for %s, want %s", step.what, got, step.waiting)
		}
		if !w.view.since.Equal(at(step.since)) {
			t.Errorf("%s: since %d, want %d", step.what, w.view.since.Unix(), step.since)
		}
	}
	if l := s.ledger.look(); l.verb != "select" {
		t.Errorf("the latest statement is %q", l.verb)
	}
	if s.bytesIn.Load() != 40 {
		t.Errorf("%d bytes", s.bytesIn.Load())
	}
}

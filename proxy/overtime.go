package proxy

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/proxy/metrics"
	"github.com/pgveil/pgveil/proxy/wire"
)

// The limits of time of a role. The proxy keeps them itself, so that no SET loosens them; the vigil looks at each session and remembers
// since when it has been doing the same. A limit is reached late by at most two looks, and never early; but of several statements in one
// text, or in one batch before Sync, whose answers the server keeps back, the time counts together.

// doing is what a session does.
type doing uint8

const (
	doingOurs    doing = iota // a statement of the proxy's own
	doingNothing              // outside of a transaction
	doingWaiting              // nothing either, but within a transaction or a batch without Sync
	doingStatement
)

// overtime is what the vigil remembers of one session.
type overtime struct {
	world   *World
	limits  policy.RoleLimits
	turn    uint64
	doing   doing
	since   time.Time
	cancels int
	next    time.Time // cancel request, at the earliest
}

// cancelsOfOverdue is how many cancel requests are sent, one a second, before the session of a statement that does not end is ended. A
// server that waits for the client's next CopyData, for one, takes note of none.
const cancelsOfOverdue = 5

// watchTime is called by the vigil, now and then.
func (s *session) watchTime(now time.Time) {
	t := &s.overtime
	if w := s.server.world.Load(); t.world != w {
		t.world, t.limits = w, w.Policy.Limits(w.Policy.RolesOf(s.subject))
	}
	if t.limits.Idle+t.limits.IdleInTransaction+t.limits.Statement == 0 {
		t.since = time.Time{}
		return
	}
	turn, doing := s.ledger.doing(s.transaction() == 'I')
	if turn != t.turn || doing != t.doing || t.since.IsZero() {
		t.turn, t.doing, t.since, t.cancels = turn, doing, now, 0
		return
	}
	past := func(limit int) bool { return limit > 0 && now.Sub(t.since) >= time.Duration(limit)*time.Second }
	switch {
	case doing == doingNothing && past(t.limits.Idle):
		s.dismissIdle(turn, metrics.LimitIdle, "57P05", "terminating connection due to idle-session timeout")
	case doing == doingWaiting && past(t.limits.IdleInTransaction):
		s.dismissIdle(turn, metrics.LimitIdleTransaction, "25P03", "terminating connection due to idle-in-transaction timeout")
	case doing == doingStatement && past(t.limits.Statement):
		s.overdue(now)
	}
}

// statementTimeout is the server's word for a statement that took too long: ProcessInterrupts in src/backend/tcop/postgres.c.
const statementTimeout = "canceling statement due to statement timeout"

// overdue cancels a statement, and ends the session if it goes on.
func (s *session) overdue(now time.Time) {
	t := &s.overtime
	switch {
	case now.Before(t.next):
	case t.cancels >= cancelsOfOverdue:
		s.dismiss(metrics.LimitStatementEnded, queryCanceled, statementTimeout)
	default:
		if !s.ledger.beginCancel(t.turn, &s.cancelling) {
			return
		}
		if t.cancels == 0 {
			s.server.metrics.Limit(metrics.LimitStatementTime)
		}
		t.cancels++
		t.next = now.Add(time.Second)
		go s.cancelOverdue()
	}
}

// cancelOverdue sends one cancel request. Meanwhile nothing more is sent to the server: the request is for what it does now.
func (s *session) cancelOverdue() {
	defer s.cancelling.Done()
	defer s.ledger.endCancel()
	ctx, done := context.WithTimeout(s.ctx, 2*time.Second)
	defer done()
	if err := s.host.Cancel(ctx, s.running); err != nil {
		s.log.Warn("a statement that took too long was not cancelled", zap.Error(err))
	}
}

// dismissIdle ends a session in which nothing has been asked since turn.
func (s *session) dismissIdle(turn uint64, l metrics.Limit, code, message string) {
	if s.ledger.closeAt(turn) {
		s.dismiss(l, code, message)
	}
}

// dismiss ends the session; the client is told why.
func (s *session) dismiss(l metrics.Limit, code, message string) {
	e := &wire.Error{Severity: "FATAL", Code: code, Message: message}
	if s.dismissed.CompareAndSwap(nil, e) {
		s.server.metrics.Limit(l)
		s.stop()
	}
}

// asTimeout is the body of the server's error, with the word for a statement that took too long if it was cancelled for that.
func (s *session) asTimeout(body []byte) []byte {
	if wire.ErrorField(body, 'C') != queryCanceled || !s.ledger.overdue() {
		return body
	}
	return appendAs(nil, body, statementTimeout, -1)[5:]
}

// doing is what the session does, and a number that changes with what it is that it does, as far as the server's
// answers tell: it keeps short ones back until the text or batch is done.
func (l *ledger) doing(outside bool) (turn uint64, is doing) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.owedLocked() && l.queue[l.first].inner != nil:
		is = doingOurs
	case l.owedLocked():
		is = doingStatement
	case outside && !l.unsynced:
		is = doingNothing
	default:
		is = doingWaiting
	}
	return l.turn, is
}

// nextStatement says that the server goes on to the next statement of the same text.
func (l *ledger) nextStatement() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn++
}

// beginCancel holds back what the client sends, if the server still does what it did at turn, and adds one to running.
func (l *ledger) beginCancel(turn uint64, running interface{ Add(int) }) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.turn != turn || l.ended || l.held || !l.owedLocked() {
		return false
	}
	l.held, l.cancelled = true, true
	running.Add(1)
	return true
}

func (l *ledger) endCancel() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = false
	l.change.Broadcast()
}

// overdue reports whether something that the server was doing since its latest ReadyForQuery has been cancelled for the time that it
// took. What exactly isn't known: the server keeps short answers back, and those of the same batch come with the error.
func (l *ledger) overdue() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cancelled
}

// closeAt makes owe take nothing any more, if nothing was asked since turn.
func (l *ledger) closeAt(turn uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.turn != turn || l.owedLocked() {
		return false
	}
	l.closed = true
	return true
}

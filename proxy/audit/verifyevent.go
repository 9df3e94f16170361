package audit

import "time"

// event checks what a line says against the lines before it.
func (v *verification) event(seq int64, ev *Event) {
	r := &v.report
	if ev.Seq != seq {
		r.altered("line %d says that it is number %d", seq, ev.Seq)
	}
	if ev.V != version {
		r.incomplete("line %d is of version %d, which this verifier does not know", seq, ev.V)
	}
	if r.First.IsZero() {
		r.First = ev.Time
	}
	if back := r.Last.Sub(ev.Time); !r.Last.IsZero() && back > time.Second {
		r.ClockBack = max(r.ClockBack, back)
	}
	r.Last = ev.Time
	if v.unwitnessedSince.IsZero() {
		v.unwitnessedSince = ev.Time
	}
	if v.hasLast && seq == v.latest.Size {
		v.unsignedSince = ev.Time
	}
	v.closed = ev.Kind == LogClosed

	switch ev.Kind {
	case SessionStart:
		r.Sessions++
	case StatementRefused:
		r.Statements++
		v.follow(seq, ev)
	case StatementDecided:
		r.Statements++
		v.follow(seq, ev).open[seq] = ev.N
	case StatementDone, StatementLost:
		v.settle(seq, ev)
	case SessionEnd:
		v.ended(seq, ev.Session)
	case LogOpened, LogClosed:
		for id := range v.sessions {
			v.ended(seq, id)
		}
		if ev.Kind == LogOpened && v.hasLast && (ev.Log == nil || ev.Log.Origin != v.latest.Origin) {
			r.altered("line %d opens another log than the one that was signed", seq)
		}
	case LogBreak:
		r.Breaks++
	}
}

// follow checks that a statement's number follows its session's latest.
func (v *verification) follow(seq int64, ev *Event) *verifiedSession {
	s := v.sessions[ev.Session]
	if s == nil {
		s = &verifiedSession{open: make(map[int64]int64)}
		v.sessions[ev.Session] = s
	}
	if ev.N != s.n+1 {
		v.report.altered("line %d is statement %d of session %s, after statement %d", seq, ev.N, ev.Session, s.n)
	}
	s.n = ev.N
	return s
}

// settle pairs the end of a statement with its beginning.
func (v *verification) settle(seq int64, ev *Event) {
	if ev.Kind == StatementLost {
		v.report.Lost++
	}
	if s := v.sessions[ev.Session]; s != nil {
		if n, open := s.open[ev.Decided]; open && n == ev.N {
			delete(s.open, ev.Decided)
			return
		}
	}
	v.report.incomplete("line %d ends a statement that line %d did not begin", seq, ev.Decided)
}

// ended checks that nothing of a session is open at its end.
func (v *verification) ended(seq int64, id string) {
	if s := v.sessions[id]; s != nil {
		for decided := range s.open {
			v.report.incomplete("line %d: the statement that line %d decided has no end", seq, decided)
		}
		delete(v.sessions, id)
	}
}

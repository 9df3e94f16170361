package audit

import (
	"maps"
	"slices"
)

// numbering gives each session's statements their numbers and remembers which were decided and are not yet done. Changes since
// the last commit can be taken back.
type numbering struct {
	sessions map[string]*session
	undo     []func()
}

type session struct {
	n    int64           // of the latest statement
	open map[int64]int64 // Seq of statement.decided → N
	user string
}

func (s *numbering) commit() { s.undo = s.undo[:0] }

// rollback takes back the changes since the mark, a former length of undo; 0 is the last commit.
func (s *numbering) rollback(mark int) {
	for _, f := range slices.Backward(s.undo[mark:]) {
		f()
	}
	s.undo = s.undo[:mark]
}

// next is the session's next statement number.
func (s *numbering) next(ev *Event) (*session, int64) {
	id := ev.Session
	ses := s.sessions[id]
	if ses == nil {
		ses = &session{open: make(map[int64]int64), user: ev.User}
		s.sessions[id] = ses
		s.undo = append(s.undo, func() { delete(s.sessions, id) })
	}
	ses.n++
	s.undo = append(s.undo, func() { ses.n-- })
	return ses, ses.n
}

// number sets ev.N. ev.Seq must be set.
func (s *numbering) number(ev *Event) {
	switch ev.Kind {
	case StatementRefused:
		_, ev.N = s.next(ev)
	case StatementDecided:
		ses, n := s.next(ev)
		ev.N = n
		s.setOpen(ses, ev.Seq, n)
	case IntegrityFailed:
		if ses := s.sessions[ev.Session]; ses != nil {
			ev.N = ses.open[ev.Decided]
		}
	case StatementDone, StatementLost:
		ses := s.sessions[ev.Session]
		if ses == nil {
			return
		}
		n, open := ses.open[ev.Decided]
		if !open {
			return
		}
		ev.N = n
		delete(ses.open, ev.Decided)
		s.undo = append(s.undo, func() { ses.open[ev.Decided] = n })
	case SessionEnd:
		if ses := s.sessions[ev.Session]; ses != nil {
			delete(s.sessions, ev.Session)
			s.undo = append(s.undo, func() { s.sessions[ev.Session] = ses })
		}
	}
}

// isOpen reports whether a statement was decided and is not done.
func (s *numbering) isOpen(id string, decided int64) bool {
	ses := s.sessions[id]
	if ses == nil {
		return false
	}
	_, open := ses.open[decided]
	return open
}

// resume puts back what an earlier process left open.
func (s *numbering) resume(o OpenStatement, user string) {
	ses := s.sessions[o.Session]
	if ses == nil {
		ses = &session{open: make(map[int64]int64), user: user}
		s.sessions[o.Session] = ses
	}
	ses.n = max(ses.n, o.N)
	s.setOpen(ses, o.Decided, o.N)
}

func (s *numbering) setOpen(ses *session, decided, n int64) {
	ses.open[decided] = n
	s.undo = append(s.undo, func() { delete(ses.open, decided) })
}

// open lists the statements of one session, or of all when id is empty, that are decided and not done, in order.
func (s *numbering) open(id string) []OpenStatement {
	from := s.sessions
	if id != "" {
		from = nil
		if ses := s.sessions[id]; ses != nil {
			from = map[string]*session{id: ses}
		}
	}
	var list []OpenStatement
	for name, ses := range from {
		for _, decided := range slices.Sorted(maps.Keys(ses.open)) {
			list = append(list, OpenStatement{Decided: decided, Session: name, N: ses.open[decided]})
		}
	}
	slices.SortFunc(list, func(a, b OpenStatement) int { return int(a.Decided - b.Decided) })
	return list
}

// lost makes the events that say so of open statements.
func (s *numbering) lost(list []OpenStatement, reason string) []Event {
	var events []Event
	for _, o := range list {
		ev := Event{Kind: StatementLost, Session: o.Session, N: o.N, Decided: o.Decided, Reason: reason}
		if ses := s.sessions[o.Session]; ses != nil {
			ev.User = ses.user
		}
		events = append(events, ev)
	}
	return events
}

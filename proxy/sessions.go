package proxy

import (
	"slices"
	"strings"
	"time"

	"github.com/pgveil/pgveil/proxy/audit"
	"github.com/pgveil/pgveil/proxy/metrics"
)

// SessionInfo is what an operator sees of one session. It holds no statement's text and no value; Application and the names are what the
// client says of itself.
type SessionInfo struct {
	ID string `json:"id"`
	// State is one of the State constants. Draining says that the session ends with its transaction, because the proxy stops.
	State    string `json:"state"`
	Draining bool   `json:"draining,omitempty"`
	// Age and StateAge are seconds: since the client came, and since it is in this state, exact to 0.2 seconds.
	Age      float64  `json:"age_seconds"`
	StateAge float64  `json:"state_seconds"`
	User     string   `json:"user,omitempty"`
	Roles    []string `json:"roles,omitempty"`
	Database string   `json:"database,omitempty"`
	// Client is the client's address, which behind a balancer is the one that it tells.
	Client      string `json:"client"`
	Application string `json:"application,omitempty"`
	Upstream    string `json:"upstream,omitempty"` // the upstream's name and the server's address
	// Statement is the kind of the statement that runs or ran last: a verb of docs/metrics.md, or other.
	Statement string `json:"statement,omitempty"`
	Waiting   string `json:"waiting_for"` // one of the Waiting constants
	BytesIn   uint64 `json:"bytes_in"`    // from the client
	BytesOut  uint64 `json:"bytes_out"`   // to the client
}

// The states of a session, by the words of pg_stat_activity where it has one.
const (
	StateSigningIn   = "signing in"
	StateIdle        = "idle"
	StateActive      = "active"
	StateTransaction = "idle in transaction"
	StateAborted     = "idle in transaction (aborted)"
	StateReplicating = "replicating"
)

// Whom a session waits for.
const (
	WaitingClient = "client"
	WaitingServer = "server"
	WaitingRecord = "audit disk"
	WaitingProxy  = "proxy" // for nobody: the proxy is at work
)

// seen is what the vigil remembers of a session between two looks.
type seen struct {
	turns, reads uint64 // of the client and of the server, see watched
	status       uint32
	state        string
	since        time.Time
	// handing says that what the server sent was being handed on at two looks in a row without anything new: the client takes nothing.
	handing bool
}

// note follows a session's state. It looks into the ledger only if something has happened.
func (w *watched) note(now time.Time) {
	v := &w.view
	if w.session == nil {
		v.turns = w.turns.Load()
		return
	}
	turns, reads, status := w.turns.Load(), w.reads.Load(), w.session.status.Load()
	v.handing = reads%2 == 0 && reads == v.reads
	same := turns == v.turns && status == v.status
	v.turns, v.reads = turns, reads
	if same && v.state != "" {
		return
	}
	state := w.session.state()
	if state != v.state || status != v.status {
		v.since = now
	}
	v.status, v.state = status, state
}

// state is one of the State constants. As in the server a batch is active up to its ReadyForQuery.
func (s *session) state() string {
	if s.walsender != nil {
		return StateReplicating
	}
	if l := s.ledger.look(); l.owed || l.open {
		return StateActive
	}
	switch s.transaction() {
	case 'T':
		return StateTransaction
	case 'E':
		return StateAborted
	}
	return StateIdle
}

// looked is what the ledger says of what goes on.
type looked struct {
	owed   bool   // an answer is
	open   bool   // a batch without Sync is
	copyIn bool   // the server takes CopyData
	verb   string // of the statement that runs or ran last
}

func (l *ledger) look() looked {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := looked{owed: l.owedLocked(), open: l.unsynced, copyIn: l.copyIn, verb: l.latest}
	for i := l.first; i < len(l.queue); i++ {
		if verb := l.queue[i].verb(); verb != "" {
			found.verb = verb
			break
		}
	}
	return found
}

// verb is the kind of the first statement that an answer is of.
func (a *answer) verb() string {
	if (a.kind != kindQuery && a.kind != kindExecute) || a.run == nil || a.run.plan.Plan == nil || len(a.run.plan.Statements) == 0 {
		return ""
	}
	return a.run.plan.Statements[0].Verb
}

// waiting says whom the session waits for. turns and reads are odd while the client and the server are read from.
func (w *watched) waiting(l looked) string {
	client, server := w.turns.Load()%2 == 1, w.reads.Load()%2 == 1
	switch {
	case w.session.recording.Load():
		return WaitingRecord
	case client && (!l.owed || l.copyIn):
		return WaitingClient
	case server:
		return WaitingServer
	case w.view.handing:
		return WaitingClient
	}
	return WaitingProxy
}

// info is what is shown of w; the vigil's lock is held.
func (w *watched) info(now time.Time) SessionInfo {
	s := w.session
	l := s.ledger.look()
	state, since := s.state(), w.view.since
	if state != w.view.state || s.status.Load() != w.view.status {
		since = now // since the latest look
	}
	i := SessionInfo{ID: s.id, State: state, Draining: s.server.draining(), Age: now.Sub(s.began).Seconds(),
		StateAge: now.Sub(since).Seconds(), User: s.subject.User, Database: s.subject.Database, Client: s.subject.Addr.String(),
		Upstream: s.host.Name(), Waiting: w.waiting(l), BytesIn: s.bytesIn.Load(), BytesOut: s.bytesOut.Load()}
	if l.verb != "" {
		i.Statement = metrics.Verb(l.verb)
	}
	if name := s.application.Load(); name != nil {
		i.Application = *name
	}
	if st := s.standing.Load(); st != nil {
		i.Roles = st.world.Policy.RoleNames(st.roles)
	}
	return i
}

// Sessions is what goes on: the sessions in the order of their age, the oldest first, and those who are on their way in.
func (s *Server) Sessions() []SessionInfo {
	now := s.now()
	all := s.arrivals.infos(now)
	s.vigil.mu.Lock()
	for w := range s.vigil.all {
		if w.session != nil {
			all = append(all, w.info(now))
		}
	}
	s.vigil.mu.Unlock()
	slices.SortFunc(all, func(a, b SessionInfo) int {
		if a.Age != b.Age {
			if a.Age > b.Age {
				return -1
			}
			return 1
		}
		return strings.Compare(a.ID, b.ID)
	})
	return all
}

// Count is how many sessions there are, without those on their way in.
func (s *Server) Count() int {
	sessions, _ := s.admission.count()
	return sessions
}

// Kill ends the session with this ID as an administrator's command does, with 57P01 between two messages, and puts it on the record. by
// says who asked for it. It reports false if there is no such session.
func (s *Server) Kill(id, by string) bool {
	if s.arrivals.kill(id) {
		return true
	}
	var found *session
	s.vigil.mu.Lock()
	for w := range s.vigil.all {
		if w.session != nil && w.session.id == id {
			found = w.session
		}
	}
	s.vigil.mu.Unlock()
	if found == nil {
		return false
	}
	if !found.killed.Swap(true) {
		e := found.event(audit.SessionKilled)
		e.Reason = by
		found.note(e)
	}
	found.stop()
	return true
}

// Draining reports whether no more clients are taken, and sessions end with their transactions.
func (s *Server) Draining() bool { return s.draining() }

package proxy

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/audit"
	"github.com/pgveil/pgveil/proxy/trace"
	"github.com/pgveil/pgveil/proxy/upstream"
	"github.com/pgveil/pgveil/proxy/value"
	"github.com/pgveil/pgveil/proxy/wire"
)

// session is one client joined to one upstream connection. The fields are grouped by who owns them.
type session struct {
	server  *Server
	id      string
	subject policy.Subject
	log     *zap.Logger
	ctx     context.Context
	stop    context.CancelFunc
	ending  <-chan struct{} // closed when the session ends
	running wire.Cancel     // names the server's session, to cancel what it does
	began   time.Time
	host    *upstream.Host // where it is
	source  string         // names the host and the database: catalogs of others are other catalogs
	// patience is how long the server may go on for a client that has left; 0: to the end.
	patience time.Duration
	watched  watched
	// dismissed is what the client is told when the session was ended for a limit.
	dismissed  atomic.Pointer[wire.Error]
	overtime   overtime       // the vigil's
	cancelling sync.WaitGroup // cancel requests for statements that take too long

	client  *wire.Conn    // read by inbound, written by outbound
	pause   pause         // lets the vigil write to client while outbound rests
	sending atomic.Uint32 // sentAll: the client will send no more
	up      *wire.Conn    // read by outbound, written by inbound

	// Shared by both loops.
	ledger   *ledger
	settings atomic.Pointer[value.Settings]
	status   atomic.Uint32 // latest ReadyForQuery's byte, below a count of them
	odd      atomic.Bool   // client_encoding is one in which text can't be read
	// oldStrings: standard_conforming_strings is off, as far as is known.
	oldStrings atomic.Bool
	latest     atomic.Pointer[sql.Catalog]
	standing   atomic.Pointer[standing]

	// What an operator sees, see SessionInfo. status above also counts the ReadyForQuery messages, from bit 8 on.
	application       atomic.Pointer[string]
	bytesIn, bytesOut atomic.Uint64
	recording         atomic.Bool // the record is waited for
	killed            atomic.Bool // an operator has ended the session

	walsender *walsender // of a replication connection; nil: an ordinary session

	// The inbound loop's.
	span       *trace.Span // of the message that is looked at, nil unless traced
	seal       sealer
	frame      []byte
	skeleton   sql.Skeleton // of the text that is being planned
	batch      uint64       // counts Syncs and simple Queries
	inBatch    bool         // messages were sent since the last Sync
	executed   bool         // the client's Execute was among them
	lingering  bool         // a Query was, which may not have ended the batch
	major      int          // the server's major version
	copyRaw    bool         // CopyData that come may be forwarded as they are, if they belong to the latest Query or Execute
	ended      bool         // the transaction may have ended since the last Sync
	piece      *piece       // of the Query that is being carried out piece by piece
	world      *World
	roles      policy.RoleSet
	privileged bool
	cat        *sql.Catalog
	generation uint64
	catUntil   time.Time

	path         []string
	pathID       string
	pathKnown    bool
	pathVolatile bool   // may have changed, or may change back when the transaction ends
	serverPID    string // the server's process where there is a pooler, see stays

	settling     bool // a setting may be changing: wait for the server's word
	settingsOpen bool // a setting was changed in a transaction that may take it back

	naming bool            // names of statements or cursors may mean something sensitive
	unmade map[string]bool // names of PREPAREs that were refused

	temporaries temporaries
	missing     missing
	defaults    *shownDefaults // the latest

	ddlOpen          bool   // what is sensitive may have changed since the catalog was read
	plainDDL         bool   // something else in the schema has
	restless         bool   // some change was not a calm one
	seen             uint64 // see catalogs.behind; 0: nothing
	ddlInTransaction bool   // cat holds this transaction's own changes

	// The outbound loop's.
	scratch               rowScratch
	swallowing            bool // the client was told of an error that the server knows nothing of
	inCopy                bool // and so for the data of a COPY that are coming
	inRows                bool // rowsOf is what the rows that are coming belong to
	rowsOf                answer
	shown                 uint   // rows that something was opened or masked in
	begun                 bool   // something of the first answer owed has come
	version               int    // the server's major version
	farewell              bool   // the client was told by the server that the session is over
	warned                string // the code of a notice that announces the end
	ddlDone, plainDDLDone bool
	calmBy                *sql.Catalog // by which calm changes of schema were judged
	calmStrict            bool
}

// standing is what a session's events say of its subject.
type standing struct {
	world *World
	roles policy.RoleSet
}

func newSessionID() string {
	var b [12]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic(err) // crypto/rand.Read never fails
	}
	return hex.EncodeToString(b[:])
}

func (s *session) now() time.Time { return s.server.now() }

// transaction is the transaction status that the server reported last: I, T or E.
func (s *session) transaction() byte { return byte(s.status.Load()) }

// readied follows a ReadyForQuery. It is the outbound loop's.
func (s *session) readied(status byte) { s.status.Store((s.status.Load()>>8+1)<<8 | uint32(status)) }

// run carries messages both ways until one side ends, and returns the reason.
func (s *session) run() error {
	started := s.now()
	start := s.event(audit.SessionStart)
	start.Addr, start.Method = s.subject.Addr.String(), s.subject.Method
	if s.walsender != nil {
		start.Verb = "replicate"
	}
	s.note(start)
	m := s.server.metrics
	s.watched = watched{session: s, client: s.client, gone: s.stop, idle: s.idle, time: s.watchTime}
	s.watched.closed = s.sideClosed
	if s.walsender != nil {
		s.watched.idle, s.watched.time, s.watched.closed = nil, nil, nil // what it does is not in the ledger
	}
	s.watch(s.client, s.up, m.AddedInbound, &s.watched.turns, func(n int) { m.BytesInbound.Add(float64(n)); s.bytesIn.Add(uint64(n)) })
	s.watch(s.up, s.client, m.AddedOutbound, &s.watched.reads, nil)
	s.pause.begin(s.up)
	defer s.server.vigil.add(&s.watched)()
	s.client.AfterWrite = func(n int) { m.BytesOutbound.Add(float64(n)); s.bytesOut.Add(uint64(n)) }

	var loops sync.WaitGroup
	reasons := make(chan error, 2)
	loop := func(f func() error, inbound bool) {
		defer loops.Done()
		err := s.guarded(f)
		reasons <- err
		s.stopLater(err, inbound)
	}
	interrupted := make(chan struct{})
	stopWatching := context.AfterFunc(s.ctx, func() {
		defer close(interrupted)
		s.interrupt()
	})
	loops.Add(2)
	in, out := s.inbound, s.outbound
	if s.walsender != nil {
		in, out = s.walsender.inbound, s.walsender.outbound
	}
	go loop(out, false)
	loop(in, true) // here: a goroutine more costs a session 4 KiB of stack
	loops.Wait()
	if !stopWatching() {
		<-interrupted // or its deadlines would replace those of hangUp
	}
	s.ledger.end() // so that no cancel request begins
	s.cancelling.Wait()
	reason := <-reasons

	s.hangUp(reason)
	end := s.event(audit.SessionEnd)
	end.Result = &audit.Result{Outcome: outcomeOf(reason), Millis: float64(s.now().Sub(started).Microseconds()) / 1000}
	if e := s.dismissed.Load(); e != nil {
		end.SQLState = e.Code
	}
	s.note(end)
	return reason
}

// guarded turns a panic into the end of this one session: a defect met by one client must not end the others' sessions.
func (s *session) guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			s.log.Error("panic", zap.String("type", fmt.Sprintf("%T", r)), zap.Stack("stack"))
			err = &fatal{sqlstate: "XX000", message: "internal error of the proxy", hint: "The proxy's log has the place."}
		}
	}()
	return f()
}

func outcomeOf(reason error) string {
	switch {
	case errors.Is(reason, errTerminate), errors.Is(reason, io.EOF):
		return "ok"
	case errors.Is(reason, net.ErrClosed), errors.Is(reason, context.Canceled):
		return "cancelled"
	}
	return "error"
}

// sampled is how many batches, or messages with sealed values, share one observation of the time they take.
const sampled = 16

// watch makes what was read from one side go out to the other before more is waited for, and observes how long that takes.
func (s *session) watch(from, to *wire.Conn, took prometheus.Observer, turns *atomic.Uint64, count func(n int)) {
	var n uint
	var woke time.Time
	from.BeforeRead = func() error {
		err := to.Flush()
		if !woke.IsZero() {
			took.Observe(time.Since(woke).Seconds())
			woke = time.Time{}
		}
		turns.Add(1)
		return err
	}
	from.AfterRead = func(read int) {
		turns.Add(1)
		if count != nil {
			count(read)
		}
		if n++; n%sampled == 0 {
			woke = time.Now()
		}
	}
}

package proxy

import (
	"slices"
	"sync"

	"github.com/pgveil/pgveil/policy/sql"
)

// kind is the message that an answer is owed for.
type kind uint8

const (
	kindNone kind = iota
	kindParse
	kindBind
	kindClose
	kindDescribeStatement
	kindDescribePortal
	kindExecute
	kindSync
	kindQuery
	kindCall
	// kindCopyEnd owes no answer. It marks where in the stream the client ended a COPY, since a Sync before it is ignored
	// by a server that is copying in (PostgreSQL documentation, "COPY Operations").
	kindCopyEnd
)

// answer is one answer that the server owes.
type answer struct {
	kind    kind
	refusal *sql.Refusal // the client gets this in place of the server's error
	inner   *inner       // our own statement: nothing of its answer reaches the client

	name      string // of the statement or portal that Parse, Bind or Close changes
	closes    byte   // for Close: 'S' or 'P'
	stmt      *statement
	portal    *portal
	oldStmt   *statement // what name meant before, restored when the server skips the message
	oldPortal *portal
	run       *run   // set for Query, Execute and Describe of a statement
	own       bool   // a Describe that the client did not ask for
	piece     *piece // set where the client has sent a Query for it, with others

	bytes  int    // that are kept until it has come, besides its own
	before uint64 // ledger.put when it was owed
}

// ledger holds the answers owed, in order, and what the client's names mean. It is the only thing that both loops share.
//
// Names are changed when the client's message is forwarded, so that the messages behind it in a pipeline can be planned, and
// put back when the server turns out to have skipped the message.
type ledger struct {
	mu     sync.Mutex
	change *sync.Cond // signalled when answers go, a COPY begins or fails, and when the session ends

	queue []answer
	first int

	skipping bool    // after an error, the server's or ours: inbound drops messages up to the next Sync
	copyIn   bool    // the server is taking CopyData
	started  bool    // it has begun to, in a statement that is not complete
	sealed   *copyIn // what seals them; nil if they may pass as they are
	maybe    int     // Syncs of a COPY that failed, of which the server may have read some before it began to ignore them
	ended    bool
	closed   bool   // nothing is owed any more, see closeIdle
	asked    bool   // something was, for the client
	unsynced bool   // something was since the latest Sync
	latest   string // the verb of the latest statement sent

	kept int    // bytes that names take
	put  uint64 // bytes that all answers that were ever owed have taken

	turn      uint64 // counts what the server does, one after the other
	cancelled bool   // for the time that it took, something since the latest ReadyForQuery
	held      bool   // nothing may be owed while a cancel request is under way

	statements map[string]*statement
	portals    map[string]*portal
	plain      map[string]bool // see keepPlain
}

func newLedger() *ledger {
	l := &ledger{statements: map[string]*statement{}, portals: map[string]*portal{}}
	l.change = sync.NewCond(&l.mu)
	return l
}

// nameLength is how much of a name counts, in bytes: NAMEDATALEN - 1 (src/include/pg_config_manual.h). The server keeps statements
// and portals in hash tables that silently cut longer names (src/backend/commands/prepare.c, src/backend/utils/mmgr/portalmem.c).
const nameLength = 63

// meant is the part of a name that tells it from others.
func meant[T string | []byte](name T) T { return name[:min(len(name), nameLength)] }

// owe records that an answer is owed and applies the change of name that goes with it. It reports false when the message
// must be dropped because there was an error and the client has not sent Sync since.
func (l *ledger) owe(a answer) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.held && !l.ended {
		l.change.Wait()
	}
	if l.closed {
		return false
	}
	l.asked = l.asked || a.inner == nil
	switch a.kind {
	case kindSync:
		l.skipping, l.unsynced = false, false
		if l.copyIn {
			l.maybe++
			return true // ignored by the server: no answer
		}
	default:
		if l.skipping {
			return false
		}
		if a.kind != kindCopyEnd {
			l.unsynced = !simple(a.kind)
		}
	}
	if a.kind == kindCopyEnd {
		l.copyIn = false
		if l.first == len(l.queue) {
			return true
		}
	}
	a.name = meant(a.name)
	if verb := a.verb(); verb != "" {
		l.latest = verb
	}
	if a.inner == nil {
		l.rename(&a)
	}
	if l.first > 0 && len(l.queue) == cap(l.queue) {
		n := copy(l.queue, l.queue[l.first:])
		clear(l.queue[n:])
		l.queue = l.queue[:n]
		l.first = 0
	}
	if l.first == len(l.queue) {
		l.turn++
	}
	a.before = l.put
	l.put += uint64(answerBytes + a.bytes)
	l.queue = append(l.queue, a)
	return true
}

func (l *ledger) rename(a *answer) {
	switch {
	case a.kind == kindParse:
		a.oldStmt = l.statements[a.name]
		l.setStatement(a.name, a.stmt)
	case a.kind == kindBind:
		a.oldPortal = l.portals[a.name]
		l.setPortal(a.name, a.portal)
	case a.kind == kindClose && a.closes == 'S':
		a.oldStmt = l.statements[a.name]
		l.setStatement(a.name, nil)
	case a.kind == kindClose:
		a.oldPortal = l.portals[a.name]
		l.setPortal(a.name, nil)
	}
}

func (l *ledger) setStatement(name string, s *statement) {
	if old := l.statements[name]; old != nil {
		l.kept -= old.size()
	}
	if s == nil {
		delete(l.statements, name)
		return
	}
	l.kept += s.size()
	l.statements[name] = s
}

func (l *ledger) setPortal(name string, p *portal) {
	if l.portals[name] != nil {
		l.kept -= nameBytes
	}
	if p == nil {
		delete(l.portals, name)
		return
	}
	l.kept += nameBytes
	l.portals[name] = p
}

// next is the first answer owed that the server will send something for.
func (l *ledger) next() (answer, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first == len(l.queue) {
		return answer{}, false
	}
	return l.queue[l.first], true
}

// settle removes the first answer: the server has sent all of it, and what it names is now certain.
func (l *ledger) settle() {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := &l.queue[l.first]
	if a.stmt != nil {
		a.stmt.certain = true
	}
	if a.portal != nil {
		a.portal.certain = true
	}
	l.drop()
}

// drop removes the first entry; l.mu is held.
func (l *ledger) drop() {
	if k := l.queue[l.first].kind; k == kindSync || simple(k) {
		l.cancelled = false
	}
	l.queue[l.first] = answer{}
	l.first++
	l.turn++
	l.change.Broadcast()
	l.emptied()
}

// emptied follows the removal of answers. A COPY that ended with one of them needs no mark any more.
func (l *ledger) emptied() {
	for l.first < len(l.queue) && l.queue[l.first].kind == kindCopyEnd {
		l.queue[l.first] = answer{}
		l.first++
	}
	if l.first == len(l.queue) {
		if cap(l.queue) >= crowd {
			l.queue = nil
		}
		l.queue, l.first = l.queue[:0], 0
		l.change.Broadcast()
	} else if len(l.queue)-l.first <= crowd/2 && cap(l.queue) >= crowd {
		l.change.Broadcast()
	}
}

// needsSync reports whether k is of the extended protocol, whose batches end with Sync.
func needsSync(k kind) bool { return k != kindSync && k != kindCopyEnd && !simple(k) }

// failed follows the server, which after an error in the extended protocol skips everything up to Sync: the answers in
// between aren't owed any more and their changes of name did not happen.
func (l *ledger) failed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.change.Broadcast()
	l.copyIn, l.started = false, false
	l.turn++
	if l.first == len(l.queue) || simple(l.queue[l.first].kind) || l.queue[l.first].kind == kindSync {
		return // ReadyForQuery follows
	}
	end := l.first
	for end < len(l.queue) && l.queue[end].kind != kindSync {
		end++
	}
	l.skipping = end == len(l.queue)
	for i := end - 1; i >= l.first; i-- {
		l.restore(&l.queue[i], l.queue[end:])
	}
	for ; l.first < end; l.first++ {
		l.queue[l.first] = answer{}
	}
	l.emptied()
}

// simple reports whether the server answers k with ReadyForQuery of its own accord. In extended mode it skips these too,
// up to Sync (src/backend/tcop/postgres.c, ignore_till_sync).
func simple(k kind) bool { return k == kindQuery || k == kindCall }

// restore undoes a change of name that did not happen. behind are the answers owed after the Sync: where one of those changes
// the name too, that change stands, and only what it replaces is another. Where the server did drop the unnamed statement,
// what is restored is merely useless: a Bind of it fails.
func (l *ledger) restore(a *answer, behind []answer) {
	statement, portal := a.changes()
	if !statement && !portal {
		return
	}
	for i := range behind {
		b := &behind[i]
		if st, po := b.changes(); b.name == a.name && st == statement && po == portal {
			b.oldStmt, b.oldPortal = a.oldStmt, a.oldPortal
			return
		}
	}
	if statement {
		l.setStatement(a.name, a.oldStmt)
	} else {
		l.setPortal(a.name, a.oldPortal)
	}
}

// changes reports whether the message changes what name means as a statement or as a portal.
func (a *answer) changes() (statement, portal bool) {
	if a.inner != nil {
		return false, false
	}
	return a.kind == kindParse || a.kind == kindClose && a.closes == 'S', a.kind == kindBind || a.kind == kindClose && a.closes != 'S'
}

// skip is for an error of our own in the middle of an answer that the server believes is fine. It reports false when other
// work of the same batch is already on its way, so that what the client is told could not be true: then the session must end.
func (l *ledger) skip() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first == len(l.queue) {
		return false
	}
	if simple(l.queue[l.first].kind) {
		return true
	}
	for i := l.first + 1; i < len(l.queue); i++ {
		switch l.queue[i].kind {
		case kindSync:
			return true
		case kindExecute, kindParse, kindQuery, kindCall:
			return false
		}
	}
	l.skipping = true
	return true
}

// copyStarted is called when the server starts to take CopyData: the Syncs sent before the client's CopyDone are ignored by
// the server, so no answer is owed for them.
func (l *ledger) copyStarted(in *copyIn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.change.Broadcast()
	l.sealed, l.started = in, true
	kept := l.queue[:l.first]
	open := true
	l.maybe = 0
	for _, a := range l.queue[l.first:] {
		if a.kind == kindCopyEnd {
			open = false
		}
		if open && a.kind == kindSync {
			l.maybe++
			continue
		}
		kept = append(kept, a)
	}
	clear(l.queue[len(kept):])
	l.queue = kept
	l.copyIn = open
}

// copyDone is called when a statement is complete: a COPY that is has read all up to the client's CopyDone, whose mark goes, since the
// same Query may hold another COPY.
func (l *ledger) copyDone() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.maybe = 0
	if !l.started {
		return
	}
	l.started = false
	for i := l.first; i < len(l.queue); i++ {
		if l.queue[i].kind == kindCopyEnd {
			l.queue = slices.Delete(l.queue, i, i+1)
			return
		}
	}
}

// unowed reports whether a ReadyForQuery is the answer to a Sync that was sent before the client could know that a COPY had
// begun, and that the server read after all since the COPY failed at once. begun is whether the first answer owed has begun.
func (l *ledger) unowed(begun bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.maybe == 0 {
		return false
	}
	if l.first < len(l.queue) {
		if k := l.queue[l.first].kind; k == kindSync || simple(k) && begun {
			return false
		}
	}
	l.maybe--
	l.skipping = false
	return true
}

// crowd is how many answers make the queue so long that its memory is given back.
const crowd = 1 << 16

// quiet waits until no answer is owed. It reports false at once when that can't come about: the server takes CopyData, or the
// session ends.
func (l *ledger) quiet() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.owedLocked() && !l.ended && !l.copyIn {
		l.change.Wait()
	}
	return !l.ended && !l.copyIn
}

func (l *ledger) owedLocked() bool { return l.first < len(l.queue) }

// owed reports whether any answer is owed.
func (l *ledger) owed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.owedLocked()
}

// dropping reports whether messages are dropped up to the next Sync.
func (l *ledger) dropping() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.skipping
}

// end wakes whoever waits; the session is over.
func (l *ledger) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	l.change.Broadcast()
}

// statement looks a name up. sure is false when the server may understand the name differently because a message of an
// earlier batch, still unanswered, may have failed: then quiet must come first.
func (l *ledger) statement(name []byte, batch uint64) (s *statement, sure bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s = l.statements[string(meant(name))]
	return s, s != nil && (s.certain || s.batch == batch) || !l.owedLocked()
}

// portal is statement for portals.
func (l *ledger) portal(name []byte, batch uint64) (p *portal, sure bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p = l.portals[string(meant(name))]
	return p, p != nil && (p.certain || p.batch == batch) || !l.owedLocked()
}

// transactionEnded forgets the portals, which end with their transaction, unless newer ones may be among them.
func (l *ledger) transactionEnded() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.owedLocked() {
		return
	}
	for name, p := range l.portals {
		if !p.hold {
			l.setPortal(name, nil)
		}
	}
}

// forget drops the statements that the server had when it was told DEALLOCATE ALL or DISCARD ALL. Those whose Parse it has not
// answered came later.
func (l *ledger) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, s := range l.statements {
		if s.certain {
			l.setStatement(name, nil)
		}
	}
}

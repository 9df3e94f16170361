package proxy

import (
	"errors"
	"io"
	"sync"

	"github.com/pgveil/pgveil/proxy/wire"
)

// A client that closes its sending half has not left: what it has asked for is done and answered, as by a server. Whether one that is gone
// has closed both halves is learnt by sending it something: its kernel answers with a reset.

// errSentAll ends the inbound loop: the client will send no more, and waits for answers.
var errSentAll = errors.New("the client has sent all")

// sentAll is the state of session.sending in which nothing more comes.
const sentAll = 1

// sentLast is what becomes of the inbound loop's end: where the client has closed its sending half, what it has sent before is finished.
func (s *session) sentLast(reason error) error {
	if !errors.Is(reason, io.EOF) && !errors.Is(reason, io.ErrUnexpectedEOF) || s.ledger.takesCopy() || s.ledger.unanswered() == 0 || s.up.WriteFailed() {
		return reason
	}
	// The server ends when it has come to this. It drops what stands behind the last Sync, as it does when it finds no more.
	if errors.Join(s.up.Write(wire.AppendFrame(nil, 'X', nil)), s.up.Flush()) != nil {
		return reason
	}
	s.sending.Store(sentAll)
	if s.ledger.unanswered() == 0 { // the outbound loop may have missed it
		return reason
	}
	s.sideClosed()
	return errSentAll
}

// nothingNew says what the client has been told at the beginning, and what never changes (src/backend/utils/misc/guc_tables.c).
var nothingNew = wire.AppendFrame(nil, 'S', []byte("integer_datetimes\x00on\x00"))

// sideClosed makes a client that has closed both halves of its connection show it. It is called while the session works for it.
func (s *session) sideClosed() {
	if s.client.Deaf.Load() || !s.pause.say(s.client, nothingNew) {
		s.stop()
	}
}

// pause is held by the outbound loop, but for the time in which it waits for the server between two messages, with nothing pending for the
// client.
type pause struct {
	mu      sync.Mutex
	resting bool // the outbound loop's
}

// begin is called before the loops run.
func (p *pause) begin(up *wire.Conn) {
	p.mu.Lock()
	after := up.AfterRead
	up.AfterRead = func(n int) {
		p.resume()
		after(n)
	}
}

// rest is called before the next message, and ends with the next read.
func (p *pause) rest(up, client *wire.Conn) error {
	if up.HasNext() {
		return nil
	}
	if err := client.Flush(); err != nil {
		return err
	}
	p.resting = true
	p.mu.Unlock()
	return nil
}

func (p *pause) resume() {
	if p.resting {
		p.resting = false
		p.mu.Lock()
	}
}

// end is called when the outbound loop ends: nothing is said aside any more.
func (p *pause) end() { p.resume() }

// say writes a frame to the client if the outbound loop rests. It reports whether the connection stands, as far as is known.
func (p *pause) say(client *wire.Conn, frame []byte) bool {
	if !p.mu.TryLock() {
		return true // what the outbound loop writes shows as much
	}
	defer p.mu.Unlock()
	return client.Interject(frame)
}

// unanswered is how many messages are owed an answer that the server will give: not those behind the last Sync.
func (l *ledger) unanswered() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.queue) - 1; i >= l.first; i-- {
		if k := l.queue[i].kind; k == kindSync || simple(k) {
			return i + 1 - l.first
		}
	}
	return 0
}

// takesCopy reports whether the server waits for CopyData.
func (l *ledger) takesCopy() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.copyIn
}

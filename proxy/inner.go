package proxy

import (
	"errors"
	"fmt"

	"github.com/pgveil/pgveil/proxy/wire"
)

// innerName is the statement and portal name of the proxy's own statements on a client's session.
const innerName = "pgveil_inner"

// inner is a statement of the proxy's own, sent on the client's session between the client's messages.
type inner struct {
	// inBatch: the client has sent messages since its last Sync, so the statement is part of that batch and ends with Flush.
	// An error then fails the client's batch too, and the client is shown it.
	inBatch bool
	steps   int // answers still owed
	rows    [][][]byte
	failed  *innerError
	done    chan struct{}
}

// innerError is a server's error about a statement of the proxy's own.
type innerError struct {
	sqlstate string
	message  string // the server's, of a cancelled one
}

// queryCanceled is the SQLSTATE of what was cancelled, by a request or for the time that it took.
const queryCanceled = "57014"

// cancelled reports whether a statement of ours was cancelled: whoever wanted that meant the client's, for which it was sent.
func cancelled(err error) (*innerError, bool) {
	var e *innerError
	ok := errors.As(err, &e) && e.cancelled()
	return e, ok
}

func (e *innerError) cancelled() bool { return e.sqlstate == queryCanceled }

func (e *innerError) Error() string {
	return "the server refused a catalog query of the proxy with SQLSTATE " + e.sqlstate
}

var errSessionEnded = errors.New("the session has ended")

// ask runs statements of ours and returns the rows of all of them in text form. It is called by the inbound loop, between two
// messages of the client, and not while the server takes CopyData.
func (s *session) ask(texts ...string) ([][][]byte, error) {
	// An error in front of it, in the same batch, would make the server skip it.
	if err := s.quiet(); err != nil {
		return nil, err
	}
	if s.transaction() == 'E' && !s.ended {
		return nil, &innerError{sqlstate: refusalAborted.SQLSTATE}
	}
	return s.put(texts...)
}

// put is ask whatever the transaction's state is, on a quiet session.
func (s *session) put(texts ...string) ([][][]byte, error) {
	q := &inner{inBatch: s.inBatch, done: make(chan struct{})}
	kinds := []kind{kindClose, kindClose}
	for range texts {
		kinds = append(kinds, kindParse, kindBind, kindExecute, kindClose, kindClose)
	}
	if !q.inBatch {
		kinds = append(kinds, kindSync)
	}
	q.steps = len(kinds)
	for _, k := range kinds {
		if !s.ledger.owe(answer{kind: k, inner: q}) {
			return nil, errDropped
		}
	}
	if err := s.up.Write(appendInner(nil, texts, !q.inBatch)); err != nil {
		return nil, err
	}
	if err := s.up.Flush(); err != nil {
		return nil, err
	}
	select {
	case <-q.done:
	case <-s.ending:
		return nil, errSessionEnded
	}
	if q.failed != nil {
		return nil, q.failed
	}
	return q.rows, nil
}

// appendInner appends the messages of statements without parameters, their results in text form.
func appendInner(dst []byte, texts []string, sync bool) []byte {
	closing := func(what byte) {
		var at int
		dst, at = wire.Begin(dst, 'C')
		dst = wire.End(wire.AppendCString(append(dst, what), innerName), at)
	}
	closing('P') // left over where an earlier one failed
	closing('S')
	for _, text := range texts {
		var at int
		dst, at = wire.Begin(dst, 'P')
		dst = wire.AppendCString(wire.AppendCString(dst, innerName), text)
		dst = wire.End(wire.AppendInt16(dst, 0), at)
		dst, at = wire.Begin(dst, 'B')
		dst = wire.AppendCString(wire.AppendCString(dst, innerName), innerName)
		dst = wire.End(append(dst, 0, 0, 0, 0, 0, 0), at)
		dst, at = wire.Begin(dst, 'E')
		dst = wire.End(wire.AppendInt32(wire.AppendCString(dst, innerName), 0), at)
		closing('P')
		closing('S')
	}
	if sync {
		return wire.AppendFrame(dst, 'S', nil)
	}
	return wire.AppendFrame(dst, 'H', nil)
}

// innerFrame takes one frame of the answer to a statement of ours. The client is shown an error inside its own batch, and one that ends the session.
func (s *session) innerFrame(q *inner, typ byte) error {
	switch typ {
	case 'D':
		body, err := s.up.Body()
		if err != nil {
			return err
		}
		row, err := copyRow(body)
		if err != nil {
			return err
		}
		q.rows = append(q.rows, row)
		return nil
	case 'E':
		return s.innerFailed(q)
	case '1', '2', '3', 'C', 'I', 'Z':
		s.ledger.settle()
		if typ == 'Z' {
			body, err := s.up.Body()
			if err != nil || len(body) != 1 {
				return fmt.Errorf("bad ReadyForQuery: %w", err)
			}
			s.readied(body[0]) // before whoever asked goes on and looks at it
			close(q.done)
			return nil
		}
		if q.steps--; q.inBatch && q.steps == 0 {
			close(q.done)
		}
	}
	return s.up.Discard()
}

// innerFailed takes the error of a statement of ours.
func (s *session) innerFailed(q *inner) error {
	body, err := s.up.Body()
	if err != nil {
		return err
	}
	if endsSession(body) { // no ReadyForQuery follows
		return s.farewellOf(body)
	}
	q.failed = &innerError{sqlstate: "unknown"}
	s.ledger.failed()
	if q.inBatch {
		s.temporaries.failed()
		err = s.client.SetOut(wire.AppendFrame(s.client.Out(), 'E', body))
		close(q.done)
		return err
	}
	if q.failed.sqlstate = wire.ErrorField(body, 'C'); q.failed.cancelled() {
		q.failed.message = wire.ErrorField(body, 'M')
	}
	return nil
}

// endsSession reports whether an error of the server's is its last word.
func endsSession(body []byte) bool {
	severity := wire.ErrorField(body, 'V')
	return severity == "FATAL" || severity == "PANIC"
}

// farewellOf shows the client the server's last word. Nothing may follow it.
func (s *session) farewellOf(body []byte) error {
	s.farewell = true
	return s.client.SetOut(wire.AppendFrame(s.client.Out(), 'E', body))
}

func copyRow(body []byte) ([][]byte, error) {
	r := wire.NewReader(body)
	row := make([][]byte, max(r.Int16(), 0))
	for i := range row {
		if v, null := r.Value(); !null {
			row[i] = append([]byte{}, v...)
		}
	}
	return row, r.Err()
}

package proxy

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/value"
	"github.com/pgveil/pgveil/proxy/wire"
)

// errTerminate ends a session in order: the client sent Terminate.
var errTerminate = errors.New("the client has left")

// errDropped says that a message needs no more attention: the client has been told of an error and hasn't sent Sync.
var errDropped = errors.New("message dropped up to Sync")

// inbound carries the client's messages to the server until one of the two fails.
func (s *session) inbound() error {
	for {
		typ, size, err := s.client.Next()
		if err != nil {
			return s.sentLast(fmt.Errorf("client read: %w", err))
		}
		if err := s.message(typ, size); err != nil {
			return s.sentLast(err)
		}
	}
}

// message is the whole of what a client may send after sign-in. What isn't here ends the session.
func (s *session) message(typ byte, size int) error {
	if err := s.waitForAnswers(typ); err != nil {
		return err
	}
	switch typ {
	case 'Q', 'P', 'B', 'D', 'E', 'C', 'F', 'S':
		if err := s.lookForMade(); err != nil {
			return err
		}
	}
	switch typ {
	case 'Q':
		return s.whole(s.query)
	case 'P':
		return s.whole(s.parse)
	case 'B':
		if size > longBind {
			if done, err := s.bindUnread(); done || err != nil {
				return err
			}
		}
		return s.whole(s.bind)
	case 'D':
		return s.whole(s.describe)
	case 'E':
		return s.whole(s.execute)
	case 'C':
		return s.whole(s.close)
	case 'F':
		return s.whole(s.call)
	case 'S':
		s.endBatch()
		return s.pass(answer{kind: kindSync})
	case 'H':
		return s.client.Forward(s.up)
	case 'd':
		return s.copyData()
	case 'c', 'f':
		return s.copyEnd(typ)
	case 'X':
		return s.terminate()
	}
	return &fatal{sqlstate: "08P01", message: fmt.Sprintf("invalid message type %q from the client, %d bytes", typ, size)}
}

// terminate hands the client's farewell on. The server still does what it was sent before; its answers go nowhere.
func (s *session) terminate() error {
	s.client.Deaf.Store(true)
	if err := errors.Join(s.client.Forward(s.up), s.up.Flush()); err != nil {
		return err
	}
	return errTerminate
}

// whole reads a frame that must be looked at and hands it on.
func (s *session) whole(do func(frame, body []byte) error) error {
	frame, err := s.client.Frame()
	if errors.Is(err, wire.ErrTooLong) {
		return s.tooLong()
	}
	if err != nil {
		return fmt.Errorf("client read: %w", err)
	}
	if err = s.attend(); err == nil {
		err = do(frame, frame[5:])
	}
	s.frame, s.seal.plain, s.seal.cell = trimmed(s.frame), trimmed(s.seal.plain), trimmed(s.seal.cell)
	if errors.Is(err, errDropped) {
		return nil
	}
	return err
}

// attend begins what is done about a message.
func (s *session) attend() error {
	if s.ledger.dropping() {
		return errDropped
	}
	s.span = nil
	if s.lingering {
		return s.stillOpen()
	}
	return nil
}

// keptBuffer is how large, in bytes, a session's buffer may stay.
const keptBuffer = 1 << 20

// trimmed gives a buffer back that one large value has made large: sessions are many and long.
func trimmed(b []byte) []byte {
	if cap(b) > keptBuffer {
		return nil
	}
	return b
}

// peeked is how much of a long message is looked at: PostgreSQL's names have at most 63 bytes, and so have sane clients'.
const peeked = 1024

// tooLong refuses a message that is too long to be read whole.
func (s *session) tooLong() error {
	typ, _, err := s.client.Next()
	if err != nil {
		return fmt.Errorf("client read: %w", err)
	}
	head, err := s.client.Peek(peeked)
	if err != nil {
		return fmt.Errorf("client read: %w", err)
	}
	kinds := map[byte]kind{'Q': kindQuery, 'F': kindCall, 'P': kindParse, 'B': kindBind, 'D': kindDescribePortal, 'E': kindExecute, 'C': kindClose}
	a := answer{kind: kinds[typ], refusal: refusalLong}
	r := wire.NewReader(head)
	if first := r.CString(); r.Err() == nil && (typ == 'P' || typ == 'B') {
		a.name = string(first)
	}
	if err := s.client.Discard(); err != nil {
		return fmt.Errorf("client read: %w", err)
	}
	if err := s.refuseNamed(a); !errors.Is(err, errDropped) {
		return err
	}
	return nil
}

// pass owes a and forwards the frame that Next announced, or drops both.
func (s *session) pass(a answer) error {
	s.inBatch = s.inBatch || needsSync(a.kind)
	if !s.ledger.owe(a) {
		return s.client.Discard()
	}
	return s.client.Forward(s.up)
}

// send owes a and sends frame, or drops both.
func (s *session) send(a answer, frame []byte) error {
	a.piece = s.piece
	s.executed = s.executed || a.kind == kindExecute
	if a.kind == kindParse || a.kind == kindQuery {
		a.bytes = len(frame)
	}
	s.inBatch = s.inBatch || needsSync(a.kind)
	if a.refusal != nil || a.kind == kindQuery || a.kind == kindExecute {
		s.copyRaw = a.refusal == nil && a.run != nil && a.run.plan.Plain && (a.kind == kindQuery || a.portal != nil)
	}
	if !s.ledger.owe(a) {
		return errDropped
	}
	return s.up.Write(frame)
}

// query is the simple protocol's one message. Where no error has come before it, it ends what is open of a batch without Sync.
func (s *session) query(frame, body []byte) error {
	if s.inBatch {
		if err := s.quiet(); err != nil {
			return err
		}
		if err := s.endOpen(); err != nil {
			return err
		}
		defer func() {
			s.revert()
			s.remain()
			s.inBatch, s.ended, s.executed = false, false, false
		}()
	}
	text, ok := cString(body)
	if !ok {
		return s.refuse(kindQuery, refusalFormat)
	}
	if r := s.tooLarge(text); r != nil {
		return s.refuse(kindQuery, r)
	}
	span := s.trace(text)
	p, err := s.plan(text)
	refusal := (*sql.Refusal)(nil)
	err = s.endsFirst(err, text)
	if several := (*severalTexts)(nil); errors.As(err, &several) {
		return s.queryPieces(string(text), several.pieces)
	}
	if errors.As(err, &refusal) {
		return s.refuse(kindQuery, refusal)
	}
	if errors.Is(err, errDropped) {
		// A statement of ours failed in the open batch, as the client's would have. The client has the error; with Sync it gets the
		// ReadyForQuery that ends the answer to its Query.
		s.batch++
		return s.send(answer{kind: kindSync}, wire.AppendFrame(nil, 'S', nil))
	}
	if err != nil {
		return err
	}
	if refusal := s.roomFor(p.Plan, len(text)); refusal != nil {
		return s.refuse(kindQuery, refusal)
	}
	s.batch++
	r := &run{plan: p, span: span}
	if s.naming {
		r.text = string(text)
	}
	if !p.Plain {
		rewritten, err := s.seal.rewrite(p, string(text), s.settings.Load())
		if err == nil {
			err = readable(p, s.settings.Load())
		}
		if err != nil {
			return s.refuse(kindQuery, at(refusalOf(err), string(text)))
		}
		r.edits = newPositions(p.Plan, string(text), rewritten)
		s.frame = s.frame[:0]
		var at int
		s.frame, at = wire.Begin(s.frame, 'Q')
		frame = wire.End(wire.AppendCString(s.frame, rewritten), at)
		s.frame = frame
	}
	if refusal := s.decide(r); refusal != nil {
		return s.refuse(kindQuery, refusal)
	}
	s.effects(p.Plan)
	return s.send(answer{kind: kindQuery, run: r}, frame)
}

// callable are the functions of large objects, which libpq calls by OID (pg_proc.dat). Any other could run SQL that was never
// looked at.
var callable = map[uint32]bool{
	957: true, 715: true, 952: true, 953: true, 954: true, 955: true, 956: true, 3170: true, 958: true, 3171: true,
	964: true, 1004: true, 3172: true,
}

// call is the old function call protocol.
func (s *session) call(frame, body []byte) error {
	r := wire.NewReader(body)
	if oid := r.Uint32(); r.Err() != nil || !callable[oid] {
		return s.refuse(kindCall, refusalCall)
	}
	ru := &run{plan: s.nameless("(a function of large objects)")}
	if refusal := s.decide(ru); refusal != nil {
		return s.refuse(kindCall, refusal)
	}
	return s.send(answer{kind: kindCall, run: ru}, frame)
}

func (s *session) statement(name []byte) (*statement, error) {
	st, err := resolve(s, s.ledger.statement, name)
	if err == nil && st != nil && st.ofPiece && s.piece == nil {
		return nil, s.dropPiece('S')
	}
	return st, err
}

func (s *session) portal(name []byte) (*portal, error) {
	po, err := resolve(s, s.ledger.portal, name)
	if err == nil && po != nil && po.stmt != nil && po.stmt.ofPiece && s.piece == nil {
		return nil, s.dropPiece('P')
	}
	return po, err
}

// resolve says what a name means, nil if nothing. It waits for the server's answers where the meaning hangs on them.
func resolve[T any](s *session, look func(name []byte, batch uint64) (*T, bool), name []byte) (*T, error) {
	t, sure := look(name, s.batch)
	if sure {
		return t, nil
	}
	if err := s.quiet(); err != nil {
		return nil, err
	}
	t, _ = look(name, s.batch)
	return t, nil
}

// quiet makes the server answer all that it owes and waits for it.
func (s *session) quiet() error {
	if !s.ledger.owed() {
		if s.ledger.dropping() {
			return errDropped
		}
		return nil
	}
	if s.inBatch {
		if err := s.up.Write(wire.AppendFrame(nil, 'H', nil)); err != nil {
			return err
		}
	}
	if err := s.up.Flush(); err != nil {
		return err
	}
	if !s.ledger.quiet() {
		return &fatal{sqlstate: "08P01", message: "a statement was sent while the server waits for COPY data"}
	}
	if s.ledger.dropping() {
		return errDropped
	}
	return nil
}

// target decodes the body of Describe and Close.
func target(body []byte) (what byte, name []byte, ok bool) {
	if len(body) == 0 || body[0] != 'S' && body[0] != 'P' {
		return 0, nil, false
	}
	name, ok = cString(body[1:])
	return body[0], name, ok
}

// ascii reports whether a name is the same in every encoding.
func ascii(name []byte) bool {
	for _, c := range name {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// cString is a body that is one zero-terminated string.
func cString(body []byte) ([]byte, bool) {
	i := bytes.IndexByte(body, 0)
	if i < 0 || i != len(body)-1 {
		return nil, false
	}
	return body[:i], true
}

// refusalOf turns what went wrong with a value into what the client is told.
func refusalOf(err error) *sql.Refusal {
	place := -1
	var l *literalError
	if errors.As(err, &l) {
		place = l.at
	}
	var refusal *sql.Refusal
	var v *value.Error
	switch {
	case errors.As(err, &refusal) && refusal.At < 0:
		placed := *refusal
		placed.At = place
		return &placed
	case refusal != nil:
		return refusal
	case errors.As(err, &v):
		return &sql.Refusal{Code: "PV001", SQLSTATE: v.SQLSTATE, Message: v.Message, Hint: v.Hint, At: place}
	case errors.Is(err, errBind):
		return refusalFormat
	}
	return &sql.Refusal{Code: "PV002", SQLSTATE: "58000", Message: "the value could not be sealed: " + err.Error(), At: place}
}

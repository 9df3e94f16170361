package proxy

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/pgveil/pgveil/policy"
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
			return fmt.Errorf("client read: %w", err)
		}
		if err := s.message(typ, size); err != nil {
			return err
		}
	}
}

// message is the whole of what a client may send after sign-in. What isn't here ends the session.
func (s *session) message(typ byte, size int) error {
	if s.ledger.crowded() {
		if err := s.up.Flush(); err != nil {
			return err
		}
		s.ledger.thin()
	}
	switch typ {
	case 'Q':
		return s.whole(s.query)
	case 'P':
		return s.whole(s.parse)
	case 'B':
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
	if s.ledger.dropping() {
		return nil
	}
	err = do(frame, frame[5:])
	s.frame, s.seal.plain, s.seal.cell = trimmed(s.frame), trimmed(s.seal.plain), trimmed(s.seal.cell)
	if errors.Is(err, errDropped) {
		return nil
	}
	return err
}

// trimmed gives a buffer back that one large value has made large: sessions are many and long.
func trimmed(b []byte) []byte {
	if cap(b) > 1<<20 {
		return nil
	}
	return b
}

// peeked is how much of a long message is looked at: PostgreSQL's names have at most 63 bytes, and so have sane clients'.
const peeked = 1024

// tooLong takes a message that is too long to be read whole. A Bind of a plain statement may pass all the same; the rest is
// refused.
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
	first, second := r.CString(), r.CString()
	if r.Err() == nil && (typ == 'P' || typ == 'B') {
		a.name = string(first)
	}
	if typ == 'B' && r.Err() == nil {
		st, err := s.statement(second)
		if errors.Is(err, errDropped) {
			return s.client.Discard()
		}
		if err != nil {
			return err
		}
		if st == nil {
			a.refusal = nil
			return s.pass(a)
		}
		p, err := s.revalidate(second, st)
		if refusal := (*sql.Refusal)(nil); err != nil && !errors.As(err, &refusal) {
			if errors.Is(err, errDropped) {
				return s.client.Discard()
			}
			return err
		}
		if err == nil && p.Plain {
			a.refusal, a.portal = nil, &portal{stmt: st, plan: p, batch: s.batch}
			return s.pass(a)
		}
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
		defer func() {
			s.revert()
			s.inBatch, s.ended = false, false
		}()
	}
	text, ok := cString(body)
	if !ok {
		return s.refuse(kindQuery, refusalFormat)
	}
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
	s.batch++
	r := &run{plan: p}
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

// parse prepares a statement.
func (s *session) parse(frame, body []byte) error {
	r := wire.NewReader(body)
	name, text := r.CString(), r.CString()
	n := int(uint16(r.Int16()))
	if r.Err() != nil || len(r.Rest()) != 4*n {
		return s.refuseParse(string(name), refusalFormat)
	}
	st := &statement{batch: s.batch}
	for range n {
		oid := r.Uint32()
		if oid == sql.OIDUnknown {
			oid = 0 // the server infers a type all the same (src/backend/parser/parse_param.c)
		}
		st.declared = append(st.declared, oid)
	}
	p, err := s.plan(text)
	if refusal := (*sql.Refusal)(nil); errors.As(err, &refusal) {
		return s.refuseParse(string(name), refusal)
	}
	if err != nil {
		return err
	}
	st.plan, st.text = p, string(text)
	s.naming = s.naming || len(name) > 0 && (!p.Plain || pathDependent(p.Plan))
	if p.Plain {
		return s.send(answer{kind: kindParse, name: string(name), stmt: st}, frame)
	}
	if !ascii(name) {
		return s.refuseParse(string(name), refusalName)
	}
	rewritten, err := s.seal.rewrite(p, st.text, s.settings.Load())
	if err != nil {
		return s.refuseParse(string(name), at(refusalOf(err), st.text))
	}
	st.edits = newPositions(p.Plan, st.text, rewritten)
	s.frame = appendParse(s.frame[:0], string(name), rewritten, st)
	return s.send(answer{kind: kindParse, name: string(name), stmt: st}, s.frame)
}

// bind gives a prepared statement its parameters.
func (s *session) bind(frame, body []byte) error {
	r := wire.NewReader(body)
	portalName, name := r.CString(), r.CString()
	if r.Err() != nil {
		return s.refuseBind(string(portalName), refusalFormat)
	}
	st, err := s.statement(name)
	if err != nil {
		return err
	}
	if st == nil {
		// One that SQL's PREPARE made over nothing sensitive, or none at all.
		return s.send(answer{kind: kindBind, name: string(portalName)}, frame)
	}
	p, err := s.revalidate(name, st)
	if refusal := (*sql.Refusal)(nil); errors.As(err, &refusal) {
		return s.refuseBind(string(portalName), refusal)
	}
	if err != nil {
		return err
	}
	po := &portal{stmt: st, plan: p, batch: s.batch}
	s.naming = s.naming || len(portalName) > 0 && !p.Plain
	if p.Plain {
		return s.send(answer{kind: kindBind, name: string(portalName), portal: po}, frame)
	}
	if !ascii(portalName) {
		return s.refuseBind(string(portalName), refusalName)
	}
	m, err := decodeBind(body)
	if err != nil {
		return s.refuseBind(string(portalName), refusalFormat)
	}
	var slots []policy.Slot
	if !p.plain(0) {
		slots = p.Statements[0].Results
	}
	asked := m.results
	if hidden := hiddenOf(p, 0); hidden > 0 && len(asked) > 1 {
		asked = append(asked, make([]int16, hidden)...)
	}
	server := serverFormats(slots, asked)
	if po.shape, err = s.shapeFor(st, p, slots, server, asked); err != nil {
		return s.refuseBind(string(portalName), refusalOf(err))
	}
	if po.shape != nil {
		if po.shape, err = po.shape.looking(p.Statements[0].Statement, m.bound); err != nil {
			return s.refuseBind(string(portalName), refusalOf(err))
		}
	}
	if err = readable(p, s.settings.Load()); err == nil {
		s.frame, err = s.seal.appendBind(s.frame[:0], &m, st, p, server, s.settings.Load())
	}
	if err != nil {
		return s.refuseBind(string(portalName), refusalOf(err))
	}
	return s.send(answer{kind: kindBind, name: string(portalName), portal: po}, s.frame)
}

// shapeFor makes the row shape of a portal, or takes that of the statement's latest one if plan and formats are the same.
func (s *session) shapeFor(st *statement, p planned, slots []policy.Slot, server, client []int16) (*rowShape, error) {
	if len(slots) == 0 {
		return nil, nil
	}
	if st.shape != nil && st.shape.plan == p.Plan && equalFormats(st.shape.formats, client) {
		return st.shape, nil
	}
	shape, err := s.server.newRowShape(p, slots, server, append([]int16(nil), client...))
	if err == nil {
		st.shape = shape
	}
	return shape, err
}

// serverFormats asks the server for sealed cells in binary, whatever the client wants to see.
func serverFormats(slots []policy.Slot, client []int16) []int16 {
	sealed := false
	for i := range slots {
		sealed = sealed || slots[i].Protection != nil
	}
	if !sealed || len(client) > 1 && len(client) != len(slots) {
		return client
	}
	formats := make([]int16, len(slots))
	for i := range slots {
		formats[i] = formatOf(client, i)
		if slots[i].Protection != nil {
			formats[i] = 1
		}
	}
	return formats
}

func equalFormats(a, b []int16) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// describe asks what a statement or portal takes and returns.
func (s *session) describe(frame, body []byte) error {
	what, name, ok := target(body)
	if !ok {
		return s.refuse(kindDescribePortal, refusalFormat)
	}
	if what == 'S' {
		st, err := s.statement(name)
		if err != nil {
			return err
		}
		a := answer{kind: kindDescribeStatement, stmt: st}
		if st != nil && st.kept != nil {
			if _, err := s.revalidate(name, st); refusedBy(err) != nil {
				return s.refuse(kindDescribeStatement, refusedBy(err))
			} else if err != nil {
				return err
			}
		}
		if st != nil {
			a.run = &run{plan: st.plan}
		}
		return s.send(a, frame)
	}
	po, err := s.readyPortal(name)
	if refusal := refusedBy(err); refusal != nil {
		return s.refuse(kindDescribePortal, refusal)
	}
	if err != nil {
		return err
	}
	return s.send(answer{kind: kindDescribePortal, portal: po}, frame)
}

// execute runs a portal, whole or up to a number of rows.
func (s *session) execute(frame, body []byte) error {
	r := wire.NewReader(body)
	name := r.CString()
	r.Int32()
	if r.Err() != nil || len(r.Rest()) != 0 {
		return s.refuse(kindExecute, refusalFormat)
	}
	po, err := s.readyPortal(name)
	if refusal := refusedBy(err); refusal != nil {
		return s.refuse(kindExecute, refusal)
	}
	if err != nil {
		return err
	}
	if po == nil {
		r := &run{plan: s.nameless("(a statement or cursor that SQL made, run by name)")}
		if refusal := s.decide(r); refusal != nil {
			return s.refuse(kindExecute, refusal)
		}
		if err := s.callWitness(name, nil); err != nil {
			return err
		}
		return s.send(answer{kind: kindExecute, run: r}, frame)
	}
	if err := s.stillRuns(po.plan); refusedBy(err) != nil {
		return s.refuse(kindExecute, refusedBy(err))
	} else if err != nil {
		return err
	}
	if err := s.callWitness(name, po); err != nil {
		return err
	}
	ru := &run{plan: po.plan, edits: po.stmt.edits, text: po.stmt.text, shape: po.shape}
	if refusal := s.decide(ru); refusal != nil {
		return s.refuse(kindExecute, refusal)
	}
	s.effects(po.plan.Plan)
	s.ended = s.ended || po.plan.EndsTransaction
	return s.send(answer{kind: kindExecute, portal: po, run: ru}, frame)
}

// callWitness has the server describe a portal, before rows of it come, whose results it has not described under this plan. po is
// nil for one of a statement that was not analysed.
func (s *session) callWitness(name []byte, po *portal) error {
	if po != nil && !po.plan.byName() &&
		(po.plan.plain(0) || len(po.plan.Statements[0].Results) == 0 || po.stmt.witnessed.Load() == po.plan.Plan) {
		return nil
	}
	out, at := wire.Begin(s.frame[:0], 'D')
	s.frame = wire.End(wire.AppendCString(append(out, 'P'), string(name)), at)
	return s.send(answer{kind: kindDescribePortal, portal: po, own: true}, s.frame)
}

func (s *session) close(frame, body []byte) error {
	what, name, ok := target(body)
	if !ok {
		return s.refuse(kindClose, refusalFormat)
	}
	return s.send(answer{kind: kindClose, name: string(name), closes: what}, frame)
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
	return resolve(s, s.ledger.statement, name)
}

func (s *session) portal(name []byte) (*portal, error) {
	return resolve(s, s.ledger.portal, name)
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

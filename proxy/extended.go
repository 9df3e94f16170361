package proxy

import (
	"errors"
	"unsafe"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/wire"
)

// parse prepares a statement.
func (s *session) parse(frame, body []byte) error {
	r := wire.NewReader(body)
	name, text := r.CString(), r.CString()
	n := int(uint16(r.Int16()))
	if r.Err() != nil || len(r.Rest()) != 4*n {
		return s.refuseParse(string(name), refusalFormat)
	}
	st := &statement{batch: s.batch, ofPiece: s.piece != nil}
	for range n {
		oid := r.Uint32()
		if oid == sql.OIDUnknown {
			oid = 0 // the server infers a type all the same (src/backend/parser/parse_param.c)
		}
		st.declared = append(st.declared, oid)
	}
	if refusal := s.tooLarge(text); refusal != nil {
		return s.refuseParse(string(name), refusal)
	}
	if refusal := s.room(name, false, len(text)); refusal != nil {
		return s.refuseParse(string(name), refusal)
	}
	s.trace(text)
	p, err := s.plan(text)
	if refusal := (*sql.Refusal)(nil); errors.As(err, &refusal) {
		return s.refuseParse(string(name), refusal)
	}
	if err != nil {
		return err
	}
	st.plan, st.text, st.escaping = p, string(text), p.escaping
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
	if refusal := s.room(portalName, true, 0); refusal != nil {
		return s.refuseBind(string(portalName), refusal)
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
	if refusal := s.roomFor(po.plan.Plan, len(po.stmt.text)); refusal != nil {
		return s.refuse(kindExecute, refusal)
	}
	text := po.stmt.text
	ru := &run{plan: po.plan, edits: po.stmt.edits, text: text, shape: po.shape, span: s.trace(unsafe.Slice(unsafe.StringData(text), len(text)))}
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

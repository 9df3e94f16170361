package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/value"
	"github.com/pgveil/pgveil/proxy/wire"
)

// outbound carries the server's messages to the client until one of the two fails.
func (s *session) outbound() error {
	defer s.pause.end()
	for {
		if err := s.pause.rest(s.up, s.client); err != nil {
			return err
		}
		typ, _, err := s.up.Next()
		if err != nil {
			return fmt.Errorf("upstream read: %w", err)
		}
		if err := s.answer(typ); err != nil {
			return err
		}
	}
}

// answer is the whole of what a server may send after login.
func (s *session) answer(typ byte) error {
	switch typ {
	case 'A':
		return s.up.Forward(s.client)
	case 'N':
		return s.notice()
	case 'S':
		return s.parameterStatus()
	}
	if typ == 'D' && s.inRows {
		return s.row(s.rowsOf)
	}
	if typ == 'd' && s.inCopy {
		return s.copyOutData(s.rowsOf)
	}
	s.inRows, s.inCopy = false, false
	begun := s.begun
	s.begun = typ != 'Z'
	a, ok := s.ledger.next()
	if typ == 'Z' && s.ledger.unowed(begun) {
		return s.unowedReady()
	}
	if !ok {
		return s.unasked(typ)
	}
	if a.inner != nil {
		return s.innerFrame(a.inner, typ)
	}
	if s.swallowing {
		return s.swallow(a, typ)
	}
	switch typ {
	case 'D':
		s.inRows, s.rowsOf = true, a
		return s.row(a)
	case 'd':
		return s.copyOutData(a)
	case 'V':
		return s.up.Forward(s.client)
	case 'T':
		return s.rowDescription(a)
	case 't':
		return s.parameterDescription(a)
	case '1', '2', '3', 'n':
		if !fits(a.kind, typ) {
			return desync(a.kind, typ)
		}
		if a.own && a.portal != nil && !a.portal.plan.plain(0) && len(a.portal.plan.Statements[0].Results) > 0 {
			return s.ownError(a, errUndescribed)
		}
		s.ledger.settle()
		if a.own || a.piece != nil {
			return s.up.Discard()
		}
		return s.up.Forward(s.client)
	case 'C', 'I', 's':
		return s.complete(a, typ)
	case 'E':
		return s.serverError(a)
	case 'Z':
		return s.ready(a)
	case 'G', 'W':
		return s.copyStarts(a, typ)
	case 'H':
		return s.copyOutStarts(a)
	case 'c':
		return s.copyOutEnds(a)
	}
	return desync(a.kind, typ)
}

// fits reports whether typ is the answer to k, for those that are one frame.
func fits(k kind, typ byte) bool {
	switch typ {
	case '1':
		return k == kindParse
	case '2':
		return k == kindBind
	case '3':
		return k == kindClose
	case 'n':
		return k == kindDescribePortal || k == kindDescribeStatement
	}
	return false
}

func desync(k kind, typ byte) error {
	return &fatal{sqlstate: "08P01", message: fmt.Sprintf("the server sent %q where it owed an answer of kind %d", typ, k)}
}

// unasked takes what a server may say when it owes nothing: that the session is over.
func (s *session) unasked(typ byte) error {
	if typ == 'E' {
		s.farewell = true
		return s.up.Forward(s.client)
	}
	return desync(kindNone, typ)
}

// row shows one row.
func (s *session) row(a answer) error {
	if a.run == nil {
		return desync(a.kind, 'D')
	}
	a.run.rows++
	shape := a.run.shape
	if shape == nil {
		if st := a.run.statement(); st != nil && len(st.Results) > 0 && !a.run.plan.plain(a.index()) {
			return s.ownError(a, errUndescribed)
		}
		if a.run.plan.defaults != nil {
			return s.rowOfCatalog(a)
		}
		return s.up.Forward(s.client)
	}
	if s.up.Size() > s.server.limits.Load().Message {
		if err := s.up.Discard(); err != nil {
			return fmt.Errorf("upstream read: %w", err)
		}
		return s.ownError(a, errLongRow)
	}
	body, err := s.up.Body()
	if err != nil {
		return fmt.Errorf("upstream read: %w", err)
	}
	if len(shape.again) > 0 {
		kept, err := shape.keep(body, &s.scratch)
		if err != nil {
			return s.ownError(a, err)
		}
		if !kept {
			a.run.rows--
			a.run.dropped++
			return nil
		}
	}
	out := s.client.Out()
	keep := len(out)
	var start time.Time
	if s.shown++; s.shown%sampledRows == 0 {
		start = time.Now()
	}
	out, err = shape.appendRow(out, body, s.settings.Load(), &s.scratch)
	s.scratch.trim()
	if !start.IsZero() {
		s.server.metrics.OpenSeconds.Observe(time.Since(start).Seconds())
	}
	if err != nil {
		if e := s.client.SetOut(out[:keep]); e != nil {
			return e
		}
		return s.ownError(a, err)
	}
	return s.client.SetOut(out)
}

// sampledRows is how many rows share one observation of the time that opening a row takes.
const sampledRows = 64

// errLongRow is a row with sealed cells that is longer than the proxy reads whole.
var errLongRow = &wire.Error{Severity: "ERROR", Code: refusalLong.SQLSTATE, Message: "a row with protected columns is longer than the proxy reads whole [PV011]",
	Hint: refusalLong.Hint}

var errUndescribed = errors.New("rows without a description")

// complete ends one statement's answer.
func (s *session) complete(a answer, typ byte) error {
	if a.kind != kindExecute && a.kind != kindQuery {
		return desync(a.kind, typ)
	}
	s.ledger.copyDone()
	dropped := 0
	if r := a.run; r != nil {
		if typ == 'C' {
			if err := s.commandTag(r); err != nil {
				return err
			}
			s.keep(r)
		}
		dropped, r.dropped = r.dropped, 0
		s.finish(r, "ok")
		r.index++
		if a.kind == kindQuery {
			s.ledger.nextStatement()
			r.shape = nil
		}
	}
	if a.kind == kindExecute {
		s.done(a.run, "ok", "")
		s.ledger.settle()
	}
	if dropped > 0 && typ == 'C' {
		return s.tallied(dropped)
	}
	return s.up.Forward(s.client)
}

// commandTag looks for the two commands that make the server forget prepared statements.
func (s *session) commandTag(r *run) error {
	s.noteChange(r.plan)
	tag, err := s.up.Peek(24)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(tag, []byte("DEALLOCATE ALL\x00")) || bytes.HasPrefix(tag, []byte("DISCARD ALL\x00")) {
		s.ledger.forget()
	}
	return nil
}

// ready ends a batch.
func (s *session) ready(a answer) error {
	if a.kind != kindSync && !simple(a.kind) {
		return desync(a.kind, 'Z')
	}
	frame, err := s.up.Frame()
	if err != nil {
		return fmt.Errorf("upstream read: %w", err)
	}
	if len(frame) != 6 {
		return &fatal{sqlstate: "08P01", message: "malformed ReadyForQuery from the server"}
	}
	status := frame[5]
	s.readied(status)
	if status == 'I' {
		s.changesDone()
	}
	s.swallowing = false
	s.done(a.run, "ok", "") // of a text, which may have held several statements; unless it failed
	if err := s.client.Write(frame); err != nil {
		return err
	}
	s.ledger.settle()
	if s.sending.Load() == sentAll && s.ledger.unanswered() == 0 {
		s.stop()
	}
	if status == 'I' {
		s.ledger.transactionEnded()
		if s.server.draining() {
			s.idle()
		}
	}
	return nil
}

// unowedReady passes on a ReadyForQuery that belongs to no answer in the ledger.
func (s *session) unowedReady() error {
	body, err := s.up.Peek(1)
	if err != nil {
		return fmt.Errorf("upstream read: %w", err)
	}
	if len(body) == 1 {
		s.readied(body[0])
	}
	return s.up.Forward(s.client)
}

// parameterStatus follows the settings that value forms and the reading of text depend on.
func (s *session) parameterStatus() error {
	body, err := s.up.Body()
	if err != nil {
		return fmt.Errorf("upstream read: %w", err)
	}
	r := wire.NewReader(body)
	s.setting(string(r.CString()), string(r.CString()))
	return s.client.SetOut(wire.AppendFrame(s.client.Out(), 'S', body))
}

// setting takes one reported setting.
func (s *session) setting(name, v string) {
	switch name {
	case "client_encoding":
		s.odd.Store(oddEncoding(name, v))
	case "server_version":
		s.version = majorVersion(v)
	case "application_name":
		s.application.Store(&v)
	case stringsSetting:
		s.oldStrings.Store(v != "on")
	default:
		if err := s.set(name, v); err != nil {
			s.log.Debug("a setting that values may need is not understood", zap.Error(err))
		}
	}
}

// oddEncoding reports whether text can't be read under a setting.
func oddEncoding(name, v string) bool {
	return name == "client_encoding" && v != "UTF8" && v != "SQL_ASCII"
}

// set changes what value forms depend on; either loop may.
func (s *session) set(name, v string) error {
	for {
		old := s.settings.Load()
		set := *old
		err := set.Set(name, v)
		if s.settings.CompareAndSwap(old, &set) {
			return err
		}
	}
}

// parameterDescription shows the client its own parameters with their logical types.
func (s *session) parameterDescription(a answer) error {
	if a.kind != kindDescribeStatement {
		return desync(a.kind, 't')
	}
	if a.stmt == nil || a.run.plan.Plain {
		return s.up.Forward(s.client)
	}
	body, err := s.up.Body()
	if err != nil {
		return fmt.Errorf("upstream read: %w", err)
	}
	r := wire.NewReader(body)
	oids := make([]uint32, uint16(r.Int16()))
	for i := range oids {
		oids[i] = r.Uint32()
	}
	if r.Err() != nil {
		return &fatal{sqlstate: "08P01", message: "malformed ParameterDescription from the server"}
	}
	out, at := wire.Begin(s.client.Out(), 't')
	shown := clientOIDs(oids, a.stmt, a.run.plan)
	out = wire.AppendInt16(out, int16(len(shown)))
	for _, oid := range shown {
		out = wire.AppendInt32(out, int32(oid))
	}
	return s.client.SetOut(wire.End(out, at))
}

// clientOIDs are the types of the client's parameters, given the server's.
func clientOIDs(oids []uint32, st *statement, p planned) []uint32 {
	n := len(oids)
	for _, q := range p.Params {
		if q.Upstream != q.Client {
			n = min(n, q.Upstream-1) // copies come after all that the client has
		}
	}
	shown := oids[:n:n]
	for _, q := range p.Params {
		if q.Target == nil || q.Client > n || q.Upstream != q.Client {
			continue
		}
		switch oid := st.declaredOID(q.Client); {
		case oid != 0:
			shown[q.Client-1] = oid
		case q.Cast != 0:
			shown[q.Client-1] = q.Cast
		case q.Array:
			shown[q.Client-1] = arrayOID(q.Target)
		default:
			shown[q.Client-1] = paramOID(q.Target)
		}
	}
	return shown
}

// arrayOID is the array type over paramOID.
func arrayOID(t *sql.Target) uint32 {
	if d := t.Protection.Defined; d != nil && d.Kind != sql.DefinedDomain && !asText(t) {
		return d.Array
	}
	return value.ArrayOID(paramOID(t))
}

// paramOID is the type that the server would infer for a parameter without one. There is no operator of varchar's own, nor of cidr's:
// what is compared with one is text, or inet.
func paramOID(t *sql.Target) uint32 {
	if d := t.Protection.Defined; d != nil && t.Purpose == sql.PurposeStore && !(t.Based && d.Kind == sql.DefinedDomain) {
		return d.OID
	}
	if asText(t) {
		return sql.OIDText
	}
	if t.Purpose == sql.PurposeCompare {
		switch t.Protection.Type.OID {
		case sql.OIDVarchar:
			return sql.OIDText
		case sql.OIDCidr:
			return sql.OIDInet
		}
	}
	return t.Protection.Type.OID
}

// asText reports whether a parameter is compared with a citext column as text, to which PostgreSQL casts the column then.
func asText(t *sql.Target) bool {
	if d := t.Protection.Defined; d == nil || d.Kind != sql.DefinedCitext || t.Purpose != sql.PurposeCompare {
		return false
	}
	switch t.Part {
	case sql.PartCell, sql.PartIndex, sql.PartIndexExact:
		return t.Protection.Search == sql.SearchEquality
	}
	return false
}

package proxy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/value"
	"github.com/pgveil/pgveil/proxy/wire"
)

// sealer turns the client's values into sealed cells. It belongs to the inbound loop.
type sealer struct {
	server *Server
	count  uint // of messages with values to seal
	plain  []byte
	cell   []byte
	cells  [][]byte
	search []byte // a normalised text, or what a pattern begins with
	order  []byte
	types  columnTypes
}

// timed starts the clock for one message in sampled; the result observes.
func (s *sealer) timed() (done func()) {
	if s.count++; s.count%sampled != 0 {
		return func() {}
	}
	start := time.Now()
	return func() { s.server.metrics.SealSeconds.Observe(time.Since(start).Seconds()) }
}

// sealOne appends the cell of one value in wire form.
func (s *sealer) sealOne(dst []byte, w *World, t *sql.Target, declared uint32, format int16, raw []byte, set *value.Settings) ([]byte, error) {
	key, ok := w.Keyring.Key(t.Protection.Key)
	if !ok {
		return dst, fmt.Errorf("there is no key %q", t.Protection.Key)
	}
	var err error
	typ := s.types.of(&t.Protection)
	if t.Input && declared == value.OIDText {
		declared, format = 0, value.FormatText
	}
	if t.Through.OID != 0 {
		if raw, err = value.Cast(nil, valueType(t.Through), declared, format, raw, set); err != nil {
			return dst, err
		}
		defer clear(raw)
		declared, format = t.Through.OID, value.FormatBinary
	}
	if t.Shown.OID != 0 {
		if err = shownBy(t, declared, format, raw, set); err != nil {
			return dst, err
		}
	}
	s.plain, err = typ.Decode(s.plain[:0], decodeOptions(t), declared, format, raw, set)
	if err != nil {
		return dst, err
	}
	s.server.counters(t.Table, t.Column).Sealed.Inc()
	dst, err = s.sealPlain(dst, key, t)
	clear(s.plain)
	return dst, err
}

// shownBy refuses a value that stands beside values of numeric(p,s) or char(n) and would not be shown as they are.
func shownBy(t *sql.Target, declared uint32, format int16, raw []byte, set *value.Settings) error {
	typ := valueType(t.Shown)
	if d := t.Protection.Defined; d != nil && d.Kind == sql.DefinedCitext {
		if declared == 0 || declared == value.OIDUnknown || declared == typ.OID {
			return nil
		}
		return refusalAsText
	}
	ok := declared == 0 || declared == value.OIDUnknown || declared == typ.OID || typ.OID == value.OIDNumeric && wholeNumber(declared)
	if ok {
		canonical, err := value.Decode(nil, value.Type{OID: typ.OID, Mod: -1}, value.Options{Purpose: value.Store, KeepScale: true}, declared, format, raw, set)
		if err != nil {
			return err
		}
		ok = value.ShownBy(typ, canonical, raw)
		clear(canonical)
	}
	if ok {
		return nil
	}
	r := *refusalShown
	r.Message = fmt.Sprintf("a value beside %s.%s has not its scale or length, by which it would be shown", t.Table, t.Column)
	return &r
}

func decodeOptions(t *sql.Target) value.Options {
	purpose := value.Store
	if t.Purpose == sql.PurposeCompare {
		purpose = value.Compare
	}
	return value.Options{Purpose: purpose, KeepScale: t.Protection.Search == sql.SearchNone}
}

// sealArray appends a binary bytea[] with the cells of an array value in wire form.
func (s *sealer) sealArray(w *World, t *sql.Target, declared uint32, format int16, raw []byte, set *value.Settings) ([][]byte, error) {
	typ := s.types.of(&t.Protection)
	elements, err := typ.DecodeArray(raw, format, declared)
	if err != nil {
		return nil, err
	}
	element := typ.Element(declared)
	s.cells = s.cells[:0]
	for _, e := range elements {
		if e == nil {
			s.cells = append(s.cells, nil)
			continue
		}
		cell, err := s.sealOne([]byte{}, w, t, element, format, e, set) // no bytes are not NULL
		if err != nil {
			return nil, err
		}
		s.cells = append(s.cells, cell)
	}
	return s.cells, nil
}

// literal appends what replaces a literal in the text that is sent.
func (s *sealer) literal(dst []byte, w *World, l *sql.Literal, set *value.Settings) ([]byte, error) {
	if l.Array {
		cells, err := s.sealArray(w, &l.Target, l.Cast, 0, []byte(l.Text), set)
		if err != nil {
			return dst, err
		}
		dst = append(dst, "E'"...)
		dst = value.AppendByteaArrayEscaped(dst, cells)
		return append(dst, "'::pg_catalog.bytea[]"...), nil
	}
	if l.Target.Protection.Document != nil {
		return s.documentLiteral(dst, w, l, set)
	}
	var err error
	declared := l.Cast
	switch {
	case declared != 0:
	case l.Kind == sql.LiteralFloat:
		declared = value.OIDNumeric // 1.0 is numeric, also where it meets an integer
	case l.Kind == sql.LiteralInteger && (l.Target.Protection.Type.OID == sql.OIDFloat4 || l.Target.Protection.Type.OID == sql.OIDFloat8):
		declared = value.OIDNumeric // any number of digits; the value is the integer's
	case l.Kind == sql.LiteralInteger && wholeNumber(l.Target.Protection.Type.OID):
		declared = value.OIDInt8 // a wider number than the column holds; compared, it finds nothing
	}
	if s.cell, err = s.sealOne(s.cell[:0], w, &l.Target, declared, 0, []byte(l.Text), set); err != nil {
		return dst, err
	}
	return appendSealed(dst, s.cell), nil
}

// appendSealed appends bytes in the form of a sealed literal (policy.Seal).
func appendSealed(dst, b []byte) []byte {
	return append(value.AppendHex(append(dst, `E'\`...), b), "'::pg_catalog.bytea"...)
}

func wholeNumber(oid uint32) bool {
	return oid == sql.OIDInt2 || oid == sql.OIDInt4 || oid == sql.OIDInt8
}

// literalError says which literal could not be sealed.
type literalError struct {
	at    int // byte offset into the client's text
	cause error
}

func (e *literalError) Error() string { return e.cause.Error() }
func (e *literalError) Unwrap() error { return e.cause }

// rewrite is the text to send in place of the client's, its protected literals sealed.
func (s *sealer) rewrite(p planned, text string, set *value.Settings) (string, error) {
	if len(p.Literals) > 0 {
		defer s.timed()()
	}
	out, err := p.Rewrite(nil, text, func(dst []byte, l sql.Literal) ([]byte, error) {
		dst, err := s.literal(dst, p.world, &l, set)
		if err != nil {
			err = &literalError{at: l.At.Start, cause: err}
		}
		return dst, err
	})
	if err != nil {
		return "", err
	}
	return string(out), nil
}

// appendParse appends the Parse message for a planned text.
func appendParse(dst []byte, name, text string, st *statement) []byte {
	dst, at := wire.Begin(dst, 'P')
	dst = wire.AppendCString(wire.AppendCString(dst, name), text)
	n := len(st.declared)
	sealed := map[int]uint32{}
	for _, p := range st.plan.Params {
		if p.Target == nil {
			continue
		}
		sealed[p.Upstream] = sql.OIDBytea
		if p.Target.Protection.Document != nil {
			sealed[p.Upstream] = sql.OIDJSONB
		}
		if p.Array {
			sealed[p.Upstream] = value.OIDByteaArray
		}
		n = max(n, p.Upstream)
	}
	dst = wire.AppendInt16(dst, int16(n))
	for i := 1; i <= n; i++ {
		oid, ok := sealed[i]
		if !ok {
			oid = st.declaredOID(i)
		}
		dst = wire.AppendInt32(dst, int32(oid))
	}
	return wire.End(dst, at)
}

var errBind = errors.New("bind message is malformed")

// bindMessage is a decoded Bind. Its slices alias the frame.
type bindMessage struct {
	portal, statement []byte
	formats           []int16
	values            [][]byte // nil: NULL
	results           []int16
}

func decodeBind(body []byte) (bindMessage, error) {
	r := wire.NewReader(body)
	m := bindMessage{portal: r.CString(), statement: r.CString()}
	m.formats = readFormats(&r)
	n := int(uint16(r.Int16()))
	if r.Err() != nil || 4*n > len(r.Rest()) {
		return m, errBind
	}
	m.values = make([][]byte, n)
	for i := range m.values {
		if v, null := r.Value(); !null {
			m.values[i] = v
		}
	}
	m.results = readFormats(&r)
	if r.Err() != nil || len(r.Rest()) != 0 || len(m.formats) > 1 && len(m.formats) != n {
		return m, errBind
	}
	return m, nil
}

// size is roughly how long the Bind that is sent will be, with n parameters.
func (m *bindMessage) size(n int) int {
	size := 64 + len(m.portal) + len(m.statement) + 72*n + 2*len(m.results)
	for _, v := range m.values {
		size += len(v)
	}
	return size
}

func readFormats(r *wire.Reader) []int16 {
	n := int(uint16(r.Int16()))
	if n == 0 || 2*n > len(r.Rest()) {
		if n != 0 {
			r.Bytes(-1)
		}
		return nil
	}
	f := make([]int16, n)
	for i := range f {
		f[i] = r.Int16()
	}
	return f
}

// appendBind appends the Bind that is sent in place of the client's m.
func (s *sealer) appendBind(dst []byte, m *bindMessage, st *statement, p planned, results []int16, set *value.Settings) ([]byte, error) {
	params := p.Params
	if len(params) > 0 {
		defer s.timed()()
	}
	upstream := len(m.values)
	for _, q := range params {
		upstream = max(upstream, q.Upstream)
	}
	slots := make([]*sql.Param, upstream)
	for i := range params {
		slots[params[i].Upstream-1] = &params[i]
	}
	dst = slices.Grow(dst, m.size(upstream))
	dst, at := wire.Begin(dst, 'B')
	dst = wire.AppendCString(wire.AppendCString(dst, string(m.portal)), string(m.statement))
	dst = wire.AppendInt16(dst, int16(upstream))
	for i, q := range slots {
		format := formatOf(m.formats, i)
		if q != nil && q.Target != nil {
			format = 1
		}
		dst = wire.AppendInt16(dst, format)
	}
	dst = wire.AppendInt16(dst, int16(upstream))
	var err error
	for i, q := range slots {
		if dst, err = s.appendParam(dst, m, st, p, i, q, set); err != nil {
			return dst, err
		}
	}
	dst = wire.AppendInt16(dst, int16(len(results)))
	for _, f := range results {
		dst = wire.AppendInt16(dst, f)
	}
	return wire.End(dst, at), nil
}

func (s *sealer) appendParam(dst []byte, m *bindMessage, st *statement, p planned, i int, q *sql.Param, set *value.Settings) ([]byte, error) {
	client := i
	if q != nil {
		client = q.Client - 1
	}
	if client >= len(m.values) {
		return dst, errBind
	}
	v := m.values[client]
	if v == nil {
		return wire.AppendInt32(dst, -1), nil
	}
	if q == nil || q.Target == nil {
		return append(wire.AppendInt32(dst, int32(len(v))), v...), nil
	}
	format := formatOf(m.formats, client)
	declared := st.declaredOID(q.Client)
	if q.Cast == 0 && (q.Target.Part == sql.PartIndexType && !ownType(q, declared) || q.Target.Part == sql.PartCell && asText(q.Target) && !textType(q, declared)) {
		return dst, refusalAsText
	}
	if declared == 0 {
		declared = q.Cast
	}
	if declared == 0 && q.Array {
		declared = arrayOID(q.Target) // as it is described
	}
	if q.Target.Protection.Document != nil {
		var err error
		if s.cell, err = s.document(append(s.cell[:0], jsonbVersion), p.world, q.Target, declared, format, v, set); err != nil {
			return dst, err
		}
	} else if q.Array {
		cells, err := s.sealArray(p.world, q.Target, declared, format, v, set)
		if err != nil {
			return dst, err
		}
		s.cell = value.AppendByteaArray(s.cell[:0], cells)
	} else {
		at := len(dst)
		dst, err := s.sealOne(wire.AppendInt32(dst, 0), p.world, q.Target, declared, format, v, set)
		if err != nil {
			return dst, err
		}
		binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
		return dst, nil
	}
	return append(wire.AppendInt32(dst, int32(len(s.cell))), s.cell...), nil
}

// ownType reports whether a parameter's declared type leaves the comparison to the column's own, citext.
func ownType(q *sql.Param, declared uint32) bool {
	own := q.Target.Protection.Type.OID
	if q.Array {
		own = q.Target.Protection.Array()
	}
	return declared == 0 || declared == value.OIDUnknown || declared == own
}

// textType reports whether a parameter's declared type leaves a comparison with a citext column one of texts.
func textType(q *sql.Param, declared uint32) bool {
	if q.Array {
		return declared == 0 || declared == value.OIDUnknown || declared == value.ArrayOID(value.OIDText) || declared == value.ArrayOID(value.OIDVarchar)
	}
	return declared == 0 || declared == value.OIDUnknown || declared == value.OIDText || declared == value.OIDVarchar
}

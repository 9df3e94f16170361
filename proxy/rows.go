package proxy

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/pgveil/pgveil/crypto"
	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/mask"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/metrics"
	"github.com/pgveil/pgveil/proxy/value"
	"github.com/pgveil/pgveil/proxy/wire"
)

// rowShape is how the rows of one result are shown to the client: a slot a column, with everything looked up beforehand.
type rowShape struct {
	plan    *policy.Plan // whose verdicts these are
	columns []columnShape
	formats []int16 // what the client asked for, in Bind's own short form
	again   []secondLook
	window  window
	hidden  int // the last columns, which the client did not ask for
	// defaults are shown in what passes; see planned.
	defaults *shownDefaults
}

type columnShape struct {
	slot     policy.Slot
	key      *crypto.Key // set when a sealed cell is to be opened
	typ      value.Column
	mask     mask.Mask
	server   int16 // format that the server sends
	client   int16 // format that the client wants
	counters *metrics.ColumnCounters
	shown    int64 // cells opened since the counters were last fed
	held     []heldColumn
}

// integrityError says that a stored value is not what was sealed there.
type integrityError struct {
	table  sql.TableName
	column string
	cause  error
}

func (e *integrityError) Error() string {
	return fmt.Sprintf("the stored value of %s.%s can't be opened: %v", e.table, e.column, e.cause)
}

func (e *integrityError) Unwrap() error { return e.cause }

// newRowShape prepares slots for results that the server sends in formats server and the client wants in formats client, both in
// Bind's short form: none for all text, one for all, or one a column.
func (s *Server) newRowShape(p planned, slots []policy.Slot, server, client []int16) (*rowShape, error) {
	shape := &rowShape{plan: p.Plan, columns: make([]columnShape, len(slots)), formats: client, defaults: p.defaults}
	for i, slot := range slots {
		c := &shape.columns[i]
		*c = columnShape{slot: slot, mask: slot.Mask, server: formatOf(server, i), client: formatOf(client, i)}
		if slot.Do == policy.Mask {
			c.counters = s.counters(slot.Table, slot.Column)
		}
		if slot.Shape == sql.ShapeJSON && slot.Do == policy.Open {
			var err error
			if c.held, err = s.hold(p, slot); err != nil {
				return nil, err
			}
		}
		if slot.Shape == sql.ShapeDocument && slot.Do == policy.Open {
			var err error
			if c.held, err = s.pathHolders(p, slot); err != nil {
				return nil, err
			}
		}
		if slot.Protection == nil {
			continue
		}
		c.typ = columnType(slot.Protection)
		if slot.Do == policy.Null {
			continue
		}
		key, ok := p.world.Keyring.Key(slot.Protection.Key)
		if !ok {
			return nil, fmt.Errorf("there is no key %q", slot.Protection.Key)
		}
		c.key = key
		c.counters = s.counters(slot.Table, slot.Column)
	}
	return shape, nil
}

func formatOf(formats []int16, i int) int16 {
	switch {
	case len(formats) == 0:
		return 0
	case len(formats) == 1:
		return formats[0]
	case i < len(formats):
		return formats[i]
	}
	return 0
}

func valueType(t sql.Type) value.Type { return value.Type{OID: t.OID, Mod: t.Mod} }

// rowScratch is reused from row to row by the one loop that shows rows.
type rowScratch struct{ cell, plain, text []byte }

// trim gives buffers back that grew for one large value.
func (r *rowScratch) trim() {
	if max(cap(r.cell), cap(r.plain), cap(r.text)) > keptBuffer {
		*r = rowScratch{}
	}
}

// appendRow appends the DataRow that the client is shown for the server's DataRow body.
func (sh *rowShape) appendRow(dst, body []byte, set *value.Settings, scratch *rowScratch) ([]byte, error) {
	r := wire.NewReader(body)
	if n := int(r.Int16()); n != len(sh.columns) {
		return dst, fmt.Errorf("the server sent %d columns where %d were planned", n, len(sh.columns))
	}
	shown := sh.columns[:len(sh.columns)-sh.hidden]
	dst, at := wire.Begin(dst, 'D')
	dst = wire.AppendInt16(dst, int16(len(shown)))
	next, sent := 2, 2 // what passes is copied when something else comes behind it
	for i := range shown {
		c := &shown[i]
		raw, null, ok := valueAt(body, next)
		if !ok {
			return dst, wire.ErrShort
		}
		from := next
		next += 4 + len(raw)
		if null || c.passes() && sh.defaults == nil {
			continue
		}
		dst = append(dst, body[sent:from]...)
		sent = next
		if sh.defaults != nil && c.slot.Do == policy.Pass {
			raw = sh.defaults.replace(raw)
		}
		var err error
		if dst, err = c.append(dst, raw, set, scratch); err != nil {
			return dst, err
		}
	}
	return wire.End(append(dst, body[sent:next]...), at), nil
}

// valueAt is the value at a place in a DataRow's body; ok is false where there is none.
func valueAt(body []byte, at int) (raw []byte, null, ok bool) {
	if len(body)-at < 4 {
		return nil, false, false
	}
	n := int(int32(binary.BigEndian.Uint32(body[at:])))
	at += 4
	switch {
	case n == -1:
		return nil, true, true
	case n < 0 || n > len(body)-at:
		return nil, false, false
	}
	return body[at : at+n : at+n], false, true
}

// passes reports whether values are shown as the server sends them.
func (c *columnShape) passes() bool { return c.slot.Do == policy.Pass || c.slot.Do == policy.Stored }

// append appends a value that is not NULL as the client may see it, with its length in front.
func (c *columnShape) append(dst, raw []byte, set *value.Settings, scratch *rowScratch) ([]byte, error) {
	switch c.slot.Do {
	case policy.Pass, policy.Stored:
		return append(wire.AppendInt32(dst, int32(len(raw))), raw...), nil
	case policy.Null:
		return wire.AppendInt32(dst, -1), nil
	case policy.Open:
		switch c.slot.Shape {
		case sql.ShapeArray:
			return c.appendArray(dst, raw, set, scratch)
		case sql.ShapeJSON:
			return c.appendJSON(dst, raw, set, scratch)
		case sql.ShapeDocument:
			return c.appendDocument(dst, raw, set, scratch)
		}
		return c.appendOpened(dst, raw, set, scratch)
	case policy.Mask:
		if c.slot.Shape == sql.ShapeCell {
			return c.appendMasked(dst, raw, set, scratch)
		}
	}
	return dst, errors.New("a result column without a verdict")
}

// appendOpened is append for a column whose cells are opened.
func (c *columnShape) appendOpened(dst, raw []byte, set *value.Settings, scratch *rowScratch) ([]byte, error) {
	at := len(dst)
	dst, err := c.openInto(append(dst, 0, 0, 0, 0), raw, set, scratch)
	if err != nil {
		return dst[:at], err
	}
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst, nil
}

// openInto appends the value of a sealed cell in the client's format.
func (c *columnShape) openInto(dst, raw []byte, set *value.Settings, scratch *rowScratch) ([]byte, error) {
	plain, err := c.open(raw, scratch)
	if err != nil {
		return dst, err
	}
	if dst, err = c.typ.Encode(dst, c.client, plain, set); err != nil {
		return dst, c.broken(err)
	}
	return dst, nil
}

func (c *columnShape) appendMasked(dst, raw []byte, set *value.Settings, scratch *rowScratch) ([]byte, error) {
	text := raw // a mask on a plain column: text types are the same in both formats
	if c.key == nil {
		c.shown++
	}
	if c.key != nil {
		plain, err := c.open(raw, scratch)
		if err != nil {
			return dst, err
		}
		if scratch.text, err = c.typ.Encode(scratch.text[:0], value.FormatText, plain, set); err != nil {
			return dst, c.broken(err)
		}
		text = scratch.text
	}
	masked := c.mask.Apply(string(text))
	return append(wire.AppendInt32(dst, int32(len(masked))), masked...), nil
}

// appendValue appends the value that encode appends, with its length in front.
func (c *columnShape) appendValue(dst []byte, encode func([]byte) ([]byte, error)) ([]byte, error) {
	at := len(dst)
	dst, err := encode(append(dst, 0, 0, 0, 0))
	if err != nil {
		return dst, c.broken(err)
	}
	n := len(dst) - at - 4
	dst[at], dst[at+1], dst[at+2], dst[at+3] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	return dst, nil
}

// open returns the canonical value of a sealed cell, valid until the next call.
func (c *columnShape) open(raw []byte, scratch *rowScratch) ([]byte, error) {
	if c.key == nil {
		return nil, errors.New("a sealed column without a key")
	}
	cell := raw
	var err error
	if c.server == 0 {
		if scratch.cell, err = value.DecodeBytea(scratch.cell[:0], raw); err != nil {
			return nil, c.broken(err)
		}
		cell = scratch.cell
	}
	if scratch.plain, err = c.key.Open(scratch.plain[:0], cell); err != nil {
		return nil, c.broken(err)
	}
	c.shown++
	return scratch.plain, nil
}

func (c *columnShape) broken(cause error) error {
	return &integrityError{table: c.slot.Table, column: c.slot.Column, cause: cause}
}

// count feeds the metrics with the cells shown since the last call and returns how many were shown in clear and masked.
func (sh *rowShape) count() (opened, masked int64) {
	for i := range sh.columns {
		c := &sh.columns[i]
		for k := range c.held {
			h := &c.held[k]
			opened += h.shown
			h.counters.Opened.Add(float64(h.shown))
			h.shown = 0
		}
		if c.shown == 0 {
			continue
		}
		if c.slot.Do == policy.Mask {
			masked += c.shown
			c.counters.Masked.Add(float64(c.shown))
		} else {
			opened += c.shown
			c.counters.Opened.Add(float64(c.shown))
		}
		c.shown = 0
	}
	return opened, masked
}

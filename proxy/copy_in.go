package proxy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"unicode/utf8"

	"github.com/pgveil/pgveil/crypto"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/metrics"
	"github.com/pgveil/pgveil/proxy/value"
	"github.com/pgveil/pgveil/proxy/wire"
)

// copyIn seals the rows of one COPY FROM STDIN. It is made by the outbound loop when the server is ready for them; then it belongs to
// the inbound loop, but for its atomics.
type copyIn struct {
	copyData
	table   sql.TableName
	columns []copyInColumn
	sealer  sealer // whose buffers are this COPY's own
	world   *World
	cell    []byte
	text    []byte

	frame, frameEnd int // of the latest CopyData in what is pending for the server; the same: none

	sealed, rows atomic.Int64
	taken        int64 // rows since these were last fed
	// failed is why the rest is not sent. The server was told CopyFail, and its error is replaced by this.
	failed atomic.Pointer[wire.Error]
	short  atomic.Bool // the latest row was cut, which the server may find first
	// words are those of the client's CopyFail.
	words atomic.Pointer[string]
}

// copyInColumn is one field of the rows.
type copyInColumn struct {
	name     string
	key      *crypto.Key
	target   *sql.Target // nil: the field passes as it is
	stored   bool        // it holds a cell, which must be one of the key's
	typ      value.Column
	options  value.Options
	counters *metrics.ColumnCounters
	count    int64 // cells sealed since the counters were last fed
	force    struct{ null, notNull bool }
}

// newCopyIn prepares for the rows of the statement that a is the answer to.
func (s *Server) newCopyIn(p planned, index int, limit int) (*copyIn, error) {
	st := &p.Statements[index]
	desc := st.Statement.Copy
	if len(st.Stored) != len(desc.Columns) {
		return nil, errors.New("COPY without a verdict")
	}
	c := &copyIn{world: p.world, copyData: copyData{desc: desc, limit: limit}, sealer: sealer{server: s}, columns: make([]copyInColumn, len(desc.Columns))}
	if len(st.Statement.Tables) > 0 {
		c.table = st.Statement.Tables[0].Table
	}
	for i, col := range desc.Columns {
		to := &c.columns[i]
		to.name = col.Name
		to.force.null, to.force.notNull = col.ForceNull, col.ForceNotNull
		if col.Target == nil {
			continue
		}
		if col.Target.Protection.Document != nil {
			to.target, to.stored, to.counters = col.Target, st.Stored[i], s.counters(col.Target.Table, col.Target.Column)
			continue
		}
		key, ok := p.world.Keyring.Key(col.Target.Protection.Key)
		if !ok {
			return nil, fmt.Errorf("there is no key %q", col.Target.Protection.Key)
		}
		to.key, to.target, to.stored = key, col.Target, st.Stored[i]
		to.typ, to.options = columnType(&col.Target.Protection), decodeOptions(col.Target)
		to.counters = s.counters(col.Target.Table, col.Target.Column)
	}
	return c, nil
}

// appendSealed appends to dst what the server is sent for more of the client's data.
func (c *copyIn) appendSealed(dst, data []byte, final bool, set *value.Settings) ([]byte, error) {
	err := c.feed(data, final, func(row *copiedRow) (err error) {
		switch row.kind {
		case rowTrailer:
			dst = append(dst, row.raw...)
		case rowHeader:
			dst, err = c.header(dst, row)
		default:
			dst, err = c.sealRow(dst, row, set)
		}
		return err
	})
	c.cell, c.sealer.plain, c.text = trimmed(c.cell), trimmed(c.sealer.plain), trimmed(c.text)
	c.count()
	return dst, err
}

// count feeds the metrics.
func (c *copyIn) count() {
	c.rows.Add(c.taken)
	c.taken = 0
	for i := range c.columns {
		if col := &c.columns[i]; col.count > 0 {
			col.counters.Sealed.Add(float64(col.count))
			c.sealed.Add(col.count)
			col.count = 0
		}
	}
}

// header takes what precedes the rows. A line of names is not sent on but as an empty one, or after it was found to be names: it may be
// a row of values whose sender has forgotten that the first line is no row.
func (c *copyIn) header(dst []byte, row *copiedRow) ([]byte, error) {
	switch {
	case c.desc.Format == sql.CopyBinary:
		return append(dst, row.raw...), nil
	case c.desc.Header != sql.CopyHeaderMatch && (!utf8.Valid(row.raw[:row.size]) || bytes.IndexByte(row.raw[:row.size], 0) >= 0):
		return append(append(dst, 0xff), row.raw[row.size:]...), nil // the server says so of this byte, too
	case c.desc.Header != sql.CopyHeaderMatch:
		return append(dst, row.raw[row.size:]...), nil
	case len(row.fields) != len(c.columns):
		return dst, formatError("wrong number of fields in header line: got %d, expected %d", len(row.fields), len(c.columns))
	}
	for i, f := range row.fields {
		if raw := row.raw[f.start:f.end]; isNull(c.desc, raw, f) || string(c.value(raw, f)) != c.columns[i].name {
			return dst, formatError("column name mismatch in header line field %d", i+1)
		}
	}
	return append(dst, row.raw...), nil
}

// value is what a field of text or CSV stands for, valid until the next call.
func (c *copyIn) value(raw []byte, f copyField) []byte {
	switch {
	case c.desc.Format == sql.CopyText:
		return textValue(&c.text, raw)
	case f.quoted:
		c.text = csvValue(c.text[:0], raw, c.desc.Quote, c.desc.Escape)
		return c.text
	}
	return raw
}

// sealRow appends one row.
func (c *copyIn) sealRow(dst []byte, row *copiedRow, set *value.Settings) ([]byte, error) {
	if len(c.columns) == 0 && row.size == 0 {
		return append(dst, row.raw...), nil
	}
	if len(row.fields) > len(c.columns) {
		return dst, formatError("extra data after last expected column")
	}
	sent := 0 // of a row with too few fields, the server says so when it has taken those
	for i, f := range row.fields {
		col := &c.columns[i]
		if col.target == nil {
			continue
		}
		v, null := c.client(col, row.raw[f.start:f.end], f)
		if null {
			continue
		}
		cell, err := c.seal(col, v, set)
		if err != nil {
			return c.cut(dst, row, sent, f.start), &copyColumnError{column: col.name, cause: err}
		}
		from := f.start
		if c.desc.Format == sql.CopyBinary {
			from -= 4
		}
		if col.target.Protection.Document != nil {
			dst = c.appendDocument(append(dst, row.raw[sent:from]...), cell)
		} else {
			dst = c.appendCell(append(dst, row.raw[sent:from]...), cell)
		}
		sent = f.end
	}
	c.taken++
	return append(dst, row.raw[sent:]...), nil
}

// cut appends what precedes a bad value in its row, so that the server comes to what is wrong there first. A row cut short is an error
// in any case.
func (c *copyIn) cut(dst []byte, row *copiedRow, sent, start int) []byte {
	if start == 0 || c.desc.Format == sql.CopyBinary {
		return dst
	}
	c.short.Store(true)
	if start-1 > sent {
		dst = append(dst, row.raw[sent:start-1]...)
	}
	return append(dst, row.raw[row.size:]...)
}

// client is a field's value, or null if the field passes as it is: it is NULL, or stands for the column's default (NextCopyFrom).
func (c *copyIn) client(col *copyInColumn, raw []byte, f copyField) (v []byte, null bool) {
	switch {
	case c.desc.Format == sql.CopyBinary:
		return raw, f.null
	case isDefault(c.desc, raw, f):
		return nil, true
	case isNull(c.desc, raw, f):
		return []byte(c.desc.Null), !col.force.notNull
	}
	v = c.value(raw, f)
	return v, col.force.null && string(v) == c.desc.Null
}

// seal is the cell of a value, valid until the next call.
func (c *copyIn) seal(col *copyInColumn, v []byte, set *value.Settings) ([]byte, error) {
	format := value.FormatText
	if c.desc.Format == sql.CopyBinary {
		format = value.FormatBinary
	}
	if col.target.Protection.Document != nil {
		return c.sealDocument(col, v, format, set)
	}
	if col.stored {
		return c.check(col, v, format)
	}
	var err error
	if c.sealer.plain, err = col.typ.Decode(c.sealer.plain[:0], col.options, 0, format, v, set); err != nil {
		return nil, err
	}
	c.cell, err = c.sealer.sealPlain(c.cell[:0], col.key, col.target)
	clear(c.sealer.plain)
	col.count++
	return c.cell, err
}

// check gives a cell back that the client has, if it is one of the column.
func (c *copyIn) check(col *copyInColumn, v []byte, format int16) ([]byte, error) {
	c.cell = c.cell[:0]
	if format == value.FormatBinary {
		c.cell = append(c.cell, v...)
	} else {
		var err error
		if c.cell, err = value.DecodeBytea(c.cell, v); err != nil {
			return nil, err
		}
	}
	var err error
	if c.sealer.plain, err = col.key.Open(c.sealer.plain[:0], c.cell); err != nil {
		return nil, refusalStored
	}
	clear(c.sealer.plain)
	return c.cell, nil
}

// refusalStored is for a value that is no cell where only cells are taken.
var refusalStored = &sql.Refusal{Code: "PV258", SQLSTATE: "22023", At: -1,
	Message: "the value is no stored cell of this column",
	Hint:    "Under a rule with sealed, COPY FROM takes back what COPY TO gave of the same column, and nothing else."}

// appendCell appends a cell as a field, in binary with its length.
func (c *copyIn) appendCell(dst, cell []byte) []byte {
	switch c.desc.Format {
	case sql.CopyBinary:
		return append(binary.BigEndian.AppendUint32(dst, uint32(len(cell))), cell...)
	case sql.CopyCSV:
		c.text = value.AppendHex(c.text[:0], cell)
		return c.appendCSVField(dst, c.text, false, len(c.columns) == 1)
	}
	return value.AppendHex(append(dst, '\\'), cell)
}

// copyColumnError says in which column a value is wrong.
type copyColumnError struct {
	column string
	cause  error
}

func (e *copyColumnError) Error() string { return e.cause.Error() }
func (e *copyColumnError) Unwrap() error { return e.cause }

// fail is the error that the client is told for a reason of ours, with its place in the data.
func (c *copyIn) fail(cause error) *wire.Error {
	var e wire.Error
	var own *wire.Error
	if errors.As(cause, &own) {
		e = *own
	} else {
		r := refusalOf(cause)
		e = wire.Error{Severity: "ERROR", Code: r.SQLSTATE, Message: r.Message + " [" + r.Code + "]", Hint: r.Hint}
	}
	e.Where = fmt.Sprintf("COPY %s, line %d", c.table.Name, c.lines)
	var in *copyColumnError
	if errors.As(cause, &in) {
		e.Where += ", column " + in.column
	}
	c.failed.Store(&e)
	return &e
}

package proxy

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/pgveil/pgveil/crypto"
	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/metrics"
	"github.com/pgveil/pgveil/proxy/value"
)

// heldColumn is a column whose cells are opened within JSON.
type heldColumn struct {
	table    sql.TableName
	column   string
	key      *crypto.Key
	typ      value.Type
	counters *metrics.ColumnCounters
	shown    int64
}

// hold looks up what the cells within a value of sql.ShapeJSON need.
func (s *Server) hold(p planned, slot policy.Slot) ([]heldColumn, error) {
	var held []heldColumn
	for _, h := range slot.Holds {
		key, ok := p.world.Keyring.Key(h.Protection.Key)
		if !ok {
			return nil, fmt.Errorf("there is no key %q", h.Protection.Key)
		}
		held = append(held, heldColumn{
			table: h.Table, column: h.Column, key: key, typ: valueType(h.Protection.Type), counters: s.counters(h.Table, h.Column),
		})
	}
	return held, nil
}

// storedType is the type that the server must name for a slot in which cells lie; ok is false for other types.
func storedType(slot policy.Slot, oid uint32) (ok bool) {
	switch slot.Shape {
	case sql.ShapeCell:
		return oid == sql.OIDBytea
	case sql.ShapeArray:
		return oid == value.OIDByteaArray
	case sql.ShapeDocument:
		return oid == value.OIDJSONB
	case sql.ShapeJSON:
		return oid == value.OIDJSON || oid == value.OIDJSONB
	}
	return false
}

// appendArray shows an array of cells as one of values.
func (c *columnShape) appendArray(dst, raw []byte, set *value.Settings, scratch *rowScratch) ([]byte, error) {
	cells, err := value.DecodeArray(raw, c.server, value.OIDByteaArray, value.Type{OID: value.OIDBytea, Mod: -1})
	if err != nil {
		return dst, err
	}
	elements := make([][]byte, len(cells))
	for i, cell := range cells {
		if cell == nil {
			continue
		}
		plain, err := c.open(cell, scratch)
		if err != nil {
			return dst, err
		}
		if elements[i], err = c.typ.Encode([]byte{}, c.client, plain, set); err != nil {
			return dst, c.broken(err)
		}
	}
	nulls := c.server == value.FormatBinary && len(raw) >= 8 && raw[7] != 0
	return c.appendValue(dst, func(dst []byte) ([]byte, error) {
		oid := c.typ.Type.OID
		if c.typ.Domain != nil {
			oid = c.typ.Domain.OID
		}
		return value.AppendArray(dst, c.client, oid, nulls, elements)
	})
}

// readable refuses, before it is sent, what the server would answer with JSON in which cells can't be found.
func readable(p planned, set *value.Settings) error {
	if set.HexBytea() || p.Plan == nil {
		return nil
	}
	for i := range p.Statements {
		for _, slot := range p.Statements[i].Results {
			if slot.Shape == sql.ShapeJSON && slot.Do == policy.Open {
				return refusalEscape
			}
		}
	}
	return nil
}

// escapedFooter is how a cell ends in a JSON string where bytea_output was "escape", whatever it was believed to be.
var escapedFooter = []byte(`\\305~\\221"`)

var errEndlessJSON = errors.New("the server's JSON ends within a string")

// appendJSON copies json or jsonb, which begins with a version byte in binary, and shows the value in place of each cell.
func (c *columnShape) appendJSON(dst, raw []byte, set *value.Settings, scratch *rowScratch) ([]byte, error) {
	if !set.HexBytea() {
		return dst, value.NeedsHex()
	}
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	for len(raw) > 0 {
		i := bytes.IndexByte(raw, '"')
		if i < 0 {
			dst = append(dst, raw...)
			break
		}
		dst, raw = append(dst, raw[:i]...), raw[i:]
		n := value.JSONStringEnd(raw)
		if n < 0 {
			return dst[:start], errEndlessJSON
		}
		text := raw[:n]
		raw = raw[n:]
		cell, ok := cellOf(scratch.cell[:0], text)
		if scratch.cell = cell; !ok && bytes.HasSuffix(text, escapedFooter) {
			return dst[:start], value.NeedsHex()
		}
		if !ok || isKey(raw) {
			dst = append(dst, text...)
			continue
		}
		var err error
		if dst, err = c.appendHeld(dst, cell, set, scratch); err != nil {
			return dst[:start], err
		}
	}
	n := len(dst) - start - 4
	dst[start], dst[start+1], dst[start+2], dst[start+3] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	return dst, nil
}

// appendHeld appends the value of a cell of one of the columns held. A cell of any other column was put there by someone else: nothing of
// the row is shown.
func (c *columnShape) appendHeld(dst, cell []byte, set *value.Settings, scratch *rowScratch) ([]byte, error) {
	footer, _ := crypto.ParseFooter(cell)
	for i := range c.held {
		h := &c.held[i]
		if h.key.ID() != footer.Column {
			continue
		}
		var err error
		if scratch.plain, err = h.key.Open(scratch.plain[:0], cell); err == nil {
			dst, err = value.AppendJSON(dst, scratch.plain, h.typ, set)
		}
		if err != nil {
			return dst, &integrityError{table: h.table, column: h.column, cause: err}
		}
		h.shown++
		return dst, nil
	}
	return dst, &integrityError{table: c.held[0].table, column: c.held[0].column, cause: errors.New("it holds a cell of another column")}
}

// isKey reports whether the string before rest is a key of an object.
func isKey(rest []byte) bool {
	for _, c := range rest {
		switch c {
		case ' ', '\t', '\n', '\r':
			continue
		case ':':
			return true
		}
		return false
	}
	return false
}

// cellOf appends the bytes of a JSON string that is a cell in bytea's hexadecimal form: "\\x…".
func cellOf(dst, text []byte) (cell []byte, ok bool) {
	body, found := bytes.CutPrefix(text[1:len(text)-1], []byte(`\\x`))
	if !found || len(body)%2 != 0 || len(body) < 2*crypto.FooterSize {
		return dst, false
	}
	cell, err := hex.AppendDecode(dst, body)
	if err != nil {
		return dst, false
	}
	_, ok = crypto.ParseFooter(cell)
	return cell, ok
}

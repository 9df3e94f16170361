package proxy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/pgveil/pgveil/crypto"
	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/value"
)

// copyOut shows the rows of one COPY TO STDOUT. It belongs to the outbound loop.
type copyOut struct {
	copyData
	shape *rowShape
	keys  *crypto.Keyring
	text  []byte
	shown []byte
	cell  []byte
	rows  int64
}

// newCopyOut prepares for the rows of a statement.
func (s *Server) newCopyOut(p planned, index int, limit int) (*copyOut, error) {
	st := &p.Statements[index]
	desc := st.Statement.Copy
	if len(st.Copied) != len(desc.Columns) {
		return nil, errors.New("COPY without a verdict")
	}
	formats := []int16{value.FormatText}
	if desc.Format == sql.CopyBinary {
		formats[0] = value.FormatBinary
	}
	shape, err := s.newRowShape(p, st.Copied, formats, formats)
	if err != nil {
		return nil, err
	}
	return &copyOut{copyData: copyData{desc: desc, limit: limit}, shape: shape, keys: p.world.Keyring}, nil
}

// appendShown appends to dst what the client is sent for more of the server's data.
func (c *copyOut) appendShown(dst, data []byte, final bool, set *value.Settings, scratch *rowScratch) ([]byte, error) {
	err := c.feed(data, final, func(row *copiedRow) (err error) {
		if row.kind == rowData {
			c.rows++
			dst, err = c.showRow(dst, row, set, scratch)
			return err
		}
		dst = append(dst, row.raw...)
		return nil
	})
	c.text, c.shown, c.cell = trimmed(c.text), trimmed(c.shown), trimmed(c.cell)
	return dst, err
}

func (c *copyOut) showRow(dst []byte, row *copiedRow, set *value.Settings, scratch *rowScratch) ([]byte, error) {
	n := len(c.shape.columns)
	if n == 0 && row.size == 0 {
		return append(dst, row.raw...), nil
	}
	if len(row.fields) != n {
		return dst, fmt.Errorf("the server sent %d fields where %d were planned", len(row.fields), n)
	}
	sent := 0
	for i, f := range row.fields {
		col := &c.shape.columns[i]
		raw := row.raw[f.start:f.end]
		switch col.slot.Do {
		case policy.Stored:
			continue
		case policy.Pass:
			if err := c.unsealed(raw, f, i); err != nil {
				return dst, err
			}
			continue
		}
		if f.null || c.desc.Format != sql.CopyBinary && isNull(c.desc, raw, f) {
			continue
		}
		from := f.start
		if c.desc.Format == sql.CopyBinary {
			from -= 4
		}
		dst = append(dst, row.raw[sent:from]...)
		sent = f.end
		var err error
		if dst, err = c.showField(dst, col, i, raw, f, set, scratch); err != nil {
			return dst, err
		}
	}
	return append(dst, row.raw[sent:]...), nil
}

// showField appends one field as the client may see it, in binary with its length.
func (c *copyOut) showField(dst []byte, col *columnShape, i int, raw []byte, f copyField, set *value.Settings, scratch *rowScratch) ([]byte, error) {
	if c.desc.Format == sql.CopyBinary {
		return col.append(dst, raw, set, scratch)
	}
	if c.desc.Format == sql.CopyText {
		raw = textValue(&c.text, raw)
	} else if f.quoted {
		c.text = csvValue(c.text[:0], raw, c.desc.Quote, c.desc.Escape)
		raw = c.text
	}
	var err error
	if c.shown, err = col.append(c.shown[:0], raw, set, scratch); err != nil {
		return dst, err
	}
	if int32(binary.BigEndian.Uint32(c.shown)) == -1 {
		return append(dst, c.desc.Null...), nil
	}
	if c.desc.Format == sql.CopyText {
		return appendTextField(dst, c.shown[4:], c.desc.Delimiter), nil
	}
	return c.appendCSVField(dst, c.shown[4:], c.desc.Columns[i].ForceQuote, len(c.desc.Columns) == 1), nil
}

// The last bytes of a cell (crypto.Footer): as they are, in bytea's hex form and, of its escape form, what no delimiter changes. COPY has no description of its rows
// but the number of fields; what a cell says of itself is the second witness.
var footerEnds = [3][]byte{{0xc5, 0x7e, 0x91}, []byte("c57e91"), []byte("221")}

// unsealed makes sure that a field planned as plain holds no cell of a protected column.
func (c *copyOut) unsealed(raw []byte, f copyField, i int) error {
	if n := len(raw); n == 0 || raw[n-1] != footerEnds[0][2] && raw[n-1] != '1' && !f.quoted {
		return nil // as none of these ends
	}
	if c.desc.Format == sql.CopyBinary {
		if !bytes.HasSuffix(raw, footerEnds[0]) {
			return nil
		}
		return c.notCell(raw, i)
	}
	v := raw
	if f.quoted && c.desc.Format == sql.CopyCSV {
		c.text = csvValue(c.text[:0], raw, c.desc.Quote, c.desc.Escape)
		v = c.text
	}
	if !bytes.HasSuffix(v, footerEnds[1]) && !bytes.HasSuffix(v, footerEnds[2]) {
		return nil
	}
	if c.desc.Format == sql.CopyText {
		v = textValue(&c.text, raw)
	}
	cell, err := value.DecodeBytea(c.cell[:0], v)
	if err != nil {
		return nil
	}
	c.cell = cell
	return c.notCell(cell, i)
}

// notCell refuses a cell of a key that this proxy has.
func (c *copyOut) notCell(b []byte, i int) error {
	f, ok := crypto.ParseFooter(b)
	if !ok || !c.keys.Holds(f.Column) {
		return nil
	}
	return fmt.Errorf("field %d of the rows holds sealed cells and should be plain", i+1)
}

package proxy

import (
	"encoding/binary"

	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/value"
)

// sealDocument is the JSON that is stored for a field of COPY FROM, in binary with its version, valid until the next call.
func (c *copyIn) sealDocument(col *copyInColumn, v []byte, format int16, set *value.Settings) (json []byte, err error) {
	c.cell = c.cell[:0]
	if format == value.FormatBinary {
		c.cell = append(c.cell, jsonbVersion)
	}
	if col.stored {
		c.cell, err = c.checkDocument(c.cell, col, v, format)
		return c.cell, err
	}
	c.cell, err = c.sealer.document(c.cell, c.world, col.target, 0, format, v, set)
	col.count++
	return c.cell, err
}

// checkDocument gives back a document that the client has as it is stored, if at each path stands a cell of it or null.
func (c *copyIn) checkDocument(dst []byte, col *copyInColumn, v []byte, format int16) ([]byte, error) {
	d := col.target.Protection.Document
	json, err := value.JSONText(v, 0, format, value.Store)
	if err != nil {
		return dst, err
	}
	return value.EditDocument(dst, json, d.Steps(), func(dst []byte, path int, text []byte) ([]byte, error) {
		if string(text) == "null" {
			return append(dst, text...), nil
		}
		key, ok := c.world.Keyring.Key(d.Paths[path].Protection.Key)
		if !ok || text[0] != '"' {
			return dst, refusalStored
		}
		cell, ok := cellOf(nil, text)
		if !ok {
			return dst, refusalStored
		}
		if c.sealer.plain, err = key.Open(c.sealer.plain[:0], cell); err != nil {
			return dst, refusalStored
		}
		clear(c.sealer.plain)
		return append(dst, text...), nil
	})
}

// appendDocument appends a document as a field, in binary with its length.
func (c *copyIn) appendDocument(dst, json []byte) []byte {
	switch c.desc.Format {
	case sql.CopyBinary:
		return append(binary.BigEndian.AppendUint32(dst, uint32(len(json))), json...)
	case sql.CopyCSV:
		return c.appendCSVField(dst, json, false, len(c.columns) == 1)
	}
	return appendTextField(dst, json, c.desc.Delimiter)
}

package proxy

import (
	"errors"
	"fmt"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/value"
	"github.com/pgveil/pgveil/proxy/wire"
)

// jsonbVersion is the first byte of jsonb's binary form (src/backend/utils/adt/jsonb.c).
const jsonbVersion = 1

// refusalContains is for a search at a path whose cells are different each time.
var refusalContains = &sql.Refusal{Code: "PV021", SQLSTATE: "0A000", At: -1,
	Message: "@> names a protected path that has search: none",
	Hint:    "Set search: equality for the path, or leave it out of what is searched for."}

// document appends a client's JSON with its values at protected paths sealed. All else is sent as it was written.
func (s *sealer) document(dst []byte, w *World, t *sql.Target, declared uint32, format int16, raw []byte, set *value.Settings) ([]byte, error) {
	d := t.Protection.Document
	json, err := value.JSONText(raw, declared, format, decodeOptions(t).Purpose)
	if err != nil {
		return dst, err
	}
	one := sql.Target{Table: t.Table, Column: t.Column, Purpose: t.Purpose}
	var cell []byte
	defer func() { clear(cell) }()
	return value.EditDocument(dst, json, d.Steps(), func(dst []byte, path int, raw []byte) ([]byte, error) {
		text, null, err := value.JSONString(raw)
		switch {
		case err != nil:
			return dst, err
		case null:
			return append(dst, raw...), nil
		case t.Purpose == sql.PurposeCompare && !d.Paths[path].Protection.Search.Equal():
			return dst, refusalContains
		}
		one.Protection = d.Paths[path].Protection
		if cell, err = s.sealOne(cell[:0], w, &one, sql.OIDText, value.FormatText, text, set); err != nil {
			return dst, err
		}
		return append(value.AppendHex(append(dst, `"\`...), cell), '"'), nil
	})
}

// documentLiteral appends the bytes of a document in the form of a sealed literal; Literal.Before and After make jsonb of them.
func (s *sealer) documentLiteral(dst []byte, w *World, l *sql.Literal, set *value.Settings) ([]byte, error) {
	json, err := s.document(nil, w, &l.Target, l.Cast, value.FormatText, []byte(l.Text), set)
	if err != nil {
		return dst, err
	}
	return appendSealed(dst, json), nil
}

// pathHolders are what the cells at the paths of a document need, by index of the path.
func (s *Server) pathHolders(p planned, slot policy.Slot) ([]heldColumn, error) {
	if slot.Document == nil {
		return nil, errors.New("a document without its paths")
	}
	var held []heldColumn
	for _, path := range slot.Document.Paths {
		one := policy.Slot{Holds: []policy.HeldColumn{{Table: slot.Table, Column: slot.Column, Protection: path.Protection}}}
		h, err := s.hold(p, one)
		if err != nil {
			return nil, err
		}
		held = append(held, h...)
	}
	return held, nil
}

// appendDocument shows jsonb with the values at its protected paths in place of their cells. Anything but a cell of the path, or null,
// is no value that was sealed there: nothing of the row is shown.
func (c *columnShape) appendDocument(dst, raw []byte, set *value.Settings, scratch *rowScratch) ([]byte, error) {
	start := len(dst)
	dst = wire.AppendInt32(dst, 0)
	if c.server == value.FormatBinary {
		if len(raw) == 0 || raw[0] != jsonbVersion {
			return dst[:start], errors.New("the server's jsonb has another version")
		}
		dst, raw = append(dst, raw[0]), raw[1:]
	}
	dst, err := value.EditDocument(dst, raw, c.slot.Document.Steps(), func(dst []byte, path int, text []byte) ([]byte, error) {
		if string(text) == "null" {
			return append(dst, text...), nil
		}
		return c.appendPath(dst, &c.held[path], text, set, scratch)
	})
	if err != nil {
		return dst[:start], c.broken(err)
	}
	n := len(dst) - start - 4
	dst[start], dst[start+1], dst[start+2], dst[start+3] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	return dst, nil
}

// appendPath appends the value whose cell is a string of JSON.
func (c *columnShape) appendPath(dst []byte, h *heldColumn, text []byte, set *value.Settings, scratch *rowScratch) ([]byte, error) {
	if text[0] != '"' {
		return dst, errors.New("a protected path holds no string")
	}
	cell, ok := cellOf(scratch.cell[:0], text)
	if scratch.cell = cell; !ok {
		return dst, errors.New("a protected path holds no cell")
	}
	var err error
	if scratch.plain, err = h.key.Open(scratch.plain[:0], cell); err != nil {
		return dst, err
	}
	if dst, err = value.AppendJSON(dst, scratch.plain, h.typ, set); err != nil {
		return dst, fmt.Errorf("a value at a protected path: %w", err)
	}
	h.shown++
	return dst, nil
}

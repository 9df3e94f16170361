package value

import (
	"bytes"
	"slices"
)

// jsonWriter prints the nodes of a parser.
type jsonWriter struct {
	p     *jsonParser
	keep  bool
	limit int // of the output's length
}

func (w *jsonWriter) value(dst []byte, id int32) ([]byte, error) {
	if len(dst) > w.limit {
		return dst, fail(stateLimitExceeded, "jsonb value is too large once its numbers are written out")
	}
	n := &w.p.nodes[id]
	switch n.kind {
	case jsonNumber:
		return w.number(dst, w.p.bytes(n.text))
	case jsonString:
		return appendJSONString(dst, w.p.bytes(n.text)), nil
	case jsonArray:
		dst = append(dst, '[')
		var err error
		for c := n.first; c != 0; c = w.p.nodes[c].next {
			if c != n.first {
				dst = append(dst, ", "...)
			}
			if dst, err = w.value(dst, c); err != nil {
				return dst, err
			}
		}
		return append(dst, ']'), nil
	case jsonObject:
		return w.object(dst, n)
	}
	return append(dst, w.p.bytes(n.text)...), nil
}

// object orders members as lengthCompareJsonbPair does; of equal keys the one that came last stays.
func (w *jsonWriter) object(dst []byte, n *jsonNode) ([]byte, error) {
	members := make([]int32, 0, n.count)
	for c := n.first; c != 0; c = w.p.nodes[c].next {
		members = append(members, c)
	}
	key := func(id int32) []byte { return w.p.bytes(w.p.nodes[id].key) }
	slices.SortFunc(members, func(a, b int32) int {
		if d := len(key(a)) - len(key(b)); d != 0 {
			return d
		}
		if d := bytes.Compare(key(a), key(b)); d != 0 {
			return d
		}
		return int(a - b)
	})
	dst = append(dst, '{')
	first := true
	var err error
	for i, c := range members {
		if i+1 < len(members) && bytes.Equal(key(c), key(members[i+1])) {
			continue
		}
		if !first {
			dst = append(dst, ", "...)
		}
		first = false
		dst = append(appendJSONString(dst, key(c)), ": "...)
		if dst, err = w.value(dst, c); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func (w *jsonWriter) number(dst, text []byte) ([]byte, error) {
	var d decimal
	if err := d.parse(text); err != nil {
		return dst, err
	}
	if err := d.check(); err != nil {
		return dst, err
	}
	var room [64]byte
	n, err := openNumeric(d.append(room[:0], w.keep), -1)
	if err != nil {
		return dst, err
	}
	return n.appendText(dst), nil
}

// appendJSONString follows escape_json, src/backend/utils/adt/json.c.
func appendJSONString(dst, s []byte) []byte {
	dst = append(dst, '"')
	for _, c := range s {
		switch c {
		case '\b':
			dst = append(dst, `\b`...)
		case '\f':
			dst = append(dst, `\f`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		case '"', '\\':
			dst = append(dst, '\\', c)
		default:
			if c < ' ' {
				dst = append(dst, `\u00`...)
				dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
				continue
			}
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

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

func (w *jsonWriter) value(dst []byte, id int) ([]byte, error) {
	if len(dst) > w.limit {
		return dst, fail(stateLimitExceeded, "jsonb value is too large once its numbers are written out")
	}
	n := &w.p.nodes[id]
	switch n.kind {
	case jsonNumber:
		return w.number(dst, n.text)
	case jsonString:
		return appendJSONString(dst, n.text), nil
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
	return append(dst, n.text...), nil
}

// object orders members as lengthCompareJsonbPair does; of equal keys the one that came last stays.
func (w *jsonWriter) object(dst []byte, n *jsonNode) ([]byte, error) {
	members := make([]int, 0, n.count)
	for c := n.first; c != 0; c = w.p.nodes[c].next {
		members = append(members, c)
	}
	nodes := w.p.nodes
	slices.SortFunc(members, func(a, b int) int {
		if d := len(nodes[a].key) - len(nodes[b].key); d != 0 {
			return d
		}
		if d := bytes.Compare(nodes[a].key, nodes[b].key); d != 0 {
			return d
		}
		return a - b
	})
	dst = append(dst, '{')
	first := true
	var err error
	for i, c := range members {
		if i+1 < len(members) && bytes.Equal(nodes[c].key, nodes[members[i+1]].key) {
			continue
		}
		if !first {
			dst = append(dst, ", "...)
		}
		first = false
		dst = append(appendJSONString(dst, nodes[c].key), ": "...)
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

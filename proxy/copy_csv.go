package proxy

import "bytes"

// toggle follows quotes through more of a CSV record, as CopyReadLineText does. An escape counts only within quotes, and only where it
// is another character than the quote.
func (d *copyData) toggle(b []byte) {
	quote, escape := d.desc.Quote, d.desc.Escape
	if quote == escape {
		if bytes.Count(b, []byte{quote})%2 == 1 {
			d.quoted = !d.quoted
		}
		return
	}
	for _, c := range b {
		if d.quoted && c == escape {
			d.escaped = !d.escaped
		}
		if c == quote && !d.escaped {
			d.quoted = !d.quoted
		}
		if c != escape {
			d.escaped = false
		}
	}
}

// strayCSV refuses a record in which the end of another kind of line stands outside quotes.
func (d *copyData) strayCSV(line []byte, other byte, name string) error {
	look := copyData{desc: d.desc}
	for {
		p := bytes.IndexByte(line, other)
		if p < 0 {
			return nil
		}
		look.toggle(line[:p])
		if !look.quoted {
			return formatError("unquoted %s found in data", name)
		}
		look.toggle(line[p : p+1])
		line = line[p+1:]
	}
}

// splitCSV cuts a CSV record into fields: CopyReadAttributesCSV.
func (d *copyData) splitCSV(line []byte) error {
	if bytes.IndexByte(line, d.desc.Quote) < 0 {
		for start := 0; ; {
			p := bytes.IndexByte(line[start:], d.desc.Delimiter)
			if p < 0 {
				d.field(copyField{start: start, end: len(line)})
				return nil
			}
			d.field(copyField{start: start, end: start + p})
			start += p + 1
		}
	}
	f := copyField{}
	within := false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case within && c == d.desc.Escape && i+1 < len(line) && (line[i+1] == d.desc.Escape || line[i+1] == d.desc.Quote):
			i++
		case within:
			within = c != d.desc.Quote
		case c == d.desc.Delimiter:
			f.end = i
			d.field(f)
			f = copyField{start: i + 1}
		case c == d.desc.Quote:
			f.quoted, within = true, true
		}
	}
	if within {
		return formatError("unterminated CSV quoted field")
	}
	f.end = len(line)
	d.field(f)
	return nil
}

// csvValue is what a field with quotes stands for, made in dst.
func csvValue(dst, raw []byte, quote, escape byte) []byte {
	within := false
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case within && c == escape && i+1 < len(raw) && (raw[i+1] == escape || raw[i+1] == quote):
			i++
			dst = append(dst, raw[i])
		case c == quote:
			within = !within
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// appendCSVField appends a value as CopyAttributeOutCSV does (src/backend/commands/copyto.c). single says that the record has no other
// field.
func (d *copyData) appendCSVField(dst, v []byte, force, single bool) []byte {
	c := d.desc
	if !force && string(v) != c.Null && !(single && string(v) == `\.`) && bytes.IndexByte(v, c.Delimiter) < 0 &&
		bytes.IndexByte(v, c.Quote) < 0 && bytes.IndexByte(v, '\n') < 0 && bytes.IndexByte(v, '\r') < 0 {
		return append(dst, v...)
	}
	dst = append(dst, c.Quote)
	for _, b := range v {
		if b == c.Quote || b == c.Escape {
			dst = append(dst, c.Escape)
		}
		dst = append(dst, b)
	}
	return append(dst, c.Quote)
}

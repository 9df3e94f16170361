package proxy

import (
	"bytes"

	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/value"
)

// splitText cuts a line of text format into fields: CopyReadAttributesText.
func (d *copyData) splitText(line []byte) error {
	if d.desc.In && bytes.Contains(line, []byte(`\.`)) {
		for at := 0; ; {
			p := bytes.Index(line[at:], []byte(`\.`))
			if p < 0 {
				break
			}
			if !oddBackslashes(line, at+p) {
				return formatError("end-of-copy marker is not alone on its line")
			}
			at += p + 1
		}
	}
	for start, at := 0, 0; ; {
		p := bytes.IndexByte(line[at:], d.desc.Delimiter)
		if p < 0 {
			d.field(copyField{start: start, end: len(line)})
			return nil
		}
		at += p
		if oddBackslashes(line, at) {
			at++
			continue
		}
		d.field(copyField{start: start, end: at})
		at++
		start = at
	}
}

// textValue is what a field of text format stands for; it is raw itself where nothing in it is escaped, and otherwise made in dst.
func textValue(dst, raw []byte) []byte {
	at := bytes.IndexByte(raw, '\\')
	if at < 0 {
		return raw
	}
	dst = append(dst, raw[:at]...)
	for at < len(raw) {
		c := raw[at]
		at++
		if c == '\\' {
			if at == len(raw) {
				break
			}
			c, at = escapedByte(raw, at)
		}
		dst = append(dst, c)
	}
	return dst
}

// escapedByte is the byte that stands behind a backslash at at, and where it ends.
func escapedByte(raw []byte, at int) (byte, int) {
	c := raw[at]
	at++
	switch {
	case c >= '0' && c <= '7':
		v := c - '0'
		for n := 1; n < 3 && at < len(raw) && raw[at] >= '0' && raw[at] <= '7'; n++ {
			v = v<<3 | (raw[at] - '0')
			at++
		}
		return v, at
	case c == 'x' && at < len(raw) && value.HexDigit(raw[at]) < 16:
		v := value.HexDigit(raw[at])
		if at++; at < len(raw) && value.HexDigit(raw[at]) < 16 {
			v = v<<4 | value.HexDigit(raw[at])
			at++
		}
		return v, at
	}
	for i := range len(controlNames) {
		if c == controlNames[i] {
			return controls[i], at
		}
	}
	return c, at
}

// The control characters that have a letter behind the backslash, in the order of their letters.
const (
	controlNames = "bfnrtv"
	controls     = "\b\f\n\r\t\v"
)

// appendTextField appends a value as CopyAttributeOutText does (src/backend/commands/copyto.c).
func appendTextField(dst, v []byte, delimiter byte) []byte {
	start := 0
	for i, c := range v {
		if c >= ' ' && c != '\\' && c != delimiter {
			continue
		}
		if c < ' ' {
			k := 0
			for k < len(controls) && c != controls[k] {
				k++
			}
			switch {
			case k < len(controls):
				dst = append(append(dst, v[start:i]...), '\\', controlNames[k])
				start = i + 1
				continue
			case c != delimiter:
				continue
			}
		}
		dst = append(append(dst, v[start:i]...), '\\')
		start = i
	}
	return append(dst, v[start:]...)
}

// isNull reports whether a field of text or CSV is NULL as it stands, and isDefault whether it stands for the column's default.
func isNull(c *sql.Copy, raw []byte, f copyField) bool { return !f.quoted && string(raw) == c.Null }

func isDefault(c *sql.Copy, raw []byte, f copyField) bool {
	return c.HasDefault && !f.quoted && string(raw) == c.Default
}

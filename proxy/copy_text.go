package proxy

import (
	"bytes"
	"encoding/binary"

	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/value"
)

// splitText cuts a line of text format into fields: CopyReadAttributesText.
func (d *copyData) splitText(line []byte) error {
	first := bytes.IndexByte(line, '\\') // before it nothing is escaped
	if first < 0 {
		first = len(line)
	}
	if d.desc.In {
		for at := first; ; {
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
		if at > first && oddBackslashes(line, at) {
			at++
			continue
		}
		d.field(copyField{start: start, end: at})
		at++
		start = at
	}
}

// textValue is what a field of text format stands for: a part of raw where it stands there, and otherwise made in *buf.
func textValue(buf *[]byte, raw []byte) []byte {
	at := bytes.IndexByte(raw, '\\')
	if at < 0 {
		return raw
	}
	if at == 0 && len(raw) > 1 && raw[1] == '\\' && bytes.IndexByte(raw[2:], '\\') < 0 {
		return raw[1:] // as bytea has it
	}
	dst := (*buf)[:0]
	for {
		dst = append(dst, raw[:at]...)
		raw = raw[at:]
		if len(raw) < 2 {
			break
		}
		c, n := escapedByte(raw, 1)
		dst, raw = append(dst, c), raw[n:]
		if at = bytes.IndexByte(raw, '\\'); at < 0 {
			dst = append(dst, raw...)
			break
		}
	}
	*buf = dst
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
	start, i := 0, 0
	for ; ; i++ {
		for len(v)-i >= 8 && ordinary(binary.LittleEndian.Uint64(v[i:]), delimiter) {
			i += 8
		}
		if i >= len(v) {
			break
		}
		c := v[i]
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

// ordinary reports whether none of eight bytes is a control character, a backslash or the delimiter.
func ordinary(b uint64, delimiter byte) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	backslash, delimiters := b^'\\'*ones, b^uint64(delimiter)*ones
	// What is taken from a byte that is less borrows its high bit; bytes that are equal to one have become 0.
	return ((b-' '*ones)&^b|(backslash-ones)&^backslash|(delimiters-ones)&^delimiters)&highs == 0
}

// isNull reports whether a field of text or CSV is NULL as it stands, and isDefault whether it stands for the column's default.
func isNull(c *sql.Copy, raw []byte, f copyField) bool { return !f.quoted && string(raw) == c.Null }

func isDefault(c *sql.Copy, raw []byte, f copyField) bool {
	return c.HasDefault && !f.quoted && string(raw) == c.Default
}

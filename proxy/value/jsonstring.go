package value

import (
	"bytes"
	"unicode/utf8"
)

// string parses a string and decodes its escapes, into the arena if it has any.
func (p *jsonParser) string() (span, error) {
	p.at++
	start := p.at
	for i := p.at; i < len(p.b); i++ {
		switch c := p.b[i]; {
		case c == '"':
			p.at = i
			text := p.since(start)
			p.at++
			return text, nil
		case c == '\\':
			p.at = i
			from := len(p.arena)
			p.arena = append(p.arena, p.b[start:i]...)
			if err := p.escaped(); err != nil {
				return span{}, err
			}
			return span{^int32(from), int32(len(p.arena) - from)}, nil
		case c < ' ':
			return span{}, jsonError()
		}
	}
	return span{}, jsonError()
}

// escaped decodes from the first backslash to the closing quote into the arena.
func (p *jsonParser) escaped() error {
	high := rune(-1) // a high surrogate that waits for its low one
	for p.at < len(p.b) {
		c := p.b[p.at]
		p.at++
		if high >= 0 && (c != '\\' || p.at == len(p.b) || p.b[p.at] != 'u') {
			return jsonError()
		}
		switch {
		case c == '"':
			return nil
		case c < ' ':
			return jsonError()
		case c != '\\':
			p.arena = append(p.arena, c)
			continue
		}
		if p.at == len(p.b) {
			return jsonError()
		}
		c = p.b[p.at]
		p.at++
		if c != 'u' {
			i := bytes.IndexByte([]byte(`"\/bfnrt`), c)
			if i < 0 {
				return jsonError()
			}
			p.arena = append(p.arena, "\"\\/\b\f\n\r\t"[i])
			continue
		}
		r, err := p.hex4()
		if err != nil {
			return err
		}
		if p.exact {
			continue
		}
		if p.arena, high, err = appendUnicode(p.arena, r, high); err != nil {
			return err
		}
	}
	return jsonError()
}

// appendUnicode takes one \u escape; it returns the high surrogate that is still open, or -1.
func appendUnicode(out []byte, r, high rune) ([]byte, rune, error) {
	switch isLow := r >= 0xdc00 && r < 0xe000; {
	case r >= 0xd800 && r < 0xdc00:
		if high >= 0 {
			return out, -1, jsonError()
		}
		return out, r, nil
	case isLow != (high >= 0):
		return out, -1, jsonError()
	case isLow:
		r = 0x10000 + (high-0xd800)<<10 + (r - 0xdc00)
	case r == 0:
		return out, -1, &Error{SQLSTATE: stateUntranslated, Message: "unsupported Unicode escape sequence", Detail: `\u0000 cannot be converted to text.`}
	}
	return utf8.AppendRune(out, r), -1, nil
}

func (p *jsonParser) hex4() (rune, error) {
	if len(p.b)-p.at < 4 {
		return 0, jsonError()
	}
	r := rune(0)
	for _, c := range p.b[p.at : p.at+4] {
		v := HexDigit(c)
		if v > 15 {
			return 0, jsonError()
		}
		r = r<<4 | rune(v)
	}
	p.at += 4
	return r, nil
}

package value

import (
	"bytes"
	"unicode/utf8"
)

// string parses a string and decodes its escapes. The result aliases the input if there are none.
func (p *jsonParser) string() ([]byte, error) {
	p.at++
	start := p.at
	for i := p.at; i < len(p.b); i++ {
		switch c := p.b[i]; {
		case c == '"':
			p.at = i + 1
			return p.b[start:i], nil
		case c == '\\':
			p.at = i
			return p.escaped(bytes.Clone(p.b[start:i]))
		case c < ' ':
			return nil, jsonError()
		}
	}
	return nil, jsonError()
}

// escaped goes on where the first backslash is.
func (p *jsonParser) escaped(out []byte) ([]byte, error) {
	high := rune(-1) // a high surrogate that waits for its low one
	for p.at < len(p.b) {
		c := p.b[p.at]
		p.at++
		if high >= 0 && (c != '\\' || p.at == len(p.b) || p.b[p.at] != 'u') {
			return nil, jsonError()
		}
		switch {
		case c == '"':
			return out, nil
		case c < ' ':
			return nil, jsonError()
		case c != '\\':
			out = append(out, c)
			continue
		}
		if p.at == len(p.b) {
			return nil, jsonError()
		}
		c = p.b[p.at]
		p.at++
		if c != 'u' {
			i := bytes.IndexByte([]byte(`"\/bfnrt`), c)
			if i < 0 {
				return nil, jsonError()
			}
			out = append(out, "\"\\/\b\f\n\r\t"[i])
			continue
		}
		r, err := p.hex4()
		if err != nil {
			return nil, err
		}
		if out, high, err = appendUnicode(out, r, high); err != nil {
			return nil, err
		}
	}
	return nil, jsonError()
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
		v := nibble(c)
		if v > 15 {
			return 0, jsonError()
		}
		r = r<<4 | rune(v)
	}
	p.at += 4
	return r, nil
}

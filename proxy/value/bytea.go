package value

import (
	"encoding/hex"
	"slices"
)

// bytea follows byteain, src/backend/utils/adt/varlena.c.
func (in *input) bytea(dst []byte) ([]byte, error) {
	dst = append(dst, byte(TagBytea))
	if in.binary {
		return append(dst, in.raw...), nil
	}
	return DecodeBytea(dst, in.raw)
}

// AppendHex appends bytea's hex output form of b, \x included.
func AppendHex(dst, b []byte) []byte {
	return hex.AppendEncode(append(dst, '\\', 'x'), b)
}

const hexDigits = "0123456789abcdef"

// DecodeBytea appends the bytes that bytea's text form stands for: hex (with blanks between bytes) or escape. On error dst
// is returned unchanged.
func DecodeBytea(dst, text []byte) ([]byte, error) {
	if len(text) >= 2 && text[0] == '\\' && text[1] == 'x' {
		return decodeHex(dst, text[2:])
	}
	start := len(dst)
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c != '\\':
			dst = append(dst, c)
		case i+3 < len(text) && text[i+1]&^3 == '0' && text[i+2]&^7 == '0' && text[i+3]&^7 == '0':
			dst = append(dst, text[i+1]&3<<6|text[i+2]&7<<3|text[i+3]&7)
			i += 3
		case i+1 < len(text) && text[i+1] == '\\':
			dst = append(dst, '\\')
			i++
		default:
			return dst[:start], invalidSyntax("bytea")
		}
	}
	return dst, nil
}

func decodeHex(dst, text []byte) ([]byte, error) {
	start := len(dst)
	// The server's own output is digits only, which the standard library decodes fastest.
	if n := len(text) / 2; len(text)%2 == 0 {
		dst = slices.Grow(dst, n)[:start+n]
		if _, err := hex.Decode(dst[start:], text); err == nil {
			return dst, nil
		}
		dst = dst[:start]
	}
	for i := 0; i < len(text); {
		switch text[i] {
		case ' ', '\n', '\t', '\r':
			i++
			continue
		}
		hi := nibble(text[i])
		if hi > 15 {
			return dst[:start], fail(stateParameter, "invalid hexadecimal digit")
		}
		if i+1 == len(text) {
			return dst[:start], fail(stateParameter, "invalid hexadecimal data: odd number of digits")
		}
		lo := nibble(text[i+1])
		if lo > 15 {
			return dst[:start], fail(stateParameter, "invalid hexadecimal digit")
		}
		dst = append(dst, hi<<4|lo)
		i += 2
	}
	return dst, nil
}

// nibble is a hexadecimal digit's value, 255 if it is none.
func nibble(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}

// appendEscape appends bytea's escape output form (bytea_output = escape).
func appendEscape(dst, b []byte) []byte {
	for _, c := range b {
		switch {
		case c == '\\':
			dst = append(dst, '\\', '\\')
		case c < 0x20 || c > 0x7e:
			dst = append(dst, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

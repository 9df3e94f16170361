package value

// bytea follows byteain, src/backend/utils/adt/varlena.c.
func (in *input) bytea(dst []byte) ([]byte, error) {
	dst = append(dst, byte(TagBytea))
	if in.binary {
		return append(dst, in.raw...), nil
	}
	return DecodeBytea(dst, in.raw)
}

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

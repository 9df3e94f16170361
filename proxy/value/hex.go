package value

import (
	"encoding/binary"
	"slices"
)

const hexDigits = "0123456789abcdef"

// Eight bytes of one value, and one bit of each of eight bytes.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// AppendHex appends bytea's hex output form of b, \x included.
func AppendHex(dst, b []byte) []byte {
	dst = append(dst, '\\', 'x')
	start := len(dst)
	dst = slices.Grow(dst, 2*len(b))[:start+2*len(b)]
	out := dst[start:]
	for len(b) >= 4 {
		binary.LittleEndian.PutUint64(out, hexOf(binary.LittleEndian.Uint32(b)))
		out, b = out[8:], b[4:]
	}
	for i, c := range b {
		out[2*i], out[2*i+1] = hexDigits[c>>4], hexDigits[c&15]
	}
	return dst
}

// hexOf makes eight digits of four bytes at once; the first of each is in the lowest byte.
func hexOf(b uint32) uint64 {
	x := uint64(b)
	x = (x | x<<16) & 0x0000ffff0000ffff
	x = (x | x<<8) & 0x00ff00ff00ff00ff
	x = x>>4&0x000f000f000f000f | x&0x000f000f000f000f<<8
	return digitsOf(x)
}

// digitsOf writes eight half bytes, each in a byte, as lower-case digits. From 10 on, 6 more gives a carry, and 'a' is 39 behind ':'.
func digitsOf(x uint64) uint64 { return x + '0'*ones + (x+6*ones)>>4&ones*('a'-'0'-10) }

// bytesOf is the inverse of hexOf; ok is false where a digit is neither 0 to 9 nor a to f.
func bytesOf(digits uint64) (b uint32, ok bool) {
	x := digits&(0x0f*ones) + digits>>6&ones*9
	ok = x&(0xf0*ones) == 0 && digitsOf(x) == digits
	x = (x<<4 | x>>8) & 0x00ff00ff00ff00ff
	x = (x | x>>8) & 0x0000ffff0000ffff
	return uint32(x | x>>16), ok
}

// decodeHex appends what hexadecimal digits stand for, with blanks between bytes, as hex_decode_safe, src/backend/utils/adt/encode.c.
func decodeHex(dst, text []byte) ([]byte, error) {
	start := len(dst)
	dst = slices.Grow(dst, len(text)/2)
	// The server's own output is lower-case digits only.
	out := dst[start : start+len(text)/2]
	n := 0
	for len(text) >= 8 {
		b, ok := bytesOf(binary.LittleEndian.Uint64(text))
		if !ok {
			break
		}
		binary.LittleEndian.PutUint32(out[n:], b)
		n += 4
		text = text[8:]
	}
	dst = dst[:start+n]
	for i := 0; i < len(text); {
		switch text[i] {
		case ' ', '\n', '\t', '\r':
			i++
			continue
		}
		hi := HexDigit(text[i])
		if hi > 15 {
			return dst[:start], fail(stateParameter, "invalid hexadecimal digit")
		}
		if i+1 == len(text) {
			return dst[:start], fail(stateParameter, "invalid hexadecimal data: odd number of digits")
		}
		lo := HexDigit(text[i+1])
		if lo > 15 {
			return dst[:start], fail(stateParameter, "invalid hexadecimal digit")
		}
		dst = append(dst, hi<<4|lo)
		i += 2
	}
	return dst, nil
}

// HexDigit is a hexadecimal digit's value, 255 if it is none.
func HexDigit(c byte) byte {
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

package value

import (
	"encoding/binary"
	"unicode/utf8"
)

// Cast appends the binary form of what an explicit cast to t, a type with a modifier, makes of a client's value: text is cut, numbers and times
// are rounded. declared and format are the value's, as for Decode. Sources: varchar() and bpchar() in varchar.c, numeric() in numeric.c.
func Cast(dst []byte, t Type, declared uint32, format int16, raw []byte, s *Settings) ([]byte, error) {
	canonical, err := Decode(nil, t, Options{Purpose: Store, KeepScale: true, Explicit: true}, declared, format, raw, s)
	if err != nil {
		return dst, err
	}
	dst, err = Encode(dst, t, FormatBinary, canonical, s)
	clear(canonical)
	return dst, err
}

// ShownBy reports whether a value, canonical with its display scale or for character(n) as the client sent it, has the scale or length that t's
// modifier says, and fits it.
func ShownBy(t Type, canonical, raw []byte) bool {
	switch t.OID {
	case OIDBpchar:
		return utf8.RuneCount(raw) == int(t.Mod)-4
	case OIDNumeric:
		precision, scale, ok := numericMod(t.Mod)
		if !ok || len(canonical) < 2 || Tag(canonical[0]) != TagNumeric {
			return false
		}
		n, err := openNumeric(canonical[1:], -1)
		switch {
		case err != nil:
			return false
		case n.kind == numericNaN:
			return true
		case n.kind != numericPositive && n.kind != numericNegative || len(canonical) < 4 || canonical[1]&numericScaled == 0:
			return false
		}
		whole := 0
		if len(n.groups) > 0 && n.weight >= 0 {
			whole = 4*n.weight + len(itoa(int(n.group(0))))
		}
		return int(binary.BigEndian.Uint16(canonical[2:])) == scale && whole <= precision-scale
	}
	return false
}

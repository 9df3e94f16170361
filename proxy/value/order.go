package value

import (
	"bytes"
	"encoding/binary"
)

// The first order byte of a numeric says of which kind it is. Negative values, which go on inverted, zero and positive ones are finite.
const (
	orderMinusInf = 0x00
	orderNegative = 0x10
	orderZero     = 0x20
	orderPositive = 0x30
	orderPlusInf  = 0x40
	orderNaN      = 0x50
)

// Order appends the order bytes of a canonical value of type t: compared byte by byte they give PostgreSQL's order, with
// COLLATE "C" for text, they are equal for equal values only, and none are the beginning of another's. The forms are
// specified in docs/FORMAT.md. The canonical value must have been made without Options.KeepScale. On error dst is
// returned unchanged.
func Order(dst []byte, t Type, canonical []byte) ([]byte, error) {
	info, ok := logical(t.OID)
	if !ok || !Orderable(t) {
		return dst, fail(stateNotSupported, "values of "+TypeName(t.OID)+" cannot be protected with an order")
	}
	if len(canonical) == 0 || Tag(canonical[0]) != info.tag {
		return dst, corrupted("its type is not the column's")
	}
	b := canonical[1:]
	switch info.tag {
	case TagInteger, TagTimestamptz, TagTime, TagTimestamp:
		return orderSigned(dst, b, 8)
	case TagDate:
		return orderSigned(dst, b, 4)
	case TagUUID:
		if len(b) != 16 {
			return dst, corrupted("uuid")
		}
		return append(dst, b...), nil
	case TagText, TagBpchar:
		if bytes.IndexByte(b, 0) >= 0 {
			return dst, corrupted("text")
		}
		return append(append(dst, b...), 0), nil
	case TagNumeric:
		return orderNumeric(dst, b)
	}
	return dst, fail(stateInternal, "no order of "+TypeName(t.OID)+" is known")
}

// Orderable tells whether Order knows values of type t.
func Orderable(t Type) bool {
	switch t.OID {
	case OIDInt2, OIDInt4, OIDInt8, OIDNumeric, OIDDate, OIDTime, OIDTimestamp, OIDTimestamptz, OIDUUID, OIDText, OIDVarchar, OIDBpchar:
		return true
	}
	return false
}

// orderSigned inverts the sign's bit of n bytes of two's complement.
func orderSigned(dst, b []byte, n int) ([]byte, error) {
	if len(b) != n {
		return dst, corrupted("its length is not the type's")
	}
	dst = append(dst, b[0]^0x80)
	return append(dst, b[1:]...), nil
}

// orderNumeric is a kind, then for all but zero the weight, the groups each one larger, and 0 behind them.
func orderNumeric(dst, b []byte) ([]byte, error) {
	if len(b) == 0 || b[0]&numericScaled != 0 {
		return dst, corrupted("numeric")
	}
	switch b[0] {
	case numericNaN:
		return append(dst, orderNaN), nil
	case numericPlusInf:
		return append(dst, orderPlusInf), nil
	case numericMinusInf:
		return append(dst, orderMinusInf), nil
	case numericPositive, numericNegative:
	default:
		return dst, corrupted("numeric")
	}
	if len(b) < 3 || len(b)%2 != 1 {
		return dst, corrupted("numeric")
	}
	if len(b) == 3 {
		return append(dst, orderZero), nil
	}
	flip, kind := uint16(0), byte(orderPositive)
	if b[0] == numericNegative {
		flip, kind = 0xffff, orderNegative
	}
	dst = append(dst, kind)
	dst = binary.BigEndian.AppendUint16(dst, binary.BigEndian.Uint16(b[1:])^0x8000^flip)
	for g := b[3:]; len(g) > 0; g = g[2:] {
		dst = binary.BigEndian.AppendUint16(dst, (binary.BigEndian.Uint16(g)+1)^flip)
	}
	return binary.BigEndian.AppendUint16(dst, flip), nil
}

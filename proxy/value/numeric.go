package value

import (
	"encoding/binary"
	"math"
	"strconv"
)

// The canonical numeric is flags u8, then for finite values [display scale u16] weight i16 {group u16}, big-endian: the
// groups are base-10,000 digits without leading or trailing zero groups, the first one times 10,000^weight. Zero has weight
// 0 and no groups.
const (
	numericPositive = 0 // and zero
	numericNegative = 1
	numericNaN      = 2
	numericPlusInf  = 3
	numericMinusInf = 4
	numericKind     = 0x0f
	numericScaled   = 0x10 // a display scale follows
)

// numeric decodes for a numeric column.
func (in *input) numeric(dst []byte) ([]byte, error) {
	var d decimal
	var err error
	switch in.declared {
	case OIDNumeric:
		err = d.read(in.raw, in.binary)
	case OIDInt2, OIDInt4, OIDInt8:
		var v int64
		if in.binary {
			v, err = binaryInt(in.declared, in.raw)
		} else {
			v, err = parseInt(in.raw, in.declared)
		}
		d.setInt(v)
	case OIDFloat4, OIDFloat8:
		err = in.numericFromFloat(&d)
	default:
		err = in.mismatch()
	}
	if err == nil && in.store() {
		err = d.applyMod(in.t.Mod)
	}
	if err == nil {
		err = d.check()
	}
	if err != nil {
		return dst, err
	}
	return d.append(append(dst, byte(TagNumeric)), in.o.KeepScale), nil
}

// numericFromFloat follows float8_numeric and float4_numeric: 15 or 6 significant digits. A comparison of numeric with a
// float is one of floats in PostgreSQL, which equality of canonical bytes cannot answer.
func (in *input) numericFromFloat(d *decimal) error {
	if !in.store() {
		return failHint(stateNotSupported, "a protected numeric column cannot be compared with a "+TypeName(in.declared),
			"Pass the parameter as numeric.")
	}
	f, err := readFloat(in.raw, in.binary, in.declared)
	if err != nil {
		return err
	}
	precision := 15
	if in.declared == OIDFloat4 {
		precision = 6
	}
	switch {
	case math.IsNaN(f):
		d.kind = notANumber
	case math.IsInf(f, 1):
		d.kind = plusInfinity
	case math.IsInf(f, -1):
		d.kind = minusInfinity
	default:
		var text [32]byte
		return d.parse(strconv.AppendFloat(text[:0], f, 'g', precision, 64))
	}
	return nil
}

// readFloat reads real or double precision. Hexadecimal floats, which strtod knows, are not understood.
func readFloat(raw []byte, bin bool, oid uint32) (float64, error) {
	bits := 64
	if oid == OIDFloat4 {
		bits = 32
	}
	if bin {
		if err := fixedLen(raw, bits/8); err != nil {
			return 0, err
		}
		if bits == 32 {
			return float64(math.Float32frombits(binary.BigEndian.Uint32(raw))), nil
		}
		return math.Float64frombits(binary.BigEndian.Uint64(raw)), nil
	}
	var d decimal
	if err := d.parse(raw); err != nil {
		return 0, notUnderstood(TypeName(oid), "Write it as a plain decimal number.")
	}
	switch d.kind {
	case notANumber:
		return math.NaN(), nil
	case plusInfinity:
		return math.Inf(1), nil
	case minusInfinity:
		return math.Inf(-1), nil
	}
	f, err := strconv.ParseFloat(string(trimSpace(raw)), bits)
	if err != nil || f == 0 && len(d.digits) > 0 {
		return 0, fail(stateOutOfRange, "value is out of range for type "+TypeName(oid))
	}
	return f, nil
}

// append writes the canonical form, without the tag.
func (d *decimal) append(dst []byte, keepScale bool) []byte {
	switch d.kind {
	case notANumber:
		return append(dst, numericNaN)
	case plusInfinity:
		return append(dst, numericPlusInf)
	case minusInfinity:
		return append(dst, numericMinusInf)
	}
	flags := byte(numericPositive)
	if d.neg {
		flags = numericNegative
	}
	if keepScale {
		dst = binary.BigEndian.AppendUint16(append(dst, flags|numericScaled), uint16(d.scale))
	} else {
		dst = append(dst, flags)
	}
	if len(d.digits) == 0 {
		return append(dst, 0, 0)
	}
	weight := d.weight()
	dst = binary.BigEndian.AppendUint16(dst, uint16(weight))
	// The first digit's place in its group: 0 stands for thousands.
	at := 4*(weight+1) - d.point
	g := 0
	for i := -at; i < len(d.digits) || (i+at)%4 != 0; i++ {
		digit := 0
		if i >= 0 && i < len(d.digits) {
			digit = int(d.digits[i])
		}
		g = g*10 + digit
		if (i+at)%4 == 3 {
			dst = binary.BigEndian.AppendUint16(dst, uint16(g))
			g = 0
		}
	}
	return dst
}

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
		err = mismatch(in.t, in.declared)
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
		return failHint(stateMismatch, "a protected numeric column cannot be compared with a "+TypeName(in.declared),
			"Pass the parameter as numeric.")
	}
	f, err := readFloat(in.raw, in.binary, in.declared)
	if err != nil {
		return err
	}
	digits := 15
	if in.declared == OIDFloat4 {
		digits = 6
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
		return d.parse(strconv.AppendFloat(text[:0], f, 'g', digits, 64))
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

// storedNumeric is a canonical numeric taken apart for output.
type storedNumeric struct {
	kind   byte
	scale  int
	weight int
	groups []byte // two bytes each
}

// openNumeric reads the canonical form and settles the display scale: the one kept, else the column's, but never fewer
// digits than the value has.
func openNumeric(b []byte, mod int32) (storedNumeric, error) {
	bad := corrupted("numeric")
	if len(b) == 0 {
		return storedNumeric{}, bad
	}
	n := storedNumeric{kind: b[0] & numericKind, scale: -1}
	flags := b[0]
	b = b[1:]
	if n.kind > numericNegative {
		if n.kind > numericMinusInf || flags != n.kind || len(b) != 0 {
			return n, bad
		}
		return n, nil
	}
	if flags&numericScaled != 0 {
		if len(b) < 2 {
			return n, bad
		}
		n.scale = int(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if flags&^(numericKind|numericScaled) != 0 || n.scale > maxDisplayScale || len(b) < 2 || len(b)%2 != 0 {
		return n, bad
	}
	n.weight = int(int16(binary.BigEndian.Uint16(b)))
	n.groups = b[2:]
	count := len(n.groups) / 2
	if count == 0 && (n.weight != 0 || n.kind != numericPositive) || count > 0 && (n.group(0) == 0 || n.group(count-1) == 0) {
		return n, bad
	}
	for i := range count {
		if n.group(i) > 9999 {
			return n, bad
		}
	}
	needed := n.minScale()
	switch {
	case needed > maxDisplayScale || n.scale >= 0 && n.scale < needed:
		return n, bad
	case n.scale < 0:
		n.scale = needed
		if _, s, ok := numericMod(mod); ok {
			n.scale = max(needed, s)
		}
	}
	return n, nil
}

func (n *storedNumeric) group(i int) uint16 { return binary.BigEndian.Uint16(n.groups[2*i:]) }

// minScale is the number of digits after the decimal point that are needed to show the value.
func (n *storedNumeric) minScale() int {
	count := len(n.groups) / 2
	if count == 0 {
		return 0
	}
	scale := 4 * (count - 1 - n.weight)
	for g := n.group(count - 1); g%10 == 0; g /= 10 {
		scale--
	}
	return max(scale, 0)
}

// appendText follows numeric_out.
func (n *storedNumeric) appendText(dst []byte) []byte {
	switch n.kind {
	case numericNaN:
		return append(dst, "NaN"...)
	case numericPlusInf:
		return append(dst, "Infinity"...)
	case numericMinusInf:
		return append(dst, "-Infinity"...)
	case numericNegative:
		dst = append(dst, '-')
	}
	count := len(n.groups) / 2
	start := len(dst)
	for w := n.weight; w >= 0; w-- {
		g := uint16(0)
		if i := n.weight - w; i < count {
			g = n.group(i)
		}
		if len(dst) == start {
			dst = strconv.AppendUint(dst, uint64(g), 10)
		} else {
			dst = append(dst, byte('0'+g/1000), byte('0'+g/100%10), byte('0'+g/10%10), byte('0'+g%10))
		}
	}
	if len(dst) == start {
		dst = append(dst, '0')
	}
	if n.scale == 0 {
		return dst
	}
	dst = append(dst, '.')
	end := len(dst) + n.scale
	for w := -1; len(dst) < end; w-- {
		g := uint16(0)
		if i := n.weight - w; i >= 0 && i < count {
			g = n.group(i)
		}
		dst = append(dst, byte('0'+g/1000), byte('0'+g/100%10), byte('0'+g/10%10), byte('0'+g%10))
	}
	return dst[:end]
}

// appendBinary follows numeric_send.
func (n *storedNumeric) appendBinary(dst []byte) []byte {
	put := binary.BigEndian.AppendUint16
	sign := uint16(0)
	switch n.kind {
	case numericNaN:
		return append(dst, 0, 0, 0, 0, 0xc0, 0, 0, 0)
	case numericPlusInf:
		return append(dst, 0, 0, 0, 0, 0xd0, 0, 0, 0x20)
	case numericMinusInf:
		return append(dst, 0, 0, 0, 0, 0xf0, 0, 0, 0x20)
	case numericNegative:
		sign = 0x4000
	}
	dst = put(dst, uint16(len(n.groups)/2))
	dst = put(dst, uint16(n.weight))
	dst = put(dst, sign)
	dst = put(dst, uint16(n.scale))
	return append(dst, n.groups...)
}

package value

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"
)

// PostgreSQL's NaN; Go's own has another payload, which binary output would show.
const (
	nan4 = 0x7fc00000
	nan8 = 0x7ff8000000000000
)

// float decodes for real and double precision columns. The canonical value is IEEE 754's bits, so that -0 and a NaN's payload
// come back. Without KeepScale, where equal values must be equal bytes, both are normalised.
func (in *input) float(dst []byte) ([]byte, error) {
	var f float64
	var err error
	if in.declared == in.t.OID && in.binary {
		bits, err := in.floatBits()
		if err != nil {
			return dst, err
		}
		return in.appendFloat(dst, bits), nil
	}
	switch in.declared {
	case OIDFloat4, OIDFloat8:
		if in.declared != in.t.OID && !in.store() && in.t.OID == OIDFloat4 {
			return dst, failHint(stateNotSupported, "a protected real column cannot be compared with a double precision", "Pass the parameter as real.")
		}
		if in.binary {
			f, err = readFloat(in.raw, true, in.declared)
		} else {
			f, err = parseFloat(in.raw, in.declared)
		}
	case OIDInt2, OIDInt4, OIDInt8, OIDNumeric:
		f, err = in.floatFromNumber()
	default:
		err = in.mismatch()
	}
	if err != nil {
		return dst, err
	}
	if in.t.OID == OIDFloat8 {
		bits := math.Float64bits(f)
		if math.IsNaN(f) && !in.binary {
			bits = nan8
		}
		return in.appendFloat(dst, bits), nil
	}
	g := float32(f)
	switch {
	case math.IsNaN(f) && !in.binary:
		return in.appendFloat(dst, nan4), nil
	case math.IsInf(float64(g), 0) && !math.IsInf(f, 0):
		return dst, fail(stateOutOfRange, "value out of range: overflow")
	case g == 0 && f != 0:
		return dst, fail(stateOutOfRange, "value out of range: underflow")
	}
	return in.appendFloat(dst, uint64(math.Float32bits(g))), nil
}

// floatBits reads the column's own binary form, in which a signalling NaN keeps its bits.
func (in *input) floatBits() (uint64, error) {
	if in.t.OID == OIDFloat4 {
		if err := fixedLen(in.raw, 4); err != nil {
			return 0, err
		}
		return uint64(binary.BigEndian.Uint32(in.raw)), nil
	}
	if err := fixedLen(in.raw, 8); err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(in.raw), nil
}

func (in *input) appendFloat(dst []byte, bits uint64) []byte {
	if in.t.OID == OIDFloat4 {
		f := math.Float32frombits(uint32(bits))
		switch {
		case in.o.KeepScale:
		case f == 0:
			bits = 0
		case f != f:
			bits = nan4
		}
		return binary.BigEndian.AppendUint32(append(dst, byte(TagFloat4)), uint32(bits))
	}
	f := math.Float64frombits(bits)
	switch {
	case in.o.KeepScale:
	case f == 0:
		bits = 0
	case f != f:
		bits = nan8
	}
	return binary.BigEndian.AppendUint64(append(dst, byte(TagFloat8)), bits)
}

// floatFromNumber follows the casts from the integers and from numeric (by way of text: numeric_float8). A comparison of the two
// is one of double precision.
func (in *input) floatFromNumber() (float64, error) {
	if !in.store() && in.t.OID == OIDFloat4 {
		return 0, failHint(stateNotSupported, "a protected real column cannot be compared with a "+TypeName(in.declared), "Pass the parameter as real.")
	}
	if in.declared != OIDNumeric {
		var v int64
		var err error
		if in.binary {
			v, err = binaryInt(in.declared, in.raw)
		} else {
			v, err = parseInt(in.raw, in.declared)
		}
		if in.t.OID == OIDFloat4 {
			return float64(float32(v)), err
		}
		return float64(v), err
	}
	var d decimal
	if err := d.read(in.raw, in.binary); err != nil {
		return 0, err
	}
	switch d.kind {
	case notANumber:
		return math.Float64frombits(nan8), nil
	case plusInfinity:
		return math.Inf(1), nil
	case minusInfinity:
		return math.Inf(-1), nil
	}
	text := make([]byte, 0, len(d.digits)+16)
	if d.neg {
		text = append(text, '-')
	}
	text = append(text, "0."...)
	for _, c := range d.digits {
		text = append(text, '0'+c)
	}
	return parseFloat(appendInt(append(text, '0', 'e'), int64(d.point)), in.t.OID)
}

// parseFloat follows float4in and float8in, src/backend/utils/adt/float.c, except for hexadecimal forms and signed NaN, which strtod
// knows and we refuse.
func parseFloat(raw []byte, oid uint32) (float64, error) {
	b := trimSpace(raw)
	sign, body := 1, b
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		if b[0] == '-' {
			sign = -1
		}
		body = b[1:]
	}
	switch {
	case equalFold(b, "nan"):
		return math.Float64frombits(nan8), nil
	case equalFold(body, "infinity"), equalFold(body, "inf"):
		return math.Inf(sign), nil
	case hasPrefixFold(body, "nan"), len(body) > 1 && body[0] == '0' && body[1]|0x20 == 'x':
		return 0, notUnderstood(TypeName(oid), "Write it as a plain decimal number.")
	}
	digits, nonzero, exponent := 0, false, false
	i := 0
	run := func() {
		for ; i < len(body) && isDigit(body[i]); i++ {
			digits++
			nonzero = nonzero || body[i] != '0' && !exponent
		}
	}
	run()
	if i < len(body) && body[i] == '.' {
		i++
		run()
	}
	if digits == 0 {
		return 0, invalidSyntax(TypeName(oid))
	}
	if i < len(body) && body[i]|0x20 == 'e' {
		from := i
		i++
		if i < len(body) && (body[i] == '-' || body[i] == '+') {
			i++
		}
		before := digits
		exponent = true
		if run(); digits == before {
			i = from
		}
	}
	bits := 64
	if oid == OIDFloat4 {
		bits = 32
	}
	// strtod reads as far as it can, and a number out of range is told before what follows it.
	f, err := strconv.ParseFloat(string(b[:len(b)-len(body)+i]), bits)
	switch {
	case err != nil || f == 0 && nonzero:
		return 0, fail(stateOutOfRange, "value is out of range for type "+TypeName(oid))
	case i != len(body):
		return 0, invalidSyntax(TypeName(oid))
	}
	return f, nil
}

func encodeFloat4(dst []byte, bin bool, b []byte, s *Settings) ([]byte, error) {
	switch {
	case len(b) != 4:
		return dst, corrupted("real")
	case bin:
		return append(dst, b...), nil
	}
	f := math.Float32frombits(binary.BigEndian.Uint32(b))
	return appendFloatText(dst, float64(f), 32, s), nil
}

func encodeFloat8(dst []byte, bin bool, b []byte, s *Settings) ([]byte, error) {
	switch {
	case len(b) != 8:
		return dst, corrupted("double precision")
	case bin:
		return append(dst, b...), nil
	}
	return appendFloatText(dst, math.Float64frombits(binary.BigEndian.Uint64(b)), 64, s), nil
}

// appendFloatText follows float4out and float8out: the shortest text that reads back as the same number, or, where extra_float_digits
// is 0 or less, printf's %g.
func appendFloatText(dst []byte, f float64, bits int, s *Settings) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	}
	precision := 15
	if bits == 32 {
		precision = 6
	}
	if s != nil && s.lessDigits > 0 {
		return strconv.AppendFloat(dst, f, 'g', max(precision+1-s.lessDigits, 1), 64)
	}
	var room [32]byte
	e := appendShortest(room[:0], f, bits)
	mark := bytes.IndexByte(e, 'e')
	exp, err := strconv.Atoi(string(e[mark+1:]))
	if err != nil || exp < -4 || exp >= precision {
		return append(dst, e...)
	}
	if e[0] == '-' {
		dst = append(dst, '-')
		e, mark = e[1:], mark-1
	}
	return appendPositional(dst, e[0], e[min(2, mark):mark], exp)
}

// appendPositional writes first.rest × 10^exp without an exponent.
func appendPositional(dst []byte, first byte, rest []byte, exp int) []byte {
	if exp < 0 {
		dst = append(dst, "0."...)
		for range -exp - 1 {
			dst = append(dst, '0')
		}
		return append(append(dst, first), rest...)
	}
	dst = append(dst, first)
	whole := min(exp, len(rest))
	dst = append(dst, rest[:whole]...)
	for range exp - whole {
		dst = append(dst, '0')
	}
	if rest = rest[whole:]; len(rest) > 0 {
		dst = append(append(dst, '.'), rest...)
	}
	return dst
}

// appendShortest writes d.ddde±xx as double_to_shortest_decimal_buf does, src/common/d2s.c. It and Go differ where the shortest text lies
// exactly between two numbers, which PostgreSQL never takes (STRICTLY_SHORTEST), and in the last digit where two are equally near.
func appendShortest(dst []byte, f float64, bits int) []byte {
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'e', -1, bits)
	usable := func(text []byte) bool {
		g, err := strconv.ParseFloat(string(text), bits)
		return err == nil && g == f && !between(text, f, bits)
	}
	digits := 0
	for _, c := range dst[start:] {
		if c == 'e' {
			break
		}
		if isDigit(c) {
			digits++
		}
	}
	var room [32]byte
	shortest := append(room[:0], dst[start:]...)
	taken := usable(shortest)
	for ; digits <= 17; digits++ {
		dst = strconv.AppendFloat(dst[:start], f, 'e', digits-1, 64)
		if usable(dst[start:]) {
			return dst
		}
		if taken {
			break
		}
	}
	return append(dst[:start], shortest...)
}

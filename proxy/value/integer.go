package value

import (
	"encoding/binary"
	"math"
	"strconv"
)

func itoa(n int) string { return strconv.Itoa(n) }

func appendInt(dst []byte, v int64) []byte { return strconv.AppendInt(dst, v, 10) }

// integer decodes for int2, int4 and int8 columns, which share one canonical form so that they compare equal.
func (in *input) integer(dst []byte) ([]byte, error) {
	var v int64
	var err error
	switch in.declared {
	case OIDInt2, OIDInt4, OIDInt8:
		if in.binary {
			v, err = binaryInt(in.declared, in.raw)
		} else {
			v, err = parseInt(in.raw, in.declared)
		}
	case OIDNumeric:
		v, err = in.integerFromNumeric()
	case OIDFloat4, OIDFloat8:
		v, err = in.integerFromFloat()
	default:
		err = in.mismatch()
	}
	if err == nil && in.store() {
		err = checkInt(in.t.OID, v)
	}
	if err != nil {
		return dst, err
	}
	return appendInt64(dst, TagInteger, v), nil
}

// intBits is the width of an integer type.
func intBits(oid uint32) int {
	switch oid {
	case OIDInt2:
		return 16
	case OIDInt4:
		return 32
	}
	return 64
}

func inRange(oid uint32, v int64) bool {
	shift := 64 - intBits(oid)
	return v<<shift>>shift == v
}

func checkInt(oid uint32, v int64) error {
	if !inRange(oid, v) {
		return fail(stateOutOfRange, TypeName(oid)+" out of range")
	}
	return nil
}

func binaryInt(oid uint32, raw []byte) (int64, error) {
	if err := fixedLen(raw, intBits(oid)/8); err != nil {
		return 0, err
	}
	switch oid {
	case OIDInt2:
		return int64(int16(binary.BigEndian.Uint16(raw))), nil
	case OIDInt4:
		return int64(int32(binary.BigEndian.Uint32(raw))), nil
	}
	return int64(binary.BigEndian.Uint64(raw)), nil
}

// parseInt follows pg_strtoint32 and its siblings, src/backend/utils/adt/numutils.c, as of PostgreSQL 15. What 16 added
// (0x1f, 1_000) is refused, so that the answer does not depend on the server's version.
func parseInt(raw []byte, oid uint32) (int64, error) {
	b := trimSpace(raw)
	neg := false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		neg = b[0] == '-'
		b = b[1:]
	}
	if newerNumber(b) {
		return 0, notUnderstood(TypeName(oid), "Write it as a plain decimal number.")
	}
	if len(b) == 0 || !isDigit(b[0]) {
		return 0, invalidSyntax(TypeName(oid))
	}
	// Accumulated negatively, because the negative range is the larger.
	lowest := int64(-1) << (intBits(oid) - 1)
	v := int64(0)
	for i, c := range b {
		if !isDigit(c) {
			if i > 0 && isSpace(c) {
				break // trimSpace left something after the blank
			}
			return 0, invalidSyntax(TypeName(oid))
		}
		d := int64(c - '0')
		if v < lowest/10 || v*10 < lowest+d {
			return 0, fail(stateOutOfRange, "value is out of range for type "+TypeName(oid))
		}
		v = v*10 - d
	}
	for _, c := range b {
		if !isDigit(c) {
			return 0, invalidSyntax(TypeName(oid))
		}
	}
	if neg {
		return v, nil
	}
	if v == lowest {
		return 0, fail(stateOutOfRange, "value is out of range for type "+TypeName(oid))
	}
	return -v, nil
}

// newerNumber reports number syntax that PostgreSQL understands since version 16 only.
func newerNumber(b []byte) bool {
	if len(b) > 1 && b[0] == '0' {
		switch b[1] | 0x20 {
		case 'x', 'o', 'b':
			return true
		}
	}
	for _, c := range b {
		if c == '_' {
			return true
		}
	}
	return false
}

// integerFromNumeric rounds as the assignment cast does for Store and demands a whole number for Compare.
func (in *input) integerFromNumeric() (int64, error) {
	var d decimal
	if err := d.read(in.raw, in.binary); err != nil {
		return 0, err
	}
	if d.kind != finite {
		if in.store() {
			what := "infinity"
			if d.kind == notANumber {
				what = "NaN"
			}
			return 0, fail(stateNotSupported, "cannot convert "+what+" to "+TypeName(in.t.OID))
		}
		return 0, notWhole(in)
	}
	if !in.store() && len(d.digits) > max(d.point, 0) {
		return 0, notWhole(in)
	}
	d.round(0)
	v, ok := d.int64()
	if !ok {
		if in.store() {
			return 0, fail(stateOutOfRange, TypeName(in.t.OID)+" out of range")
		}
		return 0, notWhole(in)
	}
	return v, nil
}

// Bounds below which each whole number has a double, a float of its own.
const (
	exactFloat8 = 1 << 53
	exactFloat4 = 1 << 24
)

func (in *input) integerFromFloat() (int64, error) {
	f, err := readFloat(in.raw, in.binary, in.declared)
	if err != nil {
		return 0, err
	}
	if !in.store() {
		limit := float64(exactFloat8)
		if in.declared == OIDFloat4 {
			limit = exactFloat4
		}
		if f != math.Trunc(f) || math.Abs(f) >= limit {
			return 0, notWhole(in)
		}
		return int64(f), nil
	}
	f = math.RoundToEven(f)
	if !(f >= -(1<<63) && f < 1<<63) {
		return 0, fail(stateOutOfRange, TypeName(in.t.OID)+" out of range")
	}
	return int64(f), nil
}

func notWhole(in *input) error {
	return failHint(stateNotSupported, "a protected "+TypeName(in.t.OID)+" column can be compared with a "+TypeName(in.declared)+" only if that is a whole number in range",
		"Pass the parameter as an integer.")
}

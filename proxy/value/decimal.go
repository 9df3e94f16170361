package value

import (
	"bytes"
	"encoding/binary"
	"math"
)

// Kinds of a decimal.
const (
	finite = iota
	notANumber
	plusInfinity
	minusInfinity
)

// Limits of PostgreSQL's numeric, src/backend/utils/adt/numeric.c.
const (
	maxDisplayScale = 0x3fff        // NUMERIC_DSCALE_MAX
	maxWeight       = math.MaxInt16 // NUMERIC_WEIGHT_MAX, in groups of four digits
	maxExponent     = math.MaxInt32 / 2
)

// decimal is a numeric in decimal digits: ±0.d1d2d3… × 10^point. Digits have no leading or trailing zeros; zero has none.
type decimal struct {
	kind   int
	neg    bool
	digits []byte // 0…9, not characters
	point  int    // digits before the decimal point; negative: zeros after it
	scale  int    // display scale: digits shown after the decimal point
}

// read decodes text or binary input and applies PostgreSQL's limits. A parameter is input without a typmod, so they apply
// before anything is rounded.
func (d *decimal) read(raw []byte, binary bool) error {
	var err error
	if binary {
		err = d.recv(raw)
	} else {
		err = d.parse(raw)
	}
	if err != nil {
		return err
	}
	return d.check()
}

func overflows() error { return fail(stateOutOfRange, "value overflows numeric format") }

// parse follows numeric_in, but for the limits that check applies.
func (d *decimal) parse(raw []byte) error {
	b := trimSpace(raw)
	switch {
	case equalFold(b, "nan"):
		d.kind = notANumber
		return nil
	case equalFold(b, "infinity"), equalFold(b, "+infinity"), equalFold(b, "inf"), equalFold(b, "+inf"):
		d.kind = plusInfinity
		return nil
	case equalFold(b, "-infinity"), equalFold(b, "-inf"):
		d.kind = minusInfinity
		return nil
	}
	if len(b) > 0 && (b[0] == '+' || b[0] == '-') {
		d.neg = b[0] == '-'
		b = b[1:]
	}
	if newerNumber(b) {
		return notUnderstood("numeric", "Write it as a plain decimal number.")
	}
	return d.parseDigits(b)
}

// parseDigits follows set_var_from_str: digits, one point, an exponent.
func (d *decimal) parseDigits(b []byte) error {
	d.digits = make([]byte, 0, len(b))
	i, dot := 0, -1
	for ; i < len(b); i++ {
		switch {
		case isDigit(b[i]):
			d.digits = append(d.digits, b[i]-'0')
			continue
		case b[i] == '.' && dot < 0:
			dot = i
			continue
		}
		break
	}
	if len(d.digits) == 0 {
		return invalidSyntax("numeric")
	}
	d.point = len(d.digits)
	if dot >= 0 {
		d.point = dot
		d.scale = len(d.digits) - dot
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		exp, err := parseExponent(b[i+1:])
		if err != nil {
			return err
		}
		d.point += exp
		d.scale = max(d.scale-exp, 0)
		i = len(b)
	}
	if i != len(b) {
		return invalidSyntax("numeric")
	}
	d.strip()
	return nil
}

func parseExponent(b []byte) (int, error) {
	neg := false
	if len(b) > 0 && isSpace(b[0]) {
		// strtol skips blanks, so servers before 16 accept them.
		return 0, notUnderstood("numeric", "Write the exponent directly after the e.")
	}
	if len(b) > 0 && (b[0] == '+' || b[0] == '-') {
		neg = b[0] == '-'
		b = b[1:]
	}
	exp := 0
	n := 0
	for ; n < len(b) && isDigit(b[n]); n++ {
		if exp < maxExponent {
			exp = exp*10 + int(b[n]-'0')
		}
	}
	switch {
	case exp >= maxExponent:
		return 0, overflows() // before what follows is looked at
	case n == 0 || n < len(b):
		return 0, invalidSyntax("numeric")
	}
	if neg {
		exp = -exp
	}
	return exp, nil
}

// strip removes leading and trailing zero digits.
func (d *decimal) strip() {
	for len(d.digits) > 0 && d.digits[0] == 0 {
		d.digits = d.digits[1:]
		d.point--
	}
	d.digits = bytes.TrimRight(d.digits, "\x00")
	if len(d.digits) == 0 {
		d.point, d.neg = 0, false
	}
}

// recv follows numeric_recv.
func (d *decimal) recv(raw []byte) error {
	if len(raw) < 6 {
		return errShort()
	}
	n := int(binary.BigEndian.Uint16(raw))
	weight := int(int16(binary.BigEndian.Uint16(raw[2:])))
	sign := binary.BigEndian.Uint16(raw[4:])
	switch sign {
	case 0, 0x4000:
		d.neg = sign != 0
	case 0xc000:
		d.kind = notANumber
	case 0xd000:
		d.kind = plusInfinity
	case 0xf000:
		d.kind = minusInfinity
	default:
		return fail(stateBinary, `invalid sign in external "numeric" value`)
	}
	if len(raw) < 8 {
		return errShort()
	}
	if d.scale = int(binary.BigEndian.Uint16(raw[6:])); d.scale > maxDisplayScale {
		return fail(stateBinary, `invalid scale in external "numeric" value`)
	}
	raw = raw[8:]
	d.digits = make([]byte, 0, 4*min(n, len(raw)/2))
	for i := range n {
		if len(raw) < 2*i+2 {
			return errShort()
		}
		g := binary.BigEndian.Uint16(raw[2*i:])
		if g > 9999 {
			return fail(stateBinary, `invalid digit in external "numeric" value`)
		}
		d.digits = appendGroup(d.digits, g)
	}
	if len(raw) != 2*n {
		return errExtra()
	}
	d.point = 4 * (weight + 1)
	d.strip()
	if d.kind == finite {
		// Digits beyond the display scale are hidden in PostgreSQL's words, and cut.
		if keep := d.point + d.scale; keep < len(d.digits) {
			d.digits = d.digits[:max(keep, 0)]
			d.strip()
		}
	}
	return nil
}

func appendGroup(digits []byte, g uint16) []byte {
	return append(digits, byte(g/1000), byte(g/100%10), byte(g/10%10), byte(g%10))
}

package value

import "strconv"

// round rounds half away from zero to scale digits after the point (before it, if negative) and sets the display scale.
func (d *decimal) round(scale int) {
	d.scale = max(scale, 0)
	keep := d.point + scale
	if keep >= len(d.digits) {
		return
	}
	if keep < 0 || d.digits[keep] < 5 {
		d.digits = d.digits[:max(keep, 0)]
		d.strip()
		return
	}
	d.digits = d.digits[:keep]
	for i := keep - 1; i >= 0; i-- {
		if d.digits[i]++; d.digits[i] < 10 {
			d.strip()
			return
		}
		d.digits[i] = 0
	}
	// All nines, or nothing: a one, a digit further left.
	d.digits = append(d.digits[:0], 1)
	d.point++
}

// numericMod splits numeric's typmod; ok is false if there is none.
func numericMod(mod int32) (precision, scale int, ok bool) {
	if mod < 4 {
		return 0, 0, false
	}
	mod -= 4
	return int(mod >> 16 & 0xffff), int(mod&0x7ff^1024) - 1024, true
}

// applyMod follows apply_typmod: rounds to the column's scale, refuses what its precision cannot hold.
func (d *decimal) applyMod(mod int32) error {
	precision, scale, ok := numericMod(mod)
	if !ok || d.kind == notANumber {
		return nil
	}
	e := &Error{SQLSTATE: stateOutOfRange, Message: "numeric field overflow"}
	e.Detail = "A field with precision " + itoa(precision) + ", scale " + itoa(scale)
	if d.kind != finite {
		e.Detail += " cannot hold an infinite value."
		return e
	}
	d.round(scale)
	if whole := precision - scale; len(d.digits) > 0 && d.point > whole {
		e.Detail += " must round to an absolute value less than "
		if whole == 0 {
			e.Detail += "1."
		} else {
			e.Detail += "10^" + itoa(whole) + "."
		}
		return e
	}
	return nil
}

// check applies make_result's limits.
func (d *decimal) check() error {
	if d.kind == finite && (d.scale > maxDisplayScale || len(d.digits) > 0 && d.weight() > maxWeight) {
		return overflows()
	}
	return nil
}

// weight is the exponent, in powers of 10,000, of the first group of four digits.
func (d *decimal) weight() int { return (d.point - 1) >> 2 }

// int64 is the value of a whole number.
func (d *decimal) int64() (int64, bool) {
	if d.point > 19 {
		return 0, false
	}
	v := uint64(0)
	for i := range max(d.point, 0) {
		v *= 10
		if i < len(d.digits) {
			v += uint64(d.digits[i])
		}
	}
	switch {
	case d.neg && v <= 1<<63:
		return -int64(v), true
	case !d.neg && v < 1<<63:
		return int64(v), true
	}
	return 0, false
}

// setInt makes d the whole number v.
func (d *decimal) setInt(v int64) {
	var text [20]byte
	// Formatted by strconv, so it parses.
	_ = d.parse(strconv.AppendInt(text[:0], v, 10))
}

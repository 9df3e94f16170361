package value

import (
	"encoding/binary"
	"strconv"
)

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
	if len(b) == 0 {
		return storedNumeric{}, corrupted("numeric")
	}
	n := storedNumeric{kind: b[0] & numericKind, scale: -1}
	flags := b[0]
	b = b[1:]
	if n.kind > numericNegative {
		if n.kind > numericMinusInf || flags != n.kind || len(b) != 0 {
			return n, corrupted("numeric")
		}
		return n, nil
	}
	if flags&numericScaled != 0 {
		if len(b) < 2 {
			return n, corrupted("numeric")
		}
		n.scale = int(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if flags&^(numericKind|numericScaled) != 0 || n.scale > maxDisplayScale || len(b) < 2 || len(b)%2 != 0 {
		return n, corrupted("numeric")
	}
	n.weight = int(int16(binary.BigEndian.Uint16(b)))
	n.groups = b[2:]
	count := len(n.groups) / 2
	if count == 0 && (n.weight != 0 || n.kind != numericPositive) || count > 0 && (n.group(0) == 0 || n.group(count-1) == 0) {
		return n, corrupted("numeric")
	}
	for i := range count {
		if n.group(i) > 9999 {
			return n, corrupted("numeric")
		}
	}
	needed := n.minScale()
	switch {
	case needed > maxDisplayScale || n.scale >= 0 && n.scale < needed:
		return n, corrupted("numeric")
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

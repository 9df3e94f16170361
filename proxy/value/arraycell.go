package value

import "encoding/binary"

// A column of an array type holds the whole array in one cell: the element's tag, then for each element its length (4 bytes, all ones for
// NULL) and its canonical value without the tag. One dimension, from 1.

// elementOf is the element type of a supported array type.
func elementOf(t Type) (Type, bool) {
	oid := ElementOID(t.OID)
	_, ok := logical(oid)
	return Type{oid, t.Mod}, ok
}

// decodeWhole decodes an array for a column of array type t.
func decodeWhole(dst []byte, t, elem Type, o Options, declared uint32, format int16, raw []byte, s *Settings) ([]byte, error) {
	if declared == 0 || declared == OIDUnknown {
		declared = t.OID
	}
	given := ElementOID(declared)
	if given == 0 {
		in := input{t: t, o: o, declared: declared}
		return dst, in.mismatch()
	}
	elements, err := decodeArray(raw, format, declared, elem.OID, ElementOID)
	if err != nil {
		return dst, err
	}
	if format == FormatBinary && len(raw) >= 20 && binary.BigEndian.Uint32(raw[16:]) != 1 {
		return dst, severalDimensions()
	}
	info, _ := logical(elem.OID)
	start := len(dst)
	dst = append(dst, byte(TagArray), byte(info.tag))
	for _, e := range elements {
		at := len(dst)
		if e == nil {
			dst = binary.BigEndian.AppendUint32(dst, null)
			continue
		}
		if dst, err = Decode(append(dst, 0, 0, 0), elem, o, given, format, e, s); err != nil {
			return dst[:start], err
		}
		// The element's tag stood where the length's last byte goes.
		binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	}
	return dst, nil
}

const null = 0xffffffff

// encodeWhole is the inverse of decodeWhole.
func encodeWhole(dst []byte, elem Type, format int16, canonical []byte, s *Settings) ([]byte, error) {
	if format != FormatText && format != FormatBinary {
		return dst, unsupportedFormat(format)
	}
	info, _ := logical(elem.OID)
	if len(canonical) < 2 || Tag(canonical[0]) != TagArray || Tag(canonical[1]) != info.tag {
		return dst, corrupted("its type is not the column's")
	}
	elements := [][]byte{}
	for b := canonical[2:]; len(b) > 0; {
		if len(b) < 4 {
			return dst, corrupted("array")
		}
		n := binary.BigEndian.Uint32(b)
		b = b[4:]
		if n == null {
			elements = append(elements, nil)
			continue
		}
		if uint64(n) > uint64(len(b)) {
			return dst, corrupted("array")
		}
		e, err := encode([]byte{}, elem, format == FormatBinary, b[:n], s)
		if err != nil {
			return dst, err
		}
		elements = append(elements, e)
		b = b[n:]
	}
	return AppendArray(dst, format, elem.OID, false, elements)
}

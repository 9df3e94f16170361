package value

import "encoding/binary"

// maxElements bounds what one array parameter can cost: each element becomes a cell.
const maxElements = 1 << 20

func tooManyElements() error {
	return fail(stateLimitExceeded, "array has too many elements for a protected column")
}

// DecodeArray takes apart a one-dimensional array parameter, as in "column = ANY($1)". declared is the array type's OID that
// the client gave (0 or unknown: the array over elem). The elements are wire values in the same format, nil for NULL, to be
// given to Decode with declared = ElementOID of the array's type. They may alias raw. More dimensions and explicit bounds in
// text are refused (SQLSTATE 0A000).
func DecodeArray(raw []byte, format int16, declared uint32, elem Type) ([][]byte, error) {
	return decodeArray(raw, format, declared, elem.OID, ElementOID)
}

// DecodeArray is DecodeArray for the column.
func (c *Column) DecodeArray(raw []byte, format int16, declared uint32) ([][]byte, error) {
	return decodeArray(raw, format, declared, c.Type.OID, c.Element)
}

func decodeArray(raw []byte, format int16, declared, want uint32, elementOf func(uint32) uint32) ([][]byte, error) {
	if declared != 0 && declared != OIDUnknown {
		if want = elementOf(declared); want == 0 {
			return nil, fail(stateMismatch, "parameter is not of an array type")
		}
	}
	switch format {
	case FormatText:
		if err := checkText(raw); err != nil {
			return nil, err
		}
		return parseArray(raw)
	case FormatBinary:
		return recvArray(raw, want)
	}
	return nil, unsupportedFormat(format)
}

func severalDimensions() error {
	return failHint(stateNotSupported, "only one-dimensional arrays without bounds are supported with a protected column", "Write it as {a,b,c}.")
}

func malformed() error { return fail(stateSyntax, "malformed array literal") }

// parseArray follows array_in, src/backend/utils/adt/arrayfuncs.c.
func parseArray(raw []byte) ([][]byte, error) {
	b := trimSpace(raw)
	switch {
	case len(b) == 0:
		return nil, malformed()
	case b[0] == '[':
		return nil, severalDimensions()
	case b[0] != '{':
		return nil, malformed()
	}
	b = skipBlanks(b[1:])
	elements := [][]byte{}
	if len(b) == 1 && b[0] == '}' {
		return elements, nil
	}
	for {
		if len(elements) == maxElements {
			return nil, tooManyElements()
		}
		element, rest, err := parseElement(b)
		if err != nil {
			return nil, err
		}
		elements = append(elements, element)
		if len(rest) == 0 {
			return nil, malformed()
		}
		b = rest[1:]
		if rest[0] == '}' {
			break
		}
	}
	if len(b) != 0 {
		return nil, malformed()
	}
	return elements, nil
}

func skipBlanks(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	return b
}

// parseElement takes one element; rest starts with the comma or brace after it.
func parseElement(b []byte) (element, rest []byte, err error) {
	b = skipBlanks(b)
	switch {
	case len(b) == 0:
		return nil, nil, malformed()
	case b[0] == '{':
		return nil, nil, severalDimensions()
	case b[0] == '"':
		return quotedElement(b[1:])
	}
	element = []byte{}
	escaped := false
	kept := 0 // trailing blanks beyond this are dropped, unless escaped
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch c {
		case ',', '}':
			element = element[:kept]
			switch {
			case len(element) == 0:
				return nil, nil, malformed()
			case !escaped && equalFold(element, "null"):
				return nil, b[i:], nil
			}
			return element, b[i:], nil
		case '"', '{':
			return nil, nil, malformed()
		case '\\':
			if i++; i == len(b) {
				return nil, nil, malformed()
			}
			escaped = true
			element = append(element, b[i])
			kept = len(element)
		default:
			element = append(element, c)
			if !isSpace(c) {
				kept = len(element)
			}
		}
	}
	return nil, nil, malformed()
}

func quotedElement(b []byte) (element, rest []byte, err error) {
	element = []byte{}
	for i := 0; i < len(b); i++ {
		switch c := b[i]; c {
		case '"':
			rest = skipBlanks(b[i+1:])
			if len(rest) == 0 || rest[0] != ',' && rest[0] != '}' {
				return nil, nil, malformed()
			}
			return element, rest, nil
		case '\\':
			if i++; i == len(b) {
				return nil, nil, malformed()
			}
			element = append(element, b[i])
		default:
			element = append(element, c)
		}
	}
	return nil, nil, malformed()
}

// recvArray follows array_recv.
func recvArray(raw []byte, elem uint32) ([][]byte, error) {
	if len(raw) < 12 {
		return nil, errShort()
	}
	dims := int32(binary.BigEndian.Uint32(raw))
	flags := binary.BigEndian.Uint32(raw[4:])
	switch {
	case dims < 0 || dims > 6:
		return nil, fail(stateBinary, "invalid number of dimensions")
	case flags > 1:
		return nil, fail(stateBinary, "invalid array flags")
	case binary.BigEndian.Uint32(raw[8:]) != elem:
		return nil, fail(stateMismatch, "wrong element type")
	case dims > 1:
		return nil, severalDimensions()
	}
	raw = raw[12:]
	if dims == 0 {
		if len(raw) != 0 {
			return nil, errExtra()
		}
		return [][]byte{}, nil
	}
	if len(raw) < 8 {
		return nil, errShort()
	}
	n := int32(binary.BigEndian.Uint32(raw))
	raw = raw[8:]
	// Each element takes four bytes at least.
	if n < 0 || int(n) > len(raw)/4 {
		return nil, errShort()
	}
	if n > maxElements {
		return nil, tooManyElements()
	}
	elements := make([][]byte, n)
	for i := range elements {
		if len(raw) < 4 {
			return nil, errShort()
		}
		size := int32(binary.BigEndian.Uint32(raw))
		raw = raw[4:]
		if size == -1 {
			continue
		}
		if size < 0 || int(size) > len(raw) {
			return nil, fail(stateBinary, "insufficient data left in message")
		}
		elements[i] = raw[:size:size]
		raw = raw[size:]
	}
	if len(raw) != 0 {
		return nil, errExtra()
	}
	return elements, nil
}

// AppendByteaArray appends the binary form of a bytea[] of cells, nil for NULL.
func AppendByteaArray(dst []byte, cells [][]byte) []byte {
	put := binary.BigEndian.AppendUint32
	flags, dims := uint32(0), uint32(1)
	for _, c := range cells {
		if c == nil {
			flags = 1
		}
	}
	if len(cells) == 0 {
		dims = 0
	}
	dst = put(put(put(dst, dims), flags), OIDBytea)
	if dims == 0 {
		return dst
	}
	dst = put(put(dst, uint32(len(cells))), 1)
	for _, c := range cells {
		if c == nil {
			dst = put(dst, 0xffffffff)
			continue
		}
		dst = append(put(dst, uint32(len(c))), c...)
	}
	return dst
}

// AppendByteaArrayEscaped appends the text form of a bytea[] of cells, nil for NULL, for between the quotes of E'…': {"\\\\x00ff",NULL} is
// read as {"\\x00ff",NULL}.
func AppendByteaArrayEscaped(dst []byte, cells [][]byte) []byte {
	dst = append(dst, '{')
	for i, c := range cells {
		if i > 0 {
			dst = append(dst, ',')
		}
		if c == nil {
			dst = append(dst, "NULL"...)
			continue
		}
		dst = append(AppendHex(append(dst, `"\\\`...), c), '"')
	}
	return append(dst, '}')
}

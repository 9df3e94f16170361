package value

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// AppendArray appends a one-dimensional array in the wire form of PostgreSQL: elements are values of type elem in the same format, nil for
// NULL (array_out and array_send, src/backend/utils/adt/arrayfuncs.c). nulls is the binary form's flag that the array has, or had, a NULL:
// the server keeps it in a slice.
func AppendArray(dst []byte, format int16, elem uint32, nulls bool, elements [][]byte) ([]byte, error) {
	switch format {
	case FormatText:
		return appendArrayText(dst, elements), nil
	case FormatBinary:
		return appendArrayBinary(dst, elem, nulls, elements), nil
	}
	return dst, unsupportedFormat(format)
}

func appendArrayText(dst []byte, elements [][]byte) []byte {
	dst = append(dst, '{')
	for i, e := range elements {
		if i > 0 {
			dst = append(dst, ',')
		}
		switch {
		case e == nil:
			dst = append(dst, "NULL"...)
		case !needsQuotes(e):
			dst = append(dst, e...)
		default:
			dst = append(dst, '"')
			for _, c := range e {
				if c == '"' || c == '\\' {
					dst = append(dst, '\\')
				}
				dst = append(dst, c)
			}
			dst = append(dst, '"')
		}
	}
	return append(dst, '}')
}

func needsQuotes(e []byte) bool {
	return len(e) == 0 || strings.EqualFold(string(e), "null") || bytes.ContainsAny(e, "{}\"\\, \t\n\v\f\r")
}

func appendArrayBinary(dst []byte, elem uint32, nulls bool, elements [][]byte) []byte {
	put := binary.BigEndian.AppendUint32
	flags := uint32(0)
	for _, e := range elements {
		nulls = nulls || e == nil
	}
	if nulls {
		flags = 1
	}
	if len(elements) == 0 {
		return put(put(put(dst, 0), 0), elem)
	}
	dst = put(put(put(dst, 1), flags), elem)
	dst = put(put(dst, uint32(len(elements))), 1)
	for _, e := range elements {
		if e == nil {
			dst = put(dst, 0xffffffff)
			continue
		}
		dst = append(put(dst, uint32(len(e))), e...)
	}
	return dst
}

package value

import (
	"encoding/binary"
	"math"
)

// Encode appends the wire form of canonical bytes as PostgreSQL would send a value of type t under the session's settings.
// Canonical bytes that do not fit t are corrupted data (SQLSTATE XX001). On error dst is returned unchanged.
func Encode(dst []byte, t Type, format int16, canonical []byte, s *Settings) ([]byte, error) {
	if format != FormatText && format != FormatBinary {
		return dst, unsupportedFormat(format)
	}
	info, ok := logical(t.OID)
	if !ok {
		if elem, ok := elementOf(t); ok {
			return encodeWhole(dst, elem, format, canonical, s)
		}
		return dst, fail(stateNotSupported, "values of "+TypeName(t.OID)+" cannot be protected")
	}
	if len(canonical) == 0 {
		return dst, corrupted("empty")
	}
	if Tag(canonical[0]) != info.tag {
		return dst, corrupted("its type is not the column's")
	}
	start := len(dst)
	out, err := encode(dst, t, format == FormatBinary, canonical[1:], s)
	if err != nil {
		return dst[:start], err
	}
	return out, nil
}

// Text is Encode in text form, which masks work on.
func Text(dst, canonical []byte, t Type, s *Settings) ([]byte, error) {
	return Encode(dst, t, FormatText, canonical, s)
}

func encode(dst []byte, t Type, binary bool, b []byte, s *Settings) ([]byte, error) {
	switch t.OID {
	case OIDBool:
		return encodeBool(dst, binary, b)
	case OIDInt2, OIDInt4, OIDInt8:
		return encodeInt(dst, t, binary, b)
	case OIDNumeric:
		n, err := openNumeric(b, t.Mod)
		if err != nil {
			return dst, err
		}
		if binary {
			return n.appendBinary(dst), nil
		}
		return n.appendText(dst), nil
	case OIDText, OIDVarchar:
		if checkText(b) != nil {
			return dst, corrupted("text")
		}
		return append(dst, b...), nil
	case OIDBytea:
		switch {
		case binary:
			return append(dst, b...), nil
		case s != nil && s.escape:
			return appendEscape(dst, b), nil
		}
		return AppendHex(dst, b), nil
	case OIDDate:
		return encodeDate(dst, binary, b, s)
	case OIDTimestamptz:
		return encodeTimestamp(dst, binary, true, b, s)
	case OIDUUID:
		return encodeUUID(dst, binary, b)
	case OIDTimestamp:
		return encodeTimestamp(dst, binary, false, b, s)
	case OIDTime:
		return encodeTime(dst, binary, b)
	case OIDTimetz:
		return encodeTimetz(dst, binary, b)
	case OIDInterval:
		return encodeInterval(dst, binary, b, s)
	case OIDFloat4:
		return encodeFloat4(dst, binary, b, s)
	case OIDFloat8:
		return encodeFloat8(dst, binary, b, s)
	case OIDBpchar:
		return encodeBpchar(dst, t, b)
	case OIDInet, OIDCidr:
		return encodeInet(dst, t, binary, b)
	case OIDMacaddr:
		return encodeMacaddr(dst, binary, b)
	case OIDJSON:
		if checkText(b) != nil {
			return dst, corrupted("json")
		}
		return append(dst, b...), nil
	}
	return encodeJSONB(dst, binary, b)
}

func encodeBool(dst []byte, binary bool, b []byte) ([]byte, error) {
	switch {
	case len(b) != 1 || b[0] > 1:
		return dst, corrupted("boolean")
	case binary:
		return append(dst, b[0]), nil
	case b[0] == 1:
		return append(dst, 't'), nil
	}
	return append(dst, 'f'), nil
}

func encodeInt(dst []byte, t Type, bin bool, b []byte) ([]byte, error) {
	if len(b) != 8 {
		return dst, corrupted("integer")
	}
	v := int64(binary.BigEndian.Uint64(b))
	if err := checkInt(t.OID, v); err != nil {
		return dst, err
	}
	switch {
	case !bin:
		return appendInt(dst, v), nil
	case t.OID == OIDInt2:
		return binary.BigEndian.AppendUint16(dst, uint16(v)), nil
	case t.OID == OIDInt4:
		return binary.BigEndian.AppendUint32(dst, uint32(v)), nil
	}
	return append(dst, b...), nil
}

func encodeDate(dst []byte, bin bool, b []byte, s *Settings) ([]byte, error) {
	if len(b) != 4 {
		return dst, corrupted("date")
	}
	days := int64(int32(binary.BigEndian.Uint32(b)))
	switch {
	case days != math.MaxInt32 && days != math.MinInt32 && !validDate(days):
		return dst, corrupted("date")
	case bin:
		return append(dst, b...), nil
	}
	return appendDate(dst, days, s)
}

func encodeUUID(dst []byte, binary bool, b []byte) ([]byte, error) {
	switch {
	case len(b) != 16:
		return dst, corrupted("uuid")
	case binary:
		return append(dst, b...), nil
	}
	for i, c := range b {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
	}
	return dst, nil
}

// encodeJSONB: jsonb_send puts a version in front of the text.
func encodeJSONB(dst []byte, binary bool, b []byte) ([]byte, error) {
	if len(b) == 0 || checkText(b) != nil {
		return dst, corrupted("jsonb")
	}
	if binary {
		dst = append(dst, jsonbVersion)
	}
	return append(dst, b...), nil
}

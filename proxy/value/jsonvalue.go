package value

import "bytes"

// AppendJSON appends what to_json makes of a value of type t (datum_to_json in src/backend/utils/adt/json.c): numbers and booleans as they
// are, json as it is, times in ISO 8601, everything else as a string of its text form. The same stands in jsonb. On error dst is returned
// unchanged.
func AppendJSON(dst, canonical []byte, t Type, s *Settings) ([]byte, error) {
	var room [128]byte
	if s == nil {
		s = &Settings{}
	}
	set := *s
	set.style, set.order = styleISO, orderYMD
	text, err := Encode(room[:0], t, FormatText, canonical, &set)
	if err != nil {
		return dst, err
	}
	switch t.OID {
	case OIDBool:
		if string(text) == "t" {
			return append(dst, "true"...), nil
		}
		return append(dst, "false"...), nil
	case OIDInt2, OIDInt4, OIDInt8, OIDJSONB:
		return append(dst, text...), nil
	case OIDNumeric:
		if c := text[len(text)-1]; isDigit(c) {
			return append(dst, text...), nil
		}
	case OIDTimestamptz, OIDTimestamp:
		text = xsdTime(text)
	case OIDText, OIDVarchar, OIDDate, OIDUUID, OIDBytea, OIDBpchar, OIDTime, OIDTimetz, OIDInterval, OIDInet, OIDCidr, OIDMacaddr:
	default:
		return dst, fail(stateNotSupported, "values of "+TypeName(t.OID)+" can't be shown within JSON")
	}
	return appendJSONString(dst, text), nil
}

// xsdTime turns the ISO form of a timestamp into that of USE_XSD_DATES (EncodeDateTime, src/backend/utils/adt/datetime.c): a T between
// date and time, an offset with minutes.
func xsdTime(text []byte) []byte {
	i := bytes.IndexByte(text, ' ')
	if i < 0 {
		return text // infinity
	}
	out := append([]byte(nil), text...)
	out[i] = 'T'
	end := len(out)
	if bytes.HasSuffix(out, []byte(" BC")) {
		end -= 3
	}
	if sign := bytes.LastIndexAny(out[i:end], "+-"); sign >= 0 && end-(i+sign) == 3 {
		out = append(out[:end:end], append([]byte(":00"), out[end:]...)...)
	}
	return out
}

// HexBytea reports whether the server writes bytea in hexadecimal (bytea_output).
func (s *Settings) HexBytea() bool { return s == nil || !s.escape }

// NeedsHex is the error where cells can be found in text only if bytea is written in hexadecimal.
func NeedsHex() error {
	return failHint(stateNotSupported, "protected values within JSON can't be read with this bytea_output", "SET bytea_output TO hex.")
}

package value

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// Decode appends the canonical bytes of a client's value to dst. t is the column's logical type, declared the type OID that
// the client gave the parameter in Parse (0 or unknown: the column's). raw is not NULL; NULL has no canonical form. s is
// consulted only where the meaning depends on it. On error dst is returned unchanged; the error is an *Error.
func Decode(dst []byte, t Type, o Options, declared uint32, format int16, raw []byte, s *Settings) ([]byte, error) {
	if o.Purpose != Store && o.Purpose != Compare {
		return dst, fail(stateInternal, "value decoded without a purpose")
	}
	if format != FormatText && format != FormatBinary {
		return dst, unsupportedFormat(format)
	}
	if _, ok := logical(t.OID); !ok {
		if elem, ok := elementOf(t); ok {
			return decodeWhole(dst, t, elem, o, declared, format, raw, s)
		}
	}
	if declared == 0 || declared == OIDUnknown {
		declared = t.OID
		if t.OID == OIDCidr && o.Purpose == Compare {
			declared = OIDInet // cidr has no operators of its own
		}
	}
	if format == FormatText {
		if err := checkText(raw); err != nil {
			return dst, err
		}
	}
	in := input{t: t, o: o, declared: declared, binary: format == FormatBinary, raw: raw, s: s}
	start := len(dst)
	out, err := in.decode(dst)
	if err != nil {
		return dst[:start], err
	}
	return out, nil
}

// input is one value on its way in.
type input struct {
	t        Type
	o        Options
	declared uint32
	binary   bool
	raw      []byte
	s        *Settings
}

func (in *input) store() bool { return in.o.Purpose == Store }

func (in *input) decode(dst []byte) ([]byte, error) {
	switch in.t.OID {
	case OIDInt2, OIDInt4, OIDInt8:
		return in.integer(dst)
	case OIDNumeric:
		return in.numeric(dst)
	case OIDText, OIDVarchar:
		return in.text(dst)
	case OIDDate:
		return in.date(dst)
	case OIDTimestamptz:
		return in.timestamptz(dst)
	case OIDTimestamp:
		return in.timestamp(dst)
	case OIDTime:
		return in.time(dst)
	case OIDTimetz:
		return in.timetz(dst)
	case OIDInterval:
		return in.interval(dst)
	case OIDFloat4, OIDFloat8:
		return in.float(dst)
	case OIDBpchar:
		return in.bpchar(dst)
	case OIDInet, OIDCidr:
		return in.inet(dst)
	case OIDJSON:
		return in.json(dst)
	case OIDJSONB:
		if in.declared != OIDJSONB && in.declared != OIDJSON {
			return dst, in.mismatch()
		}
		return in.jsonb(dst)
	}
	if in.declared != in.t.OID {
		return dst, in.mismatch()
	}
	switch in.t.OID {
	case OIDBool:
		return in.boolean(dst)
	case OIDBytea:
		return in.bytea(dst)
	case OIDUUID:
		return in.uuid(dst)
	case OIDMacaddr:
		return in.macaddr(dst)
	}
	return dst, fail(stateNotSupported, "values of "+TypeName(in.t.OID)+" cannot be protected")
}

// checkText makes the checks of pg_verify_mbstr for UTF8, src/backend/utils/mb/mbutils.c.
func checkText(raw []byte) error {
	// Most text is ASCII. Of eight bytes, a zero borrows from its high bit, and any other than ASCII has it set.
	for len(raw) >= 8 {
		x := binary.LittleEndian.Uint64(raw)
		if (x|(x-ones))&highs != 0 {
			break
		}
		raw = raw[8:]
	}
	if bytes.IndexByte(raw, 0) >= 0 || !utf8.Valid(raw) {
		return fail(stateEncoding, `invalid byte sequence for encoding "UTF8"`)
	}
	return nil
}

// boolean follows boolin and parse_bool_with_len, src/backend/utils/adt/bool.c.
func (in *input) boolean(dst []byte) ([]byte, error) {
	if in.binary {
		if len(in.raw) == 0 {
			return dst, fail(stateProtocol, "no data left in message")
		}
		if err := fixedLen(in.raw, 1); err != nil {
			return dst, err
		}
		return append(dst, byte(TagBool), oneIf(in.raw[0] != 0)), nil
	}
	b := trimSpace(in.raw)
	prefixOf := func(word string) bool { return len(b) <= len(word) && equalFold(b, word[:len(b)]) }
	switch {
	case len(b) == 0:
	case prefixOf("true"), prefixOf("yes"), equalFold(b, "on"), equalFold(b, "1"):
		return append(dst, byte(TagBool), 1), nil
	case prefixOf("false"), prefixOf("no"), len(b) > 1 && prefixOf("off"), equalFold(b, "0"):
		return append(dst, byte(TagBool), 0), nil
	}
	return dst, invalidSyntax("boolean")
}

func oneIf(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// uuid follows uuid_in, src/backend/utils/adt/uuid.c: optional braces, a hyphen allowed after each group of four digits.
func (in *input) uuid(dst []byte) ([]byte, error) {
	if in.binary {
		if err := fixedLen(in.raw, 16); err != nil {
			return dst, err
		}
		return append(append(dst, byte(TagUUID)), in.raw...), nil
	}
	b := in.raw
	braces := len(b) > 0 && b[0] == '{'
	if braces {
		b = b[1:]
	}
	dst = append(dst, byte(TagUUID))
	for i := range 16 {
		if len(b) < 2 {
			return dst, invalidSyntax("uuid")
		}
		hi, lo := HexDigit(b[0]), HexDigit(b[1])
		if hi|lo > 15 {
			return dst, invalidSyntax("uuid")
		}
		dst = append(dst, hi<<4|lo)
		b = b[2:]
		if i%2 == 1 && i < 15 && len(b) > 0 && b[0] == '-' {
			b = b[1:]
		}
	}
	if braces {
		if len(b) == 0 || b[0] != '}' {
			return dst, invalidSyntax("uuid")
		}
		b = b[1:]
	}
	if len(b) != 0 {
		return dst, invalidSyntax("uuid")
	}
	return dst, nil
}

// text checks as textrecv does and, for Store, cuts or refuses as varchar() does, src/backend/utils/adt/varchar.c.
func (in *input) text(dst []byte) ([]byte, error) {
	b := in.raw
	if in.binary {
		if err := checkText(b); err != nil {
			return dst, err
		}
	}
	switch in.declared {
	case OIDText, OIDVarchar:
	case OIDName:
		// namein cuts at 63 bytes, at a character's start; namerecv refuses instead.
		if len(b) > 63 {
			if in.binary {
				return dst, failHint("42622", "identifier too long", "Identifier must be less than 64 characters.")
			}
			n := 63
			for !utf8.RuneStart(b[n]) {
				n--
			}
			b = b[:n]
		}
	case OIDBpchar:
		if !in.store() && in.t.OID == OIDVarchar {
			// bpchar's operator is chosen, which would ignore trailing spaces in the column too.
			return dst, failHint(stateNotSupported, "comparison of a protected character varying column with type character is not supported",
				"Pass the parameter as text.")
		}
		for len(b) > 0 && b[len(b)-1] == ' ' {
			b = b[:len(b)-1]
		}
	default:
		return dst, in.mismatch()
	}
	if in.t.OID == OIDVarchar && in.store() && in.t.Mod >= 4 {
		var err error
		if in.o.Explicit {
			b, _ = cutText(b, int(in.t.Mod)-4)
		} else if b, err = cutVarchar(b, int(in.t.Mod)-4); err != nil {
			return dst, err
		}
	}
	return append(append(dst, byte(TagText)), b...), nil
}

// cutVarchar cuts to n characters if only spaces are lost.
func cutVarchar(b []byte, n int) ([]byte, error) {
	if len(b) <= n {
		return b, nil
	}
	at := 0
	for i := 0; i < n && at < len(b); i++ {
		_, size := utf8.DecodeRune(b[at:])
		at += size
	}
	for _, c := range b[at:] {
		if c != ' ' {
			return nil, fail(stateTooLong, "value too long for type character varying("+itoa(n)+")")
		}
	}
	return b[:at], nil
}

func appendInt64(dst []byte, tag Tag, v int64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, byte(tag)), uint64(v))
}

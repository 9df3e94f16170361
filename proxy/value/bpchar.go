package value

import "unicode/utf8"

// bpchar decodes for a character(n) column. Its canonical value has no trailing blanks, which character's comparison ignores and
// output puts back.
func (in *input) bpchar(dst []byte) ([]byte, error) {
	b := in.raw
	if in.binary {
		if err := checkText(b); err != nil {
			return dst, err
		}
	}
	trim := true
	switch in.declared {
	case OIDBpchar, OIDVarchar:
	case OIDText:
		// text's operator is chosen, for which the parameter's blanks count and the column's are gone.
		trim = in.store()
	default:
		return dst, in.mismatch()
	}
	if n := int(in.t.Mod) - 4; in.store() && n > 0 {
		var ok bool
		if b, ok = cutText(b, n); !ok && !in.o.Explicit {
			return dst, fail(stateTooLong, "value too long for type character("+itoa(n)+")")
		}
	}
	if trim {
		b = trimBlanks(b)
	}
	return append(append(dst, byte(TagBpchar)), b...), nil
}

func trimBlanks(b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == ' ' {
		b = b[:len(b)-1]
	}
	return b
}

// cutText cuts to n characters, and reports whether only blanks are lost.
func cutText(b []byte, n int) ([]byte, bool) {
	if len(b) <= n {
		return b, true
	}
	at := 0
	for i := 0; i < n && at < len(b); i++ {
		_, size := utf8.DecodeRune(b[at:])
		at += size
	}
	return b[:at], len(trimBlanks(b[at:])) == 0
}

func encodeBpchar(dst []byte, t Type, b []byte) ([]byte, error) {
	if checkText(b) != nil {
		return dst, corrupted("character")
	}
	if t.Mod < 5 {
		return dst, fail(stateNotSupported, "a protected character value is shown where its length is not known")
	}
	dst = append(dst, b...)
	for range int(t.Mod) - 4 - utf8.RuneCount(b) {
		dst = append(dst, ' ')
	}
	return dst, nil
}

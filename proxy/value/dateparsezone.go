package value

import "bytes"

func (sc *scanner) applyZone(mo *moment, z []byte) error {
	mo.zoned = true
	switch {
	case z[0] == '+' || z[0] == '-':
		return sc.applyOffset(mo, z)
	case equalFold(z, "z"), equalFold(z, "utc"), equalFold(z, "gmt"):
		return nil
	case bytes.IndexByte(z, '/') < 0:
		// An abbreviation: what it means depends on timezone_abbreviations.
		return notUnderstood(sc.typeName, "Write the time zone as an offset such as +01:00.")
	}
	loc, err := loadZone(string(z))
	if err != nil {
		return notUnderstood(sc.typeName, "Write the time zone as an offset such as +01:00.")
	}
	mo.offset = 0
	if validJulian(mo.y, mo.m) {
		mo.offset = localOffset(loc, mo.local())
	}
	return nil
}

// applyOffset follows DecodeTimezone.
func (sc *scanner) applyOffset(mo *moment, z []byte) error {
	off := scanner{b: z[1:]}
	hour, n := off.digits(4)
	minute, second := 0, 0
	switch {
	case off.more() || n == 0:
		return sc.other()
	case n > 2:
		if len(off.b) > 0 {
			return sc.other()
		}
		hour, minute = hour/100, hour%100
	case off.take(':'):
		if minute, n = off.digits(2); n != 2 {
			return sc.other()
		}
		if off.take(':') {
			if second, n = off.digits(2); n != 2 {
				return sc.other()
			}
		}
	}
	if len(off.b) > 0 {
		return sc.other()
	}
	if hour > 15 || minute > 59 || second > 59 {
		return fail(stateDisplacement, "time zone displacement out of range")
	}
	mo.offset = int64(hour*3600 + minute*60 + second)
	if z[0] == '-' {
		mo.offset = -mo.offset
	}
	return nil
}

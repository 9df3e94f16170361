package value

import (
	"bytes"
	"encoding/binary"
	"math"
)

// maxZone is the largest displacement of a timetz, exclusive, in seconds: TZDISP_LIMIT, src/include/datatype/timestamp.h.
const maxZone = 16 * 3600

// timestamp decodes for a timestamp column: from timestamp and, by PostgreSQL's casts, from date and timestamptz (by the session's
// clock).
func (in *input) timestamp(dst []byte) ([]byte, error) {
	var us int64
	var err error
	switch {
	case in.declared == OIDTimestamp:
		us, err = in.readTimestamp()
	case in.declared == OIDDate:
		var days int64
		if days, err = in.readDate(); err == nil {
			us, err = dateToTimestamp(days)
		}
	case in.declared == OIDTimestamptz && in.store():
		if us, err = in.readTimestamptz(); err == nil {
			us, err = in.toLocal(us)
		}
		if err == nil && us != timeInfinity && us != timeMinusInfinity && !validTimestamp(us) {
			err = timestampRange()
		}
	case in.declared == OIDTimestamptz:
		err = failHint(stateNotSupported, "a protected timestamp column cannot be compared with a timestamp with time zone", "Pass the parameter as a timestamp.")
	default:
		err = in.mismatch()
	}
	if err == nil && in.store() {
		us, err = roundTime(us, in.t.Mod)
	}
	if err != nil {
		return dst, err
	}
	return appendInt64(dst, TagTimestamp, us), nil
}

// dateToTimestamp follows date2timestamp.
func dateToTimestamp(days int64) (int64, error) {
	switch days {
	case dateInfinity:
		return timeInfinity, nil
	case dateMinusInfinity:
		return timeMinusInfinity, nil
	}
	if days >= endTimestamp/usPerDay {
		return 0, fail(stateDateRange, "date out of range for timestamp")
	}
	return days * usPerDay, nil
}

// timeHint names the forms that clock understands.
const timeHint = "Write it as HH:MM:SS, with an offset such as +01:00 for a time with time zone."

// clock reads H:M[:S[.fraction]][blanks][offset], and the time of a date with one, as time_in and timetz_in do. Other forms that they
// accept are refused.
func (in *input) clock(name string) (us, offset int64, zoned bool, err error) {
	sc := scanner{b: trimSpace(in.raw), typeName: name}
	if len(sc.b) == 0 {
		return 0, 0, false, fail(stateDateSyntax, "invalid input syntax for type "+name)
	}
	other := notUnderstood(name, timeHint)
	if len(sc.b) > maxDateText {
		return 0, 0, false, other
	}
	if len(sc.b) > 8 && sc.b[4] == '-' && sc.b[7] == '-' && in.t.OID == OIDTime {
		mo, err := sc.moment()
		switch {
		case err != nil:
			return 0, 0, false, err
		case mo.clock == 0 && mo.us == 0 && bytes.IndexByte(in.raw, ':') < 0 || bytes.IndexByte(in.raw, '/') >= 0:
			return 0, 0, false, other
		}
		return mo.us, 0, false, nil
	}
	var mo moment
	if err := sc.time(&mo); err != nil {
		return 0, 0, false, err
	}
	sc.blanks()
	switch {
	case len(sc.b) == 0:
		return mo.us, 0, false, nil
	case sc.b[0] == '+' || sc.b[0] == '-': // a time without time zone reads it and forgets it
		err = sc.applyOffset(&mo, sc.b)
	case equalFold(sc.b, "z"), equalFold(sc.b, "utc"):
	default:
		err = other
	}
	return mo.us, mo.offset, true, err
}

// time decodes for a time column.
func (in *input) time(dst []byte) ([]byte, error) {
	var us int64
	var err error
	switch in.declared {
	case OIDTime:
		if us, err = in.readTime(); err != nil {
			return dst, err
		}
	case OIDTimestamp, OIDTimestamptz, OIDTimetz, OIDInterval:
		return dst, in.uncast()
	default:
		return dst, in.mismatch()
	}
	if in.store() {
		us = roundClock(us, in.t.Mod)
	}
	return appendInt64(dst, TagTime, us), nil
}

// uncast refuses a cast that PostgreSQL has and we don't.
func (in *input) uncast() error {
	return failHint(stateNotSupported, "a "+TypeName(in.declared)+" cannot be converted for a protected "+TypeName(in.t.OID)+" column",
		"Pass the parameter as "+TypeName(in.t.OID)+".")
}

func (in *input) readTime() (int64, error) {
	if !in.binary {
		us, _, _, err := in.clock("time")
		return us, err
	}
	if len(in.raw) < 8 {
		return 0, errShort()
	}
	us := int64(binary.BigEndian.Uint64(in.raw))
	if us < 0 || us > usPerDay {
		return 0, fail(stateDateRange, "time out of range")
	}
	return us, fixedLen(in.raw, 8)
}

// roundClock follows AdjustTimeForTypmod.
func roundClock(us int64, mod int32) int64 {
	if mod < 0 || mod >= 6 {
		return us
	}
	unit := int64(math.Pow10(6 - int(mod)))
	return (us + unit/2) / unit * unit
}

// timetz decodes for a time with time zone: microseconds since midnight, then seconds west of UTC, as timetz_send has them.
func (in *input) timetz(dst []byte) ([]byte, error) {
	switch in.declared {
	case OIDTimetz:
	case OIDTime, OIDTimestamptz:
		return dst, in.uncast() // the session's offset of this moment
	default:
		return dst, in.mismatch()
	}
	var us, west int64
	if in.binary {
		if len(in.raw) < 12 {
			return dst, errShort()
		}
		us, west = int64(binary.BigEndian.Uint64(in.raw)), int64(int32(binary.BigEndian.Uint32(in.raw[8:])))
		switch {
		case us < 0 || us > usPerDay:
			return dst, fail(stateDateRange, "time out of range")
		case west <= -maxZone || west >= maxZone:
			return dst, fail(stateDisplacement, "time zone displacement out of range")
		}
		if err := fixedLen(in.raw, 12); err != nil {
			return dst, err
		}
	} else {
		t, offset, zoned, err := in.clock(TypeName(OIDTimetz))
		if err != nil {
			return dst, err
		}
		if !zoned {
			// The offset would be the session's today.
			return dst, notUnderstood(TypeName(OIDTimetz), timeHint)
		}
		us, west = t, -offset
	}
	if in.store() {
		us = roundClock(us, in.t.Mod)
	}
	return binary.BigEndian.AppendUint32(appendInt64(dst, TagTimetz, us), uint32(int32(west))), nil
}

func encodeTime(dst []byte, bin bool, b []byte) ([]byte, error) {
	if len(b) != 8 {
		return dst, corrupted("time")
	}
	us := int64(binary.BigEndian.Uint64(b))
	switch {
	case us < 0 || us > usPerDay:
		return dst, corrupted("time")
	case bin:
		return append(dst, b...), nil
	}
	return appendClock(dst, int(us/usPerSecond), us%usPerSecond), nil
}

func encodeTimetz(dst []byte, bin bool, b []byte) ([]byte, error) {
	if len(b) != 12 {
		return dst, corrupted("time with time zone")
	}
	us, west := int64(binary.BigEndian.Uint64(b)), int64(int32(binary.BigEndian.Uint32(b[8:])))
	switch {
	case us < 0 || us > usPerDay || west <= -maxZone || west >= maxZone:
		return dst, corrupted("time with time zone")
	case bin:
		return append(dst, b...), nil
	}
	return appendOffset(appendClock(dst, int(us/usPerSecond), us%usPerSecond), -west), nil
}

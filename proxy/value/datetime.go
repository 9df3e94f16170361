package value

import (
	"encoding/binary"
	"math"
)

func dateRange() error { return fail(stateDateRange, "date out of range") }

func timestampRange() error { return fail(stateDateRange, "timestamp out of range") }

// date decodes for a date column: from date, and for Store from the timestamps, by PostgreSQL's assignment casts.
func (in *input) date(dst []byte) ([]byte, error) {
	var days int64
	var err error
	switch {
	case in.declared == OIDDate:
		days, err = in.readDate()
	case in.declared == OIDTimestamp && in.store():
		var us int64
		if us, err = in.readTimestamp(); err == nil {
			days = dayOf(us)
		}
	case in.declared == OIDTimestamptz && in.store():
		var us int64
		if us, err = in.readTimestamptz(); err == nil {
			if us, err = in.toLocal(us); err == nil {
				days = dayOf(us)
			}
		}
	case in.declared == OIDTimestamp || in.declared == OIDTimestamptz:
		err = failHint(stateNotSupported, "a protected date column cannot be compared with a "+TypeName(in.declared), "Pass the parameter as a date.")
	default:
		err = in.mismatch()
	}
	if err == nil && days != dateInfinity && days != dateMinusInfinity && !validDate(days) {
		err = dateRange() // the first day, in a zone where it is still the day before
	}
	if err != nil {
		return dst, err
	}
	return binary.BigEndian.AppendUint32(append(dst, byte(TagDate)), uint32(int32(days))), nil
}

// dayOf is the day a timestamp falls on; infinities stay infinite.
func dayOf(us int64) int64 {
	switch us {
	case timeInfinity:
		return dateInfinity
	case timeMinusInfinity:
		return dateMinusInfinity
	}
	return floorDiv(us, usPerDay)
}

// timestamptz decodes for a timestamptz column: from timestamptz, and by PostgreSQL's casts from timestamp and date, whose
// clock is the session's.
func (in *input) timestamptz(dst []byte) ([]byte, error) {
	var us int64
	var err error
	switch in.declared {
	case OIDTimestamptz:
		us, err = in.readTimestamptz()
	case OIDTimestamp:
		if us, err = in.readTimestamp(); err == nil {
			us, err = in.fromLocal(us)
		}
	case OIDDate:
		var days int64
		if days, err = in.readDate(); err == nil {
			us, err = in.fromDate(days)
		}
	default:
		err = in.mismatch()
	}
	if err == nil && in.store() {
		us, err = roundTime(us, in.t.Mod)
	}
	if err != nil {
		return dst, err
	}
	return appendInt64(dst, TagTimestamptz, us), nil
}

// roundTime follows AdjustTimestampForTypmod: to the column's number of fractional digits, half away from zero. PostgreSQL
// lets the last half second round up to a timestamp that it then cannot read; here that is out of range.
func roundTime(us int64, mod int32) (int64, error) {
	if mod < 0 || mod >= 6 || us == timeInfinity || us == timeMinusInfinity {
		return us, nil
	}
	unit := int64(math.Pow10(6 - int(mod)))
	if us >= 0 {
		us = (us + unit/2) / unit * unit
	} else {
		us = -((-us + unit/2) / unit * unit)
	}
	if !validTimestamp(us) {
		return 0, timestampRange()
	}
	return us, nil
}

// readDate follows date_in and date_recv.
func (in *input) readDate() (int64, error) {
	if in.binary {
		if len(in.raw) < 4 {
			return 0, errShort()
		}
		days := int64(int32(binary.BigEndian.Uint32(in.raw)))
		if days != dateInfinity && days != dateMinusInfinity && !validDate(days) {
			return 0, dateRange()
		}
		return days, fixedLen(in.raw, 4)
	}
	mo, err := parseMoment(in.raw, "date")
	if err != nil {
		return 0, err
	}
	switch mo.special {
	case endOfTime:
		return dateInfinity, nil
	case startOfTime:
		return dateMinusInfinity, nil
	case unixEpoch:
		return -epochDays, nil
	}
	if !validJulian(mo.y, mo.m) {
		return 0, dateRange()
	}
	days := daysOf(mo.y, mo.m, mo.d)
	if !validDate(days) {
		return 0, dateRange()
	}
	return days, nil
}

// readTimestamp follows timestamp_in, which reads and ignores a time zone, and timestamp_recv: a local time.
func (in *input) readTimestamp() (int64, error) {
	if in.binary {
		return in.recvTimestamp()
	}
	mo, err := parseMoment(in.raw, "timestamp")
	if err != nil {
		return 0, err
	}
	mo.offset = 0
	return mo.instant()
}

// readTimestamptz follows timestamptz_in and timestamptz_recv.
func (in *input) readTimestamptz() (int64, error) {
	if in.binary {
		return in.recvTimestamp()
	}
	mo, err := parseMoment(in.raw, TypeName(OIDTimestamptz))
	if err != nil {
		return 0, err
	}
	if mo.special == ordinary && !mo.zoned && validJulian(mo.y, mo.m) {
		loc, err := in.s.location()
		if err != nil {
			return 0, err
		}
		mo.offset = localOffset(loc, mo.local())
	}
	return mo.instant()
}

func (in *input) recvTimestamp() (int64, error) {
	if len(in.raw) < 8 {
		return 0, errShort()
	}
	us := int64(binary.BigEndian.Uint64(in.raw))
	if us != timeInfinity && us != timeMinusInfinity && !validTimestamp(us) {
		return 0, timestampRange()
	}
	return us, fixedLen(in.raw, 8)
}

// instant is the moment in microseconds, less its offset: tm2timestamp, src/backend/utils/adt/timestamp.c.
func (mo *moment) instant() (int64, error) {
	switch mo.special {
	case endOfTime:
		return timeInfinity, nil
	case startOfTime:
		return timeMinusInfinity, nil
	case unixEpoch:
		return -epochSeconds * usPerSecond, nil
	}
	if !validJulian(mo.y, mo.m) {
		return 0, timestampRange()
	}
	days := daysOf(mo.y, mo.m, mo.d)
	// The end of the range is within a day of int64's, so leave before multiplying overflows.
	if days > endTimestamp/usPerDay+1 || days < minTimestamp/usPerDay-1 {
		return 0, timestampRange()
	}
	us := days*usPerDay + mo.us
	if days > 0 && us < 0 {
		return 0, timestampRange()
	}
	us -= mo.offset * usPerSecond
	if !validTimestamp(us) {
		return 0, timestampRange()
	}
	return us, nil
}

// fromLocal follows timestamp2timestamptz.
func (in *input) fromLocal(us int64) (int64, error) {
	if us == timeInfinity || us == timeMinusInfinity {
		return us, nil
	}
	loc, err := in.s.location()
	if err != nil {
		return 0, err
	}
	us -= localOffset(loc, floorDiv(us, usPerSecond)+epochSeconds) * usPerSecond
	if !validTimestamp(us) {
		return 0, timestampRange()
	}
	return us, nil
}

// toLocal follows timestamptz2timestamp.
func (in *input) toLocal(us int64) (int64, error) {
	if us == timeInfinity || us == timeMinusInfinity {
		return us, nil
	}
	loc, err := in.s.location()
	if err != nil {
		return 0, err
	}
	off, _ := offsetAt(loc, floorDiv(us, usPerSecond)+epochSeconds)
	return us + off*usPerSecond, nil
}

// fromDate follows date2timestamptz: midnight by the session's clock.
func (in *input) fromDate(days int64) (int64, error) {
	switch days {
	case dateInfinity:
		return timeInfinity, nil
	case dateMinusInfinity:
		return timeMinusInfinity, nil
	}
	if days < endTimestamp/usPerDay {
		us, err := in.fromLocal(days * usPerDay)
		if e, ok := err.(*Error); !ok || e.SQLSTATE != stateDateRange {
			return us, err
		}
	}
	return 0, fail(stateDateRange, "date out of range for timestamp")
}

package value

import (
	"encoding/binary"
	"strconv"
)

// Names as the Postgres date style writes them, src/backend/utils/adt/datetime.c.
const (
	dayNames   = "SunMonTueWedThuFriSat"
	monthNames = "JanFebMarAprMayJunJulAugSepOctNovDec"
)

func appendTwo(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

// appendYear writes at least four digits; BC is for the caller to append.
func appendYear(dst []byte, y int) []byte {
	if y <= 0 {
		y = 1 - y
	}
	for pad := 1000; pad > y; pad /= 10 {
		dst = append(dst, '0')
	}
	return strconv.AppendInt(dst, int64(y), 10)
}

func appendEra(dst []byte, y int) []byte {
	if y <= 0 {
		return append(dst, " BC"...)
	}
	return dst
}

// appendDate follows date_out and EncodeDateOnly.
func appendDate(dst []byte, days int64, s *Settings) ([]byte, error) {
	if days == dateInfinity || days == dateMinusInfinity {
		return appendInfinity(dst, days), nil
	}
	style, order, err := s.dates()
	if err != nil {
		return dst, err
	}
	y, m, d := dateOf(days)
	if style == styleISO {
		dst = appendTwo(append(appendTwo(append(appendYear(dst, y), '-'), m), '-'), d)
		return appendEra(dst, y), nil
	}
	first, second, sep := m, d, byte('/')
	if order == orderDMY {
		first, second = d, m
	}
	switch style {
	case stylePostgres:
		sep = '-'
	case styleGerman:
		first, second, sep = d, m, '.'
	}
	dst = append(appendTwo(append(appendTwo(dst, first), sep), second), sep)
	return appendEra(appendYear(dst, y), y), nil
}

// appendInfinity writes the one that v is: +∞ is the largest of its type, and so above zero.
func appendInfinity(dst []byte, v int64) []byte {
	if v < 0 {
		dst = append(dst, '-')
	}
	return append(dst, "infinity"...)
}

// encodeTimestamp is for both kinds of timestamp. A zoned one is shown by the session's clock: timestamptz_out and timestamp_out.
func encodeTimestamp(dst []byte, bin, zoned bool, b []byte, s *Settings) ([]byte, error) {
	if len(b) != 8 {
		return dst, corrupted("timestamp")
	}
	us := int64(binary.BigEndian.Uint64(b))
	infinite := us == timeInfinity || us == timeMinusInfinity
	switch {
	case !infinite && !validTimestamp(us):
		return dst, corrupted("timestamp")
	case bin:
		return append(dst, b...), nil
	case infinite:
		return appendInfinity(dst, us), nil
	}
	style, order, err := s.dates()
	if err != nil {
		return dst, err
	}
	if !zoned {
		return appendMoment(dst, us, style, order, false, 0, ""), nil
	}
	loc, err := s.location()
	if err != nil {
		return dst, err
	}
	off, abbreviation := offsetAt(loc, floorDiv(us, usPerSecond)+epochSeconds)
	return appendMoment(dst, us, style, order, true, off, abbreviation), nil
}

// appendMoment writes a local time and, if zoned, its offset or abbreviation: EncodeDateTime.
func appendMoment(dst []byte, us int64, style dateStyle, order dateOrder, zoned bool, off int64, abbreviation string) []byte {
	fraction := us - floorDiv(us, usPerSecond)*usPerSecond
	unix := floorDiv(us, usPerSecond) + epochSeconds + off
	days := floorDiv(unix, 86400)
	clock := int(unix - days*86400)
	days -= epochDays
	y, m, d := dateOf(days)
	switch style {
	case styleISO:
		dst = append(appendTwo(append(appendTwo(append(appendYear(dst, y), '-'), m), '-'), d), ' ')
		dst = appendClock(dst, clock, fraction)
		if zoned {
			dst = appendOffset(dst, off)
		}
		return appendEra(dst, y)
	case stylePostgres:
		w := int((days + 6) % 7) // 2000-01-01 was a Saturday
		if w < 0 {
			w += 7
		}
		dst = append(append(dst, dayNames[3*w:3*w+3]...), ' ')
		month := monthNames[3*m-3 : 3*m]
		if order == orderDMY {
			dst = append(append(appendTwo(dst, d), ' '), month...)
		} else {
			dst = appendTwo(append(append(dst, month...), ' '), d)
		}
		dst = appendYear(append(appendClock(append(dst, ' '), clock, fraction), ' '), y)
	default:
		first, second, sep := m, d, byte('/')
		if order == orderDMY {
			first, second = d, m
		}
		if style == styleGerman {
			first, second, sep = d, m, '.'
		}
		dst = append(appendTwo(append(appendTwo(dst, first), sep), second), sep)
		dst = appendClock(append(appendYear(dst, y), ' '), clock, fraction)
	}
	if zoned {
		// MAXTZLEN is 10.
		dst = append(append(dst, ' '), abbreviation[:min(len(abbreviation), 10)]...)
	}
	return appendEra(dst, y)
}

// appendClock writes HH:MM:SS and, if not zero, microseconds without trailing zeros.
func appendClock(dst []byte, second int, fraction int64) []byte {
	dst = appendTwo(append(appendTwo(append(appendTwo(dst, second/3600), ':'), second/60%60), ':'), second%60)
	return appendFraction(dst, fraction)
}

// appendFraction writes microseconds behind a point, without trailing zeros; nothing for none.
func appendFraction(dst []byte, us int64) []byte {
	if us == 0 {
		return dst
	}
	dst = append(dst, '.')
	for unit := int64(usPerSecond / 10); us > 0; unit /= 10 {
		dst = append(dst, byte('0'+us/unit))
		us %= unit
	}
	return dst
}

// appendOffset follows EncodeTimezone: minutes and seconds only if needed.
func appendOffset(dst []byte, off int64) []byte {
	sign := byte('+')
	if off < 0 {
		sign, off = '-', -off
	}
	dst = appendTwo(append(dst, sign), int(off/3600))
	if off%3600 != 0 {
		dst = appendTwo(append(dst, ':'), int(off/60%60))
	}
	if off%60 != 0 {
		dst = appendTwo(append(dst, ':'), int(off%60))
	}
	return dst
}

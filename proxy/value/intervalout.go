package value

import (
	"encoding/binary"
	"strconv"
)

// brokenDown is an interval's fields, each with its sign: interval2itm, src/backend/utils/adt/timestamp.c.
type brokenDown struct {
	year, mon, day, hour, min, sec, us int64
}

func (f *brokenDown) each() [7]*int64 {
	return [7]*int64{&f.year, &f.mon, &f.day, &f.hour, &f.min, &f.sec, &f.us}
}

func encodeInterval(dst []byte, bin bool, b []byte, s *Settings) ([]byte, error) {
	switch {
	case len(b) != 16:
		return dst, corrupted("interval")
	case bin:
		return append(dst, b...), nil
	}
	style, err := s.intervals()
	if err != nil {
		return dst, err
	}
	us, days := int64(binary.BigEndian.Uint64(b)), int64(int32(binary.BigEndian.Uint32(b[8:])))
	months := int64(int32(binary.BigEndian.Uint32(b[12:])))
	f := brokenDown{year: months / 12, mon: months % 12, day: days}
	f.hour = us / (3600 * usPerSecond)
	us -= f.hour * 3600 * usPerSecond
	f.min = us / (60 * usPerSecond)
	us -= f.min * 60 * usPerSecond
	f.sec = us / usPerSecond
	f.us = us - f.sec*usPerSecond
	switch style {
	case intervalPostgres:
		return f.postgres(dst), nil
	case intervalVerbose:
		return f.verbose(dst), nil
	case intervalSQL:
		return f.sqlStandard(dst), nil
	}
	return f.iso(dst), nil
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// seconds writes AppendSeconds: the magnitude with up to six digits behind the point.
func (f *brokenDown) seconds(dst []byte, fill bool) []byte {
	if sec := int64(magnitude(f.sec)); fill {
		dst = appendTwo(dst, int(sec))
	} else {
		dst = appendInt(dst, sec)
	}
	return appendFraction(dst, int64(magnitude(f.us)))
}

func appendPadded(dst []byte, v int64) []byte {
	n := magnitude(v)
	if n < 10 {
		dst = append(dst, '0')
	}
	return strconv.AppendUint(dst, n, 10)
}

func (f *brokenDown) negativeTime() bool { return f.hour < 0 || f.min < 0 || f.sec < 0 || f.us < 0 }

func (f *brokenDown) timed() bool { return f.hour != 0 || f.min != 0 || f.sec != 0 || f.us != 0 }

// postgres is EncodeInterval's style for intervalstyle = postgres.
func (f *brokenDown) postgres(dst []byte) []byte {
	zero, before := true, false
	for i, v := range []int64{f.year, f.mon, f.day} {
		if v == 0 {
			continue
		}
		if !zero {
			dst = append(dst, ' ')
		}
		if before && v > 0 {
			dst = append(dst, '+')
		}
		dst = append(appendInt(dst, v), []string{" year", " mon", " day"}[i]...)
		if v != 1 {
			dst = append(dst, 's')
		}
		zero, before = false, v < 0
	}
	if !zero && !f.timed() {
		return dst
	}
	if !zero {
		dst = append(dst, ' ')
	}
	switch {
	case f.negativeTime():
		dst = append(dst, '-')
	case before:
		dst = append(dst, '+')
	}
	dst = append(appendPadded(append(appendPadded(dst, f.hour), ':'), f.min), ':')
	return f.seconds(dst, true)
}

func (f *brokenDown) verbose(dst []byte) []byte {
	dst = append(dst, '@')
	zero, before := true, false
	for i, v := range []int64{f.year, f.mon, f.day, f.hour, f.min} {
		if v == 0 {
			continue
		}
		if zero {
			before = v < 0
		}
		if before {
			v = -v
		}
		dst = append(appendInt(append(dst, ' '), v), []string{" year", " mon", " day", " hour", " min"}[i]...)
		if v != 1 {
			dst = append(dst, 's')
		}
		zero = false
	}
	if f.sec != 0 || f.us != 0 {
		dst = append(dst, ' ')
		negative := f.sec < 0 || f.us < 0
		if zero {
			before = negative
		} else if negative != before {
			dst = append(dst, '-')
		}
		dst = append(f.seconds(dst, false), " sec"...)
		if magnitude(f.sec) != 1 || f.us != 0 {
			dst = append(dst, 's')
		}
		zero = false
	}
	if zero {
		dst = append(dst, " 0"...)
	}
	if before {
		dst = append(dst, " ago"...)
	}
	return dst
}

func (f *brokenDown) sqlStandard(dst []byte) []byte {
	negative, positive := false, false
	for _, v := range f.each() {
		negative, positive = negative || *v < 0, positive || *v > 0
	}
	months, rest := f.year != 0 || f.mon != 0, f.day != 0 || f.timed()
	sign := func(minus bool) byte {
		if minus {
			return '-'
		}
		return '+'
	}
	clock := func(dst []byte) []byte {
		dst = strconv.AppendUint(dst, magnitude(f.hour), 10)
		return f.seconds(append(appendPadded(append(dst, ':'), f.min), ':'), true)
	}
	number := func(dst []byte, v int64) []byte { return strconv.AppendUint(dst, magnitude(v), 10) }
	switch {
	case !negative && !positive:
		return append(dst, '0')
	case negative && positive || months && rest:
		dst = number(append(dst, sign(f.year < 0 || f.mon < 0)), f.year)
		dst = append(number(append(dst, '-'), f.mon), ' ', sign(f.day < 0))
		return clock(append(number(dst, f.day), ' ', sign(f.negativeTime())))
	}
	if negative {
		dst = append(dst, '-')
	}
	switch {
	case months:
		return number(append(number(dst, f.year), '-'), f.mon)
	case f.day != 0:
		return clock(append(number(dst, f.day), ' '))
	}
	return clock(dst)
}

func (f *brokenDown) iso(dst []byte) []byte {
	part := func(v int64, unit byte) {
		if v != 0 {
			dst = append(appendInt(dst, v), unit)
		}
	}
	dst = append(dst, 'P')
	part(f.year, 'Y')
	part(f.mon, 'M')
	part(f.day, 'D')
	if !f.timed() {
		if f.year == 0 && f.mon == 0 && f.day == 0 {
			dst = append(dst, "T0S"...)
		}
		return dst
	}
	dst = append(dst, 'T')
	part(f.hour, 'H')
	part(f.min, 'M')
	if f.sec != 0 || f.us != 0 {
		if f.sec < 0 || f.us < 0 {
			dst = append(dst, '-')
		}
		dst = append(f.seconds(dst, false), 'S')
	}
	return dst
}

package value

import (
	"encoding/binary"
	"math"
	"strconv"
)

// span of time: microseconds, days and months are kept apart, as in PostgreSQL's Interval.
type interval struct {
	us, days, months int64
}

const intervalHint = "Write it as '1 year 2 mons 3 days 04:05:06', or in ISO 8601 form, P1Y2M3DT4H5M6S."

// interval decodes for an interval column. The canonical value is microseconds (8 bytes), days (4), months (4), as interval_send has
// them.
func (in *input) interval(dst []byte) ([]byte, error) {
	switch in.declared {
	case OIDInterval:
	case OIDTime:
		us, err := in.readTime()
		if err != nil {
			return dst, err
		}
		return (&interval{us: us}).append(append(dst, byte(TagInterval))), nil
	default:
		return dst, in.mismatch()
	}
	if in.binary {
		if err := fixedLen(in.raw, 16); err != nil {
			return dst, err
		}
		return append(append(dst, byte(TagInterval)), in.raw...), nil
	}
	iv, err := in.parseInterval()
	if err != nil {
		return dst, err
	}
	return iv.append(append(dst, byte(TagInterval))), nil
}

func (iv *interval) append(dst []byte) []byte {
	put := binary.BigEndian.AppendUint32
	return put(put(binary.BigEndian.AppendUint64(dst, uint64(iv.us)), uint32(int32(iv.days))), uint32(int32(iv.months)))
}

func (in *input) parseInterval() (interval, error) {
	b := trimSpace(in.raw)
	if len(b) == 0 {
		return interval{}, fail(stateDateSyntax, "invalid input syntax for type interval")
	}
	p := intervalParser{b: b}
	ok := len(b) <= maxDateText
	if in.raw[0] == 'P' {
		ok = ok && p.iso(in.raw[1:])
	} else {
		// With sql_standard a leading minus may count for all that follows.
		if style, err := in.s.intervals(); b[0] == '-' && (err != nil || style == intervalSQL) {
			ok = false
		}
		ok = ok && p.words()
	}
	if iv := p.iv; ok && iv.days == int64(int32(iv.days)) && iv.months == int64(int32(iv.months)) {
		return iv, nil
	}
	return interval{}, notUnderstood("interval", intervalHint)
}

// intervalParser reads the unambiguous forms of what DecodeInterval accepts, src/backend/utils/adt/datetime.c: integers with a unit,
// seconds with a fraction, H:M:S, Y-M, a number of days before a time.
type intervalParser struct {
	b    []byte
	iv   interval
	seen map[string]bool // units, since each may stand once
}

// intervalUnits are the units with their families and factors.
func intervalUnit(word string) (family string, months, days, us int64) {
	switch word {
	case "year", "years", "yr", "yrs", "y":
		return "year", 12, 0, 0
	case "mon", "mons", "month", "months":
		return "month", 1, 0, 0
	case "week", "weeks", "w":
		return "week", 0, 7, 0
	case "day", "days", "d":
		return "day", 0, 1, 0
	case "hour", "hours", "hr", "hrs", "h":
		return "hour", 0, 0, 3600 * usPerSecond
	case "minute", "minutes", "min", "mins", "m":
		return "minute", 0, 0, 60 * usPerSecond
	case "second", "seconds", "sec", "secs", "s":
		return "second", 0, 0, usPerSecond
	}
	return "", 0, 0, 0
}

func (p *intervalParser) skip() {
	for len(p.b) > 0 && isSpace(p.b[0]) {
		p.b = p.b[1:]
	}
}

// number takes an optional sign and up to nine digits.
func (p *intervalParser) number() (v int64, negative, ok bool) {
	if len(p.b) > 0 && (p.b[0] == '-' || p.b[0] == '+') {
		negative = p.b[0] == '-'
		p.b = p.b[1:]
	}
	v, ok = p.digits()
	return v, negative, ok
}

func (p *intervalParser) digits() (v int64, ok bool) {
	n := 0
	for ; n < len(p.b) && isDigit(p.b[n]); n++ {
		if n == 9 {
			return 0, false
		}
		v = v*10 + int64(p.b[n]-'0')
	}
	p.b = p.b[n:]
	return v, n > 0
}

// fraction takes .digits.
func (p *intervalParser) fraction() (f float64, ok bool) {
	end := 1
	for end < len(p.b) && isDigit(p.b[end]) {
		end++
	}
	f, err := strconv.ParseFloat(string(p.b[:end]), 64)
	p.b = p.b[end:]
	return f, err == nil && end > 1
}

func (p *intervalParser) once(family string) bool {
	if p.seen[family] {
		return false
	}
	if p.seen == nil {
		p.seen = map[string]bool{}
	}
	p.seen[family] = true
	return true
}

// words reads the traditional forms.
func (p *intervalParser) words() bool {
	if p.b[0] == '@' {
		p.b = p.b[1:]
		p.skip()
	}
	any := false
	for len(p.b) > 0 {
		if any && equalFold(p.b, "ago") {
			p.iv = interval{-p.iv.us, -p.iv.days, -p.iv.months}
			return true
		}
		if !p.field() {
			return false
		}
		any = true
		p.skip()
	}
	return any
}

func (p *intervalParser) field() bool {
	v, negative, ok := p.number()
	if !ok {
		return false
	}
	sign := int64(1)
	if negative {
		sign = -1
	}
	if len(p.b) > 0 {
		switch p.b[0] {
		case ':':
			return p.time(v, sign)
		case '-':
			p.b = p.b[1:]
			months, ok := p.digits()
			if !ok || months > 11 || !p.ends() || !p.once("year") || !p.once("month") {
				return false
			}
			p.iv.months += sign * (12*v + months)
			return true
		}
	}
	f := 0.0
	fraction := len(p.b) > 0 && p.b[0] == '.'
	if fraction {
		if f, ok = p.fraction(); !ok {
			return false
		}
	}
	blank := p.ends()
	p.skip()
	n := 0
	for n < len(p.b) && isAlpha(p.b[n]) {
		n++
	}
	if n == 0 {
		// A bare number before a time is days.
		if !blank || fraction || !p.timeFollows() || !p.once("day") {
			return false
		}
		p.iv.days += sign * v
		return true
	}
	family, months, days, us := intervalUnit(lowerWord(p.b[:n]))
	if p.b = p.b[n:]; family == "" || fraction && family != "second" || !p.ends() || !p.once(family) {
		return false
	}
	p.iv.months += sign * v * months
	p.iv.days += sign * v * days
	p.iv.us += sign*v*us + microseconds(float64(sign)*f)
	return true
}

// microseconds follows AdjustFractMicroseconds: a half is not rounded up.
func microseconds(f float64) int64 {
	f *= usPerSecond
	us := int64(f)
	switch f -= float64(us); {
	case f > 0.5:
		us++
	case f < -0.5:
		us--
	}
	return us
}

func (p *intervalParser) ends() bool { return len(p.b) == 0 || isSpace(p.b[0]) }

// timeFollows looks for [sign]digits:.
func (p *intervalParser) timeFollows() bool {
	b := p.b
	if len(b) > 0 && (b[0] == '+' || b[0] == '-') {
		b = b[1:]
	}
	n := 0
	for n < len(b) && isDigit(b[n]) {
		n++
	}
	return n > 0 && n < len(b) && b[n] == ':'
}

// time reads :M[:S[.fraction]] behind the hours.
func (p *intervalParser) time(hours, sign int64) bool {
	p.b = p.b[1:]
	minutes, ok := p.digits()
	if !ok {
		return false
	}
	seconds, us := int64(0), int64(0)
	if len(p.b) > 0 && p.b[0] == ':' {
		p.b = p.b[1:]
		if seconds, ok = p.digits(); !ok {
			return false
		}
		if len(p.b) > 0 && p.b[0] == '.' {
			f, ok := p.fraction()
			if !ok {
				return false
			}
			us = int64(math.RoundToEven(f * usPerSecond))
		}
	}
	if minutes > 59 || seconds > 59 || !p.ends() || !p.once("hour") || !p.once("minute") || !p.once("second") {
		return false
	}
	p.iv.us += sign * (us + usPerSecond*(seconds+60*(minutes+60*hours)))
	return true
}

// iso reads what follows P in ISO 8601's form with designators, DecodeISO8601Interval.
func (p *intervalParser) iso(b []byte) bool {
	p.b = b
	date, any := true, false
	for len(p.b) > 0 {
		if date && p.b[0] == 'T' {
			date = false
			p.b = p.b[1:]
			continue
		}
		from := p.b
		if p.b[0] == '+' {
			return false
		}
		v, negative, ok := p.number()
		if !ok {
			return false
		}
		fraction := len(p.b) > 0 && p.b[0] == '.'
		if fraction {
			if _, ok := p.fraction(); !ok {
				return false
			}
		}
		if len(p.b) == 0 {
			return false
		}
		text := string(from[:len(from)-len(p.b)])
		unit := isoUnit(p.b[0], date)
		p.b = p.b[1:]
		family, months, days, us := intervalUnit(unit)
		if unit == "" || fraction && family != "second" || !p.once(family) {
			return false
		}
		if negative {
			v = -v
		}
		p.iv.months += v * months
		p.iv.days += v * days
		p.iv.us += v * us
		if fraction {
			f, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return false
			}
			p.iv.us += microseconds(f - math.Trunc(f))
		}
		any = true
	}
	return any
}

func isoUnit(c byte, date bool) string {
	switch {
	case date && c == 'Y':
		return "year"
	case date && c == 'M':
		return "month"
	case date && c == 'W':
		return "week"
	case date && c == 'D':
		return "day"
	case !date && c == 'H':
		return "hour"
	case !date && c == 'M':
		return "minute"
	case !date && c == 'S':
		return "second"
	}
	return ""
}

func lowerWord(b []byte) string {
	out := make([]byte, len(b))
	for i, c := range b {
		out[i] = c | 0x20
	}
	return string(out)
}

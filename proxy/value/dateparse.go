package value

import (
	"bytes"
	"math"
	"strconv"
)

// Special date/time values.
const (
	ordinary = iota
	endOfTime
	startOfTime
	unixEpoch
)

// moment is a date/time text taken apart, before any time zone is applied.
type moment struct {
	special int
	y, m, d int   // astronomical year
	us      int64 // since midnight; up to and including a whole day
	clock   int64 // the same in seconds, without the fraction even if that rounded up to a whole second
	zoned   bool  // the text had a time zone
	offset  int64 // seconds east of UTC, if zoned
}

// maxDateText bounds the input; PostgreSQL's MAXDATELEN is 128 for the fields and their separators.
const maxDateText = 120

// dateHint names the forms that scanner understands.
const dateHint = "Write it in ISO form: YYYY-MM-DD, or YYYY-MM-DD HH:MM:SS with an optional offset."

// scanner reads the ISO forms that PostgreSQL's DecodeDateTime accepts. Other forms that it accepts (month names, now, the
// order DateStyle gives) are refused, never guessed:
//
//	date [(blanks | T) time] [[blanks] zone] [blanks (AD | BC)]
//	date: YYY+-M-D, YYYYMMDD     time: H:M[:S[.fraction]]     zone: Z, UTC, GMT, ±H[H][:MM[:SS]], ±HHMM, Area/City
type scanner struct {
	b        []byte
	typeName string
}

func parseMoment(raw []byte, typeName string) (moment, error) {
	sc := scanner{b: trimSpace(raw), typeName: typeName}
	switch {
	case len(sc.b) == 0:
		return moment{}, fail(stateDateSyntax, "invalid input syntax for type "+typeName)
	case equalFold(sc.b, "infinity"):
		return moment{special: endOfTime}, nil
	case equalFold(sc.b, "-infinity"):
		return moment{special: startOfTime}, nil
	case equalFold(sc.b, "epoch"):
		return moment{special: unixEpoch}, nil
	case len(sc.b) > maxDateText:
		return moment{}, sc.other()
	}
	return sc.moment()
}

func (sc *scanner) other() error { return notUnderstood(sc.typeName, dateHint) }

func outOfField(hint string) error {
	return failHint(stateDateRange, "date/time field value out of range", hint)
}

func (sc *scanner) moment() (moment, error) {
	var mo moment
	if err := sc.date(&mo); err != nil {
		return mo, err
	}
	blank := sc.blanks()
	if len(sc.b) > 1 && sc.b[0]|0x20 == 't' && isDigit(sc.b[1]) {
		sc.b = sc.b[1:]
		blank = true
		if !isDigit(sc.b[0]) {
			return mo, sc.other()
		}
	}
	if len(sc.b) > 0 && isDigit(sc.b[0]) {
		if !blank {
			return mo, sc.other()
		}
		if err := sc.time(&mo); err != nil {
			return mo, err
		}
		blank = sc.blanks()
	}
	bc, zone := false, []byte(nil)
	for len(sc.b) > 0 && zone == nil {
		if sc.era(&bc) {
			break
		}
		zone = sc.zone(blank)
		if zone == nil {
			return mo, sc.other()
		}
		blank = sc.blanks()
		if len(sc.b) > 0 && (!blank || !sc.era(&bc)) {
			return mo, sc.other()
		}
	}
	if err := mo.validate(bc); err != nil {
		return mo, err
	}
	if zone == nil {
		return mo, nil
	}
	err := sc.applyZone(&mo, zone)
	return mo, err
}

// blanks skips white space and reports whether there was any.
func (sc *scanner) blanks() bool {
	n := len(sc.b)
	for len(sc.b) > 0 && isSpace(sc.b[0]) {
		sc.b = sc.b[1:]
	}
	return len(sc.b) < n
}

// digits takes up to max digits; it returns how many there were.
func (sc *scanner) digits(max int) (v, n int) {
	for n < len(sc.b) && n < max && isDigit(sc.b[n]) {
		v = v*10 + int(sc.b[n]-'0')
		n++
	}
	sc.b = sc.b[n:]
	return v, n
}

func (sc *scanner) take(c byte) bool {
	if len(sc.b) == 0 || sc.b[0] != c {
		return false
	}
	sc.b = sc.b[1:]
	return true
}

func (sc *scanner) more() bool { return len(sc.b) > 0 && isDigit(sc.b[0]) }

func (sc *scanner) date(mo *moment) error {
	var n int
	mo.y, n = sc.digits(9)
	switch {
	case sc.more():
		return sc.other()
	case n == 8 && (len(sc.b) == 0 || sc.b[0] != '-'):
		mo.y, mo.m, mo.d = mo.y/10000, mo.y/100%100, mo.y%100
		return nil
	case n < 3 || !sc.take('-'):
		return sc.other()
	}
	// Three digits in the second or third place would be a day of the year.
	if mo.m, n = sc.digits(2); n == 0 || sc.more() || !sc.take('-') {
		return sc.other()
	}
	// A hyphen here would belong to the date's token, not begin an offset.
	if mo.d, n = sc.digits(2); n == 0 || sc.more() || len(sc.b) > 0 && sc.b[0] == '-' {
		return sc.other()
	}
	return nil
}

// time reads H:M[:S[.fraction]]; minutes and seconds may have one digit, as in PostgreSQL.
func (sc *scanner) time(mo *moment) error {
	hour, n := sc.digits(2)
	if n == 0 || sc.more() || !sc.take(':') {
		return sc.other()
	}
	minute, n := sc.digits(2)
	if n == 0 || sc.more() {
		return sc.other()
	}
	second, fraction := 0, int64(0)
	if sc.take(':') {
		if second, n = sc.digits(2); n == 0 || sc.more() {
			return sc.other()
		}
		if len(sc.b) > 0 && sc.b[0] == '.' {
			end := 1
			for end < len(sc.b) && isDigit(sc.b[end]) {
				end++
			}
			if end == 1 {
				return sc.other()
			}
			// ParseFractionalSecond: a double, rounded to the nearest microsecond.
			f, err := strconv.ParseFloat(string(sc.b[:end]), 64)
			if err != nil {
				return sc.other()
			}
			fraction = int64(math.RoundToEven(f * usPerSecond))
			sc.b = sc.b[end:]
		}
	}
	if len(sc.b) > 0 && (sc.b[0] == ':' || sc.b[0] == '.') {
		return sc.other()
	}
	mo.clock = int64(hour*3600 + minute*60 + second)
	mo.us = mo.clock*usPerSecond + fraction
	// time_overflows, src/backend/utils/adt/date.c: 24:00:00 and a second of 60 are allowed.
	if hour > 24 || minute > 59 || second > 60 || mo.us > usPerDay {
		return outOfField("")
	}
	return nil
}

// era takes AD or BC at the end of the text.
func (sc *scanner) era(bc *bool) bool {
	if equalFold(sc.b, "bc") || equalFold(sc.b, "ad") {
		*bc = sc.b[0]|0x20 == 'b'
		sc.b = nil
		return true
	}
	return false
}

// zone takes a time zone up to the next blank. A name must follow a blank, since in "2020-01-01Europe/…" PostgreSQL would
// look for other things; Z may follow a time directly.
func (sc *scanner) zone(blank bool) []byte {
	end := bytes.IndexFunc(sc.b, func(r rune) bool { return r < 0x80 && isSpace(byte(r)) })
	if end < 0 {
		end = len(sc.b)
	}
	z := sc.b[:end]
	signed := z[0] == '+' || z[0] == '-'
	if !signed && !blank && !equalFold(z, "z") {
		return nil
	}
	sc.b = sc.b[end:]
	return z
}

// validate follows ValidateDate, src/backend/utils/adt/datetime.c, for dates with a month and a day.
func (mo *moment) validate(bc bool) error {
	if mo.y <= 0 {
		return outOfField("")
	}
	if bc {
		mo.y = 1 - mo.y
	}
	if mo.m < 1 || mo.m > 12 || mo.d < 1 || mo.d > 31 {
		return outOfField(`Perhaps you need a different "datestyle" setting.`)
	}
	if mo.d > daysIn(mo.y, mo.m) {
		return outOfField("")
	}
	return nil
}

// local is the moment in seconds since 1970 as if its clock showed UTC; fractions do not count, as in DetermineTimeZoneOffset.
func (mo *moment) local() int64 {
	return (daysOf(mo.y, mo.m, mo.d)+epochDays)*86400 + mo.clock
}

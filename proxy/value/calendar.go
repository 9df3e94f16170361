package value

import "math"

// Instants and days count from 2000-01-01, as PostgreSQL's do.
const (
	usPerSecond = 1_000_000
	usPerDay    = 86400 * usPerSecond
	// epochDays and epochSeconds are from 1970-01-01 to 2000-01-01.
	epochDays    = 10957
	epochSeconds = epochDays * 86400
)

// Ranges, src/include/datatype/timestamp.h. The least is 4714-11-24 BC in both.
const (
	minDate      = -2451545            // DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE
	endDate      = 2145031949          // DATE_END_JULIAN - POSTGRES_EPOCH_JDATE, exclusive
	minTimestamp = -211813488000000000 // MIN_TIMESTAMP
	endTimestamp = 9223371331200000000 // END_TIMESTAMP, exclusive

	dateInfinity      = math.MaxInt32
	dateMinusInfinity = math.MinInt32
	timeInfinity      = math.MaxInt64
	timeMinusInfinity = math.MinInt64
)

func validDate(days int64) bool { return days >= minDate && days < endDate }

func validTimestamp(us int64) bool { return us >= minTimestamp && us < endTimestamp }

// validJulian is IS_VALID_JULIAN: what date2j can take. The year is astronomical: 0 is 1 BC.
func validJulian(y, m int) bool {
	return (y > -4713 || y == -4713 && m >= 11) && (y < 5874898 || y == 5874898 && m < 6)
}

// daysOf is the day number of a date in the proleptic Gregorian calendar.
func daysOf(y, m, d int) int64 {
	// Years start in March, so that the leap day is the last.
	if m < 3 {
		y--
		m += 12
	}
	era := floorDiv(int64(y), 400)
	yoe := int64(y) - era*400
	doy := (153*int64(m-3)+2)/5 + int64(d) - 1
	return era*146097 + yoe*365 + yoe/4 - yoe/100 + doy - 719468 - epochDays
}

// dateOf is the inverse of daysOf.
func dateOf(days int64) (y, m, d int) {
	z := days + 719468 + epochDays
	era := floorDiv(z, 146097)
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = int(doy-(153*mp+2)/5) + 1
	m = int(mp) + 3
	y = int(yoe + era*400)
	if m > 12 {
		m -= 12
		y++
	}
	return y, m, d
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func daysIn(y, m int) int {
	switch m {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

package value

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zone data for machines that have none
)

// dateStyle is the output format half of DateStyle. The zero value is unknown and makes date output fail.
type dateStyle uint8

const (
	styleISO dateStyle = iota + 1
	styleSQL
	stylePostgres
	styleGerman
)

// dateOrder is the field order half of DateStyle.
type dateOrder uint8

const (
	orderMDY dateOrder = iota
	orderDMY
	orderYMD
)

// intervalStyle is IntervalStyle. The zero value is unknown and makes interval output fail.
type intervalStyle uint8

const (
	intervalPostgres intervalStyle = iota + 1
	intervalVerbose
	intervalSQL
	intervalISO
)

// Settings are the session settings that text forms depend on. Until Set was told a setting, or after it was told one it
// does not understand, every conversion that needs it returns an error. bytea_output and extra_float_digits, which PostgreSQL
// does not report, are hex and 1 until set.
//
// A Settings may be used by several goroutines as long as none calls Set; copy it by value to change it.
type Settings struct {
	zone   *time.Location // nil: unknown
	style  dateStyle
	order  dateOrder
	escape bool // bytea_output = escape
	// interval is IntervalStyle; the zero value is unknown.
	interval intervalStyle
	// lessDigits is how far extra_float_digits is below 1, from where on floats are shown in their shortest exact form.
	lessDigits int
}

// Set takes one setting as PostgreSQL shows it: TimeZone, DateStyle, IntervalStyle, bytea_output, extra_float_digits. Other
// names are ignored. A value that is not understood makes the setting unknown and is an error, which the caller may ignore.
func (s *Settings) Set(name, value string) error {
	switch strings.ToLower(name) {
	case "timezone":
		loc, err := loadZone(value)
		s.zone = loc
		return err
	case "datestyle":
		style, order, err := parseDateStyle(value)
		s.style, s.order = style, order
		return err
	case "intervalstyle":
		var ok bool
		s.interval, ok = map[string]intervalStyle{"postgres": intervalPostgres, "postgres_verbose": intervalVerbose,
			"sql_standard": intervalSQL, "iso_8601": intervalISO}[strings.ToLower(value)]
		if !ok {
			return fmt.Errorf("unknown IntervalStyle %q", value)
		}
	case "extra_float_digits":
		n, err := strconv.Atoi(value)
		if err != nil || n < -15 || n > 3 {
			return fmt.Errorf("unknown extra_float_digits %q", value)
		}
		s.lessDigits = max(1-n, 0)
	case "bytea_output":
		switch strings.ToLower(value) {
		case "hex":
			s.escape = false
		case "escape":
			s.escape = true
		default:
			return fmt.Errorf("unknown bytea_output %q", value)
		}
	}
	return nil
}

// parseDateStyle reads the canonical form, e.g. "ISO, MDY" (show_datestyle, src/backend/commands/variable.c).
func parseDateStyle(value string) (dateStyle, dateOrder, error) {
	style, order, ok := strings.Cut(value, ", ")
	st := map[string]dateStyle{"ISO": styleISO, "SQL": styleSQL, "Postgres": stylePostgres, "German": styleGerman}[style]
	or, known := map[string]dateOrder{"MDY": orderMDY, "DMY": orderDMY, "YMD": orderYMD}[order]
	if !ok || st == 0 || !known {
		return 0, 0, fmt.Errorf("unknown DateStyle %q", value)
	}
	return st, or, nil
}

func (s *Settings) location() (*time.Location, error) {
	if s == nil || s.zone == nil {
		return nil, failHint(stateNotSupported, "the session's time zone is not supported for protected columns",
			"Set TimeZone to a name of the IANA database, such as Europe/Berlin, or to UTC.")
	}
	return s.zone, nil
}

func (s *Settings) dates() (dateStyle, dateOrder, error) {
	if s == nil || s.style == 0 {
		return 0, 0, failHint(stateNotSupported, "the session's DateStyle is not supported for protected columns", "Set DateStyle to ISO.")
	}
	return s.style, s.order, nil
}

func (s *Settings) intervals() (intervalStyle, error) {
	if s == nil || s.interval == 0 {
		return 0, failHint(stateNotSupported, "the session's IntervalStyle is not supported for protected columns", "Set IntervalStyle to postgres.")
	}
	return s.interval, nil
}

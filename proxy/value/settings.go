package value

import (
	"fmt"
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

// Settings are the session settings that text forms depend on. Until Set was told a setting, or after it was told one it
// does not understand, every conversion that needs it returns an error. bytea_output, which PostgreSQL does not report, is
// hex until set.
//
// A Settings may be used by several goroutines as long as none calls Set; copy it by value to change it.
type Settings struct {
	zone   *time.Location // nil: unknown
	style  dateStyle
	order  dateOrder
	escape bool // bytea_output = escape
}

// Set takes one setting as PostgreSQL reports it in ParameterStatus: TimeZone, DateStyle, bytea_output. Other names are
// ignored. A value that is not understood makes the setting unknown and is an error, which the caller may ignore.
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

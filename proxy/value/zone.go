package value

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// fixedZone is how PostgreSQL reports SET TIME ZONE with an interval or a number: pg_tzset_offset, src/timezone/pgtz.c.
// The sign inside the brackets is ISO's (east positive), the one after them POSIX's. PostgreSQL refuses zones with seconds.
var fixedZone = regexp.MustCompile(`^<([+-])(\d\d)(:\d\d)?>([+-])(\d\d)(:\d\d)?$`)

// zoneName is the shape of a name in the IANA database.
var zoneName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z][A-Za-z0-9_+-]*){0,2}$`)

// loadZone resolves a TimeZone setting exactly or not at all. POSIX specifications are not resolved: what EST5EDT means
// depends on whether the server found a file of that name.
func loadZone(name string) (*time.Location, error) {
	if m := fixedZone.FindStringSubmatch(name); m != nil {
		if m[1] == m[4] || m[2] != m[5] || m[3] != m[6] {
			return nil, fmt.Errorf("unsupported time zone %q", name)
		}
		sec := 3600*number(m[2]) + 60*number(m[3])
		if m[1] == "-" {
			sec = -sec
		}
		return time.FixedZone(m[1]+m[2]+m[3], sec), nil
	}
	top, _, nested := strings.Cut(name, "/")
	switch {
	case !zoneName.MatchString(name),
		!nested && name != "GMT0" && name != "GMT+0" && name != "GMT-0" && strings.ContainsAny(name, "0123456789"),
		// Local is Go's word for this machine's zone; right/ has leap seconds, which PostgreSQL refuses.
		name == "Local", name == "localtime", name == "posixrules", top == "right", top == "posix":
		return nil, fmt.Errorf("unsupported time zone %q", name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("unsupported time zone %q", name)
	}
	return loc, nil
}

// number reads two digits, with or without a colon in front; empty is 0.
func number(s string) int {
	s = strings.TrimPrefix(s, ":")
	if s == "" {
		return 0
	}
	return int(s[0]-'0')*10 + int(s[1]-'0')
}

// offsetAt is the zone's offset east of UTC in seconds, and its abbreviation, at an instant (seconds since 1970 UTC).
func offsetAt(loc *time.Location, unix int64) (int64, string) {
	name, off := time.Unix(unix, 0).In(loc).Zone()
	return int64(off), name
}

// localOffset is the offset east of UTC that PostgreSQL assumes for a local time (seconds since 1970 as if in UTC). In a gap
// it takes the offset before the transition, in an overlap the one after: DetermineTimeZoneOffset, src/backend/utils/adt/datetime.c.
func localOffset(loc *time.Location, local int64) int64 {
	t := time.Unix(local-86400, 0).In(loc)
	_, off := t.Zone()
	before := int64(off)
	_, end := t.ZoneBounds()
	if end.IsZero() {
		return before
	}
	_, off = end.Zone()
	after := int64(off)
	boundary := end.Unix()
	beforeTime, afterTime := local-before, local-after
	switch {
	case beforeTime <= boundary && afterTime < boundary:
		return before
	case beforeTime > boundary && afterTime >= boundary:
		return after
	case beforeTime > afterTime:
		return before
	}
	return after
}

package value

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"time"
)

// testZones are SET TIME ZONE operands: DST in both hemispheres, negative DST, half hours, a skipped day, fixed offsets.
var testZones = []string{"'UTC'", "'Europe/Berlin'", "'America/New_York'", "'Australia/Lord_Howe'", "'Europe/Dublin'", "'Africa/Casablanca'", "'Pacific/Apia'", "'Asia/Kolkata'", "'America/St_Johns'", "'Europe/Moscow'",
	"'Africa/Monrovia'", "interval '+02:00' hour to minute", "interval '-05:30' hour to minute", "'<+13:45>-13:45'", "-7.5", "'Asia/Kathmandu'", "'America/Sao_Paulo'", "'GMT'", "'Etc/GMT+5'"}

func timeColumns(r *rand.Rand, full bool) []column {
	n := 120
	if full {
		n = 600
	}
	seeds := timeTexts(r, n/2)
	alphabet := "0123456789-:. +TZtzBCad/eU"
	texts := append(append(timeEdges(), seeds...), mutate(r, append(timeEdges(), seeds...), alphabet, n)...)
	tz, ts, day := timeBinaries(r, 8), timeBinaries(r, 8), timeBinaries(r, 4)
	out := []column{
		{"timestamptz", Type{OIDTimestamptz, -1}, OIDTimestamptz, cast("timestamptz"), texts, tz, notISO},
		{"date", Type{OIDDate, -1}, OIDDate, cast("date"), texts, day, notISO},
	}
	few := texts[:len(timeEdges())+n/4]
	return append(out,
		column{"timestamptz(3)", Type{OIDTimestamptz, 3}, OIDTimestamptz, cast("timestamptz(3)"), few, tz, notISO},
		column{"timestamptz(0)", Type{OIDTimestamptz, 0}, OIDTimestamptz, cast("timestamptz(0)"), few, tz, notISO},
		column{"timestamptz from timestamp", Type{OIDTimestamptz, -1}, OIDTimestamp, cast("timestamptz"), few, ts, notISO},
		column{"timestamptz from date", Type{OIDTimestamptz, -1}, OIDDate, cast("timestamptz"), few, day, notISO},
		column{"date from timestamptz", Type{OIDDate, -1}, OIDTimestamptz, cast("date"), few, tz, notISO},
		column{"date from timestamp", Type{OIDDate, -1}, OIDTimestamp, cast("date"), few, ts, notISO})
}

func timeEdges() []string {
	return []string{"2020-01-02", "2020-1-2", "0001-01-01", "0001-01-01 BC", "4714-11-24 BC", "4714-11-23 BC", "5874897-12-31", "5874898-01-01", "294276-12-31 23:59:59.999999Z", "294277-01-01 00:00:00Z", "294276-12-31 23:59:59.9999999Z", "4714-11-24 00:00:00+00 BC", "4714-11-23 23:59:59+00 BC", "4714-11-24 00:00:00+01 BC",
		"2000-02-29", "1900-02-29", "2001-02-29", "2020-13-01", "2020-00-01", "2020-01-00", "2020-01-32", "2020-04-31", "0000-01-01", "0000-01-01 BC", "20200102", "20200102 030405", "20201302", "20200102T03:04:05Z", "infinity", "-infinity", " Infinity ", "+infinity", "epoch", "EPOCH", "now", "today", "tomorrow", "yesterday", "allballs",
		"2020-01-02 03:04:05", "2020-01-02T03:04:05", "2020-01-02t03:04:05z", "2020-01-02 03:04", "2020-01-02 3:4:5", "2020-01-02 24:00:00", "2020-01-02 24:00:01", "2020-01-02 23:59:60", "2020-01-02 23:59:60.5", "2020-01-02 12:34:60.25", "2020-01-02 23:60:00", "2020-01-02 25:00", "2020-01-02 03:04:05.123456", "2020-01-02 03:04:05.1234565", "2020-01-02 03:04:05.9999995", "2020-01-02 23:59:59.9999999",
		"2020-01-02 03:04:05.5+01", "2020-01-02 03:04:05.5+0130", "2020-01-02 03:04:05.5 +01:30", "2020-01-02 03:04:05.5-01:30:15", "2020-01-02 03:04:05+15:59:59", "2020-01-02 03:04:05+16", "2020-01-02 03:04:05+01:60", "2020-01-02 03:04:05 UTC", "2020-01-02 03:04:05 gmt", "2020-01-02 03:04:05Z", "2020-01-02 03:04:05 Z", "2020-01-02 03:04:05 PST", "2020-07-02 03:04:05 Europe/Berlin", "2020-03-29 02:30 Europe/Berlin", "2020-10-25 02:30 Europe/Berlin", "2020-07-02 03:04:05 america/new_york", "2020-07-02 03:04:05 Etc/GMT+5", "2020-07-02 03:04:05 Nowhere/Land",
		"2020-01-02 +01", "2020-01-02 -05", "2020-01-02+01", "2020-01-02 Z", "2020-01-02Z", "2020-01-02 BC", "2020-01-02 bc", "2020-01-02 AD", "2020-01-02 03:04:05 BC", "0044-03-15 03:04:05+01 BC", "0044-03-15 03:04:05Z BC", "0044-03-15 03:04:05 UTC BC", "2020-01-02 03:04:05 BC +01", "20-01-02", "020-01-02", "020-1-2", "12020-01-02", "2020-001-02", "2020-01-002", "01/02/2020", "2020/01/02", "2020.01.02", "Jan 2 2020", "2-Jan-2020", "2020-Jan-02", "2020-123", "2020.123", "J2451187", "", " ", "x", "2020-01-02x", "2020-01-02 03:04:05x", "2020-01-02 03:04:05 x", "2020-01-02  \t03:04:05", "2020-01-02 T03:04:05", "2020-01-02 03:04:05.", "2020-01-02 03:04:05.5.5", "2020-01-02 03:04:05:06", "2020-01-02 03:04 AM", "2020-01-02 03:04:05\n", "999999999-01-01", "99999999999-01-01", "2020-01-02 03:04:05.0000005", "2020-01-02 03:04:05.0000015", "2020-01-02 03:04:05." + strings.Repeat("1", 60), "2020-01-02 00:00:00 +1", "2020-01-02 00:00:00+1:00", "2020-01-02 00:00:00+100", "2020-01-02 00:00:00+00000", "2020-01-02 00:00:00--01", "2011-12-30 12:00", "2011-12-29 23:59:59.9999999", "1893-04-01 00:03:14", "1972-01-07 00:22:15"}
}

// timeTexts are ISO forms, many of them close to a change of clocks.
func timeTexts(r *rand.Rand, n int) []string {
	changes := []string{"2020-03-29T01:00:00Z", "2020-10-25T01:00:00Z", "2021-03-14T07:00:00Z", "2021-11-07T06:00:00Z", "2020-04-04T15:00:00Z", "2020-10-03T15:30:00Z", "2014-10-25T22:00:00Z", "2011-12-30T10:00:00Z", "2018-11-04T03:00:00Z", "2023-03-19T02:00:00Z", "2023-04-23T02:00:00Z", "2060-10-31T01:00:00Z", "1916-04-30T22:00:00Z", "1945-05-24T00:00:00Z", "1883-11-18T17:00:00Z"}
	zones := []string{"", "", "", "Z", "+00", "+01", "-05:30", "+05:45", " UTC", " America/New_York", " Europe/London"}
	var out []string
	for range n {
		at, _ := time.Parse(time.RFC3339, changes[r.IntN(len(changes))])
		at = at.Add(time.Duration(r.Int64N(int64(6*time.Hour))) - 3*time.Hour + time.Duration(r.IntN(26)-13)*time.Hour)
		switch r.IntN(4) {
		case 0:
			at = time.Unix(r.Int64N(8e9)-4e9, r.Int64N(1e9)).UTC()
		case 1:
			at = at.Truncate(30 * time.Minute)
		case 2:
			at = time.Unix(r.Int64N(250e9)-62e9, 0).UTC()
		}
		if at.Year() < 1 {
			continue
		}
		layout := []string{"2006-01-02", "2006-01-02 15:04:05", "2006-01-02 15:04:05.999999", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04"}[r.IntN(5)]
		zone := zones[r.IntN(len(zones))]
		if layout == "2006-01-02" && strings.TrimSpace(zone) == zone {
			zone = ""
		}
		out = append(out, at.Format(layout)+zone)
	}
	return out
}

func timeBinaries(r *rand.Rand, size int) [][]byte {
	var out [][]byte
	edges := []int64{0, 1, -1, math.MaxInt64, math.MinInt64, minTimestamp, minTimestamp - 1, endTimestamp, endTimestamp - 1, math.MaxInt64 - 1}
	if size == 4 {
		edges = []int64{0, 1, -1, math.MaxInt32, math.MinInt32, minDate, minDate - 1, endDate, endDate - 1, 106751991, 106751990, 106741034, 106741035}
	}
	for range 40 {
		edges = append(edges, int64(r.Uint64())>>(8*(8-size)+1+r.IntN(8)), int64(r.Uint64())>>(8*(8-size)+r.IntN(8)))
	}
	for range 100 {
		edges = append(edges, (r.Int64N(4e9)-3e9)*(1+int64(size/8)*999_999))
	}
	for _, v := range edges {
		out = append(out, binary.BigEndian.AppendUint64(nil, uint64(v))[8-size:])
	}
	return out
}

// notISO reports the forms that we leave to PostgreSQL: all but ISO dates with what may follow them.
func notISO(text string) bool { return !isoForm.MatchString(text) }

var isoForm = regexp.MustCompile(`^\s*(?i:infinity|-infinity|epoch)\s*$|^\s*((\d{3,9}-\d{1,2}-\d{1,2}|\d{8})((\s+|[tT])\d{1,2}:\d{1,2}(:\d{1,2}(\.\d{1,60})?)?)?((?i:z)|\s+((?i:z|utc|gmt)|Europe/Berlin|America/New_York)|\s*[-+]\d{1,2}(:\d\d){0,2}|\s*[-+]\d{4})?(\s+(?i:ad|bc))?)\s*$`)

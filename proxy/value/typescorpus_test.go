package value

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
)

// fixedColumns are those of character(n), inet, cidr, macaddr and json.
func fixedColumns(r *rand.Rand) []column {
	texts := []string{"", "a", "abc", "abcd", "abc ", "abc   ", "abc  d", "äöü", "äöüß", " a", "   ", "    ", "a\x00b", "\xff", "日本語文", "𝄞𝄞𝄞", "a\t", "ab\n "}
	texts = append(texts, mutate(r, texts, "ab \xc3\xa4\xe2\x82\xac\x00\xf0", 300)...)
	raw := byteSlices(texts)
	insert := "insert into c3 values ($1) returning c, c"
	out := []column{
		{"char(3)", Type{OIDBpchar, 7}, OIDBpchar, insert, texts, raw, nil},
		{"char(3) from text", Type{OIDBpchar, 7}, OIDText, insert, texts, raw, nil},
		{"char(3) from varchar", Type{OIDBpchar, 7}, OIDVarchar, insert, texts, raw, nil},
	}
	hosts := []string{"192.0.2.1", "192.0.2.1/24", "192.0.2.0/24", "0.0.0.0/0", "255.255.255.255/32", "10.1", "10", "10/8", "192.0.2.1/33", "192.0.2.1/-1", "192.0.2.256", "::", "::1", "::1/128", "2001:db8::1", "2001:db8::/32", "2001:DB8:0:0:1:0:0:1", "::ffff:192.0.2.1",
		"::192.0.2.1", "::ffff:0:192.0.2.1", "1:0:0:2:0:0:0:3", "1::2:0:0:3/64", "fe80::1%eth0", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "0:0:0:0:0:0:0:0/0", "::10.0.0.0", "::0.1.0.0", "::1:0", "::ffff:1:2", "x", "", " 192.0.2.1", "192.0.2.1 ", "192.0.2.1/", "192.0.2.1/08", "01.2.3.4", "1.2.3.4/0", "1.2.3.4.5", "0x0a010203", "a::g"}
	for range 150 {
		var a [8]string
		for i := range a {
			a[i] = strconv.FormatInt(r.Int64N(0x10000)*r.Int64N(2), 16)
		}
		hosts = append(hosts, strings.Join(a[:], ":"), fmt.Sprintf("%d.%d.%d.%d/%d", r.IntN(256), r.IntN(256), r.IntN(4), 0, r.IntN(33)))
	}
	hosts = append(hosts, mutate(r, hosts, "0123456789abcdef:./ ", 400)...)
	var bins [][]byte
	for _, s := range []string{"\x02\x20\x00\x04\xc0\x00\x02\x01", "\x02\x18\x00\x04\xc0\x00\x02\x00", "\x02\x18\x01\x04\xc0\x00\x02\x00", "\x03\x80\x00\x10aaaaaaaaaaaaaaaa", "\x03\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", "\x04\x00\x00\x04aaaa", "\x02\x21\x00\x04aaaa", "\x02\x20\x00\x05aaaaa", "\x02\x20\x00", "\x02", ""} {
		bins = append(bins, []byte(s))
	}
	short := func(text string) bool { return !fullAddress.MatchString(text) }
	macs := []string{"08:00:2b:01:02:03", "08-00-2b-01-02-03", "08002b:010203", "08002b-010203", "0800.2b01.0203", "0800-2b01-0203", "08002b010203", "8:0:2b:1:2:3", "08:00:2B:01:02:03", " 08:00:2b:01:02:03 ", "08:00:2b:01:02", "08:00:2b:01:02:03:04", "", "x", "08:00:2b:01:02:0g", "08:00:2b-01:02:03", "0x:00:2b:01:02:03"}
	macs = append(macs, mutate(r, macs, "0123abc:-. g", 300)...)
	docs := []string{`{}`, ` { "b" : 1.0 , "a":"x" } `, `{"a":1,"a":2}`, `"\u0000"`, `"\ud83d"`, `"\ude00x"`, `1.50`, `01`, ``, `{`, `[1,]`, `"\x"`, "\"\t\"", `nul`, `null`, `1e999999`, `[1e131072]`, `"é"`, "\v1", `1 2`}
	docs = append(append(docs, mutate(r, docs, "{}[]\",:\\u0123aé.eE+- \ntn", 600)...), randomJSON(r, 100)...)
	return append(out,
		column{"inet", Type{OIDInet, -1}, OIDInet, cast("inet"), hosts, bins, short},
		column{"cidr", Type{OIDCidr, -1}, OIDCidr, cast("cidr"), hosts, bins, short},
		column{"inet from cidr", Type{OIDInet, -1}, OIDCidr, cast("inet"), hosts, bins, short},
		column{"macaddr", Type{OIDMacaddr, -1}, OIDMacaddr, cast("macaddr"), macs, [][]byte{[]byte("abcdef"), {0, 1, 2, 3, 4, 5}, {}, {1}}, func(text string) bool { return !fullMac.MatchString(text) }},
		column{"json", Type{OIDJSON, -1}, OIDJSON, cast("json"), docs, byteSlices(docs), nil})
}

var (
	fullAddress = regexp.MustCompile(`^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(/[1-9]?\d)?$|^([0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}(/\d\d)?$`)
	fullMac     = regexp.MustCompile(`^\s*[0-9a-fA-F]{2}((:[0-9a-fA-F]{2}){5}|(-[0-9a-fA-F]{2}){5}|([0-9a-fA-F]{2}){5})\s*$`)
)

// floatColumns: edges, powers of two and ten and their neighbours, random bits.
func floatColumns(r *rand.Rand) []column {
	texts := append(floatTexts(r), " 1 ", "1 2", "1e5x", ".5", "5.", ".", "e5", "-.5e-2", "+inf", "-inf", "infinity", "INFINITY", "infi", "nanx", "-nan", "nan(1)", "0x1p3", "1e", "1e+", "1_0", "1e 5", "--1", "1e-324", "4.9e-324", "2.4e-324", "1.7976931348623157e308", "1.7976931348623159e308", "1e-45", "7e-46", "3.4028235e38", "3.4028236e38", "0.000000000000000000000000000000000000000000000000000000", "1e99999999999999999999", "0e99999999999999999999")
	bins8, bins4 := floatBinaries(r, OIDFloat8), floatBinaries(r, OIDFloat4)
	add := func(v float64) {
		for _, f := range []float64{v, math.Nextafter(v, 0), math.Nextafter(v, math.Inf(1)), -v} {
			bins8 = append(bins8, binary.BigEndian.AppendUint64(nil, math.Float64bits(f)))
		}
		g := float32(v)
		for _, f := range []float32{g, math.Nextafter32(g, 0), math.Nextafter32(g, float32(math.Inf(1)))} {
			bins4 = append(bins4, binary.BigEndian.AppendUint32(nil, math.Float32bits(f)))
		}
	}
	for i := -60; i <= 90; i++ {
		add(math.Ldexp(1, i))
	}
	for i := -46; i <= 40; i++ {
		add(math.Pow10(i))
	}
	for range 400 {
		bins8 = append(bins8, binary.BigEndian.AppendUint64(nil, r.Uint64()))
		bins4 = append(bins4, binary.BigEndian.AppendUint32(nil, r.Uint32()))
		add(float64(r.Int64N(1 << 56)))
		add(float64(r.Int64N(1<<20)) / 1000)
		add(float64(r.Int64N(1<<30)) * 1e9)
	}
	out := []column{
		{"float8", Type{OIDFloat8, -1}, OIDFloat8, cast("float8"), texts, bins8, oddFloat},
		{"float4", Type{OIDFloat4, -1}, OIDFloat4, cast("float4"), texts, bins4, oddFloat},
		{"float8 from float4", Type{OIDFloat8, -1}, OIDFloat4, cast("float8"), texts, bins4, oddFloat},
		{"float4 from float8", Type{OIDFloat4, -1}, OIDFloat8, cast("float4"), texts, bins8, oddFloat},
	}
	numbers := numericTexts(r, 100)
	for _, t := range []struct {
		oid  uint32
		name string
	}{{OIDFloat4, "float4"}, {OIDFloat8, "float8"}} {
		out = append(out, column{t.name + " from numeric", Type{t.oid, -1}, OIDNumeric, cast(t.name), numbers, numericBinaries(), blankExponent},
			column{t.name + " from int8", Type{t.oid, -1}, OIDInt8, cast(t.name), []string{"0", "-1", "9223372036854775807", "16777217", "x"}, intBinaries(r, OIDInt8), nil},
			column{t.name + " from int4", Type{t.oid, -1}, OIDInt4, cast(t.name), []string{"0", "-1", "2147483647", "16777217"}, intBinaries(r, OIDInt4), nil})
	}
	return out
}

func intervalColumn(r *rand.Rand) column {
	seeds := []string{"1 day", "1 year 2 mons 3 days 04:05:06", "-1 year -2 mons +3 days -04:05:06.789", "1 mon -1 day", "04:05:06", "-04:05:06.1", "1-2", "-1-2", "1-2 3 4:05:06", "+1-2 -3 +4:05:06", "3 4:05", "@ 1 year 2 mons", "@ 1 day ago", "1 week 2 days", "1.5 hours", "1 hour 30 minutes", "1.000001 secs", "-0.5 second", "30", "P1Y2M3DT4H5M6.789S", "PT0S", "P1W", "P-1M", "PT-1.5S", "P1DT", "P", "PT", "P1", "p1y", "1 day 1 day", "1y2d", "00:00:00", "0", "", " ", "x", "1 daze", "infinity", "24:00:00", "100:00:00", "1:2", "1:60", "1:59:60", "1 day 24:00:00", "25 hours", "1 month ago", "1 fortnight", "1 decade", "P0001-02-03T04:05:06", "999999999 days", "178956970 years", "178956971 years", "2147483647 days", "2147483648 days", "1 hr 2 min 3 sec", "1 day 2", "- 1 day", "1 day -2:03", "0.0000005 sec", "0.0000015 s", "PT0.0000005S", "3 days 5 seconds", "1 days 3.000004 seconds", "0 years 0 mons 1 days 0 hours 0 mins 0.00 secs", "1Y", "2 M", "2:03:04.5678901", "1 2:03", "1 year 1 2:03"}
	texts := append(seeds, mutate(r, seeds, "0123456789-+:. daysmonyearPTHMS@", 700)...)
	var bins [][]byte
	for range 300 {
		v := interval{int64(r.Uint64()) >> r.IntN(64), int64(int32(r.Uint32())) >> r.IntN(32), int64(int32(r.Uint32())) >> r.IntN(32)}
		switch r.IntN(6) {
		case 0:
			v.days, v.us = 0, 0
		case 1:
			v.months = 0
		case 2:
			v.us = v.us / usPerSecond * usPerSecond
		case 3:
			v.months, v.days = 0, 0
		}
		bins = append(bins, v.append([]byte{}))
	}
	return column{"interval", Type{OIDInterval, -1}, OIDInterval, cast("interval"), texts, bins, func(text string) bool { return !plainInterval.MatchString(text) }}
}

var plainInterval = regexp.MustCompile(`^(\d{1,7} years? )?(\d{1,8} mons? )?\d{1,8} days?( \d{1,8}:[0-5]\d:[0-5]\d(\.\d{1,6})?)?$|^P(\d{1,6}Y)?(\d{1,6}M)?\d{1,6}DT\d{1,6}H\d{1,6}S$`)

// timestampColumns: timestamp, time and timetz.
func timestampColumns(r *rand.Rand) []column {
	texts := append(timeEdges(), timeTexts(r, 60)...)
	ts, day := timeBinaries(r, 8), timeBinaries(r, 4)
	clocks := []string{"00:00", "10:20", "10:20:30", "10:20:30.123456", "10:20:30.1234565", "23:59:59.9999995", "24:00:00", "24:00:00.000001", "23:59:60", "25:00", "1:2:3", "10:20:30+01", "10:20:30 +01:30", "10:20:30-15:59", "10:20:30+16", "10:20:30Z", "10:20:30 UTC", "10:20 AM", "allballs", "now", "", "x", "10", "102030", "10:20:30 Europe/Berlin", "2020-01-02 10:20:30", "2020-01-02 10:20:30.5", "2020-01-02", "2020-01-02 00:00", "2020-13-02 10:20", "10:60", "10:20:61", "10:20:30.5-08", "T10:20", "10:20:30.", "-10:20", "10:20:30+0130", "04:05:06.789-8"}
	clocks = append(clocks, mutate(r, clocks, "0123456789:.+-Z ", 150)...)
	var times, zoned [][]byte
	for range 60 {
		us := r.Int64N(usPerDay + 2)
		if r.IntN(4) == 0 {
			us = us / usPerSecond * usPerSecond
		}
		times = append(times, binary.BigEndian.AppendUint64(nil, uint64(us)))
		zone := int32(r.IntN(2*maxZone+10) - maxZone - 5)
		if r.IntN(2) == 0 {
			zone = zone / 1800 * 1800
		}
		zoned = append(zoned, binary.BigEndian.AppendUint32(times[len(times)-1:][0][:8:8], uint32(zone)))
	}
	odd := func(text string) bool { return !plainClock.MatchString(text) }
	return []column{
		{"timestamp", Type{OIDTimestamp, -1}, OIDTimestamp, cast("timestamp"), texts, ts, notISO},
		{"timestamp(2)", Type{OIDTimestamp, 2}, OIDTimestamp, cast("timestamp(2)"), texts, ts, notISO},
		{"timestamp from date", Type{OIDTimestamp, -1}, OIDDate, cast("timestamp"), texts, day, notISO},
		{"timestamp from timestamptz", Type{OIDTimestamp, -1}, OIDTimestamptz, cast("timestamp"), texts, ts, notISO},
		{"time", Type{OIDTime, -1}, OIDTime, cast("time"), clocks, times, odd},
		{"time(3)", Type{OIDTime, 3}, OIDTime, cast("time(3)"), clocks, times, odd},
		{"timetz", Type{OIDTimetz, -1}, OIDTimetz, cast("timetz"), clocks, zoned, odd},
		{"timetz(0)", Type{OIDTimetz, 0}, OIDTimetz, cast("timetz(0)"), clocks, zoned, odd},
		{"interval from time", Type{OIDInterval, -1}, OIDTime, cast("interval"), clocks, times, odd},
	}
}

var plainClock = regexp.MustCompile(`^[01]\d:[0-5]\d(:[0-5]\d(\.\d{1,7})?)?[-+]\d\d$`)

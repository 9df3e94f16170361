package value

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func mod(precision, scale int32) int32 { return (precision<<16 | scale&0x7ff) + 4 }

func testSettings(t testing.TB, zone, style string) *Settings {
	var s Settings
	if err := s.Set("TimeZone", zone); err != nil {
		t.Fatal(err)
	}
	if err := s.Set("DateStyle", style); err != nil {
		t.Fatal(err)
	}
	if err := s.Set("IntervalStyle", "postgres"); err != nil {
		t.Fatal(err)
	}
	return &s
}

// TestCanonical pins the canonical bytes: they are in stored data and must never change.
func TestCanonical(t *testing.T) {
	s := testSettings(t, "Europe/Berlin", "ISO, MDY")
	for _, c := range []struct {
		oid  uint32
		mod  int32
		keep bool
		text string
		want string
		out  string // "": the same text
	}{
		{OIDBool, -1, false, "t", "0101", ""},
		{OIDBool, -1, false, "f", "0100", ""},
		{OIDInt2, -1, false, "-1", "02ffffffffffffffff", ""},
		{OIDInt4, -1, false, "258", "020000000000000102", ""},
		{OIDInt8, -1, false, "258", "020000000000000102", ""},
		{OIDNumeric, -1, false, "0", "03000000", ""},
		{OIDNumeric, -1, false, "-0.00", "03000000", "0"},
		{OIDNumeric, -1, false, "1.50", "030000000001" + "1388", "1.5"},
		{OIDNumeric, -1, true, "1.50", "031000020000" + "00011388", ""},
		{OIDNumeric, mod(10, 2), false, "1.5", "030000000001" + "1388", "1.50"},
		{OIDNumeric, mod(10, 2), false, "1.505", "030000000001" + "13ec", "1.51"},
		{OIDNumeric, -1, false, "-10000", "030100010001", ""},
		{OIDNumeric, -1, false, "0.0001", "0300ffff0001", ""},
		{OIDNumeric, -1, true, "0.000", "0310" + "00030000", ""},
		{OIDNumeric, -1, false, "NaN", "0302", ""},
		{OIDNumeric, -1, true, "Infinity", "0303", ""},
		{OIDNumeric, -1, true, "-Infinity", "0304", ""},
		{OIDText, -1, false, "é", "04c3a9", ""},
		{OIDText, -1, false, "", "04", ""},
		{OIDVarchar, 7, false, "abc  ", "04616263", "abc"},
		{OIDBytea, -1, false, `\x00ff`, "0500ff", ""},
		{OIDDate, -1, false, "2000-01-02", "0600000001", ""},
		{OIDDate, -1, false, "infinity", "067fffffff", ""},
		{OIDDate, -1, false, "-infinity", "0680000000", ""},
		{OIDTimestamptz, -1, false, "2000-01-01 01:00:00.000001+01", "070000000000000001", ""},
		{OIDTimestamptz, -1, false, "1999-12-31 23:59:59Z", "07fffffffffff0bdc0", "2000-01-01 00:59:59+01"},
		{OIDTimestamptz, -1, false, "infinity", "077fffffffffffffff", ""},
		{OIDTimestamptz, -1, false, "-infinity", "078000000000000000", ""},
		{OIDUUID, -1, false, "00112233-4455-6677-8899-aabbccddeeff", "0800112233445566778899aabbccddeeff", ""},
		{OIDJSONB, -1, false, `{"b":1.0,"a":"x"}`, "09" + hex.EncodeToString([]byte(`{"a": "x", "b": 1}`)), `{"a": "x", "b": 1}`},
		{OIDJSONB, -1, true, `{"b":1.0,"a":"x"}`, "09" + hex.EncodeToString([]byte(`{"a": "x", "b": 1.0}`)), `{"a": "x", "b": 1.0}`},
	} {
		typ := Type{c.oid, c.mod}
		got, err := Decode([]byte("pre"), typ, Options{Purpose: Store, KeepScale: c.keep}, 0, FormatText, []byte(c.text), s)
		if err != nil || string(got[:3]) != "pre" || hex.EncodeToString(got[3:]) != c.want {
			t.Errorf("%d %q: %x, want %s (%v)", c.oid, c.text, got, c.want, err)
			continue
		}
		out := c.out
		if out == "" {
			out = c.text
		}
		if text, err := Text([]byte("pre"), got[3:], typ, s); err != nil || string(text) != "pre"+out {
			t.Errorf("%d %q: shown as %q, want %q (%v)", c.oid, c.text, text, out, err)
		}
	}
}

// TestEveryTypeIsListed guards the tables that RowDescription and array parameters are made from.
func TestEveryTypeIsListed(t *testing.T) {
	for _, oid := range []uint32{OIDBool, OIDBytea, OIDInt8, OIDInt2, OIDInt4, OIDText, OIDVarchar, OIDDate, OIDTimestamptz, OIDNumeric, OIDUUID, OIDJSONB,
		OIDJSON, OIDFloat4, OIDFloat8, OIDBpchar, OIDTime, OIDTimetz, OIDTimestamp, OIDInterval, OIDInet, OIDCidr, OIDMacaddr} {
		if _, ok := logical(oid); !ok || ElementOID(ArrayOID(oid)) != oid || strings.HasPrefix(TypeName(oid), "type with") {
			t.Errorf("%d is incomplete", oid)
		}
	}
	if _, ok := logical(OIDUnknown); ok || ElementOID(0) != 0 || ElementOID(OIDText) != 0 || ArrayOID(26) != 0 || TypeLen(OIDUUID) != 16 || TypeLen(OIDText) != -1 || TypeLen(26) != -1 {
		t.Error("unknown types are taken for known ones")
	}
}

func state(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	return e.SQLSTATE
}

func TestDecodeRefusals(t *testing.T) {
	s := testSettings(t, "UTC", "ISO, MDY")
	store, compare := Options{Purpose: Store}, Options{Purpose: Compare}
	for _, c := range []struct {
		name     string
		t        Type
		o        Options
		declared uint32
		format   int16
		raw      string
		s        *Settings
		state    string
	}{
		{"no purpose", Type{OIDText, -1}, Options{}, 0, 0, "a", s, stateInternal},
		{"unknown format", Type{OIDText, -1}, store, 0, 2, "a", s, stateParameter},
		{"unknown type", Type{600, -1}, store, 0, 0, "a", s, stateNotSupported},
		{"zero type", Type{}, store, 0, 0, "a", s, stateNotSupported},
		{"text for integer", Type{OIDInt4, -1}, store, OIDText, 0, "1", s, stateMismatch},
		{"varchar for numeric", Type{OIDNumeric, -1}, store, OIDVarchar, 0, "1", s, stateMismatch},
		{"integer for text", Type{OIDText, -1}, store, OIDInt4, 0, "1", s, stateMismatch},
		{"text for date", Type{OIDDate, -1}, store, OIDText, 0, "2020-01-01", s, stateMismatch},
		{"text for timestamptz", Type{OIDTimestamptz, -1}, store, OIDText, 0, "2020-01-01", s, stateMismatch},
		{"text for bool", Type{OIDBool, -1}, store, OIDText, 0, "t", s, stateMismatch},
		{"text for jsonb", Type{OIDJSONB, -1}, store, OIDText, 0, "{}", s, stateMismatch},
		{"text for bytea", Type{OIDBytea, -1}, store, OIDText, 0, "a", s, stateMismatch},
		{"text for uuid", Type{OIDUUID, -1}, store, OIDText, 0, "a", s, stateMismatch},
		{"float compared with numeric", Type{OIDNumeric, -1}, compare, OIDFloat8, 0, "1", s, stateNotSupported},
		{"fraction compared with integer", Type{OIDInt4, -1}, compare, OIDNumeric, 0, "1.5", s, stateNotSupported},
		{"timestamp compared with date", Type{OIDDate, -1}, compare, OIDTimestamp, 0, "2020-01-01", s, stateNotSupported},
		{"text compared with integer", Type{OIDInt4, -1}, compare, OIDText, 0, "1", s, stateNoOperator},
		{"date compared with integer", Type{OIDInt4, -1}, compare, OIDDate, 0, "2020-01-01", s, stateNoOperator},
		{"integer compared with text", Type{OIDText, -1}, compare, OIDInt4, 0, "1", s, stateNoOperator},
		{"too large to compare", Type{OIDInt4, -1}, compare, 0, 0, "10000000000", s, stateOutOfRange},
		{"character compared with varchar", Type{OIDVarchar, -1}, compare, OIDBpchar, 0, "a", s, stateNotSupported},
		{"time zone unknown", Type{OIDTimestamptz, -1}, store, 0, 0, "2020-01-01", &Settings{}, stateNotSupported},
		{"no settings", Type{OIDTimestamptz, -1}, store, 0, 0, "2020-01-01", nil, stateNotSupported},
		{"hexadecimal integer", Type{OIDInt4, -1}, store, 0, 0, "0x1f", s, stateNotSupported},
		{"now", Type{OIDTimestamptz, -1}, store, 0, 0, "now", s, stateNotSupported},
		{"month name", Type{OIDDate, -1}, store, 0, 0, "Jan 5 2020", s, stateNotSupported},
		{"abbreviation", Type{OIDTimestamptz, -1}, store, 0, 0, "2020-01-05 00:00 PST", s, stateNotSupported},
		{"too long", Type{OIDVarchar, 7}, store, 0, 0, "abcd", s, stateTooLong},
		{"one bomb", Type{OIDJSONB, -1}, store, 0, 0, "[" + strings.Repeat("1e131071,", 100) + "1]", s, stateLimitExceeded},
		{"too many", Type{OIDJSONB, -1}, store, 0, 0, "[" + strings.Repeat("1,", maxJSONValues) + "1]", s, stateLimitExceeded},
		{"too deep", Type{OIDJSONB, -1}, store, 0, 0, strings.Repeat("[", 1002) + strings.Repeat("]", 1002), s, stateTooComplex},
	} {
		got, err := Decode([]byte("pre"), c.t, c.o, c.declared, c.format, []byte(c.raw), c.s)
		if state(err) != c.state || string(got) != "pre" {
			t.Errorf("%s: %q %v, want %s", c.name, got, err, c.state)
		}
	}
}

// TestCompareTakesTheValueAsGiven: what Store would refuse or round.
func TestCompareTakesTheValueAsGiven(t *testing.T) {
	for _, c := range []struct {
		t        Type
		declared uint32
		text     string
		want     string
	}{
		{Type{OIDVarchar, 7}, 0, "abcdef  ", "04" + hex.EncodeToString([]byte("abcdef  "))},
		{Type{OIDInt2, -1}, OIDInt8, "100000", "0200000000000186a0"},
		{Type{OIDNumeric, mod(3, 1)}, 0, "12345.67", "030000000001" + "0929" + "1a2c"},
	} {
		got, err := Decode(nil, c.t, Options{Purpose: Compare}, c.declared, FormatText, []byte(c.text), nil)
		if c.t.OID == OIDNumeric {
			c.want = "0300" + "0001" + "0001" + "0929" + "1a2c"
		}
		if err != nil || hex.EncodeToString(got) != c.want {
			t.Errorf("%q: %x, want %s (%v)", c.text, got, c.want, err)
		}
	}
}

// TestEncodeRefusesWhatDoesNotFit: canonical bytes come from an authenticated cell, but perhaps one of another column or age.
func TestEncodeRefusesWhatDoesNotFit(t *testing.T) {
	s := testSettings(t, "UTC", "ISO, MDY")
	for _, c := range []struct {
		name  string
		t     Type
		hex   string
		state string
	}{
		{"empty", Type{OIDText, -1}, "", stateCorrupted},
		{"text for integer", Type{OIDInt4, -1}, "0461", stateCorrupted},
		{"integer for text", Type{OIDText, -1}, "020000000000000001", stateCorrupted},
		{"jsonb for text", Type{OIDText, -1}, "0961", stateCorrupted},
		{"tag zero", Type{OIDText, -1}, "0061", stateCorrupted},
		{"unknown type", Type{600, -1}, "0461", stateNotSupported},
		{"short integer", Type{OIDInt8, -1}, "0200000001", stateCorrupted},
		{"wide integer", Type{OIDInt2, -1}, "020000000000010000", stateOutOfRange},
		{"bool 2", Type{OIDBool, -1}, "0102", stateCorrupted},
		{"no bool", Type{OIDBool, -1}, "01", stateCorrupted},
		{"bad UTF-8", Type{OIDText, -1}, "04ff", stateCorrupted},
		{"short uuid", Type{OIDUUID, -1}, "0800", stateCorrupted},
		{"short date", Type{OIDDate, -1}, "060000", stateCorrupted},
		{"date out of range", Type{OIDDate, -1}, "067ffffffe", stateCorrupted},
		{"long timestamp", Type{OIDTimestamptz, -1}, "07000000000000000000", stateCorrupted},
		{"timestamp out of range", Type{OIDTimestamptz, -1}, "077ffffffffffffffe", stateCorrupted},
		{"empty jsonb", Type{OIDJSONB, -1}, "09", stateCorrupted},
		{"empty numeric", Type{OIDNumeric, -1}, "03", stateCorrupted},
		{"numeric of unknown kind", Type{OIDNumeric, -1}, "0305", stateCorrupted},
		{"NaN with digits", Type{OIDNumeric, -1}, "03020000", stateCorrupted},
		{"unknown flag", Type{OIDNumeric, -1}, "03200000", stateCorrupted},
		{"no weight", Type{OIDNumeric, -1}, "0300", stateCorrupted},
		{"negative zero", Type{OIDNumeric, -1}, "03010000", stateCorrupted},
		{"leading zero group", Type{OIDNumeric, -1}, "030000000000" + "0001", stateCorrupted},
		{"trailing zero group", Type{OIDNumeric, -1}, "03000001" + "00010000", stateCorrupted},
		{"group beyond 9999", Type{OIDNumeric, -1}, "03000000" + "2710", stateCorrupted},
		{"half a group", Type{OIDNumeric, -1}, "03000000" + "01", stateCorrupted},
		{"scale too small", Type{OIDNumeric, -1}, "03100000ffff0001", stateCorrupted},
		{"scale too large", Type{OIDNumeric, -1}, "03104000" + "00000001", stateCorrupted},
	} {
		b, err := hex.DecodeString(c.hex)
		if err != nil {
			t.Fatal(err)
		}
		for format := range int16(2) {
			if got, err := Encode([]byte("pre"), c.t, format, b, s); state(err) != c.state || string(got) != "pre" {
				t.Errorf("%s: %q %v, want %s", c.name, got, err, c.state)
			}
		}
	}
	for _, c := range []struct {
		name string
		t    Type
		hex  string
		s    *Settings
	}{
		{"date without DateStyle", Type{OIDDate, -1}, "0600000001", &Settings{}},
		{"timestamp without settings", Type{OIDTimestamptz, -1}, "070000000000000001", nil},
		{"timestamp without zone", Type{OIDTimestamptz, -1}, "070000000000000001", &Settings{style: styleISO}},
	} {
		b, _ := hex.DecodeString(c.hex)
		if _, err := Encode(nil, c.t, FormatText, b, c.s); state(err) != stateNotSupported {
			t.Errorf("%s: %v", c.name, err)
		}
		if _, err := Encode(nil, c.t, FormatBinary, b, c.s); err != nil {
			t.Errorf("%s in binary: %v", c.name, err)
		}
	}
}

// TestErrorsNeverCarryTheValue feeds a marker through every way to fail.
func TestErrorsNeverCarryTheValue(t *testing.T) {
	s := testSettings(t, "UTC", "ISO, MDY")
	const marker = "7391Zqxj"
	forms := []string{"%s", "2020-01-01 %s", "2020-01-01 00:00:00 %s", "2020-01-01 00:00:00 Europe/%s", "+%s", "{%s", `"%s`, `{"a":%s}`, `\x%s`, `\%s`, "1e%s", "7391.%s", "\x00%s", "\xff%s", `"\u0000%s"`, "%[1]s%[1]s"}
	failures := 0
	for _, info := range types {
		for _, form := range forms {
			for _, declared := range []uint32{0, OIDText, OIDNumeric, OIDFloat8, OIDTimestamp} {
				for format := range int16(2) {
					raw := []byte(fmt.Sprintf(form, marker))
					_, err := Decode(nil, Type{info.oid, 7}, Options{Purpose: Store}, declared, format, raw, s)
					if err == nil {
						continue
					}
					failures++
					var e *Error
					if !errors.As(err, &e) || len(e.SQLSTATE) != 5 || e.Message == "" {
						t.Fatalf("%s: %v", info.name, err)
					}
					if all := e.Error() + e.Detail + e.Hint; strings.Contains(all, "7391") || strings.Contains(strings.ToLower(all), "zqxj") {
						t.Errorf("%s: %q", info.name, all)
					}
				}
			}
		}
	}
	if failures < 500 {
		t.Errorf("only %d failures: the test is empty", failures)
	}
}

func TestSettings(t *testing.T) {
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "GMT", "GMT0", "<+02>-02", "<-07:30>+07:30", "CET", "US/Pacific", "EST"} {
		if loc, err := loadZone(zone); err != nil || loc == nil {
			t.Errorf("%s: %v", zone, err)
		}
	}
	for _, zone := range []string{"", "Local", "localtime", "posixrules", "EST5EDT", "PST8PDT", "<+02>+02", "<+02>-03", "<-02>-02", "<foo>-2", "UTC+3", "right/UTC", "posix/UTC", "../UTC", "/etc/passwd", "Europe/Nowhere", "GMT+5", "FOO5", "Europe/../UTC"} {
		s := testSettings(t, "UTC", "ISO, MDY")
		if err := s.Set("TimeZone", zone); err == nil || s.zone != nil {
			t.Errorf("%q: accepted", zone)
		}
	}
	for _, style := range []string{"", "ISO", "ISO,MDY", "iso, mdy", "ISO, XYZ", "Foo, MDY"} {
		s := testSettings(t, "UTC", "ISO, MDY")
		if err := s.Set("DateStyle", style); err == nil || s.style != 0 {
			t.Errorf("%q: accepted", style)
		}
	}
	var s Settings
	if err := s.Set("bytea_output", "base64"); err == nil {
		t.Error("bytea_output base64: accepted")
	}
	if err := s.Set("application_name", "x"); err != nil {
		t.Error(err)
	}
	if err := s.Set("timezone", "UTC"); err != nil || s.zone == nil {
		t.Errorf("names are not folded: %v", err)
	}
}

// TestAllocations: values cost none when dst has room, but for numeric's digits.
func TestAllocations(t *testing.T) {
	s := testSettings(t, "Europe/Berlin", "ISO, MDY")
	for _, c := range []struct {
		oid  uint32
		text string
	}{
		{OIDText, "some text, not short"}, {OIDVarchar, "äöü"}, {OIDInt4, "-2147483648"}, {OIDInt8, "12"}, {OIDUUID, "00112233-4455-6677-8899-aabbccddeeff"}, {OIDBool, "t"},
		{OIDBytea, `\x00112233`}, {OIDDate, "2020-01-02"}, {OIDTimestamptz, "2020-01-02 03:04:05+01"}, {OIDNumeric, "-12345.6789"},
	} {
		typ := Type{c.oid, -1}
		raw := []byte(c.text)
		canonical, err := Decode(nil, typ, Options{Purpose: Store}, 0, FormatText, raw, s)
		if err != nil {
			t.Fatal(err)
		}
		room := make([]byte, 0, 256)
		n := testing.AllocsPerRun(100, func() {
			_, _ = Decode(room, typ, Options{Purpose: Store}, 0, FormatText, raw, s)
			_, _ = Encode(room, typ, FormatText, canonical, s)
			_, _ = Encode(room, typ, FormatBinary, canonical, s)
		})
		want := 0.0
		if c.oid == OIDNumeric {
			want = 1
		}
		if n > want {
			t.Errorf("%s: %v allocations", TypeName(c.oid), n)
		}
	}
}

func TestByteaForms(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for _, form := range [][]byte{AppendHex(nil, all), appendEscape(nil, all)} {
		if got, err := DecodeBytea([]byte("pre"), form); err != nil || !bytes.Equal(got[3:], all) {
			t.Errorf("%s: %x %v", form, got, err)
		}
	}
	for _, bad := range []string{`\x0`, `\xzz`, `a\`, `a\9`} {
		if got, err := DecodeBytea([]byte("pre"), []byte(bad)); err == nil || string(got) != "pre" {
			t.Errorf("%s: %q %v", bad, got, err)
		}
	}
}

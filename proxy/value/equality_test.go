package value

import (
	"bytes"
	"math/rand/v2"
)

// testEquality: canonical bytes for search: equality are equal exactly where PostgreSQL's = is true.
func testEquality(s *session) {
	s.exec("set timezone = 'Europe/Berlin'")
	r := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct {
		t      Type
		name   string
		values []string
	}{
		{Type{OIDNumeric, -1}, "numeric", []string{"0", "-0.00", "1", "1.0", "1.000", "10", "1e1", "100e-1", "0.1", "0.10", "1e-1", "NaN", "nan", "Infinity", "inf", "-inf", "10000", "1e4", "9999.99990", "9999.9999", "0.0001", "1e-4", "123456789.123456789", "123456789.1234567890", "-1", "-1.0"}},
		{Type{OIDInt8, -1}, "int8", []string{"0", "-0", "1", " 1 ", "+1", "01", "-1", "9223372036854775807"}},
		{Type{OIDText, -1}, "text", []string{"", "a", "a ", "A", "é", "e\u0301", " a"}},
		{Type{OIDBool, -1}, "bool", []string{"t", "yes", "f", "off", "0"}},
		{Type{OIDUUID, -1}, "uuid", []string{"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}", "00000000-0000-0000-0000-000000000000"}},
		{Type{OIDBytea, -1}, "bytea", []string{`\x61`, `a`, `\141`, ``, `\x`, `\x00`, `\000`}},
		{Type{OIDDate, -1}, "date", []string{"2020-01-02", "20200102", "2020-1-2 23:00", "infinity", "-infinity", "2000-01-01", "0001-01-01 BC"}},
		{Type{OIDTimestamptz, -1}, "timestamptz", []string{"2020-07-01 12:00", "2020-07-01 10:00Z", "2020-07-01 12:00+02", "2020-07-01 12:00 Europe/Berlin", "infinity", "2020-10-25 02:30", "2020-10-25 02:30+01", "2020-10-25 02:30+02", "2020-03-29 02:30", "2020-03-29 03:30"}},
		{Type{OIDJSONB, -1}, "jsonb", []string{"1", "1.0", "1e0", "10e-1", `"1"`, `{"a":1}`, `{"a":1.00}`, `{"a":2,"a":1}`, `{"b":1,"a":[1,2]}`, `{"a":[1.0,2],"b":1e0}`, `[1]`, `[1.0]`, `[]`, `{}`, `"\u00e9"`, `"é"`, `null`, `[null]`, `-0`, `0.0`}},
	} {
		var pairs [][][]byte
		for _, a := range c.values {
			for _, b := range c.values {
				pairs = append(pairs, [][]byte{[]byte(a), []byte(b)})
			}
		}
		r.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
		sql := "select $1::" + c.name + " = $2::" + c.name
		equal := 0
		for i, a := range s.ask(sql, []uint32{c.t.OID, c.t.OID}, pairs, nil, nil) {
			var canonical [2][]byte
			for j := range canonical {
				var err error
				// One side as stored, one as compared.
				o := Options{Purpose: []Purpose{Store, Compare}[j]}
				if canonical[j], err = Decode(nil, c.t, o, 0, FormatText, pairs[i][j], s.settings); err != nil {
					s.Fatalf("%s %q: %v", c.name, pairs[i][j], err)
				}
			}
			same := bytes.Equal(canonical[0], canonical[1])
			if a.err != nil || same != (string(a.cells[0]) == "t") {
				s.Errorf("%s: %q = %q: ours %v, the server's %q (%v)", c.name, pairs[i][0], pairs[i][1], same, a.cells, a.err)
			}
			if same {
				equal++
			}
		}
		if equal <= len(c.values) && c.t.OID != OIDText {
			s.Errorf("%s: no two different spellings were equal", c.name)
		}
	}
}

// testCompareAcrossTypes: where Compare accepts a parameter of another type, equality of canonical bytes is PostgreSQL's.
func testCompareAcrossTypes(s *session) {
	s.exec("set timezone = 'America/New_York'")
	type side struct {
		t      Type
		name   string
		values []string
	}
	ints := side{Type{OIDInt4, -1}, "int4", []string{"0", "1", "-5", "2147483647"}}
	big := side{Type{OIDInt8, -1}, "int8", []string{"0", "1", "9007199254740991", "9007199254740993", "9223372036854775807"}}
	numeric := side{Type{OIDNumeric, -1}, "numeric", []string{"0", "1.0", "-5", "2147483647.000", "1.5", "NaN", "9223372036854775807"}}
	times := side{Type{OIDTimestamptz, -1}, "timestamptz", []string{"2020-07-01 00:00", "2020-07-01 04:00Z", "2020-11-01 01:30", "infinity"}}
	text := side{Type{OIDText, -1}, "text", []string{"a", "a ", "", " "}}
	for _, c := range []struct {
		column side
		param  uint32
		name   string
		values []string
	}{
		{ints, OIDInt2, "int2", []string{"0", "1", "-5"}},
		{ints, OIDInt8, "int8", []string{"0", "1", "2147483647", "2147483648"}},
		{ints, OIDNumeric, "numeric", []string{"0.00", "1", "-5.0", "1.5", "1e30", "NaN"}},
		{ints, OIDFloat8, "float8", []string{"0", "1", "-5", "1.5", "1e30", "NaN"}},
		{ints, OIDFloat4, "float4", []string{"0", "1", "-5", "1.5", "2147483647"}},
		{big, OIDFloat8, "float8", []string{"1", "9007199254740991", "9007199254740992", "9223372036854775807"}},
		{big, OIDNumeric, "numeric", []string{"1.0", "9223372036854775807", "9223372036854775808"}},
		{numeric, OIDInt4, "int4", []string{"0", "1", "-5", "2147483647"}},
		{numeric, OIDInt8, "int8", []string{"9223372036854775807", "1"}},
		{numeric, OIDFloat8, "float8", []string{"1", "1.5"}},
		{times, OIDDate, "date", []string{"2020-07-01", "infinity"}},
		{times, OIDTimestamp, "timestamp", []string{"2020-07-01 00:00", "2020-11-01 01:30", "infinity"}},
		{text, OIDVarchar, "varchar", []string{"a", "a ", ""}},
		{text, OIDName, "name", []string{"a", "a ", ""}},
		{text, OIDBpchar, "bpchar", []string{"a", "a ", ""}},
	} {
		var pairs [][][]byte
		for _, a := range c.column.values {
			for _, b := range c.values {
				pairs = append(pairs, [][]byte{[]byte(a), []byte(b)})
			}
		}
		compared := 0
		sql := "select $1::" + c.column.name + " = $2::" + c.name
		for i, a := range s.ask(sql, []uint32{c.column.t.OID, c.param}, pairs, nil, nil) {
			stored, err := Decode(nil, c.column.t, Options{Purpose: Store}, 0, FormatText, pairs[i][0], s.settings)
			if err != nil {
				s.Fatal(err)
			}
			given, err := Decode(nil, c.column.t, Options{Purpose: Compare}, c.param, FormatText, pairs[i][1], s.settings)
			if err != nil {
				continue // refused
			}
			compared++
			if same := bytes.Equal(stored, given); a.err != nil || same != (string(a.cells[0]) == "t") {
				s.Errorf("%s %q = %s %q: ours %v, the server's %q (%v)", c.column.name, pairs[i][0], c.name, pairs[i][1], same, a.cells, a.err)
			}
		}
		if wants := c.param != OIDFloat8 || c.column.t.OID != OIDNumeric; wants != (compared > 0) {
			s.Errorf("%s = %s: %d compared", c.column.name, c.name, compared)
		}
	}
}

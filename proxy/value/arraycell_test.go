package value

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
)

// arrayColumns are whole arrays as values of a column, of elements with their own forms and checks.
func arrayColumns(r *rand.Rand) []column {
	seeds := []string{`{}`, ` { } `, `{a}`, `{a,b}`, `{ a , b }`, `{"a b","c,d"}`, `{"a\"b","c\\d"}`, `{NULL,null,"NULL",nUlL}`, `{""}`, `{,}`, `{a,}`, `{a`, `a`, ``, `{{a},{b}}`, `[1:2]={a,b}`, `[2:3]={a,b}`, `{é,日本}`, "{a\tb,\n c\v}", `{\ a\ }`, `{abcd}`, `{"abc  "}`}
	texts := append(seeds, mutate(r, seeds, `{}",\ abNUL[]:=`, 300)...)
	ints := append([]string{`{1,2,3}`, `{-1,NULL}`, `{99999999999}`, `{x}`, `{}`, `{ 1 , 2 }`}, mutate(r, []string{`{1,2,3}`, `{-1,NULL}`}, `{},0123456789-NUL `, 200)...)
	bounds := func(oid, lower uint32, elements ...string) []byte {
		put := binary.BigEndian.AppendUint32
		b := put(put(put(put(put(nil, 1), 0), oid), uint32(len(elements))), lower)
		for _, e := range elements {
			b = append(put(b, uint32(len(e))), e...)
		}
		return b
	}
	odd := func(text string) bool { return strings.ContainsAny(text, "[") || strings.Count(text, "{") > 1 }
	insert := func(table string) string { return fmt.Sprintf("insert into %s values ($1) returning c, c", table) }
	return []column{
		{"text[]", Type{1009, -1}, 1009, cast("text[]"), texts, [][]byte{bounds(OIDText, 1, "a", ""), bounds(OIDText, 1)}, odd},
		{"varchar(3)[]", Type{1015, 7}, 1015, insert("a3"), texts, [][]byte{bounds(OIDVarchar, 1, "abc", "abc ")}, odd},
		{"int4[]", Type{1007, -1}, 1007, cast("int4[]"), ints, [][]byte{bounds(OIDInt4, 1, "\x00\x00\x00\x07")}, odd},
		{"int8[] from int4[]", Type{1016, -1}, 1007, cast("int8[]"), ints, [][]byte{bounds(OIDInt4, 1, "\x00\x00\x00\x07")}, odd},
		{"timestamptz[]", Type{1185, -1}, 1185, cast("timestamptz[]"), []string{`{"2020-01-02 03:04:05+00",infinity,NULL}`, `{2020-01-02}`, `{x}`, `{"2020-13-01"}`}, [][]byte{bounds(OIDTimestamptz, 1, "\x00\x00\x00\x00\x00\x00\x00\x01")}, func(string) bool { return false }},
		{"bytea[]", Type{1001, -1}, 1001, cast("bytea[]"), []string{`{"\\x00ff",NULL}`, `{"\\x0"}`, `{a}`}, [][]byte{bounds(OIDBytea, 1, "\x00")}, odd},
	}
}

// testWholeArrays: other dimensions and bounds are refused, never lost.
func testWholeArrays(s *session) {
	s.exec("create temp table a3 (c varchar(3)[])")
	r := rand.New(rand.NewPCG(7, 8))
	total := 0
	for _, c := range arrayColumns(r) {
		n := s.check(c, FormatText, byteSlices(c.texts))
		m := s.check(c, FormatBinary, c.binaries)
		if n == 0 || m == 0 {
			s.Errorf("%s: %d texts and %d binaries were accepted", c.name, n, m)
		}
		total += n + m
	}
	for _, b := range []uint32{0, 2, 0xffffffff} {
		raw := binary.BigEndian.AppendUint32(nil, 1)
		for _, v := range []uint32{0, OIDText, 1, b, 1} {
			raw = binary.BigEndian.AppendUint32(raw, v)
		}
		if got, err := Decode([]byte("pre"), Type{1009, -1}, Options{Purpose: Store}, 0, FormatBinary, append(raw, 'a'), nil); state(err) != stateNotSupported || string(got) != "pre" {
			s.Errorf("an array from %d: %x, %v", b, got, err)
		}
	}
	for _, bad := range []string{"", "\x15", "\x15\x02", "\x15\x04\x00", "\x15\x04\x00\x00\x00\x02a", "\x15\x04\x00\x00\x00\x01\xff", "\x04a"} {
		for format := range int16(2) {
			if bad == "\x15\x02" && format == 0 {
				continue
			}
			if got, err := Encode([]byte("pre"), Type{1009, -1}, format, []byte(bad), nil); state(err) != stateCorrupted || string(got) != "pre" {
				s.Errorf("%x: %q %v", bad, got, err)
			}
		}
	}
	s.Logf("%d arrays agree", total)
}

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

func cast(to string) string { return fmt.Sprintf("select $1::%[1]s, $1::%[1]s", to) }

func byteaColumn(r *rand.Rand) column {
	seeds := []string{"", `\x`, `\xDEADbeef`, `\x00ff10`, `\x 01 02`, `\x0 1`, "\\x01\n02\t03\r04", `\x1`, `\xg0`, `abc`, `a\\b`, `\000\377\047`, `\400`, `\8`,
		`\`, `\1`, `\12`, `tail\`, `\X00`, `é`, " \\x00", "\x00", "\xff", `\x01 `, "\\x\v"}
	return column{"bytea", Type{OIDBytea, -1}, OIDBytea, cast("bytea"), append(seeds, mutate(r, seeds, `\x0123789aFg \n`, 400)...), nil, nil}
}

// plainColumns are those whose forms depend on no setting.
func plainColumns(r *rand.Rand) []column {
	var out []column
	out = append(out, boolColumn(r), uuidColumn(r))
	out = append(out, integerColumns(r)...)
	out = append(out, numericColumns(r)...)
	out = append(out, textColumns(r)...)
	return append(out, jsonColumns(r)...)
}

func boolColumn(r *rand.Rand) column {
	seeds := []string{"t", "true", "TRUE", "tr", "f", "false", "fal", "y", "ye", "yes", "n", "no", "on", "off", "of", "o", "1", "0", " t ", "\tyes\n", "", "2", "truex", "tru e", "ON", "OFf", "10", "yess"}
	return column{"bool", Type{OIDBool, -1}, OIDBool, cast("bool"), append(seeds, mutate(r, seeds, "trueyfalsnoOFN01 \t", 400)...), nil, nil}
}

func uuidColumn(r *rand.Rand) column {
	seeds := []string{"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}", "a0eebc999c0b4ef8bb6d6bb9bd380a11",
		"a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11", "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}", "", "{}", " a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc999c0b4ef8bb6d6bb9bd380a11-"}
	return column{"uuid", Type{OIDUUID, -1}, OIDUUID, cast("uuid"), append(seeds, mutate(r, seeds, "0aF-{}gx ", 400)...), nil, nil}
}

var hugeExponent = regexp.MustCompile(`[eE][-+]?\d{9,}`)

// oddFloat: hexadecimal, a signed NaN, zero times a power beyond numeric's exponents.
func oddFloat(text string) bool {
	return strings.ContainsAny(text, "xX") || strings.Contains(strings.ToLower(text), "nan") || hugeExponent.MatchString(text)
}

func integerColumns(r *rand.Rand) []column {
	seeds := []string{"0", "-0", "+0", "1", "-1", "32767", "32768", "-32768", "-32769", "2147483647", "2147483648", "-2147483648", "-2147483649", "9223372036854775807", "9223372036854775808",
		"-9223372036854775808", "-9223372036854775809", "99999999999999999999x", "0000000000000000000000001", " 12 ", "\t\n\v\f\r7\r", "", " ", "-", "+", "- 1", "1 2", "1.0", "1e3", "0x1F", "1_000", "12a", "--1", "+-1"}
	for range 60 {
		seeds = append(seeds, strconv.FormatInt(int64(r.Uint64())>>r.IntN(64), 10))
	}
	texts := append(seeds, mutate(r, seeds, "0123456789+- .", 500)...)
	var out []column
	for _, t := range []struct {
		oid  uint32
		name string
	}{{OIDInt2, "int2"}, {OIDInt4, "int4"}, {OIDInt8, "int8"}} {
		for _, from := range []uint32{OIDInt2, OIDInt4, OIDInt8, OIDNumeric, OIDFloat4, OIDFloat8} {
			c := column{fmt.Sprintf("%s from %d", t.name, from), Type{t.oid, -1}, from, cast(t.name), texts, nil, nil}
			switch from {
			case OIDNumeric:
				c.texts, c.binaries, c.refusable = numericTexts(r, 200), numericBinaries(), blankExponent
			case OIDFloat4, OIDFloat8:
				c.texts, c.binaries, c.refusable = floatTexts(r), floatBinaries(r, from), oddFloat
			default:
				c.binaries = intBinaries(r, from)
			}
			out = append(out, c)
		}
	}
	return out
}

func intBinaries(r *rand.Rand, oid uint32) [][]byte {
	var out [][]byte
	for _, v := range []int64{0, 1, -1, math.MaxInt16, math.MinInt16, math.MaxInt16 + 1, math.MaxInt32, math.MinInt32, math.MaxInt32 + 1, math.MaxInt64, math.MinInt64, int64(r.Uint64())} {
		b := binary.BigEndian.AppendUint64(nil, uint64(v))
		out = append(out, b[8-intBits(oid)/8:])
	}
	return out
}

func floatTexts(r *rand.Rand) []string {
	seeds := []string{"0", "-0", "1.5", "2.5", "-2.5", "0.5", "1e10", "1e-10", "19.99", "123456.789", "1e15", "1e16", "123456789012345678", "NaN", "inf", "-Infinity", "1e400", "1e-400", "1e308", "3.4e38", "3.5e38",
		"1e-40", "1e-46", "0x10", "", "1e", "abc", "0.1", "1234567", "9.9999995", "1e22", "1e23", "32767.5", "-32768.5", "2147483647.5", "9223372036854775807", "-9223372036854775808", "1e18", "5e-324", "0.30000000000000004"}
	for range 100 {
		seeds = append(seeds, strconv.FormatFloat((r.Float64()-0.5)*math.Pow(10, float64(r.IntN(40)-15)), 'g', -1, 64))
	}
	return append(seeds, mutate(r, seeds, "0123456789.eE+-", 150)...)
}

func floatBinaries(r *rand.Rand, oid uint32) [][]byte {
	var out [][]byte
	for _, v := range []float64{0, math.Copysign(0, -1), 1, 1.5, 2.5, -3.5, 0.1, 1e300, 1e-300, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, 1 << 53, 1<<63 - 1024, 123.456, r.NormFloat64() * 1e6} {
		if oid == OIDFloat4 {
			out = append(out, binary.BigEndian.AppendUint32(nil, math.Float32bits(float32(v))))
		} else {
			out = append(out, binary.BigEndian.AppendUint64(nil, math.Float64bits(v)))
		}
	}
	return out
}

// blankExponent: "1e 5" is read by servers before 16 only.
func blankExponent(text string) bool {
	i := strings.IndexAny(text, "eE")
	return i >= 0 && i+1 < len(text) && isSpace(text[i+1])
}

func numericTexts(r *rand.Rand, n int) []string {
	seeds := []string{"0", "-0", "0.00", "-0.000", "1", "1.0", "1.00", "1.50", "-1.50", "+1.5", ".5", "5.", ".", "", " 1.5 ", "1e2", "1E+2", "1.5e-3", "1.5e3", "100e-2", "0e10", "0e-5", "1e", "1e+", "1ee2", "1.2.3", "NaN", " nan ", "-NaN", "+nan",
		"Infinity", "-Infinity", "+inf", "inf", "-inf", "infinit", "infx", "- 1", "1 2", "9999", "10000", "99999999", "0.0001", "0.00001", "0.99995", "99.995", "99.994", "-99.995", "999.99", "0.005", "0.0049999", "1e-20",
		"1e130", "1e131071", "1e131072", "9e131071", "1e-16383", "1e-16384", "0e-16384", "1.5e-16383", "1e1073741822", "1e1073741823", "1e-1073741822", "1e99999999999999999999", "0e1073741822",
		"123456789012345678901234567890.123456789012345678901234567890", "00000000000000000000.10", "0000001e0000001", "1e 5", "1e\t5", "1e+ 5", "0x1f", "1_0", "9999.9999", "99999999.5", "1" + strings.Repeat("0", 131072), "0." + strings.Repeat("0", 16383) + "1", "0." + strings.Repeat("7", 16383), "12345678901234567890123456789012345678901234567890e-25"}
	for range n {
		digits := make([]byte, 1+r.IntN(40))
		for i := range digits {
			digits[i] = "00123456789999"[r.IntN(14)]
		}
		s := string(digits)
		if r.IntN(3) > 0 {
			at := r.IntN(len(s) + 1)
			s = s[:at] + "." + s[at:]
		}
		if r.IntN(4) == 0 {
			s += fmt.Sprintf("e%d", r.IntN(80)-40)
		}
		seeds = append(seeds, []string{"", "-", "+"}[r.IntN(3)]+s)
	}
	short := make([]string, 0, len(seeds))
	for _, s := range seeds {
		if len(s) < 100 {
			short = append(short, s)
		}
	}
	return append(seeds, mutate(r, short, "0123456789.eE+- nai", n)...)
}

func numericBinaries() [][]byte {
	var out [][]byte
	// ndigits, weight, sign, dscale, digits
	for _, w := range [][]uint16{
		{0, 0, 0, 0}, {1, 0, 0, 0, 1}, {1, 0, 0x4000, 2, 1}, {2, 0, 0, 2, 1, 5000}, {2, 0, 0, 0, 1, 5000}, {2, 0, 0, 1, 1, 5500}, {3, 1, 0, 0, 0, 0, 7}, {3, 0xffff, 0, 8, 0, 0, 7}, {1, 5, 0, 0, 0},
		{0, 0, 0xc000, 0}, {0, 0, 0xd000, 0}, {0, 0, 0xf000, 0x20}, {1, 0, 0xc000, 3, 9}, {0, 0, 0x8000, 0}, {1, 0, 0, 0x4000, 1}, {1, 0, 0, 0, 10000}, {1, 0, 0, 0, 9999}, {1, 0x7fff, 0, 0, 1}, {1, 0x8000, 0, 0x3fff, 1},
		{2, 0, 0, 0, 1}, {1, 0, 0, 0, 1, 2}, {2, 1, 0x4000, 4, 0, 0}, {2, 0xfffe, 0, 16, 1234, 5600}, {1, 0, 0x4000, 0, 0}, {1, 0xffff, 0x4000, 0, 1}, {1, 0, 0xf000, 0x4000, 1},
	} {
		var b []byte
		for _, v := range w {
			b = binary.BigEndian.AppendUint16(b, v)
		}
		out = append(out, b)
	}
	return out
}

func numericColumns(r *rand.Rand) []column {
	var out []column
	for _, m := range []struct{ precision, scale int32 }{{0, 0}, {10, 2}, {5, 0}, {3, 5}, {4, -2}, {38, 10}, {1000, 1000}, {2, 2}} {
		name, mod := "numeric", int32(-1)
		if m.precision > 0 {
			name = fmt.Sprintf("numeric(%d,%d)", m.precision, m.scale)
			mod = (m.precision<<16 | m.scale&0x7ff) + 4
		}
		t := Type{OIDNumeric, mod}
		out = append(out, column{name, t, OIDNumeric, cast(name), numericTexts(r, 250), numericBinaries(), blankExponent})
		if mod == -1 || m.precision == 10 {
			out = append(out,
				column{name + " from int4", t, OIDInt4, cast(name), []string{"0", "-1", "2147483647", "12345", "99999999", "100000000", "x"}, intBinaries(r, OIDInt4), nil},
				column{name + " from int8", t, OIDInt8, cast(name), []string{"0", "-1", "-9223372036854775808", "12345"}, intBinaries(r, OIDInt8), nil},
				column{name + " from float8", t, OIDFloat8, cast(name), floatTexts(r), floatBinaries(r, OIDFloat8), oddFloat},
				column{name + " from float4", t, OIDFloat4, cast(name), floatTexts(r), floatBinaries(r, OIDFloat4), oddFloat})
		}
	}
	return out
}

func textColumns(r *rand.Rand) []column {
	seeds := []string{"", "a", "abc", "abcd", "abc ", "abc   ", "abc  d", "äöü", "äöüß", "äöü ", "日本語", "日本語文", "𝄞𝄞𝄞", "a\x00b", "\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "   ", "    ", "a'b\\c\"", "e\u0301\u0301", "abc\t", strings.Repeat("x", 63), strings.Repeat("é", 40), strings.Repeat("é", 31) + "a€", "a  "}
	texts := append(seeds, mutate(r, seeds, "ab \xc3\xa4\xe2\x82\xac\x00\xf0", 300)...)
	raw := byteSlices(texts)
	insert := func(table string) string { return "insert into " + table + " values ($1) returning c, c" }
	return []column{
		{"text", Type{OIDText, -1}, OIDText, cast("text"), texts, raw, nil},
		{"text from varchar", Type{OIDText, -1}, OIDVarchar, cast("text"), texts, raw, nil},
		{"text from bpchar", Type{OIDText, -1}, OIDBpchar, cast("text"), texts, raw, nil},
		{"text from name", Type{OIDText, -1}, OIDName, cast("text"), texts, raw, nil},
		{"varchar", Type{OIDVarchar, -1}, OIDVarchar, insert("v0"), texts, raw, nil},
		{"varchar(3)", Type{OIDVarchar, 7}, OIDVarchar, insert("v3"), texts, raw, nil},
		{"varchar(3) from text", Type{OIDVarchar, 7}, OIDText, insert("v3"), texts, raw, nil},
		{"varchar(3) from bpchar", Type{OIDVarchar, 7}, OIDBpchar, insert("v3"), texts, raw, nil},
	}
}

func jsonColumns(r *rand.Rand) []column {
	seeds := []string{`{}`, `[]`, ` [ ] `, `null`, `true`, `false`, `1`, `-0`, `-0.0`, `1.50`, `1e2`, `1E-3`, `1.0e1`, `12345678901234567890.5`, `"a"`, `""`, `{"a":1,"b":2}`, `{"b":1,"a":2,"bb":3,"":4}`, `{"a":1,"a":2}`, `{"a":{"x":1},"b":0,"a":[1,2]}`,
		`[1,"a",null,true,{"k":[]}]`, `"\u00e9\ud83d\ude00"`, `"\u0000"`, `"\ud83d"`, `"\ude00"`, `"\ud83dx"`, `"\ud83d\ud83d"`, `"\ud83d\n"`, `"\b\f\n\r\t\/\\\""`, `"\u001f\u007f\u0080"`, "\"\t\"", "\"\x7f\"", `"é日本𝄞"`, `01`, `1.`, `.5`, `+1`, `1e`, `--1`, `[1,]`, `[,1]`, `{"a"}`, `{"a":}`, `{a:1}`, `{"a":1,}`, `{1:2}`,
		`[1 2]`, `"abc`, `nul`, `nulll`, `True`, ``, ` `, `1 2`, `{"a":1}x`, `"\x"`, `"\u12"`, `"\u12g4"`, `NaN`, `[1e131071]`, `1e131072`, `1e-16383`, `1e-16384`, `{"é":1,"e":2,"zz":3}`, "{\"a\":1}\n", "\v1", "[1]\f", `{"a":"x\u0000"}`, `1e1000000000000`, `0e1`, `0.000`, `100.00`, `1é`, `1_0`, `0x1`, strings.Repeat("[", 900) + strings.Repeat("]", 900), strings.Repeat("[", 20000), strings.Repeat("[", 3000) + strings.Repeat("]", 3000), `[[[`, `}`, `{"a":[}]`, `{"ab":1,"b":2,"a":3,"ab":4,"aa":5}`, `["\u0041\u00DF\u20ac"]`}
	short := []string{}
	for _, s := range seeds {
		if len(s) < 100 {
			short = append(short, s)
		}
	}
	texts := append(append(seeds, mutate(r, short, "{}[]\",:\\u0123aé.eE+- \ntn", 900)...), randomJSON(r, 200)...)
	var versioned [][]byte
	for _, s := range []string{"\x01{}", "\x01", "\x01[1, 2]", "\x02{}", "", "{}", "\x01\x00", "\x01\xff", "\x01{\"b\":1,\"a\":1.50}"} {
		versioned = append(versioned, []byte(s))
	}
	deep := func(s string) bool { return strings.Count(s, "[") > maxJSONDepth }
	return []column{
		{"jsonb", Type{OIDJSONB, -1}, OIDJSONB, cast("jsonb"), texts, versioned, deep},
		{"jsonb from json", Type{OIDJSONB, -1}, OIDJSON, cast("jsonb"), []string{`{"b":1,"a":[1.50]}`, `{`, `"\u0000"`, `{"a":1,"a":2}`}, byteSlices([]string{`{}`, `[1.0]`, `{"z":1,"y":2}`, ``, `{`}), nil},
	}
}

func randomJSON(r *rand.Rand, n int) []string {
	var value func(depth int) string
	value = func(depth int) string {
		kind := r.IntN(7)
		if depth > 3 {
			kind %= 5
		}
		list := func(open, close string, item func() string) string {
			parts := make([]string, r.IntN(6))
			for i := range parts {
				parts[i] = item()
			}
			return open + strings.Join(parts, ",") + close
		}
		key := func() string { return strconv.Quote([]string{"a", "b", "aa", "ab", "", "é", "abc", "z"}[r.IntN(8)]) }
		switch kind {
		case 0:
			return []string{"true", "false", "null"}[r.IntN(3)]
		case 1, 2:
			return fmt.Sprintf("%d.%02de%d", r.IntN(2000)-1000, r.IntN(100), r.IntN(9)-4)
		case 3:
			return fmt.Sprintf(`"\u%04x%c"`, 1+r.IntN(0xd7ff), 'a'+rune(r.IntN(900)))
		case 4:
			return key()
		case 5:
			return list("[", "]", func() string { return value(depth + 1) })
		}
		return list("{", "}", func() string { return key() + " : " + value(depth+1) })
	}
	out := make([]string, n)
	for i := range out {
		out[i] = value(0)
	}
	return out
}

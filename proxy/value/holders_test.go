package value

import (
	"bytes"
	"fmt"
	"testing"
)

// jsonValues are values with what to_json gives of them in UTC; compared with a server in e2e (TestDifferential).
var jsonValues = []struct {
	t           Type
	text, wants string
}{
	{Type{OIDText, -1}, "a\"b\\c\n\x01é", `"a\"b\\c\n\u0001é"`},
	{Type{OIDVarchar, 14}, "", `""`},
	{Type{OIDInt4, -1}, "-7", "-7"},
	{Type{OIDBool, -1}, "t", "true"},
	{Type{OIDBool, -1}, "f", "false"},
	{Type{OIDNumeric, -1}, "1.50", "1.50"},
	{Type{OIDNumeric, -1}, "NaN", `"NaN"`},
	{Type{OIDDate, -1}, "2020-01-02", `"2020-01-02"`},
	{Type{OIDDate, -1}, "0044-03-15 BC", `"0044-03-15 BC"`},
	{Type{OIDDate, -1}, "infinity", `"infinity"`},
	{Type{OIDTimestamptz, -1}, "2024-01-03 01:02:03.5+00", `"2024-01-03T01:02:03.5+00:00"`},
	{Type{OIDTimestamptz, -1}, "0044-03-15 01:02:03+00 BC", `"0044-03-15T01:02:03+00:00 BC"`},
	{Type{OIDTimestamptz, -1}, "-infinity", `"-infinity"`},
	{Type{OIDTimestamp, -1}, "2024-01-03 01:02:03", `"2024-01-03T01:02:03"`},
	{Type{OIDUUID, -1}, "00000000-0000-0000-0000-000000000003", `"00000000-0000-0000-0000-000000000003"`},
	{Type{OIDBytea, -1}, `\x00ff`, `"\\x00ff"`},
	{Type{OIDJSONB, -1}, `{"a": [1, "x"]}`, `{"a": [1, "x"]}`},
}

func TestAppendJSON(t *testing.T) {
	for _, style := range []string{"ISO, MDY", "German, DMY"} {
		set := &Settings{}
		if err := set.Set("DateStyle", style); err != nil {
			t.Fatal(err)
		}
		if err := set.Set("TimeZone", "UTC"); err != nil {
			t.Fatal(err)
		}
		for _, c := range jsonValues {
			plain, err := Decode(nil, c.t, Options{Purpose: Store, KeepScale: true}, 0, FormatText, []byte(c.text), set)
			if err != nil {
				t.Fatal(c.text, err)
			}
			got, err := AppendJSON([]byte("x"), plain, c.t, set)
			if err != nil || string(got) != "x"+c.wants {
				t.Errorf("%s %s: %s, %v, want %s", style, c.text, got, err, c.wants)
			}
		}
		if got, err := AppendJSON([]byte("x"), nil, Type{OIDText, -1}, set); err == nil || string(got) != "x" {
			t.Errorf("an empty value: %s, %v", got, err)
		}
		plain, err := Decode(nil, Type{OIDFloat8, -1}, Options{Purpose: Store}, 0, FormatText, []byte("1.5"), set)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := AppendJSON(nil, plain, Type{OIDFloat8, -1}, set); err == nil {
			t.Errorf("a float within JSON: %s", got)
		}
	}
}

func TestAppendArray(t *testing.T) {
	elements := [][]byte{[]byte("a"), nil, {}, []byte("null"), []byte(`q"\`), []byte("a b"), []byte("{x}"), []byte("c,d"), []byte("é")}
	const want = `{a,NULL,"","null","q\"\\","a b","{x}","c,d",é}`
	text, err := AppendArray(nil, FormatText, OIDText, false, elements)
	if err != nil || string(text) != want {
		t.Errorf("%s, %v, want %s", text, err, want)
	}
	for format := range int16(2) {
		wire, err := AppendArray(nil, format, OIDText, false, elements)
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeArray(wire, format, 1009, Type{OIDText, -1})
		if err != nil || fmt.Sprintf("%q", back) != fmt.Sprintf("%q", elements) {
			t.Errorf("format %d came back as %q, %v", format, back, err)
		}
	}
	empty, _ := AppendArray(nil, FormatBinary, OIDText, false, nil)
	if want := []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25}; !bytes.Equal(empty, want) {
		t.Errorf("empty array %x", empty)
	}
	had, _ := AppendArray(nil, FormatBinary, OIDText, true, [][]byte{[]byte("a")})
	if had[7] != 1 {
		t.Errorf("the flag for NULLs is lost: %x", had)
	}
	if _, err := AppendArray(nil, 2, OIDText, false, nil); err == nil {
		t.Error("an unknown format")
	}
}

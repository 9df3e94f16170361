package value

import (
	"errors"
	"testing"
)

// What PostgreSQL 15 answers: select 'zwölfe'::varchar(5) and so on. e2e/testdata/shapes.sql asks a server.
func TestCast(t *testing.T) {
	set := &Settings{}
	if err := set.Set("DateStyle", "ISO, MDY"); err != nil {
		t.Fatal(err)
	}
	length := func(n int32) int32 { return n + 4 }
	for _, c := range []struct {
		typ               Type
		declared          uint32
		text, want, state string
	}{
		{Type{OIDVarchar, length(5)}, 0, "zwölfe", "zwölf", ""},
		{Type{OIDVarchar, length(5)}, OIDText, "abc", "abc", ""},
		{Type{OIDVarchar, length(3)}, OIDText, "a    ", "a  ", ""},
		{Type{OIDBpchar, length(3)}, OIDText, "abcd", "abc", ""},
		{Type{OIDBpchar, length(3)}, 0, "a", "a  ", ""},
		{Type{OIDNumeric, 10<<16 | 2 + 4}, 0, "1.005", "1.01", ""},
		{Type{OIDNumeric, 10<<16 | 2 + 4}, OIDInt4, "7", "7.00", ""},
		{Type{OIDNumeric, 3<<16 | 1 + 4}, 0, "99.96", "", "22003"},
		{Type{OIDTimestamp, 3}, 0, "2024-01-02 03:04:05.6789", "2024-01-02 03:04:05.679", ""},
		{Type{OIDTime, 0}, 0, "23:59:59.5", "24:00:00", ""},
		{Type{OIDVarchar, length(3)}, OIDInt4, "7", "", "42804"},
	} {
		got, err := Cast([]byte("x"), c.typ, c.declared, FormatText, []byte(c.text), set)
		var e *Error
		if c.state != "" {
			if !errors.As(err, &e) || e.SQLSTATE != c.state || string(got) != "x" {
				t.Errorf("%q to %v: %q, %v, want %s", c.text, c.typ, got, err, c.state)
			}
			continue
		}
		if err != nil || got[0] != 'x' {
			t.Errorf("%q to %v: %v", c.text, c.typ, err)
			continue
		}
		canonical, err := Decode(nil, c.typ, Options{Purpose: Store, KeepScale: true}, c.typ.OID, FormatBinary, got[1:], set)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := Encode(nil, c.typ, FormatText, canonical, set); err != nil || string(text) != c.want {
			t.Errorf("%q to %v: %q, %v, want %q", c.text, c.typ, text, err, c.want)
		}
	}
}

func TestShownBy(t *testing.T) {
	numeric := Type{OIDNumeric, 6<<16 | 2 + 4}
	for _, c := range []struct {
		typ  Type
		text string
		want bool
	}{
		{numeric, "1.25", true}, {numeric, "-1.20", true}, {numeric, "0.00", true}, {numeric, "9999.99", true}, {numeric, "NaN", true}, {numeric, "0.01", true},
		{numeric, "1.2", false}, {numeric, "1", false}, {numeric, "1.250", false}, {numeric, "10000.00", false}, {numeric, "Infinity", false}, {numeric, "0", false},
		{Type{OIDBpchar, 7}, "abc", true}, {Type{OIDBpchar, 7}, "a  ", true}, {Type{OIDBpchar, 7}, "äöü", true}, {Type{OIDBpchar, 7}, "ab", false}, {Type{OIDBpchar, 7}, "abcd", false},
		{Type{OIDText, -1}, "abc", false}, {Type{OIDNumeric, -1}, "1.25", false},
	} {
		canonical, err := Decode(nil, Type{c.typ.OID, -1}, Options{Purpose: Store, KeepScale: true}, 0, FormatText, []byte(c.text), &Settings{})
		if err != nil {
			t.Fatal(err)
		}
		if got := ShownBy(c.typ, canonical, []byte(c.text)); got != c.want {
			t.Errorf("%q by %v: %v", c.text, c.typ, got)
		}
	}
}

package sql

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestGuardName(t *testing.T) {
	a := guardName(strings.Repeat("a", 62) + "1")
	b := guardName(strings.Repeat("a", 62) + "2")
	if a == b || len(a) > 63 {
		t.Errorf("%q and %q", a, b)
	}
	for n := 1; n <= 63; n++ {
		for _, c := range []string{"a", "é", "表"} {
			name := guardName(strings.Repeat(c, n))
			if len(name) > 63 || !utf8.ValidString(name) || !strings.HasPrefix(name, "pgveil_") {
				t.Errorf("%d × %s: %q", n, c, name)
			}
		}
	}
	if got := guardConstraint(`a"b`, "\x01\x02\x03\x04\x11\xc5\x7e\x91"); !strings.Contains(got, `"pgveil_a""b"`) ||
		!strings.Contains(got, `octet_length("a""b") OPERATOR(pg_catalog.-) 7`) || !strings.Contains(got, `E'\\x0102030411c57e91'`) {
		t.Error(got)
	}
}

func TestTypeString(t *testing.T) {
	for want, typ := range map[string]Type{
		"text": {OIDText, -1}, "varchar(10)": {OIDVarchar, 14}, "numeric(10,2)": {OIDNumeric, 10<<16 + 2 + 4}, "numeric": {OIDNumeric, -1},
		"timestamptz": {OIDTimestamptz, -1}, "type 1": {1, -1},
	} {
		if got := typ.String(); got != want {
			t.Errorf("%+v is %q, want %q", typ, got, want)
		}
	}
}

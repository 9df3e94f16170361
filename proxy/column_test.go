package proxy

import (
	"testing"

	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/value"
)

// TestColumnTypes: a type that the database defines is made once, another definition is another type, and what is kept is bounded.
func TestColumnTypes(t *testing.T) {
	var types columnTypes
	mood := func(labels ...string) *sql.Protection {
		return &sql.Protection{Type: sql.Type{OID: 20000, Mod: -1}, Defined: &sql.DefinedType{Kind: sql.DefinedEnum, Labels: labels}}
	}
	happy, sad := mood("happy"), mood("sad")
	for range 2 {
		if e := types.of(happy).Enum; len(e.Labels) != 1 || e.Labels[0] != "happy" {
			t.Errorf("%v", e.Labels)
		}
		if e := types.of(sad).Enum; len(e.Labels) != 1 || e.Labels[0] != "sad" {
			t.Errorf("%v", e.Labels)
		}
	}
	if first, second := types.of(happy).Enum, types.of(happy).Enum; first != second {
		t.Error("made twice")
	}
	domain := &sql.Protection{Type: sql.Type{OID: value.OIDText, Mod: -1}, Defined: happy.Defined}
	if c := types.of(domain); c.Type.OID != value.OIDText {
		t.Errorf("%+v", c)
	}
	for range 10 * columnTypesKept {
		types.of(mood("x"))
	}
	if len(types) > columnTypesKept {
		t.Errorf("%d types are kept", len(types))
	}
	plain := &sql.Protection{Type: sql.Type{OID: value.OIDText, Mod: -1}}
	if n := testing.AllocsPerRun(100, func() { types.of(plain) }); n != 0 {
		t.Errorf("%v allocations for text", n)
	}
}

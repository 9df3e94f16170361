package sql

import (
	"strings"
	"testing"
)

// TestBuiltinRunners: the names by which the catalog query finds the server's functions that run SQL given as text are all that the pattern
// (query|table|schema|database|cursor)_to_xml(schema|_and_xmlschema)? has, and each is such a function to analysis.
func TestBuiltinRunners(t *testing.T) {
	_, list, _ := strings.Cut(builtinRunner, "ANY (ARRAY[")
	list, _, _ = strings.Cut(list, "]")
	got := map[string]bool{}
	for _, name := range strings.Split(list, ",") {
		name = strings.Trim(strings.TrimSpace(name), "'")
		got[name] = true
		if !isSQLRunner(name) {
			t.Errorf("%s runs no SQL", name)
		}
	}
	want := []string{"ts_stat", "ts_rewrite"}
	for _, what := range []string{"get", "peek"} {
		want = append(want, "pg_logical_slot_"+what+"_changes", "pg_logical_slot_"+what+"_binary_changes")
	}
	for _, what := range []string{"query", "table", "schema", "database", "cursor"} {
		for _, form := range []string{"", "schema", "_and_xmlschema"} {
			want = append(want, what+"_to_xml"+form)
		}
	}
	for _, name := range want {
		if !got[name] {
			t.Errorf("%s isn't looked for", name)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d names, want %d", len(got), len(want))
	}
}

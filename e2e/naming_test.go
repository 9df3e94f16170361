package e2e

import (
	"strings"
	"testing"
)

// TestNamesUnderOddSettings: while a backslash may stand for something else than itself, a text can look as if it gave a sensitive statement's
// name to another one.
func TestNamesUnderOddSettings(t *testing.T) {
	const fooling = `select '\'; deallocate p; prepare p as select $1::text; select '; select 2; select 3 --'`
	for name, setting := range map[string][]string{
		"set":      {"set standard_conforming_strings = off", "set standard_conforming_strings = on"},
		"function": {"select set_config('standard_'||'conforming_strings', 'off', false)", "select set_config('standard_'||'conforming_strings', 'on', false)"},
	} {
		t.Run(name, func(t *testing.T) {
			c := hijack(t, shared.DSN("app", password("app"), "shop", ""))
			got := c.record(t, []step{
				do(query("prepare p (text) as select id from people where email = $1")), do(query(setting[0])), do(query(fooling)), do(query("begin; declare c cursor for select 1; close c; commit")), do(query(setting[1])),
				do(query("execute p('cnry-fooled')")),
			}, nil)
			all := strings.Join(got, "\n")
			if !strings.Contains(all, "CLOSE CURSOR") || !strings.Contains(all, "SELECT 0") {
				t.Errorf("not understood:\n%s", all)
			}
		})
	}
}

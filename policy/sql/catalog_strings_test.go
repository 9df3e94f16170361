package sql

import (
	"strings"
	"testing"
)

// TestCatalogUnderOldStrings: the server writes constants of definitions by the session's standard_conforming_strings and bytea_output, and names by
// quote_all_identifiers. What is read is the same under all, and the session keeps its settings.
func TestCatalogUnderOldStrings(t *testing.T) {
	c := dial(t, startServer(t), "postgres")
	run(t, c, `create table people (id int, mail bytea check (mail <> '\x00'::bytea), name text default E'a\\b' check (name <> 'c\d'));
create view v as select id, mail from people where name <> 'e\f';
create function f() returns bigint language sql begin atomic select count(*) from people where name = 'g\h'; end`)
	spec := Spec{AllListed: true}
	read := func() (first, second string) {
		query, err := Definitions(run(t, c, CatalogQuery)[0][0], spec)
		if err != nil {
			t.Fatal(err)
		}
		return string(run(t, c, CatalogQuery)[0][0]), string(run(t, c, query)[0][0])
	}
	first, second := read()
	run(t, c, "set standard_conforming_strings = off; set escape_string_warning = off; set bytea_output = escape; set quote_all_identifiers = on")
	oldFirst, oldSecond := read()
	if oldFirst != first || oldSecond != second {
		t.Errorf("with the setting off other definitions are read:\n%s\n%s", second, oldSecond)
	}
	for name, want := range map[string]string{"standard_conforming_strings": "off", "bytea_output": "escape", "quote_all_identifiers": "on"} {
		if got := run(t, c, "show "+name)[0][0]; string(got) != want {
			t.Errorf("%s is %s", name, got)
		}
	}
	decoded := string(run(t, c, "select convert_from(decode('"+second+"', 'base64'), 'UTF8')")[0][0])
	for _, want := range []string{`e\f`, `g\h`} {
		if !strings.Contains(decoded, strings.ReplaceAll(want, `\`, `\\`)) || strings.Contains(decoded, strings.ReplaceAll(want, `\`, `\\\\`)) {
			t.Errorf("%s is not in what is read: %s", want, decoded)
		}
	}
}

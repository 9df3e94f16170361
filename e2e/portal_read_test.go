package e2e

import (
	"strings"
	"testing"
)

// TestPortalsReadByName: what a portal of the client's gives is opened and masked by whichever way it is read, or it is not read.
func TestPortalsReadByName(t *testing.T) {
	app := appSession(t)
	app.record(t, []step{do(query("delete from people where id = 7961")),
		do(query("insert into people (id, name, email) values (7961, 'zzportal', 'cnry-portal@x.test')"))}, nil)
	defer app.record(t, []step{do(query("delete from people where id = 7961"))}, nil)
	const masked = "select name, email from people where id = 7961"
	const xml = "select cursor_to_xml('%', 5, true, false, '')"
	read := func(portal string) string { return strings.Replace(xml, "%", portal, 1) }
	for name, steps := range map[string][]step{
		"the unnamed portal":               {do(parse("", masked), bind("", ""), parse("x", read("")), bind("x", "x"), execute("x", 0), sync)},
		"the unnamed portal, suspended":    {do(parse("", masked), bind("", ""), execute("", 1), parse("x", read("")), bind("x", "x"), execute("x", 0), sync)},
		"the unnamed portal, prepared":     {do(parse("x", read("")), sync), do(parse("", masked), bind("", ""), bind("x", "x"), execute("x", 0), sync)},
		"the unnamed portal, bound before": {do(parse("x", read("")), bind("x", "x"), parse("", masked), bind("", ""), execute("x", 0), sync)},
		"a named portal":                   {do(parse("", masked), bind("c", ""), parse("x", read("c")), bind("x", "x"), execute("x", 0), sync)},
		"a named portal, Query":            {do(query("begin")), do(parse("", masked), bind("c", ""), sync), do(query(read("c"))), do(query("rollback"))},
		"a named portal, prepared":         {do(parse("x", read("c")), sync), do(parse("", masked), bind("c", ""), bind("x", "x"), execute("x", 0), sync)},
		"a named portal, bound before":     {do(parse("x", read("c")), bind("x", "x"), parse("", masked), bind("c", ""), execute("x", 0), sync)},
		"a cursor":                         {do(query("begin")), do(query("declare c cursor for " + masked)), do(query(read("c"))), do(query("rollback"))},
		"a cursor, bound before":           {do(query("begin")), do(parse("x", read("c")), bind("x", "x"), sync), do(query("declare c cursor for " + masked)), do(execute("x", 0), sync), do(query("rollback"))},
	} {
		t.Run(name, func(t *testing.T) {
			c := hijack(t, shared.DSN("support", password("support"), "shop", ""))
			trace := strings.Join(c.record(t, steps, nil), "\n")
			if strings.Contains(trace, "zzportal") || strings.Contains(trace, "c57e91") {
				t.Errorf("it arrived: %s", trace)
			}
		})
	}
}

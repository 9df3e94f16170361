package e2e

import "testing"

// revertedScripts are about settings that a batch without BEGIN takes back at its Sync, of which the server says nothing.
var revertedScripts = []struct {
	name  string
	steps []step
}{
	{"a batch's DateStyle", []step{
		do(parse("", "set local datestyle = 'german'"), bind("", ""), execute("", 0),
			parse("", "select born from people where id = 7001"), bind("", ""), execute("", 0), sync),
		do(query("select born from people where id = 7001")),
		do(query("update people set born = '1999-04-03' where id = 7002 returning born")),
	}},
	{"a failed batch's DateStyle", []step{
		do(parse("", "set datestyle = 'iso, dmy'"), bind("", ""), execute("", 0),
			parse("", "select born from people where id = 7001"), bind("", ""), execute("", 0), parse("", "select 1/0"), bind("", ""), execute("", 0), sync),
		do(query("select born from people where id = 7001")),
	}},
	{"a batch behind COMMIT", []step{
		do(query("begin")), do(parse("", "commit"), bind("", ""), execute("", 0), parse("", "set local datestyle = 'german'"), bind("", ""), execute("", 0),
			parse("", "select born from people where id = 7001"), bind("", ""), execute("", 0), sync),
		do(query("select born from people where id = 7001")),
	}},
	{"a batch that Query ends", []step{
		do(parse("", "set local datestyle = 'german'"), bind("", ""), execute("", 0),
			parse("", "select born from people where id = 7001"), bind("", ""), execute("", 0), query("select 1")),
		do(query("select born from people where id = 7001")),
	}},
	{"a batch's search_path without the table", []step{
		do(parse("", "set local search_path = pg_catalog"), bind("", ""), execute("", 0),
			parse("", "select email from public.people where id = 7001"), bind("", ""), execute("", 0), sync),
		do(query("select email from people where id = 7001")), do(parse("", "select email from people where id = 7002"), bind("", ""), execute("", 0), sync),
	}},
	{"a batch's search_path", []step{
		do(query("create schema reverted")), do(query("create table reverted.people (id int, name text, email text)")),
		do(parse("", "set local search_path = reverted"), bind("", ""), execute("", 0),
			parse("", "select email from people"), bind("", ""), execute("", 0), sync),
		do(query("select email from people where id = 7001")),
		do(query("update people set email = 'cnry-reverted' where id = 7001 returning email")),
		do(parse("", "select set_config('search_path', 'reverted', true)"), bind("", ""), execute("", 0),
			parse("", "insert into people values (1, 'n', 'plain') returning email"), bind("", ""), execute("", 0), sync),
		do(query("update people set email = 'cnry-frame-1' where id = 7001 returning email")),
		do(query("drop table reverted.people")), do(query("drop schema reverted")),
	}},
}

func TestRevertedSettings(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	for _, s := range revertedScripts {
		t.Run(s.name, func(t *testing.T) {
			want := plainSession(t).record(t, s.steps, nil)
			got := appSession(t).record(t, s.steps, nil)
			sameTrace(t, got, want)
		})
	}
}

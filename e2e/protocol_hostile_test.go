package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestFramesOfTheUnusual are scripts that a driver does not send by itself.
func TestFramesOfTheUnusual(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	long := strings.Repeat("n", 63)
	for name, steps := range map[string][]step{
		"names beyond what the server keeps": {
			do(parse(long+"1", "insert into people (id, name, email) values (7991, 'n', $1)"), sync),
			do(bind("", long+"2", "cnry-long"), execute("", 0), sync),
			do(query("select email from people where id = 7991")),
			do(parse(long+"3", "select email from people where id = 7001"), sync),
			do(closing('S', long+"4"), parse(long+"5", "select email from people where id = 7001"), sync),
			do(bind("", long+"6"), execute("", 0), sync),
			do(query("begin")), do(bind(long+"1", long+"5"), sync), do(execute(long+"2", 0), sync), do(query("rollback")),
		},
		"a comment that ends as it begins": {do(query("/*/ x */ select 1")), do(query("/*/")),
			do(parse("", "/*/ x */ select email from people where id = 7001"), bind("", ""), execute("", 0), sync)},
		"a setting changed in the batch": {
			do(parse("", "set datestyle = 'SQL, DMY'"), bind("", ""), execute("", 0),
				parse("", "insert into people (id, name, born) values (7992, 'n', '2001-03-02') returning born"), bind("", ""), execute("", 0), sync),
			do(query("reset datestyle")), do(query("select born from people where id = 7992")),
		},
		"a transaction rolled back within a batch": {
			do(query("begin")), do(query("set datestyle = 'SQL, DMY'")), do(query("select 1/0")),
			do(query(`insert into people (id, name, email) values (7995, 'n', 'cnry\x')`)),
			do(parse("", "rollback"), bind("", ""), execute("", 0),
				parse("", "insert into people (id, name, born) values (7994, 'n', '2001-03-02') returning born"), bind("", ""), execute("", 0), sync),
			do(query(`insert into people (id, name, email) values (7995, 'n', 'cnry\x') returning email`)),
		},
		"Query after a message without Sync, and an error of the proxy's own statement": {
			do(closing('S', "none"), query("select 1")), do(query("select email from people where id = 7001")),
			do(query("begin")), do(query("select 1/0")), do(query("set search_path = public")),
			do(query("select email from people where id = 7001")), do(query("rollback")),
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := plainSession(t).record(t, steps, nil)
			got := appSession(t).record(t, steps, nil)
			sameTrace(t, got, want)
			frameRows(t)
		})
	}
}

// TestSetTransactionComesFirst: the server wants it before any query of the transaction, the proxy's look at the catalog included.
func TestSetTransactionComesFirst(t *testing.T) {
	c := appSession(t)
	c.record(t, []step{do(query("begin"))}, nil)
	time.Sleep(2500 * time.Millisecond) // limits.catalog_age
	trace := strings.Join(c.record(t, []step{do(query("set transaction isolation level serializable")), do(query("select email from people where id = 1")),
		do(query("rollback"))}, nil), "\n")
	if strings.Contains(trace, "E ERROR") {
		t.Error(trace)
	}
}

// TestBackslashesAreWhatTheServerTakesThemFor: what the server does not report in time must not make of a constant what it isn't.
func TestBackslashesAreWhatTheServerTakesThemFor(t *testing.T) {
	const hidden = `select '\', '||(select count(*) from people)::text--'`
	for name, steps := range map[string][]step{
		"set in the batch": {do(parse("", "set standard_conforming_strings = off"), bind("", ""), execute("", 0),
			parse("", hidden), bind("", ""), execute("", 0), sync)},
		"set by a function": {
			do(query("create function pg_temp.f() returns void language plpgsql as $$begin perform set_config('standard_con'||'forming_strings', 'off', false); end$$")),
			do(parse("", "select pg_temp.f()"), bind("", ""), execute("", 0), parse("", hidden), bind("", ""), execute("", 0), sync)},
	} {
		t.Run(name, func(t *testing.T) {
			c := hijack(t, shared.DSN("nobody", password("nobody"), "shop", ""))
			trace := c.record(t, append(steps, do(query(hidden))), nil)
			got := strings.Join(trace, "\n")
			if strings.Contains(got, "D \"', ") || strings.Count(got, "[PV") != 1 {
				t.Error(got)
			}
		})
	}
}

// TestPreparedUnderAnotherSearchPath: a statement that touched nothing protected when it was prepared may do so when it is run.
func TestPreparedUnderAnotherSearchPath(t *testing.T) {
	const planted = "cnry-other-path"
	logged := serverLog(t)
	c := appSession(t)
	trace := c.record(t, []step{
		do(query("create schema elsewhere")), do(query("create table elsewhere.people (id int, name text, email text)")),
		do(query("set search_path = elsewhere")),
		do(parse("p", "insert into people (id, name, email) values (1, 'n', $1)"), sync),
		do(query("set search_path = public")),
		do(bind("", "p", planted), execute("", 0), sync),
		do(query("set search_path = elsewhere")), do(query("prepare q(text) as insert into people (id, name, email) values (1, 'n', $1)")),
		do(query("execute q('as plain')")), do(query("set search_path = public")),
		do(query("execute q('" + planted + "')")), do(bind("", "q", planted), execute("", 0), sync),
		do(query("drop schema elsewhere cascade")),
	}, nil)
	if got := strings.Join(trace, "\n"); strings.Count(got, "[PV007]") != 3 || strings.Count(got, "[PV") != 3 {
		t.Error(got)
	}
	if log := logged(); strings.Contains(log, planted) || !strings.Contains(log, "drop schema elsewhere") {
		t.Error("the value reached the server, or the log is another")
	}
}

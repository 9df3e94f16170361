package e2e

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/stack"
	"github.com/pgveil/pgveil/proxy/audit"
)

var (
	randomScripts = flag.Int("random-scripts", 250, "how many random scripts TestRandomScripts runs")
	randomSeed    = flag.Uint64("random-seed", 1, "the first seed of TestRandomScripts")
)

// Each of randomTexts takes one text parameter or none. Those at the front take it for a protected column. The first of a pair is for the proxy, the second, where there is one, for the plain
// server: it fails where the proxy refuses.
var randomTexts = [][]string{
	{"select id, email from people where email = $1"},
	{"update people set ssn = $1 where id = 7001 returning id, ssn"},
	{"update people set code = 'cnryN' where email = $1 returning id"},
	{"select 1/0 from people where email = $1 or true"},
	{"select id from people where email < $1", "select nosuch from people where name = $1"},
	{"begin"}, {"commit"}, {"rollback"}, {"deallocate all"}, {"deallocate a"}, {""}, {"select 1"},
	{"select email from people where id = 7007"},
	// From here on, the parameter is plain.
	{"select ssn, $1::text from people where id = 7002"},
	{"select ssn from people where name = $1"},
	{"select $1::text as plain"},
	{"select label from things where label = $1"},
	{"select id, email from people where $1 <> '' and id between 7003 and 7006 order by id"},
	{"selec $1"},
	{"select id from people where born = $1::date order by id"}, // where the value is none
	{"update people set born = '1991-04-05' where id = 7003 returning born"},
}

// otherQueries change the meaning of names: other.people is another table of the same name, and a plain one.
var otherQueries = [][]string{
	{"set search_path = other, public"}, {"set search_path = public, other"}, {"set search_path = other"}, {"reset search_path"}, {"select 1"}, {"begin"},
	{"rollback"}, {"commit"}, {"set local search_path = other"}, {"select set_config('search_path', 'other, public', false)"}, {"select 1/0"},
	{"do $$begin set search_path = other; end$$"}, {"begin; set local search_path = other"}, {"savepoint s"}, {"rollback to s"},
	{"select id, email, ssn from people where email = 'x1' order by id"}, {"update people set ssn = 'y' where id = 7001 returning ssn"},
	{"update people set ssn = 'z' where email = 'frame' returning ssn"}, {"select * from people where id = 7001"}, {"select label from things where id = 0"},
	{"select other.people.id, p.email from other.people, public.people p where p.id = 7001 and people.id = 7001 order by 1"}, {"discard all"},
	{"insert into people (id, email) values (7001, 'x1') on conflict do nothing returning email"}, {"select email, ssn from other.people order by id"},
	{"create temp table if not exists tt (a int)"}, {"alter table people add column if not exists zz int"}, {"alter table people drop column if exists zz"},
}

// otherTexts are what is prepared beside them.
var otherTexts = [][]string{
	{"select id, email, ssn from people where id = 7001 and $1 <> ''"}, {"update people set ssn = $1 where id = 7001 returning ssn"}, {"select * from people where id = 7001"},
	{"set search_path = other"}, {"set search_path = public"}, {"select id from people where email = $1"}, {"insert into people (id, email) values (7001, $1) on conflict do nothing"},
	{"rollback"}, {"begin"}, {"select set_config('search_path', $1, false)"}, {"select email from public.people where id = 7001"},
}

var randomQueries = [][]string{
	{"select 1"}, {"select email from people where id = 7001"}, {"begin"}, {"commit"}, {"rollback"}, {"select 1/0"}, {"deallocate all"}, {"deallocate a"},
	{"deallocate b"}, {"savepoint s"}, {"rollback to s"}, {"select 1; select email from people where id = 7002; select 2"}, {""},
	{"select id from people order by email", "select nosuch"}, {"set datestyle = 'German, DMY'; select 1"}, {"select born from people where id = 7001"},
	{"reset datestyle"}, {"discard all"}, {"set search_path = public"}, {"reset search_path"}, {"update people set ssn = 'cnry-q' where id = 7001"},
	{"set timezone = 'Asia/Tokyo'"}, {"begin; set local timezone = 'America/New_York'"}, {"select set_config('timezone', 'UTC', true)"},
	{"select set_config('datestyle', 'SQL, MDY', false)"}, {"set bytea_output = 'escape'; select 1"}, {"do $$begin set datestyle = 'ISO, YMD'; end$$"},
	{"update people set born = '1991-03-04' where id = 7002 returning born"}, {"select photo, seen, born from people where id between 7001 and 7003 order by id"},
	{"update people set seen = '2024-05-01 00:00' where id = 7002 returning seen"}, {"select id from people where born = '1990-02-03' or seen = '2024-05-02 12:00' order by id"},
	{"insert into people (id, name, email) values (7001, 'n', 'cnry-dup')"}, {"set statement_timeout = '1min'"},
	{"update people set ssn = 'cnry-r' where email = 'cnry-frame-1' returning ssn"}, {"select pg_notify('none', 'x')"},
}

// randomScript is one script in two forms, for the proxy and for the plain server.
func randomScript(r *rand.Rand) (proxied, atPlain []pgproto3.FrontendMessage) {
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	add := func(m pgproto3.FrontendMessage) { proxied, atPlain = append(proxied, m), append(atPlain, m) }
	texts, queries, values := randomTexts, randomQueries, []string{"Row 3", "unmarked"}
	rows := 1 // one more than Execute asks for at most; 0 rows are all
	switch r.IntN(3) {
	case 0:
		texts, values = randomTexts[:13], []string{"cnry-frame-1", "cnry-frame-2"} // which must not be seen below the proxy
	case 1:
		texts, queries, values = otherTexts, otherQueries, []string{"other", "public", "x1"}
	}
	if r.IntN(2) == 0 {
		// A statement of the proxy's own is a command, after which what an unfinished one has written can be seen.
		rows, texts = 3, slices.DeleteFunc(slices.Clone(texts), func(t []string) bool { return strings.HasPrefix(t[0], "update") })
	}
	last := "" // use of a name soon after it was given is likely
	for range 10 + r.IntN(60) {
		switch n := r.IntN(100); {
		case n < 25:
			last = pick("", "", "a", "b")
			text := texts[r.IntN(len(texts))]
			if r.IntN(2) == 0 {
				add(closing('S', last))
			}
			proxied = append(proxied, parse(last, text[0]))
			atPlain = append(atPlain, parse(last, text[len(text)-1]))
		case n < 50:
			name := pick(last, last, last, "a", "b", "")
			b := bind(pick("", "p"), name, pick(values...))
			if r.IntN(10) == 0 {
				b.Parameters = nil
			}
			b.ResultFormatCodes = [][]int16{nil, {0}, {1}}[r.IntN(3)]
			add(b)
			if r.IntN(2) == 0 {
				add(execute(b.DestinationPortal, uint32(r.IntN(rows))))
			}
		case n < 60:
			add(execute(pick("", "p"), uint32(r.IntN(rows))))
		case n < 65:
			add(describe('S', pick("", "a", "b", last)))
		case n < 70:
			add(describe('P', pick("", "p")))
		case n < 73:
			add(closing('S', pick("", "a", "b")))
		case n < 76:
			add(closing('P', pick("", "p")))
		case n < 88:
			add(sync)
		case n < 90:
			add(flush)
		default:
			q := queries[r.IntN(len(queries))]
			if q[0] == "discard all" {
				add(sync) // it is an error in a pipeline, and the proxy's own statements make one of a batch that runs nothing
			}
			proxied = append(proxied, query(q[0]))
			atPlain = append(atPlain, query(q[len(q)-1]))
		}
	}
	for _, m := range []pgproto3.FrontendMessage{sync, query("rollback"), query("select 'the end'")} {
		add(m)
	}
	return proxied, atPlain
}

// toTheEnd sends all messages at once, cut in pieces, and reads up to the answer of the last.
func (c *rawConn) toTheEnd(t *testing.T, r *rand.Rand, messages []pgproto3.FrontendMessage) (trace []string) {
	b := encode(messages...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for len(b) > 0 {
			n := 1 + r.IntN(len(b))
			if _, err := c.Write(b[:n]); err != nil {
				return
			}
			b = b[n:]
		}
	}()
	for ended := false; ; {
		typ := c.next(patience)
		trace = append(trace, c.show(typ))
		ended = ended || typ == 'D' && strings.Contains(trace[len(trace)-1], `"the end"`)
		if typ == 0 || typ == '?' || ended && typ == 'Z' {
			break
		}
	}
	<-done
	return trace
}

// TestRandomScripts compares pipelines that no driver would send: the proxy's idea of the client's names and of what is owed must be
// the server's, whatever fails in between.
func TestRandomScripts(t *testing.T) {
	randomly(t, shared.Stack, *randomScripts)
}

// TestRandomScriptsOfAPrivilegedRole has each execution recorded: nothing else may be different, and each decision has its end.
func TestRandomScriptsOfAPrivilegedRole(t *testing.T) {
	own := ownStack(t, func(o *stack.Options) {
		o.Policy = strings.Replace(rules, "who: {users: [app], databases: [\"*\"]}", "who: {users: [app], databases: [\"*\"]}\n    record: statements", 1)
	})
	randomly(t, own, *randomScripts/3)
	eventually(t, "each decided statement is done or lost", func() bool {
		open := map[int64]bool{}
		for _, e := range audited(t, own, audit.StatementDecided) {
			open[e.Seq] = true
		}
		decided := len(open)
		for _, kind := range []audit.Kind{audit.StatementDone, audit.StatementLost} {
			for _, e := range audited(t, own, kind) {
				if !open[e.Decided] {
					t.Errorf("the end of a statement that was not open: %+v", e)
				}
				delete(open, e.Decided)
			}
		}
		return decided > *randomScripts && len(open) == 0
	})
}

func randomly(t *testing.T, s *stack.Stack, scripts int) {
	frameRows(t)
	defer noFrameRows(t)
	for server, db := range map[*postgres.Server]string{shared.pg: "shop", shared.plain: "plain"} {
		asSuperuser(server, db, "create schema other authorization app; set role app; create table other.people (id int primary key, name text, email text, ssn text)")
		defer asSuperuser(server, db, "drop schema other cascade")
	}
	cut := 0
	ours, plain := hijack(t, s.DSN("app", password("app"), "shop", "")), plainSession(t)
	for seed := *randomSeed; seed < *randomSeed+uint64(scripts); seed++ {
		r := rand.New(rand.NewPCG(seed, 0))
		proxied, atPlain := randomScript(r)
		var got, want []string
		atOnce(func() { want = plain.toTheEnd(t, rand.New(rand.NewPCG(seed, 1)), atPlain) },
			func() { got = ours.toTheEnd(t, rand.New(rand.NewPCG(seed, 2)), proxied) })
		raw := slices.Clone(got)
		if n := refusedFirst(got, want); n >= 0 && got[len(got)-1] == "Z I" {
			got, want = got[:n], want[:n]
			cut++
		}
		onlyTypesOfErrors(want)
		onlyTypesOfErrors(got)
		if sameTrace(t, got, want); t.Failed() {
			var b strings.Builder
			for _, m := range proxied {
				fmt.Fprintf(&b, "%T%+v\n", m, m)
			}
			t.Fatalf("seed %d\n%s\n\n%s", seed, strings.Join(raw, "\n"), strings.ReplaceAll(b.String(), "*pgproto3.", ""))
		}
		reset(t, ours)
		reset(t, plain)
	}
	t.Logf("%d of %d scripts compared up to a refusal only", cut, scripts)
	if cut > scripts/4 {
		t.Error("that is too many")
	}
	ours.Close()
}

// refusedFirst is the first place where the proxy refuses what the server does, -1 if there is none: under another search path than
// the one that a statement was prepared under, say.
func refusedFirst(got, want []string) int {
	for i := range min(len(got), len(want)) {
		// The server itself finds that what was prepared for a plain table now meets a sealed column.
		byServer := strings.Contains(got[i], " 42883 ") || strings.Contains(got[i], "cached plan must not")
		refused := (byServer || strings.Contains(got[i], " refused ")) && want[i][0] != 'E'
		if refused || got[i][0] != want[i][0] {
			if refused {
				return i
			}
			break
		}
	}
	return -1
}

// reset undoes what a script did.
func reset(t *testing.T, c *rawConn) {
	t.Helper()
	c.send(t, query("discard all"), query("alter table people drop column if exists zz"),
		query("update people set ssn = 'cnry-reset', code = null, born = null, seen = '2024-05-02 12:00Z' where id between 7001 and 7020"),
		query("truncate other.people; insert into other.people values (7001, 'other', 'x2', 'y2'), (7002, 'other', 'x1', 'y1')"))
	c.until('Z', 4)
}

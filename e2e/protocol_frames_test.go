package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgveil/pgveil/e2e/stack"
)

// scripts are sent frame by frame to a plain server and through the proxy. What comes back must be the same frames.
// Rows 7001…7020 of people exist, see frameRows.
var scripts = []struct {
	name  string
	steps []step
}{
	{"simple", []step{do(query("select id, email, ssn from people where id = 7003"))}},
	{"simple, several statements", []step{
		do(query("select email from people where id = 7003; select 1; select ssn, id from people where id > 7017 order by id; select 2")),
		do(query("select 1; select email from people where id = 7001; select nosuch; select 3")),
		do(query("begin; select email from people where id = 7001; select 1/0; select 3")),
		do(query("rollback")),
		do(query("insert into people (id, name, email) values (7990, 'n', 'cnry-multi'); select email from people where id = 7990; select 1/0")),
		do(query("select count(*) from people where id = 7990")),
	}},
	{"empty queries", []step{do(query("")), do(query(";")), do(query("-- nothing")), do(query(" ; ; select 1;;")),
		do(parse("", ""), bind("", ""), describe('P', ""), describe('S', ""), execute("", 0), sync)}},
	{"unnamed statement parsed again", []step{
		do(parse("", "select email from people where id = $1"), bind("", "", "7001"), execute("", 0),
			parse("", "select ssn, id from people where email = $1"), bind("", "", "cnry-frame-2"), execute("", 0),
			parse("", "select 1"), bind("", ""), describe('P', ""), execute("", 0), sync),
		do(bind("", ""), execute("", 0), sync),
		do(query("select 2")),
		do(bind("", ""), execute("", 0), sync),
	}},
	{"named statement parsed again without Close", []step{
		do(parse("s", "select email from people where id = $1"), sync),
		do(parse("s", "select ssn from people where id = $1"), sync),
		do(bind("", "s", "7001"), describe('P', ""), execute("", 0), sync),
		do(closing('S', "s"), parse("s", "select ssn from people where id = $1"), bind("", "s", "7001"), execute("", 0), sync),
		do(closing('S', "s"), bind("", "s", "7001"), execute("", 0), sync),
		do(parse("s", "select 1::int8"), bind("", "s"), execute("", 0), sync),
	}},
	{"Parse fails, then the name is used", []step{
		do(parse("f", "select nosuch from people"), bind("", "f"), execute("", 0), sync),
		do(bind("", "f"), sync),
		do(parse("f", "selec"), bind("", "f"), execute("", 0), sync),
		do(parse("f", "select email from people where id = 7001"), sync, bind("", "f"), execute("", 0), sync),
	}},
	{"unknown names", []step{
		do(bind("", "none"), sync), do(describe('S', "none"), sync), do(describe('P', "none"), sync),
		do(execute("none", 0), sync), do(closing('S', "none"), closing('P', "none"), sync),
		do(parse("", "select email from people"), execute("none", 0), parse("", "select 1"), sync),
		do(query("select 1")),
	}},
	{"portal suspension", []step{
		do(query("begin")),
		do(parse("", "select id, email from people where id between 7001 and 7010 order by id"), bind("c", ""), describe('P', "c"),
			execute("c", 3), sync),
		do(execute("c", 3), execute("c", 1), sync),
		do(query("select email from people where id = 7001")),
		do(execute("c", 2), describe('P', "c"), flush, execute("c", 100), sync),
		do(execute("c", 1), sync),
		do(closing('P', "c"), execute("c", 1), sync),
		do(query("commit")),
		do(execute("c", 1), sync),
	}},
	{"portal suspension in an implicit transaction", []step{
		do(parse("", "select id, email from people where id between 7001 and 7010 order by id"), bind("", ""), execute("", 3),
			execute("", 3), sync),
		do(execute("", 3), sync),
	}},
	{"portal of a changing statement", []step{
		do(parse("", "update people set ssn = $1 where id between 7001 and 7003 returning id, ssn"), bind("u", "", "cnry-upd"),
			execute("u", 1), execute("u", 1), execute("u", 5), sync),
		do(query("update people set ssn = 'cnry-ssn-x' where id = 7004 returning ssn; select 1")),
	}},
	{"several portals", []step{
		do(query("begin")),
		do(parse("a", "select id, email from people where id >= $1 order by id"), bind("p1", "a", "7001"), bindBinary("p2", "a", "7011"),
			execute("p1", 1), execute("p2", 1), execute("p1", 1), execute("p2", 1), describe('P', "p2"), sync),
		do(bind("p1", "a", "7005"), sync),
		do(execute("p1", 1), sync),
		do(query("rollback")),
		do(closing('S', "a"), sync),
	}},
	{"Describe in all orders", []step{
		do(parse("d", "select id, email, age, born from people where email = $1 and id > $2"), describe('S', "d"), sync),
		do(describe('S', "d"), describe('S', "d"), bind("", "d", "cnry-frame-4", "7000"), describe('P', ""), describe('S', "d"),
			describe('P', ""), execute("", 0), sync),
		do(bindBinary("", "d", "cnry-frame-4", "7000"), execute("", 0), describe('P', ""), sync),
		do(parse("e", "update people set age = $1 where id = $2"), describe('S', "e"), bind("", "e", "41", "7001"), describe('P', ""), execute("", 0), sync),
		do(parse("n", "begin"), describe('S', "n"), bind("", "n"), describe('P', ""), sync),
		do(parse("o", "select email from people where email = $1", 1043), describe('S', "o"), sync),
		do(parse("q", "select email from people where id = $1", 20), describe('S', "q"), sync),
	}},
	{"Execute without Describe", []step{
		do(parse("x", "select id, email from people where email = $1"), bind("", "x", "cnry-frame-4"), execute("", 0), sync),
		do(bind("", "x", "cnry-frame-5"), execute("", 0), sync),
		do(bindBinary("", "x", "cnry-frame-6"), execute("", 0), sync),
		do(bind("", "x", "cnry-frame-5"), execute("", 0), bind("", "x", "cnry-frame-7"), execute("", 0), sync),
	}},
	{"Flush without Sync", []step{
		upTo('1', 1, parse("", "select id, email from people where email = $1"), flush),
		upTo('T', 1, describe('S', ""), flush),
		upTo('2', 1, bind("", "", "cnry-frame-3"), flush),
		upTo('C', 1, execute("", 0), flush),
		do(sync),
		upTo('E', 1, parse("", "select nosuch"), flush),
		silence(parse("", "select 1"), bind("", ""), execute("", 0), flush),
		do(sync),
	}},
	{"Sync storm", []step{do(sync, sync, sync), do(parse("", "select email from people where id = 7002"), sync, sync, bind("", ""), sync, sync,
		execute("", 0), sync, sync), do(query("begin")), do(sync, sync), do(query("select nosuch")), do(sync, sync), do(query("rollback"))}},
	{"errors skip up to Sync, Query too", []step{
		upTo('Z', 2, parse("", "select 1"), bind("", ""), execute("", 0), parse("", "select 1/0"), bind("", ""), execute("", 0),
			parse("k", "select email from people"), bind("", "k"), execute("", 0), query("select 5"), closing('S', "k"), sync,
			parse("", "select email from people where id = 7001"), bind("", ""), execute("", 0), sync),
		do(bind("", "k"), sync),
	}},
	{"Close is skipped after an error", []step{
		do(parse("kept", "select email from people where id = 7001"), sync),
		do(parse("", "select nosuch"), closing('S', "kept"), sync, bind("", "kept"), execute("", 0), sync),
	}},
	{"failed transaction", []step{
		do(query("begin")), do(query("select 1/0")), do(query("select email from people")),
		do(parse("", "select email from people where id = 7001"), bind("", ""), execute("", 0), sync),
		do(parse("", "rollback"), bind("", ""), execute("", 0), sync),
		do(query("begin; savepoint a; select 1/0")), do(query("rollback to a")), do(query("select email from people where id = 7001")),
		do(query("commit")),
	}},
	{"leaving an aborted transaction", []step{
		do(query("begin")), do(query("alter table people add column zz int")), do(query("select 1/0")), do(query("rollback")),
		do(query("select zz from people where id = 7001")), do(query("begin; alter table people add column zz int; select 1/0")),
		do(closing('S', "x"), parse("", "rollback"), bind("", ""), execute("", 0), sync),
		do(query("begin")), do(query("alter table people add column zz int"), query("select zz, email from people where id = 7001"), query("select nosuch")),
		do(closing('S', "x"), parse("", ""), bind("", ""), execute("", 0), parse("", "select 1"), sync),
		do(closing('S', "x"), parse("", "commit"), bind("", ""), execute("", 0), sync),
		do(query("begin; set transaction isolation level serializable")), do(parse("", "set transaction read only"), bind("", ""), execute("", 0), sync),
		do(query("select email from people where id = 7001; commit")),
	}},
	{"Query in an open batch of an aborted transaction", []step{
		do(query("begin")), do(query("set local search_path = public; select 1/0")), do(closing('P', ""), query("update people set ssn = 'cnry' where id = 7001"), sync),
		do(query("select 1")), do(query("rollback")),
	}},
	{"Query between extended batches", []step{
		do(parse("", "select email from people where id = $1"), bind("", "", "7001"), execute("", 0), sync,
			query("select ssn from people where id = 7002"), parse("z", "select age from people where id = $1"),
			bindBinary("", "z", "7003"), describe('P', ""), execute("", 0), sync, query("select 1; select email from people where id = 7004"), sync),
	}},
	{"Query within a batch", []step{
		do(query("begin")),
		do(parse("w", "select email from people where id = $1"), bind("wp", "w", "7001"), query("select ssn from people where id = 7002"),
			execute("wp", 0), sync),
		do(query("rollback")),
	}},
	{"COPY out, simple", []step{do(query("copy (select 1, 'a' union all select 2, 'b') to stdout")),
		do(query("copy (select 1) to stdout (format binary); select 3")), do(query("copy things to stdout; select nosuch"))}},
	{"COPY in, simple", []step{
		upTo('G', 1, query("copy things (id, label) from stdin")), do2(1, copyData("7001\tx\n70"), copyData("02\ty\n"), copied),
		do(query("select id, label from things where id > 7000 order by id")),
		upTo('G', 1, query("copy things (id, label) from stdin; select 7")), do2(1, copyData("7003\tx\n"), copied),
		upTo('G', 1, query("copy things (id, label) from stdin; copy things (id, label) from stdin")),
		upTo('G', 1, copyData("7004\tx\n"), copied), do2(1, copyData("7005\tx\n"), copied),
		do(bind("", "none"), sync),
		do(query("delete from things where id > 7000")),
	}},
	{"COPY in fails", []step{
		upTo('G', 1, query("copy things (id, label) from stdin")), do2(1, copyData("7001\tx\n"), &pgproto3.CopyFail{Message: "no more"}),
		upTo('G', 1, query("copy things (id, label) from stdin")), do2(1, copyData("seven\tx\n"), copyData("7002\tx\n"), copied),
		do(query("select 1")),
		do(bind("", "none"), sync),
		upTo('G', 1, query("begin; copy things (id, label) from stdin")), do2(1, copyData("seven\tx\n"), copied),
		do(query("rollback")),
		silence(copyData("late\n"), copied, &pgproto3.CopyFail{}),
		do(query("select 1")),
		do(parse("", "select email from people where id = 7001"), bind("", ""), execute("", 0), sync),
	}},
	{"COPY in, extended", []step{
		upTo('G', 1, parse("", "copy things (id, label) from stdin"), bind("", ""), describe('P', ""), execute("", 0), sync),
		do2(1, copyData("7001\tx\n"), flush, copyData("7002\tx\n"), copied, sync),
		do(bind("", "none"), sync),
		upTo('G', 1, parse("", "copy things (id, label) from stdin"), bind("", ""), execute("", 0), flush),
		do2(1, sync, copyData("7003\tx\n"), sync, copied, sync),
		do2(1, parse("", "copy things (id, label) from stdin"), bind("", ""), execute("", 0), copyData("7004\tx\n"), copied, sync),
		do2(2, parse("", "copy things (id, label) from stdin"), bind("", ""), execute("", 0), sync, copyData("7005\tx\n"), copied, sync,
			parse("", "select email from people where id = 7001"), bind("", ""), execute("", 0), sync),
		do(query("delete from things where id > 7000")),
	}},
	{"COPY in, extended, fails", []step{
		upTo('G', 1, parse("", "copy things (id, label) from stdin"), bind("", ""), execute("", 0), sync),
		do2(1, copyData("seven\tx\n"), copyData("7002\tx\n"), copied, sync),
		do(query("select 1")),
		upTo('G', 1, parse("", "copy things (id, label) from stdin"), bind("", ""), execute("", 0), sync),
		do2(1, copyData("7002\tx\n"), &pgproto3.CopyFail{Message: "no more"}, sync),
		do(query("select email from people where id = 7001")),
		do(parse("", "copy nosuch from stdin"), bind("", ""), execute("", 0), sync),
		silence(copied), do(sync),
		do(query("select email from people where id = 7001")),
	}},
	{"COPY in ended by the server before it reads", []step{
		do(query("create temp view no_target as select 1 as a"), query("create temp table target (a int)"),
			query("create function pg_temp.stop() returns trigger language plpgsql as $$begin raise exception 'stop'; end$$"),
			query("create trigger stop before insert on pg_temp.target execute function pg_temp.stop()")),
		upTo('Z', 1, parse("", "copy pg_temp.no_target from stdin"), bind("", ""), execute("", 0), sync),
		do2(1, copyData("1\n"), copied, sync),
		do(query("select email from people where id = 7001")),
		upTo('Z', 1, parse("", "copy pg_temp.target from stdin"), bind("", ""), execute("", 0), sync),
		do2(1, copyData("1\n"), copied, sync),
		do(parse("", "select email from people where id = 7001"), bind("", ""), execute("", 0), sync),
	}},
	{"Sync and Flush during COPY in", []step{upTo('G', 1, query("copy things (label) from stdin")), silence(sync, flush),
		do2(1, copyData("a\n"), copied), do(query("select email from people where id = 7001"))}},
	{"FunctionCall", []step{
		do(query("begin")),
		do(call(964, 1, []byte{0, 0x0f, 0xff, 0xff})), // lo_unlink of what isn't there
		do(query("rollback")),
		do(query("begin")),
		do(call(3172, 1)), // wrong number of arguments
		do(query("rollback")),
		do(call(952, 1, []byte{0, 0x0f, 0xff, 0xff}, []byte{0, 4, 0, 0})),
		do(parse("", "select nosuch"), sync, call(952, 1, []byte{0, 0x0f, 0xff, 0xff}, []byte{0, 4, 0, 0}), query("select 1")),
	}},
	{"LISTEN and NOTIFY", []step{
		do(query("listen frames")),
		do(query("notify frames, 'own'; select email from people where id = 7001")),
		do(parse("", "select pg_notify('frames', 'x')"), bind("", ""), execute("", 0), parse("", "select email from people where id = 7001"),
			bind("", ""), execute("", 0), sync),
		do(query("begin; notify frames, 'late'; select email from people where id = 7001")), do(query("commit")),
		do(query("unlisten *")),
	}},
	{"notices and settings", []step{
		do(query("do $$begin raise notice 'one'; raise warning 'two'; end$$"), query("select email from people where id = 7001")),
		do(query("set application_name = 'frames'"), query("select email from people where id = 7001"), query("set datestyle = 'German'"),
			query("select born from people where id = 7001"), query("reset datestyle"), query("select born from people where id = 7001")),
		do(query("set datestyle = 'SQL, DMY'")), do(query("select born, seen from people where id = 7001")),
		do(query("set timezone = 'Asia/Tokyo'")), do(query("select born, seen from people where id = 7001")),
		do(query("set bytea_output = 'escape'")), do(query("select photo from people where id = 7001")),
		do(query("begin; set local timezone = 'America/New_York'")), do(query("select seen from people where id = 7001")),
		do(query("rollback")), do(query("select seen from people where id = 7001")),
		do(query("reset all")),
		do(query("drop table if exists nosuch")), do(query("commit")),
	}},
	{"names are forgotten", []step{
		do(parse("a", "select email from people where id = 7001"), parse("b", "select 1"), sync),
		do(query("deallocate a")), do(bind("", "a"), sync), do(bind("", "b"), execute("", 0), sync),
		do(query("deallocate all")), do(bind("", "b"), sync),
		do(parse("a", "select ssn from people where id = 7001"), bind("", "a"), execute("", 0), sync),
		do(query("discard all")), do(bind("", "a"), sync),
		do(parse("a", "select age from people where id = 7001"), bind("", "a"), execute("", 0), sync),
		do(query("discard plans")), do(bind("", "a"), execute("", 0), sync),
		do(parse("", "deallocate all"), bind("", ""), execute("", 0), sync), do(bind("", "a"), sync),
		do(query("prepare a as select 5")), do(bind("", "a"), describe('P', ""), execute("", 0), sync),
		do(parse("a", "select email from people where id = 7001"), sync),
		do(query("deallocate a")),
		do(parse("a", "select email from people where id = 7001"), sync), do(bind("", "a"), execute("", 0), sync),
	}},
	{"names are forgotten in one batch", []step{
		do(parse("a", "select email from people where id = 7001"), parse("c", "deallocate a"), bind("", "c"), execute("", 0),
			parse("a", "select ssn, id from people where id = 7001"), bind("", "a"), describe('P', ""), execute("", 0), sync),
		do(parse("d", "deallocate all"), bind("", "d"), execute("", 0),
			parse("a", "select age, id from people where id = 7001"), bind("", "a"), describe('P', ""), execute("", 0), sync),
		do(query("deallocate all"), parse("a", "select born, id from people where id = 7001"), sync, bind("", "a"), execute("", 0), sync),
		do(bind("", "a"), execute("", 0), sync),
	}},
	{"cursors and prepared statements in SQL", []step{
		do(query("begin; declare c cursor for select generate_series(1, 5); fetch 2 from c")), do(query("move 1 in c; fetch all from c; close c; commit")),
		do(query("prepare q(int) as select $1 + 1")), do(query("execute q(2)")), do(bind("", "q", "7"), describe('P', ""), execute("", 0), sync),
		do(describe('S', "q"), sync), do(query("deallocate q")),
	}},
	{"malformed", []step{
		do(&pgproto3.Bind{PreparedStatement: "m", ParameterFormatCodes: []int16{0, 1, 0}, Parameters: [][]byte{[]byte("1")}}, sync),
		do(parse("m", "select email from people where id = $1"), sync),
		do(bind("", "m"), sync), do(bind("", "m", "1", "2"), sync), do(bind("", "m", "x"), sync),
		do(&pgproto3.Bind{PreparedStatement: "m", Parameters: [][]byte{[]byte("7001")}, ResultFormatCodes: []int16{0, 0}}, execute("", 0), sync),
		do(&pgproto3.Bind{PreparedStatement: "m", Parameters: [][]byte{[]byte("7001")}, ParameterFormatCodes: []int16{7}}, execute("", 0), sync),
		do(query("select 1")),
	}},
}

// do2 is do for a COPY, whose Syncs may go unanswered: it waits for n answers.
func do2(n int, messages ...pgproto3.FrontendMessage) step { return upTo('Z', n, messages...) }

func call(function uint32, formats int, arguments ...[]byte) *pgproto3.FunctionCall {
	return &pgproto3.FunctionCall{Function: function, ArgFormatCodes: []uint16{uint16(formats)}, Arguments: arguments, ResultFormatCode: 1}
}

// frameRows puts the scripts' rows into both databases.
func frameRows(t *testing.T) {
	t.Helper()
	rows := make([]string, 20)
	for n := range rows {
		i := n + 1
		rows[n] = fmt.Sprintf("(%d, 'Row %d', 'cnry-frame-%d', 'cnry-fs-%d', %d, '1990-02-%02d', '2024-05-%02d 12:00:00+00', '\\x00%02xff')", 7000+i, i, i, i, 20+i, i, i, i)
	}
	for _, c := range bothApps(t) {
		for _, sql := range []string{"truncate things; select setval('things_id_seq', 1); delete from people where id between 7000 and 7999",
			"insert into people (id, name, email, ssn, age, born, seen, photo) values " + strings.Join(rows, ", ")} {
			if _, err := c.Exec(context.Background(), sql).ReadAll(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// noFrameRows takes them out again.
func noFrameRows(t *testing.T) {
	for _, c := range bothApps(t) {
		must(c, "delete from people where id between 7000 and 7999")
	}
}

// sameFrames compares what all scripts get on a plain session with what they get on one that open gives, chopped.
func sameFrames(t *testing.T, open func(*testing.T) *rawConn, chop func(write func([]byte), b []byte)) {
	t.Helper()
	for _, s := range scripts {
		t.Run(s.name, func(t *testing.T) {
			want := plainSession(t).record(t, s.steps, nil)
			got := open(t).record(t, s.steps, chop)
			sameTrace(t, got, want)
			frameRows(t)
		})
	}
}

func TestFramesAreADirectConnections(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	sameFrames(t, appSession, nil)
}

// TestFramesInSegments cuts what the client sends into pieces: TCP keeps no borders.
func TestFramesInSegments(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	random := rand.New(rand.NewPCG(1, 2))
	for name, chop := range map[string]func(func([]byte), []byte){
		"single bytes": func(write func([]byte), b []byte) {
			for i := range b {
				write(b[i : i+1])
			}
		},
		"random": func(write func([]byte), b []byte) {
			for len(b) > 0 {
				n := 1 + random.IntN(min(len(b), 40))
				write(b[:n])
				b = b[n:]
				if random.IntN(4) == 0 {
					time.Sleep(time.Duration(random.IntN(1000)) * time.Microsecond)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) { sameFrames(t, appSession, chop) })
	}
}

// TestFramesInSegmentsFromTheServer has the server's bytes come one by one.
func TestFramesInSegmentsFromTheServer(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	own := ownStack(t, func(o *stack.Options) {
		relayed(t, o, 1, new(atomic.Int64))
		o.UpstreamTLS = "disable"
	})
	sameFrames(t, func(t *testing.T) *rawConn { return hijack(t, own.DSN("app", password("app"), "shop", "")) }, nil)
}

// A client that sends statements while the server takes CopyData has lost its way: a server ends the session, and so does the proxy.
func TestStatementsDuringCopy(t *testing.T) {
	for name, b := range map[string][]byte{
		"Query": encode(query("select 1")), "protected Query": encode(query("select email from people")), "Parse": encode(parse("", "select 3")),
		"Bind": encode(copyData("a\n"), bind("", "")), "Execute": encode(execute("", 0)), "Describe": encode(describe('S', "")),
	} {
		for where, open := range map[string][]byte{
			"simple":   encode(query("copy things (label) from stdin")),
			"extended": encode(parse("", "copy things (label) from stdin"), bind("", ""), execute("", 0), flush),
		} {
			t.Run(name+", "+where, func(t *testing.T) {
				for who, c := range map[string]*rawConn{"the server": plainSession(t), "the proxy": appSession(t)} {
					c.write(t, open)
					c.until('G', 1)
					c.write(t, b)
					c.write(t, encode(query("select 2"), sync))
					trace := c.until('?', 1)
					if n := len(trace); n < 2 || trace[n-1] != "END" || !strings.HasPrefix(trace[n-2], "E FATAL 08P01") || strings.Contains(strings.Join(trace, "\n"), "D ") {
						t.Errorf("%s: %q", who, trace)
					}
				}
			})
		}
	}
}

package e2e

import (
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// storedScripts are about what SQL keeps by a name, PREPARE's statements and DECLARE's cursors, beside what Parse and Bind make. They are
// compared frame by frame like scripts.
var storedScripts = []struct {
	name  string
	steps []step
}{
	{"a cursor in all directions", []step{
		do(query("begin")), do(query("declare c scroll cursor for select id, email, ssn, age from people where id between 7001 and 7010 order by id")),
		do(query("fetch c")), do(query("fetch 3 from c")), do(query("move 2 in c")), do(query("fetch prior from c")), do(query("fetch absolute 7 from c")),
		do(query("fetch relative -2 from c")), do(query("fetch first c; fetch last c; fetch backward 2 from c; move absolute 0 in c")),
		do(query("fetch relative 0 from c")), do(query("fetch forward all in c")), do(query("fetch backward all in c")), do(query("fetch 0 from c")),
		do(query("close c")), do(query("fetch c")), do(query("rollback")),
	}},
	{"a cursor in the extended protocol", []step{
		do(query("begin")),
		do(parse("", "declare c cursor for select id, email from people where email = $1 or id in (7004, 7005) order by id"), bind("", "", "cnry-frame-2"),
			describe('P', ""), execute("", 0), sync),
		do(parse("f", "fetch 1 from c"), describe('S', "f"), sync), do(bind("", "f"), describe('P', ""), execute("", 0), sync),
		do(bindBinary("", "f"), describe('P', ""), execute("", 0), sync), do(bind("", "f"), execute("", 0), sync), do(bind("", "f"), execute("", 0), sync),
		do(parse("", "close c"), bind("", ""), execute("", 0), sync), do(bind("", "f"), execute("", 0), sync), do(query("rollback")),
		do(query("begin; declare c cursor for select email from people where id in (7001, 7002) order by id")),
		do(parse("", "move 1 in c"), bind("", ""), describe('P', ""), execute("", 0), sync), do(parse("", "move 1 in c"), bind("", ""), execute("", 0), sync),
		do(query("prepare w (text) as update people set email = $1 where id = 7001")), do(parse("", "execute w('cnry-w')"), bind("", ""), execute("", 0), sync),
		do(bind("", "w", "cnry-w2"), execute("", 0), sync), do(query("select email from people where id = 7001; rollback")), do(query("deallocate w")),
	}},
	{"all of a cursor in one batch", []step{
		do(query("begin")),
		do(parse("", "declare c cursor for select email from people where id in (7001, 7002, 7003) order by id"), bind("", ""), execute("", 0),
			parse("", "fetch 2 from c"), bind("", ""), describe('P', ""), execute("", 0), execute("c", 5), describe('P', "c"),
			parse("", "close c"), bind("", ""), execute("", 0), parse("", "fetch 2 from c"), sync),
		do(query("rollback")),
	}},
	{"a binary cursor", []step{
		do(query("begin; declare c binary cursor for select id, email, age, born, balance from people where id between 7001 and 7004 order by id")),
		do(query("fetch 2 from c")), do(parse("", "fetch 1 from c"), bind("", ""), describe('P', ""), execute("", 0), execute("c", 1), sync), do(query("commit")),
	}},
	{"a cursor with hold outlives its transaction", []step{
		do(query("begin; declare h cursor with hold for select id, email from people where id between 7001 and 7006 order by id; declare n cursor for select ssn from people where id = 7001")),
		do(query("fetch 1 from h; fetch 1 from n")), do(query("commit")), do(query("fetch 1 from h")), do(query("fetch 1 from n")),
		do(query("begin; fetch 2 from h; rollback")), do(query("fetch 1 from h")), do(execute("h", 1), sync), do(closing('P', "h"), sync), do(query("fetch 1 from h")),
		do(query("begin; declare r cursor with hold for select email from people where id = 7001; rollback")), do(query("fetch 1 from r")),
		do(query("declare r cursor with hold for select 5 as five")), do(query("fetch 1 from r; close r")),
		do(query("declare r cursor with hold for select email from people where id = 7002")), do(query("fetch 1 from r; close all")), do(query("fetch 1 from r")),
	}},
	{"cursors and savepoints", []step{
		do(query("begin; declare a cursor for select email from people where id in (7001, 7002) order by id")), do(query("savepoint s")),
		do(query("declare b cursor for select ssn, id from people where id = 7001")), do(query("fetch 1 from b")), do(query("fetch 1 from a")),
		do(query("rollback to s")), do(query("fetch 1 from a")), do(query("savepoint t")), do(query("fetch 1 from b")), do(query("rollback to t")),
		do(query("declare b cursor for select 7 as seven")), do(query("fetch 1 from b")), do(query("commit")), do(query("fetch 1 from a")),
	}},
	{"a name is used again", []step{
		do(query("begin; declare c cursor for select email from people where id = 7001")), do(query("close c")),
		do(query("declare c cursor for select label from things")), do(query("fetch 1 from c")), do(query("close c")),
		do(query("declare c cursor for select ssn, email from people where id = 7002")), do(query("fetch 1 from c")),
		do(query("declare c cursor for select 1")), do(query("rollback")),
		do(query("begin; declare c cursor for select generate_series(1, 3)")), do(query("fetch 2 from c")), do(query("end")),
	}},
	{"an error in the text that declares", []step{
		do(query("begin; declare c cursor for select email from people where id = 7001; select 1/0")), do(query("fetch 1 from c")), do(query("rollback")),
		do(query("begin; declare c cursor for select id from people where id = 7001")), do(query("fetch 1 from c; rollback")),
		do(query("declare c cursor for select email from people")), do(query("declare c cursor for select email from people where id = 7001; fetch 1 from c")),
	}},
	{"portals that Bind made, fetched by name", []step{
		do(query("begin")),
		do(parse("s", "select id, email from people where email = $1 or id in (7004, 7005, 7006) order by id"), bind("p", "s", "cnry-frame-2"), execute("p", 1), sync),
		do(query("fetch 1 from p")), do(query("move 1 in p")), do(parse("", "fetch 1 from p"), bindBinary("", ""), describe('P', ""), execute("", 0), sync),
		do(query("close p")), do(query("fetch 1 from p")), do(query("rollback")), do(query("deallocate s")),
	}},
	{"where current of", []step{
		do(query("begin; declare c cursor for select id from people where id between 7001 and 7003 order by id for update")), do(query("fetch 2 from c")),
		do(query("update people set ssn = 'cnry-current' where current of c returning id, ssn")), do(query("fetch 1 from c")),
		do(query("delete from people where current of c")), do(query("select id, ssn from people where id between 7001 and 7004 order by id")), do(query("rollback")),
	}},
	{"PREPARE and EXECUTE", []step{
		do(query("prepare q as select id, email from people where email = $1")), do(query("execute q('cnry-frame-2')")), do(query("execute q(null)")),
		do(query("execute q('cnry-frame-2'); execute q('nobody')")), do(query("execute q")), do(query("execute q('a', 'b')")),
		do(parse("", "execute q('cnry-frame-3')"), describe('S', ""), bind("", ""), describe('P', ""), execute("", 0), sync),
		do(parse("", "execute q('cnry-frame-3')"), bindBinary("", ""), describe('P', ""), execute("", 0), sync),
		do(describe('S', "q"), bind("", "q", "cnry-frame-4"), describe('P', ""), execute("", 0), sync), do(bindBinary("", "q", "cnry-frame-4"), execute("", 0), sync),
		do(query("prepare q as select 1")), do(query("execute q('cnry-frame-2')")), do(query("deallocate q")), do(query("execute q('cnry-frame-2')")),
		do(query("prepare q as select 1 as one")), do(query("execute q")), do(query("deallocate all")), do(query("execute q")),
	}},
	{"PREPARE of what writes", []step{
		do(query("begin")), do(query("prepare i (int, text, text) as insert into people (id, name, email, ssn) values ($1, $2, $3, $3) returning id, email, ssn")),
		do(query("execute i(7990, 'n', 'cnry-stored')")), do(query("execute i(7991, 'n', null)")), do(query("execute i('7992', 'n', 'cnry-stored-2'::text)")),
		do(query("prepare u as update people set email = $2, age = $3 where id = $1 returning email, age")), do(query("execute u(7991, 'cnry-changed', 41)")),
		do(query("prepare d as delete from people where email = $1 returning id")), do(query("execute d('cnry-changed')")),
		do(query("select id, email, ssn, age from people where id >= 7990 order by id")), do(query("rollback")), do(query("execute d('cnry-none')")), do(query("deallocate all")),
	}},
	{"PREPARE in a batch", []step{
		do(parse("", "prepare b (text) as select id, ssn from people where email = $1"), bind("", ""), execute("", 0),
			parse("", "execute b('cnry-frame-1')"), bind("", ""), describe('P', ""), execute("", 0), bind("", "b", "cnry-frame-2"), execute("", 0), sync),
		do(parse("", "prepare x as select email from people where email = $1"), bind("", ""), execute("", 0), parse("", "select 1/0"), bind("", ""), execute("", 0), sync),
		do(query("execute x('cnry-frame-1')")),
		do(query("prepare y as select email from people where email = $1; select 1/0")), do(query("execute y('cnry-frame-1')")),
		do(query("select 1/0; prepare z as select 1")), do(query("discard all")), do(query("execute b('cnry-frame-1')")),
	}},
	{"EXECUTE of what Parse made", []step{
		do(parse("m", "select id, email from people where email = $1 and id > $2"), sync), do(query("execute m('cnry-frame-2', 7000)")),
		do(parse("k", "insert into people (id, name, email, ssn) values (7995, 'n', $1, $1) returning email, ssn", 25), sync),
		do(query("begin; execute k('cnry-by-sql')")), do(query("rollback")), do(closing('S', "m"), sync), do(query("execute m('cnry-frame-2', 1)")), do(query("deallocate k")),
	}},
	{"values and types of EXECUTE", []step{
		do(query("prepare n (int) as select id from people where age = $1 and id > 7000 order by id")), do(query("execute n(31)")), do(query("execute n('31')")), do(query("execute n(31::int)")),
		do(query("execute n(99999999999)")), do(query("execute n('x')")), do(query("execute n(-5)")), do(query("execute n(31::smallint)")),
		do(query("prepare a (text[]) as select id from people where email = any($1) and id > 7000 order by id")), do(query("execute a('{cnry-frame-1,cnry-frame-2}')")),
		do(query("prepare w (date, numeric, bool) as update people set born = $1, balance = $2, active = $3 where id = 7001 returning born, balance, active")),
		do(query("begin; execute w('2001-02-03', 4.50, true)")), do(query("rollback")), do(query("begin; execute w(date '2001-02-03', '4.5', 'f')")), do(query("rollback")),
		do(query("execute w('2001-02-30', 1, true)")), do(query("deallocate all")),
	}},
	{"names of 63 bytes and more, and quoted ones", []step{
		do(query("prepare aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggggg as select email from people where email = $1")),
		do(query("execute aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg('cnry-frame-1')")),
		do(query("execute aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggghhh('cnry-frame-1')")),
		do(bind("", "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggxyz", "cnry-frame-1"), execute("", 0), sync),
		do(query(`prepare "Q q""(" as select email from people where email = $1`)), do(query(`execute "Q q""("('cnry-frame-1')`)), do(query(`execute "q q""("('cnry-frame-1')`)),
		do(query(`begin; declare "select" cursor for select email from people where id = 7001; fetch "select"`)), do(query("commit")), do(query("deallocate all")),
	}},
	{"DISCARD ALL", []step{
		do(query("prepare q as select email from people where email = $1")),
		do(parse("", "discard all"), bind("", ""), execute("", 0), bind("", "q", "cnry-frame-1"), sync), do(query("execute q('cnry-frame-1')")),
		do(query("prepare q as select label from things where label = $1")), do(query("execute q('label')")), do(query("discard all")),
	}},
	{"the schema changes", []step{
		do(query("begin")), do(query("prepare q as select id, email from people where email = $1")), do(query("execute q('cnry-frame-1')")),
		do(query("alter table people add column extra1 int")), do(query("execute q('cnry-frame-1')")), do(query("rollback")),
		do(query("execute q('cnry-frame-1')")), do(query("prepare all_of as select * from people where id = $1")), do(query("execute all_of(7001)")), do(query("deallocate all")),
	}},
	{"EXPLAIN", []step{
		do(query("explain (costs off) declare c cursor for select email from people")), do(query("begin; fetch c")), do(query("rollback")),
		do(query("set enable_seqscan = off")), do(query("explain (costs off, buffers off, analyze, timing off, summary off) select name from people where id = 7001")),
		do(query("prepare q as select id from people where id = $1 and email is not null")), do(query("explain (costs off) execute q(7001)")), do(query("deallocate q")),
	}},
	{"views", []step{
		do(query("begin")), do(query("create view seventh as select id, email, ssn, age from people where id between 7001 and 7010 and email <> 'cnry-frame-3'")),
		do(query("select * from seventh order by id")), do(query("select id from seventh where email = 'cnry-frame-2'")),
		do(query("create view above as select email as mail, id as number from seventh where id > 7004")), do(query("select mail, number from above order by number")),
		do(query("update above set mail = 'cnry-by-view' where mail = 'cnry-frame-5' returning mail, number")), do(query("select email from people where id = 7005")),
		do(query("delete from above where number = 7006 returning *")), do(query("insert into seventh (id, email) values (7008, 'x')")), do(query("rollback")), do(query("begin")),
		do(query("create view writable as select id, name, email from people where email <> 'cnry-hidden' with check option")),
		do(query("alter view writable alter column email set default 'cnry-default'")), do(query("insert into writable (id, name) values (7996, 'n') returning email")),
		do(query("alter view writable alter email drop default")), do(query("insert into writable (id, name, email) values (7997, 'n', default) returning email")),
		do(query("insert into writable values (7990, 'n', 'cnry-written') returning *")), do(query("insert into writable values (7990, 'n', 'cnry-again') on conflict (id) do update set email = excluded.email returning email")),
		do(query("savepoint a")), do(query("update writable set email = 'cnry-hidden' where id = 7990")), do(query("rollback to a")), do(query("select * from writable where id = 7990")),
		do(query("create or replace view writable as select id, name, email, coalesce(ssn, 'cnry-none') as ssn from people where email in ('cnry-frame-1', 'cnry-frame-2')")),
		do(query("select * from writable order by id")), do(parse("", "select name, ssn from writable where email = $1"), bind("", "", "cnry-frame-2"), describe('P', ""), execute("", 0), sync),
		do(query("drop view writable")), do(query("rollback")),
	}},
	{"CREATE TABLE AS", []step{
		do(query("begin; drop table logins")), do(query("create table logins as select id, email from people where id between 7001 and 7004 and email <> 'cnry-frame-3'")),
		do(query("select id, email from logins order by id")), do(query("select p.id from people p join logins l on l.email = p.email where l.email = 'cnry-frame-2'")), do(query("rollback")),
		do(query("begin; drop table logins")), do(query("prepare q as select id, email from people where email = $1")), do(query("create table logins as execute q('cnry-frame-2')")),
		do(query("select * from logins")), do(query("rollback")), do(query("deallocate q")),
		do(query("begin; create temp table plainly as select id, name from people where email = 'cnry-frame-2'")), do(query("select * from plainly")), do(query("rollback")),
		do(query("begin; drop table logins")), do(query("select id, email, 'cnry-constant' as secret into logins from people where id = 7001")),
		do(query("select email, secret from logins")), do(query("rollback")),
	}},
	{"materialized views", []step{
		do(query("begin")), do(query("create materialized view kept as select id, email from people where id between 7001 and 7004 and email <> 'cnry-frame-3'")),
		do(query("select * from kept order by id")), do(query("update people set email = 'cnry-new' where id = 7001")), do(query("refresh materialized view kept")),
		do(query("select id from kept where email = 'cnry-new'")), do(query("create unique index on kept (id)")), do(query("drop materialized view kept")), do(query("rollback")),
	}},
	{"MERGE", []step{
		do(query("begin")), do(query("merge into people p using (values (7001, 'cnry-merged'), (7990, 'cnry-new')) v (i, e) on p.id = v.i " +
			"when matched and p.email = 'cnry-frame-1' then update set email = v.e, ssn = 'cnry-s' when not matched then insert (id, name, email) values (v.i, 'n', v.e)")),
		do(query("select id, email, ssn from people where id in (7001, 7990) order by id")),
		do(parse("", "merge into people p using (values (7001), (7002)) v (i) on p.id = v.i when matched and p.email = $1 then delete when matched then update set email = $2"),
			describe('S', ""), bind("", "", "cnry-merged", "cnry-second"), describe('P', ""), execute("", 0), sync),
		do(query("select id, email from people where id in (7001, 7002)")), do(query("rollback")),
	}},
	{"the driver's names in SQL's table", []step{
		do(query("prepare s1 as select email from people where email = $1")), do(parse("s1", "select 1"), sync), do(query("execute s1('cnry-frame-1')")),
		do(query("deallocate s1")), do(parse("s1", "select ssn from people where email = $1"), sync), do(query("execute s1('cnry-frame-1')")),
		do(query("begin; declare p1 cursor for select email from people where id = 7001")), do(parse("", "select 1"), bind("p1", ""), sync), do(query("rollback")),
		do(query("begin; declare p1 cursor for select email from people where id = 7001")), do(describe('P', "p1"), execute("p1", 1), sync), do(query("commit")),
		do(closing('S', "s1"), sync), do(&pgproto3.Bind{PreparedStatement: "s1", Parameters: [][]byte{[]byte("x")}}, sync),
	}},
}

// TestStoredFrames compares them.
func TestStoredFrames(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	for _, s := range storedScripts {
		t.Run(s.name, func(t *testing.T) {
			want := plainSession(t).record(t, s.steps, nil)
			got := appSession(t).record(t, s.steps, nil)
			sameTrace(t, got, want)
		})
	}
}

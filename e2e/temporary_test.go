package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// temporaryScripts are run one after the other on a plain database and through the proxy, as those of ddlScripts are.
var temporaryScripts = []string{`
create temp table x as select id, email, ssn, age, amount, balance, code, note from people where id <= 5
select * from x order by id
select x.*, pg_typeof(id) from x where email = 'cnry3@x.test'
select count(*), count(distinct email), max(id) from x where age in (33, 34)
select p.id, x.email, p.email = x.email as same from x join people p on p.email = x.email order by p.id
insert into x (id, email, age) values (100, 'cnry-temp-1', 7), (101, 'cnry-temp-2', null) returning *
update x set email = 'cnry-temp-3', code = 'C9' where email = 'cnry-temp-1' returning id, email, code
delete from x where age = 7 returning email
select id, email from x where email like 'cnry-temp-2' order by id
insert into x (id, code) values (1, 'too long for it')
create index on x (email)
create unique index on x (id)
insert into x select id, email, ssn from people where id = 6
update people set code = x.code from x where x.id = people.id and people.id = 3 returning people.code
analyze x
select column_name, data_type, character_maximum_length from information_schema.columns where table_name = 'x' order by ordinal_position
select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'x'::regclass and attnum > 0 order by attnum
select email from x union select email from people where id = 9 limit 0
alter table x rename to y
select email from y where email = 'cnry2@x.test'
select email from x
alter table y rename column email to mail
select mail from y where mail = 'cnry2@x.test'
alter table y add column more text default 'm', drop column ssn
select * from y order by id
create temp view v as select id, mail as email from y
select email from v where email = 'cnry2@x.test'
create temp table z as select email, count(*) as n from v group by email
select * from z where email = 'cnry2@x.test'
create temp table if not exists y as select 1 as one
create temp table if not exists z as select email from people where id = 1
select count(*) from z
create temp table z as select email from people
truncate y
select * from y
drop table y
drop view v
drop table y, z
select * from y
`, `
create temp table x (id int, email bytea)
insert into x values (1, '\x01')
begin
create temp table a as select email from people where id = 1
select email from a
savepoint s
create temp table b as select ssn from people where id = 2
select ssn from b
rollback to s
select ssn from b
rollback to s
select email from a
drop table x
create temp table x as select id, email from people where id = 1
select * from x
rollback
select * from a
select id, encode(email, 'hex') from x
insert into x values (2, '\x02') returning id
begin
create temp table c on commit drop as select email, id from people where id < 4
select email from c order by id
commit
select email from c
create temp table d on commit drop as select email from people
select email from d
begin
create temp table e on commit delete rows as select email from people where id = 1
select email from e
commit
select email from e
insert into e values ('cnry-temp-4')
select email from e
discard temp
select email from e
create temp table x as select ssn from people where id = 3
select * from x
discard all
select * from x
create temp table f on commit drop as select email from people where id = 1; select email from f
select email from f
create temp table g as select email from people where id = 1
prepare q as select email from g
execute q
drop table g
PV007 execute q
create temp table g as select email from people where id = 2
execute q
drop table g
create temp table g as select note as email from people where id = 2
select * from g
deallocate q
`, `
begin; create temp table t1 as select email, id from people where id < 3; select * from t1 order by id; create temp table t2 as select email from t1 where email = 'cnry1@x.test'; select * from t2; commit
create temp table t3 as select email from t2; alter table t3 rename to t4; create temp table t3 as select 1 as one; select * from t3; select email from t4
select email into temp t5 from people where id = 1; select * from t5
drop table t1, t2, t3, t4, t5; create temp table t1 as select email, ssn from people where id = 4; select * from t1
drop table t1
`, `
create temp table l (like people)
insert into l select * from people where id in (1, 2)
select id, email, ssn, extra, photo from l order by id
insert into l (id, name, email) values (9, 'nine', 'cnry-temp-9')
select id from l where email = 'cnry-temp-9'
create temp table m (like people including all, more int, check (email <> 'cnry-temp-7'))
insert into m (id, name, email) values (1, 'one', 'cnry-temp-7')
insert into m (id, name, email, more) values (1, 'one', 'cnry-temp-8', 8)
insert into m (id, name, email, more) values (2, 'two', 'cnry-temp-8', 8)
select id, email, more from m
create temp table n (like m)
insert into n select * from m
select id, email, more from n where email = 'cnry-temp-8'
drop table l, m, n
`, `
PV154 create temp table u as select email from people where id = 1 union all select secret from logins where false
PV140 create temp table u as select email, email || 'x' as more from people
PV180 explain analyze create temp table u as select email from people
explain (costs off) create temp table u as select email from people
create temp table u as select p.email, l.email as other from people p left join logins l on l.person = p.id union select email, email from logins where id = 3
select count(*), count(other) from u
drop table u
prepare q as select id, email, lag(age) over (order by id) as top from people where id < $1 order by id
create temp table u as execute q (4)
select * from u order by id
drop table u
create temp table u as select coalesce(p.email, l.email) as email, case when p.id = 1 then p.age else 5 end as age from people p left join logins l on l.person = p.id where p.id < 3
select * from u order by email is null, age is null limit 0
select count(*) from u where email = 'cnry1@x.test' or age = 5
select u.email from u where email = 'cnry1@x.test' for update
begin; declare c cursor for select email from u where age = 5; fetch 1 from c; close c; commit
explain (costs off) select email from u
create temp table w as table people with no data
insert into w (id, name, amount, balance) values (1, 'a', 1.50, 2), (2, 'b', 1.5000, 3.333)
select id, amount, balance from w order by id
merge into w using u on w.email = u.email when not matched then insert (id, name, email) values (3, 'c', u.email)
select id, email from w order by id
drop table u, w
`}

// TestTemporaryTables: what a query puts into a temporary table is used there as on a plain database.
func TestTemporaryTables(t *testing.T) {
	for _, user := range []string{"app"} {
		fill(session(t, shared.Stack, user))
		plain := connect(shared.plain.DSN(user, password(user), "plain", ""))
		fill(plain)
		plain.Close(context.Background())
	}
	for i, script := range temporaryScripts {
		for _, extended := range []bool{false, true} {
			veiled := session(t, shared.Stack, "app")
			plain := connect(shared.plain.DSN("app", password("app"), "plain", ""))
			for _, line := range strings.Split(strings.TrimSpace(script), "\n") {
				parts := []string{line}
				if extended {
					parts = strings.Split(line, "; ")
				}
				for _, part := range parts {
					compareDDL(t, fmt.Sprintf("script %d, extended %v", i, extended), veiled, plain, part, extended)
				}
			}
			veiled.Close(context.Background())
			plain.Close(context.Background())
		}
	}
}

// temporaryAttacks are statements of one session, for somebody to whom the policy shows emails and names masked. The last one must be refused, or
// give nothing but what the policy shows; \f begins the next one.
var temporaryAttacks = []struct{ user, text, want string }{
	{"support", "create temp table x as select email from people where id = 3", "PV304"},
	{"support", "create temp table x as select id from people where id = 3 ;; select * from x", `"3"`},
	{"support", "create temp table x (like people) ;; insert into x (id, name, email) values (1, 'n', 'cnry-own@x.test') ;; select id, email from x", `"1" "c***@x.test"`},
	{"support", "create temp table x (like people) ;; insert into x (id, name, email) values (1, 'n', 'cnry-own@x.test') ;; select id from x where email = 'cnry-own@x.test'", "PV304"},
	{"support", "create temp table x (like people) ;; select p.id from people p, x where p.email = x.email", "PV304"},
	{"support", "create temp table x (like people) ;; insert into x (id, name, age) values (1, 'n', 5) ;; select age from x", "PV303"},
	{"support", "create temp table x (like people) ;; insert into x (id, name, email) select id, 'n', email from people", "PV304"},
	{"support", "create temp table x (like people) ;; copy x (email) to stdout", "PV302"},
	{"support", "create temp table x (like people) ;; alter table x rename to people", "PV211"},
	{"support", "create temp table x (like people) ;; create temp view people as select * from x", "PV211"},
	{"support", "create temp table x (like people) ;; create temp table y (like x) ;; create temp view v as select email from y ;; insert into y (id, name, email) values (1, 'n', 'cnry-own@x.test') ;; select email from v", `"c***@x.test"`},
	{"support", "create temp table x (like people) ;; create temp view v as select email from x ;; select * from v where email is null", "PV304"},
	{"keeper", "create temp table x (like people) ;; insert into x (id, name, email) values (1, 'n', 'cnry-own@x.test') ;; select id from x where email = 'cnry-own@x.test'", "PV256"},
	{"app", "create temp table people as select id, email from people", "PV211"},
	{"app", "begin ;; create temp table a1 as select email from people where id = 3 ;; savepoint s ;; select 1/0 ;; select email from a1 ;; rollback to s ;; select * from a1", `"cnry3@x.test"`},
	{"app", "begin ;; create temp table a2 as select email from people where id = 3 ;; savepoint s ;; alter table a2 rename to a3 ;; select 1/0 ;; rollback to s ;; select * from a2", `"cnry3@x.test"`},
	{"app", "create temp table a4 as select email from people where id = 3 ;; begin ;; drop table a4 ;; create temp table a4 as select 'x'::bytea as email ;; rollback ;; select * from a4", `"cnry3@x.test"`},
	{"app", "create temp table a5 as select email from people where id = 3 ;; alter table a5 add column b bytea ;; update a5 set b = email", "PV150"},
	{"app", "create temp table a6 as select email from people where id = 3 ;; alter table a6 alter column email type bytea", "PV209"},
	{"app", "create temp table a7 as select email from people where id = 3 ;; create temp table a8 (e bytea) ;; insert into a8 select email from a7", "PV150"},
	{"app", "create temp table a9 as select email from people where id = 3 ;; create table public.a9_out as select email from a9", "PV265"},
	{"app", "create temp table b1 as select email from people where id = 3 ;; create function pg_temp.f() returns text language sql as 'select encode(email, ''hex'') from b1'", "PV213"},
	{"app", "create temp table b2 as select email from people where id = 3 ;; do $$ begin raise exception '%', (select email from b2); end $$", "PV111"},
	{"app", "create temp table b3 as select email from people where id = 3 ;; create temp table b4 () inherits (b3)", "PV207"},
	{"app", "create temp table b5 as select email from people where id = 3 ;; select email::text::bytea from b5", "PV"},
	{"app", "set search_path = pg_temp, public ;; create table b6 as select email from people where id = 3 ;; select * from b6", `"cnry3@x.test"`},
	{"support", "set search_path = pg_temp, public ;; create table b6 (like people) ;; insert into b6 (id, name, email) values (1, 'n', 'cnry-own@x.test') ;; select email from b6", `"c***@x.test"`},
	{"app", "set search_path = pg_temp, public ;; create table people as select id, email from people where id = 3", "PV211"},
	{"app", "set search_path = pg_temp, public ;; select id, email into people from public.people where id = 3", "PV211"},
	{"app", "set search_path = pg_temp ;; create table people (id int, email text)", "PV211"},
	{"app", "begin ;; set local search_path = pg_temp, public ;; create view people as select id, email from people", "PV211"},
	{"app", "set search_path = pg_temp, public; create table people (id int, email text)", "PV211"},
	{"support", "create temp table d1 (id int, name text) ;; alter table d1 rename to people", "PV211"},
	{"support", "create temp table d2 (id int, name text) ;; alter table pg_temp.d2 rename to people ;; discard temp; select name || '!' from people", "PV304"},
	{"support", "create temp view d3 as select 1 as id, 'x'::text as name ;; alter view d3 rename to people", "PV211"},
	{"support", "create temp table d4 (id int, name text); alter table d4 rename to people ;; select name || '!' from people", "PV211"},
	{"app", "create temp table d5 (id int, email bytea) ;; create temp table d6 as select email from people where id = 3 ;; discard temp; select * from d6", "42P01"},
	{"app", "create temp table b9 (i int) ;; set search_path = pg_temp, public ;; create table logins (like logins)", "PV211"},
	{"app", "set search_path = pg_temp ;; create table c1 (email) as select email from public.people where id = 3 ;; set search_path = public ;; select * from c1", `"cnry3@x.test"`},
	{"app", "create temp table b7 as select email from people where id = 3 ;; select b7 from b7", "PV148"},
	{"app", "create temp table b8 as select email from people where id = 3 ;; select to_jsonb(b8) from b8", `"{\"email\": \"cnry3@x.test\"}"`},
}

// TestTemporaryTablesByOthers: a temporary table shows nobody more than the columns that it is a copy of, and its cells are never shown as data.
func TestTemporaryTablesByOthers(t *testing.T) {
	fill(session(t, shared.Stack, "app"))
	for _, a := range temporaryAttacks {
		c := session(t, shared.Stack, a.user)
		got := ""
		for _, text := range strings.Split(a.text, " ;; ") {
			results, err := c.Exec(context.Background(), text).ReadAll()
			got = outcomeOf(results, err, true).text
			if err != nil {
				got = err.Error()
			}
		}
		if !strings.Contains(got, a.want) || strings.Contains(got, `\\x`) {
			t.Errorf("%s: %s\n got %s\nwant %s", a.user, a.text, got, a.want)
		}
		c.Close(context.Background())
	}
}

// TestTemporaryTableHides: where a relation that becomes sensitive later has the name of a temporary one, the name is refused while that is there,
// and means the other one as soon as it is not.
func TestTemporaryTableHides(t *testing.T) {
	app := session(t, shared.Stack, "app")
	fill(app)
	for _, discard := range []string{"discard temp", "discard all", "drop table pg_temp.hides"} {
		c := session(t, shared.Stack, "support")
		for _, step := range []struct {
			by        *pgconn.PgConn
			sql, want string
		}{
			{c, "create temp table hides (id int, name text)", ""}, {c, "insert into hides values (1, 'own')", ""},
			{app, "create view public.hides as select id, name from people", ""},
			{c, "select name || '!' from hides", "PV211"}, {c, "insert into hides values (2, 'x')", "PV211"},
			{c, "select name from pg_temp.hides", `"own"`},
			{c, discard, ""}, {c, "select name || '!' from hides", "PV304"},
			{app, "drop view public.hides", ""},
		} {
			var got string
			var err error
			// After DISCARD the name is refused, and not misunderstood, until the catalog is read again.
			for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(100 * time.Millisecond) {
				var results []*pgconn.Result
				results, err = step.by.Exec(context.Background(), step.sql).ReadAll()
				if got = outcomeOf(results, err, true).text; err != nil {
					got = err.Error()
				}
				if step.want != "PV304" || !strings.Contains(got, "PV211") || time.Now().After(deadline) {
					break
				}
			}
			if !strings.Contains(got, step.want) || step.want == "" && err != nil {
				t.Errorf("%s: %s: got %s, want %s", discard, step.sql, got, step.want)
			}
		}
	}
}

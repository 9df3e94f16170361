package e2e

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/stack"
)

const renamedEncrypt = `
  public.r_people:
    email: {type: text, search: equality}
    pin:   {type: text}
  public.r_other:
    card:  {type: text}
`

const renamedRules = `      - {id: app-renamed, on: [public.r_people, public.r_other], do: [all], show: "*", write: "*"}
  support:
    who: {users: [support], databases: ["*"]}
    allow:
      - {id: support-renamed, on: public.r_people, do: [select], show: [id], mask: {email: email}}
  unused:
    who: {users: [unused], databases: ["*"]}
`

// renamedScript is run on a plain database and through the proxy, as ddlScripts are.
const renamedScript = `
create table r_people (id serial primary key, email text unique, pin text default 'cnry-ren-d', note text)
create table r_other (id int, card text)
insert into r_people (email, pin, note) values ('cnry-ren-a@x', 'cnry-ren-1', 'n')
insert into r_other values (1, 'cnry-ren-c')
alter table r_people rename email to mail
select id, mail, pin from r_people where mail = 'cnry-ren-a@x'
insert into r_people (mail) values ('cnry-ren-b@x')
insert into r_people (mail) values ('cnry-ren-b@x')
PV270 alter table r_people add column email text
alter table r_people rename column note to remark
begin
alter table r_people rename to r_persons
select mail, pin, remark from r_persons order by id
savepoint a
alter table r_persons rename mail to post
update r_persons set post = 'cnry-ren-z@x' where post = 'cnry-ren-b@x'
select post from r_persons order by id
rollback to a
select mail from r_persons order by id
rollback
select mail, pin from r_people order by id
alter table r_people rename to r_persons
PV270 create table r_people (id int, email text)
create schema crm
alter table r_persons set schema crm
select mail, pin from crm.r_persons where mail in ('cnry-ren-a@x', 'x') order by id
select column_name, data_type from information_schema.columns where table_name = 'r_persons' order by ordinal_position
create index on crm.r_persons (mail text_pattern_ops)
alter table r_other rename card to "Card No"
select "Card No" from r_other
alter table r_other rename to r_more
select "Card No" from r_more
alter table crm.r_persons add column more int
alter table crm.r_persons set schema public
`

// TestRenames: a protected column keeps key and rules under another name, whoever gave it that; the log and pgveil check say what has changed.
func TestRenames(t *testing.T) {
	own := ownStack(t, func(o *stack.Options) {
		o.Encrypt += renamedEncrypt
		at := strings.Index(o.Policy, "  support:")
		o.Policy = o.Policy[:at] + renamedRules
		o.Extra = strings.Replace(o.Extra, "catalog_age: 2s", "catalog_age: 100ms", 1)
	})
	for _, server := range []struct {
		db  string
		run func(string, string) []*pgconn.Result
	}{{"shop", direct}, {"plain", func(db, sql string) []*pgconn.Result { return asSuperuser(shared.plain, db, sql) }}} {
		server.run(server.db, "grant create on database "+server.db+" to app")
		defer server.run(server.db, "drop table if exists r_people, r_persons, r_more, r_other, r_post; drop schema if exists crm cascade")
	}
	veiled := session(t, own, "app")
	plain := connect(shared.plain.DSN("app", password("app"), "plain", ""))
	defer plain.Close(t.Context())
	for _, line := range strings.Split(strings.TrimSpace(renamedScript), "\n") {
		compareDDL(t, "renames", veiled, plain, line, strings.HasPrefix(line, "select"))
	}
	support := session(t, own, "support")
	if got := string(bytes.Join(flat(rowsOf(t, support, "select id, mail from r_persons order by id limit 1")), []byte("|"))); got != "1|c***@x" {
		t.Errorf("masked under another name: %s", got)
	}
	for _, text := range []string{"select pin from r_persons", "select * from r_persons", "select mail from r_persons where mail = 'cnry-ren-a@x'"} {
		if err := support.Exec(t.Context(), text).Close(); err == nil {
			t.Errorf("%s: allowed under another name", text)
		}
	}
	// Around the proxy.
	direct("shop", "alter table r_persons rename mail to post; alter table r_persons rename to r_post")
	time.Sleep(300 * time.Millisecond)
	if got := string(bytes.Join(flat(rowsOf(t, veiled, "select post, pin from r_post where post = 'cnry-ren-a@x'")), []byte("|"))); got != "cnry-ren-a@x|cnry-ren-1" {
		t.Errorf("renamed around the proxy: %s", got)
	}
	out, _ := own.Run([]string{"PGPASSWORD=" + password("app")}, "check", "-c", own.Config)
	log, err := os.ReadFile(own.LogFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, say := range []string{"encrypt: public.r_people.email is now public.r_post.post: change the file", "encrypt: public.r_people is now public.r_post: change the file"} {
		if !bytes.Contains(log, []byte(say)) {
			t.Errorf("the log does not say: %s\n%s", say, out)
		}
	}
	// A table that somebody makes up, with a column that is said to be one of the configured key, shows nothing to anybody.
	direct("shop", `create table r_stolen (id int, email bytea); insert into r_stolen select id, pin from r_post;
		do $$ begin execute (select 'alter table r_stolen add constraint g ' || replace(pg_get_constraintdef(oid), 'pin', 'email') || ' not valid'
			from pg_constraint where conrelid = 'r_post'::regclass and conname like 'pgveil_pin'); end $$; grant select on r_stolen to public`)
	defer direct("shop", "drop table r_stolen")
	time.Sleep(300 * time.Millisecond)
	for _, user := range []string{"app", "support"} {
		c := session(t, own, user)
		for _, text := range []string{"select email from r_stolen", "select * from r_stolen", "select count(*) from r_stolen"} {
			if err := c.Exec(t.Context(), text).Close(); err == nil || !strings.Contains(err.Error(), "[PV") {
				t.Errorf("%s: %s: %v", user, text, err)
			}
		}
	}
}

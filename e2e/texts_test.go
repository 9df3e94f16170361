package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/stack"
)

const textsEncrypt = `
  public.x_users:
    email: {type: text, search: equality}
    pin:   {type: varchar(10)}
    level: {type: int4, search: equality}
  public.x_copy:
    email: {type: text, search: equality, key: public.x_users.email}
  x_tenant.x_users:
    email: {type: text, search: equality, key: public.x_users.email}
`

// migrations are texts of several statements, each sent as one Query to a plain database and through the proxy. A text that begins with PV is
// refused with that code, and is not run on the plain database.
var migrations = []string{
	// A file of golang-migrate.
	`create table if not exists x_users (id serial primary key, email text not null, pin varchar(10));
	create unique index x_email on x_users (email);
	comment on table x_users is 'people; they are';
	insert into x_users (email, pin) values ('cnry-x-a@x', '1'), ('cnry-x-b@x', null);
	alter table x_users add column level int default 7;
	update x_users set level = 8 where email = 'cnry-x-b@x';
	select id, email, pin, level from x_users order by id;
	delete from x_users where email = 'cnry-x-a@x' returning email, level;
	grant select on x_users to support`,
	`select id, email, pin, level from x_users order by id`,
	// An error in the middle undoes all of it, and stands where it is in the whole text.
	`alter table x_users add column note text; /* ü */ insert into x_users (email, note) values ('cnry-x-c@x', 'n'); select nothing from x_users; select 1`,
	`alter table x_users add column note text; insert into x_users (email, note) values ('cnry-x-b@x', 'n')`,
	`alter table x_users add column note text; insert into x_users (email, pin) values ('cnry-x-b2@x', '12345678901')`,
	`select * from x_users order by id`,
	// Transactions of the text's own.
	`create table x_one (id int); begin; alter table x_users rename column pin to pin_old; alter table x_users rename column pin_old to pin; insert into x_users (email) values ('cnry-x-d@x'); rollback; insert into x_users (email) values ('cnry-x-e@x'); select email from x_users order by id`,
	`begin; alter table x_users add column note text; savepoint s; alter table x_users drop column note; rollback to s; update x_users set note = 'cn' where email = 'cnry-x-b@x'; commit; select id, note from x_users order by id`,
	`begin; alter table x_users drop column note; select note, email from x_users`,
	`rollback; alter table x_users drop column note; select email from x_users order by id`,
	`begin; alter table x_users drop column level; insert into x_users (email) values ('cnry-x-f@x')`,
	`select email from x_users order by id`,
	`rollback; alter table x_users alter column level set default 9; insert into x_users (email) values ('cnry-x-g@x'); select email, level from x_users order by id`,
	// What is allowed in a text, and what is not.
	`create table x_two (id int); set local work_mem = '5MB'; insert into x_users (email) values ('cnry-x-h@x'); show work_mem`,
	`begin; lock table x_users; create table x_three (id int); insert into x_users (email) values ('cnry-x-i@x'); drop table x_three; commit`,
	`set transaction isolation level serializable; create table x_three (id int); select email from x_users order by id; show transaction_isolation; drop table x_three`,
	`begin; set transaction isolation level repeatable read; create table x_three (id int); select count(email) from x_users; show transaction_isolation; rollback`,
	`create table x_three (id int); vacuum x_users; select email from x_users`,
	`vacuum x_one; create table x_three (id int); create view x_v3 as select 1 as one; select email from x_users`,
	`create table x_three (id int); savepoint s; select email from x_users`,
	`create table x_three (id int); commit; select count(email) from x_users; drop table x_three`,
	// The search path.
	`PV211 set search_path to pg_temp, public; create temp table x_users (email text); insert into x_users values ('plain'); select email from x_users; drop table pg_temp.x_users; select email from x_users order by 1; reset search_path`,
	`create schema x_tenant; set search_path = x_tenant, public; create table x_users (email text); insert into x_users values ('cnry-x-t@x'); select email from x_users; select count(email) from public.x_users; reset search_path; select count(email) from x_users`,
	`select pg_catalog.set_config('search_path', 'x_tenant', false); select email from x_users; select pg_catalog.set_config('search_path', '"$user", public', false); select email from x_users where level = 9 order by id`,
	`begin; set local search_path = x_tenant; select email from x_users; commit; select count(email) from x_users`,
	`drop table x_tenant.x_users; drop schema x_tenant; select count(email) from x_users`,
	// New names of what is protected.
	`alter table x_users rename to x_people; insert into x_people (email) values ('cnry-x-j@x'); select email from x_people order by id; alter table x_people rename to x_users; select count(email) from x_users`,
	`create view x_view as select id, email from x_users; select email from x_view order by id; insert into x_view (id, email) values (90, 'cnry-x-k@x'); select email from x_view where email = 'cnry-x-k@x'; drop view x_view`,
	`create table x_copy as select email from x_users; create index on x_copy (email); select count(email) from x_copy where email = 'cnry-x-k@x'; drop table x_copy; create table x_copy (email text, n int); insert into x_copy values ('cnry-x-l@x', 1); select * from x_copy`,
	`drop table x_copy; create table x_copy (n int, email text, m int) partition by list (n); create table x_part partition of x_copy for values in (1); insert into x_copy values (1, 'cnry-x-m@x', 2); select * from x_copy`,
	`create table if not exists x_copy (email text, other text); insert into x_copy (n, email) values (1, 'cnry-x-n@x'); select n, email, m from x_copy order by m`,
	`PV207 drop table x_copy; create table x_copy (like x_users including all); select email from x_copy`,
	// Things that run code.
	`do $$ begin perform 1; end $$; insert into x_users (email) values ('cnry-x-o@x'); select now() is null; select email from x_users order by id`,
	`create type x_mood as enum ('sad', 'glad'); alter table x_users add column mood x_mood default 'sad'; insert into x_users (email, mood) values ('cnry-x-p@x', 'glad'); select email, mood from x_users order by id; alter table x_users drop column mood; drop type x_mood`,
	`create function x_stamp() returns trigger language plpgsql as $$ begin new.n = 5; return new; end $$; create table x_plain (n int); create trigger x_t before insert on x_plain for each row execute function x_stamp(); insert into x_plain default values; select n from x_plain; insert into x_users (email) values ('cnry-x-q@x'); drop table x_plain; drop function x_stamp`,
	`create table x_four (id int); prepare x_p (text) as select id from x_users where email = $1; execute x_p('cnry-x-q@x'); deallocate x_p`,
	`begin; create table x_five (id int); declare x_c cursor for select email from x_users order by id; fetch 2 from x_c; close x_c; rollback`,
	`create table x_five (id int); explain (costs off) select email from x_users; copy (select email from x_users order by id) to stdout; drop table x_five`,
	`PV245 create table x_five (id int); insert into x_users (email) values ('cnry-x-r@x'); copy x_users (email) from stdin`,
	`PV140 create table x_five (id int); create view x_v as select email || 'x' as e from x_users; select 1`,
	`drop table if exists x_one, x_two, x_four, x_users, x_copy; drop table if exists x_users; create table x_users (email text, id int); insert into x_users values ('cnry-x-z@x', 3); select * from x_users; drop table x_users`,
}

// TestMigrations: texts that change the schema and use it are carried out as a server does.
func TestMigrations(t *testing.T) {
	ctx := context.Background()
	own := ownStack(t, func(o *stack.Options) {
		o.Encrypt += textsEncrypt
		o.Policy = rulesOn("public.x_users, public.x_copy, x_tenant.x_users")
	})
	veiled := session(t, own, "app")
	plain := connect(shared.plain.DSN("app", password("app"), "plain", ""))
	defer plain.Close(ctx)
	other := session(t, own, "app")
	for _, text := range migrations {
		word, rest, _ := strings.Cut(text, " ")
		if strings.HasPrefix(word, "PV") {
			if got, code := textOutcome(veiled, rest); code != word {
				t.Errorf("%s\n got %s %s", text, code, got)
			}
			continue
		}
		want, _ := textOutcome(plain, text)
		got, code := textOutcome(veiled, text)
		if code == "PV001" { // a value that does not fit has its place, in the server it has none
			got = got[:strings.LastIndex(got, " ")] + " 0"
		}
		if got != want {
			t.Errorf("%s\n got %s %s\nwant %s", text, code, got, want)
		}
		if a, b := veiled.TxStatus(), plain.TxStatus(); a != b {
			t.Errorf("%s: the transaction's state is %c, should be %c", text, a, b)
		}
		if veiled.TxStatus() != 'I' {
			continue
		}
		const shape = `select c.relname, a.attname, a.attnotnull from pg_class c join pg_attribute a on a.attrelid = c.oid
			where c.relname like 'x\_%' and c.relkind in ('r', 'p', 'v', 'i') and a.attnum > 0 and not a.attisdropped order by 1, a.attnum`
		want, _ = textOutcome(plain, shape)
		if got, _ := textOutcome(other, shape); got != want {
			t.Errorf("after %s\n got %s\nwant %s", text, got, want)
		}
	}
}

// textOutcome is all that a client sees of a text: the results up to an error, and the error with its place. code is that of a refusal.
func textOutcome(c *pgconn.PgConn, text string) (outcome, code string) {
	results, err := c.Exec(context.Background(), text).ReadAll()
	var b strings.Builder
	for _, r := range results {
		fmt.Fprintf(&b, "\n%s", r.CommandTag)
		for _, f := range r.FieldDescriptions {
			if f.DataTypeOID >= 16384 {
				f.DataTypeOID = 16384 // whichever number a type of the database's own got
			}
			fmt.Fprintf(&b, " %s:%d:%d:%d", f.Name, f.DataTypeOID, f.TypeModifier, f.Format)
		}
		for _, row := range r.Rows {
			b.WriteString("\n")
			for _, v := range row {
				fmt.Fprintf(&b, "%q|", v)
			}
		}
	}
	var pe *pgconn.PgError
	switch {
	case errors.As(err, &pe):
		fmt.Fprintf(&b, "\nerror %s at %d", pe.Code, pe.Position)
		if m := refusalCode.FindStringSubmatch(pe.Message); m != nil {
			code = m[1]
		}
	case err != nil:
		b.WriteString(err.Error())
	}
	return b.String(), code
}

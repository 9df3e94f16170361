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

const ddlEncrypt = `
  public.d_users:
    email: {type: text, search: equality}
    pin:   {type: text}
    level: {type: int4, search: equality}
    code:  {type: varchar(10), search: equality}
  public.d_copy:
    email: {type: text, search: equality, key: public.d_users.email}
    pin:   {type: text, key: public.d_users.pin}
    level: {type: int4, search: equality, key: public.d_users.level}
    code:  {type: varchar(10), search: equality, key: public.d_users.code}
  public.d_events:
    who:   {type: text, search: equality, key: public.d_users.email}
    what:  {type: text}
  public.d_hashed:
    who:   {type: text, search: equality, key: public.d_users.email}
`

// ddlScripts are run one after the other on a plain database and through the proxy. A line that begins with PV is refused with that code, and
// is not run on the plain database.
var ddlScripts = []string{`
create table d_users (id serial primary key, email text collate "C" unique not null, pin text, level int default 1, code varchar(10) default 'a'::character varying, at timestamptz default now())
insert into d_users (email, pin, code) values ('cnry-ddl-a@x', 'cnry-ddl-1', 'A'), ('cnry-ddl-b@x', null, default)
insert into d_users (email) values ('cnry-ddl-a@x')
select id, email, pin, level, code from d_users order by id
alter table d_users add constraint lev check (level in (1, 2, 3)), alter column pin set not null
alter table d_users add constraint lev check (level in (1, 2, 3)), alter column level set not null
insert into d_users (email, level) values ('cnry-ddl-c@x', 4)
insert into d_users (email, level) values ('cnry-ddl-c@x', 3)
insert into d_users (email, level) values ('cnry-ddl-d@x', null)
create index d_like on d_users (email text_pattern_ops)
create index concurrently d_code on d_users (code varchar_pattern_ops desc, id)
create unique index d_part on d_users (code) where level = 3
insert into d_users (email, level, code) values ('cnry-ddl-e@x', 3, 'a')
insert into d_users (email, level, code) values ('cnry-ddl-e@x', 2, 'a')
PV210 create index on d_users using gin (email)
PV210 create index on d_users (pin)
alter table d_users alter column email type text using "email"::text, alter column code type varchar(10)
alter table d_users alter column level set default 2, alter column code drop default
insert into d_users (email) values ('cnry-ddl-f@x')
select email, level, code from d_users order by id
PV204 alter table d_users alter column email set default gen_random_uuid()
PV209 alter table d_users alter column level type int8
PV273 alter table d_users drop constraint lev, drop constraint pgveil_email
PV273 alter table only d_users drop constraint if exists "pgveil_email" cascade
alter table d_users drop constraint lev, drop constraint d_users_email_key, add unique (email, level)
insert into d_users (email, level) values ('cnry-ddl-f@x', 2)
insert into d_users (email, level) values ('cnry-ddl-f@x', 3)
alter table d_users rename constraint d_users_email_level_key to d_uk
alter index d_like rename to d_liked
comment on column d_users.email is 'a comment'
create statistics d_stat on id, level from d_users
analyze d_users
cluster d_users using d_users_pkey
grant select (id, email), update (email) on d_users to support
revoke all on d_users from support
create table d_copy (like d_users including all)
insert into d_copy (id, email, level) select id, email, level from d_users
insert into d_copy (id, email) values (100, 'cnry-ddl-z@x')
select id, email, level, code from d_copy order by id
PV207 create table d_loose (like d_users)
drop table d_copy
create table d_copy (like d_users)
insert into d_copy (id, email, level) values (1, 'cnry-ddl-y@x', 9)
select email, level from d_copy
drop index d_liked, d_code
begin
alter table d_users drop column pin
alter table d_users add column pin text default 'cnry-ddl-new' not null
select id, pin from d_users order by id
savepoint s
truncate d_users, d_copy
select count(*) from d_users
rollback to s
select count(*), count(pin) from d_users
rollback
select id, pin from d_users order by id
drop table d_users, d_copy cascade
`, `
create table d_users (id int primary key, email text, level int, unique (email))
create table d_events (id int, who text references d_users (email) on update cascade on delete set null, what text default 'cnry-ddl-what') partition by range (id)
create table d_events_1 partition of d_events (what default 'cnry-ddl-part') for values from (0) to (100)
create table d_events_rest partition of d_events default
insert into d_users values (1, 'cnry-ddl-a@x', 1), (2, 'cnry-ddl-b@x', 2)
insert into d_events (id, who) values (1, 'cnry-ddl-a@x'), (101, 'cnry-ddl-b@x'), (102, null)
insert into d_events (id, who) values (103, 'cnry-ddl-nobody')
select id, who, what from d_events order by id
update d_users set email = 'cnry-ddl-c@x' where email = 'cnry-ddl-a@x'
select id, who, what from d_events where who = 'cnry-ddl-c@x'
select u.level, e.id from d_users u join d_events e on e.who = u.email order by e.id
create index on d_events (who)
alter table d_events add column more int default 7
select id, who, more from d_events order by id
PV207 alter table d_events detach partition d_events_1
PV113 select * from d_events_1
PV307 drop table d_events_1
select id, who from d_events order by id
create table d_hashed (id int, who text) partition by hash (who)
create table d_hashed_0 partition of d_hashed for values with (modulus 2, remainder 0)
create table d_hashed_1 partition of d_hashed for values with (modulus 2, remainder 1)
insert into d_hashed values (1, 'cnry-ddl-1'), (2, 'cnry-ddl-2'), (3, 'cnry-ddl-3'), (4, 'cnry-ddl-1')
select id, who from d_hashed where who = 'cnry-ddl-1' order by id
drop table d_users, d_events, d_hashed cascade
`, `
begin; create table d_users (id int, email text); create unique index on d_users (email); commit
insert into d_users values (1, 'cnry-ddl-a@x')
begin
create table if not exists d_users (id int, email text)
alter table d_users add column if not exists code varchar(10), add column if not exists email text
savepoint a
alter table d_users add column level integer not null default 5
select id, email, level from d_users
rollback to savepoint a
select id, email, code from d_users
insert into d_users values (2, 'cnry-ddl-b@x', '12345678901')
rollback
insert into d_users values (2, 'cnry-ddl-b@x')
select column_name, data_type, character_maximum_length from information_schema.columns where table_name = 'd_users' order by ordinal_position
alter table d_users alter email set default 'cnry-ddl-d@x', add primary key (id)
insert into d_users (id) values (3)
select id, email from d_users order by id
alter table d_users disable trigger all, owner to app, set (fillfactor = 70), replica identity full
drop table if exists d_users, d_nothing cascade
`}

// TestSchemaChanges: tables are made, changed and dropped as on a plain database, in transactions and out of them.
func TestSchemaChanges(t *testing.T) {
	ctx := context.Background()
	own := ownStack(t, func(o *stack.Options) {
		o.Encrypt += ddlEncrypt
		o.Policy = rulesOn("public.d_users, public.d_copy, public.d_events, public.d_hashed")
	})
	for i, script := range ddlScripts {
		for _, extended := range []bool{false, true} {
			veiled := session(t, own, "app")
			plain := connect(shared.plain.DSN("app", password("app"), "plain", ""))
			for _, line := range strings.Split(strings.TrimSpace(script), "\n") {
				if extended && strings.Contains(line, "; ") {
					for _, part := range strings.Split(line, "; ") {
						compareDDL(t, fmt.Sprintf("script %d, extended", i), veiled, plain, part, extended)
					}
					continue
				}
				compareDDL(t, fmt.Sprintf("script %d, extended %v", i, extended), veiled, plain, line, extended)
			}
			veiled.Close(ctx)
			plain.Close(ctx)
		}
	}
}

func compareDDL(t *testing.T, where string, veiled, plain *pgconn.PgConn, line string, extended bool) {
	t.Helper()
	text, code := line, ""
	if word, rest, _ := strings.Cut(line, " "); strings.HasPrefix(word, "PV") {
		text, code = rest, word
	}
	got := ddlOutcome(veiled, text, extended)
	if code != "" {
		if !strings.Contains(got, "["+code+"]") {
			t.Errorf("%s: %s: %s", where, line, got)
		}
		return
	}
	if want := ddlOutcome(plain, text, extended); got != want {
		t.Errorf("%s: %s\n got %s\nwant %s", where, line, got, want)
	}
}

// ddlOutcome is what a statement gives: types, rows and tag, or the SQLSTATE and a refusal's code.
func ddlOutcome(c *pgconn.PgConn, text string, extended bool) string {
	var results []*pgconn.Result
	var err error
	if extended {
		r := c.ExecParams(context.Background(), text, nil, nil, nil, nil).Read()
		results, err = []*pgconn.Result{r}, r.Err
	} else {
		results, err = c.Exec(context.Background(), text).ReadAll()
	}
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		if strings.Contains(pe.Message, "[PV") && !strings.Contains(pe.Message, "[PV001]") {
			return pe.Code + " " + pe.Message
		}
		return pe.Code + " " + pe.ConstraintName + " " + pe.ColumnName
	}
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, r := range results {
		b.WriteString(r.CommandTag.String())
		for _, f := range r.FieldDescriptions {
			fmt.Fprintf(&b, " %s:%d:%d", f.Name, f.DataTypeOID, f.TypeModifier)
		}
		for _, row := range r.Rows {
			b.WriteString("\n")
			for _, v := range row {
				fmt.Fprintf(&b, "%q|", v)
			}
		}
	}
	return b.String()
}

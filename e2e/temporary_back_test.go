package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// backScripts are about plain temporary tables that come back, or are made anew, under the names of those with cells.
var backScripts = []string{`
create temp table x (id int, email bytea)
insert into x values (1, '\x01')
begin
drop table x
create temp table x as select id, email from people where id = 1
rollback
select * from x
insert into x values (2, '\x02') returning *
select count(*) from x where email = '\x01'
begin
drop table x
create temp table x as select id, email from people where id = 1
select 1/0
rollback
select * from x
begin
savepoint s
drop table x
create temp table x as select id, email from people where id = 1
rollback to s
select * from x
insert into x values (3, '\x03') returning *
commit
select * from x
begin
savepoint s
drop table x
create temp table x as select id, email from people where id = 1
select 1/0
rollback to s
select * from x
commit
begin
savepoint s
drop table x
create temp table x as select id, email from people where id = 1
release s
rollback
select * from x
`, `
create temp table x (id int, email bytea)
insert into x values (1, '\x01')
begin; drop table x; create temp table x as select id, email from people where id = 1; rollback
select * from x
begin; drop table x; create temp table x as select id, email from people where id = 1; rollback; select * from x
drop table x; create temp table x as select id, email from people where id = 1; select 1/0
select * from x
begin; savepoint s; drop table x; create temp table x as select id, email from people where id = 1; rollback to s; commit
select * from x
begin; savepoint s; drop table x; create temp table x as select id, email from people where id = 1; rollback to s; select * from x; commit
insert into x values (2, '\x02') returning *
`, `
begin; create temp table x on commit drop as select id, email from people where id = 1; commit
create temp table x (id int, email bytea)
insert into x values (1, '\x01') returning *
select * from x
discard temp
create temp table x as select id, email from people where id = 1
discard temp
create temp table x (id int, email bytea)
insert into x values (1, '\x01') returning *
drop table x
begin
create temp table x on commit drop as select id, email from people where id = 1
commit
create temp table x (id int, email bytea)
insert into x values (1, '\x01') returning *
drop table x
begin
create temp table x as select id, email from people where id = 1
drop table x
create temp table x (id int, email bytea)
rollback
begin
create temp table x as select id, email from people where id = 1
rollback
create temp table x (id int, email bytea)
insert into x values (1, '\x01') returning *
alter table x rename to y
begin
alter table y rename to z
create temp table y as select id, email from people where id = 1
rollback
select * from y
select * from z
`, `
create temp table x as select id, email from people where id = 1
begin
drop table x
create temp table x (id int, email bytea)
insert into x values (1, '\x01') returning *
rollback
select * from x
begin
savepoint s
drop table x
create temp table x (id int, email bytea)
rollback to s
select * from x
commit
select email from x where email = 'cnry1@x.test'
create temp table if not exists x as select 1 as one
select * from x
begin
drop table x
create temp table if not exists x as select id, ssn as email from people where id = 2
rollback
select * from x
begin
drop table x
create temp table x as select id, ssn as email from people where id = 2
rollback
select * from x
begin
savepoint s
drop table x
create temp table x as select id, ssn as email from people where id = 2
rollback to s
select * from x
commit
begin
savepoint s
drop table x
create temp table x as select id, ssn as email from people where id = 2
release s
commit
select * from x
`}

func TestTemporaryTablesThatComeBack(t *testing.T) {
	fill(session(t, shared.Stack, "app"))
	plain := connect(shared.plain.DSN("app", password("app"), "plain", ""))
	fill(plain)
	plain.Close(context.Background())
	for i, script := range backScripts {
		for _, extended := range []bool{false, true} {
			veiled := session(t, shared.Stack, "app")
			plain := connect(shared.plain.DSN("app", password("app"), "plain", ""))
			for n, line := range strings.Split(strings.TrimSpace(script), "\n") {
				parts := []string{line}
				if extended {
					parts = strings.Split(line, "; ")
				}
				for _, part := range parts {
					compareDDL(t, fmt.Sprintf("script %d line %d, extended %v", i, n, extended), veiled, plain, part, extended)
				}
			}
			veiled.Close(context.Background())
			plain.Close(context.Background())
		}
	}
}

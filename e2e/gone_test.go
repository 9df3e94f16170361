package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestGoneNames: a statement that names what was reached protected columns and is there no more holds values of these. The server would say
// that there is no such relation, and log the statement.
func TestGoneNames(t *testing.T) {
	dropped := func(name, last string) []string {
		return []string{"create temp table " + name + " as select id, email from people where id < 3", "drop table " + name, last}
	}
	for name, script := range map[string][]string{
		"dropped temporary table": dropped("gone1", "select id from gone1 where email = '%s'"),
		"written":                 dropped("gone2", "insert into gone2 (id, email) values (1, '%s')"),
		"updated":                 dropped("gone3", "update pg_temp.gone3 set email = '%s'"),
		"discarded": {"create temp table gone4 as select id, email from people where id < 3", "discard all",
			"delete from GONE4 where email = '%s'"},
		"discarded temporary": {"create temp table gone5 as select id, email from people where id < 3", "discard temp",
			"select p.id from people p join gone5 g using (id) where g.email = '%s'"},
		"rolled back": {"begin", "create temp table gone6 as select id, email from people where id < 3", "select id from gone6 where email = 'cnry-x'", "rollback",
			"with w as (select * from gone6 where email = '%s') select count(*) from w"},
		"rolled back unseen": {"begin", "create temp table gone7 as select id, email from people where id < 3", "rollback",
			"select id from gone7 where email = '%s'"},
		"on commit": {"begin", "create temp table gone8 on commit drop as select id, email from people where id < 3", "commit",
			"select id from gone8 where email = '%s'"},
		"to a savepoint": {"begin", "savepoint s", "create temp table gone9 as select id, email from people where id < 3", "rollback to s",
			"select id from gone9 where email = '%s'"},
		"renamed": {"create temp table gone10 as select id, email from people where id < 3", "alter table gone10 rename to gone10b", "drop table gone10b",
			"select id from gone10b where email = '%s'"},
		"its first name": {"create temp table gone11 as select id, email from people where id < 3", "alter table gone11 rename to gone11b",
			"select id from gone11 where email = '%s'"},
		"view": {"create view gone12 as select id, email from people", "drop view gone12",
			"select id from gone12 where email = '%s'"},
		"view, rolled back": {"begin", "create view gone13 as select id, email from people", "select id from gone13 limit 0", "rollback",
			"select id from gone13 where email = '%s'"},
		"view, rolled back unseen": {"begin", "create view gone14 as select id, email from people", "rollback",
			"select id from gone14 where email = '%s'"},
		"materialized view": {"create materialized view gone15 as select id, email from people", "drop materialized view gone15",
			"select id from gone15 where email = '%s'"},
		"a table of this name by others": dropped("gone28", "with gone28 as (select * from gone28 where email = '%s') select * from gone28"),
		"made of it":                     dropped("gone16", "create temp table gone16b as select id from gone16 where email = '%s'"),
		"a view of it":                   dropped("gone17", "create view gone17b as select id from gone17 where email = '%s'"),
		"a default":                      dropped("gone18", "alter table gone18 alter email set default '%s'"),
		"prepared":                       dropped("gone19", "prepare gone19 as select id from gone19 where email = '%s'"),
		"declared":                       dropped("gone20", "declare gone20 cursor with hold for select id from gone20 where email = '%s'"),
		"copied":                         dropped("gone21", "copy (select id from gone21 where email = '%s') to stdout"),
		"explained":                      dropped("gone22", "explain select id from gone22 where email = '%s'"),
		"merged":                         dropped("gone23", "merge into gone23 g using people p on p.id = g.id when matched then update set email = '%s'"),
		"two statements": {"create temp table gone24 as select id, email from people where id < 3",
			"drop table gone24; select id from gone24 where email = '%s'"},
		"table that was renamed": {"begin", "alter table logins rename to gone25", "rollback",
			"select id from gone25 where email = '%s'"},
		"an index's condition":       dropped("gone26", "create index on gone26 (id) where email = '%s'"),
		"a check":                    dropped("gone27", "alter table gone27 add check (email <> '%s')"),
		"never there":                {"select p.id from people p join gonenever g using (id) where g.email = '%s'"},
		"never there, not qualified": {"select id from people, gonenever where mail = '%s'"},
		"never there, read to write": {"update people set email = '%s' from gonenever g where g.mail = 'cnry-%[1]s' and g.id = people.id"},
		"never there, inner":         {"select id from people where id in (select g.id from gonenever g where g.mail = '%s')"},
		"never there, written":       {"insert into public.gonenever select id, '%s' from people where id < 0"},
	} {
		t.Run(name, func(t *testing.T) {
			logged := serverLog(t)
			c := session(t, shared.Stack, "app")
			last := len(script) - 1
			for _, text := range script[:last] {
				if _, err := c.Exec(context.Background(), text).ReadAll(); err != nil {
					t.Fatalf("%s: %v", text, err)
				}
			}
			planted := "gone-" + strings.NewReplacer(" ", "-", ",", "", "'", "").Replace(name)
			for _, way := range []string{"simple", "extended"} {
				text := fmt.Sprintf(script[last], planted+"-"+way)
				var err error
				if way == "simple" {
					_, err = c.Exec(context.Background(), text).ReadAll()
				} else {
					err = c.ExecParams(context.Background(), text, nil, nil, nil, nil).Read().Err
				}
				var pe *pgconn.PgError
				if !errors.As(err, &pe) || pe.Code != "42P01" && pe.Code != "25P02" && !(way == "extended" && strings.Contains(text, ";")) {
					t.Errorf("%s: %v", text, err)
				}
			}
			if log := logged(); log == "" || strings.Contains(log, planted) {
				t.Errorf("the server's log is empty or has the value")
			}
		})
	}
}

// TestGoneNamesComeBack: a name that was one of protected columns, and what has it now is there, or no relation of that name is meant.
func TestGoneNamesComeBack(t *testing.T) {
	c := session(t, shared.Stack, "app")
	for _, step := range []struct{ text, want string }{
		{"create temp table came as select id, email from people where id < 3; drop table came", ""},
		{"select * from came", "42P01"}, // in the server's words
		{"alter table if exists came alter email set default 'x'", ""},
		{"with came as (select 1 as id) select * from came where id = 1", ""},
		{"with recursive came as (select 1 as id union all select id + 1 from came where id < 3) select * from came", ""},
		{"select count(*) from information_schema.columns where table_name = 'came'", ""},
		{"create temp table came as select 1 as id; select * from came where id = 1; drop table came", ""},
		{"create temp table came (id int, email text)", ""},
		{"insert into came values (1, 'plain')", ""},
		{"select * from came where email = 'plain'", ""},
		{"drop table came", ""},
		{"do $$ begin create temp table came as select 1 as id; end $$", ""},
		{"select * from came where id = 1", ""},
		{"insert into came values (2)", ""},
		{"drop table came", ""},
		{"select * from came where id = 1", "42P01"},
		{"create temp table came as select id, email from people where id < 3", ""},
		{"select * from came where email = 'cnry2@x.test'", ""},
		{"drop table came", ""},
	} {
		got := ""
		if _, err := c.Exec(context.Background(), step.text).ReadAll(); err != nil {
			got = err.Error()
			var pe *pgconn.PgError
			if errors.As(err, &pe) {
				got = pe.Code
			}
		}
		if got != step.want {
			t.Errorf("%s: %q, want %q", step.text, got, step.want)
		}
	}
}

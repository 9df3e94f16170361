package e2e

import (
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/stack"
)

// newer are statements of PostgreSQL 15 to 18 over protected columns.
var newer = []struct {
	since   int    // the first version that knows it
	sql     string // on a table of its own, see newerSetup
	refused string // the code with which the proxy refuses it on every version; a syntax error has the SQLSTATE alone
}{
	{15, "merge into newer n using (values (1, 'cnry-merged')) v(id, email) on n.id = v.id when matched then update set email = v.email", ""},
	{16, "select json_object('id': id) from newer order by id", ""},
	{16, "select json_array(1, id) from newer order by id", ""},
	{16, "select id from newer where '{}' is json order by id", ""},
	{16, "select any_value(email) from newer where id = 1", ""},
	{16, "select id from newer where email = 'cnry-newer-1' and 1_000 > 0x1F", ""},
	{17, "merge into newer n using (values (1)) v(id) on n.id = v.id when matched then update set plain = 'm' returning n.id, n.email, merge_action()", ""},
	{17, "select n.email, j.a from newer n, json_table('[1,2]', '$[*]' columns (a int path '$')) j where n.id = 1 order by 2", ""},
	{17, "select json_value('{\"a\": 1}', '$.a'), email from newer where id = 1", ""},
	{18, "update newer set email = 'cnry-old' where id = 1 returning old.email, new.email", "PV156"},
	{18, "insert into newer values (9, 'cnry-n', 'p') returning new.email", "PV156"},
	{18, "select uuidv7() is not null, email from newer where id = 1", ""},
	{18, "alter table newer add column twice text generated always as (plain || plain) virtual; select id, email, twice from newer order by id", "42601"},
	{14, "select conname, contype from pg_constraint where conrelid = 'newer'::regclass and contype = 'n' order by 1", ""},
	{18, "alter table newer add constraint newer_plain not null plain not valid; select email from newer order by id", "42601"},
}

const newerSetup = "create table newer (id int primary key, email text not null, plain text); insert into newer values (1, 'cnry-newer-1', 'a'), (2, 'cnry-newer-2', 'b')"

// TestNewerSyntax: what the server knows beyond PostgreSQL 14 works on protected tables, or is refused with a code where the proxy's
// parser does not know it. What the server doesn't know is its error, or a refusal.
func TestNewerSyntax(t *testing.T) {
	own := ownStack(t, func(o *stack.Options) {
		o.Encrypt += "\n  public.newer:\n    email: {type: text, search: equality}\n"
		o.Policy = rulesOn("public.newer")
	})
	c := session(t, own, "app")
	plain := connect(shared.plain.DSN("app", password("app"), "plain", ""))
	defer plain.Close(t.Context())
	major := serverMajor()
	for _, one := range newer {
		for _, conn := range []*pgconn.PgConn{c, plain} {
			if _, err := conn.Exec(t.Context(), newerSetup).ReadAll(); err != nil {
				t.Fatal(err)
			}
		}
		gotRows, err := c.Exec(t.Context(), one.sql).ReadAll()
		got := outcomeOf(gotRows, err, true)
		wantRows, err := plain.Exec(t.Context(), one.sql).ReadAll()
		want := outcomeOf(wantRows, err, true)
		switch {
		case one.refused != "" && got.code != one.refused && (got.code != "" || got.sqlstate != one.refused):
			t.Errorf("%s: %q %s, want %s", one.sql, got.code, got.text, one.refused)
		case one.refused == "" && major >= one.since && (got.code != "" || got.text != want.text || want.sqlstate != ""):
			t.Errorf("%s\n got %s %s\nwant %s", one.sql, got.code, got.text, want.text)
		case major < one.since && want.sqlstate == "":
			t.Errorf("%s works on %d", one.sql, major)
		case major < one.since && got.sqlstate == "":
			t.Errorf("%s: answered, though the server can't: %s", one.sql, got.text)
		}
		for _, conn := range []*pgconn.PgConn{c, plain} {
			if _, err := conn.Exec(t.Context(), "drop table newer").ReadAll(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// noteTitles gives texts that share much: a few words, put together.
func noteTitles(n int) []string {
	r := rand.New(rand.NewPCG(7, 11))
	words := []string{"Meier", "Maier", "ANNA", "Hanna", "Joh%n", "Jo_n", "öl", "Ölwechsel", "ab", "aba", "abab", `back\slash`, "x'y", "日本語テキスト", "cnry"}
	all := make([]string, n)
	for i := range all {
		parts := make([]string, 1+r.IntN(4))
		for k := range parts {
			parts[k] = words[r.IntN(len(words))]
		}
		all[i] = strings.Join(parts, []string{" ", "", "-"}[r.IntN(3)])
	}
	return append(all, "", "a", "ab", "Meier")
}

var notePatterns = []struct{ op, pattern string }{
	{"like", "%Meier%"}, {"ilike", "%meier%"}, {"ilike", "%MAIER"}, {"like", "Anna%"}, {"ilike", "anna%"}, {"like", "%nna M%"}, {"ilike", "%ei_r%nna%"},
	{"like", `%Joh\%n%`}, {"like", `%oh%n%nna%`}, {"like", "%Jo_nab%"}, {"ilike", "%ölw%"}, {"like", "%Öl%sel"}, {"like", "%aba%"}, {"like", "%abab%"},
	{"ilike", "abab"}, {"like", "%日本語%"}, {"like", `%k\\sla%`}, {"like", "%x'y%"}, {"ilike", "%nosuchtext%"}, {"like", "cnry%cnry"}, {"ilike", "%r-m%"},
}

func TestMatch(t *testing.T) {
	ctx := context.Background()
	ours, plain := connectPgx(t, shared.DSN("app", password("app"), "shop", "")), connectPgx(t, shared.plain.DSN("app", password("app"), "plain", ""))
	for _, c := range []*pgx.Conn{ours, plain} {
		batch := &pgx.Batch{}
		batch.Queue("truncate notes restart identity")
		for i, title := range noteTitles(1500) {
			batch.Queue("insert into notes (title, body, num) values ($1, $2, $3)", title, strings.ToUpper(title), i%7)
		}
		batch.Queue("insert into notes (title, num) values (null, 8)")
		if err := c.SendBatch(ctx, batch).Close(); err != nil {
			t.Fatal(err)
		}
	}
	defer func() {
		if t.Failed() {
			b, _ := os.ReadFile(shared.LogFile)
			t.Log(string(b[max(0, len(b)-3000):]))
		}
	}()
	rows := 0
	for _, p := range notePatterns {
		quoted := "'" + strings.ReplaceAll(p.pattern, "'", "''") + "'"
		for _, sql := range []string{
			"select * from notes where title %s %s order by id", "select id, upper('x') as x from notes n where n.title %s %s and num < 5 order by id desc",
			"select title from notes where num in (select 2) and title %s %s order by id", "select a.id, b.id from notes a join notes b on a.num = b.id where a.title %[1]s %[2]s and b.num < 7 order by 1, 2",
			"with w as (select title t, id from notes where num > 0) select id from w where t %s %s order by id",
			"with w as (select title t, id, num from notes) select a.t, b.id from w a join w b on a.id = b.num where b.t %s %s order by b.id",
			"(select id as from from notes where title %s %s order by id)",
			"select id as title from notes n where n.title %s %s order by title, 1 limit 7 offset 3", "select title from notes where title %s %s order by id desc fetch first 2 rows only",
		} {
			for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeExec, pgx.QueryExecModeCacheStatement} {
				want, wantTag := collect(t, plain, mode, fmt.Sprintf(sql, p.op, "$1::text"), p.pattern)
				got, tag := collect(t, ours, mode, fmt.Sprintf(sql, p.op, "$1::text"), p.pattern)
				if !reflect.DeepEqual(got, want) || tag != wantTag {
					t.Fatalf("%s, %q: %d rows, %s; a plain database gives %d, %s", fmt.Sprintf(sql, p.op, "$1"), p.pattern, len(got), tag, len(want), wantTag)
				}
				rows += len(want)
			}
			want, err := plain.PgConn().Exec(ctx, fmt.Sprintf(sql, p.op, quoted)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			got, err := ours.PgConn().Exec(ctx, fmt.Sprintf(sql, p.op, quoted)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got[0].Rows, want[0].Rows) || got[0].CommandTag != want[0].CommandTag || len(got[0].FieldDescriptions) != len(want[0].FieldDescriptions) {
				t.Fatalf("%s: %s, a plain database gives %s", fmt.Sprintf(sql, p.op, quoted), got[0].CommandTag, want[0].CommandTag)
			}
		}
	}
	for _, c := range []struct {
		sql  string
		args []any
	}{
		{"select id, title from notes where title ilike '%' || $1 || '%' order by id limit $2 offset $3", []any{"meier", 5, 2}},
		{"select id, title from notes where title ilike '%' || $1 || '%' order by id limit $2 offset $3", []any{"mei_r%nn", nil, 1}},
		{"select id, title from notes where title like $1 || '%' order by id limit $2", []any{"Anna", 0}},
	} {
		for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeExec, pgx.QueryExecModeCacheStatement, pgx.QueryExecModeDescribeExec} {
			want, wantTag := collect(t, plain, mode, c.sql, c.args...)
			got, tag := collect(t, ours, mode, c.sql, c.args...)
			if !reflect.DeepEqual(got, want) || tag != wantTag {
				t.Errorf("%s, %v: %v, %s; a plain database gives %v, %s", c.sql, c.args, got, tag, want, wantTag)
			}
		}
	}
	if rows < 5000 {
		t.Errorf("only %d rows were compared", rows)
	}
	if got, _ := collect(t, ours, pgx.QueryExecModeExec, "select id from notes where title like $1", nil); len(got) != 0 {
		t.Errorf("LIKE NULL finds %d rows", len(got))
	}
	for sql, code := range map[string]string{
		"select id from notes where title like '%ab%'": "PV020", "select id from notes where title like 'abc%' limit 1 + 1": "PV168",
		`select id from notes where title like 'abc\'`: "22025", "select count(*) from notes where title ilike '%meier%'": "PV168",
	} {
		if _, err := ours.PgConn().Exec(ctx, sql).ReadAll(); err == nil || !strings.Contains(err.Error(), code) {
			t.Errorf("%s: %v, want %s", sql, err, code)
		}
	}
}

// TestMatchUsesIndex checks that an index written for pg_trgm becomes one that the search uses.
func TestMatchUsesIndex(t *testing.T) {
	ctx := context.Background()
	c := connectPgx(t, shared.DSN("app", password("app"), "shop", ""))
	for _, sql := range []string{
		"truncate notes", "create index notes_title on notes using gin (title gin_trgm_ops)",
		"insert into notes (title) values ('Anna Meier'), ('Jo Meyer'), (null)", "set enable_seqscan = off",
	} {
		if _, err := c.Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	rows, _ := collect(t, c, pgx.QueryExecModeCacheStatement, "select title from notes where title ilike $1", "%a mei%")
	if len(rows) != 2 || rows[1][0] != "Anna Meier" {
		t.Errorf("found %v", rows)
	}
	c.Close(ctx) // the server counts when a session ends, if not before
	for range 100 {
		r := direct("shop", "select idx_scan from pg_stat_user_indexes where indexrelname = 'notes_title'")
		if string(r[0].Rows[0][0]) != "0" {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("the index was not used")
}

func connectPgx(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

// collect gives the rows of a query, their columns' names and types in front, and its command tag.
func collect(t *testing.T, c *pgx.Conn, mode pgx.QueryExecMode, sql string, args ...any) ([][]any, string) {
	t.Helper()
	rows, err := c.Query(context.Background(), sql, append([]any{mode}, args...)...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	defer rows.Close()
	var all [][]any
	for rows.Next() {
		if len(all) == 0 {
			all = append(all, describeFields(rows.FieldDescriptions()))
		}
		v, err := rows.Values()
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		all = append(all, v)
	}
	if rows.Err() != nil {
		t.Fatalf("%s: %v", sql, rows.Err())
	}
	return all, rows.CommandTag().String()
}

func describeFields(fields []pgconn.FieldDescription) []any {
	out := make([]any, len(fields))
	for i, f := range fields {
		out[i] = fmt.Sprint(f.Name, f.DataTypeOID, f.TypeModifier, f.Format)
	}
	return out
}

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/stack"
)

const rangeEncrypt = `  public.readings:
    small:  {type: int2, search: range, key: numbers}
    n:      {type: int4, search: range, key: numbers}
    big:    {type: int8, search: range, key: numbers}
    price:  {type: "numeric(12,2)", search: range}
    day:    {type: date, search: range}
    at:     {type: timestamptz, search: range}
    token:  {type: uuid, search: range}
    name:   {type: text, search: range, collation: C}
    login:  {type: text, search: equality, normalize: [lower]}
`

const rangeSchema = `CREATE TABLE readings (id int PRIMARY KEY, small int2, n int4, big int8, price numeric(12,2), day date, at timestamptz, token uuid,
  name text, login text)`

const rangeRows = 4000

// ranges sets a database with range columns up behind a proxy of its own, and the same database plain.
func ranges(t *testing.T) (protected, plain *pgconn.PgConn, s *stack.Stack) {
	t.Helper()
	protected, plain, s = sideBySide(t, "ranges", func(o *stack.Options) {
		o.Encrypt += rangeEncrypt
		o.Policy = rulesOn("public.readings")
	})
	for _, c := range []*pgconn.PgConn{protected, plain} {
		execOn(t, c, rangeSchema)
		r := rand.New(rand.NewPCG(7, 7))
		for from := 0; from < rangeRows; from += 200 {
			var b strings.Builder
			for i := from; i < from+200; i++ {
				fmt.Fprintf(&b, ", (%d, %s)", i, strings.Join(reading(r), ", "))
			}
			execOn(t, c, "INSERT INTO readings (id, small, n, big, price, day, at, token, name, login) VALUES "+b.String()[2:])
		}
	}
	return protected, plain, s
}

func execOn(t *testing.T, c *pgconn.PgConn, sql string) {
	t.Helper()
	if _, err := c.Exec(context.Background(), sql).ReadAll(); err != nil {
		t.Fatalf("%.200s: %v", sql, err)
	}
}

// reading is a row as literals: edges, NULLs, and values close to each other.
func reading(r *rand.Rand) []string {
	pick := func(edges []string, format string, args ...any) string {
		switch n := r.IntN(20); {
		case n == 0:
			return "NULL"
		case n < 4:
			return edges[r.IntN(len(edges))]
		}
		return fmt.Sprintf(format, args...)
	}
	word := func() string {
		w := []string{"a", "b", "ab", "abc", "É", "ß", "z", "😀", " ", "A"}
		out := ""
		for range r.IntN(6) {
			out += w[r.IntN(len(w))]
		}
		return out
	}
	return []string{
		pick([]string{"-32768", "32767", "0"}, "%d", r.IntN(100)-50),
		pick([]string{"-2147483648", "2147483647", "-1", "0"}, "%d", r.IntN(2000)-1000),
		pick([]string{"-9223372036854775808", "9223372036854775807", "-2147483649"}, "%d", r.Int64()-1<<62),
		pick([]string{"'NaN'", "0.00", "-9999999999.99", "9999999999.99", "-0.01"}, "%d.%02d", r.IntN(2000)-1000, r.IntN(100)),
		pick([]string{"'infinity'", "'-infinity'", "'4713-01-01 BC'", "'5874897-12-31'"}, "'20%02d-%02d-%02d'", r.IntN(30), 1+r.IntN(12), 1+r.IntN(28)),
		pick([]string{"'infinity'", "'-infinity'", "'294276-12-31 23:59:59.999999+00'"}, "'20%02d-06-01 %02d:00:00+0%d'", r.IntN(30), r.IntN(24), r.IntN(10)),
		pick([]string{"'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"}, "'%08x-0000-4000-8000-%012x'", r.Uint32(), r.IntN(9)),
		pick([]string{"''", "'cnry-range-a'", "'cnry-range-ab'"}, "'%s'", word()),
		pick([]string{"'Ada@Example.org'", "'ada@EXAMPLE.ORG'"}, "'%s'", word()),
	}
}

// rangeQueries are asked of both databases. Each has an order that leaves no choice.
var rangeQueries = []string{
	"SELECT * FROM readings ORDER BY id",
	"SELECT id, n FROM readings WHERE n < -5 ORDER BY n, id",
	"SELECT id FROM readings WHERE n >= 0 AND n <= 10 ORDER BY id",
	"SELECT id, n FROM readings WHERE n BETWEEN -3 AND 3 ORDER BY n DESC, id",
	"SELECT id FROM readings WHERE n NOT BETWEEN -900 AND 900 ORDER BY id",
	"SELECT id FROM readings WHERE n < 3000000000 ORDER BY id",
	"SELECT id FROM readings WHERE n > -3000000000 ORDER BY id",
	"SELECT id FROM readings WHERE n > 3000000000 ORDER BY id",
	"SELECT id FROM readings WHERE small > n ORDER BY id",
	"SELECT id FROM readings WHERE small < 7::int8 ORDER BY id",
	"SELECT id FROM readings WHERE big <= -9223372036854775807 ORDER BY id",
	"SELECT min(n), max(n), min(price), max(price), min(day), max(day), min(name), max(name), min(at), max(at) FROM readings",
	"SELECT min(n) FROM readings",
	"(SELECT min(n) FROM readings)",
	"((SELECT max(n) FROM readings WHERE id > 2) )",
	"SELECT max(r.n) AS top, min(r.day) bottom, max(r.n) FROM readings AS r -- a comment",
	"SELECT min(price) FROM readings WHERE id % 3 = 1 AND name LIKE 'a%'",
	"SELECT max(n) AS top FROM public.readings r where r.n < 100 OR r.n IS NULL and exists (select 1 from readings o where o.n = r.n)",
	"SELECT max(at) FROM readings WHERE false",
	"SELECT min(n), max(day) FROM readings WHERE n > 0",
	"SELECT min(n), max(day) FROM (SELECT * FROM readings) r",
	"SELECT min(DISTINCT n) FROM readings",
	"SELECT max(n) FILTER (WHERE id < 10) FROM readings",
	"SELECT min(n) FROM readings GROUP BY id % 2 ORDER BY id % 2",
	"SELECT max(n) FROM ONLY readings WHERE n <> 5",
	"SELECT max(n), count(*) FROM readings",
	"SELECT max(r.name), (SELECT min(n) FROM readings WHERE n > 3) FROM readings r",
	"SELECT price, count(*) FROM readings GROUP BY price ORDER BY price",
	"SELECT id, price FROM readings WHERE price > 99.5 ORDER BY price, id",
	"SELECT id FROM readings WHERE price = 0 ORDER BY id",
	"SELECT DISTINCT small FROM readings ORDER BY small NULLS FIRST",
	"SELECT DISTINCT ON (day) day, id FROM readings ORDER BY day DESC NULLS LAST, id",
	"SELECT id, day FROM readings WHERE day >= '2010-01-01' AND day < '2012-07-01' ORDER BY day, id",
	"SELECT id, day FROM readings WHERE day > '2029-01-01' ORDER BY day, id",
	"SELECT id FROM readings WHERE at > '2011-06-01 12:00:00+02' ORDER BY at, id LIMIT 40",
	"SELECT id, token FROM readings WHERE token > 'ffff0000-0000-0000-0000-000000000000' ORDER BY token, id",
	"SELECT id, name FROM readings ORDER BY name, id",
	"SELECT id, name FROM readings ORDER BY name DESC NULLS LAST, id OFFSET 10 LIMIT 25",
	"SELECT id, name FROM readings WHERE name >= 'ab' AND name < 'b' ORDER BY name, id",
	"SELECT id, name FROM readings WHERE name LIKE 'ab%' ORDER BY name, id",
	"SELECT id FROM readings WHERE name LIKE '%' ORDER BY id",
	"SELECT id FROM readings WHERE name LIKE 'abc' ORDER BY id",
	"SELECT id FROM readings WHERE name NOT LIKE 'a%' ORDER BY id",
	"SELECT id FROM readings WHERE starts_with(name, 'abÉ') ORDER BY id",
	"SELECT id FROM readings WHERE name LIKE '😀%' ORDER BY id",
	"SELECT a.id, b.id FROM readings a JOIN readings b ON a.n = b.n AND a.id < b.id ORDER BY 1, 2 LIMIT 500",
	"SELECT id, rank() OVER (ORDER BY n) FROM readings ORDER BY 2, 1",
	"SELECT id FROM readings WHERE lower(login) = lower('ADA@example.org') ORDER BY id",
	"SELECT id FROM readings WHERE login ILIKE 'ADA@example.org' ORDER BY id",
	"SELECT id FROM readings WHERE login = 'Ada@Example.org' ORDER BY id",
	"SELECT id FROM readings WHERE lower(login) = 'aÉ' OR lower(login) = 'aé' ORDER BY id",
	"SELECT id FROM readings WHERE NOT (lower(login) = ANY ('{ADA,bob}'::text[])) ORDER BY id",
	"SELECT id FROM readings WHERE lower(login) <> ALL (ARRAY['ADA', NULL, 'bob']) OR lower(login) <> ALL ('{Ada}') ORDER BY id",
	"SELECT greatest(n, 0), id FROM readings ORDER BY 1, 2",
}

// TestRange asks the same of range columns and of plain ones, and shows that a plain B-tree answers.
func TestRange(t *testing.T) {
	t.Parallel()
	protected, plain, s := ranges(t)
	t.Run("answers", func(t *testing.T) { sameAnswers(t, protected, plain) })
	for _, index := range []string{"(n)", "(day)", "(name)", "(price)", "(lower(login))"} {
		execOn(t, protected, "CREATE INDEX ON readings "+index)
	}
	asSuperuser(shared.pg, "ranges", "ANALYZE readings")
	t.Run("answers by index", func(t *testing.T) { sameAnswers(t, protected, plain) })
	t.Run("plans", func(t *testing.T) { indexPlans(t, protected) })
	t.Run("leakage", func(t *testing.T) { rangeLeakage(t, s) })
	t.Run("refused patterns", func(t *testing.T) {
		for _, q := range []string{"SELECT id FROM readings WHERE name LIKE '%b'", "SELECT id FROM readings WHERE name LIKE 'a_b'"} {
			if _, err := protected.Exec(context.Background(), q).ReadAll(); err == nil || !strings.Contains(err.Error(), "PV142") {
				t.Errorf("%s: %v, want PV142", q, err)
			}
		}
		c := connect(s.DSN("app", password("app"), "ranges", ""))
		defer c.Close(context.Background())
		r := c.ExecParams(context.Background(), "SELECT id FROM readings WHERE name LIKE $1", [][]byte{[]byte("%b")}, nil, nil, nil).Read()
		if r.Err == nil || !strings.Contains(r.Err.Error(), "PV014") {
			t.Errorf("LIKE $1: %v, want PV014", r.Err)
		}
		r = c.ExecParams(context.Background(), "SELECT id FROM readings WHERE name LIKE $1 ORDER BY id", [][]byte{[]byte("ab%")}, nil, nil, nil).Read()
		want, _ := allRows(must(connect(shared.plain.DSN("app", password("app"), "ranges", "")), "SELECT id FROM readings WHERE name LIKE 'ab%' ORDER BY id"), nil)
		if r.Err != nil || len(r.Rows) != len(want) || len(want) == 0 {
			t.Errorf("LIKE $1: %d rows, want %d (%v)", len(r.Rows), len(want), r.Err)
		}
	})
}

// rangeLeakage counts what the stored cells give away: the same that is counted in the plain database.
func rangeLeakage(t *testing.T, s *stack.Stack) {
	run := func(args ...string) string {
		out, err := s.Run([]string{"PGPASSWORD=" + postgres.Password}, append([]string{"leakage", "-c", s.Config, "-U", postgres.Superuser, "-d", "ranges"}, args...)...)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out, "cnry-range") || strings.Contains(strings.ToLower(out), "ada@") {
			t.Errorf("it shows a value: %s", out)
		}
		return out
	}
	var found []struct {
		Column string
		Rows   int64
		Nulls  int64
		Equal  struct {
			Distinct int64
			Top      []int64
		}
		Order struct{ Density float64 }
	}
	columns := []string{"small", "n", "big", "price", "day", "at", "token", "name", "login"}
	args := []string{"--json"}
	for _, c := range columns {
		args = append(args, "public.readings."+c)
	}
	if err := json.Unmarshal([]byte(run(args...)), &found); err != nil {
		t.Fatal(err)
	}
	for i, c := range columns {
		want := asSuperuser(shared.plain, "ranges", fmt.Sprintf("SELECT count(*), count(*) - count(%[1]s), count(DISTINCT %[1]s), "+
			"(SELECT count(*) FROM readings WHERE %[1]s IS NOT NULL GROUP BY %[1]s ORDER BY 1 DESC LIMIT 1) FROM readings", c))[0].Rows[0]
		f := found[i]
		if got := fmt.Sprint(f.Rows, f.Nulls, f.Equal.Distinct, f.Equal.Top[0]); f.Column != "public.readings."+c || got != string(bytes.Join(want, []byte(" "))) {
			t.Errorf("%s: %s, want %s", f.Column, got, want)
		}
		if dense := f.Order.Density >= 0.75; c == "small" && !dense || (c == "big" || c == "token") && dense {
			t.Errorf("%s: density %f", c, f.Order.Density)
		}
	}
	// Warnings of tables that this database hasn't, and nothing of the columns that it has.
	out, err := s.Run([]string{"PGPASSWORD=" + postgres.Password}, "check", "-c", s.Config, "-U", postgres.Superuser, "-d", "ranges")
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "public.readings") || strings.HasPrefix(line, "warning: public.readings") {
			t.Errorf("check: %s", line)
		}
	}
	if !strings.Contains(out, "public.readings.n ") {
		t.Errorf("check: %s (%v)", out, err)
	}
	if text := run("public.readings.small"); !strings.Contains(text, "assume the plaintext is known") {
		t.Errorf("advice:\n%s", text)
	}
}

func sameAnswers(t *testing.T, protected, plain *pgconn.PgConn) {
	for _, q := range rangeQueries {
		got, err := protected.Exec(context.Background(), q).ReadAll()
		if err != nil {
			t.Errorf("%s: %v", q, err)
			continue
		}
		want, err := plain.Exec(context.Background(), q).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", q, err)
		}
		g, _ := allRows(got, nil)
		w, _ := allRows(want, nil)
		if len(g) != len(w) {
			t.Errorf("%s: %d rows, want %d", q, len(g), len(w))
			continue
		}
		for i := range w {
			if fmt.Sprintf("%q", g[i]) != fmt.Sprintf("%q", w[i]) {
				t.Errorf("%s: row %d is %q, want %q", q, i, g[i], w[i])
				break
			}
		}
	}
}

// indexPlans shows that what range is for is answered by a plain B-tree.
func indexPlans(t *testing.T, c *pgconn.PgConn) {
	for _, p := range []struct{ sql, want, not string }{
		{"SELECT id FROM readings WHERE n = 17", "readings_n_idx", "Seq Scan"},
		{"SELECT id FROM readings WHERE n > 990 AND n < 994", "readings_n_idx", "Seq Scan"},
		{"SELECT id FROM readings WHERE day BETWEEN '2010-01-01' AND '2010-01-05'", "readings_day_idx", "Seq Scan"},
		{"SELECT id, price FROM readings ORDER BY price LIMIT 10", "readings_price_idx", "Sort"},
		{"SELECT id, name FROM readings ORDER BY name DESC LIMIT 10", "readings_name_idx", "Sort"},
		{"SELECT id FROM readings WHERE name LIKE 'abcabc%'", "readings_name_idx", "Seq Scan"},
		{"SELECT id FROM readings WHERE starts_with(name, 'abcabc')", "readings_name_idx", "Seq Scan"},
		{"SELECT min(n) FROM readings", "readings_n_idx", "Seq Scan"},
		{"SELECT max(n) AS top FROM readings r WHERE n < 100", "readings_n_idx", "Seq Scan"},
		{"SELECT max(n), min(day), min(n) FROM readings", "readings_day_idx", "Seq Scan"},
		{"SELECT id FROM readings WHERE lower(login) = lower('abcabc')", "readings_substr_idx", "Seq Scan"},
	} {
		r, err := c.Exec(context.Background(), "EXPLAIN (COSTS OFF) "+p.sql).ReadAll()
		if err != nil {
			t.Errorf("%s: %v", p.sql, err)
			continue
		}
		rows, _ := allRows(r, nil)
		var plan strings.Builder
		for _, row := range rows {
			plan.Write(row[0])
			plan.WriteByte('\n')
		}
		if !strings.Contains(plan.String(), p.want) || strings.Contains(plan.String(), p.not) {
			t.Errorf("%s: want %s without %s:\n%s", p.sql, p.want, p.not, plan.String())
		}
		t.Logf("%s\n%s", p.sql, plan.String())
	}
}

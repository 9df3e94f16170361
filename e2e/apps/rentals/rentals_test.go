//go:build clients

package rentals

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/stack"
)

var update = flag.Bool("update", false, "write testdata/refused.txt again")

const encrypt = `  public.customer:
    first_name: {type: text, search: equality}
    last_name:  {type: text, search: range, collation: C}
    email:      {type: text, search: equality, normalize: [lower]}
  public.address:
    address:     {type: text}
    phone:       {type: text, search: equality}
    postal_code: {type: text, search: equality}
  public.staff:
    email:    {type: text, search: equality}
    username: {type: text, search: equality}
    password: {type: text}
  public.payment:
    amount: {type: "numeric(5,2)", search: range}
`

const rules = `version: 1
unlisted: pass
roles:
  app:
    who: {users: ["*"], databases: ["*"]}
    allow:
      - {id: all, on: "*", do: [all], show: "*", write: "*"}
`

func TestReports(t *testing.T) {
	plain, through, binary := start(t)
	schema, err := os.ReadFile("schema.sql")
	check(t, err)
	for _, text := range append(strings.Split(string(schema), ";\n"), data()...) {
		if strings.TrimSpace(text) == "" {
			continue
		}
		for _, c := range []*pgconn.PgConn{plain, through} {
			if _, err := c.Exec(t.Context(), text).ReadAll(); err != nil {
				t.Fatalf("%.200s\n%v", text, err)
			}
		}
	}
	if got := one(t, binary, "select count(*) from pg_attribute where attrelid in ('customer'::regclass, 'address'::regclass, 'staff'::regclass, 'payment'::regclass) and atttypid = 'bytea'::regtype"); got != "10" {
		t.Fatalf("%s columns are bytea, want 10", got)
	}
	queries, err := os.ReadFile("queries.sql")
	check(t, err)
	list := strings.Split(strings.TrimSpace(string(queries)), "\n")
	var refused []string
	for _, q := range list {
		want, err := answer(t, plain, q)
		if err != nil {
			t.Errorf("plain: %s\n%v", q, err)
			continue
		}
		got, err := answer(t, through, q)
		var e *pgconn.PgError
		switch {
		case errors.As(err, &e) && strings.Contains(e.Message, "[PV") && e.Hint != "":
			refused = append(refused, q+"\n  "+e.Message+"\n  "+e.Hint+"\n")
		case err != nil:
			t.Errorf("%s\n%v", q, err)
		case got != want:
			t.Errorf("%s\n got  %.1500s\n want %.1500s", q, got, want)
		}
	}
	t.Logf("%d questions, %d answered as by the plain database, %d refused", len(list), len(list)-len(refused), len(refused))
	if len(list) < 100 {
		t.Errorf("only %d questions", len(list))
	}
	golden(t, strings.Join(refused, "\n"))
}

func golden(t *testing.T, got string) {
	t.Helper()
	name := filepath.Join("testdata", "refused.txt")
	if *update {
		check(t, os.MkdirAll("testdata", 0o755))
		check(t, os.WriteFile(name, []byte(got), 0o644))
	}
	want, err := os.ReadFile(name)
	check(t, err)
	if got != string(want) {
		t.Errorf("what is refused has changed (-update writes it):\n%s", got)
	}
}

// answer is a question's result, columns and rows, in both protocols.
func answer(t *testing.T, c *pgconn.PgConn, sql string) (string, error) {
	t.Helper()
	results, err := c.Exec(t.Context(), sql).ReadAll()
	if err != nil {
		return "", err
	}
	extended := c.ExecParams(t.Context(), sql, nil, nil, nil, nil).Read()
	if extended.Err != nil {
		return "", extended.Err
	}
	simple := show(results[0], sql)
	if other := show(extended, sql); simple != other {
		t.Errorf("%s\n simple   %.500s\n extended %.500s", sql, simple, other)
	}
	return simple, nil
}

// ordered matches a question that says in which order its rows are wanted.
var ordered = regexp.MustCompile(`ORDER BY [^()]*(\([^()]*\)[^()]*)*$`)

func show(r *pgconn.Result, sql string) string {
	var b strings.Builder
	for _, f := range r.FieldDescriptions {
		fmt.Fprintf(&b, "%s %d\t", f.Name, min(f.DataTypeOID, 16384)) // the database's own types have other numbers in each
	}
	lines := make([]string, len(r.Rows))
	for i, row := range r.Rows {
		for _, v := range row {
			if v == nil {
				lines[i] += "NULL\t"
				continue
			}
			lines[i] += fmt.Sprintf("%q\t", v)
		}
	}
	if !ordered.MatchString(sql) {
		slices.Sort(lines)
	}
	return b.String() + "\n" + strings.Join(lines, "\n") + "\n" + r.CommandTag.String()
}

func start(t *testing.T) (plain, through, stored *pgconn.PgConn) {
	ca, err := postgres.NewAuthority()
	check(t, err)
	s, err := stack.Open(stack.SiteOptions{Options: stack.Options{CA: ca, Dir: t.TempDir(), Encrypt: encrypt, Policy: rules}, Plain: &postgres.Options{TLS: ca}})
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	connect := func(dsn string) *pgconn.PgConn {
		c, err := pgconn.Connect(t.Context(), dsn)
		check(t, err)
		t.Cleanup(func() { c.Close(context.Background()) })
		return c
	}
	const more = "sslmode=require"
	return connect(s.Plain.DSN(postgres.Superuser, postgres.Password, "postgres", more)),
		connect(s.DSN(postgres.Superuser, postgres.Password, "postgres", "")),
		connect(s.Server.DSN(postgres.Superuser, postgres.Password, "postgres", more))
}

func one(t *testing.T, c *pgconn.PgConn, sql string) string {
	t.Helper()
	r, err := c.Exec(t.Context(), sql).ReadAll()
	check(t, err)
	return string(r[0].Rows[0][0])
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

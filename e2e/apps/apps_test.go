//go:build clients

package apps

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/stack"
)

// program is one application. It finds its database in DSN (key=value), DATABASE_URL and the standard variables PGHOST …, makes its own
// tables, among them customers and orders, and prints a line for each thing that it sees.
type program struct {
	name    string
	command func(t *testing.T) []string
	lines   int // at least so many
	// differ are the steps, by the name before the colon, that may print something else through pgveil, and why.
	differ map[string]string
}

var programs = []program{
	{name: "gorm", command: goProgram("gorm"), lines: 60},
	{name: "bun", command: goProgram("bun"), lines: 36},
	{name: "sqlc", command: goProgram("sqlc"), lines: 40, differ: map[string]string{
		"busiest": "min() of a range column is cast",
	}},
	{name: "ent", command: goProgram("ent"), lines: 60, differ: map[string]string{
		"contains": "LIKE '%…%' on a column with search: equality",
		"active":   "a condition on a column with search: none",
	}},
	{name: "migrations", command: goProgram("migrations"), lines: 150},
	{name: "knex", command: nodeProgram("knex.js"), lines: 44},
	{name: "prisma", command: nodeProgram("prisma.js"), lines: 45},
	{name: "sqlalchemy", command: pythonProgram("alchemy.py"), lines: 58},
	{name: "django", command: pythonProgram("djangoapp.py"), lines: 48, differ: map[string]string{
		"sum":    "the sum of a column with search: range",
		"iexact": "ILIKE on a column with search: equality",
	}},
	{name: "drizzle", command: nodeProgram("drizzle.js"), lines: 38},
}

const (
	user     = "app"
	password = "pw-app"
)

const encrypt = `  public.customers:
    email:   {type: text, search: equality}
    phone:   {type: varchar(20), search: equality}
    born:    {type: date, search: range}
    credit:  {type: "numeric(12,2)"}
    profile: {type: jsonb}
    active:  {type: bool}
    seen:    {type: timestamptz, search: equality}
  public.orders:
    total:   {type: "numeric(10,2)", search: range}
`

const rules = `version: 1
unlisted: pass
roles:
  app:
    who: {users: [app], databases: ["*"]}
    allow:
      - {id: app-all, on: "*", do: [all], show: "*", write: "*"}
`

func TestApplicationsSeeTheSame(t *testing.T) {
	h := start(t)
	for _, p := range programs {
		t.Run(p.name, func(t *testing.T) {
			command := p.command(t)
			for _, s := range []*postgres.Server{h.Server, h.Plain} {
				superuser(t, s, "postgres", fmt.Sprintf("CREATE DATABASE %s OWNER %s", p.name, user))
				superuser(t, s, p.name, "ALTER SCHEMA public OWNER TO "+user)
			}
			began := time.Now()
			want := run(t, command, h.Plain.Port, p.name)
			direct := time.Since(began)
			got := run(t, command, h.Port, p.name)
			t.Logf("%d lines; direct %v, through pgveil %v", len(want), direct.Round(time.Millisecond), (time.Since(began) - direct).Round(time.Millisecond))
			if len(want) < p.lines {
				t.Errorf("only %d lines on the plain server", len(want))
			}
			for _, l := range want {
				if strings.Contains(l, "SQLSTATE 42") || strings.Contains(l, `"error":"42`) {
					t.Errorf("not a program for PostgreSQL: %s", l)
				}
			}
			compare(t, p, want, got)
			h.sealed(t, p.name)
		})
	}
}

// goProgram builds a program of the module in go, in a copy, where what it asks to be generated is.
func goProgram(folder string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		copied, binary := t.TempDir(), filepath.Join(t.TempDir(), folder)
		if err := os.CopyFS(copied, os.DirFS("go")); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"generate", "./" + folder}, {"build", "-o", binary, "./" + folder}} {
			cmd := exec.Command("go", args...)
			cmd.Dir = copied
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("go %v: %v\n%s", args, err, out)
			}
		}
		return []string{binary}
	}
}

// pythonProgram runs a script with Debian's Python, whose packages it uses.
func pythonProgram(script string) func(*testing.T) []string {
	return func(*testing.T) []string { return []string{"/usr/bin/python3", filepath.Join("python", script)} }
}

func nodeProgram(script string) func(*testing.T) []string {
	return func(*testing.T) []string { return []string{"node", filepath.Join("node", script)} }
}

func run(t *testing.T, command []string, port int, database string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "PGHOST=127.0.0.1", fmt.Sprint("PGPORT=", port), "PGUSER="+user, "PGPASSWORD="+password, "PGDATABASE="+database,
		fmt.Sprintf("DSN=host=127.0.0.1 port=%d user=%s password=%s dbname=%s sslmode=require", port, user, password, database),
		fmt.Sprintf("DATABASE_URL=postgres://%s:%s@127.0.0.1:%d/%s?sslmode=require", user, password, port, database),
		"TZ=UTC", "LC_ALL=C.UTF-8")
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		t.Errorf("port %d: %v\n%s", port, err, complaints.String())
	}
	return strings.Split(strings.TrimSpace(out.String()), "\n")
}

func compare(t *testing.T, p program, want, got []string) {
	t.Helper()
	differ := 0
	for i := range min(len(want), len(got)) {
		if want[i] == got[i] {
			continue
		}
		step, _, _ := strings.Cut(want[i], ": ")
		if other, _, _ := strings.Cut(got[i], ": "); p.differ[step] != "" && other == step {
			t.Logf("%s differs: %s", step, p.differ[step])
			continue
		}
		t.Errorf("line %d\n got  %.1500s\n want %.1500s", i+1, got[i], want[i])
		if differ++; differ == 20 {
			t.Fatal("and perhaps more")
		}
	}
	if len(want) != len(got) {
		t.Errorf("%d lines directly, %d through pgveil", len(want), len(got))
	}
}

// sealed makes sure that the comparison was one of sealed values with plain ones.
func (h *house) sealed(t *testing.T, database string) {
	t.Helper()
	for _, table := range []string{"customers", "orders"} {
		columns := "email,phone,born,credit,profile,active,seen"
		if table == "orders" {
			columns = "total"
		}
		types := fmt.Sprintf("select string_agg(distinct atttypid::regtype::text, ' ') from pg_attribute where attrelid = '%s'::regclass and attname = any ('{%s}')", table, columns)
		if got := superuser(t, h.Server, database, types); got != "bytea" {
			t.Errorf("types of the protected columns of %s: %s", table, got)
		}
	}
	if got := superuser(t, h.Server, database, "select count(email) > 5 and count(phone) > 5 from customers"); got != "t" {
		t.Error("no rows with values are left")
	}
}

// house is a server behind a proxy, and a plain one.
type house struct{ *stack.Site }

func start(t *testing.T) *house {
	ca, err := postgres.NewAuthority()
	check(t, err)
	h := &house{}
	h.Site, err = stack.Open(stack.SiteOptions{Options: stack.Options{CA: ca, Dir: t.TempDir(), Encrypt: encrypt, Policy: rules}, Plain: &postgres.Options{TLS: ca},
		Before: func(s *postgres.Server) error {
			superuser(t, s, "postgres", fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", user, password))
			return nil
		}})
	check(t, err)
	t.Cleanup(func() { check(t, h.Close()) })
	return h
}

// superuser returns the first column of the last row.
func superuser(t *testing.T, s *postgres.Server, database, sql string) string {
	t.Helper()
	results, err := s.Exec(t.Context(), database, sql)
	check(t, err)
	if len(results) == 0 || len(results[0].Rows) == 0 {
		return ""
	}
	return string(results[0].Rows[0][0])
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

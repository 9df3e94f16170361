//go:build clients

package clients

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/stack"
)

// client is one driver's script. It signs in as the standard variables PGHOST … PGDATABASE say (CA_FILE: the authority's
// certificate), does many steps and prints one JSON line for each: its name and all that the driver let it see.
//
// The name's first word tells what Test demands: a step "refused …" must fail through the proxy with 0A000, and only there;
// "catalog …" may differ; every other step must be equal.
type client struct {
	name    string
	command []string
	steps   int // at least as many lines
}

func clients(t *testing.T) []client {
	jar := fallback("JDBC_JAR", "/usr/share/java/postgresql.jar")
	python := fallback("PYTHON", "/usr/bin/python3")
	classes := t.TempDir()
	sources, err := filepath.Glob("java/*.java")
	if err != nil || len(sources) == 0 {
		t.Fatal("no Java sources", err)
	}
	if out, err := exec.Command("javac", append([]string{"-cp", jar, "-d", classes, "-encoding", "UTF-8", "-Xlint:all,-try"}, sources...)...).CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("javac: %v\n%s", err, out)
	}
	java := func(args ...string) []string {
		return append([]string{"java", "-Dfile.encoding=UTF-8", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", classes + ":" + jar, "Main"}, args...)
	}
	return []client{
		{name: "node", command: []string{"node", "node/main.js"}, steps: 180},
		{name: "jdbc", command: java(), steps: 300},
		{name: "jdbc_simple", command: java("preferQueryMode=simple"), steps: 300},
		{name: "jdbc_cached", command: java("preferQueryMode=extendedCacheEverything", "prepareThreshold=1"), steps: 300},
		{name: "psycopg3", command: []string{python, "python/with_psycopg3.py"}, steps: 490},
		{name: "psycopg2", command: []string{python, "python/with_psycopg2.py"}, steps: 93},
	}
}

func fallback(variable, value string) string {
	if v := os.Getenv(variable); v != "" {
		return v
	}
	return value
}

const (
	user     = "app"
	password = "pw-app: /?#[]@'ü" // as awkward as a password in a DSN can be
)

const encrypt = `  public.people:
    email:   {type: text, search: equality}
    ssn:     {type: text}
    age:     {type: int4, search: equality}
    born:    {type: date, search: equality}
    balance: {type: "numeric(12,2)"}
    amount:  {type: numeric}
    active:  {type: bool}
    seen:    {type: timestamptz, search: equality}
    token:   {type: uuid, search: equality}
    photo:   {type: bytea}
    extra:   {type: jsonb}
    code:    {type: varchar(8), search: equality}
    big:     {type: int8, search: equality}
    small:   {type: int2, search: equality}
`

const rules = `version: 1
unlisted: pass
roles:
  app:
    who: {users: [app], databases: ["*"]}
    allow:
      - {id: app-all, on: [public.people], do: [all], show: "*", write: "*"}
`

// schema is created through the proxy in one server and directly in the other.
var schema = []string{`CREATE TABLE people (
  id serial PRIMARY KEY,
  name text NOT NULL,
  email text UNIQUE,
  ssn text,
  age int4,
  born date,
  balance numeric(12,2),
  amount numeric,
  active bool,
  seen timestamptz,
  token uuid,
  photo bytea,
  extra jsonb,
  code varchar(8),
  big int8,
  small int2
)`, `CREATE TABLE things (
  id serial PRIMARY KEY,
  label varchar(20) NOT NULL,
  price numeric(10,2),
  made date,
  at timestamptz,
  token uuid,
  photo bytea,
  extra jsonb,
  tags text[],
  person int REFERENCES people
)`}

func TestClientsSeeTheSame(t *testing.T) {
	h := start(t)
	for _, c := range clients(t) {
		t.Run(c.name, func(t *testing.T) {
			h.database(t, c.name)
			began := time.Now()
			want := c.run(t, h.Plain.Port, h.CAFile)
			direct := time.Since(began)
			got := c.run(t, h.Port, h.CAFile)
			t.Logf("%d steps; direct %v, through pgveil %v", len(want), direct.Round(time.Millisecond), (time.Since(began) - direct).Round(time.Millisecond))
			if len(want) < c.steps {
				t.Errorf("only %d steps on the plain server", len(want))
			}
			signIns(t, got)
			compare(t, want, got)
			h.stored(t, c.name)
		})
	}
}

type step struct {
	name string
	seen string // JSON
}

func (c client) run(t *testing.T, port int, ca string) []step {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.command[0], c.command[1:]...)
	cmd.Env = append(os.Environ(), "PGHOST=localhost", fmt.Sprint("PGPORT=", port), "PGUSER="+user, "PGPASSWORD="+password,
		"PGDATABASE="+c.name, "CA_FILE="+ca, "TZ=UTC", "LC_ALL=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1", "HOME="+t.TempDir())
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run()
	var steps []step
	for lines := bufio.NewScanner(&out); lines.Scan(); {
		var pair []json.RawMessage
		var name string
		if err := json.Unmarshal(lines.Bytes(), &pair); err != nil || len(pair) != 2 || json.Unmarshal(pair[0], &name) != nil {
			t.Fatalf("not a step: %s", lines.Text())
		}
		steps = append(steps, step{name, string(pair[1])})
	}
	if err != nil {
		last := "none"
		if len(steps) > 0 {
			last = steps[len(steps)-1].name
		}
		t.Errorf("port %d: %v; the last step was %q\n%s", port, err, last, complaints.String())
	}
	return steps
}

// signIns makes sure that both kinds of sign-in are among the steps, with what PostgreSQL documents for them.
func signIns(t *testing.T, steps []step) {
	t.Helper()
	in, wrong := 0, 0
	for _, s := range steps {
		switch {
		case strings.HasPrefix(s.name, "signs in: "):
			if strings.Contains(s.seen, `"error"`) {
				t.Errorf("%s: %s", s.name, s.seen)
			}
			in++
		case strings.HasPrefix(s.name, "wrong password"), strings.HasPrefix(s.name, "unknown user"):
			if strings.Contains(s.seen, `"28P01"`) {
				wrong++
			}
		}
	}
	if in < 5 || wrong != 2 {
		t.Errorf("%d ways to sign in, %d of 2 attempts refused with 28P01", in, wrong)
	}
}

func compare(t *testing.T, want, got []step) {
	t.Helper()
	differ := 0
	for i := range min(len(want), len(got)) {
		w, g := want[i], got[i]
		kind, _, _ := strings.Cut(w.name, " ")
		switch {
		case w.name != g.name:
			t.Fatalf("step %d is %q directly and %q through pgveil", i, w.name, g.name)
		case kind == "catalog":
		case kind == "refused":
			if !strings.Contains(g.seen, `"0A000"`) || strings.Contains(w.seen, `"0A000"`) {
				t.Errorf("%s:\n got  %.2000s\n want 0A000, directly %.2000s", w.name, g.seen, w.seen)
				differ++
			}
		case w.seen != g.seen:
			t.Errorf("%s:\n got  %.2000s\n want %.2000s", w.name, g.seen, w.seen)
			differ++
		}
		if differ == 10 {
			t.Fatal("and perhaps more")
		}
	}
	if len(want) != len(got) {
		t.Errorf("%d steps directly, %d through pgveil", len(want), len(got))
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
			superuser(t, s, "postgres", fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", user, strings.ReplaceAll(password, "'", "''")))
			return nil
		}})
	check(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := os.ReadFile(h.LogFile)
			t.Logf("the proxy's log ends:\n%s", log[max(0, len(log)-4000):])
		}
		check(t, h.Close())
	})
	return h
}

// database makes an empty database with the schema on both servers.
func (h *house) database(t *testing.T, name string) {
	t.Helper()
	for port, server := range map[int]*postgres.Server{h.Port: h.Server, h.Plain.Port: h.Plain} {
		superuser(t, server, "postgres", fmt.Sprintf("CREATE DATABASE %s OWNER %s", name, user))
		superuser(t, server, name, "ALTER SCHEMA public OWNER TO "+user)
		for _, statement := range schema {
			run(t, port, user, password, name, statement)
		}
	}
}

// stored makes sure that the comparison was one of sealed values with plain ones.
func (h *house) stored(t *testing.T, name string) {
	t.Helper()
	types := "select string_agg(distinct format_type(atttypid, atttypmod), ' ') from pg_attribute where attrelid = 'people'::regclass" +
		" and attnum > 2"
	if got := superuser(t, h.Server, name, types); got != "bytea" {
		t.Errorf("types of the protected columns: %s", got)
	}
	const rows = "select count(*) > 5 and count(email) > 5 and count(ssn) > 0 from people"
	if got := superuser(t, h.Server, name, rows); got != "t" {
		t.Error("the scripts left no rows with values behind")
	}
	values := "select count(*) from people p, jsonb_each_text(to_jsonb(p) - 'id' - 'name') v where value not like '%c57e91'"
	if got := superuser(t, h.Server, name, values); got != "0" {
		t.Errorf("%s values are not sealed", got)
	}
}

func superuser(t *testing.T, s *postgres.Server, database, sql string) string {
	t.Helper()
	return run(t, s.Port, postgres.Superuser, postgres.Password, database, sql)
}

// run returns the first column of the last row.
func run(t *testing.T, port int, user, password, database, sql string) string {
	t.Helper()
	config, err := pgconn.ParseConfig(fmt.Sprintf("host=localhost port=%d user=%s dbname=%s sslmode=require", port, user, database))
	check(t, err)
	config.Password = password
	c, err := pgconn.ConnectConfig(t.Context(), config)
	check(t, err)
	defer c.Close(context.WithoutCancel(t.Context()))
	results, err := c.Exec(t.Context(), sql).ReadAll()
	check(t, err)
	if len(results) == 0 || len(results[0].Rows) == 0 {
		return ""
	}
	return string(results[0].Rows[0][0])
}

func check(t *testing.T, err error) {
	t.Helper()
	var raised *pgconn.PgError
	if errors.As(err, &raised) {
		t.Fatalf("%v: %s %s", raised, raised.Detail, raised.Hint)
	}
	if err != nil {
		t.Fatal(err)
	}
}

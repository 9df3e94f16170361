// Package e2e runs pgveil as a program in front of a real PostgreSQL.
package e2e

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/stack"
)

// house is what all tests of the package share: a server with the database "shop" behind the proxy, and another with "plain",
// the same schema in both.
type house struct {
	*stack.Stack
	pg    *postgres.Server
	plain *postgres.Server // holds what the proxy's server must never see
	ca    *postgres.Authority
}

// The roles of the shared server. Each password is "pw-" and the name.
var users = []string{"app", "support", "analyst", "nobody", "keeper"}

func password(user string) string { return "pw-" + user }

const encrypt = `  public.people:
    email:   {type: text, search: equality}
    ssn:     {type: text}
    age:     {type: int4, search: equality}
    born:    {type: date, search: equality}
    balance: {type: "numeric(12,2)"}
    amount:  {type: numeric}
    rate:    {type: "numeric(10,4)", search: equality}
    active:  {type: bool}
    seen:    {type: timestamptz, search: equality}
    token:   {type: uuid, search: equality}
    photo:   {type: bytea}
    extra:   {type: jsonb}
    code:    {type: varchar(8), search: equality}
    big:     {type: int8, search: equality}
    small:   {type: int2, search: equality}
  public.logins:
    email:   {type: text, search: equality, key: public.people.email}
    secret:  {type: text}
  public.notes:
    title:   {type: text, search: match}
    body:    {type: varchar(200), search: match}
`

const rules = `version: 1
unlisted: pass
roles:
  app:
    who: {users: [app], databases: ["*"]}
    allow:
      - {id: app-all, on: [public.people, public.logins, public.samples, public.notes], do: [all], show: "*", write: "*"}
  support:
    who: {users: [support], databases: ["*"]}
    record: statements
    allow:
      - id: support-people
        on: public.people
        do: [select]
        show: [id]
        mask: {email: email, ssn: last(4), name: first(1)}
  keeper:
    who: {users: [keeper], databases: ["*"]}
    allow:
      - {id: keeper-people, on: public.people, do: [select, insert, copy_to, copy_from], show: "*", sealed: "*", write: "*"}
  analyst:
    who: {users: [analyst], databases: ["*"]}
    allow:
      - {id: analyst-people, on: public.people, do: [select], show: [id]}
`

// schema is created through the proxy in shop and directly in plain.
const schema = `CREATE TABLE people (
  id serial PRIMARY KEY,
  name text NOT NULL,
  email text UNIQUE,
  ssn text,
  age int4,
  born date,
  balance numeric(12,2),
  amount numeric,
  rate numeric(10,4),
  active bool,
  seen timestamptz,
  token uuid,
  photo bytea,
  extra jsonb,
  code varchar(8),
  big int8,
  small int2,
  note text
);
CREATE TABLE logins (id serial PRIMARY KEY, person int REFERENCES people, email text NOT NULL, secret text NOT NULL DEFAULT 'none yet');
CREATE TABLE notes (id serial PRIMARY KEY, title text, body varchar(200), num int);
CREATE TABLE things (id serial PRIMARY KEY, label text, price numeric, people_count int);`

var shared house

// Under -segments nothing that passes the proxies of the tests keeps its borders.
var segments = flag.String("segments", "", "cut what goes over both legs into pieces: 1, random or random:SEED")

func TestMain(m *testing.M) { flag.Parse(); os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "pgveil-e2e-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	databases := []string{"shop", "plain"}
	site, err := stack.Open(stack.SiteOptions{
		Options: stack.Options{Segments: *segments, Dir: dir, Encrypt: encrypt + samplesEncrypt(), Policy: rules, Extra: "log: {level: debug}\nlimits: {catalog_age: 2s}"},
		Server: postgres.Options{Settings: []string{"autovacuum = off", "wal_level = logical", "log_statement = all", "log_min_error_statement = info",
			"log_parameter_max_length = -1", "log_parameter_max_length_on_error = -1", "log_min_duration_statement = 0"}},
		Plain: &postgres.Options{Settings: []string{"autovacuum = off"}},
		Before: func(server *postgres.Server) error {
			for _, u := range users {
				asSuperuser(server, "postgres", fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", u, password(u)))
			}
			db := databases[0]
			databases = databases[1:]
			asSuperuser(server, "postgres", fmt.Sprintf("CREATE DATABASE %s OWNER app", db))
			asSuperuser(server, db, "CREATE EXTENSION citext; ALTER SCHEMA public OWNER TO app; ALTER DEFAULT PRIVILEGES FOR ROLE app GRANT SELECT ON TABLES TO PUBLIC")
			return nil
		},
	})
	if err != nil {
		panic(err)
	}
	defer site.Close()
	shared = house{site.Stack, site.Server, site.Plain, site.CA}
	must(connect(shared.DSN("app", password("app"), "shop", "")), schema)
	must(connect(shared.plain.DSN("app", password("app"), "plain", "")), schema)
	for _, one := range strings.Split(samplesSchema(), ";\n") {
		must(connect(shared.DSN("app", password("app"), "shop", "")), one)
	}
	must(connect(shared.plain.DSN("app", password("app"), "plain", "")), samplesSchema())
	code := m.Run()
	if err := shared.sweep(); err != nil {
		fmt.Println("FAIL: the sweep for planted plaintext:", err)
		return 1
	}
	return code
}

// sweep is the last test of the package: nothing that any of them planted may be found below the proxy, or in what it wrote.
func (h *house) sweep() error {
	direct("shop", "checkpoint")
	dump, err := exec.Command("pg_dump", "-d", h.pg.DSN(postgres.Superuser, postgres.Password, "shop", "sslmode=require")).Output()
	if err != nil {
		return fmt.Errorf("pg_dump: %w", err)
	}
	metrics, err := h.Metrics()
	if err != nil {
		return err
	}
	written := filepath.Join(h.Dir, "sweep")
	if err := errors.Join(os.Mkdir(written, 0o700), os.WriteFile(filepath.Join(written, "dump.sql"), dump, 0o600),
		os.WriteFile(filepath.Join(written, "metrics"), []byte(metrics), 0o600)); err != nil {
		return err
	}
	if len(dump) < 1000 || len(metrics) < 1000 {
		return errors.New("dump or metrics are too small to be true")
	}
	log, err := os.ReadFile(h.pg.LogFile)
	if err != nil || !bytes.Contains(log, []byte("c57e91")) {
		return errors.New("the server's log does not show the statements that it should")
	}
	return sweep(map[string]string{"server": h.pg.Dir, "proxy": h.Dir})
}

func walkFiles(root string, see func(path string, content []byte)) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || d.Name() == "pgveil" {
			return err
		}
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		see(path, content)
		return err
	})
}

// direct runs SQL as superuser, around the proxy.
func direct(database, sql string) []*pgconn.Result {
	return asSuperuser(shared.pg, database, sql)
}

func asSuperuser(server *postgres.Server, database, sql string) []*pgconn.Result {
	return must(connect(server.DSN(postgres.Superuser, postgres.Password, database, "sslmode=prefer")), sql)
}

func connect(dsn string) *pgconn.PgConn {
	c, err := pgconn.Connect(context.Background(), dsn)
	if err != nil {
		panic(err)
	}
	return c
}

func must(c *pgconn.PgConn, sql string) []*pgconn.Result {
	defer c.Close(context.Background())
	r, err := c.Exec(context.Background(), sql).ReadAll()
	if err != nil {
		panic(fmt.Sprintf("%s: %v", sql, err))
	}
	return r
}

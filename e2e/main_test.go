// Package e2e runs pgveil as a program in front of a real PostgreSQL.
package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/stack"
)

// house is what all tests of the package share: one server, with the database "shop" behind the proxy and "plain" beside it,
// the same schema in both.
type house struct {
	*stack.Stack
	pg *postgres.Server
	ca *postgres.Authority
}

// The roles of the shared server. Each password is "pw-" and the name.
var users = []string{"app", "support", "analyst", "nobody"}

func password(user string) string { return "pw-" + user }

const encrypt = `  public.people:
    email:   {type: text, search: equality}
    ssn:     {type: text}
    age:     {type: int4, search: equality}
    born:    {type: date, search: equality}
    balance: {type: "numeric(12,2)"}
    amount:  {type: numeric, search: equality}
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
`

const rules = `version: 1
unlisted: pass
roles:
  app:
    who: {users: [app], databases: ["*"]}
    allow:
      - {id: app-all, on: [public.people, public.logins], do: [all], show: "*", write: "*"}
  support:
    who: {users: [support], databases: ["*"]}
    record: statements
    allow:
      - id: support-people
        on: public.people
        do: [select]
        show: [id]
        mask: {email: email, ssn: last(4), name: first(1)}
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
CREATE TABLE things (id serial PRIMARY KEY, label text, price numeric, people_count int);`

var shared house

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "pgveil-e2e-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	shared.ca, err = postgres.NewAuthority()
	if err != nil {
		panic(err)
	}
	shared.pg, err = postgres.Start(postgres.Options{TLS: shared.ca, Settings: []string{"log_statement = all",
		"log_min_error_statement = info", "log_parameter_max_length = -1", "log_parameter_max_length_on_error = -1", "log_min_duration_statement = 0"}})
	if err != nil {
		panic(err)
	}
	defer shared.pg.Stop()
	binary := filepath.Join(dir, "pgveil")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/pgveil").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("go build: %v\n%s", err, out))
	}
	for _, u := range users {
		direct("postgres", fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", u, password(u)))
	}
	direct("postgres", "CREATE DATABASE shop OWNER app")
	direct("postgres", "CREATE DATABASE plain OWNER app")
	for _, db := range []string{"shop", "plain"} {
		direct(db, "ALTER SCHEMA public OWNER TO app; ALTER DEFAULT PRIVILEGES FOR ROLE app GRANT SELECT ON TABLES TO PUBLIC")
	}
	shared.Stack, err = stack.Start(stack.Options{Binary: binary, Postgres: shared.pg, CA: shared.ca, Dir: dir, Encrypt: encrypt, Policy: rules,
		Extra: "log: {level: debug}\nlimits: {catalog_age: 2s}"})
	if err != nil {
		panic(err)
	}
	defer shared.Stack.Stop()
	for _, statement := range strings.SplitAfter(schema, ";\n") {
		must(connect(shared.DSN("app", password("app"), "shop", "")), statement)
		must(connect(shared.pg.DSN("app", password("app"), "plain", "sslmode=require")), statement)
	}
	return m.Run()
}

// direct runs SQL as superuser, around the proxy.
func direct(database, sql string) []*pgconn.Result {
	return must(connect(shared.pg.DSN(postgres.Superuser, postgres.Password, database, "sslmode=require")), sql)
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

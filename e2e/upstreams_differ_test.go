package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/stack"
)

// TestUpstreamsWithOtherSchemas: two servers have a database of one name, in which the same names mean other things. What one server's catalog
// says is never applied to the other's, whoever asks first.
func TestUpstreamsWithOtherSchemas(t *testing.T) {
	var servers [2]*postgres.Server
	for i := range servers {
		pg, err := postgres.Start(postgres.Options{TLS: shared.ca})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { pg.Stop() })
		servers[i] = pg
		for _, u := range []string{"app", "keeper"} {
			secret := password(u)
			if i > 0 { // sign-in needs the same verifiers
				secret = string(asSuperuser(servers[0], "postgres", "select rolpassword from pg_authid where rolname = '"+u+"'")[0].Rows[0][0])
			}
			asSuperuser(pg, "postgres", fmt.Sprintf("create role %s login superuser password '%s'", u, secret))
		}
		asSuperuser(pg, "postgres", "create database shop owner app")
	}
	const both = `version: 1
unlisted: pass
roles:
  all:
    who: {users: [app, keeper], databases: ["*"]}
    allow:
      - {id: all, on: public.logins, do: [all], show: "*", write: "*"}
`
	own, err := stack.Start(stack.Options{Binary: filepath.Join(shared.Dir, "pgveil"), Postgres: servers[0], CA: shared.ca, Dir: t.TempDir(), Policy: both,
		Encrypt:  "  public.logins:\n    email: {type: text, search: equality}\n    secret: {type: text}\n",
		Upstream: fmt.Sprintf("host: localhost, port: %d, ca: ca.pem", servers[0].Port),
		Extra:    fmt.Sprintf("limits: {drain_timeout: 1s}\nupstreams: {other: {host: localhost, port: %d, ca: ca.pem}}\nroutes:\n  - {users: [keeper], to: other}", servers[1].Port)})
	if err != nil {
		t.Fatal(err)
	}
	defer own.Stop()
	sessions := []*pgconn.PgConn{session(t, own, "app"), session(t, own, "keeper")}
	for i, tables := range []string{
		"create table logins (id int, email text, secret text); create view mine as select secret as a, id as b from logins",
		"create table logins (secret text, id int, email text); create table mine (a text, b int)",
	} {
		for _, sql := range strings.Split(tables, "; ") {
			rowsOf(t, sessions[i], sql)
		}
	}
	for round := range 2 {
		for _, i := range [][]int{{0, 1}, {1, 0}}[round] {
			insert := []string{"insert into logins values (%d, 'cnry-mail', 'cnry-secret')", "insert into logins values ('cnry-secret', %d, 'cnry-mail')"}[i]
			rowsOf(t, sessions[i], fmt.Sprintf(insert, round))
			for text, want := range map[string]string{
				"select * from logins where email = 'cnry-mail' order by id limit 1": []string{"0 cnry-mail cnry-secret", "cnry-secret 0 cnry-mail"}[i],
				"select a from mine": []string{"cnry-secret", ""}[i],
			} {
				got := ""
				if rows := rowsOf(t, sessions[i], text); len(rows) > 0 {
					for _, v := range rows[0] {
						got += " " + string(v)
					}
				}
				if strings.TrimSpace(got) != want {
					t.Errorf("server %d, %s:%s, not %s", i, text, got, want)
				}
			}
		}
	}
	for i, pg := range servers {
		for _, row := range asSuperuser(pg, "shop", "select coalesce(encode(email, 'escape'), '') || coalesce(encode(secret, 'escape'), '') from logins")[0].Rows {
			if strings.Contains(string(row[0]), "cnry") {
				t.Errorf("server %d holds a value in clear", i)
			}
		}
	}
}

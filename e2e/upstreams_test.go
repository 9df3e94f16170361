package e2e

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/stack"
)

// pair is a primary, its standby, and two proxies in front of both.
type pair struct {
	primary, standby *postgres.Server
	one, other       *stack.Stack
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{}
	var err error
	if p.primary, err = postgres.Start(postgres.Options{TLS: shared.ca}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.primary.Stop() })
	for _, u := range []string{"app", "support", "nobody"} {
		asSuperuser(p.primary, "postgres", fmt.Sprintf("create role %s login password '%s'", u, password(u)))
	}
	asSuperuser(p.primary, "postgres", "create database shop owner app")
	asSuperuser(p.primary, "shop", "alter schema public owner to app; alter default privileges for role app grant select on tables to public")
	if p.standby, err = p.primary.Standby(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.standby.Stop() })
	hosts := fmt.Sprintf("hosts: [{host: localhost, port: %d}, {host: localhost, port: %d}], ca: ca.pem, health_interval: 200ms", p.standby.Port, p.primary.Port)
	for _, s := range []**stack.Stack{&p.one, &p.other} {
		if *s, err = stack.Start(stack.Options{Binary: filepath.Join(shared.Dir, "pgveil"), Postgres: p.primary, CA: shared.ca, Dir: t.TempDir(),
			Encrypt: encrypt, Policy: rules, Upstream: hosts + ", target_session_attrs: read-write, connect_rounds: 5",
			Extra: fmt.Sprintf(`limits: {drain_timeout: 1s, catalog_age: 200ms}
upstreams: {reports: {%s, target_session_attrs: standby, load_balance_hosts: random}}
routes:
  - {users: [support], databases: ["sh*"], to: reports}
  - {users: [nobody], to: none}`, hosts)}); err != nil {
			t.Fatal(err)
		}
		running := *s
		t.Cleanup(func() { running.Stop() })
	}
	return p
}

// Sessions go to the server that their route and its target_session_attrs ask for; after a promotion to the new primary; and a cancel
// request finds its session through any proxy.
func TestUpstreams(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	app := session(t, p.one, "app")
	if got := string(rowsOf(t, app, "select pg_is_in_recovery()")[0][0]); got != "f" {
		t.Fatal("read-write leads to a standby")
	}
	for _, sql := range strings.Split(schema, ";\n") {
		rowsOf(t, app, sql)
	}
	rowsOf(t, app, "insert into people (name, email, ssn) values ('n', 'cnry-pair@x.example', 'cnry-1234')")
	var reader *rawConn
	within(t, "the standby has the row", func() bool {
		c := session(t, p.one, "support")
		return string(rowsOf(t, c, "select pg_is_in_recovery()")[0][0]) == "t" &&
			string(rowsOf(t, c, "select count(*) from pg_catalog.pg_class where relname = 'people'")[0][0]) == "1"
	})
	within(t, "the standby's catalog is its own", func() bool {
		r, err := session(t, p.one, "support").Exec(t.Context(), "select ssn from people").ReadAll()
		return err == nil && len(r) == 1 && len(r[0].Rows) == 1 && strings.HasSuffix(string(r[0].Rows[0][0]), "1234") && !strings.Contains(string(r[0].Rows[0][0]), "cnry")
	})
	if _, err := tryConnect(p.one.DSN("nobody", password("nobody"), "shop", "")); err == nil || !strings.Contains(err.Error(), "PV331") {
		t.Errorf("a route to nowhere: %v", err)
	}

	for name, user := range map[string]string{"the primary": "app", "the standby": "support"} {
		c := hijack(t, p.one.DSN(user, password(user), "shop", ""))
		c.send(t, query("select pg_sleep(1000)"))
		within(t, "a cancel request by way of the other proxy reaches "+name, func() bool {
			nc, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", p.other.Port))
			if err != nil {
				return false
			}
			defer nc.Close()
			nc.Write(cancelPacket(c.pid, c.key))
			return strings.Contains(strings.Join(c.quietly(200e6), "\n"), "57014")
		})
	}

	reader = hijack(t, p.one.DSN("support", password("support"), "shop", ""))
	writer := hijack(t, p.one.DSN("app", password("app"), "shop", ""))
	writer.send(t, query("begin"))
	writer.until('Z', 1)
	syscall.Kill(postmaster(t, p.primary), syscall.SIGKILL)
	if trace := strings.Join(ended(t, writer), "\n"); !strings.Contains(trace, "08006") && !strings.Contains(trace, "57P0") {
		t.Errorf("the lost primary's session:\n%s", trace)
	}
	if _, err := tryConnect(p.one.DSN("app", password("app"), "shop", "")); err == nil || !strings.Contains(err.Error(), "PV330") {
		t.Errorf("while there is no primary: %v", err)
	}
	asSuperuser(p.standby, "postgres", "select pg_promote()")
	within(t, "new sessions are on the new primary", func() bool {
		done, err := tryConnect(p.one.DSN("app", password("app"), "shop", ""), "insert into people (name, email) values ('n2', 'cnry-pair2@x.example')")
		if done != nil {
			done()
		}
		return err == nil
	})
	reader.send(t, query("select 1"))
	if trace := strings.Join(reader.until('Z', 1), "\n"); !strings.Contains(trace, `"1"`) {
		t.Errorf("the promoted server's session:\n%s", trace)
	}
	rows := rowsOf(t, session(t, p.one, "app"), "select email from people order by id")
	if len(rows) != 2 || string(rows[0][0]) != "cnry-pair@x.example" {
		t.Errorf("after the failover: %q", rows)
	}
	if _, err := tryConnect(p.one.DSN("support", password("support"), "shop", "")); err == nil || !strings.Contains(err.Error(), "PV330") {
		t.Errorf("a standby is wanted and there is none: %v", err)
	}
	text, err := p.one.Metrics()
	if err != nil || !strings.Contains(text, fmt.Sprintf(`pgveil_upstream_host_primary{host="localhost:%d",upstream="default"} 1`, p.standby.Port)) ||
		!strings.Contains(text, fmt.Sprintf(`pgveil_upstream_host_up{host="localhost:%d",upstream="default"} 0`, p.primary.Port)) {
		t.Errorf("metrics: %v\n%s", err, text[strings.Index(text, "pgveil_upstream_host"):])
	}
}

package e2e

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/postgres"
)

// cli runs a pgveil command against the shared configuration as a database user and returns its output and whether it ended with 0.
func cli(t *testing.T, user, password string, args ...string) (string, bool) {
	t.Helper()
	args = append(args, "-c", shared.Config)
	out, err := shared.Run([]string{"PGPASSWORD=" + password, "PGUSER=" + user}, args...)
	return out, err == nil
}

type checked struct {
	OK       bool
	Findings []struct{ About, Message, Hint string }
}

func check(t *testing.T) checked {
	t.Helper()
	out, ok := cli(t, "app", password("app"), "check", "-d", "shop", "--json")
	var c checked
	if err := json.Unmarshal([]byte(out), &c); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if ok != c.OK {
		t.Errorf("exit code and ok differ: %s", out)
	}
	return c
}

// check compares the configuration with the database as it is.
func TestCommandCheck(t *testing.T) {
	before := check(t)
	if !before.OK {
		t.Fatalf("a sound set-up has problems: %+v", before.Findings)
	}
	direct("shop", "ALTER TABLE logins RENAME COLUMN secret TO secret_sealed; ALTER TABLE logins ADD COLUMN secret text")
	defer direct("shop", "ALTER TABLE logins DROP COLUMN secret; ALTER TABLE logins RENAME COLUMN secret_sealed TO secret")
	after := check(t)
	found := false
	for _, f := range after.Findings {
		found = found || f.About == "public.logins.secret" && strings.Contains(f.Message, "bytea")
	}
	if after.OK || !found {
		t.Errorf("a protected column that is stored as text was not found: %+v", after.Findings)
	}
}

func TestCommandCheckWrongPassword(t *testing.T) {
	out, ok := cli(t, "app", "not-the-password", "check", "-d", "shop")
	if ok || !strings.Contains(out, "28P01") || strings.Contains(out, "not-the-password") {
		t.Errorf("%v %s", ok, out)
	}
}

// explain prints what the proxy would do, and sends nothing.
func TestCommandExplain(t *testing.T) {
	for _, c := range []struct {
		as, sql string
		ok      bool
		want    []string
	}{
		{"app", "select email from people where email = 'cnryexplain@x.test'", true, []string{"allowed", "app-all", "public.people.email"}},
		{"support", "select id, email from people", true, []string{"allowed", "email", "support-people", "record"}},
		{"support", "select id from people where email = 'cnryexplain@x.test'", false, []string{"refused", "PV"}},
		{"nobody", "select id from people", false, []string{"no role", "refused"}},
		{"nobody", "select label from things", true, []string{"plain"}},
	} {
		out, ok := cli(t, "app", password("app"), "explain", "-d", "shop", "--as", c.as, c.sql)
		if ok != c.ok {
			t.Errorf("%s: %s: exit code 0 is %v\n%s", c.as, c.sql, ok, out)
		}
		for _, w := range c.want {
			if !strings.Contains(out, w) {
				t.Errorf("%s: %s: no %q in\n%s", c.as, c.sql, w, out)
			}
		}
	}
}

// import is idempotent, and takes a changed password over, which a running proxy then uses.
func TestCommandUsersImport(t *testing.T) {
	out, ok := cli(t, postgres.Superuser, postgres.Password, "users", "import")
	if !ok || !strings.Contains(out, "unchanged") || strings.Contains(out, "added") {
		t.Fatalf("a second import: %v %s", ok, out)
	}
	if out, ok := cli(t, "app", password("app"), "users", "import"); ok || !strings.Contains(out, "superuser") {
		t.Errorf("without the right to read pg_authid: %v %s", ok, out)
	}
	direct("postgres", "CREATE ROLE newcomer LOGIN PASSWORD 'pw-newcomer'; CREATE ROLE old LOGIN PASSWORD 'md50123456789abcdef0123456789abcdef'")
	defer direct("postgres", "DROP ROLE newcomer; DROP ROLE old")
	out, ok = cli(t, postgres.Superuser, postgres.Password, "users", "import")
	if !ok || !strings.Contains(out, "added      newcomer") || !strings.Contains(out, "left out   old") {
		t.Errorf("import of a new role: %v %s", ok, out)
	}
	dsn := shared.DSN("newcomer", "pw-newcomer", "shop", "")
	within(t, "the new user can sign in", func() bool {
		c, err := tryConnect(dsn)
		if err == nil {
			c()
		}
		return err == nil
	})
	if out, ok := cli(t, "", "", "users", "remove", "newcomer"); !ok {
		t.Fatal(out)
	}
	within(t, "the removed user can't sign in", func() bool {
		c, err := tryConnect(dsn)
		if err == nil {
			c()
		}
		return err != nil
	})
}

// A policy that is written over is in force at once for open sessions; a broken one changes nothing and shows in the metric.
func TestReloadByFileChange(t *testing.T) {
	file := filepath.Join(shared.Dir, "policy.yaml")
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	defer func() {
		write(string(good))
		within(t, "the policy is back", func() bool { return reloaded(t) && analystSees(t) })
	}()
	if !analystSees(t) {
		t.Fatal("the analyst can't read ids before the change")
	}
	write(strings.Replace(string(good), "show: [id]}", "shwo: [id]}", 1))
	within(t, "a failed reload shows", func() bool { return !reloaded(t) })
	if !analystSees(t) {
		t.Error("a broken policy took effect")
	}
	write(strings.Replace(string(good), "users: [analyst]", "users: [somebody-else]", 1))
	within(t, "the new policy is in force", func() bool { return reloaded(t) && !analystSees(t) })
}

func analystSees(t *testing.T) bool {
	t.Helper()
	done, err := tryConnect(shared.DSN("analyst", password("analyst"), "shop", ""), "select id from people limit 1")
	if done != nil {
		done()
	}
	return err == nil
}

func reloaded(t *testing.T) bool {
	t.Helper()
	text, err := shared.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(text, `pgveil_reload_success{what="policy"} 1`)
}

// within waits at most ten seconds for something to become true.
func within(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if holds() {
			return
		}
	}
	log, _ := os.ReadFile(shared.LogFile)
	t.Errorf("not within ten seconds: %s; the log ends\n%s", what, log[max(0, len(log)-2000):])
}

// tryConnect opens a session and runs the statements on it. done is nil when there is no session.
func tryConnect(dsn string, statements ...string) (done func(), err error) {
	ctx := context.Background()
	c, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	for _, s := range statements {
		if _, err := c.Exec(ctx, s).ReadAll(); err != nil {
			return func() { c.Close(ctx) }, err
		}
	}
	return func() { c.Close(ctx) }, nil
}

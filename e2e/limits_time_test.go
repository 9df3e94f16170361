package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgveil/pgveil/e2e/stack"
)

// timed is the shared rules with limits of time for some of the roles.
func timed(o *stack.Options) {
	for role, limits := range map[string]string{"app": "statement: 1s", "keeper": "idle: 1s", "analyst": "idle_in_transaction: 1s"} {
		who := "    who: {users: [" + role + "], databases: [\"*\"]}\n"
		o.Policy = strings.Replace(o.Policy, who, who+"    limits: {"+limits+"}\n", 1)
	}
}

// TestStatementLimit: a statement that takes too long is cancelled, whatever the session has set, and no other one is.
func TestStatementLimit(t *testing.T) {
	own := ownStack(t, timed)
	const cancelled = `E ERROR 57014`
	nap := func(more ...pgproto3.FrontendMessage) []pgproto3.FrontendMessage {
		return append([]pgproto3.FrontendMessage{parse("", "select pg_sleep(0.3)"), bind("", ""), execute("", 0), sync}, more...)
	}
	var naps []pgproto3.FrontendMessage
	for range 8 {
		naps = append(naps, nap()...)
	}
	for name, c := range map[string]struct {
		before    string
		send      []pgproto3.FrontendMessage
		ready     int // ReadyForQuery
		late      []pgproto3.FrontendMessage
		cancelled int
		holds     []string
	}{
		"simple":                   {send: []pgproto3.FrontendMessage{query("select pg_sleep(20)")}, ready: 1, cancelled: 1},
		"with statement_timeout":   {before: "set statement_timeout = 0", send: []pgproto3.FrontendMessage{query("select pg_sleep(20)")}, ready: 1, cancelled: 1},
		"in a transaction":         {before: "begin", send: []pgproto3.FrontendMessage{query("select pg_sleep(20)"), query("rollback")}, ready: 2, cancelled: 1, holds: []string{"Z E", "Z I"}},
		"short ones in one text":   {send: []pgproto3.FrontendMessage{query("select pg_sleep(0.2); select pg_sleep(0.2); select 'done'")}, ready: 1, holds: []string{"done"}},
		"a long one within a text": {send: []pgproto3.FrontendMessage{query("select 'first'; select pg_sleep(20); select 'never'")}, ready: 1, cancelled: 1, holds: []string{"first"}},
		"extended":                 {send: []pgproto3.FrontendMessage{parse("", "select pg_sleep(20)"), bind("", ""), execute("", 0), parse("", "select 'never'"), bind("", ""), execute("", 0), sync}, ready: 1, cancelled: 1},
		"the first of a pipeline":  {send: []pgproto3.FrontendMessage{parse("", "select pg_sleep(20)"), bind("", ""), execute("", 0), sync, parse("", "select 'second'"), bind("", ""), execute("", 0), sync}, ready: 2, cancelled: 1, holds: []string{"second"}},
		"a pipeline of short ones": {send: naps, ready: 8},
		"COPY to the client":       {send: []pgproto3.FrontendMessage{query("copy (select pg_sleep(0.01) from generate_series(1, 2000)) to stdout")}, ready: 1, cancelled: 1},
		"COPY that goes on too late": {before: "create temporary table taken (v text)", send: []pgproto3.FrontendMessage{query("copy taken from stdin")},
			late: []pgproto3.FrontendMessage{copyData("x\n"), &pgproto3.CopyDone{}}, ready: 1, cancelled: 1},
		"a row that is locked": {before: "begin", send: []pgproto3.FrontendMessage{query("select pg_advisory_lock(4711)"), query("rollback")}, ready: 2, cancelled: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if strings.Contains(name, "locked") {
				rowsOf(t, session(t, shared.Stack, "app"), "select pg_advisory_lock(4711)")
			}
			conn := hijack(t, own.DSN("app", password("app"), "shop", ""))
			if c.before != "" {
				conn.send(t, query(c.before))
				conn.until('Z', 1)
			}
			began := time.Now()
			conn.send(t, c.send...)
			if c.late != nil {
				conn.until('G', 1)
				time.Sleep(2500 * time.Millisecond)
				conn.send(t, c.late...)
			}
			trace := strings.Join(conn.until('Z', c.ready), "\n")
			if n := strings.Count(trace, cancelled); n != c.cancelled || strings.Count(trace, "canceling statement due to statement timeout") != n {
				t.Errorf("%d are cancelled:\n%s", n, trace)
			}
			for _, h := range append(c.holds, "Z ") {
				if !strings.Contains(trace, h) {
					t.Errorf("no %q:\n%s", h, trace)
				}
			}
			if strings.Contains(trace, "never") {
				t.Error(trace)
			}
			if took := time.Since(began); c.cancelled > 0 && (took < time.Second || took > 8*time.Second) {
				t.Errorf("took %v", took)
			}
			conn.send(t, query("select 'after'"))
			if after := strings.Join(conn.until('Z', 1), "\n"); !strings.Contains(after, "after") {
				t.Errorf("the session is of no use: %s", after)
			}
		})
	}
	t.Run("a COPY whose client is silent", func(t *testing.T) {
		t.Parallel()
		conn := hijack(t, own.DSN("app", password("app"), "shop", ""))
		conn.send(t, query("create temporary table taken (v text)"), query("copy taken from stdin"))
		conn.until('G', 1)
		last(t, append([]string{""}, ended(t, conn)...), "57014")
	})
}

// TestIdleLimits: sessions that do nothing end, each with the server's own word for it, and others don't.
func TestIdleLimits(t *testing.T) {
	own := ownStack(t, timed)
	t.Run("all", func(t *testing.T) { idleLimits(t, own) })
	// A reload that takes the limits away is in force at once.
	file := filepath.Join(own.Dir, "policy.yaml")
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, []byte(strings.Replace(string(text), "limits: {idle: 1s}", "limits: {idle: 1h}", 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	own.Reload()
	eventually(t, "the reload", func() bool {
		log, _ := os.ReadFile(own.LogFile)
		return strings.Contains(string(log), `"reloaded"`)
	})
	conn := hijack(t, own.DSN("keeper", password("keeper"), "shop", ""))
	time.Sleep(2200 * time.Millisecond)
	conn.send(t, query("select 'alive'"))
	if trace := strings.Join(conn.until('Z', 1), "\n"); !strings.Contains(trace, "alive") {
		t.Errorf("it ended:\n%s", trace)
	}
}

func idleLimits(t *testing.T, own *stack.Stack) {
	for name, c := range map[string]struct {
		user string
		send []pgproto3.FrontendMessage
		upTo byte
		want string // "": it lives
	}{
		"idle":                                {"keeper", []pgproto3.FrontendMessage{query("select 1")}, 'Z', "57P05"},
		"idle in a transaction, which it may": {"keeper", []pgproto3.FrontendMessage{query("begin")}, 'Z', ""},
		"busy":                                {"keeper", []pgproto3.FrontendMessage{query("select pg_sleep(2.5)")}, 0, ""},
		"in a transaction":                    {"analyst", []pgproto3.FrontendMessage{query("begin")}, 'Z', "25P03"},
		"in a transaction that failed":        {"analyst", []pgproto3.FrontendMessage{query("begin; select 1/0")}, 'Z', "25P03"},
		"in a batch without Sync":             {"analyst", []pgproto3.FrontendMessage{parse("", "select 1"), bind("", ""), execute("", 0), flush}, 'C', "25P03"},
		"in an error without Sync":            {"analyst", []pgproto3.FrontendMessage{parse("", "select nothing"), flush}, 'E', "25P03"},
		"idle outside of a transaction, which it may": {"analyst", []pgproto3.FrontendMessage{query("select 1")}, 'Z', ""},
		"busy in a transaction":                       {"analyst", []pgproto3.FrontendMessage{query("begin; select pg_sleep(2.5)")}, 0, ""},
		"idle, without a limit":                       {"nobody", []pgproto3.FrontendMessage{query("select 1")}, 'Z', ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := hijack(t, own.DSN(c.user, password(c.user), "shop", ""))
			conn.send(t, c.send...)
			if c.upTo != 0 {
				conn.until(c.upTo, 1)
			}
			began := time.Now()
			if c.want != "" {
				last(t, append([]string{""}, ended(t, conn)...), c.want)
				if took := time.Since(began); took < 900*time.Millisecond || took > 6*time.Second {
					t.Errorf("ended after %v", took)
				}
				return
			}
			time.Sleep(2200 * time.Millisecond)
			if c.upTo == 0 {
				conn.until('Z', 1)
			}
			conn.send(t, query("select 'alive'"))
			if trace := strings.Join(conn.until('Z', 1), "\n"); !strings.Contains(trace, "alive") {
				t.Errorf("it ended:\n%s", trace)
			}
		})
	}
}

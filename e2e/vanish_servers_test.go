package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/stack"
)

// overFaulty is a proxy whose way to the shared server is a relay that fails.
func overFaulty(t *testing.T, extra string) (*stack.Stack, *faulty) {
	t.Helper()
	f := newFaulty(t, shared.pg.Port)
	own := ownStack(t, func(o *stack.Options) {
		o.Upstream = fmt.Sprintf("host: localhost, ca: ca.pem, port: %d", f.Port)
		o.Extra = "limits: {drain_timeout: 1s}\n" + extra
	})
	return own, f
}

// ended waits for the end of a connection and returns what came before it.
func ended(t *testing.T, c *rawConn) (trace []string) {
	t.Helper()
	trace = c.until('?', 1)
	if len(trace) == 0 || trace[len(trace)-1] != "END" {
		t.Errorf("the connection has not ended:\n%s", strings.Join(trace, "\n"))
	}
	return trace
}

// last is the error before the end, which must be the only one.
func last(t *testing.T, trace []string, code string) {
	t.Helper()
	all := strings.Join(trace, "\n")
	if len(trace) < 2 || !strings.HasPrefix(trace[len(trace)-2], "E ") || !strings.Contains(trace[len(trace)-2], code) || strings.Count("\n"+all, "\nE ") != 1 {
		t.Errorf("not one error with %s at the end:\n%s", code, all)
	}
}

// What the network does to the connection to the server is told to the client in one error, between two messages.
func TestVanishedServers(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	own, relay := overFaulty(t, "tcp: {keepalive_idle: 1s, keepalive_interval: 1s, keepalive_count: 2, user_timeout: 2s}")
	rowsOf(t, session(t, own, "app"), "select email from people where id = 7001")
	relay.End(false)
	within(t, "no session is left", func() bool { return metric(t, own, "sessions_active") == 0 })
	opened := files(t, own.PID())
	states := map[string]func(c *rawConn){
		"idle":             func(*rawConn) {},
		"in a transaction": func(c *rawConn) { c.send(t, query("begin")); c.until('Z', 1) },
		"in a statement":   func(c *rawConn) { c.send(t, query("select pg_sleep(100)")); time.Sleep(200 * time.Millisecond) },
		"in a batch": func(c *rawConn) {
			c.send(t, parse("", "select email from people where id = 7001"), bind("", ""), execute("", 0), flush)
			c.until('C', 1)
		},
		"in COPY": func(c *rawConn) {
			c.send(t, query("copy things (label) from stdin"))
			c.until('G', 1)
			c.send(t, copyData("x\n"))
			time.Sleep(100 * time.Millisecond)
		},
	}
	faults := map[string]func(){
		"FIN":     func() { relay.End(false) },
		"RST":     func() { relay.End(true) },
		"silence": func() { relay.Silence(t) },
	}
	for what, fault := range faults {
		t.Run(what, func(t *testing.T) {
			all := map[string]*rawConn{} // at once: silence takes seconds to be noticed
			for name, state := range states {
				all[name] = hijack(t, own.DSN("app", password("app"), "shop", ""))
				state(all[name])
			}
			fault()
			for name, c := range all {
				t.Run(name, func(t *testing.T) {
					last(t, ended(t, c), "08006")
					c.Close()
				})
			}
			within(t, "the proxy closes what it had open", func() bool { return files(t, own.PID()) <= opened })
			relay.End(true)
		})
	}
	within(t, "no session is left", func() bool { return metric(t, own, "sessions_active") == 0 })
}

// Wherever the server's bytes end, the client has whole messages and one error, or nothing behind half of one.
func TestServerCutAtEveryByte(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	own, relay := overFaulty(t, "")
	dsn := own.DSN("app", password("app"), "shop", "")
	for n := int64(1); n < 4000; n += 97 {
		c := hijack(t, dsn)
		relay.Reset.Store(n%2 == 0)
		relay.After.Store(n)
		c.send(t, query("select id, email, repeat('y', 300) from people where id > 7000 order by id"))
		trace := ended(t, c)
		relay.After.Store(0)
		relay.End(true)
		if len(trace) > 1 && strings.HasPrefix(trace[len(trace)-2], "E ") {
			last(t, trace, "08006")
		}
		for _, line := range trace {
			if !strings.ContainsAny(line[:1], "TDEZCNSK") && line != "END" {
				t.Fatalf("cut after %d: %q", n, line)
			}
		}
		c.Close()
	}
}

// A client whose network has gone silent is found, and its session ends upstream.
func TestSilentClient(t *testing.T) {
	own := ownStack(t, func(o *stack.Options) {
		o.Extra = "tcp: {keepalive_idle: 1s, keepalive_interval: 1s, keepalive_count: 2, user_timeout: 2s}\nlimits: {drain_timeout: 1s}"
	})
	su := directly(t)
	ask := func(sql string) [][][]byte { return rowsOf(t, su, sql) }
	front := newFaulty(t, own.Port)
	dsn := strings.Replace(own.DSN("app", password("app"), "shop", ""), fmt.Sprintf("port=%d", own.Port), fmt.Sprintf("port=%d", front.Port), 1)
	all := map[string]*rawConn{}
	for name, q := range map[string]string{"idle": "select 1", "busy": "select pg_sleep(1000)", "streaming": "select generate_series(1, 1000000000)"} {
		all[name] = hijack(t, dsn)
		all[name].send(t, query(q))
	}
	time.Sleep(200 * time.Millisecond)
	// The relay's own sockets towards the proxy are those that fall silent.
	front.silenceServers(t)
	for name, c := range all {
		within(t, "the session ends that is "+name, func() bool { return busyPIDs(t, ask)[fmt.Sprint(c.pid)] == "" })
	}
}

// A server that crashes says so in a notice, or not at all.
func TestCrashedServer(t *testing.T) {
	t.Parallel()
	pg, err := postgres.Start(postgres.Options{TLS: shared.ca})
	if err != nil {
		t.Fatal(err)
	}
	defer pg.Stop()
	asSuperuser(pg, "postgres", fmt.Sprintf("create role app login password '%s'", password("app")))
	asSuperuser(pg, "postgres", "create database shop owner app")
	dir := t.TempDir()
	own, err := stack.Start(stack.Options{Binary: filepath.Join(shared.Dir, "pgveil"), Postgres: pg, CA: shared.ca, Encrypt: encrypt, Policy: rules, Dir: dir,
		Extra: "limits: {drain_timeout: 1s}"})
	if err != nil {
		t.Fatal(err)
	}
	defer own.Stop()
	dsn := own.DSN("app", password("app"), "shop", "")
	crash(t, "a backend", dsn, func(pid int) { syscall.Kill(pid, syscall.SIGKILL) })
	crash(t, "postmaster", dsn, func(int) { syscall.Kill(postmaster(t, pg), syscall.SIGKILL) })
	if _, err := tryConnect(dsn); err == nil || !strings.Contains(err.Error(), "08001") && !strings.Contains(err.Error(), "57P03") {
		t.Errorf("a connection to no server: %v", err)
	}
}

func crash(t *testing.T, name, dsn string, kill func(pid int)) {
	t.Helper()
	var all []*rawConn
	within(t, "the server takes sessions", func() bool {
		done, err := tryConnect(dsn, "select 1")
		if done != nil {
			done()
		}
		return err == nil
	})
	for range 3 {
		all = append(all, hijack(t, dsn))
	}
	all[1].send(t, query("begin"))
	all[1].until('Z', 1)
	all[2].send(t, query("select pg_sleep(100)"))
	time.Sleep(200 * time.Millisecond)
	kill(int(all[0].pid))
	for i, c := range all {
		trace := ended(t, c)
		all := strings.Join(trace, "\n")
		if len(trace) < 2 || !strings.Contains(all, "08006") && !strings.Contains(all, "57P02") && !strings.Contains(all, "57P01") {
			t.Errorf("%s, session %d:\n%s", name, i, all)
		}
	}
}

// postmaster is the server's first process.
func postmaster(t *testing.T, pg *postgres.Server) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(pg.Data(), "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

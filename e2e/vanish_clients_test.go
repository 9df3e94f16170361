package e2e

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgveil/pgveil/e2e/stack"
)

// soon is how long the server may go on for a client that has vanished.
const soon = time.Second

// busyPIDs are the server's sessions of the database shop but the asker's, with what they do.
func busyPIDs(t *testing.T, ask func(string) [][][]byte) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, row := range ask("select pid, state || ' ' || coalesce(wait_event, '') || ' ' || left(query, 60) from pg_stat_activity where datname = 'shop' and pid <> pg_backend_pid()") {
		all[string(row[0])] = string(row[1])
	}
	return all
}

// What the server does for a client ends within a second of the client's end, whatever it was.
func TestVanishedClients(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	own := ownStack(t, func(o *stack.Options) { o.Extra = "limits: {catalog_age: 100ms, drain_timeout: 1s}" })
	su := directly(t)
	ask := func(sql string) [][][]byte { return rowsOf(t, su, sql) }
	waits := func(c *rawConn, event string) {
		t.Helper()
		within(t, "the server waits for "+event, func() bool {
			return strings.Contains(busyPIDs(t, ask)[fmt.Sprint(c.pid)], event)
		})
	}
	long := strings.Repeat("x", 1<<20)
	for _, state := range []struct {
		name string
		lock string // held by another session meanwhile
		do   func(c *rawConn)
	}{
		{"idle in transaction", "", func(c *rawConn) { c.send(t, query("begin")); c.until('Z', 1) }},
		{"long SELECT", "", func(c *rawConn) { c.send(t, query("select pg_sleep(1000)")); waits(c, "PgSleep") }},
		{"long protected SELECT", "", func(c *rawConn) {
			c.send(t, query("select email, pg_sleep(1000) from people where id = 7001"))
			waits(c, "PgSleep")
		}},
		{"SELECT that streams", "", func(c *rawConn) { c.send(t, query("select generate_series(1, 1000000000)")); waits(c, "ClientWrite") }},
		{"protected SELECT that streams", "", func(c *rawConn) {
			c.send(t, query("select email, generate_series(1, 1000000000) from people"))
			waits(c, "ClientWrite")
		}},
		{"COPY TO STDOUT", "", func(c *rawConn) {
			c.send(t, query("copy (select generate_series(1, 1000000000)) to stdout"))
			waits(c, "ClientWrite")
		}},
		{"COPY FROM STDIN", "", func(c *rawConn) {
			c.send(t, query("copy things (label) from stdin"))
			c.until('G', 1)
			c.send(t, copyData("x\n"))
			waits(c, "ClientRead")
		}},
		{"protected COPY FROM STDIN", "", func(c *rawConn) {
			c.send(t, query("copy people (id, name, email) from stdin"))
			c.until('G', 1)
			c.send(t, copyData("7900\tn\tcnry-lost\n"))
			waits(c, "ClientRead")
		}},
		{"COPY FROM STDIN that has not begun", "lock things in access exclusive mode", func(c *rawConn) {
			c.send(t, query("copy things (label) from stdin"))
			waits(c, "relation")
		}},
		{"protected COPY FROM STDIN that has not begun, and data", "lock people in access exclusive mode", func(c *rawConn) {
			c.send(t, query("copy people (id, name, email) from stdin"), copyData("7900\tn\tcnry-lost\n"), copied)
			waits(c, "relation")
		}},
		{"pipeline", "", func(c *rawConn) {
			for range 5 {
				c.send(t, parse("", "select pg_sleep(1000)"), bind("", ""), execute("", 0), sync)
			}
			waits(c, "PgSleep")
		}},
		{"pipeline in which the proxy waits", "", func(c *rawConn) {
			c.send(t, parse("", "select pg_sleep(1000)"), bind("", ""), execute("", 0), query("select email from people"), sync)
			waits(c, "PgSleep")
		}},
		{"pipeline that fills all buffers", "", func(c *rawConn) {
			c.send(t, query("select pg_sleep(1000)"))
			waits(c, "PgSleep")
			c.SetWriteDeadline(time.Now().Add(2 * time.Second))
			for range 100 {
				if _, err := c.Write(encode(query("select 1 -- " + long))); err != nil {
					break
				}
			}
		}},
		{"Terminate during a statement", "", func(c *rawConn) {
			c.send(t, query("select pg_sleep(1000)"))
			waits(c, "PgSleep")
			c.send(t, &pgproto3.Terminate{})
		}},
		{"the proxy's own question", "lock pg_catalog.pg_constraint in access exclusive mode", func(c *rawConn) {
			c.send(t, query("select email from people where id = 7001"))
			waits(c, "relation")
		}},
	} {
		for _, rst := range []bool{false, true} {
			if !rst && strings.HasSuffix(state.name, "fills all buffers") {
				continue // a FIN waits behind the data that nobody takes
			}
			t.Run(fmt.Sprintf("%s/rst=%v", state.name, rst), func(t *testing.T) {
				opened := files(t, own.PID())
				c := hijack(t, own.DSN("app", password("app"), "shop", ""))
				if strings.HasPrefix(state.name, "the proxy's") {
					time.Sleep(300 * time.Millisecond) // until the catalog is old
				}
				if state.lock != "" {
					locker := directly(t) // in a transaction pg_stat_activity stands still
					rowsOf(t, locker, "begin; "+state.lock)
					defer locker.Close(t.Context())
				}
				state.do(c)
				if rst {
					c.reset()
				} else {
					c.Close()
				}
				left := time.Now()
				for {
					doing, there := busyPIDs(t, ask)[fmt.Sprint(c.pid)]
					if !there {
						break
					}
					if time.Since(left) > soon+200*time.Millisecond { // the look itself takes time
						t.Fatalf("after %v the server still has it: %s", time.Since(left), doing)
					}
					time.Sleep(10 * time.Millisecond)
				}
				within(t, "the proxy closes what it had open", func() bool { return files(t, own.PID()) <= opened })
			})
		}
	}
	if rows := ask("select count(*) from people where id = 7900"); string(rows[0][0]) != "0" {
		t.Error("what was not acknowledged stands")
	}
}

// Work that is short is done though the client has left with Terminate behind it, as on a direct connection.
func TestTerminateBehindAStatement(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	for i := range 20 {
		c := appSession(t)
		c.send(t, query(fmt.Sprintf("update people set name = 'left-%d' where id = 7001", i)), &pgproto3.Terminate{})
		c.Close()
		within(t, "the update is there", func() bool {
			return string(rowsOf(t, directly(t), "select name from people where id = 7001")[0][0]) == fmt.Sprintf("left-%d", i)
		})
	}
}

// The setting by which the server looks for its client is ours where the client has no opinion.
func TestClientCheckInterval(t *testing.T) {
	for more, want := range map[string]string{
		"": "500ms",
		"options='-c client_connection_check_interval=3s'":    "3s",
		"options='--client-connection-check-interval=700'":    "700ms",
		"options='-c work_mem=1MB'":                           "500ms",
		"client_connection_check_interval=0":                  "0",
		"application_name=x options='-c statement_timeout=0'": "500ms",
	} {
		c := connect(shared.DSN("app", password("app"), "shop", more))
		if got := string(rowsOf(t, c, "show client_connection_check_interval")[0][0]); got != want {
			t.Errorf("%s: %s, want %s", more, got, want)
		}
		rowsOf(t, c, "set client_connection_check_interval = 0")
		rowsOf(t, c, "discard all")
		if got := string(rowsOf(t, c, "show client_connection_check_interval")[0][0]); got != want {
			t.Errorf("%s after DISCARD ALL: %s, want %s", more, got, want)
		}
		c.Close(t.Context())
	}
}

// A client that leaves while the proxy logs in upstream leaves nothing in the proxy.
func TestVanishedDuringSignIn(t *testing.T) {
	own := ownStack(t, func(*stack.Options) {})
	rowsOf(t, session(t, own, "app"), "select 1")
	opened := files(t, own.PID())
	su := directly(t)
	rowsOf(t, su, "begin; lock pg_catalog.pg_authid in access exclusive mode")
	var all []net.Conn
	for range 5 {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", own.Port))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	done := make(chan error, 1)
	go func() {
		_, err := tryConnect(own.DSN("app", password("app"), "shop", "connect_timeout=2"))
		done <- err
	}()
	if err := <-done; err == nil {
		t.Error("a login came through a locked pg_authid")
	}
	for _, c := range all {
		c.Close()
	}
	left := time.Now()
	within(t, "the proxy closes what it had open", func() bool { return files(t, own.PID()) <= opened })
	if took := time.Since(left); took > soon+200*time.Millisecond {
		t.Errorf("after %v", took)
	}
	rowsOf(t, su, "rollback")
}

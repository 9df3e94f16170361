package e2e

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/stack"
)

// reset makes the kernel send RST instead of FIN.
func (c *rawConn) reset() {
	tcp := c.Conn
	if secure, ok := tcp.(*tls.Conn); ok {
		tcp = secure.NetConn()
	}
	tcp.(*net.TCPConn).SetLinger(0)
	tcp.Close()
}

// files counts what a process has open.
func files(t *testing.T, pid int) int {
	t.Helper()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(open)
}

// backends counts the shared server's sessions of the database shop but its own.
func backends(t *testing.T, su *pgconn.PgConn) string {
	t.Helper()
	return string(rowsOf(t, su, "select count(*) from pg_stat_activity where datname = 'shop' and pid <> pg_backend_pid()")[0][0])
}

// asleep waits until a session of the database shop sleeps: a cancel request that comes before its statement has no effect.
func asleep(t *testing.T, su *pgconn.PgConn) {
	t.Helper()
	within(t, "the server sleeps", func() bool {
		return string(rowsOf(t, su, "select count(*) from pg_stat_activity where datname = 'shop' and wait_event = 'PgSleep'")[0][0]) != "0"
	})
}

// Sessions that end badly leave nothing behind.
func TestKilledClientsLeaveNothing(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	own := ownStack(t, func(*stack.Options) {})
	su := directly(t)
	dsn := own.DSN("app", password("app"), "shop", "")
	rowsOf(t, session(t, own, "app"), "select email from people where id = 7001")
	time.Sleep(200 * time.Millisecond)
	for name, end := range map[string]func(c *rawConn){
		"idle": func(c *rawConn) {},
		"in a long result": func(c *rawConn) {
			c.send(t, query("select generate_series(1, 100000000)"))
			c.next(patience)
		},
		"in a long protected result": func(c *rawConn) {
			c.send(t, query("select email, ssn from people, generate_series(1, 10000000)"))
			c.next(patience)
		},
		"in a long statement": func(c *rawConn) {
			c.send(t, query("select pg_sleep(1000)"))
			asleep(t, su)
		},
		"in a transaction": func(c *rawConn) {
			c.send(t, query("begin"), query("update people set ssn = 'cnry-lost' where id = 7001"))
			c.until('Z', 2)
		},
		"in COPY": func(c *rawConn) {
			c.send(t, query("copy things (label) from stdin"))
			c.until('G', 1)
			c.send(t, copyData("lost\n"))
		},
		"in half a message": func(c *rawConn) {
			c.write(t, encode(query("select email from people where id = 7001"))[:20])
		},
		"in half a header": func(c *rawConn) { c.write(t, []byte{'Q', 0}) },
		"in a pipeline": func(c *rawConn) {
			c.send(t, parse("", "select email from people"), bind("", ""), execute("", 1), parse("x", "select pg_sleep(100)"), bind("", "x"), execute("", 0))
			asleep(t, su)
		},
		"in an unknown message": func(c *rawConn) { c.write(t, []byte{'!', 0, 0, 0, 4}) },
		"in an absurd length":   func(c *rawConn) { c.write(t, []byte{'Q', 0xff, 0xff, 0xff, 0xff}) },
	} {
		t.Run(name, func(t *testing.T) {
			openFiles, sessions := files(t, own.PID()), backends(t, su)
			for _, rst := range []bool{true, false} {
				c := hijack(t, dsn)
				end(c)
				if rst {
					c.reset()
				} else {
					c.Close()
				}
			}
			within(t, "the server's sessions end", func() bool { return backends(t, su) == sessions })
			within(t, "the proxy closes what it had open", func() bool { return files(t, own.PID()) <= openFiles })
		})
	}
	within(t, "the metric shows one session", func() bool { return metric(t, own, "sessions_active") == 1 })
	if rows := rowsOf(t, session(t, own, "app"), "select ssn from people where id = 7001"); string(rows[0][0]) != "cnry-fs-1" {
		t.Error("what was not committed stands")
	}
}

// What ends a backend reaches the client as it would directly.
func TestKilledBackends(t *testing.T) {
	su := directly(t)
	for name, c := range map[string]struct {
		send []byte
		how  string
		want string
	}{
		"idle":             {nil, "pg_terminate_backend", "57P01"},
		"in a statement":   {encode(query("select pg_sleep(100)")), "pg_terminate_backend", "57P01"},
		"in an extended":   {encode(parse("", "select pg_sleep(100)"), bind("", ""), execute("", 0), sync), "pg_terminate_backend", "57P01"},
		"in a transaction": {encode(query("begin")), "pg_terminate_backend", "57P01"},
		"cancelled":        {encode(query("select pg_sleep(100)")), "pg_cancel_backend", "57014"},
	} {
		t.Run(name, func(t *testing.T) {
			conn := appSession(t)
			conn.send(t, query("select 1"))
			conn.until('Z', 1)
			conn.write(t, c.send)
			time.Sleep(100 * time.Millisecond)
			rowsOf(t, su, fmt.Sprintf("select %s(%d)", c.how, conn.pid))
			trace := strings.Join(conn.quietly(time.Second), "\n")
			if !strings.Contains(trace, c.want) || strings.Count(trace, "E ") != 1 {
				t.Errorf("got\n%s", trace)
			}
			if ended := strings.HasSuffix(trace, "END"); ended != (c.want == "57P01") {
				t.Errorf("the connection has ended: %v\n%s", ended, trace)
			}
		})
	}
}

// SIGTERM lets transactions finish, takes nobody new, and ends with 0.
func TestDrain(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	own := ownStack(t, func(o *stack.Options) { o.Extra = "limits: {drain_timeout: 3s}" })
	working, idle := hijack(t, own.DSN("app", password("app"), "shop", "")), hijack(t, own.DSN("app", password("app"), "shop", ""))
	working.send(t, query("begin"), query("update people set ssn = 'cnry-drained' where id = 7001"))
	working.until('Z', 2)
	syscall.Kill(own.PID(), syscall.SIGTERM)
	within(t, "the port closes", func() bool {
		_, err := pgconn.Connect(context.Background(), own.DSN("app", password("app"), "shop", "connect_timeout=1"))
		var refused *net.OpError
		return errors.As(err, &refused)
	})
	working.send(t, query("select ssn from people where id = 7001"), query("commit"))
	if trace := strings.Join(working.until('Z', 2), "\n"); !strings.Contains(trace, `"cnry-drained"`) || !strings.Contains(trace, "C COMMIT") {
		t.Errorf("a transaction could not finish:\n%s", trace)
	}
	for name, c := range map[string]*rawConn{"working": working, "idle": idle} {
		if trace := strings.Join(c.until('?', 1), "\n"); !strings.Contains(trace, "57P01") || !strings.HasSuffix(trace, "END") {
			t.Errorf("%s session:\n%s", name, trace)
		}
	}
	if err := own.Wait(); err != nil {
		t.Errorf("exit: %v", err)
	}
	if rows := rowsOf(t, session(t, shared.Stack, "app"), "select ssn from people where id = 7001"); string(rows[0][0]) != "cnry-drained" {
		t.Error("what was committed is gone")
	}
}

package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// What a server says unasked comes at once, whether the client is idle, in a transaction, in a COPY or in the middle of rows.
func TestAsynchronousMessages(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	for who, c := range map[string]struct {
		conn     *rawConn
		database string
		other    *pgconn.PgConn
	}{
		"the proxy":  {appSession(t), "shop", connect(shared.pg.DSN("app", password("app"), "shop", "sslmode=require"))},
		"the server": {plainSession(t), "plain", connect(shared.plain.DSN("app", password("app"), "plain", ""))},
	} {
		t.Run(who, func(t *testing.T) {
			defer c.other.Close(context.Background())
			c.conn.send(t, query("listen asynchronous"))
			c.conn.until('Z', 1)
			notify := func() { rowsOf(t, c.other, "notify asynchronous, 'now'") }
			notify()
			if got := c.conn.until('A', 1); len(got) != 1 || got[0] != `A asynchronous "now"` {
				t.Errorf("idle: %q", got)
			}
			// A setting that the server reports changes by itself; it says so with its next answer.
			server := shared.pg
			if c.database == "plain" {
				server = shared.plain
			}
			asSuperuser(server, "postgres", "alter system set datestyle = 'German'")
			asSuperuser(server, "postgres", "select pg_reload_conf()")
			time.Sleep(500 * time.Millisecond)
			c.conn.send(t, query("select 1"))
			if got := strings.Join(c.conn.until('Z', 1), "\n"); !strings.Contains(got, "S DateStyle=German, DMY") {
				t.Errorf("a changed setting: %s", got)
			}
			c.conn.send(t, query("select born from people where id = 7001"))
			if got := strings.Join(c.conn.until('Z', 1), "\n"); !strings.Contains(got, `D "01.02.1990"`) {
				t.Errorf("after a setting has changed: %s", got)
			}
			asSuperuser(server, "postgres", "alter system reset datestyle")
			asSuperuser(server, "postgres", "select pg_reload_conf()")
			// Between rows of a statement that gives notice of each, opened or not.
			c.conn.send(t, query("create or replace function pg_temp.say(i int) returns int language plpgsql as $$begin raise notice 'row %', i; return i; end$$"))
			c.conn.until('Z', 1)
			c.conn.send(t, query("select pg_temp.say(i) from generate_series(1, 2) i"))
			want := "N NOTICE 00000 row 1\nN NOTICE 00000 row 2"
			if got := strings.Join(c.conn.until('Z', 1), "\n"); strings.Count(got, "N NOTICE") != 2 || !strings.Contains(strings.ReplaceAll(got, "D \"1\"\n", ""), want) {
				t.Errorf("between rows: %s", got)
			}
			// While the client sends a COPY, a notice of a trigger.
			c.conn.send(t, query("create temp table loud (a int)"), query("create function pg_temp.loud() returns trigger language plpgsql as $$begin raise notice 'in %', new.a; return new; end$$"),
				query("create trigger loud before insert on pg_temp.loud for each row execute function pg_temp.loud()"))
			c.conn.until('Z', 3)
			c.conn.send(t, query("copy pg_temp.loud from stdin"))
			c.conn.until('G', 1)
			c.conn.send(t, copyData(strings.Repeat("1\n", 40000)))
			if got := c.conn.until('N', 1); got[0] != "N NOTICE 00000 in 1" {
				t.Errorf("within a COPY: %q", got)
			}
			go func() { time.Sleep(100 * time.Millisecond); c.conn.Write(encode(copied)) }()
			if got := c.conn.patiently('Z'); !strings.Contains(got, "C COPY 40000") {
				t.Errorf("within a COPY: %.200s", got)
			}
		})
	}
}

// A message that the protocol has not ends the session, as at a server, and what stands behind it is not carried out.
func TestUnknownMessages(t *testing.T) {
	known := "BCDEFHPQSXcdfp"
	for typ := range 256 {
		if strings.IndexByte(known, byte(typ)) >= 0 && typ != 'p' || typ%7 != 0 && typ != 'p' {
			continue
		}
		for who, c := range map[string]*rawConn{"the server": plainSession(t), "the proxy": appSession(t)} {
			c.write(t, append([]byte{byte(typ), 0, 0, 0, 5, 0}, encode(query("create table unknown_message (a int)"))...))
			trace := c.until('?', 1)
			if n := len(trace); n != 2 || trace[1] != "END" || !strings.HasPrefix(trace[0], "E FATAL 08P01") {
				t.Errorf("%s, %#x: %q", who, typ, trace)
			}
			c.Close()
		}
	}
}

// A client that will send no more, and to which nothing is owed, has left; so it is for a server.
func TestHalfClose(t *testing.T) {
	for who, c := range map[string]*rawConn{"the server": hijack(t, shared.pg.DSN("app", password("app"), "shop", "sslmode=require")), "the proxy": appSession(t)} {
		c.send(t, query("select 'before'"))
		if trace := strings.Join(c.until('Z', 1), "\n"); !strings.Contains(trace, "before") {
			t.Errorf("%s: %s", who, trace)
		}
		pid := c.pid
		if err := c.Conn.(*tls.Conn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if trace := c.until('?', 1); len(trace) != 1 || trace[0] != "END" {
			t.Errorf("%s: %q", who, trace)
		}
		eventually(t, who+": the backend ends", func() bool {
			return len(direct("postgres", fmt.Sprintf("select 1 from pg_stat_activity where pid = %d", pid))[0].Rows) == 0
		})
	}
}

// TLS may come at once, if it says by ALPN what is spoken in it; cancel requests too.
func TestDirectTLS(t *testing.T) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(shared.ca.PEM)
	dial := func(protocols ...string) (net.Conn, error) {
		conn, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", fmt.Sprintf("localhost:%d", shared.Port), &tls.Config{RootCAs: roots, NextProtos: protocols})
		if err == nil {
			conn.SetDeadline(time.Now().Add(patience))
		}
		return conn, err
	}
	c, err := pgconn.Connect(t.Context(), shared.DSN("app", password("app"), "shop", "sslnegotiation=direct"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	rowsOf(t, c, "select 1")
	go func() {
		time.Sleep(300 * time.Millisecond)
		conn, err := dial("postgresql")
		if err != nil {
			return
		}
		conn.Write(cancelPacket(c.PID(), c.SecretKey()))
		io.Copy(io.Discard, conn)
	}()
	_, err = c.Exec(t.Context(), "select pg_sleep(15)").ReadAll()
	if pe := (*pgconn.PgError)(nil); !errors.As(err, &pe) || pe.Code != "57014" {
		t.Errorf("cancelled by direct TLS: %v", err)
	}
	if conn, err := dial("http/1.1"); err == nil {
		t.Error("another protocol is taken")
		conn.Close()
	}
	conn, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := io.ReadAll(conn); !strings.Contains(string(b), "C08P01") {
		t.Errorf("without ALPN: %q", b)
	}
}

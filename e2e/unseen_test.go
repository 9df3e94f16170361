package e2e

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/stack"
)

// TestPreparedUnseen: a statement that a function has prepared, in words that no reader of its body could find, shows nothing of a
// table that the policy is about, by whichever message it is run. The function may be called at all because it is trusted, wrongly.
func TestPreparedUnseen(t *testing.T) {
	app := session(t, shared.Stack, "app")
	rowsOf(t, app, "delete from people where id = 7951")
	rowsOf(t, app, "insert into people (id, name, email) values (7951, 'unseen-name', 'cnry-unseen@x.test')")
	defer rowsOf(t, app, "delete from people where id = 7951")
	asSuperuser(shared.pg, "shop", `create function prepares() returns void language plpgsql as
		$$ begin execute 'prepare unseen as select na' || 'me, em' || 'ail from peo' || 'ple where id = 7951'; end $$`)
	defer asSuperuser(shared.pg, "shop", "drop function prepares")
	own := ownStack(t, func(o *stack.Options) { o.Extra += "\ntrusted_functions: [public.prepares]" })
	ways := map[string]func(c *pgconn.PgConn, l *listening) error{
		"EXECUTE, simple": func(c *pgconn.PgConn, _ *listening) error {
			_, err := c.Exec(context.Background(), "execute unseen").ReadAll()
			return err
		},
		"EXECUTE, extended": func(c *pgconn.PgConn, _ *listening) error {
			return c.ExecParams(context.Background(), "execute unseen", nil, nil, nil, nil).Read().Err
		},
		"Bind": func(c *pgconn.PgConn, _ *listening) error {
			return c.ExecPrepared(context.Background(), "unseen", nil, nil, nil).Read().Err
		},
		"Bind without Describe": func(c *pgconn.PgConn, l *listening) error {
			l.Conn.Write(encode(bind("", "unseen"), execute("", 0), sync))
			return c.Exec(context.Background(), "select 1").Close()
		},
		"EXECUTE without Describe": func(c *pgconn.PgConn, l *listening) error {
			l.Conn.Write(encode(parse("", "execute unseen"), bind("", ""), execute("", 0), sync))
			return c.Exec(context.Background(), "select 1").Close()
		},
		"EXPLAIN ANALYZE": func(c *pgconn.PgConn, _ *listening) error {
			_, err := c.Exec(context.Background(), "explain (analyze, verbose) execute unseen").ReadAll()
			return err
		},
	}
	for name, run := range ways {
		for _, user := range []string{"analyst", "app"} {
			c, l := listen(t, own.DSN(user, password(user), "shop", ""))
			rowsOf(t, c, "select prepares()")
			l.seen.Reset()
			err := run(c, l)
			var pe *pgconn.PgError
			if errors.As(err, &pe); pe != nil && !strings.Contains(pe.Message, "[PV") || err == nil && name != "EXPLAIN ANALYZE" {
				t.Errorf("%s, %s: no refusal: %v", name, user, err)
			}
			if text := l.seen.String(); strings.Contains(text, "unseen-name") || strings.Contains(text, "\xc5\x7e\x91") || strings.Contains(text, "c57e91") {
				t.Errorf("%s, %s: it arrived: %q", name, user, text)
			}
			c.Close(context.Background())
		}
	}
}

// TestDriversStatementBySQL: what a driver has prepared over a protected table can be run by name in SQL. The value does not go to the server
// as it is, nor a cell come back.
func TestDriversStatementBySQL(t *testing.T) {
	app := session(t, shared.Stack, "app")
	rowsOf(t, app, "delete from people where id = 7952")
	rowsOf(t, app, "insert into people (id, name, email) values (7952, 'by-sql', 'cnry-by-sql@x.test')")
	defer rowsOf(t, app, "delete from people where id = 7952")
	c, l := listen(t, shared.DSN("app", password("app"), "shop", ""))
	defer c.Close(context.Background())
	for name, text := range map[string]string{"protected": "select email from people where email = $1", "plain": "select label from things where label = $1"} {
		if _, err := c.Prepare(context.Background(), name, text, nil); err != nil {
			t.Fatal(err)
		}
	}
	rowsOf(t, c, "execute plain('x')")
	for name, run := range map[string]func(text string) error{
		"simple": func(text string) error { return c.Exec(context.Background(), text).Close() },
		"extended": func(text string) error {
			return c.ExecParams(context.Background(), text, nil, nil, nil, nil).Read().Err
		},
		"several": func(text string) error { return c.Exec(context.Background(), "select 1; "+text).Close() },
	} {
		for text, arrives := range map[string]bool{
			"execute protected('cnry-by-sql@x.test')": true, "explain (analyze, costs off) execute protected('cnry-by-sql@x.test')": false,
		} {
			l.seen.Reset()
			if err := run(text); err != nil {
				t.Errorf("%s, %s: %v", name, text, err)
			}
			got := l.seen.String()
			if strings.Contains(got, "cnry-by-sql") != arrives || strings.Contains(got, "\xc5\x7e\x91") || arrives && strings.Contains(got, "c57e91") {
				t.Errorf("%s, %s: %q", name, text, got)
			}
		}
	}
}

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

// TestDriversStatementBySQL: what a driver has prepared over a protected table can't be run by name in SQL, where a value would go to
// the server as it is and a cell come back.
func TestDriversStatementBySQL(t *testing.T) {
	c, l := listen(t, shared.DSN("app", password("app"), "shop", ""))
	defer c.Close(context.Background())
	for name, text := range map[string]string{"protected": "select email from people where email = $1", "plain": "select label from things where label = $1"} {
		if _, err := c.Prepare(context.Background(), name, text, nil); err != nil {
			t.Fatal(err)
		}
	}
	rowsOf(t, c, "execute plain('x')")
	for _, run := range []func(text string) error{
		func(text string) error { return c.Exec(context.Background(), text).Close() },
		func(text string) error {
			return c.ExecParams(context.Background(), text, nil, nil, nil, nil).Read().Err
		},
		func(text string) error { return c.Exec(context.Background(), "select 1; "+text).Close() },
	} {
		for _, text := range []string{"execute protected('cnry-by-sql@x.test')", "explain analyze execute protected('cnry-by-sql@x.test')"} {
			l.seen.Reset()
			var pe *pgconn.PgError
			if err := run(text); !errors.As(err, &pe) || !strings.Contains(pe.Message, "[PV012]") {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
}

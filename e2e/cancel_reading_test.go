package e2e

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/stack"
)

// TestCancelWhileReading: who cancels a statement while the proxy reads the catalog for it has cancelled the statement, and a transaction is
// aborted by that as by any error.
func TestCancelWhileReading(t *testing.T) {
	own := ownStack(t, func(o *stack.Options) { o.Extra = "limits: {catalog_age: 200ms}" })
	ctx := context.Background()
	for _, test := range []struct {
		name, before string
		timeout      bool
		want         byte
	}{
		{"the catalog is old", "select 1", false, 'I'},
		{"after a change of schema", "create table reading_a (a int)", false, 'I'},
		{"in a transaction", "begin; create table reading_a (a int)", false, 'E'},
		{"in a transaction, by its statement_timeout", "begin; create table reading_a (a int); set local statement_timeout = '400ms'", true, 'E'},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, su := session(t, own, "app"), directly(t)
			rowsOf(t, c, "select count(*) from people")
			if _, err := c.Exec(ctx, test.before).ReadAll(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(300 * time.Millisecond)
			rowsOf(t, su, "begin; lock pg_catalog.pg_constraint in access exclusive mode")
			answered := make(chan error, 1)
			go func() { _, err := c.Exec(ctx, "select count(*) from people").ReadAll(); answered <- err }()
			if !test.timeout {
				within(t, "the proxy's question waits", func() bool {
					return string(rowsOf(t, su, "select count(*) from pg_locks where not granted and relation = 'pg_constraint'::regclass")[0][0]) != "0"
				})
				if err := c.CancelRequest(ctx); err != nil {
					t.Fatal(err)
				}
			}
			var e *pgconn.PgError
			select {
			case err := <-answered:
				if !errors.As(err, &e) || e.Code != "57014" {
					t.Errorf("%v, want 57014", err)
				}
			case <-time.After(10 * time.Second):
				rowsOf(t, su, "rollback")
				t.Fatal("it goes on")
			}
			if c.TxStatus() != test.want {
				t.Errorf("transaction %c, want %c", c.TxStatus(), test.want)
			}
			rowsOf(t, su, "rollback")
			rowsOf(t, c, "rollback; drop table if exists reading_a")
			rowsOf(t, c, "select count(*) from people")
		})
	}
}

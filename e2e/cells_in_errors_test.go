package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestCellsInErrors: what the server says of a row names no cell, in whichever form it writes bytes.
func TestCellsInErrors(t *testing.T) {
	fill(session(t, shared.Stack, "app"))
	for _, output := range []string{"hex", "escape"} {
		config, err := pgconn.ParseConfig(shared.DSN("app", password("app"), "shop", ""))
		if err != nil {
			t.Fatal(err)
		}
		var said strings.Builder
		config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { fmt.Fprint(&said, n.Message, n.Detail, n.Hint, n.Where) }
		c, err := pgconn.ConnectConfig(context.Background(), config)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(context.Background())
		rowsOf(t, c, "set bytea_output = "+output)
		for _, text := range []string{
			"insert into people (id, name, email, ssn) values (8001, null, 'cnry-in-error', 'cnry-ssn')",
			"insert into people (id, name, email) values (1, 'x', 'cnry-in-error-2')",
			"insert into people (id, name, email) values (8002, 'x', 'cnry1@x.test')",
			"update people set name = null where id = 3",
			"insert into logins (id, person, email) values (8000, 99999, 'cnry-in-error')",
			"create table public.celled (id int, email text, check (id > 5)); drop table public.celled",
			"create temp table celled as select email from people; create unique index on celled ((1))",
			"do $$ begin raise notice '%', '\\xc57e91'::bytea; end $$",
		} {
			said.Reset()
			_, err := c.Exec(context.Background(), text).ReadAll()
			all := fmt.Sprintf("%+v", err)
			if pe, ok := err.(*pgconn.PgError); ok {
				all = fmt.Sprintf("%+v", *pe)
			}
			all += said.String()
			if strings.Contains(all, "cnry") || strings.Contains(all, "c57e91") || strings.Contains(all, `\305~\221`) || strings.Contains(all, `\3`) {
				t.Errorf("%s: %s: %s", output, text, all)
			}
		}
	}
}

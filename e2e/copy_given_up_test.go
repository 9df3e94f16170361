package e2e

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestCopyGivenUp: a client whose COPY fails on its own side is told so in its own words, as by a server, and these don't reach the server's log.
func TestCopyGivenUp(t *testing.T) {
	const rows, words = "8401\tx\tcnry-row-one\n8402\ty\tcnry-row", "no row: cnry-given-up@x.test"
	written := serverLog(t)
	fails := func(dsn, text string) string {
		c := connect(dsn)
		defer c.Close(context.Background())
		_, err := c.CopyFrom(context.Background(), io.MultiReader(strings.NewReader(rows), failing{errors.New(words)}), text)
		var pe *pgconn.PgError
		if !errors.As(err, &pe) {
			t.Fatal(err)
		}
		if n := rowsOf(t, c, "select count(*) from people where id in (8401, 8402)"); string(n[0][0]) != "0" {
			t.Errorf("%s: %s rows", text, n[0][0])
		}
		return pe.Code + " " + pe.Message + " " + pe.Where
	}
	for _, text := range []string{"copy people (id, name, email) from stdin", "copy people (id, name, email) from stdin csv delimiter e'\\t'"} {
		got := fails(shared.DSN("app", password("app"), "shop", ""), text)
		want := fails(shared.plain.DSN("app", password("app"), "plain", ""), text)
		if !strings.Contains(want, words) || got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
	if log := written(); strings.Contains(log, "given-up") || !strings.Contains(log, "COPY from stdin failed: pgveil_refused by the client") {
		t.Error("the server's log has the client's words, or not the proxy's")
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

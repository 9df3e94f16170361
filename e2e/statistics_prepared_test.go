package e2e

import (
	"testing"

	"github.com/pgveil/pgveil/e2e/stack"
)

// A PREPARE over statistics keeps which tables they leave out: when these are others, it has to be made again.
func TestStatisticsPreparedAnew(t *testing.T) {
	own := ownStack(t, func(o *stack.Options) {
		o.Encrypt += "\n  public.newcomer:\n    email: {type: text}\n"
		o.Policy = rulesOn("public.newcomer")
		o.Extra = "limits: {catalog_age: 200ms}"
	})
	c, other := session(t, own, "app"), session(t, own, "app")
	const make, run = "prepare st (name) as select attname, histogram_bounds from pg_stats where tablename = $1", "execute st('newcomer')"
	rowsOf(t, c, make)
	if got := rowsOf(t, c, "execute st('pg_class')"); len(got) < 10 {
		t.Fatalf("%d rows", len(got))
	}
	rowsOf(t, other, "create table newcomer (id serial, name text, email text)")
	defer direct("shop", "drop table newcomer")
	rowsOf(t, other, "insert into newcomer (name, email) select 'plain-'||i, null from generate_series(1, 200) i")
	rowsOf(t, other, "analyze newcomer")
	awaitCode(t, c, run, "PV007")
	if _, err := c.Exec(t.Context(), "deallocate st; "+make).ReadAll(); err != nil {
		t.Fatal(err)
	}
	if got := rowsOf(t, c, run); len(got) != 0 {
		t.Errorf("%d rows of a protected table's statistics", len(got))
	}
}

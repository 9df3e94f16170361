package e2e

import (
	"fmt"
	"testing"

	"github.com/pgveil/pgveil/e2e/stack"
)

// Within a client's transaction the proxy reads the catalog, which locks what views are over: the locks are not kept.
func TestReadingAsideOfATransaction(t *testing.T) {
	own := ownStack(t, func(o *stack.Options) {})
	su := directly(t)
	rowsOf(t, su, "create table aside_under (a int); create view aside_view as select a from aside_under")
	t.Cleanup(func() {
		asSuperuser(shared.pg, "shop", "drop view aside_view; drop table aside_under; drop table if exists aside_other")
	})
	a := session(t, own, "app")
	for _, text := range []string{"select count(*) from people", "begin", "create table aside_mine (a int)", "select count(*) from people"} {
		rowsOf(t, a, text)
	}
	held := fmt.Sprintf("select count(*) from pg_locks where pid = %d and relation = ", a.PID())
	if got := rowsOf(t, su, held+"'aside_under'::regclass"); string(got[0][0]) != "0" {
		t.Error("the table under a view is locked by the proxy until the client's transaction ends")
	}
	rowsOf(t, a, "rollback")
}

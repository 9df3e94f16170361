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

// Where the catalog can't be read within a client's transaction, that is not the end of the transaction.
func TestFailingToReadAsideOfATransaction(t *testing.T) {
	own := ownStack(t, func(o *stack.Options) {})
	su := directly(t)
	rowsOf(t, su, "create table aside_under (a int); create view aside_view as select a from aside_under")
	t.Cleanup(func() { asSuperuser(shared.pg, "shop", "drop view aside_view; drop table aside_under, aside_other") })
	a, b := session(t, own, "app"), session(t, own, "app")
	rowsOf(t, b, "select count(*) from people")
	rowsOf(t, a, "begin; insert into things (label) values ('aside')")
	rowsOf(t, su, "begin; lock table aside_under in access exclusive mode")
	rowsOf(t, b, "create table aside_other (a int)")
	rowsOf(t, b, "select count(*) from people") // the catalog is old now, and nobody can read it
	if got := rowsOf(t, a, "select count(*) from things where label = 'aside'"); string(got[0][0]) != "1" {
		t.Errorf("%s rows", got[0][0])
	}
	rowsOf(t, su, "rollback")
	r, err := a.Exec(t.Context(), "delete from things where label = 'aside'; commit").ReadAll()
	if err != nil || r[1].CommandTag.String() != "COMMIT" {
		t.Error(r, err)
	}
}

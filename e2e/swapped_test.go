package e2e

import (
	"context"
	"strings"
	"testing"
	"time"
)

// TestSwappedForAView: while a statement waits for a lock, the relation that it names gives way to a view over people. Through the proxy nobody
// who sees names masked can make such a view; whoever makes it around the proxy is shown no protected value by it, see docs/THREATS.md.
func TestSwappedForAView(t *testing.T) {
	fill(session(t, shared.Stack, "app"))
	direct("shop", "create schema swaps; create table swaps.other (id int, name text, email text); grant all on schema swaps to support; grant all on swaps.other to support; "+
		"grant select on people to support")
	defer direct("shop", "drop schema swaps cascade")
	direct("shop", "alter table swaps.other owner to support")
	const text = "select * from swaps.other where id = 1"
	c, owner := session(t, shared.Stack, "support"), session(t, shared.Stack, "support")
	rowsOf(t, c, text)
	for _, view := range []string{"create view swaps.other as select id, name, email from people", "create or replace view swaps.o as table people",
		"create materialized view swaps.o as select name from people", "create table swaps.o (like people); insert into swaps.o select * from people",
		"create rule \"_RETURN\" as on select to swaps.other do instead select id, name, email from people", "alter table swaps.other inherit people",
		"alter table people rename to peoples", "alter table people set schema swaps"} {
		if _, err := owner.Exec(context.Background(), "begin; drop table swaps.other; "+view+"; commit").ReadAll(); err == nil {
			t.Errorf("through the proxy: %s", view)
		}
		owner.Exec(context.Background(), "rollback").ReadAll()
	}
	around := directly(t)
	rowsOf(t, around, "begin; drop table swaps.other; create view swaps.other as select id, name, email from people; grant select on swaps.other to support")
	got := make(chan string)
	go func() {
		said := ""
		results, err := c.Exec(context.Background(), text).ReadAll()
		if err != nil {
			said = err.Error()
		}
		for _, r := range results {
			for _, row := range r.Rows {
				for _, v := range row {
					said += " " + string(v)
				}
			}
		}
		got <- said
	}()
	within(t, "the statement waits", func() bool { return len(direct("shop", "select from pg_locks where not granted")[0].Rows) > 0 })
	time.Sleep(100 * time.Millisecond)
	rowsOf(t, around, "commit")
	said := <-got
	t.Logf("%s", said)
	if strings.Contains(said, "cnry") || strings.Contains(said, "@") {
		t.Errorf("a protected value is shown: %s", said)
	}
}

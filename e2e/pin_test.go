package e2e

import (
	"context"
	"strings"
	"testing"
	"time"
)

// TestNamesArePinned: while a statement waits for a lock, the relation that it names is dropped, and the name would then mean people, whose
// names support may only see masked. The server must not find it.
func TestNamesArePinned(t *testing.T) {
	fill(session(t, shared.Stack, "app"))
	const text = "select name || '!' from people where id = 1"
	for _, how := range []string{text, "copy people (name) to stdout", "copy (" + text + ") to stdout", "insert into twins.kept select name from people"} {
		direct("shop", "create schema twins; create table twins.people (id int, name text); create table twins.kept (name text); grant usage on schema twins to support; "+
			"grant all on twins.people, twins.kept to support")
		c, owner := session(t, shared.Stack, "support"), directly(t)
		rowsOf(t, c, "set search_path = twins, public")
		// The new table is known when the text, which names another one's column, isn't refused.
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(200 * time.Millisecond) {
			if _, err := c.Exec(context.Background(), text).ReadAll(); err == nil {
				break
			} else if time.Now().After(deadline) {
				t.Fatalf("before: %v", err)
			}
		}
		rowsOf(t, owner, "begin; drop table twins.people")
		got := make(chan string)
		go func() {
			results, err := c.Exec(context.Background(), how).ReadAll()
			said := ""
			if err != nil {
				said = err.Error()
			}
			for _, r := range results {
				for _, row := range r.Rows {
					said += " " + string(row[0])
				}
				said += " " + r.CommandTag.String()
			}
			got <- said
		}()
		for deadline := time.Now().Add(10 * time.Second); len(direct("shop", "select from pg_locks where not granted")[0].Rows) == 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the statement does not wait")
			}
		}
		rowsOf(t, owner, "commit")
		if said := <-got; !strings.Contains(said, "42P01") {
			t.Errorf("%s: %s", how, said)
		}
		if kept := direct("shop", "select * from twins.kept"); len(kept[0].Rows) > 0 {
			t.Errorf("%s: %s was copied", how, kept[0].Rows)
		}
		direct("shop", "drop schema twins cascade")
	}
}

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/pgveil/pgveil/proxy/audit"
)

// TestEveryRunIsRecorded: nothing of a privileged subject reaches the server without its line, and the line says how it ended.
func TestEveryRunIsRecorded(t *testing.T) {
	c := hijack(t, shared.DSN("support", password("support"), "shop", ""))
	mine := func(kind audit.Kind) (events []audit.Event) {
		for _, e := range audited(t, shared.Stack, kind) {
			if e.User == "support" {
				events = append(events, e)
			}
		}
		return events
	}
	c.record(t, []step{do(query("prepare q as select 'kept'"))}, nil)
	for last := -1; len(mine(audit.StatementDone)) != last; time.Sleep(300 * time.Millisecond) { // what was before is on the record
		last = len(mine(audit.StatementDone))
	}
	for _, test := range []struct {
		name     string
		steps    []step
		outcomes []string
	}{
		{"a statement that SQL prepared, run by its name", []step{do(bind("", "q"), execute("", 0), sync)}, []string{"ok"}},
		{"a cursor that SQL declared, run by its name", []step{do(query("begin; declare k cursor for select 1")), do(execute("k", 1), execute("k", 1), sync),
			do(query("rollback"))}, []string{"ok", "ok", "ok", "ok"}},
		{"several statements of which the last fails", []step{do(query("select 1; select 1/0"))}, []string{"error"}},
		{"several statements", []step{do(query("select 1; select 2; select 3"))}, []string{"ok"}},
		{"a portal run in parts", []step{do(parse("", "select generate_series(1, 3)"), bind("", ""), execute("", 1), execute("", 1), execute("", 0), sync)},
			[]string{"ok", "ok", "ok"}},
		{"a function of large objects", []step{do(call(964, 1, []byte{0, 0x0f, 0xff, 0xff}))}, []string{"error"}},
		{"the system catalogs", []step{do(query("select count(*) from pg_attribute")), do(parse("", "select 'pg_attribute'"), bind("", ""), execute("", 0), sync)},
			[]string{"ok", "ok"}},
		{"the system catalogs, behind an aborted transaction", []step{do(query("begin; select 1/0")), do(query("rollback; select count(*) from pg_attribute"))},
			[]string{"error", "ok"}},
		{"the system catalogs, where text can't be read", []step{do(query("set standard_conforming_strings = off")), do(query("select 'pg_attribute'")),
			do(parse("r", "select 'pg_attribute'"), bind("", "r"), execute("", 0), sync), do(query("set standard_conforming_strings = on")),
			do(bind("", "r"), execute("", 0), sync)}, []string{"ok", "ok", "ok", "ok", "ok"}},
		{"an empty text", []step{do(query(""))}, []string{"ok"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := len(mine(audit.StatementDone))
			decided := len(mine(audit.StatementDecided))
			c.record(t, test.steps, nil)
			if n := len(mine(audit.StatementDecided)) - decided; n != len(test.outcomes) {
				t.Errorf("%d statements decided, want %d", n, len(test.outcomes))
			}
			eventually(t, "the outcome in the record", func() bool { return len(mine(audit.StatementDone)) >= before+len(test.outcomes) })
			var got []string
			for _, e := range mine(audit.StatementDone)[before:] {
				got = append(got, e.Result.Outcome)
			}
			if fmt.Sprint(got) != fmt.Sprint(test.outcomes) {
				t.Errorf("recorded as %v, want %v", got, test.outcomes)
			}
		})
	}
}

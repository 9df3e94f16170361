package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgveil/pgveil/e2e/stack"
)

// TestNamesAreLimited: a session prepares so many statements and no more, by whatever means, until it gives some back.
func TestNamesAreLimited(t *testing.T) {
	own := ownStack(t, func(o *stack.Options) {
		o.Extra = "limits: {max_prepared_statements: 3, max_statement_bytes: 2kB, max_pipeline: 4}"
	})
	const full = "53400"
	three := []pgproto3.FrontendMessage{parse("a", "select 1"), parse("b", "select email from people where id = $1"), query("prepare c as select 3")}
	three = []pgproto3.FrontendMessage{three[0], three[1], sync, three[2]}
	for name, c := range map[string]struct {
		send []pgproto3.FrontendMessage
		want int // errors 53400
		is   string
	}{
		"a fourth by Parse":                     {[]pgproto3.FrontendMessage{parse("d", "select 4"), sync}, 1, "PV353"},
		"a fourth over a protected table":       {[]pgproto3.FrontendMessage{parse("d", "select email from people"), sync}, 1, "PV353"},
		"a fourth by PREPARE":                   {[]pgproto3.FrontendMessage{query("prepare d as select email from people")}, 1, "PV353"},
		"without a name":                        {[]pgproto3.FrontendMessage{parse("", "select 'x'"), bind("", ""), execute("", 0), sync}, 0, `D "x"`},
		"after Close":                           {[]pgproto3.FrontendMessage{closing('S', "a"), parse("d", "select 4"), sync}, 0, "3 "},
		"after DEALLOCATE":                      {[]pgproto3.FrontendMessage{query("deallocate b"), parse("d", "select 4"), sync}, 0, "DEALLOCATE"},
		"after DEALLOCATE ALL":                  {[]pgproto3.FrontendMessage{query("deallocate all"), parse("d", "select 4"), parse("e", "select 5"), parse("f", "select 6"), sync}, 0, "DEALLOCATE ALL"},
		"after DISCARD ALL":                     {[]pgproto3.FrontendMessage{query("discard all"), parse("d", "select 4"), parse("e", "select 5"), parse("f", "select 6"), sync}, 0, "DISCARD ALL"},
		"portals":                               {[]pgproto3.FrontendMessage{query("begin"), bind("p", "a"), bind("q", "a"), bind("r", "a"), bind("s", "a"), sync, query("rollback")}, 1, "PV353"},
		"portals that end with the transaction": {[]pgproto3.FrontendMessage{bind("p", "a"), bind("q", "a"), bind("r", "a"), sync, bind("p", "a"), bind("q", "a"), bind("r", "a"), sync}, 0, "2 "},
	} {
		t.Run(name, func(t *testing.T) {
			conn := hijack(t, own.DSN("app", password("app"), "shop", ""))
			conn.send(t, three...)
			if before := strings.Join(conn.until('Z', 2), "\n"); strings.Contains(before, "E ERROR") {
				t.Fatal(before)
			}
			conn.send(t, append(c.send, query("select 'alive'"))...)
			ready := 1
			for _, m := range c.send {
				switch m.(type) {
				case *pgproto3.Sync, *pgproto3.Query:
					ready++
				}
			}
			trace := strings.Join(conn.until('Z', ready), "\n")
			if strings.Count(trace, full) != c.want || !strings.Contains(trace, c.is) || !strings.Contains(trace, "alive") {
				t.Errorf("%d errors:\n%s", strings.Count(trace, full), trace)
			}
		})
	}
	t.Run("a text that is too long", func(t *testing.T) {
		conn := hijack(t, own.DSN("app", password("app"), "shop", ""))
		long := "select '" + strings.Repeat("x", 2100) + "'"
		conn.send(t, query(long), parse("", long), sync, query("select 'alive'"))
		trace := strings.Join(conn.until('Z', 3), "\n")
		if strings.Count(trace, "54000") != 2 || strings.Count(trace, "PV352") != 2 || !strings.Contains(trace, "alive") {
			t.Error(trace)
		}
	})
	t.Run("a pipeline waits", func(t *testing.T) {
		conn := hijack(t, own.DSN("app", password("app"), "shop", ""))
		var all []pgproto3.FrontendMessage
		for i := range 200 {
			all = append(all, parse("", fmt.Sprintf("select %d", i)), bind("", ""), execute("", 0))
		}
		go conn.send(t, append(all, sync)...)
		trace := strings.Join(conn.until('Z', 1), "\n")
		if strings.Count(trace, "C SELECT 1") != 200 || strings.Contains(trace, "E ") {
			t.Error(trace)
		}
	})
}

package e2e

import (
	"bytes"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/stack"
)

// aroundBoth runs SQL as superuser in both databases, so that attribute numbers stay alike.
func aroundBoth(sql string) {
	direct("shop", sql)
	asSuperuser(shared.plain, "plain", sql)
}

// TestRefusalsAreOfToday: what somebody has made around the proxy a moment ago is known when a statement would be refused without it.
func TestRefusalsAreOfToday(t *testing.T) {
	own := ownStack(t, func(o *stack.Options) { o.Extra = "limits: {catalog_age: 1h}" })
	c := session(t, own, "app")
	rowsOf(t, c, "insert into people (name, email) values ('fresh', 'cnry-fresh@x')")
	defer direct("shop", "delete from people where name = 'fresh'")
	aroundBoth("alter table people add column fresh_note text; create view fresh_view as select id, email from people; grant select on fresh_view to app")
	defer aroundBoth("drop view fresh_view; alter table people drop column fresh_note")
	time.Sleep(1100 * time.Millisecond)
	if err := c.Exec(t.Context(), "select fresh_note, email from people where false").Close(); err != nil {
		t.Errorf("a new column: %v", err)
	}
	r := c.ExecParams(t.Context(), "select email from fresh_view where email = $1", [][]byte{[]byte("cnry-fresh@x")}, nil, nil, nil).Read()
	if r.Err != nil || len(r.Rows) != 1 || string(r.Rows[0][0]) != "cnry-fresh@x" {
		t.Errorf("a new view: %v, %q", r.Err, r.Rows)
	}
	aroundBoth("alter table people drop column fresh_note cascade; alter table people add column fresh_note int")
	time.Sleep(1100 * time.Millisecond)
	if got := bytes.Join(flat(rowsOf(t, c, "select count(*) from people where fresh_note = 1 and email = 'x'")), nil); string(got) != "0" {
		t.Errorf("%s", got)
	}
	// In a transaction nothing is read for this.
	rowsOf(t, c, "begin")
	aroundBoth("alter table people add column fresh_more int")
	defer aroundBoth("alter table people drop column fresh_more")
	time.Sleep(1100 * time.Millisecond)
	err := c.Exec(t.Context(), "select fresh_more, email from people where false").Close()
	if pe, ok := err.(*pgconn.PgError); !ok || pe.Code != "42703" {
		t.Errorf("%v", err)
	}
	rowsOf(t, c, "rollback")
	if err := c.Exec(t.Context(), "select fresh_more, email from people where false").Close(); err != nil {
		t.Errorf("after the transaction: %v", err)
	}
}

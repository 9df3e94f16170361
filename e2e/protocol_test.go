package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/stack"
)

// bothApps are app's connections to the plain server and through the proxy.
func bothApps(t *testing.T) []*pgconn.PgConn {
	t.Helper()
	both := []*pgconn.PgConn{connect(shared.plain.DSN("app", password("app"), "plain", "")),
		connect(shared.DSN("app", password("app"), "shop", ""))}
	t.Cleanup(func() {
		for _, c := range both {
			c.Close(context.Background())
		}
	})
	return both
}

// VACUUM is an error in a pipeline, so the proxy's own look at the catalog must not make one of a batch.
func TestVacuumWhenTheCatalogIsOld(t *testing.T) {
	c := appSession(t)
	for _, warm := range []bool{false, true} {
		if warm {
			c.send(t, query("select 1"))
			c.until('Z', 1)
			time.Sleep(2100 * time.Millisecond) // limits.catalog_age
		}
		trace := c.record(t, []step{do(parse("", "vacuum things"), bind("", ""), describe('P', ""), execute("", 0), sync)}, nil)
		sameTrace(t, trace, []string{"-- step 0", `1 ""`, `2 ""`, `n ""`, "C VACUUM", "Z I"})
	}
}

// What is prepared outlives changes of the schema by others, as far as it does on a direct connection.
func TestPreparedStatementsOverDDL(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	own := ownStack(t, func(o *stack.Options) { o.Extra = "limits: {catalog_age: 200ms}" })
	ours, plain := hijack(t, own.DSN("app", password("app"), "shop", "")), plainSession(t)
	for _, c := range []*rawConn{ours, plain} {
		c.send(t, parse("star", "select * from people where id = $1"), parse("columns", "select id, email, ssn from people where email = $1"),
			parse("write", "update people set ssn = $1 where id = 7001 returning ssn"), sync)
		c.until('Z', 1)
	}
	steps := []step{
		do(bindBinary("", "columns", "cnry-frame-1"), execute("", 0), sync),
		do(bind("", "write", "cnry-ddl"), describe('P', ""), execute("", 0), sync),
		do(bind("", "star", "7001"), execute("", 0), sync),
	}
	for _, ddl := range []string{"select", "alter table people add column extra_one int default 5", "alter table people drop column extra_one",
		"alter table people alter column name type varchar(99)", "alter table people alter column name type text",
		"alter table people rename column note to remark", "alter table people rename column remark to note",
		"create index later on people (email)", "drop index later", "analyze people"} {
		t.Run(ddl, func(t *testing.T) {
			asSuperuser(shared.pg, "shop", ddl)
			asSuperuser(shared.plain, "plain", ddl)
			// Until the proxy has read the catalog again, what names no new column works and the rest is an error.
			sameTrace(t, ours.record(t, steps[:2], nil), plain.record(t, steps[:2], nil))
			if got := ours.record(t, steps[2:], nil); got[1][0] != 'E' && got[2][0] != 'D' {
				t.Error(got)
			}
			time.Sleep(500 * time.Millisecond)
			sameTrace(t, ours.record(t, steps, nil), plain.record(t, steps, nil))
		})
	}
}

// A table that somebody has locked is nobody else's trouble: not even the proxy's, which describes it now and then.
func TestLockedTable(t *testing.T) {
	own := ownStack(t, func(o *stack.Options) { o.Extra = "limits: {catalog_age: 200ms}" })
	su := directly(t)
	var sessions []*pgconn.PgConn
	for range 3 {
		c := session(t, own, "app")
		rowsOf(t, c, "select count(*) from things")
		sessions = append(sessions, c)
	}
	rowsOf(t, su, "begin; lock table people in access exclusive mode")
	rowsOf(t, sessions[2], "begin")
	for range 3 {
		time.Sleep(500 * time.Millisecond) // the catalog is old
		for i, c := range sessions {
			began := time.Now()
			rowsOf(t, c, "select count(*) from things")
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("session %d: a statement over another table took %v", i, took)
			}
		}
	}
	rowsOf(t, su, "rollback")
	rowsOf(t, sessions[0], "select count(*) from people")
}

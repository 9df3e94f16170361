//go:build pgbouncer

package e2e

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/stack"
)

// bouncer starts PgBouncer in front of a port of this machine. It knows the users' verifiers and logs in with what their proofs give away.
func bouncer(t *testing.T, to int, more string) (port int) {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgveil-pgbouncer-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	var verifiers [][2]string
	for _, row := range rowsOf(t, directly(t), "select rolname, rolpassword from pg_authid where rolpassword is not null") {
		verifiers = append(verifiers, [2]string{string(row[0]), string(row[1])})
	}
	b, err := postgres.StartBouncer(dir, fmt.Sprintf("* = host=127.0.0.1 port=%d", to), verifiers, "auth_type = scram-sha-256\n"+more)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Stop)
	return b.Port
}

// pooled is what an application does: parameters, transactions, errors.
func pooled(t *testing.T, dsn string, mode pgx.QueryExecMode) {
	t.Helper()
	ctx := context.Background()
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	cfg.DefaultQueryExecMode = mode
	for round := range 3 {
		c, err := pgx.ConnectConfig(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			var email, ssn string
			if err := c.QueryRow(ctx, "select email, ssn from people where email = $1", "cnry-frame-2").Scan(&email, &ssn); err != nil || email != "cnry-frame-2" || ssn != "cnry-fs-2" {
				t.Errorf("round %d.%d: %q %q %v", round, i, email, ssn, err)
			}
		}
		tx, err := c.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(ctx, "update people set ssn = $1 where id = 7003", fmt.Sprintf("cnry-pooled-%d", round)); err != nil {
			t.Error(err)
		}
		if err := tx.Commit(ctx); err != nil {
			t.Error(err)
		}
		if _, err := c.Exec(ctx, "select nosuch"); err == nil || !strings.Contains(err.Error(), "42703") {
			t.Error(err)
		}
		short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		if _, err := c.Exec(short, "select pg_sleep(30)"); err == nil {
			t.Error("not cancelled")
		}
		cancel()
		c.Close(ctx)
	}
}

func TestPgBouncerBehind(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	// The server's certificate is for TLS; PgBouncer speaks to it in clear here.
	port := bouncer(t, shared.pg.Port, "pool_mode = session")
	own := ownStack(t, func(o *stack.Options) {
		o.Upstream = fmt.Sprintf("host: 127.0.0.1, port: %d, sslmode: disable, pooler: session", port)
	})
	dsn := own.DSN("app", password("app"), "shop", "")
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		pooled(t, dsn, mode)
	}
	if got := string(rowsOf(t, connect(dsn), "show client_connection_check_interval")[0][0]); got != "0" {
		t.Errorf("client_connection_check_interval: %s", got)
	}
}

// Behind a PgBouncer that the configuration does not know of, nothing protected is touched; behind one that lends server sessions for a
// transaction although it was to pool sessions, the session ends when it meets another.
func TestPgBouncerBehindUndeclared(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	const protected = "select email from people where id = 7002"
	for _, pool := range []string{"session", "transaction", "statement"} {
		port := bouncer(t, shared.pg.Port, "pool_mode = "+pool)
		upstream := fmt.Sprintf("host: 127.0.0.1, port: %d, sslmode: disable", port)
		own := ownStack(t, func(o *stack.Options) { o.Upstream = upstream })
		c := session(t, own, "app")
		if _, err := c.Exec(t.Context(), protected).ReadAll(); err == nil || !strings.Contains(err.Error(), "PV235") {
			t.Errorf("%s: %v", pool, err)
		}
		rowsOf(t, c, "select 1")
		if pool != "transaction" {
			continue
		}
		wrong := ownStack(t, func(o *stack.Options) { o.Upstream = upstream + ", pooler: session" })
		one, other := session(t, wrong, "app"), session(t, wrong, "app")
		rowsOf(t, one, protected)
		rowsOf(t, other, "begin") // takes the server session that one had, as the latest to be free
		rowsOf(t, one, "set search_path = public")
		if _, err := one.Exec(t.Context(), protected).ReadAll(); err == nil || !strings.Contains(err.Error(), "PV236") {
			t.Errorf("another server session: %v", err)
		}
		if _, err := one.Exec(t.Context(), "select 1").ReadAll(); err == nil {
			t.Error("the session goes on")
		}
	}
}

func TestPgBouncerInFront(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	own := ownStack(t, func(o *stack.Options) { o.TLSMode = "plain-on-loopback" })
	for pool, modes := range map[string][]pgx.QueryExecMode{
		"session":     {pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol},
		"transaction": {pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol},
	} {
		port := bouncer(t, own.Port, "pool_mode = "+pool)
		dsn := fmt.Sprintf("host=127.0.0.1 port=%d user=app password=%s dbname=shop sslmode=disable", port, password("app"))
		for _, mode := range modes {
			t.Run(fmt.Sprintf("%s %v", pool, mode), func(t *testing.T) { pooled(t, dsn, mode) })
		}
	}
}

package e2e

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/loopback"
	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/stack"
)

// ownStack is another proxy in front of the shared server, for what would disturb the shared one.
func ownStack(t *testing.T, change func(*stack.Options)) *stack.Stack {
	t.Helper()
	o := stack.Options{Segments: *segments, Binary: filepath.Join(shared.Dir, "pgveil"), Postgres: shared.pg, CA: shared.ca, Encrypt: encrypt, Policy: rules,
		Extra: "log: {level: debug}\nlimits: {catalog_age: 2s}", Dir: filepath.Join(shared.Dir, "own-"+filepath.Base(t.TempDir())+time.Now().Format("150405.000000"))}
	if err := os.Mkdir(o.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	// The shared proxy's keys open what is stored.
	for _, name := range []string{"master.key", "keys"} {
		if err := copyTree(filepath.Join(shared.Dir, name), filepath.Join(o.Dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	change(&o)
	s, err := stack.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Error(err)
		}
	})
	return s
}

func copyTree(from, to string) error {
	st, err := os.Stat(from)
	if err != nil {
		return err
	}
	if st.IsDir() {
		return os.CopyFS(to, os.DirFS(from))
	}
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o600)
}

// sideBySide makes a database on both servers, on the shared one behind a proxy of its own, and connects to both as app.
func sideBySide(t *testing.T, name string, change func(*stack.Options)) (protected, plain *pgconn.PgConn, s *stack.Stack) {
	t.Helper()
	servers := []*postgres.Server{shared.pg, shared.plain}
	for _, server := range servers {
		asSuperuser(server, "postgres", "CREATE DATABASE "+name+" OWNER app TEMPLATE template0 LC_COLLATE 'C'")
		asSuperuser(server, name, "ALTER SCHEMA public OWNER TO app")
	}
	s = ownStack(t, change)
	protected = connect(s.DSN("app", password("app"), name, ""))
	plain = connect(shared.plain.DSN("app", password("app"), name, ""))
	t.Cleanup(func() {
		protected.Close(context.Background())
		plain.Close(context.Background())
		for _, server := range servers {
			asSuperuser(server, "postgres", "DROP DATABASE "+name+" WITH (FORCE)")
		}
	})
	return protected, plain, s
}

// rulesOn are rules in which app may do everything with further tables, as a list.
func rulesOn(tables string) string {
	return strings.Replace(rules, "on: [public.people, ", "on: ["+tables+", public.people, ", 1)
}

// upstreamAt has the proxy find its server at another port.
func upstreamAt(o *stack.Options, port int) {
	server := *o.Postgres
	server.Port = port
	o.Postgres = &server
}

// relayed puts a relay between the proxy and its server that carries at most so many bytes at a time, both ways. It counts connections.
func relayed(t *testing.T, o *stack.Options, atMost int, dials *atomic.Int64) {
	t.Helper()
	pump := loopback.Pieces(atMost)
	upstreamAt(o, loopback.Relay(t, o.Postgres.Port, func(to, from *net.TCPConn) {
		dials.Add(1)
		pump(to, from)
	}, pump))
}

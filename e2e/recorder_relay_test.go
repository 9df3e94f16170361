package e2e

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

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

// relay listens and carries bytes to the server, one read of at most so many bytes at a time, both ways. It counts connections.
func relay(t *testing.T, server *postgres.Server, atMost int, dials *atomic.Int64) (port int) {
	t.Helper()
	pump := loopback.Pieces(atMost)
	return loopback.Relay(t, server.Port, func(to, from *net.TCPConn) {
		dials.Add(1)
		pump(to, from)
	}, pump)
}

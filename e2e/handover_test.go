package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"github.com/pgveil/pgveil/e2e/stack"
)

// handovers and connections are what TestHandover does.
const (
	handovers   = 5
	connections = 2000
)

// Upgrades by hand-over lose no connection and no transaction: each client that comes is taken by one of the proxies.
func TestHandover(t *testing.T) {
	rowsOf(t, directly(t), "create table if not exists handed (n int); alter table handed owner to app; truncate handed")
	t.Cleanup(func() { rowsOf(t, directly(t), "drop table handed") })
	own := ownStack(t, func(o *stack.Options) {
		o.TLSMode = "plain-on-loopback"
		o.Extra = "handover: handover.sock\nlimits: {drain_timeout: 20s}"
	})
	dsn := strings.Replace(own.DSN("app", password("app"), "shop", ""), "sslmode=verify-full", "sslmode=disable", 1)
	first := own.PID()
	var done, committed atomic.Int64
	var g errgroup.Group
	for range 8 {
		g.Go(func() error {
			for n := done.Add(1); n <= connections; n = done.Add(1) {
				if err := insertOne(t.Context(), dsn, n); err != nil {
					return fmt.Errorf("connection %d: %w", n, err)
				}
				committed.Add(1)
			}
			return nil
		})
	}
	old, wait := first, own.Wait
	for i := range handovers {
		for end, enough := time.Now().Add(time.Minute), int64(100+i*(connections-200)/handovers); done.Load() <= enough; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("there are only %d connections", done.Load())
			}
		}
		pid, ends := successor(t, own, i)
		if err := wait(); err != nil {
			t.Fatalf("proxy %d: %v", old, err)
		}
		if syscall.Kill(pid, 0) != nil {
			t.Fatalf("proxy %d has ended", pid)
		}
		old, wait = pid, ends
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	rows := rowsOf(t, directly(t), "select count(*), count(distinct n) from handed")
	if got := string(rows[0][0]) + " " + string(rows[0][1]); got != fmt.Sprintf("%d %d", committed.Load(), committed.Load()) || committed.Load() != connections {
		t.Errorf("rows: %s; committed: %d of %d", got, committed.Load(), connections)
	}
	syscall.Kill(old, syscall.SIGTERM)
	if err := wait(); err != nil {
		t.Error(err)
	}
}

// insertOne is a client that connects, commits a row and leaves.
func insertOne(ctx context.Context, dsn string, n int64) error {
	c, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	_, err = c.Exec(ctx, fmt.Sprintf("begin; insert into handed values (%d); commit", n)).ReadAll()
	return err
}

// successor starts another proxy beside the one that runs, with a record of its own.
func successor(t *testing.T, s *stack.Stack, n int) (pid int, wait func() error) {
	t.Helper()
	text, err := os.ReadFile(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.Dir, fmt.Sprintf("pgveil.%d.yaml", n))
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), "audit: {dir: audit,", fmt.Sprintf("audit: {dir: audit.%d,", n), 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(s.Dir, fmt.Sprintf("pgveil.%d.log", n)))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(shared.Dir, "pgveil"), "serve", "-c", path)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { cmd.Process.Kill() })
	return cmd.Process.Pid, func() error {
		select {
		case err := <-ended:
			return err
		case <-time.After(60 * time.Second):
			return fmt.Errorf("it has not ended within a minute; see %s", log.Name())
		}
	}
}

// A service manager's sockets are used, and stay open when the proxy ends.
func TestSocketActivation(t *testing.T) {
	own := ownStack(t, func(o *stack.Options) {})
	own.Stop()
	l := listenOn(t, own.Port)
	file, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	start := func() *exec.Cmd {
		// The shell knows its own process's number, which is the proxy's after exec.
		cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$@"`, "sh", filepath.Join(shared.Dir, "pgveil"), "serve", "-c", own.Config)
		cmd.Env = append(os.Environ(), "LISTEN_FDS=1", "LISTEN_FDNAMES=pgveil")
		cmd.ExtraFiles = []*os.File{file}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	for range 2 {
		got := make(chan error, 1)
		go func() {
			done, err := tryConnect(own.DSN("app", password("app"), "shop", ""), "select 1")
			if done != nil {
				done()
			}
			got <- err
		}()
		time.Sleep(100 * time.Millisecond) // it waits in the socket's queue
		cmd := start()
		if err := <-got; err != nil {
			t.Error(err)
		}
		within(t, "the proxy is ready", func() bool {
			r, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/readyz", own.MetricsPort))
			if err == nil {
				r.Body.Close()
			}
			return err == nil && r.StatusCode == http.StatusOK
		})
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
}

func listenOn(t *testing.T, port int) *net.TCPListener {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pgveil/pgveil/e2e/stack"
)

func readyStatus(s *stack.Stack) int {
	r, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/readyz", s.MetricsPort))
	if err != nil {
		return 0
	}
	r.Body.Close()
	return r.StatusCode
}

// Readiness falls first, then the port closes; idle sessions end at once, others with their transaction, in the right place.
func TestDrainInOrder(t *testing.T) {
	own := ownStack(t, func(o *stack.Options) { o.Extra = "limits: {drain_delay: 1500ms, drain_timeout: 20s}" })
	dsn := own.DSN("app", password("app"), "shop", "")
	idle, open, batch := hijack(t, dsn), hijack(t, dsn), hijack(t, dsn)
	idle.send(t, query("select 1"))
	idle.until('Z', 1)
	open.send(t, query("begin"))
	open.until('Z', 1)
	batch.send(t, parse("", "select 7"), bind("", ""), execute("", 0), flush)
	batch.until('C', 1)
	if readyStatus(own) != http.StatusOK {
		t.Fatal("not ready")
	}
	syscall.Kill(own.PID(), syscall.SIGTERM)
	time.Sleep(200 * time.Millisecond)
	if got := readyStatus(own); got != http.StatusServiceUnavailable {
		t.Errorf("readiness after SIGTERM: %d", got)
	}
	if done, err := tryConnect(dsn, "select 1"); err != nil {
		t.Errorf("within drain_delay: %v", err)
	} else {
		done()
	}
	started := time.Now()
	last(t, append([]string{""}, ended(t, idle)...), "57P01")
	if took := time.Since(started); took > 4*time.Second {
		t.Errorf("the idle session ended after %v", took)
	}
	if _, err := tryConnect(dsn); err == nil {
		t.Error("a client was taken after the delay")
	}
	batch.send(t, sync)
	if trace := ended(t, batch); len(trace) != 3 || trace[0] != "Z I" || !strings.Contains(trace[1], "57P01") {
		t.Errorf("the batch:\n%s", strings.Join(trace, "\n"))
	}
	open.send(t, query("select 1"), query("commit"))
	trace := ended(t, open)
	if all := strings.Join(trace, "\n"); !strings.Contains(all, "C COMMIT\nZ I\nE ") {
		t.Errorf("the transaction:\n%s", all)
	}
	last(t, trace, "57P01")
	if err := own.Wait(); err != nil {
		t.Error(err)
	}
}

// At the deadline, and at a second SIGTERM, whatever runs is cancelled and told.
func TestDrainEnds(t *testing.T) {
	for name, signals := range map[string]int{"limits: {drain_timeout: 500ms}": 1, "limits: {drain_timeout: 1h}": 2} {
		t.Run(name, func(t *testing.T) {
			own := ownStack(t, func(o *stack.Options) { o.Extra = name })
			dsn := own.DSN("app", password("app"), "shop", "")
			sleeping, streaming := hijack(t, dsn), hijack(t, dsn)
			sleeping.send(t, query("select pg_sleep(1000)"))
			asleep(t, directly(t))
			streaming.send(t, query("select generate_series(1, 1000000000)"))
			started := time.Now()
			for range signals {
				syscall.Kill(own.PID(), syscall.SIGTERM)
				time.Sleep(100 * time.Millisecond)
			}
			last(t, append([]string{""}, ended(t, sleeping)...), "57P01")
			if err := own.Wait(); err != nil {
				t.Error(err)
			}
			if took := time.Since(started); took > 8*time.Second {
				t.Errorf("it took %v", took)
			}
			streaming.Close()
			within(t, "the server has stopped", func() bool {
				return len(busyPIDs(t, func(q string) [][][]byte { return rowsOf(t, directly(t), q) })) <= 1
			})
		})
	}
}

// Each thing that a reload takes over is in force, and an open session goes on.
func TestReloadKeepsSessions(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	own := ownStack(t, func(*stack.Options) {})
	c := hijack(t, own.DSN("app", password("app"), "shop", ""))
	c.send(t, query("begin"), parse("kept", "select email from people where id = $1"), sync)
	c.until('Z', 2)
	still := func(what string) {
		t.Helper()
		c.send(t, bind("", "kept", "7001"), execute("", 0), sync)
		if trace := strings.Join(c.until('Z', 1), "\n"); !strings.Contains(trace, `"cnry-frame-1"`) || !strings.HasSuffix(trace, "Z T") {
			t.Errorf("after a reload of %s:\n%s", what, trace)
		}
	}
	still("nothing")

	cert, key, err := shared.ca.Issue("localhost")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"proxy.crt": cert, "proxy.key": key} {
		if err := os.WriteFile(filepath.Join(own.Dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	own.Reload()
	time.Sleep(time.Second)
	if done, err := tryConnect(own.DSN("app", password("app"), "shop", ""), "select 1"); err != nil {
		t.Error(err)
	} else {
		done()
	}
	still("the certificate")

	rowsOf(t, directly(t), "create role late login password 'pw-late'")
	defer rowsOf(t, directly(t), "drop role late")
	if err := own.Import(); err != nil {
		t.Fatal(err)
	}
	own.Reload()
	within(t, "the new user signs in", func() bool {
		done, err := tryConnect(own.DSN("late", "pw-late", "shop", ""), "select 1")
		if done != nil {
			done()
		}
		return err == nil
	})
	still("users")

	policy := filepath.Join(own.Dir, "policy.yaml")
	text, err := os.ReadFile(policy)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(policy, []byte(strings.Replace(string(text), "show: [id]\n        mask:", "show: [id, age]\n        mask:", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	support := session(t, own, "support")
	own.Reload()
	within(t, "the policy is in force in an open session", func() bool {
		_, err := support.Exec(t.Context(), "select age from people where id = 7001").ReadAll()
		return err == nil
	})
	still("the policy")

	config, err := os.ReadFile(own.Config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(own.Config, append(config, "trusted_functions: [public.none]\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	own.Reload()
	time.Sleep(500 * time.Millisecond)
	if metric(t, own, `reload_success{what="config"`) != 1 {
		t.Error("the configuration was not loaded again")
	}
	still("the configuration")
}

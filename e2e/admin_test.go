package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/stack"
	"github.com/pgveil/pgveil/proxy"
	"github.com/pgveil/pgveil/proxy/admin"
)

// sessionsBy are the proxy's sessions as pgveil sessions shows them, by their application_name, and those without one by their state.
func sessionsBy(t *testing.T, s *stack.Stack) map[string]proxy.SessionInfo {
	t.Helper()
	out, err := s.Run(nil, "sessions", "--json", "-c", s.Config)
	var all admin.Sessions
	if err == nil {
		err = json.Unmarshal([]byte(out), &all)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	by := map[string]proxy.SessionInfo{}
	for _, i := range all.Sessions {
		name := i.Application
		if name == "" {
			name = i.State
		}
		by[name] = i
	}
	return by
}

// What the admin listener says of sessions is what they do; nothing that they carry is on any of its pages.
func TestAdminSessions(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	port, err := postgres.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	own := ownStack(t, func(o *stack.Options) { o.Extra = fmt.Sprintf("admin: {listen: \"127.0.0.1:%d\"}", port) })
	as := func(user, name string) *rawConn {
		return hijack(t, own.DSN(user, password(user), "shop", "application_name="+name))
	}
	idle, open, failed, sleeping, streaming, copying, batch := as("support", "idle"), as("app", "open"), as("app", "failed"), as("app", "sleeping"),
		as("app", "streaming"), as("app", "copying"), as("app", "batch")
	idle.send(t, query("select email, 'covert-admin' from people where id = 7001"))
	idle.until('Z', 1)
	open.send(t, query("begin; select 'covert-admin'"))
	open.until('Z', 1)
	failed.send(t, query("begin"), query("select covert_admin()"))
	failed.until('Z', 2)
	sleeping.send(t, query("select email, pg_sleep(1000), 'covert-admin' from people"))
	streaming.send(t, query("select repeat('covert-admin', 1000), generate_series(1, 1000000000)"))
	copying.send(t, query("copy people (id, name, email) from stdin"), copyData("7900\tn\tcovert-admin\n"))
	copying.until('G', 1)
	batch.send(t, parse("covert_admin", "update people set name = 'covert-admin' where id = 1"), flush)
	batch.until('1', 1)
	silent, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", own.Port))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	want := map[string]proxy.SessionInfo{
		"idle":      {State: proxy.StateIdle, Waiting: proxy.WaitingClient, Statement: "select", User: "support", Roles: []string{"support"}},
		"open":      {State: proxy.StateTransaction, Waiting: proxy.WaitingClient, Statement: "begin"},
		"failed":    {State: proxy.StateAborted, Waiting: proxy.WaitingClient, Statement: "select"},
		"sleeping":  {State: proxy.StateActive, Waiting: proxy.WaitingServer, Statement: "select"},
		"streaming": {State: proxy.StateActive, Waiting: proxy.WaitingClient, Statement: "select"},
		"copying":   {State: proxy.StateActive, Waiting: proxy.WaitingClient, Statement: "copy"},
		"batch":     {State: proxy.StateActive, Waiting: proxy.WaitingClient},
	}
	for name, w := range want {
		if w.User == "" {
			w.User, w.Roles = "app", []string{"app"}
		}
		var is proxy.SessionInfo
		matches := func() bool {
			is = sessionsBy(t, own)[name]
			return is.State == w.State && is.Waiting == w.Waiting && is.Statement == w.Statement && is.StateAge > 0.3
		}
		for until := time.Now().Add(15 * time.Second); !matches() && time.Now().Before(until); {
			time.Sleep(100 * time.Millisecond)
		}
		if !matches() || is.User != w.User || fmt.Sprint(is.Roles) != fmt.Sprint(w.Roles) || is.Database != "shop" || is.Client != "127.0.0.1" ||
			!strings.HasPrefix(is.Upstream, "default ") || is.BytesIn == 0 || is.Age < is.StateAge {
			t.Errorf("%s: %+v", name, is)
		}
	}
	if is := sessionsBy(t, own)[proxy.StateSigningIn]; is.Client != "127.0.0.1" || is.Waiting != proxy.WaitingClient {
		t.Errorf("who has not signed in: %+v", is)
	}
	for _, page := range []string{"", "sessions", "sessions?format=html", "plans", "plans?format=html", "stats", "about", "pprof/heap?debug=1",
		"pprof/goroutine?debug=1", "pprof/heap", "pprof/allocs", "pprof/profile?seconds=0.2", "pprof/trace?seconds=0.2"} {
		resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/debug/%s", port, page))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK || len(body) == 0 {
			t.Errorf("%s: %v %s", page, err, resp.Status)
		}
		for _, secret := range []string{"covert", "repeat(", "people"} {
			if strings.Contains(string(body), secret) {
				t.Errorf("%s shows %q", page, secret)
			}
		}
	}
	out, err := own.Run(nil, "top", "--once", "--every", "200ms", "--sort", "out", "-c", own.Config)
	if err != nil || !strings.Contains(out, "3 active") && !strings.Contains(out, "4 active") || strings.Contains(out, "covert") || !strings.Contains(out, " streaming ") {
		t.Errorf("%v\n%s", err, out)
	}
}

// An operator ends sessions in any state: the client reads 57P01 behind a whole message, the server's work stops, the record says it.
func TestAdminKill(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	own := ownStack(t, func(o *stack.Options) { o.Extra = "admin: {listen: \"unix:admin.sock\"}" })
	if mode, err := os.Stat(filepath.Join(own.Dir, "admin.sock")); err != nil || mode.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v", mode, err)
	}
	states := map[string]func(c *rawConn){
		"idle": func(c *rawConn) { c.send(t, query("select 1")); c.until('Z', 1) },
		"open": func(c *rawConn) {
			c.send(t, query("begin; update people set name = 'killed' where id = 7001"))
			c.until('Z', 1)
		},
		"sleeping":  func(c *rawConn) { c.send(t, query("select pg_sleep(1000)")) },
		"streaming": func(c *rawConn) { c.send(t, query("select email, generate_series(1, 1000000000) from people")) },
		"copying": func(c *rawConn) {
			c.send(t, query("copy people (id, name, email) from stdin"), copyData("7900\tn\tcnry-killed\n"))
			c.until('G', 1)
		},
		"batch": func(c *rawConn) { c.send(t, parse("", "select 1"), flush); c.until('1', 1) },
	}
	su := directly(t)
	for name, do := range states {
		c := hijack(t, own.DSN("app", password("app"), "shop", "application_name="+name))
		do(c)
		within(t, "the session shows", func() bool { return sessionsBy(t, own)[name].StateAge > 0.3 })
		id := sessionsBy(t, own)[name].ID
		if out, err := own.Run(nil, "sessions", "kill", id, "-c", own.Config); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		trace := ended(t, c)
		if at := len(trace) - 2; at < 0 || !strings.HasPrefix(trace[at], "E ") || !strings.Contains(trace[at], "57P01") {
			t.Errorf("%s: %.300s", name, strings.Join(trace[max(0, at):], "\n"))
		}
		within(t, "the server's session ends", func() bool {
			return string(rowsOf(t, su, fmt.Sprintf("select count(*) from pg_stat_activity where pid = %d", c.pid))[0][0]) == "0"
		})
		within(t, "the session is gone", func() bool { return sessionsBy(t, own)[name].ID == "" })
		within(t, "the record says it", func() bool {
			found := false
			walkFiles(own.AuditDir, func(_ string, content []byte) {
				for line := range strings.Lines(string(content)) {
					found = found || strings.Contains(line, `"kind":"session.killed"`) && strings.Contains(line, id) && strings.Contains(line, "operator")
				}
			})
			return found
		})
	}
	if rows := rowsOf(t, su, "select count(*) from people where name = 'killed' or id = 7900"); string(rows[0][0]) != "0" {
		t.Error("what was killed has been committed")
	}
	out, err := own.Run(nil, "sessions", "kill", "none", "-c", own.Config)
	if err == nil || !strings.Contains(out, "no such session") {
		t.Errorf("%v\n%s", err, out)
	}
	silent, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", own.Port))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	within(t, "who has not signed in shows", func() bool { return sessionsBy(t, own)[proxy.StateSigningIn].ID != "" })
	if out, err := own.Run(nil, "sessions", "kill", sessionsBy(t, own)[proxy.StateSigningIn].ID, "-c", own.Config); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	silent.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := silent.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
		t.Errorf("who has not signed in is still there: %v", err)
	}
	if err := own.Stop(); err != nil {
		t.Error(err)
	}
	if out, err := own.Run(nil, "audit", "verify", own.AuditDir, "--key", own.AuditKey); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

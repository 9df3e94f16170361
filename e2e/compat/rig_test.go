//go:build compat

package compat

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/stack"
)

// rig is one server, and a proxy in front of it for each way that has one.
type rig struct {
	ca  *postgres.Authority
	pg  *postgres.Server
	dir string
	// caFile is the authority's certificate.
	caFile string
	pass   map[string]*stack.Stack // by the way's name
}

var builtProxy = sync.OnceValues(func() (string, error) {
	dir, err := filepath.Abs("../../bin/compat")
	if err != nil {
		return "", err
	}
	return stack.Build(dir)
})

// rigOptions choose a rig.
type rigOptions struct {
	settings []string // lines of postgresql.conf
	extra    string   // YAML of the proxies' configuration
	before   string   // SQL, run before the proxies start, which take over the users that it makes
	tlsMode  string   // the proxies'
	bin      string   // the server's programs
	hba      string   // the server's pg_hba.conf
}

// newRig starts a server and proxies; settings are lines of postgresql.conf, extra is YAML of the proxies' configuration.
func newRig(t *testing.T, settings []string, extra string) *rig {
	t.Helper()
	return newRigOf(t, rigOptions{settings: settings, extra: extra})
}

func newRigOf(t *testing.T, o rigOptions) *rig {
	t.Helper()
	binary, err := builtProxy()
	check(t, err)
	r := &rig{pass: map[string]*stack.Stack{}}
	r.ca, err = postgres.NewAuthority()
	check(t, err)
	r.pg, err = postgres.Start(postgres.Options{TLS: r.ca, Settings: o.settings, Bin: o.bin, HBA: o.hba})
	check(t, err)
	t.Cleanup(func() { check(t, r.pg.Stop()) })
	r.dir, err = os.MkdirTemp("", "pgveil-compat-")
	check(t, err)
	t.Cleanup(func() {
		if !t.Failed() {
			os.RemoveAll(r.dir)
		}
	})
	check(t, os.Chmod(r.dir, 0o755))
	r.caFile = filepath.Join(r.dir, "ca.pem")
	check(t, os.WriteFile(r.caFile, r.ca.PEM, 0o644))
	if o.before != "" {
		r.sql(t, "postgres", o.before)
	}
	for _, w := range ways {
		if !w.through {
			continue
		}
		dir, err := os.MkdirTemp(r.dir, "stack-")
		check(t, err)
		p, err := stack.Start(stack.Options{Binary: binary, Postgres: r.pg, CA: r.ca, Dir: dir, Encrypt: w.encrypt, Policy: rules, TLSMode: o.tlsMode,
			Extra: "opaque_code: trust\n" + o.extra})
		check(t, err)
		t.Cleanup(func() { check(t, p.Stop()) })
		r.pass[w.name] = p
	}
	return r
}

// port is where a way connects to.
func (r *rig) port(w way) int {
	if w.through {
		return r.pass[w.name].Port
	}
	return r.pg.Port
}

// environment is the process's environment with libpq's variables for the superuser at the way's port.
func (r *rig) environment(w way, more ...string) []string {
	env := append(os.Environ(), "PGHOST=localhost", "PGPORT="+itoa(r.port(w)), "PGUSER="+postgres.Superuser, "PGPASSWORD="+postgres.Password,
		"PGSSLMODE=require", "PGDATABASE=postgres", "LC_ALL=C", "TZ=UTC")
	return append(env, more...)
}

// sql runs statements by psql, directly.
func (r *rig) sql(t *testing.T, database, text string) {
	t.Helper()
	cmd := exec.Command("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", text)
	cmd.Env = r.environment(ways[0])
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// run runs a program in dir and gives what it printed, both streams; err says how it ended.
func run(t *testing.T, limit time.Duration, dir string, env []string, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = dir, env, 5*time.Second
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		err = errors.Join(err, ctx.Err())
	}
	return string(out), err
}

// sourceDir is a folder of the sources of the server that is installed.
func sourceDir(t *testing.T, parts ...string) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join(append([]string{"../../bin/compat/postgresql/source"}, parts...)...))
	check(t, err)
	if _, err := os.Stat(dir); err != nil {
		t.Fatal("no sources; make test-compat fetches them")
	}
	return dir
}

// line is one row of the table in docs/compat.md.
type line struct {
	Suite   string // what ran, with its version
	Way     string // a way's name
	Passed  int
	Failed  int
	Skipped int
	Differ  []string // each: name: reason; empty where all is equal to direct
}

// recordRegress records the regression tests.
func recordRegress(t *testing.T, rows []row) {
	var lines []line
	for _, r := range rows {
		lines = append(lines, line{Suite: "regression tests", Way: r.way, Passed: r.passed, Failed: r.failed, Differ: r.differ})
	}
	record(t, "regress", lines)
}

// record keeps a suite's lines for the table; TestTable writes them into docs/compat.md.
func record(t *testing.T, name string, lines []line) {
	t.Helper()
	dir := "../../bin/compat/results"
	check(t, os.MkdirAll(dir, 0o755))
	text, err := json.MarshalIndent(lines, "", "  ")
	check(t, err)
	check(t, os.WriteFile(filepath.Join(dir, name+".json"), append(text, '\n'), 0o644))
	for _, l := range lines {
		t.Logf("%+v", l)
	}
}

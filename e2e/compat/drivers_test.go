//go:build compat

package compat

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pgveil/pgveil/e2e/postgres"
)

// driver is a client library whose own tests run against a server.
type driver struct {
	name string
	// roles are made before the proxies start, which take them over; setup is run in the new database of each way.
	roles, setup string
	user         string
	database     string
	// run gives each test's verdict: pass, fail or skip. With only, which is a test's name, it may run that one alone.
	run     func(t *testing.T, r *rig, w way, only string) map[string]string
	atLeast int
}

var drivers = []driver{
	{name: "pgx", user: postgres.Superuser, database: "pgx_test", run: runPgx, atLeast: 1000,
		roles: `CREATE ROLE pgx_md5 SUPERUSER LOGIN PASSWORD 'secret'; CREATE ROLE pgx_pw SUPERUSER LOGIN PASSWORD 'secret'; CREATE ROLE pgx_scram SUPERUSER LOGIN PASSWORD 'secret';
			CREATE ROLE pgx_ssl SUPERUSER LOGIN PASSWORD 'secret'; CREATE ROLE " tricky, ' } "" \ test user " SUPERUSER LOGIN PASSWORD 'secret'; CREATE ROLE root SUPERUSER`,
		setup: `CREATE EXTENSION hstore; CREATE EXTENSION ltree; CREATE DOMAIN uint64 AS numeric(20,0)`},
	{name: "lib/pq", user: "pqgo", database: "pqgo", run: runLibPQ, atLeast: 200,
		roles: `CREATE ROLE pqgo SUPERUSER LOGIN PASSWORD 'throw-away'; CREATE ROLE pqgossl LOGIN PASSWORD 'throw-away'; CREATE ROLE pqgosslcert LOGIN PASSWORD 'throw-away';
			CREATE ROLE pqgopassword LOGIN PASSWORD 'wordpass'; CREATE ROLE pqgoscram LOGIN PASSWORD 'wordpass'; CREATE ROLE pqgomd5 LOGIN PASSWORD 'wordpass'`},
	{name: "node-postgres", user: postgres.Superuser, database: "nodepg", run: runNodePostgres, atLeast: 60},
}

// TestDrivers runs the own tests of client libraries directly and through pgveil with nothing protected: each test's verdict must be the
// same, but for those that driver_differences.txt names.
func TestDrivers(t *testing.T) {
	allowed, used := reasons(t, "driver_differences.txt"), map[string]bool{}
	for _, d := range drivers {
		t.Run(d.name, func(t *testing.T) {
			r := newRigOf(t, rigOptions{tlsMode: "plain-on-loopback", before: d.roles, settings: []string{"max_prepared_transactions = 10", "wal_level = logical"}})
			var lines []line
			direct, verdicts := map[string]string{}, []map[string]string{}
			for _, w := range ways[:2] {
				r.sql(t, "postgres", fmt.Sprintf(`DROP DATABASE IF EXISTS %s WITH (FORCE)`, d.database))
				r.sql(t, "postgres", fmt.Sprintf(`CREATE DATABASE %s OWNER %s`, d.database, d.user))
				if d.setup != "" {
					r.sql(t, d.database, d.setup)
				}
				began := time.Now()
				got := d.run(t, r, w, "")
				l := line{Suite: d.name, Way: w.name}
				t.Logf("%s, %s: %v", d.name, w.name, time.Since(began).Round(time.Second))
				if w.through {
					for _, name := range slices.Sorted(maps.Keys(direct)) {
						why := allowed[d.name+" "+name]
						for range 3 { // some of these tests depend on time
							if got[name] != direct[name] && why == "" {
								direct[name], got[name] = d.run(t, r, ways[0], name)[name], d.run(t, r, w, name)[name]
							}
						}
						switch {
						case got[name] == direct[name]:
						case why != "":
							l.Differ = append(l.Differ, name+": "+why)
							used[d.name+" "+name] = true
						default:
							t.Errorf("%s %s: %q, directly %q", d.name, name, got[name], direct[name])
						}
					}
				} else {
					direct = got
				}
				lines = append(lines, l)
				verdicts = append(verdicts, got)
			}
			for i, got := range verdicts {
				lines[i].count(got)
				if lines[i].Passed < d.atLeast {
					t.Errorf("%s: only %d tests pass", lines[i].Way, lines[i].Passed)
				}
			}
			record(t, "driver "+strings.ReplaceAll(d.name, "/", " "), lines)
		})
	}
	for name := range allowed {
		if !used[name] {
			t.Errorf("driver_differences.txt explains what does not differ: %s", name)
		}
	}
}

func (l *line) count(verdicts map[string]string) {
	for _, v := range verdicts {
		switch v {
		case "pass":
			l.Passed++
		case "skip":
			l.Skipped++
		default:
			l.Failed++
		}
	}
}

// reasons reads a file of lines "name: reason".
func reasons(t *testing.T, file string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	check(t, err)
	all := map[string]string{}
	for _, l := range strings.Split(string(text), "\n") {
		if name, why, ok := strings.Cut(l, ": "); ok && l[0] != '#' {
			all[name] = why
		}
	}
	return all
}

func runPgx(t *testing.T, r *rig, w way, only string) map[string]string {
	dsn := func(user, password, more string) string {
		return fmt.Sprintf("host=localhost port=%d user=%s password=%s dbname=pgx_test %s", r.port(w), user, password, more)
	}
	return goTests(t, "github.com/jackc/pgx/v5", only, r.environment(w,
		"PGX_TEST_DATABASE="+dsn(postgres.Superuser, postgres.Password, "sslmode=disable"),
		"PGX_TEST_TCP_CONN_STRING="+dsn("pgx_scram", "secret", "sslmode=disable"),
		"PGX_TEST_PLAIN_PASSWORD_CONN_STRING="+dsn("pgx_pw", "secret", "sslmode=disable"),
		"PGX_TEST_SCRAM_PASSWORD_CONN_STRING="+dsn("pgx_scram", "secret", "sslmode=disable channel_binding=disable"),
		"PGX_TEST_SCRAM_PLUS_CONN_STRING="+dsn("pgx_scram", "secret", "sslmode=verify-full channel_binding=require sslrootcert="+r.caFile),
		"PGX_TEST_TLS_CONN_STRING="+dsn("pgx_ssl", "secret", "sslmode=verify-full sslrootcert="+r.caFile)))
}

func runLibPQ(t *testing.T, r *rig, w way, only string) map[string]string {
	return goTests(t, "github.com/lib/pq", only, r.environment(w, "PGUSER=pqgo", "PGDATABASE=pqgo", "PGSSLMODE=disable"))
}

// temporaryFolder is what some tests have in their names.
var temporaryFolder = regexp.MustCompile(regexp.QuoteMeta(os.TempDir()) + `/\w+/\d+`)

// goTests runs the tests of a Go module of go.mod, of that version, in a copy of its source.
func goTests(t *testing.T, module, only string, env []string) map[string]string {
	t.Helper()
	where, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	check(t, err)
	source, err := filepath.Abs(filepath.Join("../../bin/compat/.drivers", url.PathEscape(module)))
	check(t, err)
	if _, err := os.Stat(source); os.IsNotExist(err) {
		check(t, os.MkdirAll(filepath.Dir(source), 0o755))
		command(t, "cp", "-r", "--no-preserve=mode", strings.TrimSpace(string(where)), source)
	}
	args := []string{"test", "-json", "-count=1", "-p=1"}
	if folder, name, ok := strings.Cut(only, " "); ok {
		name, _, _ = strings.Cut(name, "/")
		args = append(args, "-run", "^"+name+"$", "./"+folder)
	} else {
		args = append(args, "./...")
	}
	out, err := run(t, 20*time.Minute, source, append(env, "GOFLAGS=-mod=mod", "GOWORK=off"), "go", args...)
	t.Logf("%s %s: %v", module, only, err)
	verdicts := map[string]string{}
	lines := bufio.NewScanner(strings.NewReader(out))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var e struct{ Action, Package, Test string }
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.Test != "" && slices.Contains([]string{"pass", "fail", "skip"}, e.Action) {
			name := strings.TrimPrefix(strings.TrimPrefix(e.Package, module), "/") + " " + e.Test
			verdicts[temporaryFolder.ReplaceAllString(name, "/tmp")] = e.Action
		}
	}
	if only == "" {
		check(t, os.WriteFile(source+".log", []byte(out), 0o644))
	}
	return verdicts
}

// runNodePostgres runs each test file of node-postgres; make test-compat-drivers fetches its source and what that needs.
func runNodePostgres(t *testing.T, r *rig, w way, only string) map[string]string {
	dir, err := filepath.Abs("../../bin/compat/.drivers/node/pg")
	check(t, err)
	verdicts := map[string]string{}
	params := fmt.Sprintf("postgres://%s:%s@localhost:%d/nodepg", postgres.Superuser, postgres.Password, r.port(w))
	env := r.environment(w, "PGDATABASE=nodepg", "PGSSLMODE=disable")
	if out, err := run(t, time.Minute, dir, env, "node", "script/create-test-tables.js", params); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, part := range []string{"unit", "integration"} {
		check(t, filepath.WalkDir(filepath.Join(dir, "test", part), func(path string, d fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, "-tests.js") {
				name, _ := filepath.Rel(filepath.Join(dir, "test"), path)
				if only != "" && only != name {
					return nil
				}
				verdicts[name] = "pass"
				if out, err := run(t, 2*time.Minute, dir, env, "node", path, params); err != nil {
					verdicts[name] = "fail"
					t.Logf("%s, %s: %v\n%s", name, w.name, err, out[max(0, len(out)-1500):])
				}
			}
			return err
		}))
	}
	return verdicts
}

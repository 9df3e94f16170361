//go:build compat

package compat

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/stack"
)

// beside is the first test of each schedule: a table in a schema of its own, protected where a way protects something.
const beside = `SET client_min_messages = warning;
CREATE SCHEMA crm;
CREATE TABLE crm.clients (id int PRIMARY KEY, email text UNIQUE, phone text, born date);
INSERT INTO crm.clients VALUES (1, 'ada@example.org', '555-0100', '1815-12-10'), (2, 'otto@example.org', NULL, '1832-06-14');
CREATE VIEW crm.grown AS SELECT id, email FROM crm.clients WHERE id > 0;
`

// besideStill is the last: the table is what it was.
const besideStill = `SELECT * FROM crm.clients WHERE email = 'ada@example.org' ORDER BY id;
UPDATE crm.clients SET phone = '555-0101' WHERE email = 'otto@example.org' RETURNING *;
SELECT * FROM crm.grown ORDER BY id;
`

const encrypt = `  crm.clients:
    email: {type: text, search: equality}
    phone: {type: text}
    born:  {type: date, search: equality}
`

const rules = `version: 1
unlisted: pass
roles:
  everybody:
    who: {users: ["*"], databases: ["*"]}
    allow:
      - {id: all, on: "*", do: [all], show: "*", write: "*"}
`

// way is one run of the whole schedule against a fresh server.
type way struct {
	name    string
	through bool   // the proxy
	encrypt string // its section
	opaque  string // opaque_code
}

var ways = []way{
	{name: "direct"},
	{name: "nothing protected", through: true, encrypt: "  {}", opaque: "trust"},
	{name: "a protected table beside", through: true, encrypt: encrypt, opaque: "trust"},
}

// refusing is a way of which it is only counted what differs: code that nobody can see into is refused wherever a table is protected.
var refusing = way{name: "opaque code refused", through: true, encrypt: encrypt, opaque: "refuse"}

var countRefused = flag.Bool("refuse", false, "run the tests with opaque_code: refuse too, and count what differs by which codes")

// TestRegressionSuite demands that each test of PostgreSQL's parallel schedule prints through pgveil what it prints directly, but
// for the lines that differences.txt names and explains where a table is protected.
func TestRegressionSuite(t *testing.T) {
	in := inputs(t)
	excuses := readExcuses(t, "differences.txt")
	var results []result
	for _, w := range ways {
		results = append(results, in.run(t, w))
	}
	direct := results[0]
	if len(direct.output) < 200 {
		t.Fatalf("only %d tests ran directly", len(direct.output))
	}
	rows := []row{{way: ways[0].name, passed: direct.passed, failed: len(direct.output) - direct.passed, equal: len(direct.output)}}
	for i, r := range results[1:] {
		w := ways[i+1]
		sum := row{way: w.name, passed: r.passed, failed: len(r.output) - r.passed}
		for _, name := range direct.names {
			diff := difference(t, direct.output[name], r.output[name])
			rest := diff
			if w.encrypt == encrypt {
				rest = excuses.unexcused(name, diff)
			}
			switch {
			case diff == "":
				sum.equal++
			case rest == "":
				sum.explained++
				sum.differ = append(sum.differ, name+": "+excuses.reason(name))
				t.Logf("%s, %s:\n%.3000s", w.name, name, diff)
			default:
				sum.unexplained++
				t.Errorf("%s, %s:\n%.3000s", w.name, name, rest)
			}
		}
		rows = append(rows, sum)
	}
	recordRegress(t, rows)
	for _, line := range excuses.unused() {
		t.Logf("differences.txt explains what does not differ: %s", line)
	}
	if *countRefused {
		countCodes(t, direct, in.run(t, refusing))
	}
}

// countCodes tells how many tests differ, and by how many of them each code stands in a line that differs.
func countCodes(t *testing.T, direct, r result) {
	codes, differ := map[string]int{}, 0
	for _, name := range direct.names {
		diff := difference(t, direct.output[name], r.output[name])
		if diff != "" {
			differ++
		}
		seen := map[string]bool{}
		for _, code := range refusalCode.FindAllString(diff, -1) {
			seen[code] = true
		}
		if diff != "" && len(seen) == 0 {
			seen["none"] = true
			t.Logf("%s, %s, without a code:\n%.2000s", refusing.name, name, diff)
		}
		for code := range seen {
			codes[code]++
		}
	}
	t.Logf("%s: %d of %d tests differ; by code %v", refusing.name, differ, len(direct.names), codes)
}

var refusalCode = regexp.MustCompile(`PV[0-9]{3}`)

type row struct {
	way                                           string
	passed, failed, equal, explained, unexplained int
	differ                                        []string
}

type result struct {
	names  []string
	output map[string]string
	passed int // as pg_regress judges by the expected files
}

// source is what pg_regress needs.
type source struct {
	dir, driver, bin, proxy string
}

func inputs(t *testing.T) source {
	t.Helper()
	root, err := filepath.Abs("../../bin/compat/postgresql")
	check(t, err)
	bin, err := postgres.Find()
	check(t, err)
	s := source{bin: bin, driver: filepath.Join(filepath.Dir(bin), "lib/pgxs/src/test/regress/pg_regress")}
	s.dir, err = os.MkdirTemp("", "pgveil-regress-") // the server reads and writes here, as another user
	check(t, err)
	t.Cleanup(func() {
		if !t.Failed() {
			os.RemoveAll(s.dir)
		}
	})
	check(t, os.Chmod(s.dir, 0o755))
	command(t, "cp", "-r", filepath.Join(root, "source/src/test/regress")+"/.", s.dir)
	headers := filepath.Join(root, "headers/usr/include/postgresql")
	server, _ := filepath.Glob(headers + "/*/server")
	if len(server) != 1 {
		t.Fatal("no headers; make test-compat fetches them")
	}
	command(t, "cc", "-O1", "-fPIC", "-shared", "-I"+server[0], "-I/usr/include/postgresql", "-o", filepath.Join(s.dir, "regress.so"), filepath.Join(s.dir, "regress.c"))
	for _, name := range []string{"autoinc.so", "refint.so"} {
		text, err := os.ReadFile(filepath.Join(filepath.Dir(bin), "lib", name))
		check(t, err)
		check(t, os.WriteFile(filepath.Join(s.dir, name), text, 0o755))
	}
	schedule, err := os.ReadFile(filepath.Join(s.dir, "parallel_schedule"))
	check(t, err)
	check(t, os.WriteFile(filepath.Join(s.dir, "schedule"), []byte("test: pgveil_beside\n"+string(schedule)+"\ntest: pgveil_beside_still\n"), 0o644))
	for name, text := range map[string]string{"pgveil_beside": beside, "pgveil_beside_still": besideStill} {
		check(t, os.WriteFile(filepath.Join(s.dir, "sql", name+".sql"), []byte(text), 0o644))
		check(t, os.WriteFile(filepath.Join(s.dir, "expected", name+".out"), nil, 0o644))
	}
	s.proxy, err = stack.Build(s.dir)
	check(t, err)
	return s
}

var verdict = regexp.MustCompile(`(?m)^(?:test|  ?  ?  ?  ?) *(\S+) +\.\.\. (ok|FAILED)`)

func (s source) run(t *testing.T, w way) result {
	t.Helper()
	ca, err := postgres.NewAuthority()
	check(t, err)
	pg, err := postgres.Start(postgres.Options{TLS: ca, Settings: []string{"max_prepared_transactions = 2", "shared_buffers = '128MB'"}})
	check(t, err)
	defer pg.Stop()
	port := pg.Port
	out := filepath.Join(s.dir, strings.ReplaceAll(w.name, " ", "_"))
	for _, d := range []string{out, filepath.Join(out, "results"), filepath.Join(out, "stack")} {
		check(t, os.Mkdir(d, 0o755))
		check(t, os.Chmod(d, 0o777))
	}
	if w.through {
		p, err := stack.Start(stack.Options{Binary: s.proxy, Postgres: pg, CA: ca, Dir: filepath.Join(out, "stack"), Encrypt: w.encrypt, Policy: rules, Extra: "opaque_code: " + w.opaque})
		check(t, err)
		defer p.Stop()
		port = p.Port
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.driver, "--bindir="+s.bin, "--inputdir="+s.dir, "--outputdir="+out, "--dlpath="+s.dir,
		"--max-concurrent-tests=20", "--schedule="+filepath.Join(s.dir, "schedule"), "--host=localhost", fmt.Sprint("--port=", port),
		"--user="+postgres.Superuser)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+postgres.Password, "PGSSLMODE=require")
	cmd.Dir = s.dir
	began := time.Now()
	log, err := cmd.CombinedOutput()
	check(t, os.WriteFile(filepath.Join(out, "log"), log, 0o644))
	r := result{output: map[string]string{}}
	for _, m := range verdict.FindAllStringSubmatch(string(log), -1) {
		text, err := os.ReadFile(filepath.Join(out, "results", m[1]+".out"))
		check(t, err)
		r.names = append(r.names, m[1])
		r.output[m[1]] = string(bytes.ReplaceAll(text, []byte(out), []byte("OUT")))
		if m[2] == "ok" {
			r.passed++
		}
	}
	t.Logf("%s: %d tests in %v (%v), %d as expected; see %s", w.name, len(r.names), time.Since(began).Round(time.Second), err, r.passed, out)
	return r
}

func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

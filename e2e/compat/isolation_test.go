//go:build compat

package compat

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pgveil/pgveil/e2e/postgres"
)

func itoa(n int) string { return strconv.Itoa(n) }

// The specs before and after PostgreSQL's own: they make the table of beside, and use it from two sessions.
const isolationBeside = `setup { SET client_min_messages = warning; CREATE SCHEMA crm;
CREATE TABLE crm.clients (id int PRIMARY KEY, email text UNIQUE, phone text, born date); }
session s1
step w { INSERT INTO crm.clients VALUES (1, 'ada@example.org', '555-0100', '1815-12-10'), (2, 'otto@example.org', NULL, '1832-06-14'); }
permutation w
`

const isolationStill = `session s1
step b1 { BEGIN; }
step u1 { UPDATE crm.clients SET phone = '555-0101' WHERE email = 'otto@example.org' RETURNING *; }
step c1 { COMMIT; }
step r1 { ROLLBACK; }
session s2
step u2 { UPDATE crm.clients SET phone = '555-0102' WHERE email = 'otto@example.org' RETURNING id, phone; }
step l2 { SELECT id, email FROM crm.clients WHERE email = 'otto@example.org' FOR UPDATE SKIP LOCKED; }
step i2 { INSERT INTO crm.clients VALUES (3, 'otto@example.org', NULL, NULL); }
step s2 { SELECT * FROM crm.clients ORDER BY id; }
permutation b1 u1 u2 c1 s2
permutation b1 u1 u2 r1 s2
permutation b1 u1 l2 c1 l2
permutation b1 u1 i2 r1 s2
`

var isolationVerdict = regexp.MustCompile(`(?m)^(?:test (\S+) +\.\.\. (ok|FAILED)|(ok|not ok) \d+ +[-+] (\S+))`)

// TestIsolation runs PostgreSQL's isolation suite: sessions that wait for each other, which the tester sees by their process ids.
func TestIsolation(t *testing.T) {
	r := newRig(t, []string{"max_prepared_transactions = 3"}, "")
	bin, err := postgres.Find()
	check(t, err)
	dir := filepath.Join(r.dir, "isolation")
	command(t, "cp", "-r", sourceDir(t, "src/test/isolation"), dir)
	schedule, err := os.ReadFile(filepath.Join(dir, "isolation_schedule"))
	check(t, err)
	check(t, os.WriteFile(filepath.Join(dir, "schedule"), []byte("test: pgveil_beside\n"+string(schedule)+"\ntest: pgveil_still\n"), 0o644))
	for name, text := range map[string]string{"pgveil_beside": isolationBeside, "pgveil_still": isolationStill} {
		check(t, os.WriteFile(filepath.Join(dir, "specs", name+".spec"), []byte(text), 0o644))
		check(t, os.WriteFile(filepath.Join(dir, "expected", name+".out"), nil, 0o644))
	}
	runs := isolation{r: r, dir: dir, bin: bin, driver: filepath.Join(filepath.Dir(bin), "lib/pgxs/src/test/isolation/pg_isolation_regress")}
	all := []string{"--schedule=" + filepath.Join(dir, "schedule")}
	direct := runs.run(t, ways[0], all...)
	if len(direct) < 100 || !strings.Contains(direct["pgveil_still"].output, "<waiting ...>") {
		t.Fatalf("%d tests ran, and perhaps no session waited for another", len(direct))
	}
	var lines []line
	for i, w := range ways {
		got := direct
		if i > 0 {
			got = runs.run(t, w, all...)
		}
		if len(got) != len(direct) {
			t.Errorf("%s: %d tests ran, %d directly", w.name, len(got), len(direct))
		}
		l := line{Suite: "isolation", Way: w.name}
		for name := range direct {
			// When a notice is shown beside a step that waits depends on time: what differs is looked at again.
			for try := 0; try < 3 && !strings.HasPrefix(name, "pgveil_") && !same(got[name], direct[name]); try++ {
				direct[name], got[name] = runs.run(t, ways[0], name)[name], runs.run(t, w, name)[name]
			}
			if got[name].ok || strings.HasPrefix(name, "pgveil_") { // these have no expected files: direct is what they are held to
				l.Passed++
			} else {
				l.Failed++
			}
			if !same(got[name], direct[name]) {
				t.Errorf("%s, %s:\n%.3000s", w.name, name, difference(t, direct[name].output, got[name].output))
			}
		}
		lines = append(lines, l)
	}
	record(t, "isolation", lines)
}

// same holds two results to each other. Both are right where both are as one of PostgreSQL's expected files.
func same(a, b isolated) bool { return a.ok && b.ok || a.output == b.output }

type isolation struct {
	r                *rig
	dir, bin, driver string
}

// isolated is what became of one test.
type isolated struct {
	ok     bool // as expected by PostgreSQL
	output string
}

// run runs tests one way: a schedule, or names.
func (s isolation) run(t *testing.T, w way, tests ...string) map[string]isolated {
	t.Helper()
	out := filepath.Join(s.dir, "out "+w.name)
	check(t, os.MkdirAll(filepath.Join(out, "results"), 0o755))
	began := time.Now()
	log, err := run(t, 15*time.Minute, s.dir, s.r.environment(w), s.driver, append([]string{"--bindir=" + s.bin, "--inputdir=" + s.dir, "--outputdir=" + out,
		"--host=localhost", "--port=" + itoa(s.r.port(w)), "--user=" + postgres.Superuser, "--dbname=isolation_regression"}, tests...)...)
	all := map[string]isolated{}
	for _, m := range isolationVerdict.FindAllStringSubmatch(log, -1) {
		name := m[1] + m[4]
		text, err := os.ReadFile(filepath.Join(out, "results", name+".out"))
		check(t, err)
		all[name] = isolated{ok: m[2]+m[3] == "ok", output: string(text)}
	}
	t.Logf("%s: %d tests in %v (%v)", w.name, len(all), time.Since(began).Round(time.Second), err)
	return all
}

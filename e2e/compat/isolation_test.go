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
	driver := filepath.Join(filepath.Dir(bin), "lib/pgxs/src/test/isolation/pg_isolation_regress")
	var lines []line
	direct := map[string]string{}
	for _, w := range ways {
		out := filepath.Join(dir, "out "+w.name)
		check(t, os.MkdirAll(filepath.Join(out, "results"), 0o755))
		began := time.Now()
		log, err := run(t, 15*time.Minute, dir, r.environment(w), driver, "--bindir="+bin, "--inputdir="+dir, "--outputdir="+out,
			"--schedule="+filepath.Join(dir, "schedule"), "--host=localhost", "--port="+itoa(r.port(w)), "--user="+postgres.Superuser, "--dbname=isolation_regression")
		got := line{Suite: "isolation", Way: w.name}
		for _, m := range isolationVerdict.FindAllStringSubmatch(log, -1) {
			name := m[1] + m[4]
			text, err := os.ReadFile(filepath.Join(out, "results", name+".out"))
			check(t, err)
			ok := m[2]+m[3] == "ok" || strings.HasPrefix(name, "pgveil_") // these have no expected files: direct is what they are held to
			if ok {
				got.Passed++
			} else {
				got.Failed++
			}
			if !w.through {
				direct[name] = string(text)
			} else if diff := difference(t, direct[name], string(text)); diff != "" {
				got.Differ = append(got.Differ, name)
				t.Errorf("%s, %s:\n%.3000s", w.name, name, diff)
			}
		}
		t.Logf("%s: %v (%v)", w.name, time.Since(began).Round(time.Second), err)
		if n := got.Passed + got.Failed; n < 100 || n != len(direct) {
			t.Errorf("%s: %d tests ran, %d directly\n%.2000s", w.name, n, len(direct), log)
		}
		if !strings.Contains(direct["pgveil_still"], "<waiting ...>") {
			t.Error("no session waited for another")
		}
		lines = append(lines, got)
	}
	record(t, "isolation", lines)
}

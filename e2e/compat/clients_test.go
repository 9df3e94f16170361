//go:build compat

package compat

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pgveil/pgveil/e2e/postgres"
)

// clientPrograms are PostgreSQL's own clients of one major version.
type clientPrograms struct {
	major int
	bin   string
}

func (c clientPrograms) program(name string) string { return filepath.Join(c.bin, name) }

// installed are the programs of the system's server.
func installed(t *testing.T) clientPrograms {
	t.Helper()
	bin, err := postgres.Find()
	check(t, err)
	out, err := run(t, time.Minute, ".", os.Environ(), filepath.Join(bin, "psql"), "--version")
	check(t, err)
	major, err := strconv.Atoi(regexp.MustCompile(`\d+`).FindString(out))
	check(t, err)
	return clientPrograms{major, bin}
}

// scriptFor is the psql script without what is newer than a major version.
func scriptFor(t *testing.T, major int) string {
	t.Helper()
	text, err := os.ReadFile("testdata/psql.sql")
	check(t, err)
	var b strings.Builder
	since := 0
	for _, line := range strings.SplitAfter(string(text), "\n") {
		if v, ok := strings.CutPrefix(line, "-- since "); ok {
			since, err = strconv.Atoi(strings.TrimSpace(v))
			check(t, err)
		}
		if since <= major {
			b.WriteString(strings.ReplaceAll(line, "FILE", "clients.copy"))
		}
	}
	return b.String()
}

// watched is the title of what \watch shows, which has the time.
var watched = regexp.MustCompile(`(?m)^.*\(every .*\)$`)

// TestClients runs psql, pg_dump and pg_restore of the system and of 18 on servers of both: on a plain database directly, and on one with
// a protected table through pgveil. What they print is the same, but for the lines that client_differences.txt names.
func TestClients(t *testing.T) {
	system := installed(t)
	newer := clientPrograms{18, filepath.Dir(clientProgram(t, "psql"))}
	excuses := readExcuses(t, "client_differences.txt")
	var lines []line
	for _, server := range []struct {
		major int
		bin   string
	}{{system.major, system.bin}, {18, versionBin(t, 18)}} {
		r := newRigOf(t, rigOptions{bin: server.bin})
		for _, client := range []clientPrograms{system, newer} {
			options := []string{""}
			if client.major >= 18 {
				options = append(options, " max_protocol_version=latest sslnegotiation=direct")
			}
			for i, o := range options {
				if o != "" && server.major < 18 {
					continue // a server before 17 takes no direct TLS
				}
				l := line{Suite: fmt.Sprintf("psql %d on PostgreSQL %d%s", client.major, server.major, o), Way: "a protected table beside"}
				name := fmt.Sprintf("psql_%d_%d_%d", client.major, server.major, i)
				l.compare(t, excuses, fmt.Sprintf("psql%d", client.major), r.psql(t, client, ways[0], name+"_direct", o), r.psql(t, client, ways[2], name+"_through", o))
				lines = append(lines, l)
			}
			if client.major < server.major {
				continue // pg_dump refuses newer servers
			}
			l := line{Suite: fmt.Sprintf("pg_dump and pg_restore %d on PostgreSQL %d", client.major, server.major), Way: "a protected table beside"}
			name := fmt.Sprintf("psql_%d_%d_0", client.major, server.major)
			older := client.major >= 17 && server.major < 17 // what such a pg_dump writes holds a setting that no such server has
			for _, format := range []string{"plain", "custom", "directory", "inserts", "statistics"} {
				if format == "statistics" && server.major < 18 {
					continue
				}
				direct := r.dumped(t, client, ways[0], name+"_direct", format, older)
				through := r.dumped(t, client, ways[2], name+"_through", format, older)
				if plain := ofClients.ReplaceAllString(direct, ""); plain != direct {
					direct = plain
					l.Differ = append(l.Differ, format+": the statistics of a protected table are not shown")
				}
				l.compare(t, excuses, fmt.Sprintf("dump%d_%s", client.major, format), direct, through)
			}
			lines = append(lines, l)
		}
	}
	for _, unused := range excuses.unused() {
		t.Errorf("client_differences.txt explains what does not differ: %s", unused)
	}
	record(t, "clients", lines)
}

// compare counts one comparison.
func (l *line) compare(t *testing.T, all excuses, test, direct, through string) {
	t.Helper()
	diff := difference(t, direct, through)
	switch rest := all.unexcused(test, diff); {
	case rest != "":
		l.Failed++
		t.Errorf("%s, %s:\n%.6000s", l.Suite, test, rest)
	case diff != "":
		for _, e := range all {
			if d := test + ": " + e.reason; e.test == test && e.matched && !slices.Contains(l.Differ, d) {
				l.Differ = append(l.Differ, d)
			}
		}
		fallthrough
	default:
		l.Passed++
	}
}

// psql runs the script in a new database and gives what it printed.
func (r *rig) psql(t *testing.T, c clientPrograms, w way, database, options string) string {
	t.Helper()
	r.sql(t, "postgres", "CREATE DATABASE "+database)
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "script"), []byte(scriptFor(t, c.major)), 0o644))
	out, err := run(t, 5*time.Minute, dir, r.environment(w), c.program("psql"), "-X", "-e", "-v", "VERBOSITY=default", "-d", "dbname="+database+options, "-f", "script")
	check(t, err)
	if options != "" {
		shown, err := run(t, time.Minute, dir, r.environment(w), c.program("psql"), "-X", "-d", "dbname="+database+options, "-c", `\conninfo`)
		check(t, err)
		if !regexp.MustCompile(`Protocol Version +\| 3\.2`).MatchString(shown) || !regexp.MustCompile(`ALPN +\| postgresql`).MatchString(shown) {
			t.Errorf("%s: not 3.2, or no direct TLS:\n%s", w.name, shown)
		}
	}
	return watched.ReplaceAllString(out, "(every)")
}

// ofClients are the statistics of the protected table's columns in a dump.
var ofClients = regexp.MustCompile(`SELECT \* FROM pg_catalog\.pg_restore_attribute_stats\(\n\t'version', '\d+'::integer,\n\t'schemaname', 'crm',\n\t'relname', 'clients',\n(\t.*\n)+\);\n`)

// restricted is what pg_dump writes of its own, with random letters.
var restricted = regexp.MustCompile(`(?m)^\\(un)?restrict .*$`)

// dumped dumps a database, restores that into a new one the same way, and gives both dumps as SQL.
func (r *rig) dumped(t *testing.T, c clientPrograms, w way, database, format string, older bool) string {
	t.Helper()
	tool := func(name string, args ...string) {
		t.Helper()
		if out, err := run(t, 5*time.Minute, r.dir, r.environment(w), c.program(name), args...); err != nil {
			t.Fatalf("%s, %s %v: %v\n%s", w.name, name, args, err, out)
		}
	}
	file := filepath.Join(r.dir, database+"."+format)
	options := map[string][]string{"plain": nil, "custom": {"-Fc"}, "directory": {"-Fd", "-j2"}, "inserts": {"--inserts", "--rows-per-insert=3"}, "statistics": {"--statistics"}}
	tool("pg_dump", append(options[format], "-d", database, "-f", file)...)
	copied := database + "_" + format
	r.sql(t, "postgres", "CREATE DATABASE "+copied)
	script := file
	if format == "custom" || format == "directory" {
		script = file + ".sql"
		tool("pg_restore", "-f", script, file)
	}
	if older {
		text, err := os.ReadFile(script)
		check(t, err)
		script = file + ".older"
		check(t, os.WriteFile(script, []byte(strings.Replace(string(text), "SET transaction_timeout = 0;\n", "", 1)), 0o644))
	}
	if script == file || older {
		tool("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", copied, "-f", script)
	} else {
		tool("pg_restore", "-e", "-d", copied, file)
	}
	again := file + ".again"
	tool("pg_dump", "-d", copied, "-f", again)
	var b strings.Builder
	for _, name := range []string{script, again} {
		text, err := os.ReadFile(name)
		check(t, err)
		b.Write(restricted.ReplaceAll(text, nil))
	}
	if !strings.Contains(b.String(), "ada@example.org") {
		t.Errorf("%s, %s: the dump has no values", w.name, format)
	}
	return b.String()
}

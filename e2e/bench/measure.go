package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pgveil/pgveil/e2e/stack"
)

// workload is one pgbench script.
type workload struct {
	name, script string
	tls          bool // on the client's leg
}

func (b *bench) workloads(only []string) []workload {
	const lookup = `\set id random(0, 9999)
SELECT name, email, ssn FROM customers* WHERE id = :id;
`
	all := []workload{
		{"key lookup", lookup, false},
		{"key lookup, TLS", lookup, true},
		{"equality search", `\set account random(1000000, 1009999)
SELECT id, name FROM customers* WHERE account = :account;
`, false},
		{"insert", `\set id random(0, 9999)
\set account random(1000000, 1009999)
INSERT INTO events* (customer, account, note) VALUES (:id, :account, 'a note of medium length');
`, false},
		{"scan of 10,000 rows", "SELECT id, name, email, ssn FROM customers*;\n", false},
	}
	if only == nil {
		return all
	}
	return slices.DeleteFunc(all, func(w workload) bool {
		return !slices.ContainsFunc(only, func(s string) bool { return strings.HasPrefix(w.name, s) })
	})
}

// row is one cell of the report: all targets under the same load.
type row struct {
	workload, mode, clients string
	runs                    map[string][]run1
}

// run1 is one measurement.
type run1 struct {
	tps float64
	cpu float64 // seconds of the target's process per transaction
	mem int     // its peak resident memory so far, KiB
}

var tpsLine = regexp.MustCompile(`tps = ([0-9.]+) \(without`)
var countLine = regexp.MustCompile(`number of transactions actually processed: ([0-9]+)`)

// cell measures every target, round by round.
func (b *bench) cell(w workload, mode, clients string, seconds, rounds int) (row, error) {
	r := row{workload: w.name, mode: mode, clients: clients, runs: map[string][]run1{}}
	script := filepath.Join(b.dir, "script.sql")
	for round := range rounds {
		for i := range b.targets {
			t := b.targets[(i+round)%len(b.targets)] // nobody always comes first
			if err := os.WriteFile(script, []byte(t.named(w.script)), 0o644); err != nil {
				return r, err
			}
			m, err := measure(t, w, script, mode, clients, seconds)
			if err != nil {
				return r, fmt.Errorf("%s, %s, %s, %s clients: %w", w.name, t.name, mode, clients, err)
			}
			r.runs[t.name] = append(r.runs[t.name], m)
		}
	}
	return r, nil
}

// measure runs pgbench against t. On a machine that is held up, the time may be over before the clients are connected; then it tries
// again with more.
func measure(t target, w workload, script, mode, clients string, seconds int) (run1, error) {
	r, err := measureOnce(t, w, script, mode, clients, seconds)
	for tries := 0; errors.Is(err, errNothing) && tries < 3; tries++ {
		seconds *= 2
		r, err = measureOnce(t, w, script, mode, clients, seconds)
	}
	return r, err
}

var errNothing = errors.New("pgbench finished no transaction")

func measureOnce(t target, w workload, script, mode, clients string, seconds int) (run1, error) {
	threads := "2"
	if clients == "1" {
		threads = "1"
	}
	before := cpuTime(t.pid)
	cmd := exec.Command("pgbench", "-n", "-h", "127.0.0.1", "-p", strconv.Itoa(t.port), "-U", benchUser, "-M", mode, "-c", clients,
		"-j", threads, "-T", strconv.Itoa(seconds), "-f", script, t.database)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+benchPassword, "PGSSLMODE="+map[bool]string{false: "disable", true: "require"}[w.tls])
	out, err := cmd.CombinedOutput()
	if err != nil {
		return run1{}, fmt.Errorf("%w\n%s", err, out)
	}
	tps, count := tpsLine.FindSubmatch(out), countLine.FindSubmatch(out)
	if count != nil && string(count[1]) == "0" {
		return run1{}, errNothing
	}
	if tps == nil || count == nil {
		return run1{}, fmt.Errorf("pgbench said:\n%s", out)
	}
	var r run1
	r.tps, _ = strconv.ParseFloat(string(tps[1]), 64)
	n, _ := strconv.ParseFloat(string(count[1]), 64)
	r.cpu = (cpuTime(t.pid) - before) / max(n, 1)
	r.mem = peak(t.pid)
	return r, nil
}

func cpuTime(pid int) float64 { return stack.CPU(pid) }
func peak(pid int) int        { return stack.Memory(pid, "VmHWM") }

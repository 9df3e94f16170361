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

	"github.com/pgveil/pgveil/e2e/stack"
)

// row is one line of the report: all targets under the same load.
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

// measureCell measures a cell's targets, round by round.
func (b *bench) measureCell(c cell, o options) (row, error) {
	r := row{workload: c.name, mode: c.mode, clients: c.clients, runs: map[string][]run1{}}
	script := filepath.Join(b.dir, "script.sql")
	for round := range o.rounds {
		for i := range c.targets {
			t := b.target(c.targets[(i+round)%len(c.targets)]) // nobody always comes first
			if err := os.WriteFile(script, []byte(t.named(c.script)), 0o644); err != nil {
				return r, err
			}
			m, err := b.measure(t, c, script, o.seconds)
			if err != nil {
				return r, fmt.Errorf("%s, %s, %s, %s clients: %w", c.name, t.name, c.mode, c.clients, err)
			}
			r.runs[t.name] = append(r.runs[t.name], m)
		}
	}
	return r, nil
}

func (b *bench) target(name string) target {
	return b.targets[slices.IndexFunc(b.targets, func(t target) bool { return t.name == name })]
}

// measure runs pgbench against t. On a machine that is held up, the time may be over before the clients are connected; then it tries
// again with more. Sign-ins are no part of what a transaction costs: their processor time is taken off.
func (b *bench) measure(t target, c cell, script string, seconds int) (run1, error) {
	before := cpuTime(t.pid)
	tps, n, err := pgbench(t, c, script, "-T", strconv.Itoa(seconds))
	for tries := 0; errors.Is(err, errNothing) && tries < 3; tries++ {
		seconds *= 2
		before = cpuTime(t.pid)
		tps, n, err = pgbench(t, c, script, "-T", strconv.Itoa(seconds))
	}
	if err != nil {
		return run1{}, err
	}
	used := cpuTime(t.pid) - before
	one, err := b.signInCost(t, c.tls)
	clients, _ := strconv.Atoi(c.clients)
	return run1{tps: tps, cpu: max(0, used-one*float64(clients)) / n, mem: peak(t.pid)}, err
}

// signIns is how many are measured at once, and how often.
const signIns, signInRounds = 32, 4

// signInCost is the processor time, in seconds, of a sign-in to t and one statement.
func (b *bench) signInCost(t target, tls bool) (float64, error) {
	key := fmt.Sprint(t.name, " ", t.pid, " ", tls)
	if cost, ok := b.signedIn[key]; ok || t.pid == 0 {
		return cost, nil
	}
	script := filepath.Join(b.dir, "nothing.sql")
	if err := os.WriteFile(script, []byte("SELECT 1;\n"), 0o644); err != nil {
		return 0, err
	}
	c := cell{workload{tls: tls}, "simple", strconv.Itoa(signIns)}
	var before float64
	for round := range signInRounds + 1 { // the first one makes what stays, such as a pool
		if round == 1 {
			before = cpuTime(t.pid)
		}
		if _, _, err := pgbench(t, c, script, "-t", "1"); err != nil {
			return 0, err
		}
	}
	b.signedIn[key] = (cpuTime(t.pid) - before) / (signIns * signInRounds)
	return b.signedIn[key], nil
}

var errNothing = errors.New("pgbench finished no transaction")

// pgbench runs for so long or so often, and gives transactions a second, without the time that connecting took, and how many there were.
func pgbench(t target, c cell, script, unit, much string) (tps, n float64, err error) {
	threads := "2"
	if c.clients == "1" {
		threads = "1"
	}
	cmd := exec.Command("pgbench", "-n", "-h", "127.0.0.1", "-p", strconv.Itoa(t.port), "-U", benchUser, "-M", c.mode, "-c", c.clients,
		"-j", threads, unit, much, "-f", script, t.database)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+benchPassword, "PGSSLMODE="+map[bool]string{false: "disable", true: "require"}[c.tls])
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, 0, fmt.Errorf("%w\n%s", err, out)
	}
	rate, count := tpsLine.FindSubmatch(out), countLine.FindSubmatch(out)
	if count != nil && string(count[1]) == "0" {
		return 0, 0, errNothing
	}
	if rate == nil || count == nil {
		return 0, 0, fmt.Errorf("pgbench said:\n%s", out)
	}
	tps, _ = strconv.ParseFloat(string(rate[1]), 64)
	n, _ = strconv.ParseFloat(string(count[1]), 64)
	return tps, n, nil
}

func cpuTime(pid int) float64 { return stack.CPU(pid) }
func peak(pid int) int        { return stack.Memory(pid, "VmHWM") }

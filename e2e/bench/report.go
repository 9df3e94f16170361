package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// ratio is one target's throughput divided by another's, round by round: median, smallest, largest.
type ratio struct{ median, low, high float64 }

func (r row) ratio(of, to string, figure func(run1) float64) ratio {
	var all []float64
	for i := range min(len(r.runs[of]), len(r.runs[to])) {
		if d := figure(r.runs[to][i]); d > 0 {
			all = append(all, figure(r.runs[of][i])/d)
		}
	}
	if len(all) == 0 {
		return ratio{}
	}
	slices.Sort(all)
	return ratio{(all[(len(all)-1)/2] + all[len(all)/2]) / 2, all[0], all[len(all)-1]}
}

func tps(r run1) float64 { return r.tps }
func cpu(r run1) float64 { return r.cpu }

func (q ratio) String() string {
	if q.median == 0 {
		return "·"
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", q.median, q.low, q.high)
}

// comparison is a column of the report.
type comparison struct {
	title, of, to string
	figure        func(run1) float64
}

var (
	bouncerDirect = comparison{"PgBouncer / direct", "pgbouncer", "direct", tps}
	passDirect    = comparison{"pass / direct", "pgveil pass", "direct", tps}
	relayBouncer  = comparison{"relay / PgBouncer", "relay", "pgbouncer", tps}
	passBouncer   = comparison{"pass / PgBouncer", "pgveil pass", "pgbouncer", tps}
	cellsDirect   = comparison{"cells / direct", "cells", "direct", tps}
	sealedPass    = comparison{"sealed / pass", "pgveil sealed", "pgveil pass", tps}
	cpuRelay      = comparison{"CPU relay / PgBouncer", "relay", "pgbouncer", cpu}
	cpuPass       = comparison{"CPU pass / PgBouncer", "pgveil pass", "pgbouncer", cpu}
	cpuSealed     = comparison{"CPU sealed / pass", "pgveil sealed", "pgveil pass", cpu}

	comparisons = []comparison{bouncerDirect, passDirect, relayBouncer, passBouncer, cellsDirect, sealedPass, cpuRelay, cpuPass, cpuSealed,
		{"pass / other's", "pgveil pass", "other pass", tps}, {"sealed / other's", "pgveil sealed", "other sealed", tps},
		{"CPU pass / other's", "pgveil pass", "other pass", cpu}, {"CPU sealed / other's", "pgveil sealed", "other sealed", cpu}}
)

func (r row) compare(c comparison) ratio { return r.ratio(c.of, c.to, c.figure) }

// measured reports whether r has what c compares.
func (r row) measured(c comparison) bool { return r.runs[c.of] != nil && r.runs[c.to] != nil }

func (r row) line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-20s %-9s %3s", r.workload, r.mode, r.clients)
	for _, c := range comparisons {
		if r.measured(c) {
			fmt.Fprintf(&b, "  %s %s", c.title, r.compare(c))
		}
	}
	return b.String()
}

// grid is a table with the columns that any of rows has something for, behind those that head makes.
func grid(rows []row, head func(row) []string, titles ...string) string {
	var s strings.Builder
	var shown []comparison
	for _, c := range comparisons {
		if slices.ContainsFunc(rows, func(r row) bool { return r.measured(c) }) {
			shown = append(shown, c)
			titles = append(titles, c.title)
		}
	}
	s.WriteString("| " + strings.Join(titles, " | ") + " |\n" + strings.Repeat("|---", len(titles)) + "|\n")
	for _, r := range rows {
		line := head(r)
		for _, c := range shown {
			line = append(line, r.compare(c).String())
		}
		s.WriteString("| " + strings.Join(line, " | ") + " |\n")
	}
	return s.String()
}

func (b *bench) markdown(res results, o options, took time.Duration) string {
	var s strings.Builder
	version, _ := exec.Command("pgbouncer", "-V").Output()
	first, _, _ := strings.Cut(string(version), "\n")
	commit, _ := exec.Command("git", "describe", "--always", "--dirty").Output()
	fmt.Fprintf(&s, `# Benchmarks

Made by `+"`make bench`"+` on %s at %s, in %s: %d rounds of %d s each, targets interleaved round by round, pgbench on the same machine
(%s, %d cores, %s; %s; session pooling). Plain TCP on loopback on both legs, but
for "TLS", which is on the client's leg ("relay" then passes the server's own on). Each cell is the mean of the rounds' ratios where there are two
of them, else their median, with the smallest and the largest. Throughput: more is better. CPU is the proxy process's user and system time per transaction, sign-ins not
counted: less is better. What of this is not reached, why, and what the floor is: [performance.md](performance.md).

"relay" copies bytes in Go, two goroutines a session, and does nothing else. "pass" is pgveil in front of a database without protected columns, "sealed" in front of the same rows with three protected columns
(`+"`account` int8 equality, `email` text equality, `ssn` text"+`), "cells" a direct connection that reads what the server holds there, as it is. A key lookup opens two cells, an equality search seals one value, an
insert seals two, a scan opens 20,000.

`, time.Now().UTC().Format("2006-01-02"), strings.TrimSpace(string(commit)), took.Round(time.Second), o.rounds, o.seconds, cpuName(), runtime.NumCPU(), runtime.Version(), first)
	s.WriteString(res.summary())
	s.WriteString("\n## Statements\n\n")
	s.WriteString(grid(res.rows, func(r row) []string { return []string{r.workload, r.mode, r.clients} }, "workload", "mode", "clients"))
	fmt.Fprintf(&s, "\nPeak resident memory over these: pgveil %d MiB, PgBouncer %d MiB.\n", max(highest(res.rows, "pgveil sealed"), highest(res.rows, "pgveil pass"))>>10, highest(res.rows, "pgbouncer")>>10)
	if res.copies != nil {
		s.WriteString(copyMarkdown(res.copies, o.copyRows, o.rounds))
	}
	if res.latency != nil {
		s.WriteString(res.latency.markdown())
	}
	if res.memories != nil {
		s.WriteString(memoryMarkdown(res.memories))
	}
	return s.String()
}

func highest(rows []row, target string) (kib int) {
	for _, r := range rows {
		for _, m := range r.runs[target] {
			kib = max(kib, m.mem)
		}
	}
	return kib
}

func cpuName() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for _, line := range strings.Split(string(b), "\n") {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimSpace(strings.TrimLeft(name, "\t :"))
		}
	}
	return runtime.GOARCH
}

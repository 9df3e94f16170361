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
	for i := range r.runs[of] {
		if d := figure(r.runs[to][i]); d > 0 {
			all = append(all, figure(r.runs[of][i])/d)
		}
	}
	if len(all) == 0 {
		return ratio{}
	}
	slices.Sort(all)
	return ratio{all[len(all)/2], all[0], all[len(all)-1]}
}

func tps(r run1) float64 { return r.tps }
func cpu(r run1) float64 { return r.cpu }

func (q ratio) String() string {
	if q.median == 0 {
		return "·"
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", q.median, q.low, q.high)
}

// comparisons are the report's columns.
var comparisons = []struct {
	title, of, to string
	figure        func(run1) float64
}{
	{"PgBouncer / direct", "pgbouncer", "direct", tps},
	{"pass / direct", "pgveil pass", "direct", tps},
	{"relay / PgBouncer", "relay", "pgbouncer", tps},
	{"pass / PgBouncer", "pgveil pass", "pgbouncer", tps},
	{"sealed / pass", "pgveil sealed", "pgveil pass", tps},
	{"CPU relay / PgBouncer", "relay", "pgbouncer", cpu},
	{"CPU pass / PgBouncer", "pgveil pass", "pgbouncer", cpu},
	{"CPU sealed / pass", "pgveil sealed", "pgveil pass", cpu},
}

func (r row) line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-20s %-9s %3s", r.workload, r.mode, r.clients)
	for _, c := range comparisons {
		fmt.Fprintf(&b, "  %s %s", c.title, r.ratio(c.of, c.to, c.figure))
	}
	return b.String()
}

func (b *bench) markdown(rows []row, seconds, rounds int, took time.Duration) string {
	var s strings.Builder
	version, _ := exec.Command("pgbouncer", "-V").Output()
	first, _, _ := strings.Cut(string(version), "\n")
	fmt.Fprintf(&s, `# Benchmarks

Made by `+"`make bench`"+` on %s, in %s: %d rounds of %d s each, targets interleaved round by round, pgbench on the same machine
(%s, %d cores, %s; %s; session pooling). Plain TCP on loopback on both legs, but
for "TLS", which is on the client's leg ("relay" then passes the server's own on). Each cell is the median of the rounds' ratios, with the
smallest and the largest. Throughput: more is better. CPU is the proxy process's user and system time per transaction: less is better.

"relay" copies bytes in Go, two goroutines a session, and does nothing else. "pass" is pgveil in front of a database without protected columns, "sealed" in front of the same rows with three protected columns
(`+"`account` int8 equality, `email` text equality, `ssn` text"+`). A key lookup opens two cells, an equality search seals one value, an
insert seals two, a scan opens 20,000.

| workload | mode | clients |`, time.Now().UTC().Format("2006-01-02"), took.Round(time.Second), rounds, seconds, cpuName(), runtime.NumCPU(), runtime.Version(), first)
	for _, c := range comparisons {
		s.WriteString(" " + c.title + " |")
	}
	s.WriteString("\n|---|---|---|" + strings.Repeat("---|", len(comparisons)) + "\n")
	for _, r := range rows {
		fmt.Fprintf(&s, "| %s | %s | %s |", r.workload, r.mode, r.clients)
		for _, c := range comparisons {
			s.WriteString(" " + r.ratio(c.of, c.to, c.figure).String() + " |")
		}
		s.WriteString("\n")
	}
	fmt.Fprintf(&s, "\nPeak resident memory over the whole run: pgveil %d MiB, PgBouncer %d MiB.\n", highest(rows, "pgveil sealed")>>10, highest(rows, "pgbouncer")>>10)
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

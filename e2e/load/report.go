package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// report is what a run found.
type report struct {
	options
	took    time.Duration
	storms  []storm
	before  int // pgveil's memory in KiB: before the sessions that wait,
	waiting int // with them,
	after   int // and when all had left
	alive   int
	answers int
	windows []window
	loads   [2]string // of the machine, at the beginning and at the end
}

func (w window) line() string {
	return fmt.Sprintf("%-24.70s %6v  %7d answers  median %8v  p99 %8v  longest %8v  pgveil %.2f cores, at most %d MiB",
		w.what, round(w.took), w.answers, round(w.median), round(w.p99), round(w.longest), w.cpu, w.memory>>10)
}

func (r *report) markdown() string {
	var s strings.Builder
	leg := "Plain TCP"
	if r.tls {
		leg = "TLS"
	}
	fmt.Fprintf(&s, `# Load

Made by `+"`make load`"+` on %s, in %v, on %d cores (%s). %s on the clients' legs, plain TCP between pgveil and PostgreSQL, all on one machine together with the clients, which take their share of the
cores: the figures are good for comparing rows with each other. **Not one error**: the run ends at the first, and at the first wrong answer (`+"`e2e/load`"+`). Each session has
a PostgreSQL process of its own (%s). The machine's load averages over 1, 5 and 15 minutes were %s at the beginning and %s at the end.

## %d sign-ins at once

SCRAM-SHA-256, 4,096 iterations, on both legs; all clients begin together. Through pgveil each also looks up a row with two protected columns.

| | the last is in after | median | 99th percentile | pgveil's CPU | pgveil's memory |
|---|---|---|---|---|---|
`, time.Now().UTC().Format("2006-01-02"), round(r.took), runtime.NumCPU(), runtime.Version(), leg, serverVersion(), r.loads[0], r.loads[1], r.storm)
	for _, t := range r.storms {
		cpu, memory := "", ""
		if t.way == through {
			cpu, memory = fmt.Sprintf("%.2f s", t.cpu), fmt.Sprintf("%d → %d MiB", t.before>>10, t.memory>>10)
		}
		fmt.Fprintf(&s, "| %s | %v | %v | %v | %s | %s |\n", t.way, round(t.all), round(t.median), round(t.p99), cpu, memory)
	}
	if r.idle > 0 {
		fmt.Fprintf(&s, "\n## %d sessions that wait\n\nEach looks up a protected row, waits while all below happens, and looks up another: %d did. They add %.1f KiB each to pgveil's resident memory, which was %d MiB before and %d MiB after all had left.\n",
			r.idle, r.alive, float64(r.waiting-r.before)/float64(r.idle), r.before>>10, r.after>>10)
	}
	fmt.Fprintf(&s, `
## %d sessions that work, and one that sends %d MB

Each looks up rows by key, searches by a protected column, and counts in transactions (UPDATE, SELECT), with pauses of %v on average; %d answers in all.
"direct" sends the same to PostgreSQL itself, while the others still go through pgveil: what it takes from them is what the machine and PostgreSQL take. The largest message that pgveil reads whole is 64 MB.

| meanwhile | for | answers/s | median | 99th percentile | longest | pgveil's cores | pgveil's memory, before → most |
|---|---|---|---|---|---|---|---|
`, r.busy, r.megabytes, r.pause, r.answers)
	for _, w := range r.windows {
		fmt.Fprintf(&s, "| %s | %v | %.0f | %v | %v | %v | %.2f | %d → %d MiB |\n", w.what, round(w.took), float64(w.answers)/w.took.Seconds(),
			round(w.median), round(w.p99), round(w.longest), w.cpu, w.before>>10, w.memory>>10)
	}
	return s.String()
}

// loadAverage is the machine's, over 1, 5 and 15 minutes.
func loadAverage() string {
	b, _ := os.ReadFile("/proc/loadavg")
	return strings.Join(strings.Fields(string(b) + "? ? ?")[:3], ", ")
}

func serverVersion() string {
	out, err := exec.Command("psql", "--version").Output()
	if err != nil {
		return "unknown version"
	}
	return strings.TrimSpace(strings.Replace(string(out), "psql (PostgreSQL)", "PostgreSQL", 1))
}

// Command bench compares pgveil with a direct connection and with PgBouncer, in one run on one machine: pgbench drives each of
// them in turn, round by round, so that what else the machine does hits all alike. It prints ratios with their spread and writes
// docs/benchmarks.md. Absolute figures are only good for being divided by each other.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	seconds := flag.Int("seconds", 3, "length of one measurement")
	rounds := flag.Int("rounds", 3, "measurements of each cell")
	workloads := flag.String("workloads", "", "comma-separated workloads, of which copy is one; empty: all")
	copyRows := flag.Int("copy-rows", 1000000, "rows of the COPY workload")
	modes := flag.String("modes", "simple,extended,prepared", "comma-separated pgbench query modes")
	clients := flag.String("clients", "1,8,64", "comma-separated numbers of clients")
	hold := flag.Bool("hold", false, "set everything up, print how to reach it and wait for Ctrl-C, for a profiler")
	relayOn := flag.String("relay", "", "be the relay, listening here")
	relayTo := flag.String("relay-to", "", "where the relay relays to")
	out := flag.String("out", "", "file to write the report to, as Markdown")
	flag.Parse()
	if *relayOn != "" {
		fmt.Fprintln(os.Stderr, "bench:", relay(*relayOn, *relayTo))
		os.Exit(1)
	}
	if *hold {
		if err := holdOn(); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(*seconds, *rounds, *copyRows, split(*workloads), split(*modes), split(*clients), *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func split(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

func run(seconds, rounds, copyRows int, only, modes, clients []string, out string) error {
	started := time.Now()
	b, err := setUp()
	if err != nil {
		return err
	}
	defer b.tearDown()
	var report []row
	for _, w := range b.workloads(only) {
		for _, mode := range modes {
			for _, n := range clients {
				r, err := b.cell(w, mode, n, seconds, rounds)
				if err != nil {
					return err
				}
				fmt.Println(r.line())
				report = append(report, r)
			}
		}
	}
	var waiting string
	if only == nil || slices.Contains(only, "waiting") {
		l, err := b.latency()
		if err != nil {
			return err
		}
		m, err := b.memories()
		if err != nil {
			return err
		}
		waiting = waitingMarkdown(b, l, m)
		fmt.Print(waiting)
	}
	var copies []copyRow
	if only == nil || slices.Contains(only, "copy") {
		if copies, err = b.copies(copyRows, rounds); err != nil {
			return err
		}
		for _, r := range copies {
			fmt.Println(r.line())
		}
	}
	if out == "" {
		return nil
	}
	text := b.markdown(report, seconds, rounds, time.Since(started))
	if copies != nil {
		text += copyMarkdown(copies, copyRows, rounds)
	}
	return os.WriteFile(out, []byte(text+waiting), 0o644)
}

// holdOn keeps the targets up for as long as somebody wants to look at them.
func holdOn() error {
	b, err := setUp()
	if err != nil {
		return err
	}
	defer b.tearDown()
	for _, t := range b.targets {
		fmt.Printf("%s: PGPASSWORD=%s PGSSLMODE=disable psql -h 127.0.0.1 -p %d -U %s %s   (pid %d)\n",
			t.name, benchPassword, t.port, benchUser, t.database, t.pid)
	}
	done, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	<-done.Done()
	return nil
}

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
	"strings"
	"syscall"
	"time"
)

func main() {
	var o options
	var only, modes, clients string
	flag.IntVar(&o.seconds, "seconds", 2, "length of one measurement")
	flag.IntVar(&o.rounds, "rounds", 2, "measurements of each cell")
	flag.StringVar(&only, "workloads", "", "comma-separated beginnings of workloads' names, of which copy, latency and memory are some; empty: all")
	flag.IntVar(&o.copyRows, "copy-rows", 300000, "rows of the COPY workload")
	flag.StringVar(&modes, "modes", "", "comma-separated pgbench query modes; empty: those that each workload is asked about in")
	flag.StringVar(&clients, "clients", "", "comma-separated numbers of clients; empty: as with modes")
	flag.BoolVar(&o.later, "later", false, "look at the memory of idle sessions once more when the collector has run by itself, two minutes later")
	flag.StringVar(&o.binary, "binary", "", "the pgveil to measure; empty: one is built as a release")
	flag.StringVar(&o.against, "against", "", "another pgveil: the two are compared with each other only")
	flag.StringVar(&o.pgo, "pgo", "", "collect a profile of the proxy at work, write it to this file and measure nothing")
	flag.StringVar(&o.out, "out", "", "file to write the report to, as Markdown")
	hold := flag.Bool("hold", false, "set everything up, print how to reach it and wait for Ctrl-C, for a profiler")
	relayOn := flag.String("relay", "", "be the relay, listening here")
	relayTo := flag.String("relay-to", "", "where the relay relays to")
	flag.Parse()
	o.only, o.modes, o.clients = split(only), split(modes), split(clients)
	var err error
	switch {
	case *relayOn != "":
		err = relay(*relayOn, *relayTo)
	case *hold:
		err = holdOn(o)
	case o.pgo != "":
		err = collect(o)
	default:
		err = run(o)
	}
	if err != nil {
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

// results are all that a run measures.
type results struct {
	rows     []row
	latency  *latency
	memories []memory
	copies   []copyRow
}

// What is measured besides pgbench's workloads, as -workloads names it, and how long it takes, roughly.
const (
	latencyTakes = 10 * time.Second
	memoryTakes  = 60 * time.Second // of both legs
	copyTakes    = 25 * time.Second // a round of 300,000 rows
)

func run(o options) error {
	b, err := setUp(o.binary, o.against)
	if err != nil {
		return err
	}
	defer b.tearDown()
	others := o.against == ""
	p, cells := progress{started: time.Now()}, o.cells()
	for _, c := range cells {
		p.left += c.estimate(o)
	}
	copying := time.Duration(o.rounds) * copyTakes * time.Duration(o.copyRows) / 300000
	for name, takes := range map[string]time.Duration{"latency": latencyTakes, "memory": memoryTakes, "copy": copying} {
		if others && o.asked(name) {
			p.left += takes
		}
	}
	p.say(0, fmt.Sprintf("%d cells", len(cells)))
	var res results
	for _, c := range cells {
		r, err := b.measureCell(c, o)
		if err != nil {
			return err
		}
		p.say(c.estimate(o), r.line())
		res.rows = append(res.rows, r)
	}
	if others {
		if err := b.theRest(o, &p, copying, &res); err != nil {
			return err
		}
	}
	if o.out == "" {
		return nil
	}
	return os.WriteFile(o.out, []byte(b.markdown(res, o, time.Since(p.started))), 0o644)
}

// theRest is what pgbench can't measure.
func (b *bench) theRest(o options, p *progress, copying time.Duration, res *results) (err error) {
	if o.asked("latency") {
		l, err := b.latency()
		if err != nil {
			return err
		}
		res.latency = &l
		p.say(latencyTakes, l.markdown())
	}
	if o.asked("copy") {
		if res.copies, err = b.copies(o.copyRows, o.rounds); err != nil {
			return err
		}
		for _, r := range res.copies {
			p.say(copying/time.Duration(len(res.copies)), r.row().line())
		}
	}
	if o.asked("memory") {
		if res.memories, err = b.memories(o.later); err != nil {
			return err
		}
		p.say(memoryTakes, memoryMarkdown(res.memories))
	}
	return nil
}

// holdOn keeps the targets up for as long as somebody wants to look at them.
func holdOn(o options) error {
	b, err := setUp(o.binary, o.against)
	if err != nil {
		return err
	}
	defer b.tearDown()
	for _, t := range b.targets {
		fmt.Printf("%s: PGPASSWORD=%s PGSSLMODE=disable psql -h 127.0.0.1 -p %d -U %s %s   (pid %d)\n",
			t.name, benchPassword, t.port, benchUser, t.database, t.pid)
	}
	fmt.Println("admin socket:", b.dir+"/"+adminSocket)
	done, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	<-done.Done()
	return nil
}

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The workloads that a question of the issue is about, by name.
const (
	keyLookup, keyLookupTLS, equalitySearch = "key lookup", "key lookup, TLS", "equality search"
	inserts, scan                           = "insert", "scan of 10,000 rows"
)

// workload is one pgbench script, and how it is run if nothing else is asked for: what no question is about isn't measured.
type workload struct {
	name, script            string
	tls                     bool // on the client's leg
	modes, clients, targets []string
}

func workloads() []workload {
	const lookup = `\set id random(0, 9999)
SELECT name, email, ssn FROM customers* WHERE id = :id;
`
	modes, many := []string{"simple", "extended", "prepared"}, []string{"8", "64"}
	all := []string{"direct", "relay", "pgbouncer", "pgveil pass", "pgveil sealed"}
	ours := []string{"pgveil pass", "pgveil sealed"}
	return []workload{
		{keyLookup, lookup, false, modes, many, append([]string{"cells"}, all...)},
		{keyLookupTLS, lookup, true, modes, many, all},
		{equalitySearch, `\set account random(1000000, 1009999)
SELECT id, name FROM customers* WHERE account = :account;
`, false, modes, many, ours},
		{inserts, `\set id random(0, 9999)
\set account random(1000000, 1009999)
INSERT INTO events* (customer, account, note) VALUES (:id, :account, 'a note of medium length');
`, false, []string{"simple", "prepared"}, []string{"8"}, ours},
		{scan, "SELECT id, name, email, ssn FROM customers*;\n", false, []string{"simple", "prepared"}, []string{"1", "8"},
			[]string{"direct", "cells", "pgveil pass", "pgveil sealed"}},
	}
}

// options are the command line's.
type options struct {
	seconds, rounds, copyRows int
	only, modes, clients      []string // nil: all, and as the workload has it
	binary, against, pgo, out string
	later                     bool
}

// asked reports whether a workload is to be measured: its name begins as one of those that were given.
func (o options) asked(name string) bool {
	return o.only == nil || slices.ContainsFunc(o.only, func(s string) bool { return strings.HasPrefix(name, s) })
}

// cell is one line of the report: a workload in one mode with so many clients.
type cell struct {
	workload
	mode, clients string
}

// cells are what is to be measured, in order.
func (o options) cells() (all []cell) {
	for _, w := range workloads() {
		if !o.asked(w.name) {
			continue
		}
		if o.modes != nil {
			w.modes = o.modes
		}
		if o.clients != nil {
			w.clients = o.clients
		}
		if o.against != "" {
			w.targets = []string{"pgveil pass", "other pass", "pgveil sealed", "other sealed"}
		}
		for _, mode := range w.modes {
			for _, n := range w.clients {
				all = append(all, cell{w, mode, n})
			}
		}
	}
	return all
}

// progress tells on standard output how far a run is and when it will be done.
type progress struct {
	started    time.Time
	done, left time.Duration // of the estimates
}

// starting is what one pgbench takes besides the time that it measures: connections are made, sign-ins computed.
const starting = time.Second

func (c cell) estimate(o options) time.Duration {
	return time.Duration(len(c.targets)*o.rounds) * (time.Duration(o.seconds)*time.Second + starting)
}

// say prints a line in front of what was just done; took is what it was estimated at.
func (p *progress) say(took time.Duration, line string) {
	p.done, p.left = p.done+took, p.left-took
	spent := time.Since(p.started)
	eta := "done"
	if p.done > 0 && p.left > 0 {
		eta = "about " + (time.Duration(float64(spent) * float64(p.left) / float64(p.done))).Round(time.Second).String() + " left"
	}
	fmt.Printf("[%v, %s] %s\n", spent.Round(time.Second), eta, line)
}

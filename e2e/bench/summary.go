package main

import (
	"fmt"
	"slices"
	"strings"
)

// question is a line of what is asked of pgveil's speed: a comparison over all cells of some workloads, and its bound.
type question struct {
	what      string
	workloads []string // names, or for COPY "COPY in" and "COPY out"
	mode      string   // empty: all
	compare   comparison
	bound     float64 // 0: none, the line is there to be compared with
	most      bool    // the bound is an upper one
}

var questions = []question{
	{"key lookup, plain: throughput, pass / PgBouncer", []string{keyLookup}, "", passBouncer, 1, false},
	{"key lookup, plain: throughput, relay / PgBouncer", []string{keyLookup}, "", relayBouncer, 0, false},
	{"key lookup, TLS: throughput, pass / PgBouncer", []string{keyLookupTLS}, "", passBouncer, 1, false},
	{"key lookup, plain: CPU a transaction, pass / PgBouncer", []string{keyLookup}, "", cpuPass, 1.4, true},
	{"key lookup, plain: CPU a transaction, relay / PgBouncer", []string{keyLookup}, "", cpuRelay, 0, true},
	{"key lookup, TLS: CPU a transaction, pass / PgBouncer", []string{keyLookupTLS}, "", cpuPass, 1.4, true},
	{"key lookup: throughput, sealed / pass", []string{keyLookup, keyLookupTLS}, "", sealedPass, 0.97, false},
	{"key lookup: throughput, cells / direct", []string{keyLookup}, "", cellsDirect, 0, false},
	{"equality search: throughput, sealed / pass", []string{equalitySearch}, "", sealedPass, 0.97, false},
	{"scan of 10,000 rows: throughput, sealed / pass", []string{scan}, "", sealedPass, 0.70, false},
	{"scan of 10,000 rows: throughput, cells / direct", []string{scan}, "", cellsDirect, 0, false},
	{"COPY in, text: throughput, sealed / pass", []string{"COPY in"}, "text", sealedPass, 0.70, false},
	{"COPY in, text: throughput, cells / direct", []string{"COPY in"}, "text", cellsDirect, 0, false},
	{"COPY in, binary: throughput, sealed / pass", []string{"COPY in"}, "binary", sealedPass, 0.70, false},
	{"COPY in, binary: throughput, cells / direct", []string{"COPY in"}, "binary", cellsDirect, 0, false},
	{"COPY out, text: throughput, sealed / pass", []string{"COPY out"}, "text", sealedPass, 0.70, false},
	{"COPY out, text: throughput, cells / direct", []string{"COPY out"}, "text", cellsDirect, 0, false},
	{"COPY out, binary: throughput, sealed / pass", []string{"COPY out"}, "binary", sealedPass, 0.70, false},
	{"COPY out, binary: throughput, cells / direct", []string{"COPY out"}, "binary", cellsDirect, 0, false},
}

// idleBound is what a waiting session may add to the resident memory, in KiB.
const idleBound = 40

// summary answers the questions: a range over cells, and in how many of them the bound was reached.
func (res results) summary() string {
	var s strings.Builder
	s.WriteString("## What is asked, and what was measured\n\nSmallest and largest of all cells of that kind: lookups and searches with 8 and 64 clients in all modes, scans with 1 and 8 in simple and prepared mode, COPY with one; \"within\" counts the cells within the bound.\n\n| | asked | measured | within |\n|---|---|---|---|\n")
	rows := slices.Clone(res.rows)
	for _, c := range res.copies {
		rows = append(rows, c.row())
	}
	for _, q := range questions {
		s.WriteString(q.answer(rows))
	}
	if res.latency != nil {
		for _, f := range []struct {
			name string
			of   map[string]float64
		}{{"median", res.latency.median}, {"99th percentile", res.latency.p99}} {
			fmt.Fprintf(&s, "| one client, %s, µs more than directly: pgveil, PgBouncer | | %.0f, %.0f | |\n", f.name, f.of["pgveil pass"]-f.of["direct"], f.of["pgbouncer"]-f.of["direct"])
		}
	}
	for _, m := range res.memories {
		fmt.Fprintf(&s, "| memory of a session, %s: KiB each of %d at work | | %.0f | |\n", m.leg, active, m.active)
		fmt.Fprintf(&s, "| memory of a session, %s: KiB each of %d that wait | ≤ %d | %.0f | %s |\n", m.leg, idle, idleBound, m.idle, map[bool]string{true: "1 of 1", false: "0 of 1"}[m.idle <= idleBound])
	}
	return s.String()
}

func (q question) answer(rows []row) string {
	var all []float64
	for _, r := range rows {
		if slices.Contains(q.workloads, r.workload) && (q.mode == "" || q.mode == r.mode) && r.measured(q.compare) {
			all = append(all, r.compare(q.compare).median)
		}
	}
	if all == nil {
		return ""
	}
	asked, within := "", ""
	if q.bound > 0 {
		n := 0
		for _, f := range all {
			if q.most == (f <= q.bound) || f == q.bound {
				n++
			}
		}
		asked, within = fmt.Sprintf("%s %.2f", map[bool]string{true: "≤", false: "≥"}[q.most], q.bound), fmt.Sprintf("%d of %d", n, len(all))
	}
	measured := fmt.Sprintf("%.2f–%.2f", slices.Min(all), slices.Max(all))
	if len(all) == 1 {
		measured = fmt.Sprintf("%.2f", all[0])
	}
	return fmt.Sprintf("| %s | %s | %s | %s |\n", q.what, asked, measured, within)
}

package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// lookups are what one client waits for, in microseconds more than over a direct connection.
type lookups struct{ median, p99 map[string]float64 }

const lookupCount = 4000

// latency asks for one row at a time over one connection a target, turn by turn, so that what else the machine does hits all alike.
func (b *bench) latency() (lookups, error) {
	ctx := context.Background()
	took := map[string][]float64{}
	conns := map[string]*pgx.Conn{}
	for _, t := range b.targets {
		c, err := pgx.Connect(ctx, t.dsn())
		if err != nil {
			return lookups{}, err
		}
		defer c.Close(ctx)
		conns[t.name] = c
	}
	for i := range lookupCount {
		for k := range b.targets {
			t := b.targets[(i+k)%len(b.targets)]
			var name, email string
			start := time.Now()
			if err := conns[t.name].QueryRow(ctx, t.named("SELECT name, email FROM customers* WHERE id = $1"), i%rowCount).Scan(&name, &email); err != nil {
				return lookups{}, fmt.Errorf("%s: %w", t.name, err)
			}
			took[t.name] = append(took[t.name], float64(time.Since(start).Nanoseconds())/1000)
		}
	}
	l := lookups{map[string]float64{}, map[string]float64{}}
	for name, all := range took {
		all = all[lookupCount/10:] // the first ones prepare the statement
		slices.Sort(all)
		l.median[name], l.p99[name] = all[len(all)/2], all[len(all)*99/100]
	}
	return l, nil
}

// memory is what one session adds to pgveil's resident memory, in KiB.
type memory struct{ active, idle float64 }

// sessions opens sessions that have looked one row up each. 64 are measured while they go on doing so, 1,000 some time after.
func (b *bench) sessions() (m memory, err error) {
	t := b.targets[len(b.targets)-1]
	const idle = 1000
	ctx := context.Background()
	before := settled(t.pid)
	var conns []*pgx.Conn
	defer func() {
		for _, c := range conns {
			c.Close(ctx)
		}
	}()
	ask := func(c *pgx.Conn, i int) error {
		var name, email string
		return c.QueryRow(ctx, "SELECT name, email FROM customers WHERE id = $1", i%rowCount).Scan(&name, &email)
	}
	for i := range idle {
		c, err := pgx.Connect(ctx, t.dsn())
		if err != nil {
			return m, err
		}
		conns = append(conns, c)
		if err := ask(c, i); err != nil {
			return m, err
		}
		if len(conns) == 64 {
			for round := range 50 {
				for k, c := range conns {
					if err := ask(c, round*64+k); err != nil {
						return m, err
					}
				}
			}
			m.active = float64(rss(t.pid)-before) / 64
		}
	}
	m.idle = float64(settled(t.pid)-before) / float64(idle)
	return m, nil
}

// settled is a process's resident memory after the two minutes in which Go collects garbage that nobody asked it to, or less: it is taken
// again until it stops falling.
func settled(pid int) int {
	least := rss(pid)
	for quiet := 0; quiet < 3; {
		time.Sleep(2 * time.Second)
		if now := rss(pid); now < least-256 {
			least, quiet = now, 0
		} else {
			quiet++
		}
	}
	return least
}

// rss is VmRSS, in KiB.
func rss(pid int) int {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, _ := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			return n
		}
	}
	return 0
}

func waitingMarkdown(b *bench, l lookups, m memory) string {
	var s strings.Builder
	fmt.Fprintf(&s, "\n## One client, and memory\n\n%d prepared key lookups by one client (pgx), targets in turn; microseconds more than over a direct connection (which took %.0f, at the 99th percentile %.0f).\n\n| | median | 99th percentile |\n|---|---|---|\n",
		lookupCount, l.median["direct"], l.p99["direct"])
	for _, t := range b.targets[1:] {
		fmt.Fprintf(&s, "| %s | %.0f | %.0f |\n", t.name, l.median[t.name]-l.median["direct"], l.p99[t.name]-l.p99["direct"])
	}
	fmt.Fprintf(&s, "\nA session adds to pgveil's resident memory %.0f KiB while 64 look up rows, %.0f KiB where 1,000 wait (VmRSS, the difference over the sessions; each has looked up a protected row).\n",
		m.active, m.idle)
	return s.String()
}

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pgveil/pgveil/e2e/stack"
)

// latency is how long one client waits for a row, in microseconds.
type latency struct{ median, p99 map[string]float64 }

const lookupCount = 10000

// waits are the targets whose latency is looked at, in the report's order.
var waits = []string{"direct", "relay", "pgbouncer", "pgveil pass", "pgveil sealed"}

// latency asks for one row at a time over one connection a target, turn by turn, so that what else the machine does hits all alike.
func (b *bench) latency() (l latency, err error) {
	ctx := context.Background()
	took := map[string][]float64{}
	conns := map[string]*pgx.Conn{}
	for _, name := range waits {
		c, err := pgx.Connect(ctx, b.target(name).dsn())
		if err != nil {
			return l, err
		}
		defer c.Close(ctx)
		conns[name] = c
	}
	for i := range lookupCount {
		for k := range waits {
			name := waits[(i+k)%len(waits)]
			var who, email string
			start := time.Now()
			err := conns[name].QueryRow(ctx, b.target(name).named("SELECT name, email FROM customers* WHERE id = $1"), i%rowCount).Scan(&who, &email)
			if err != nil {
				return l, fmt.Errorf("%s: %w", name, err)
			}
			took[name] = append(took[name], float64(time.Since(start).Nanoseconds())/1000)
		}
	}
	l = latency{map[string]float64{}, map[string]float64{}}
	for name, all := range took {
		all = all[lookupCount/10:] // the first ones prepare the statement
		slices.Sort(all)
		l.median[name], l.p99[name] = all[len(all)/2], all[len(all)*99/100]
	}
	return l, nil
}

func (l latency) markdown() string {
	var s strings.Builder
	fmt.Fprintf(&s, "\n## One client\n\n%d prepared key lookups by one client (pgx), targets in turn, in microseconds; \"more\" is against the direct connection.\n\n| | median | more | 99th percentile | more |\n|---|---|---|---|---|\n", lookupCount)
	for _, name := range waits {
		fmt.Fprintf(&s, "| %s | %.0f | %.0f | %.0f | %.0f |\n", name, l.median[name], l.median[name]-l.median["direct"], l.p99[name], l.p99[name]-l.p99["direct"])
	}
	return s.String()
}

// memory is what one session adds to pgveil's resident memory, in KiB.
type memory struct {
	leg                 string // the client's
	active, idle, after float64
}

// memories measures sessions over plain TCP and with TLS on the client's leg.
func (b *bench) memories(later bool) (all []memory, err error) {
	for _, leg := range []struct{ name, mode string }{{"plain TCP", "disable"}, {"TLS", "require"}} {
		m, err := b.sessions(leg.mode, later)
		if err != nil {
			return nil, err
		}
		m.leg = leg.name
		all = append(all, m)
	}
	return all, nil
}

const active, idle = 64, 1000

// sessions opens sessions that have looked one row up each, of a pgveil that is started for them and has had one session before. 64 are
// measured while they go on doing so, 1,000 some time after, and again after the collector has run.
func (b *bench) sessions(sslmode string, later bool) (m memory, err error) {
	if err := b.afresh(); err != nil {
		return m, err
	}
	t := b.target("pgveil sealed")
	ctx := context.Background()
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
	before := 0
	for i := range idle + 1 {
		c, err := pgx.Connect(ctx, strings.ReplaceAll(t.dsn(), "sslmode=disable", "sslmode="+sslmode))
		if err != nil {
			return m, err
		}
		if err := ask(c, i); err != nil {
			return m, err
		}
		if i == 0 {
			c.Close(ctx)
			before = settled(t.pid)
			continue
		}
		if conns = append(conns, c); len(conns) == active {
			m.active, err = b.working(t, conns, before, ask)
		}
		if err != nil {
			return m, err
		}
	}
	m.idle = float64(settled(t.pid)-before) / idle
	if !later {
		return m, nil
	}
	time.Sleep(collects)
	m.after = float64(settled(t.pid)-before) / idle
	return m, nil
}

// collects is how often Go collects garbage that nobody asked it to, and then some.
const collects = 125 * time.Second

// working has all sessions ask at once, again and again, and gives the most memory that one adds.
func (b *bench) working(t target, conns []*pgx.Conn, before int, ask func(*pgx.Conn, int) error) (float64, error) {
	stack.ForgetPeak(t.pid)
	errs := make(chan error, len(conns))
	for i, c := range conns {
		go func() {
			err := error(nil)
			for k := 0; k < 200 && err == nil; k++ {
				err = ask(c, i+k)
			}
			errs <- err
		}()
	}
	err := error(nil)
	for range conns {
		err = errors.Join(err, <-errs)
	}
	return float64(peak(t.pid)-before) / float64(len(conns)), err
}

// afresh starts pgveil again.
func (b *bench) afresh() error {
	if err := errors.Join(b.Stop(), b.Serve()); err != nil {
		return err
	}
	for i := range b.targets {
		if strings.HasPrefix(b.targets[i].name, "pgveil") {
			b.targets[i].pid = b.PID()
		}
	}
	return nil
}

// settled is a process's resident memory when it no longer falls.
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
func rss(pid int) int { return stack.Memory(pid, "VmRSS") }

func memoryMarkdown(all []memory) string {
	var s strings.Builder
	fmt.Fprintf(&s, "\n## Memory\n\nWhat a session adds to the resident memory of a pgveil that was started for this, KiB: the most while %d look up rows (VmHWM), and what %d add that have each looked up a protected row and wait (VmRSS), at once and %v later, when the collector has run by itself (· where that was not waited for, see -later).\n\n| client's leg | %[1]d at work | %[2]d wait | later |\n|---|---|---|---|\n",
		active, idle, collects)
	for _, m := range all {
		later := "·"
		if m.after > 0 {
			later = fmt.Sprintf("%.0f", m.after)
		}
		fmt.Fprintf(&s, "| %s | %.0f | %.0f | %s |\n", m.leg, m.active, m.idle, later)
	}
	return s.String()
}

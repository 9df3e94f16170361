package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pgveil/pgveil/e2e/stack"
)

// storm is what many clients found who signed in at once.
type storm struct {
	way            string
	all            time.Duration // until the last was in
	median, p99    time.Duration
	cpu            float64 // pgveil's, seconds
	memory, before int     // pgveil's peak, and what it had, KiB
}

// openers bounds how many connections are made at a time where it isn't a storm.
const openers = 32

func (l *load) stormOf(way string) (storm, error) {
	pid, s := l.PID(), storm{way: way}
	stack.ForgetPeak(pid)
	s.before = stack.Memory(pid, "VmRSS")
	cpu, start := stack.CPU(pid), time.Now()
	conns, took, err := l.open(way, l.storm, l.storm)
	if err != nil {
		return s, fmt.Errorf("storm of %d sign-ins, %s: %w", l.storm, way, err)
	}
	s.all, s.cpu, s.memory = time.Since(start), stack.CPU(pid)-cpu, stack.Memory(pid, "VmHWM")
	s.median, s.p99 = of(took, 50), of(took, 99)
	fmt.Printf("%d sign-ins at once, %s: all in after %v, median %v, pgveil's CPU %.2f s\n", l.storm, way, round(s.all), round(s.median), s.cpu)
	closeAll(conns)
	return s, nil
}

// open opens n connections, some at a time, and looks a row up by each. It gives the time of each too.
func (l *load) open(way string, n, atOnce int) ([]*pgx.Conn, []time.Duration, error) {
	conns, took, errs := make([]*pgx.Conn, n), make([]time.Duration, n), make([]error, n)
	tickets := make(chan int, n)
	for i := range n {
		tickets <- i
	}
	close(tickets)
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for i := range tickets {
				start := time.Now()
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				if conns[i], errs[i] = pgx.Connect(ctx, l.dsn(way)); errs[i] == nil && way == through {
					errs[i] = lookUp(ctx, conns[i], i)
				}
				took[i] = time.Since(start)
				cancel()
			}
		})
	}
	all.Wait()
	for i, err := range errs {
		if err != nil {
			closeAll(conns)
			return nil, nil, fmt.Errorf("connection %d of %d: %w", i+1, n, err)
		}
	}
	return conns, took, nil
}

// lookUp reads a row by its key and checks what it says.
func lookUp(ctx context.Context, c *pgx.Conn, i int) error {
	i %= rowCount
	var got struct{ email, ssn string }
	if err := c.QueryRow(ctx, "SELECT email, ssn FROM customers WHERE id = $1", i).Scan(&got.email, &got.ssn); err != nil {
		return err
	}
	if got.email != email(i) || got.ssn != ssn(i) {
		return fmt.Errorf("row %d is another's: %+v", i, got)
	}
	return nil
}

// wait opens the sessions that wait.
func (l *load) wait(r *report) (err error) {
	if l.idle == 0 {
		return nil
	}
	first, _, err := l.open(through, 1, 1) // reads the catalog
	if err != nil {
		return err
	}
	closeAll(first)
	r.before = l.settled()
	start := time.Now()
	if l.waiting, _, err = l.open(through, l.idle, openers); err != nil {
		return err
	}
	took := time.Since(start)
	r.waiting = l.settled()
	fmt.Printf("%d sessions wait after %v: %d MiB, %.1f KiB each\n", l.idle, round(took), r.waiting>>10, float64(r.waiting-r.before)/float64(l.idle))
	return nil
}

// again asks by each session that waited: all must still be there.
func (l *load) again(r *report) error {
	ctx := context.Background()
	for i, c := range l.waiting {
		if err := lookUp(ctx, c, i+7); err != nil {
			return fmt.Errorf("a session that waited: %w", err)
		}
	}
	r.alive = len(l.waiting)
	fmt.Printf("%d sessions that waited still answer\n", r.alive)
	return nil
}

func (l *load) leave() {
	closeAll(l.waiting)
	closeAll(l.working)
	l.waiting, l.working = nil, nil
}

func closeAll(conns []*pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, c := range conns {
		if c != nil {
			c.Close(ctx)
		}
	}
}

// of is a percentile.
func of(all []time.Duration, percent int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[(len(sorted)-1)*percent/100]
}

func round(d time.Duration) time.Duration {
	switch {
	case d > 10*time.Second:
		return d.Round(time.Second)
	case d > time.Second:
		return d.Round(10 * time.Millisecond)
	case d > 10*time.Millisecond:
		return d.Round(time.Millisecond)
	}
	return d.Round(10 * time.Microsecond)
}

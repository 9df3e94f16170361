package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pgveil/pgveil/e2e/stack"
)

// times are how long answers took since they were last taken away.
type times struct {
	mu  sync.Mutex
	all []time.Duration
}

func (t *times) add(d time.Duration) {
	t.mu.Lock()
	t.all = append(t.all, d)
	t.mu.Unlock()
}

func (t *times) take() []time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.all
	t.all = nil
	return all
}

// window is what the working sessions found while something else happened.
type window struct {
	what        string
	took        time.Duration
	answers     int
	median, p99 time.Duration
	longest     time.Duration
	cpu         float64 // pgveil's, in cores
	memory      int     // pgveil's peak, KiB
	before      int     // what it had
}

// longest is the longest message that pgveil reads whole, in bytes: limits.max_message_bytes.
const longest = 64 << 20

// sends are what one client sends while the others work, each once through pgveil and once directly.
var sends = []struct{ kind, title string }{
	{"pipeline", "a pipeline of Bind and Execute, 10 kB each, sealed parameters, one Sync"},
	{"bind", "one Bind"},
	{"copy", "one CopyData, of rows of 1 MB"},
	{"sealed", "one Bind with a parameter to be sealed: refused (54000), the session goes on"},
}

// work has sessions look up, search and change rows, in pauses, until the time is over.
func (l *load) work(r *report) (err error) {
	if l.working, _, err = l.open(through, l.busy, openers); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	var asked times
	var all sync.WaitGroup
	stop := make(chan struct{})
	for i, c := range l.working {
		all.Go(func() {
			if err := l.one(ctx, c, i, stop, &asked); err != nil {
				cancel(fmt.Errorf("session %d that works: %w", i, err))
			}
		})
	}
	end := time.Now().Add(l.length)
	r.windows, err = l.watch(ctx, &asked, end)
	close(stop)
	all.Wait()
	for _, w := range r.windows {
		r.answers += w.answers
	}
	return errors.Join(err, context.Cause(ctx))
}

// watch measures the others before, while one client sends, and after.
func (l *load) watch(ctx context.Context, asked *times, end time.Time) (all []window, err error) {
	look := func(what string, do func() error) error {
		pid := l.PID()
		stack.ForgetPeak(pid)
		asked.take()
		w := window{what: what, before: stack.Memory(pid, "VmRSS")}
		cpu, start := stack.CPU(pid), time.Now()
		if err := do(); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		w.took = time.Since(start)
		times := asked.take()
		w.answers, w.median, w.p99, w.longest = len(times), of(times, 50), of(times, 99), of(times, 100)
		w.cpu, w.memory = (stack.CPU(pid)-cpu)/w.took.Seconds(), stack.Memory(pid, "VmHWM")
		fmt.Println(w.line())
		all = append(all, w)
		return context.Cause(ctx)
	}
	quiet := func(d time.Duration) func() error {
		return func() error {
			select {
			case <-time.After(d):
			case <-ctx.Done():
			}
			return context.Cause(ctx)
		}
	}
	if err := look("nobody sends much", quiet(min(l.length/6, 30*time.Second))); err != nil {
		return all, err
	}
	for _, s := range sends {
		for _, way := range []string{direct, through} {
			if l.megabytes == 0 || s.kind == "sealed" && (way == direct || l.megabytes*1000*1000 <= longest) {
				continue
			}
			if err := look(fmt.Sprintf("%d MB, %s: %s", l.megabytes, way, s.title), func() error { return l.sender(s.kind, way) }); err != nil {
				return all, err
			}
			if err := quiet(2 * time.Second)(); err != nil {
				return all, err
			}
		}
	}
	for first := true; first || time.Until(end) > 0; first = false {
		if err := look("nobody sends much", quiet(max(5*time.Second, min(time.Until(end), 30*time.Second)))); err != nil {
			return all, err
		}
	}
	return all, nil
}

// sender runs the client that sends, in a process of its own.
func (l *load) sender(kind, way string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := exec.Command(self, "-send", kind, "-dsn", l.dsn(way), "-megabytes", strconv.Itoa(l.megabytes)).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// one is a session that works. Each has a counter of its own, which must stand where it left it.
func (l *load) one(ctx context.Context, c *pgx.Conn, i int, stop <-chan struct{}, asked *times) error {
	counted := 0
	if _, err := c.Exec(ctx, "UPDATE counters SET n = 0 WHERE id = $1", i%rowCount); err != nil {
		return err
	}
	for turn := i; ; turn++ {
		select {
		case <-stop:
			return nil
		case <-ctx.Done():
			return nil
		case <-time.After(time.Duration(rand.Int64N(int64(2*l.pause) + 1))):
		}
		start := time.Now()
		err := error(nil)
		switch turn % 4 {
		case 0, 1:
			err = lookUp(ctx, c, turn)
		case 2:
			var name string
			if err = c.QueryRow(ctx, "SELECT name FROM customers WHERE account = $1", account(turn%rowCount)).Scan(&name); err == nil && name != "Customer "+strconv.Itoa(turn%rowCount) {
				err = fmt.Errorf("%q has account %d", name, account(turn%rowCount))
			}
		case 3:
			err = count(ctx, c, i%rowCount, &counted)
		}
		if err != nil {
			return err
		}
		asked.add(time.Since(start))
	}
}

// count adds one to a counter in a transaction and checks it.
func count(ctx context.Context, c *pgx.Conn, id int, counted *int) error {
	*counted++
	tx, err := c.Begin(ctx)
	if err != nil {
		return err
	}
	note, want := "", fmt.Sprintf("counted to %d", *counted)
	if _, err := tx.Exec(ctx, "UPDATE counters SET n = n + 1, note = $2 WHERE id = $1", id, want); err != nil {
		return err
	}
	var n int
	if err := tx.QueryRow(ctx, "SELECT n, note FROM counters WHERE id = $1", id).Scan(&n, &note); err != nil {
		return err
	}
	if n != *counted || note != want {
		return fmt.Errorf("counter %d is at %d, %q instead of %d", id, n, note, *counted)
	}
	return tx.Commit(ctx)
}

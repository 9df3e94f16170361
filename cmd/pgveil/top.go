package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/pgveil/pgveil/proxy/admin"
)

func newTop() *cobra.Command {
	c := &cobra.Command{
		Use:   "top",
		Short: "Watch the running proxy: rates and sessions, each second",
		Long: `Asks the admin listener of the proxy that runs with this configuration (admin.listen), and shows rates over the latest interval and the sessions.

Keys: q ends; s, f, a, u, w, i and o sort by state, time in the state, age, user, whom it waits for, bytes in and out. Without a terminal, or with
--once, it prints one interval as plain text and ends.`,
		Example: `  pgveil top
  pgveil top --once --sort out`,
		Args: args(cobra.NoArgs),
	}
	path := configFlag(c)
	once := c.Flags().Bool("once", false, "print one interval and end")
	every := c.Flags().Duration("every", time.Second, "the interval")
	order := c.Flags().String("sort", "for", "order of the sessions: "+sortNames())
	c.RunE = func(c *cobra.Command, _ []string) error {
		if !sortSessions(nil, *order) {
			return usage(c, "--sort: unknown order %q; expected one of %s", *order, sortNames())
		}
		if *every < 50*time.Millisecond {
			return usage(c, "--every is at least 50ms")
		}
		a, err := newAdminClient(*path)
		if err != nil {
			return err
		}
		t := &top{client: a, every: *every, order: *order, out: c.OutOrStdout()}
		in, out := c.InOrStdin(), c.OutOrStdout()
		if *once || !isTerminal(in) || !isTerminal(out) {
			return t.once(c.Context())
		}
		return t.watch(c.Context(), in.(*os.File))
	}
	return c
}

func isTerminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// top is what pgveil top knows from one second to the next.
type top struct {
	client *adminClient
	every  time.Duration
	order  string
	out    io.Writer

	before, now admin.Stats
	sessions    admin.Sessions
}

// look asks again.
func (t *top) look(ctx context.Context) error {
	var s admin.Stats
	if err := t.client.get(ctx, "/debug/stats", &s); err != nil {
		return err
	}
	all, err := t.client.sessions(ctx)
	if err != nil {
		return err
	}
	if t.before = t.now; t.before.At.IsZero() {
		t.before = s
	}
	t.now, t.sessions = s, all
	return nil
}

// once prints one interval.
func (t *top) once(ctx context.Context) error {
	if err := t.look(ctx); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(t.every):
	}
	if err := t.look(ctx); err != nil {
		return err
	}
	_, err := io.WriteString(t.out, t.screen())
	return err
}

// watch shows one screen after the other until q is pressed.
func (t *top) watch(ctx context.Context, in *os.File) error {
	was, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return t.once(ctx)
	}
	defer term.Restore(int(in.Fd()), was)
	smart := os.Getenv("TERM") != "" && os.Getenv("TERM") != "dumb"
	if smart {
		io.WriteString(t.out, "\x1b[?1049h\x1b[?25l") // another screen, no cursor
		defer io.WriteString(t.out, "\x1b[?25h\x1b[?1049l")
	}
	keys := make(chan byte)
	go func() { // it ends with the program: a terminal's read can't be interrupted
		var b [1]byte
		for {
			if n, err := in.Read(b[:]); n == 0 || err != nil {
				close(keys)
				return
			}
			keys <- b[0]
		}
	}()
	tick := time.NewTicker(t.every)
	defer tick.Stop()
	for again := true; ; {
		if again {
			if err := t.look(ctx); err != nil {
				return err
			}
		}
		t.draw(smart)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			again = true
		case key, open := <-keys:
			if again = false; !open || t.press(key) {
				return nil
			}
		}
	}
}

// press does what a key means, and reports whether that is the end.
func (t *top) press(key byte) (end bool) {
	for _, k := range sortKeys {
		if k.key == key {
			t.order = k.name
		}
	}
	return key == 'q' || key == 3 || key == 4 // Ctrl-C, Ctrl-D: the terminal is raw
}

// draw writes a screen in place of the one before, or below it where the terminal can't.
func (t *top) draw(smart bool) {
	text := t.screen()
	width, height := 120, 0
	if f, ok := t.out.(*os.File); ok {
		if w, h, err := term.GetSize(int(f.Fd())); err == nil {
			width, height = w, h
		}
	}
	var b strings.Builder
	if smart {
		b.WriteString("\x1b[H")
	}
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if height > 1 && len(lines) > height-1 {
		lines = lines[:height-1]
	}
	for _, line := range lines {
		if r := []rune(line); len(r) > width {
			line = string(r[:width])
		}
		b.WriteString(line)
		if smart {
			b.WriteString("\x1b[K")
		}
		b.WriteString("\r\n")
	}
	if smart {
		b.WriteString("\x1b[J")
	} else {
		b.WriteString("\r\n")
	}
	io.WriteString(t.out, b.String())
}

// screen is one interval in words.
func (t *top) screen() string {
	var b strings.Builder
	was, is := &t.before, &t.now
	seconds := is.At.Sub(was.At).Seconds()
	rate := func(before, now float64) float64 {
		if seconds <= 0 || now < before { // the proxy was started again
			return 0
		}
		return (now - before) / seconds
	}
	verdict := func(v string) string { return fmt.Sprintf("%.0f", rate(was.Verdicts[v], is.Verdicts[v])) }
	state := countBy(t.sessions.Sessions)
	if t.sessions.Draining {
		state += " (draining)"
	}
	fmt.Fprintf(&b, "pgveil %s  sessions %d: %s\n", is.At.Format("15:04:05"), len(t.sessions.Sessions), dash(state))
	fmt.Fprintf(&b, "statements/s  plain %s  protected %s  refused %s  failed %s   plans found %s\n", verdict("plain"), verdict("protected"), verdict("refused"),
		verdict("failed"), share(is.Hits-was.Hits, is.Misses-was.Misses))
	fmt.Fprintf(&b, "bytes/s  in %s  out %s   cells/s  sealed %.0f  opened %.0f   added latency  p50 %s  p99 %s\n\n",
		admin.Bytes(rate(was.BytesIn, is.BytesIn)), admin.Bytes(rate(was.BytesOut, is.BytesOut)), rate(was.Sealed, is.Sealed), rate(was.Opened, is.Opened),
		micros(quantile(was.Added, is.Added, 0.5)), micros(quantile(was.Added, is.Added, 0.99)))
	sortSessions(t.sessions.Sessions, t.order)
	table(&b, sessionRows(t.sessions.Sessions))
	return b.String()
}

// share is what part of two numbers the first is, in percent.
func share(part, rest float64) string {
	if part < 0 || rest < 0 || part+rest == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*part/(part+rest))
}

// quantile estimates, in seconds, what share q of the observations between two histograms stayed below, within its bucket in a straight line as
// Prometheus' histogram_quantile does. It is below zero if nothing was observed.
func quantile(before, now []admin.Bucket, q float64) float64 {
	if len(before) != len(now) || len(now) == 0 {
		return -1
	}
	count := func(i int) float64 { return float64(now[i].Count) - float64(before[i].Count) }
	rank := q * count(len(now)-1)
	if rank <= 0 {
		return -1
	}
	low, below := 0.0, 0.0
	for i := range now {
		n := count(i)
		if n >= rank {
			return low + (now[i].Le-low)*(rank-below)/(n-below)
		}
		low, below = now[i].Le, n
	}
	return low
}

func micros(seconds float64) string {
	if seconds < 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f µs", seconds*1e6)
}

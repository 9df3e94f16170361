package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/stack"
)

// copyTable has two columns that the protected database encrypts and two plain ones.
const copyTable = `CREATE TABLE copied* (id int, name text, email text, ssn text)`

const copyEncrypt = `  public.copied:
    email: {type: text, search: equality}
    ssn:   {type: text}
`

// copyRow is one measurement of a COPY.
type copyRow struct {
	direction, format string
	runs              map[string][]run1 // tps are rows per second
}

// copies measures COPY of n rows in and out, round by round, over one connection each. A process's peak memory is counted anew before each.
func (b *bench) copies(n, rounds int) ([]copyRow, error) {
	var all []copyRow
	for _, format := range []string{"text", "binary"} {
		in, out := copyRow{"in", format, map[string][]run1{}}, copyRow{"out", format, map[string][]run1{}}
		data, err := b.copyData(n, format)
		if err != nil {
			return nil, err
		}
		for round := range rounds {
			for i := range b.targets {
				t := b.targets[(i+round)%len(b.targets)]
				if err := b.copyOnce(t, data, format, n, &in, &out); err != nil {
					return nil, fmt.Errorf("copy, %s, %s: %w", t.name, format, err)
				}
			}
		}
		os.Remove(data)
		all = append(all, in, out)
	}
	return all, nil
}

// copyData writes a file with n rows in a format and returns its name: what a plain table gives.
func (b *bench) copyData(n int, format string) (name string, err error) {
	ctx := context.Background()
	c, err := pgconn.Connect(ctx, b.targets[0].dsn())
	if err != nil {
		return "", err
	}
	defer c.Close(ctx)
	f, err := os.Create(b.dir + "/rows." + format)
	if err != nil {
		return "", err
	}
	defer f.Close()
	_, err = c.CopyTo(ctx, f, fmt.Sprintf(`COPY (SELECT i, 'Customer ' || i, 'customer' || i || '@example.test', lpad((i * 7919::bigint %% 1000000000)::text, 9, '0')
		FROM generate_series(1, %d) i) TO STDOUT (FORMAT %s)`, n, format))
	return f.Name(), err
}

func (b *bench) copyOnce(t target, data, format string, n int, in, out *copyRow) error {
	ctx := context.Background()
	c, err := pgconn.Connect(ctx, t.dsn())
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	for _, sql := range []string{"DROP TABLE IF EXISTS copied*", copyTable} {
		if _, err := c.Exec(ctx, t.named(sql)).ReadAll(); err != nil {
			return err
		}
	}
	f, err := os.Open(data)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, r := range []*copyRow{in, out} {
		stack.ForgetPeak(t.pid)
		before, start := cpuTime(t.pid), time.Now()
		var tag pgconn.CommandTag
		if r == in {
			tag, err = c.CopyFrom(ctx, f, t.named("COPY copied* (id, name, email, ssn) FROM STDIN (FORMAT "+format+")"))
		} else {
			tag, err = c.CopyTo(ctx, io.Discard, t.named("COPY copied* (id, name, email, ssn) TO STDOUT (FORMAT "+format+")"))
		}
		if err != nil {
			return err
		}
		if tag.RowsAffected() != int64(n) {
			return fmt.Errorf("%s instead of %d rows", tag, n)
		}
		r.runs[t.name] = append(r.runs[t.name], run1{tps: float64(n) / time.Since(start).Seconds(), cpu: (cpuTime(t.pid) - before) / float64(n), mem: peak(t.pid)})
	}
	debug.FreeOSMemory()
	return nil
}

func (t target) dsn() string {
	return fmt.Sprintf("host=127.0.0.1 port=%d user=%s password=%s dbname=%s sslmode=disable", t.port, benchUser, benchPassword, t.database)
}

func (r copyRow) row() row {
	return row{workload: "COPY " + r.direction, mode: r.format, clients: "1", runs: r.runs}
}

// mem is the largest of the rounds' peaks, in MiB.
func (r copyRow) mem(target string) string {
	top := slices.MaxFunc(r.runs[target], func(a, b run1) int { return a.mem - b.mem }).mem
	return strconv.Itoa((top + 512) >> 10)
}

func (r copyRow) line() string {
	return r.row().line() + "  MiB PgBouncer " + r.mem("pgbouncer") + " pass " + r.mem("pgveil pass") + " sealed " + r.mem("pgveil sealed")
}

func copyMarkdown(rows []copyRow, n, rounds int) string {
	var s strings.Builder
	fmt.Fprintf(&s, `
## COPY

%d rows of four columns, of which two texts are encrypted in "sealed" (one with `+"`search: equality`"+`), into an empty table without indexes and out
again; one connection, %d rounds, targets interleaved. Throughput is rows per second; CPU per row. Memory is the proxy's peak resident memory (VmHWM,
set back before each COPY), the largest of the rounds.

| direction | format |`, n, rounds)
	for _, c := range comparisons {
		s.WriteString(" " + c.title + " |")
	}
	s.WriteString(" MiB PgBouncer | MiB pass | MiB sealed |\n|---|---|" + strings.Repeat("---|", len(comparisons)+3) + "\n")
	for _, r := range rows {
		fmt.Fprintf(&s, "| %s | %s |", r.direction, r.format)
		for _, c := range comparisons {
			s.WriteString(" " + r.row().ratio(c.of, c.to, c.figure).String() + " |")
		}
		fmt.Fprintf(&s, " %s | %s | %s |\n", r.mem("pgbouncer"), r.mem("pgveil pass"), r.mem("pgveil sealed"))
	}
	return s.String()
}

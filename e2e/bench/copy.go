package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
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

// copied are the targets of COPY. "cells" is the server alone, with what pgveil would have it store.
var copied = []string{"direct", "cells", "pgbouncer", "pgveil pass", "pgveil sealed"}

// copies measures COPY of n rows in and out, round by round, over one connection each. A process's peak memory is counted anew before each.
func (b *bench) copies(n, rounds int) ([]copyRow, error) {
	var all []copyRow
	for _, format := range []string{"text", "binary"} {
		in, out := copyRow{"in", format, map[string][]run1{}}, copyRow{"out", format, map[string][]run1{}}
		data, err := b.copyData(n, format)
		if err != nil {
			return nil, err
		}
		cells, err := b.copyCells(data, format, n)
		if err != nil {
			return nil, err
		}
		for round := range rounds {
			for i := range copied {
				t, from := b.target(copied[(i+round)%len(copied)]), data
				if t.name == "cells" {
					from = cells
				}
				i, o, err := b.copyOnce(t, from, format, n)
				if err != nil {
					return nil, fmt.Errorf("copy, %s, %s: %w", t.name, format, err)
				}
				in.runs[t.name], out.runs[t.name] = append(in.runs[t.name], i), append(out.runs[t.name], o)
			}
		}
		os.Remove(data)
		os.Remove(cells)
		all = append(all, in, out)
	}
	return all, nil
}

// copyCells writes a file with the same rows as the server holds them.
func (b *bench) copyCells(data, format string, n int) (name string, err error) {
	if _, _, err := b.copyOnce(b.target("pgveil sealed"), data, format, n); err != nil {
		return "", err
	}
	return b.copyOut("cells", "cells."+format, "COPY copied (id, name, email, ssn) TO STDOUT (FORMAT "+format+")")
}

// copyData writes a file with n rows in a format and returns its name: what a plain table gives.
func (b *bench) copyData(n int, format string) (name string, err error) {
	return b.copyOut("direct", "rows."+format, fmt.Sprintf(`COPY (SELECT i, 'Customer ' || i, 'customer' || i || '@example.test', lpad((i * 7919::bigint %% 1000000000)::text, 9, '0')
		FROM generate_series(1, %d) i) TO STDOUT (FORMAT %s)`, n, format))
}

// copyOut writes what a target copies out into a file of the bench's folder and returns its path.
func (b *bench) copyOut(target, file, sql string) (name string, err error) {
	ctx := context.Background()
	c, err := pgconn.Connect(ctx, b.target(target).dsn())
	if err != nil {
		return "", err
	}
	defer c.Close(ctx)
	f, err := os.Create(filepath.Join(b.dir, file))
	if err != nil {
		return "", err
	}
	defer f.Close()
	_, err = c.CopyTo(ctx, f, sql)
	return f.Name(), err
}

// copyOnce copies the rows of a file into an empty table and out again.
func (b *bench) copyOnce(t target, data, format string, n int) (in, out run1, err error) {
	ctx := context.Background()
	c, err := pgconn.Connect(ctx, t.dsn())
	if err != nil {
		return in, out, err
	}
	defer c.Close(ctx)
	named := t.named
	if t.name == "cells" {
		named = func(sql string) string {
			return strings.ReplaceAll(strings.ReplaceAll(sql, "*", "_cells"), "email text, ssn text", "email bytea, ssn bytea")
		}
	}
	for _, sql := range []string{"DROP TABLE IF EXISTS copied*", copyTable} {
		if _, err := c.Exec(ctx, named(sql)).ReadAll(); err != nil {
			return in, out, err
		}
	}
	f, err := os.Open(data)
	if err != nil {
		return in, out, err
	}
	defer f.Close()
	in, err = t.timed(n, func() (pgconn.CommandTag, error) {
		return c.CopyFrom(ctx, f, named("COPY copied* (id, name, email, ssn) FROM STDIN (FORMAT "+format+")"))
	})
	if err == nil {
		out, err = t.timed(n, func() (pgconn.CommandTag, error) {
			return c.CopyTo(ctx, io.Discard, named("COPY copied* (id, name, email, ssn) TO STDOUT (FORMAT "+format+")"))
		})
	}
	debug.FreeOSMemory()
	return in, out, err
}

// timed measures one COPY of n rows.
func (t target) timed(n int, do func() (pgconn.CommandTag, error)) (run1, error) {
	stack.ForgetPeak(t.pid)
	before, start := cpuTime(t.pid), time.Now()
	tag, err := do()
	if err == nil && tag.RowsAffected() != int64(n) {
		err = fmt.Errorf("%s instead of %d rows", tag, n)
	}
	return run1{tps: float64(n) / time.Since(start).Seconds(), cpu: (cpuTime(t.pid) - before) / float64(n), mem: peak(t.pid)}, err
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

func copyMarkdown(rows []copyRow, n, rounds int) string {
	var s strings.Builder
	var lines []row
	for _, r := range rows {
		lines = append(lines, r.row())
	}
	fmt.Fprintf(&s, `
## COPY

%d rows of four columns, of which two texts are encrypted in "sealed" (one with `+"`search: equality`"+`), into an empty table without indexes and out
again; one connection, %d rounds, targets interleaved. Throughput is rows per second; CPU per row. "cells" is the server alone, with the same
ciphertext in columns of bytea: what "sealed" could reach if the proxy took no time.

`, n, rounds)
	s.WriteString(grid(lines, func(r row) []string { return []string{r.workload, r.mode} }, "", "format"))
	s.WriteString("\nMemory is the proxy's peak resident memory (VmHWM, set back before each COPY), the largest of the rounds, in MiB.\n\n| | format | PgBouncer | pass | sealed |\n|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&s, "| COPY %s | %s | %s | %s | %s |\n", r.direction, r.format, r.mem("pgbouncer"), r.mem("pgveil pass"), r.mem("pgveil sealed"))
	}
	return s.String()
}

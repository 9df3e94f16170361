package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/schollz/progressbar/v3"
)

// perStatement is the number of rows of one INSERT. Each table's last statement is shorter.
const perStatement = 100

// load creates the tables and fills them, all through the proxy: to the application nothing is different.
func load(ctx context.Context, c *pgconn.PgConn, s *screen, data []dataset) error {
	for _, statement := range strings.SplitAfter(schema, ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := c.Exec(ctx, statement).ReadAll(); err != nil {
			return fmt.Errorf("creating the tables through the proxy: %w", err)
		}
	}
	total := 0
	for _, d := range data {
		total += len(d.rows)
	}
	p := newProgress(s, total)
	for _, d := range data {
		if err := insert(ctx, c, d, p); err != nil {
			p.leave()
			return fmt.Errorf("loading %s through the proxy: %w", d.table, err)
		}
	}
	p.end()
	return nil
}

func insert(ctx context.Context, c *pgconn.PgConn, d dataset, p *progress) error {
	p.at(d.table)
	for rows := d.rows; len(rows) > 0; {
		n := min(perStatement, len(rows))
		var params [][]byte
		for _, row := range rows[:n] {
			for _, v := range row {
				params = append(params, []byte(v))
			}
		}
		if r := c.ExecParams(ctx, d.insertSQL(n), params, nil, nil, nil).Read(); r.Err != nil {
			return r.Err
		}
		p.add(n)
		rows = rows[n:]
	}
	return nil
}

// insertSQL is an INSERT of n rows, all of them parameters.
func (d dataset) insertSQL(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "INSERT INTO %s (%s) VALUES ", d.table, strings.Join(d.columns, ", "))
	for row := range n {
		for i := range d.columns {
			opening := ", "
			if i == 0 {
				opening = "("
			}
			fmt.Fprintf(&b, "%s$%d", opening, row*len(d.columns)+i+1)
		}
		b.WriteString(")")
		if row < n-1 {
			b.WriteString(", ")
		}
	}
	return b.String()
}

// progress is a bar on a terminal, and a line for each table elsewhere.
type progress struct {
	screen  *screen
	bar     *progressbar.ProgressBar
	started time.Time
	total   int
	done    int
}

func newProgress(s *screen, total int) *progress {
	p := &progress{screen: s, started: time.Now(), total: total}
	if s.terminal {
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(s), progressbar.OptionShowCount(),
			progressbar.OptionShowIts(), progressbar.OptionSetItsString("rows"), progressbar.OptionSetPredictTime(true),
			progressbar.OptionFullWidth(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	return p
}

func (p *progress) at(table string) {
	if p.bar != nil {
		p.bar.Describe("  " + table)
		return
	}
	p.screen.printf("  loading %s (%d of %d rows so far, %.1f s)\n", table, p.done, p.total, time.Since(p.started).Seconds())
}

func (p *progress) add(n int) {
	p.done += n
	if p.bar != nil {
		p.bar.Add(n)
	}
}

// leave ends a bar's line where it stands.
func (p *progress) leave() {
	if p.bar != nil {
		p.screen.printf("\n")
	}
}

func (p *progress) end() {
	if p.bar != nil {
		p.bar.Finish()
	}
	seconds := time.Since(p.started).Seconds()
	p.screen.printf("  %d rows loaded through the proxy in %.1f s (%.0f rows a second)\n", p.done, seconds, float64(p.done)/seconds)
}

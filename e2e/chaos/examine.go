package chaos

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Examine pauses the clients and looks at everything; what it returns are broken promises. everywhere includes the server's data files.
func (b *Bank) Examine(everywhere bool) []string {
	resume := b.Pause()
	defer resume()
	b.remains()
	if b.still != nil {
		b.still()
	}
	if err := b.books(); err != nil {
		b.Wrong("the books can't be read: %v", err)
	}
	if err := b.sweep(everywhere); err != nil {
		b.Wrong("the sweep: %v", err)
	}
	b.record()
	b.Stand.rough.Store(false)
	return b.TakeWrong()
}

// query runs SQL as superuser, around the proxies.
func (s *Stand) query(database, sql string) ([]*pgconn.Result, error) {
	ctx, done := context.WithTimeout(context.Background(), impatience)
	defer done()
	return s.Server.Exec(ctx, database, sql)
}

func (s *Stand) direct(database string, all ...string) error {
	for _, sql := range all {
		if _, err := s.query(database, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// remains finds what nobody uses any more: sessions of the server, and what the proxies have open.
func (b *Bank) remains() {
	var left string
	b.within(func() bool {
		r, err := b.Stand.query("postgres", "select coalesce(string_agg(pid || ' ' || usename || ' ' || state || ' ' || coalesce(wait_event, '') || ' ' || left(query, 80), '; '), '') from pg_stat_activity where datname = '"+bankDB+"' and backend_type = 'client backend'")
		if err != nil {
			left = err.Error()
			return false
		}
		left = string(r[0].Rows[0][0])
		return left == ""
	}, func() { b.Wrong("the server still has sessions: %s", left) })
	for _, p := range b.Stand.Proxies {
		var now counts
		var err error
		b.within(func() bool {
			now, err = p.Counts()
			return err == nil && now.goroutines <= p.base.goroutines && now.files <= p.base.files && now.sessions == 0
		}, func() { b.Wrong("%s has open %+v, at its beginning %+v: %v", p.name(), now, p.base, err) })
	}
}

func (b *Bank) within(ok func() bool, otherwise func()) {
	for deadline := time.Now().Add(b.Settle); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if ok() {
			return
		}
	}
	otherwise()
}

// books compares what the database holds with what clients were told.
func (b *Bank) books() error {
	r, err := b.Stand.query(bankDB, "select id, src, dst, amount from transfers")
	if err != nil {
		return err
	}
	b.mu.Lock()
	known := make(map[int64]Transfer, len(b.transfers))
	for id, t := range b.transfers {
		known[id] = *t
	}
	b.mu.Unlock()
	var balances [accounts]int64
	seen := map[int64]bool{}
	for _, row := range r[0].Rows {
		var n [4]int64
		for i := range n {
			n[i] = decode(row[i], false)
		}
		t, ok := known[n[0]]
		switch {
		case !ok || int64(t.From) != n[1] || int64(t.To) != n[2] || int64(t.Amount) != n[3]:
			b.Wrong("a transfer that nobody asked for: %v", n)
			continue
		case seen[n[0]]:
			b.Wrong("transfer %d (%s) is there twice", n[0], t.How)
		case t.State == Undone:
			b.Wrong("transfer %d (%s) is there, and its client was told that it failed", n[0], t.How)
		}
		seen[n[0]] = true
		balances[t.From] -= n[3]
		balances[t.To] += n[3]
	}
	for id, t := range known {
		if t.State == Done && !seen[id] {
			b.Wrong("transfer %d (%s) was acknowledged and is not there", id, t.How)
		}
	}
	for i, p := range b.Stand.Proxies {
		if err := b.compare(p, []string{"sslmode=disable", "sslmode=verify-full"}[i%2], balances); err != nil {
			return err
		}
	}
	return nil
}

// compare reads the accounts by way of a proxy, which by now must work again.
func (b *Bank) compare(p *Proxy, more string, want [accounts]int64) error {
	ctx, done := context.WithTimeout(context.Background(), impatience)
	defer done()
	var c *pgconn.PgConn
	var err error
	b.within(func() bool { c, err = b.connect(ctx, p, app, more); return err == nil }, func() {})
	if err != nil {
		return fmt.Errorf("%s, %s: %w", p.name(), more, err)
	}
	defer c.Close(ctx)
	r, err := c.Exec(ctx, "select id, owner, balance from accounts order by id").ReadAll()
	if err != nil {
		return fmt.Errorf("%s: %w", p.name(), err)
	}
	if len(r[0].Rows) != accounts {
		b.Wrong("%d accounts of %d", len(r[0].Rows), accounts)
		return nil
	}
	for i, row := range r[0].Rows {
		if got := decode(row[2], false) - opening; got != want[i] || string(row[1]) != owner(i) || string(row[0]) != strconv.Itoa(i) {
			b.Wrong("account %d has moved by %d, its transfers come to %d", i, got, want[i])
		}
	}
	return nil
}

// Canaries are the forms in which a planted value may show: what owners and memos begin with, as text and as hex; the upper digits of
// balances, as text, as hex of the text, and the upper bytes of the number.
func Canaries() [][]byte {
	const digits = "7741774177417"
	upper := binary.BigEndian.AppendUint64(nil, opening)[:5]
	return [][]byte{[]byte(mark), fmt.Appendf(nil, "%x", mark), []byte(digits), fmt.Appendf(nil, "%x", digits), upper, fmt.Appendf(nil, "%x", upper)}
}

// sweep looks for planted plaintext in what the server and the proxies have written.
func (b *Bank) sweep(everywhere bool) error {
	s := b.Stand
	canaries := Canaries()
	see := func(what string, content []byte) {
		for _, c := range canaries {
			if i := bytes.Index(content, c); i >= 0 {
				b.Wrong("plaintext in %s: %q", what, content[max(0, i-60):min(len(content), i+60)])
				return
			}
		}
	}
	logs, err := filepath.Glob(s.Server.LogFile + "*")
	if err != nil || len(logs) == 0 {
		return errors.Join(err, errors.New("the server has no log"))
	}
	if s.Former != nil {
		former, err := filepath.Glob(s.Former.LogFile + "*")
		if err != nil {
			return err
		}
		logs = append(logs, former...)
	}
	for _, name := range logs {
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		see(name, content)
	}
	roots := []string{}
	for _, p := range s.Proxies {
		roots = append(roots, p.Dir)
		text, err := p.get("/metrics")
		if err != nil {
			return err
		}
		see("the metrics of "+p.name(), []byte(text))
	}
	if everywhere {
		if err := s.direct("postgres", "checkpoint"); err != nil {
			return err
		}
		roots = append(roots, s.Server.Data())
	}
	for _, root := range roots {
		if err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return ignoreGone(err)
			}
			content, err := os.ReadFile(path)
			see(path, content)
			return ignoreGone(err)
		}); err != nil {
			return err
		}
	}
	return nil
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// record verifies each proxy's record and looks for every recorded statement that a client has an answer to.
func (b *Bank) record() {
	var lines bytes.Buffer
	for _, p := range b.Stand.Proxies {
		for _, dir := range p.audits {
			out, err := exec.Command(b.Stand.Binary, "audit", "verify", dir, "--key", p.AuditKey).CombinedOutput()
			var exit *exec.ExitError
			// 2 is said of statements whose end is nowhere: the fault has killed their proxy.
			if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 2) {
				b.Wrong("the record of %s: %v\n%s", p.name(), err, out)
			}
			names, _ := filepath.Glob(filepath.Join(dir, "*.jsonl"))
			for _, name := range names {
				text, err := os.ReadFile(name)
				if err != nil {
					b.Wrong("%v", err)
				}
				lines.Write(text)
			}
		}
	}
	kept := map[string]bool{}
	for line := range strings.Lines(lines.String()) {
		if _, rest, ok := strings.Cut(line, "select owner as m"); ok && strings.Contains(line, `"statement.decided"`) {
			number, _, _ := strings.Cut(rest, " ")
			kept["m"+number] = true
		}
	}
	b.mu.Lock()
	acknowledged := b.Acknowledged
	b.mu.Unlock()
	for _, m := range acknowledged {
		if !kept[m] {
			b.Wrong("statement %s of a recorded role was answered and is in no record", m)
		}
	}
}

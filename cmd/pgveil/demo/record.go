package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pgveil/pgveil/proxy/audit"
)

// showRecord prints what the statements above left on the record, and verifies it.
func (d *demo) showRecord(ctx context.Context) error {
	events, err := d.awaitEvents(ctx)
	if err != nil {
		return err
	}
	s := d.screen
	s.heading("What this left on the record (" + filepath.Join(d.proxy.AuditDir, "*.jsonl") + ")")
	var rows [][]cell
	for _, e := range events {
		rows = append(rows, []cell{{fmt.Sprint(e.Seq), dim}, {e.Time.Format("15:04:05"), dim}, {string(e.Kind), styleOf(e.Kind)},
			{e.User, bold}, {summary(e), plain}})
	}
	s.table(rows)
	out, err := d.verify(ctx)
	if err != nil {
		return err
	}
	s.heading("pgveil audit verify, with the public key and nothing else")
	s.printf("  %s\n", strings.ReplaceAll(strings.TrimSpace(out), "\n", "\n  "))
	return nil
}

// awaitEvents gives the proxy a moment: what need not be durable before a statement is answered is written soon after.
func (d *demo) awaitEvents(ctx context.Context) ([]audit.Event, error) {
	const tries = 50
	for i := 1; ; i++ {
		events, err := d.events()
		if err == nil || i == tries {
			return events, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// events are the lines about statements of the users that were watched.
func (d *demo) events() ([]audit.Event, error) {
	files, err := filepath.Glob(filepath.Join(d.proxy.AuditDir, "*.jsonl"))
	if err != nil {
		return nil, err
	}
	var shown []audit.Event
	kinds := map[audit.Kind]int{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		for line := range bytes.Lines(text) {
			var e audit.Event
			if err := json.Unmarshal(line, &e); err != nil {
				return nil, fmt.Errorf("%s: %w", f, err)
			}
			switch e.Kind {
			case audit.StatementDecided, audit.StatementDone, audit.StatementRefused:
				shown = append(shown, e)
				kinds[e.Kind]++
			}
		}
	}
	if kinds[audit.StatementDecided] == 0 || kinds[audit.StatementDone] == 0 || kinds[audit.StatementRefused] < 2 {
		return nil, fmt.Errorf("the record lacks lines that must be there; it has %v", kinds)
	}
	return shown, nil
}

func styleOf(k audit.Kind) style {
	if k == audit.StatementRefused {
		return red
	}
	return green
}

// summary is what a line says beside time, kind and user.
func summary(e audit.Event) string {
	switch e.Kind {
	case audit.StatementDone:
		if e.Result == nil {
			return fmt.Sprintf("of %d", e.Decided)
		}
		return fmt.Sprintf("of %d: %s, %d rows, %d values opened, %d masked", e.Decided, e.Result.Outcome, e.Result.Rows,
			e.Result.Opened, e.Result.Masked)
	case audit.StatementRefused:
		return strings.TrimSpace(e.Code + " " + e.Reason)
	}
	return e.Statement
}

// verify runs pgveil audit verify until every line is signed, which the proxy does once a second.
func (d *demo) verify(ctx context.Context) (string, error) {
	const tries = 20
	for i := 1; ; i++ {
		out, err := d.proxy.Run(nil, "audit", "verify", d.proxy.AuditDir, "--key", d.proxy.AuditKey)
		if err == nil && !strings.Contains(out, "unsigned ") {
			return out, nil
		}
		if i == tries {
			return "", errors.Join(errors.New("the record is not signed whole after seconds"), err)
		}
		select {
		case <-ctx.Done():
			return "", errors.Join(err, ctx.Err())
		case <-time.After(300 * time.Millisecond):
		}
	}
}

package e2e

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/stack"
)

// TestReloadsUnderLoad has sessions at work while policy and schema are read again and again: each answer is right.
func TestReloadsUnderLoad(t *testing.T) {
	own := ownStack(t, func(o *stack.Options) { o.Extra = "limits: {catalog_age: 200ms}" })
	frameRows(t)
	defer noFrameRows(t)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var done atomic.Int64
	failures := make(chan error, 8)
	for w := range 8 {
		go func() { failures <- work(ctx, own, w, &done) }()
	}
	su := directly(t)
	for i := range 15 {
		if err := own.Reload(); err != nil {
			t.Fatal(err)
		}
		// Nothing that changes what a statement means.
		rowsOf(t, su, fmt.Sprintf("create table passing_%d (a int); create view passing_view_%d as select id, name from people; drop table passing_%d", i, i, i))
		rowsOf(t, su, fmt.Sprintf("drop view passing_view_%d", i))
		time.Sleep(150 * time.Millisecond)
		for end, want := time.Now().Add(time.Minute), int64(8*(i+1)); done.Load() < want && len(failures) == 0 && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
		}
	}
	stop()
	for range 8 {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
	if n := done.Load(); n < 100 {
		t.Errorf("only %d rounds", n)
	}
	if metric(t, own, `reload_success{what="policy"`) != 1 {
		t.Error("a reload failed")
	}
}

// work is one session: prepared once, executed in pipelines, written and read, until ctx ends.
func work(ctx context.Context, s *stack.Stack, w int, done *atomic.Int64) error {
	background := context.Background()
	c, err := pgconn.Connect(background, s.DSN("app", password("app"), "shop", ""))
	if err != nil {
		return err
	}
	defer c.Close(background)
	if _, err := c.Prepare(background, "by_email", "select id, ssn from people where email = $1", nil); err != nil {
		return err
	}
	if _, err := c.Prepare(background, "write", "update people set ssn = $1 where id = $2 returning ssn", nil); err != nil {
		return err
	}
	id, email := fmt.Sprint(7001+w), fmt.Sprintf("cnry-frame-%d", 1+w)
	for n := 0; ctx.Err() == nil; n++ {
		ssn := fmt.Sprintf("cnry-load-%d-%d", w, n)
		p := c.StartPipeline(background)
		p.SendQueryPrepared("write", [][]byte{[]byte(ssn), []byte(id)}, nil, nil)
		p.SendQueryPrepared("by_email", [][]byte{[]byte(email)}, nil, []int16{0, 1})
		p.SendQueryParams("select $1::text", [][]byte{[]byte(id)}, nil, nil, nil)
		if err := p.Sync(); err != nil {
			return err
		}
		for i, want := range []string{ssn, ssn, id} {
			r, err := p.GetResults()
			if err != nil {
				return fmt.Errorf("session %d round %d: %w", w, n, err)
			}
			got := r.(*pgconn.ResultReader).Read()
			if got.Err != nil || len(got.Rows) != 1 || string(got.Rows[0][len(got.Rows[0])-1]) != want {
				return fmt.Errorf("session %d round %d statement %d: %v %q", w, n, i, got.Err, got.Rows)
			}
		}
		if err := p.Close(); err != nil {
			return err
		}
		done.Add(1)
	}
	return nil
}

package chaos

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// style is a way to do a transfer. run returns the tag that answered COMMIT, and whether COMMIT was on its way when the error came.
type style struct {
	name string
	run  func(w *worker, ctx context.Context, t *Transfer) (said string, committing bool, err error)
}

var styles = []style{
	{"simple", (*worker).simple},
	{"one text", (*worker).oneText},
	{"extended", (*worker).extended},
	{"prepared", (*worker).prepared},
	{"pipelined", (*worker).pipelined},
	{"COPY", (*worker).copied},
	{"cursor", (*worker).cursor},
	{"by owner", (*worker).byOwner},
}

const forUpdate = "select id, balance from accounts where id in ($1, $2) order by id for update"

// lock begins a transaction and reads the two accounts.
func (w *worker) lock(ctx context.Context, t *Transfer) (v both, err error) {
	if _, err = w.exec(ctx, "begin"); err != nil {
		return v, err
	}
	r, err := w.exec(ctx, fmt.Sprintf("select id, balance from accounts where id in (%d, %d) order by id for update", t.From, t.To))
	if err != nil {
		return v, err
	}
	return t.readAll(r, 1, false)
}

// after are the balances when the transfer is done.
func (t *Transfer) after(v both) both { return both{v.from - int64(t.Amount), v.to + int64(t.Amount)} }

func (t *Transfer) memo() string { return fmt.Sprintf("%smemo-%d", mark, t.ID) }

func (t *Transfer) updates(v both) []string {
	return []string{fmt.Sprintf("update accounts set balance = %d where id = %d", v.from, t.From), fmt.Sprintf("update accounts set balance = %d where id = %d", v.to, t.To)}
}

func (t *Transfer) insert() string {
	return fmt.Sprintf("insert into transfers values (%d, %d, %d, %d, '%s')", t.ID, t.From, t.To, t.Amount, t.memo())
}

func (w *worker) commit(ctx context.Context) (said string, committing bool, err error) {
	r, err := w.exec(ctx, "commit")
	if err != nil {
		return "", true, err
	}
	if len(r) != 1 {
		return "", true, mismatch(fmt.Sprintf("%d answers to COMMIT", len(r)))
	}
	return r[len(r)-1].CommandTag.String(), true, nil
}

func (w *worker) simple(ctx context.Context, t *Transfer) (string, bool, error) {
	v, err := w.lock(ctx, t)
	if err != nil {
		return "", false, err
	}
	for _, sql := range append(t.updates(t.after(v)), t.insert()) {
		if _, err := w.exec(ctx, sql); err != nil {
			return "", false, err
		}
	}
	return w.commit(ctx)
}

func (w *worker) oneText(ctx context.Context, t *Transfer) (string, bool, error) {
	v, err := w.lock(ctx, t)
	if err != nil {
		return "", false, err
	}
	u := t.updates(t.after(v))
	r, err := w.exec(ctx, u[0]+"; "+u[1]+"; "+t.insert()+"; commit")
	if err != nil {
		return "", true, err
	}
	if len(r) != 4 {
		return "", true, mismatch(fmt.Sprintf("%d answers of 4", len(r)))
	}
	return r[3].CommandTag.String(), true, nil
}

// texts are the statements with parameters.
var texts = [...]string{forUpdate, "update accounts set balance = $1 where id = $2", "insert into transfers values ($1, $2, $3, $4, $5)"}

// params are the arguments of the second and third of texts, as text but for balances.
func (t *Transfer) params(v both) [3][][]byte {
	text := func(n int) []byte { return fmt.Append(nil, n) }
	return [3][][]byte{{encode(v.from), text(t.From)}, {encode(v.to), text(t.To)},
		{fmt.Append(nil, t.ID), text(t.From), text(t.To), text(t.Amount), []byte(t.memo())}}
}

func (t *Transfer) asked() [][]byte { return [][]byte{fmt.Append(nil, t.From), fmt.Append(nil, t.To)} }

var mixed = []int16{1, 0}

func (w *worker) extended(ctx context.Context, t *Transfer) (string, bool, error) {
	return w.withParameters(ctx, t, func(i int, params [][]byte, formats []int16) *pgconn.Result {
		return w.conn.ExecParams(ctx, texts[i], params, nil, formats, []int16{1}).Read()
	})
}

func (w *worker) prepared(ctx context.Context, t *Transfer) (string, bool, error) {
	if err := w.prepare(ctx); err != nil {
		return "", false, err
	}
	return w.withParameters(ctx, t, func(i int, params [][]byte, formats []int16) *pgconn.Result {
		return w.conn.ExecPrepared(ctx, fmt.Sprint("p", i), params, formats, []int16{1}).Read()
	})
}

// prepare makes the prepared statements, unless they are there. One whose making was cancelled may be there or not.
func (w *worker) prepare(ctx context.Context) error {
	if w.named {
		return nil
	}
	if _, err := w.exec(ctx, "deallocate all"); err != nil {
		return err
	}
	for i, sql := range texts {
		if _, err := w.conn.Prepare(ctx, fmt.Sprint("p", i), sql, nil); err != nil {
			return err
		}
	}
	w.named = true
	return nil
}

func (w *worker) withParameters(ctx context.Context, t *Transfer, run func(int, [][]byte, []int16) *pgconn.Result) (string, bool, error) {
	if _, err := w.exec(ctx, "begin"); err != nil {
		return "", false, err
	}
	v, err := t.read(run(0, t.asked(), nil), true)
	if err != nil {
		return "", false, err
	}
	p := t.params(t.after(v))
	for i, at := range []int{1, 1, 2} {
		formats := mixed
		if at == 2 {
			formats = nil
		}
		if r := run(at, p[i], formats); r.Err != nil {
			return "", false, r.Err
		}
	}
	r := w.conn.ExecParams(ctx, "commit", nil, nil, nil, nil).Read()
	return r.CommandTag.String(), true, r.Err
}

// pipelined sends the writes and COMMIT in one batch.
func (w *worker) pipelined(ctx context.Context, t *Transfer) (string, bool, error) {
	if err := w.prepare(ctx); err != nil {
		return "", false, err
	}
	batch := &pgconn.Batch{}
	batch.ExecParams("begin", nil, nil, nil, nil)
	batch.ExecPrepared("p0", t.asked(), nil, []int16{1})
	r, err := w.conn.ExecBatch(ctx, batch).ReadAll()
	if err != nil {
		return "", false, err
	}
	v, err := t.readAll(r, 2, true)
	if err != nil {
		return "", false, err
	}
	p := t.params(t.after(v))
	batch = &pgconn.Batch{}
	batch.ExecPrepared("p1", p[0], mixed, nil)
	batch.ExecPrepared("p1", p[1], mixed, nil)
	batch.ExecPrepared("p2", p[2], nil, nil)
	batch.ExecParams("commit", nil, nil, nil, nil)
	if r, err = w.conn.ExecBatch(ctx, batch).ReadAll(); err != nil {
		return "", true, err
	}
	if len(r) != 4 {
		return "", true, mismatch(fmt.Sprintf("%d answers of 4", len(r)))
	}
	return r[3].CommandTag.String(), true, nil
}

func (w *worker) copied(ctx context.Context, t *Transfer) (string, bool, error) {
	v, err := w.lock(ctx, t)
	if err != nil {
		return "", false, err
	}
	for _, sql := range t.updates(t.after(v)) {
		if _, err := w.exec(ctx, sql); err != nil {
			return "", false, err
		}
	}
	line := fmt.Sprintf("%d\t%d\t%d\t%d\t%s\n", t.ID, t.From, t.To, t.Amount, t.memo())
	if _, err := w.conn.CopyFrom(ctx, copyText(line), "copy transfers from stdin"); err != nil {
		return "", false, err
	}
	return w.commit(ctx)
}

func (w *worker) cursor(ctx context.Context, t *Transfer) (string, bool, error) {
	if _, err := w.exec(ctx, "begin"); err != nil {
		return "", false, err
	}
	sql := fmt.Sprintf("declare k cursor for select id, balance from accounts where id in (%d, %d) order by id for update", t.From, t.To)
	if _, err := w.exec(ctx, sql); err != nil {
		return "", false, err
	}
	r, err := w.exec(ctx, "fetch all from k")
	if err != nil {
		return "", false, err
	}
	v, err := t.readAll(r, 1, false)
	if err != nil {
		return "", false, err
	}
	for _, sql := range append(t.updates(t.after(v)), "close k", t.insert()) {
		if _, err := w.exec(ctx, sql); err != nil {
			return "", false, err
		}
	}
	return w.commit(ctx)
}

// byOwner finds the accounts by a sealed column.
func (w *worker) byOwner(ctx context.Context, t *Transfer) (string, bool, error) {
	v, err := w.lock(ctx, t)
	if err != nil {
		return "", false, err
	}
	v = t.after(v)
	for i, n := range map[int]int64{t.From: v.from, t.To: v.to} {
		r := w.conn.ExecParams(ctx, "update accounts set balance = $1 where owner = $2", [][]byte{encode(n), []byte(owner(i))}, nil, mixed, nil).Read()
		if r.Err != nil {
			return "", false, r.Err
		}
		if r.CommandTag.RowsAffected() != 1 {
			return "", false, mismatch(fmt.Sprintf("%d accounts of one owner", r.CommandTag.RowsAffected()))
		}
	}
	if _, err := w.exec(ctx, t.insert()); err != nil {
		return "", false, err
	}
	return w.commit(ctx)
}

package chaos

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// worker is one client. It keeps its connection until that fails, or the bank wants it to end.
type worker struct {
	bank   *Bank
	random *rand.Rand
	number int
	proxy  *Proxy
	conn   *pgconn.PgConn
	style  style
	named  bool // the prepared statements are there
}

func (w *worker) loop(ctx context.Context, work func(*worker, context.Context)) {
	for ctx.Err() == nil {
		w.bank.gate.RLock()
		limit, done := context.WithTimeout(context.Background(), impatience)
		if w.conn != nil || w.enter(limit) {
			work(w, limit)
		}
		done()
		if w.conn != nil && (w.conn.IsClosed() || w.random.IntN(30) == 0) {
			w.leave()
		}
		w.bank.gate.RUnlock()
		time.Sleep(time.Duration(w.random.IntN(20)) * time.Millisecond)
	}
	w.leave()
}

func (w *worker) enter(ctx context.Context) bool {
	all := w.bank.Stand.Proxies
	w.proxy, w.style, w.named = all[w.random.IntN(len(all))], styles[w.random.IntN(len(styles))], false
	user := app
	if w.number%4 == 3 {
		user = teller
	}
	more := "sslmode=verify-full"
	if w.random.IntN(2) == 0 {
		more = "sslmode=disable"
	}
	var err error
	if w.conn, err = w.bank.connect(ctx, w.proxy, user, more); err != nil {
		w.bank.note("a client signs in at "+w.proxy.name(), err)
		w.conn = nil
		time.Sleep(50 * time.Millisecond)
		return false
	}
	return true
}

func (w *worker) leave() {
	if w.conn == nil {
		return
	}
	ctx, done := context.WithTimeout(context.Background(), time.Second)
	defer done()
	if w.random.IntN(3) == 0 { // as a process that was killed
		w.conn.Conn().Close()
	}
	w.conn.Close(ctx)
	w.conn = nil
}

// transfer does one transfer in the connection's style.
func (w *worker) transfer(ctx context.Context) {
	b := w.bank
	t := &Transfer{ID: b.next.Add(1), From: w.random.IntN(accounts), Amount: 1 + w.random.IntN(9), How: w.style.name}
	t.To = (t.From + 1 + w.random.IntN(accounts-1)) % accounts
	b.mu.Lock()
	b.transfers[t.ID] = t
	b.mu.Unlock()
	said, committing, err := w.style.run(w, ctx, t)
	state := Undone
	if err != nil {
		what := fmt.Sprintf("a transfer (%s) by way of %s", t.How, w.proxy.name())
		if code, fatal := b.note(what, err); fatal && committing {
			state = Unknown
		} else if !fatal && code != "no answer" {
			if _, err := w.exec(ctx, "rollback"); err != nil {
				b.note(what+" is rolled back", err) // of a recorded role even that is refused while there is no record
				w.leave()
			}
		}
	} else if said == "COMMIT" {
		state = Done
	} else if said != "ROLLBACK" {
		b.Wrong("a transfer (%s): COMMIT was answered by %q", t.How, said)
	}
	b.mu.Lock()
	t.State = state
	b.mu.Unlock()
}

// exec runs one text and returns the rows and the last tag.
func (w *worker) exec(ctx context.Context, sql string) ([]*pgconn.Result, error) {
	return w.conn.Exec(ctx, sql).ReadAll()
}

// both are the two accounts' balances.
type both struct{ from, to int64 }

func (t *Transfer) read(r *pgconn.Result, binaries bool) (both, error) {
	var v both
	if r.Err != nil {
		return v, r.Err
	}
	if len(r.Rows) != 2 {
		return v, mismatch(fmt.Sprintf("%d accounts of two", len(r.Rows)))
	}
	for _, row := range r.Rows {
		id, balance := decode(row[0], binaries), decode(row[1], binaries)
		switch id {
		case int64(t.From):
			v.from = balance
		case int64(t.To):
			v.to = balance
		default:
			return v, mismatch(fmt.Sprintf("account %d was not asked for", id))
		}
	}
	return v, nil
}

// readAll is read of the last of n answers.
func (t *Transfer) readAll(r []*pgconn.Result, n int, binaries bool) (both, error) {
	if len(r) != n {
		return both{}, mismatch(fmt.Sprintf("%d answers of %d", len(r), n))
	}
	return t.read(r[n-1], binaries)
}

func decode(b []byte, binaries bool) int64 {
	switch {
	case !binaries:
		n, err := strconv.ParseInt(string(b), 10, 64)
		if err != nil {
			return -1
		}
		return n
	case len(b) == 4:
		return int64(int32(binary.BigEndian.Uint32(b)))
	case len(b) == 8:
		return int64(binary.BigEndian.Uint64(b))
	}
	return -1
}

func encode(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

// read looks at all accounts in one of several ways: none is missing, and the sum is what it was.
func (w *worker) read(ctx context.Context) {
	what, rows, err := w.look(ctx)
	if err != nil {
		if _, fatal := w.bank.note("a reader ("+what+") by way of "+w.proxy.name(), err); !fatal {
			if _, err := w.exec(ctx, "rollback"); err != nil {
				w.leave()
			}
		}
		return
	}
	var sum int64
	for _, r := range rows {
		sum += r - opening
	}
	w.bank.Reads.Add(1)
	if len(rows) != accounts || sum != 0 {
		w.bank.Wrong("a reader (%s) by way of %s saw %d of %d accounts and a sum that differs by %d", what, w.proxy.name(), len(rows), accounts, sum)
	}
}

func (w *worker) look(ctx context.Context) (what string, balances []int64, err error) {
	var results []*pgconn.Result
	binaries := false
	switch w.random.IntN(5) {
	case 0:
		what = "simple"
		results, err = w.exec(ctx, "select balance from accounts")
	case 1:
		what, binaries = "extended, binary", true
		r := w.conn.ExecParams(ctx, "select balance from accounts where balance > $1", [][]byte{encode(0)}, nil, []int16{1}, []int16{1}).Read()
		results, err = []*pgconn.Result{r}, r.Err
	case 2:
		what = "cursor"
		_, err = w.exec(ctx, "begin isolation level repeatable read; declare k cursor for select balance from accounts order by balance")
		for range 3 {
			if err == nil {
				var part []*pgconn.Result
				part, err = w.exec(ctx, "fetch 15 from k")
				results = append(results, part...)
			}
		}
		if err == nil {
			_, err = w.exec(ctx, "commit")
		}
	case 3:
		what = "COPY"
		var text strings.Builder
		_, err = w.conn.CopyTo(ctx, &text, "copy accounts (balance) to stdout")
		for line := range strings.Lines(text.String()) {
			balances = append(balances, decode([]byte(strings.TrimSpace(line)), false))
		}
	case 4:
		what = "ordered"
		results, err = w.exec(ctx, "select balance from accounts order by balance desc")
	}
	for _, r := range results {
		for _, row := range r.Rows {
			balances = append(balances, decode(row[0], binaries))
		}
	}
	if what == "ordered" {
		for i := 1; i < len(balances); i++ {
			if balances[i] > balances[i-1] {
				w.bank.Wrong("balances are not in order")
			}
		}
	}
	return what, balances, err
}

// recorded runs a statement as a role that is recorded; its mark must be in the record if it was answered.
func (w *worker) recorded(ctx context.Context) {
	if w.conn.ParameterStatus("session_authorization") != teller {
		w.leave()
		var err error
		if w.conn, err = w.bank.connect(ctx, w.proxy, teller, "sslmode=disable"); err != nil {
			w.bank.note("a recorded client signs in at "+w.proxy.name(), err)
			w.conn = nil
			return
		}
	}
	name := fmt.Sprintf("m%d", w.bank.next.Add(1))
	i := w.random.IntN(accounts)
	r := w.conn.ExecParams(ctx, fmt.Sprintf("select owner as %s from accounts where id = $1", name), [][]byte{fmt.Append(nil, i)}, nil, nil, nil).Read()
	if r.Err != nil {
		w.bank.note("a recorded statement by way of "+w.proxy.name(), r.Err)
		return
	}
	if len(r.Rows) != 1 || string(r.Rows[0][0]) != owner(i) {
		w.bank.Wrong("a recorded statement was answered by other rows")
	}
	w.bank.mu.Lock()
	w.bank.Acknowledged = append(w.bank.Acknowledged, name)
	w.bank.mu.Unlock()
	time.Sleep(10 * time.Millisecond)
}

// copyText is COPY's input, whole.
func copyText(s string) io.Reader { return strings.NewReader(s) }

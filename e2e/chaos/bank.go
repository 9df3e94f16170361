package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	accounts = 40
	// opening is what each account begins with: a number that nothing else holds, so that it can be looked for in files.
	opening = 7741774177417741000
	// owners and memos begin with mark.
	mark = "cnryqz-"
	// impatience is how long a client waits for an answer at most. No fault lasts as long.
	impatience = 25 * time.Second
)

// State is what a client knows of its transfer.
type State int

// A transfer is Unknown until its end was told: Done if COMMIT was acknowledged, Undone if it can't have been committed.
const (
	Unknown State = iota
	Done
	Undone
)

// Transfer moves an amount between two accounts.
type Transfer struct {
	ID               int64
	From, To, Amount int
	State            State
	How              string
}

// Bank is the load: clients that do transfers, readers, and auditors, whose statements are recorded.
type Bank struct {
	Stand *Stand
	// Settle is how long what a fault left behind may take to go.
	Settle time.Duration
	// Acknowledged are the marks of recorded statements that were answered.
	Acknowledged []string

	mu        sync.Mutex
	transfers map[int64]*Transfer
	wrong     []string
	wrongs    map[string]int // how many of a kind, by their format
	Errors    map[string]int // by SQLSTATE, or what else was told
	next      atomic.Int64
	Reads     atomic.Int64
	// gate is held for reading by a client at work; Pause takes it.
	gate    sync.RWMutex
	workers []*worker
	clients sync.WaitGroup
	stop    context.CancelFunc
	still   func() // what Examine calls while nobody is at work
}

// NewBank makes the tables through a proxy.
func NewBank(s *Stand) (*Bank, error) {
	b := &Bank{Stand: s, Settle: 12 * time.Second, transfers: map[int64]*Transfer{}, Errors: map[string]int{}}
	c, err := b.connect(context.Background(), s.Proxies[0], app, "sslmode=disable")
	if err != nil {
		return nil, err
	}
	defer c.Close(context.Background())
	for _, sql := range []string{
		"create table accounts (id int primary key, owner text not null unique, balance int8 not null)",
		"create index on accounts (balance)",
		"create table transfers (id int8 not null, src int not null, dst int not null, amount int not null, memo text)",
	} {
		if err := c.Exec(context.Background(), sql).Close(); err != nil {
			return nil, err
		}
	}
	for i := range accounts {
		if err := c.Exec(context.Background(), fmt.Sprintf("insert into accounts values (%d, '%s', %d)", i, owner(i), opening)).Close(); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func owner(i int) string { return fmt.Sprintf("%sowner-%d", mark, i) }

// Wrong notes a broken promise, and of the same kind ten.
func (b *Bank) Wrong(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.wrongs == nil {
		b.wrongs = map[string]int{}
	}
	if b.wrongs[format]++; b.wrongs[format] <= 10 {
		b.wrong = append(b.wrong, fmt.Sprintf(format, args...))
	}
}

// TakeWrong returns what was noted since it was asked last.
func (b *Bank) TakeWrong() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.wrong
	b.wrong, b.wrongs = nil, nil
	return w
}

// Run starts clients: n that transfer, and a few that read or are recorded. It returns at once; Stop ends them.
func (b *Bank) Run(n int, seed uint64) {
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	for i := range n + n/4 + 2 {
		work := (*worker).transfer
		switch {
		case i >= n+n/4:
			work = (*worker).recorded
		case i >= n:
			work = (*worker).read
		}
		w := &worker{bank: b, random: rand.New(rand.NewPCG(seed, uint64(i))), number: i}
		b.workers = append(b.workers, w)
		b.clients.Go(func() { w.loop(ctx, work) })
	}
}

// Stop ends all clients.
func (b *Bank) Stop() {
	b.stop()
	b.clients.Wait()
}

// Pause waits until every client is between two pieces of work and ends their connections; the function returned lets them go on.
func (b *Bank) Pause() (resume func()) {
	b.gate.Lock()
	var all sync.WaitGroup
	for _, w := range b.workers {
		all.Go(w.leave)
	}
	all.Wait()
	return b.gate.Unlock
}

// Count is how many transfers ended how.
func (b *Bank) Count() (done, undone, unknown int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range b.transfers {
		switch t.State {
		case Done:
			done++
		case Undone:
			undone++
		default:
			unknown++
		}
	}
	return
}

// connect signs a client in, with a Witness on its wire.
func (b *Bank) connect(ctx context.Context, p *Proxy, user, more string) (*pgconn.PgConn, error) {
	config, err := pgconn.ParseConfig(fmt.Sprintf("host=localhost port=%d user=%s password=%s dbname=%s sslrootcert=%s %s",
		p.Client.Port, user, password(user), bankDB, p.CAFile, more))
	if err != nil {
		return nil, err
	}
	config.LookupFunc = func(context.Context, string) ([]string, error) { return []string{"127.0.0.1"}, nil }
	config.AfterNetConnect = func(_ context.Context, _ *pgconn.Config, c net.Conn) (net.Conn, error) {
		return &Witness{Conn: c, Cut: b.Stand.rough.Load, Wrong: func(s string) { b.Wrong("%s (user %s, %s): %s", p.name(), user, more, s) }}, nil
	}
	ctx, done := context.WithTimeout(ctx, impatience)
	defer done()
	return pgconn.ConnectConfig(ctx, config)
}

// name is how a report calls the proxy.
func (p *Proxy) name() string { return fmt.Sprintf("proxy %d", slices.Index(p.stand.Proxies, p)) }

// expected are the SQLSTATEs that faults may lead to, as they begin.
var expected = []string{"08", "57P", "57014", "58030", "40001", "40P01", "55P03", "53300", "55000"}

// mismatch is an answer that is another than it must be.
type mismatch string

func (m mismatch) Error() string { return string(m) }

// note counts an error; what no fault can explain is wrong. fatal says that the connection ended with it.
func (b *Bank) note(what string, err error) (code string, fatal bool) {
	var e *pgconn.PgError
	code, fatal = "closed", true
	if errors.As(err, &e) {
		code, fatal = e.Code, e.SeverityUnlocalized != "ERROR"
		if !slices.ContainsFunc(expected, func(p string) bool { return strings.HasPrefix(code, p) }) {
			b.Wrong("%s: %s %s: %s (%s)", what, e.Severity, e.Code, e.Message, e.Hint)
		}
	} else if m := mismatch(""); errors.As(err, &m) {
		code, fatal = "mismatch", false
		b.Wrong("%s: %v", what, err)
	} else if errors.Is(err, context.DeadlineExceeded) {
		code = "no answer"
		b.Wrong("%s: no answer within %v", what, impatience)
	}
	b.mu.Lock()
	b.Errors[code]++
	b.mu.Unlock()
	return code, fatal
}

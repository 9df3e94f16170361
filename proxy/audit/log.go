// Package audit is the record: who signed in, which statements a privileged session ran and what became of them, refusals,
// reloads. It never holds a value.
//
// A line of JSON is a leaf of a Merkle tree whose root is signed every second, so an outsider with nothing but the public key can
// see whether a line was changed, removed, added or moved; docs/audit.md is the format. An event that Append accepted is on disk:
// one writer takes what waits, writes it with one fsync, and then lets the waiters go.
package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// ErrUnavailable is wrapped by every error of Append and AppendAsync that means that the event is not on record. What it was
// about must not happen: a statement is refused with SQLSTATE 58030 (io_error, src/backend/utils/errcodes.txt).
var ErrUnavailable = errors.New("audit log unavailable")

// errClosed is the reason once Run has returned.
var errClosed = errors.New("audit log closed")

// Options are the settings of a Log. The zero value of a number means its default.
type Options struct {
	Key      *Key   // signs checkpoints; required
	Software string // name and version of what writes, noted in log.opened

	SegmentSize     int64         // bytes after which a new segment begins; 256 MiB
	CheckpointEvery time.Duration // while there are new lines; one second
	CheckpointLines int64         // new lines that are not left unsigned for longer; 1024
	Alive           time.Duration // between log.alive events; one minute; negative: none
	Timeout         time.Duration // for an event to become durable; two seconds
	Queue           int           // events that may wait; 4096

	// Published, if set, is called with each new signed checkpoint, by the writer. It must not block. Whatever carries it to
	// another machine makes a witness.
	Published func(note []byte)

	// AcceptBreak lets Open put aside a log that is broken, and begin a new one that says so first.
	AcceptBreak *Break

	Now func() time.Time // the clock; time.Now

	openFile func(path string) (file, error) // for tests
}

// Break is who accepted that the old log is broken, and why.
type Break struct{ Operator, Reason string }

// file is what the writer needs of a segment.
type file interface {
	WriteAt(b []byte, offset int64) (int, error)
	Sync() error
	Truncate(size int64) error
	Close() error
}

func (o *Options) setDefaults() error {
	if o.Key == nil {
		return errors.New("audit: no signing key")
	}
	if o.SegmentSize <= 0 {
		o.SegmentSize = 256 << 20
	}
	if o.CheckpointEvery <= 0 {
		o.CheckpointEvery = time.Second
	}
	if o.CheckpointLines <= 0 {
		o.CheckpointLines = 1024
	}
	if o.Alive == 0 {
		o.Alive = time.Minute
	}
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Second
	}
	if o.Queue <= 0 {
		o.Queue = 4096
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.openFile == nil {
		o.openFile = func(path string) (file, error) { return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) }
	}
	return nil
}

// Log is an open record. Make it with Open, let Run write it, and Close it.
type Log struct {
	opt   Options
	dir   string
	queue chan *entry
	quit  chan struct{} // closed by Close: Run must stop
	gone  chan struct{} // closed when nothing will be written any more
	stop  sync.Once

	sending sync.RWMutex  // held for reading while handing in
	closing chan struct{} // closed when nothing may be handed in any more

	mu      sync.Mutex
	running bool
	done    bool

	pending atomic.Int64          // entries handed in and not yet settled
	oldest  atomic.Int64          // when the oldest entry that the writer holds was handed in, Unix nanoseconds; 0: none
	failure atomic.Pointer[error] // of writing lines
	signing atomic.Pointer[error] // of writing checkpoints

	w writer
}

// entry is an event on its way. Its state decides between a waiter that gives up and the writer.
type entry struct {
	ev    Event
	at    time.Time
	state atomic.Int32
	done  chan error // nil: nobody waits
}

// The states of an entry. waiting → claimed → settled is the ordinary way.
const (
	waiting   = iota
	claimed   // the writer has taken it
	settled   // written, or refused
	abandoned // the waiter left before the writer took it: never written
	late      // the waiter left after that: may still be written
)

// Append writes ev and returns its Seq once it is durable. Its errors wrap ErrUnavailable, or are about ev itself; then the event
// does not count as recorded, though after a timeout it may still come to stand in the log, followed by statement.lost if it
// was a statement.decided. ev.V, Seq and N are set by the log.
func (l *Log) Append(ctx context.Context, ev Event) (int64, error) {
	e := &entry{ev: ev, done: make(chan error, 1)}
	timer := time.NewTimer(l.opt.Timeout)
	defer timer.Stop()
	if err := l.enqueue(ctx, e, timer.C); err != nil {
		return 0, err
	}
	var why error
	select {
	case err := <-e.done:
		return e.result(err)
	case <-ctx.Done():
		why = context.Cause(ctx)
	case <-timer.C:
		why = fmt.Errorf("not durable within %v", l.opt.Timeout)
	case <-l.gone:
		why = errClosed
	}
	if e.state.CompareAndSwap(waiting, abandoned) {
		l.pending.Add(-1)
	} else if !e.state.CompareAndSwap(claimed, late) {
		return e.result(<-e.done) // settled in this moment
	}
	return 0, fmt.Errorf("%w: %w", ErrUnavailable, why)
}

func (e *entry) result(err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return e.ev.Seq, nil
}

// AppendAsync hands ev in and returns; it is written in the order of all events, and tried again if writing fails. When
// the queue is full it waits, at most Options.Timeout; then, or when the log is closed, the error wraps ErrUnavailable and
// the session that can't be recorded should end.
func (l *Log) AppendAsync(ctx context.Context, ev Event) error {
	timer := time.NewTimer(l.opt.Timeout)
	defer timer.Stop()
	return l.enqueue(ctx, &entry{ev: ev}, timer.C)
}

func (l *Log) enqueue(ctx context.Context, e *entry, timeout <-chan time.Time) error {
	if !appendable[e.ev.Kind] {
		return fmt.Errorf("audit event of kind %q can't be appended", e.ev.Kind)
	}
	l.sending.RLock()
	defer l.sending.RUnlock()
	select {
	case <-l.closing:
		return fmt.Errorf("%w: %w", ErrUnavailable, errClosed)
	default:
	}
	e.at = l.opt.Now()
	l.pending.Add(1)
	var why error
	select {
	case l.queue <- e:
		return nil
	case <-l.closing:
		why = errClosed
	case <-ctx.Done():
		why = context.Cause(ctx)
	case <-timeout:
		why = fmt.Errorf("queue full for %v", l.opt.Timeout)
	}
	l.pending.Add(-1)
	return fmt.Errorf("%w: %w", ErrUnavailable, why)
}

// Lag says how many events wait to become durable, and how long the oldest of those that the writer holds has waited.
func (l *Log) Lag() (events int64, age time.Duration) {
	if at := l.oldest.Load(); at != 0 {
		age = max(0, l.opt.Now().Sub(time.Unix(0, at)))
	}
	return l.pending.Load(), age
}

// Healthy returns nil when, as far as is known, the next event can be made durable: for a readiness check. It does not write.
func (l *Log) Healthy() error {
	select {
	case <-l.gone:
		return fmt.Errorf("%w: %w", ErrUnavailable, errClosed)
	default:
	}
	if err := l.failure.Load(); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, *err)
	}
	if err := l.signing.Load(); err != nil {
		return fmt.Errorf("audit checkpoint: %w", *err)
	}
	if _, age := l.Lag(); age > l.opt.Timeout {
		return fmt.Errorf("%w: an event has waited for %v", ErrUnavailable, age.Round(time.Millisecond))
	}
	return nil
}

// Run writes until ctx ends or Close is called; then it writes what was handed in, notes log.closed, signs a last checkpoint, and
// returns. End the sessions first: an event that comes later is refused. It may run once.
func (l *Log) Run(ctx context.Context) error {
	l.mu.Lock()
	if l.running || l.done {
		l.mu.Unlock()
		return errors.New("audit: Run called twice, or after Close")
	}
	l.running = true
	l.mu.Unlock()
	err := l.w.loop(ctx, l)
	close(l.gone)
	return err
}

// Close stops Run, waits for it, and releases the folder.
func (l *Log) Close() error {
	var err error
	l.stop.Do(func() {
		close(l.quit)
		l.mu.Lock()
		running := l.running
		l.done = true
		l.mu.Unlock()
		if running {
			<-l.gone
		} else {
			err = l.w.finish(l)
			close(l.gone)
		}
		err = errors.Join(err, l.w.close())
	})
	return err
}

package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// writer is the part of a Log that only the goroutine of Run touches (and Open, before there is one).
type writer struct {
	opt    *Options
	dir    string
	origin string
	lock   *os.File

	seg    segment
	file   file
	size   int64 // durable bytes of the segment
	tree   tree  // over the durable lines
	hashes *os.File
	stored bytes.Buffer // hashes not yet written, from hashesAt on
	hashAt int64        // stored hashes in the file

	signed      int64 // lines under the latest checkpoint
	signErr     error
	wroteAt     time.Time
	checkpoints *os.File
	noted       int64 // bytes in checkpoints

	// The batch being made.
	buf    bytes.Buffer
	ends   []int // offset in buf after each line
	taken  []*entry
	number numbering

	broken error    // why the latest write failed; the segment may end with bytes that do not count
	carry  []*entry // events nobody waits for, to be written before all others
}

// batchBytes and batchEntries bound what one fsync covers.
const (
	batchBytes   = 1 << 20
	batchEntries = 4096
)

func (w *writer) loop(ctx context.Context, l *Log) error {
	tick := time.NewTicker(min(w.opt.CheckpointEvery, time.Second))
	defer tick.Stop()
	for {
		queue := l.queue
		if len(w.carry) >= w.opt.Queue {
			queue = nil // nothing more is taken until writing works again
		}
		select {
		case <-ctx.Done():
			return w.finish(l)
		case <-l.quit:
			return w.finish(l)
		case e := <-queue:
			w.commit(l, e)
		case <-tick.C:
			w.tick(l)
		}
	}
}

// tick does what time demands: try again after a failure, note what is carried, say that we live, sign.
func (w *writer) tick(l *Log) {
	if w.opt.Alive > 0 && w.broken == nil && w.opt.Now().Sub(w.wroteAt) >= w.opt.Alive {
		w.carryOn(l, Event{Kind: LogAlive})
	}
	if w.broken != nil || len(w.carry) > 0 {
		w.commit(l, nil)
	}
	if w.broken == nil && w.tree.size > w.signed {
		w.sign(l)
	}
}

// commit writes what is carried, first, and whatever else waits, and settles all of it.
func (w *writer) commit(l *Log, first *entry) {
	w.begin(l)
	if first != nil && l.oldest.Load() == 0 {
		l.oldest.Store(first.at.UnixNano())
	}
	err := w.repair()
	if err == nil {
		err = w.rotate(l)
	}
	if err == nil {
		w.gather(l, first)
		err = w.write()
	} else if first != nil {
		w.take(first)
	}
	w.settle(l, err)
	if err == nil {
		if w.tree.size-w.signed >= w.opt.CheckpointLines {
			w.sign(l)
		}
	}
}

func (w *writer) begin(l *Log) {
	w.buf.Reset()
	w.ends = w.ends[:0]
	w.taken = append(w.taken[:0], w.carry...)
	w.carry = w.carry[:0]
	for _, e := range w.taken {
		e.state.Store(claimed)
	}
	l.oldest.Store(0)
	if len(w.taken) > 0 {
		l.oldest.Store(w.taken[0].at.UnixNano())
	}
}

// repair cuts what a failed write may have left. After it succeeded the pages that could not be written are gone, so that the
// next fsync speaks for all bytes again.
func (w *writer) repair() error {
	if w.broken == nil {
		return nil
	}
	return errors.Join(w.file.Truncate(w.size), w.file.Sync())
}

// gather makes the batch's lines: what is carried, log.resumed after a failure, first, and what waits in the queue.
func (w *writer) gather(l *Log, first *entry) {
	if w.size == 0 && w.seg.number > 1 {
		w.add(&Event{Kind: LogRotated, Log: &LogInfo{Open: w.number.open("")}})
	}
	for _, e := range w.taken {
		w.addEntry(l, e)
	}
	if w.broken != nil {
		w.add(&Event{Kind: LogResumed, Reason: "writing had failed"})
	}
	if first != nil && w.take(first) {
		w.addEntry(l, first)
	}
	for w.buf.Len() < batchBytes && len(w.taken) < batchEntries {
		select {
		case e := <-l.queue:
			if w.take(e) {
				w.addEntry(l, e)
			}
			continue
		default:
		}
		return
	}
}

// take claims e for this batch, unless its waiter has left.
func (w *writer) take(e *entry) bool {
	if !e.state.CompareAndSwap(waiting, claimed) {
		return false
	}
	w.taken = append(w.taken, e)
	return true
}

// addEntry makes e's line. What can't be a line is settled at once with its error.
func (w *writer) addEntry(l *Log, e *entry) {
	ev := &e.ev
	switch ev.Kind {
	case SessionEnd:
		for _, lost := range w.number.lost(w.number.open(ev.Session), "session ended") {
			w.add(&lost)
		}
	case StatementLost:
		if !w.number.isOpen(ev.Session, ev.Decided) {
			return
		}
	}
	err := w.add(ev)
	switch {
	case err == nil:
	case e.done == nil: // nobody can be told: what is long goes, the rest is recorded
		ev.Statement, ev.Tables, ev.Columns, ev.Rules, ev.Cut = "", nil, nil, nil, true
		w.add(ev)
	case e.state.CompareAndSwap(claimed, settled):
		e.done <- err
	}
}

// add numbers ev and appends its line to the batch.
func (w *writer) add(ev *Event) error {
	mark := len(w.number.undo)
	ev.Seq = w.tree.size + int64(len(w.ends))
	if ev.Time.IsZero() {
		ev.Time = w.opt.Now()
	}
	ev.Time = ev.Time.UTC().Round(0)
	w.number.number(ev)
	if err := appendLine(&w.buf, ev); err != nil {
		w.number.rollback(mark)
		return err
	}
	w.ends = append(w.ends, w.buf.Len())
	return nil
}

// write makes the batch durable.
func (w *writer) write() error {
	if w.buf.Len() == 0 {
		return nil
	}
	if _, err := w.file.WriteAt(w.buf.Bytes(), w.size); err != nil {
		return err
	}
	return w.file.Sync()
}

// settle tells the waiters, and takes the batch into the state of the log or takes it back.
func (w *writer) settle(l *Log, err error) {
	l.oldest.Store(0)
	w.broken = err
	if err != nil {
		w.number.rollback(0)
		l.failure.Store(&err)
	} else {
		w.number.commit()
		if w.buf.Len() > 0 {
			w.size += int64(w.buf.Len())
			w.wroteAt = w.opt.Now()
		}
		l.failure.Store(nil)
	}
	for _, e := range w.taken {
		if e.done == nil && err != nil {
			w.carry = append(w.carry, e)
			continue
		}
		l.pending.Add(-1)
		switch {
		case e.done == nil || e.state.Load() == settled:
		case !e.state.CompareAndSwap(claimed, settled): // the waiter left: nothing was sent
			if err == nil && e.ev.Kind == StatementDecided {
				w.carryOn(l, Event{Kind: StatementLost, Session: e.ev.Session, User: e.ev.User, Decided: e.ev.Seq,
					Reason: "recorded too late, nothing was sent"})
			}
		case err != nil:
			e.done <- fmt.Errorf("%w: %w", ErrUnavailable, err)
		default:
			e.done <- nil
		}
	}
	if err == nil {
		w.grow()
	} else if len(w.carry) > 0 {
		l.oldest.Store(w.carry[0].at.UnixNano())
	}
}

// carryOn leaves an event of the log's own for the next batch.
func (w *writer) carryOn(l *Log, ev Event) {
	l.pending.Add(1)
	w.carry = append(w.carry, &entry{ev: ev, at: w.opt.Now()})
}

// finish writes all that was handed in, closes what is open, and signs.
func (w *writer) finish(l *Log) error {
	close(l.closing)
	l.sending.Lock() // nobody is handing in, nobody can any more
	defer l.sending.Unlock()
	for len(l.queue) > 0 {
		w.commit(l, <-l.queue)
	}
	for _, ev := range w.number.lost(w.number.open(""), "proxy stopped") {
		w.carryOn(l, ev)
	}
	w.carryOn(l, Event{Kind: LogClosed})
	w.commit(l, nil)
	w.sign(l)
	return errors.Join(w.broken, w.signErr)
}

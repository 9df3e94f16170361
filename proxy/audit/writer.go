package audit

import (
	"bytes"
	"context"
	"errors"
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

// repair cuts what a failed write may have left. After it succeeded the pages that could not be written are gone, so that the
// next fsync speaks for all bytes again.
func (w *writer) repair() error {
	if w.broken == nil {
		return nil
	}
	return errors.Join(w.file.Truncate(w.size), w.file.Sync())
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

package audit

import "fmt"

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

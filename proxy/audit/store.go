package audit

import (
	"errors"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"
)

// grow takes the batch's lines, which are durable, into the tree and writes their hashes. The hash file is derived from the
// lines; when it can't be written now it is written later, or rebuilt at the next start.
func (w *writer) grow() {
	start := 0
	for _, end := range w.ends {
		stored, err := w.tree.add(tlog.RecordHash(w.buf.Bytes()[start : end-1]))
		if err != nil {
			panic(err) // the edge is in memory: arithmetic of ours is wrong, and nothing after this could be trusted
		}
		for _, h := range stored {
			w.stored.Write(h[:])
		}
		start = end
	}
	if _, err := w.hashes.WriteAt(w.stored.Bytes(), w.hashAt*tlog.HashSize); err == nil {
		w.hashAt += int64(w.stored.Len() / tlog.HashSize)
		w.stored.Reset()
	}
}

// rotate begins a new segment when the current one is full. A checkpoint over all earlier lines comes first, so that recovery
// needs to read the newest segment only.
func (w *writer) rotate(l *Log) error {
	if w.size < w.opt.SegmentSize {
		return nil
	}
	if w.sign(l); w.signErr != nil {
		return w.signErr
	}
	return w.openSegment(segment{w.seg.number + 1, w.tree.size}, 0)
}

// openSegment makes s the file to write to, of which the first size bytes count.
func (w *writer) openSegment(s segment, size int64) error {
	f, err := w.opt.openFile(filepath.Join(w.dir, s.name()))
	if err != nil {
		return err
	}
	if err := errors.Join(f.Truncate(size), f.Sync(), syncDir(w.dir)); err != nil {
		f.Close()
		return err
	}
	if w.file != nil {
		w.file.Close() // its bytes are synced
	}
	w.seg, w.file, w.size = s, f, size
	return nil
}

// sign publishes a checkpoint over all durable lines.
func (w *writer) sign(l *Log) {
	if w.signErr == nil && w.tree.size == w.signed {
		return
	}
	err := w.publish()
	w.signErr = err
	if err != nil {
		l.signing.Store(&err)
	} else {
		l.signing.Store(nil)
	}
}

func (w *writer) publish() error {
	root, err := w.tree.root()
	if err != nil {
		return err
	}
	text, err := Checkpoint{Origin: w.origin, Size: w.tree.size, Root: root}.sign(w.opt.Key)
	if err != nil {
		return err
	}
	if err := replaceFile(filepath.Join(w.dir, checkpointName), text); err != nil {
		return err
	}
	w.signed = w.tree.size
	if err := w.note(text); err != nil {
		return err
	}
	if w.opt.Published != nil {
		w.opt.Published(text)
	}
	return nil
}

// note appends a checkpoint to the file of all of them. Bytes of a failed attempt are overwritten.
func (w *writer) note(text []byte) error {
	line := append(text, '\n')
	if _, err := w.checkpoints.WriteAt(line, w.noted); err != nil {
		return err
	}
	w.noted += int64(len(line))
	return nil
}

// close releases the files.
func (w *writer) close() error {
	var err error
	if w.file != nil {
		err = w.file.Close()
	}
	for _, f := range []interface {
		Sync() error
		Close() error
	}{w.hashes, w.checkpoints} {
		err = errors.Join(err, f.Sync(), f.Close())
	}
	return errors.Join(err, w.lock.Close())
}

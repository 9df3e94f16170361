package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"
)

// state is what inspect found on disk.
type state struct {
	segments []segment
	signed   Checkpoint
	from     tree   // before the first line that was read
	hashes   *spill // stored hashes of the lines that were read
	tree     tree
	number   numbering

	size    int64 // bytes of the newest segment that count
	kept    int64 // lines beyond the checkpoint
	torn    int64 // bytes after the last line
	moved   string
	unclean bool
}

// head is the part of a line that recovery needs.
type head struct {
	Seq     *int64
	Kind    Kind
	Session string
	User    string
	N       int64
	Decided int64
	Log     *LogInfo
}

// inspect compares checkpoint and lines, changing nothing of an existing log. It reads the newest segments, as far back as the
// checkpoint demands, trusting stored hashes for what is before them since the signed root speaks for those; if that fails it reads
// everything.
func (w *writer) inspect() (*state, error) {
	segments, err := listSegments(w.dir)
	if err != nil {
		return nil, err
	}
	cp, err := w.readCheckpoint(segments)
	if err != nil {
		return nil, err
	}
	if len(segments) == 0 && cp.Size > 0 {
		return nil, fmt.Errorf("%w: the checkpoint speaks of %d lines, there is none", ErrBroken, cp.Size)
	}
	if w.hashes != nil {
		w.hashes.Close()
		w.checkpoints.Close()
	}
	if err := w.openFiles(); err != nil {
		return nil, err
	}
	for i, s := range segments {
		if s.number != i+1 || (i == 0 && s.first != 0) {
			return nil, fmt.Errorf("%w: a segment before %s is missing", ErrBroken, s.name())
		}
	}
	if start := w.startSegment(segments, cp); start > 0 {
		if st, err := w.scan(segments, start, cp); err == nil {
			return st, nil
		}
	}
	return w.scan(segments, 0, cp)
}

// scan reads the segments from start on.
func (w *writer) scan(segments []segment, start int, cp Checkpoint) (*state, error) {
	st := &state{
		segments: segments, signed: cp,
		hashes: &spill{path: filepath.Join(w.dir, hashesName+".new")},
		number: numbering{sessions: make(map[string]*session)},
	}
	if err := w.read(st, start); err != nil {
		st.hashes.drop()
		return nil, err
	}
	return st, nil
}

// startSegment is the newest segment that begins no later than the checkpoint and has a first line, which names the statements
// then open.
func (w *writer) startSegment(segments []segment, cp Checkpoint) int {
	for i := len(segments) - 1; i > 0; i-- {
		if segments[i].first > cp.Size {
			continue
		}
		whole := false
		stop := errors.New("one is enough")
		readLines(w.dir, segments[i], func([]byte, int64) error { whole = true; return stop })
		if whole {
			return i
		}
	}
	return 0
}

// read takes the lines from segment start on into st.
func (w *writer) read(st *state, start int) (err error) {
	if start > 0 {
		if st.from, err = loadTree(hashFile{w.hashes}, st.segments[start].first); err != nil {
			return err
		}
		st.tree = st.from
	}
	if err := st.checkRoot(); err != nil {
		return err
	}
	var last Kind
	for _, s := range st.segments[start:] {
		if st.torn > 0 || s.first != st.tree.size {
			return fmt.Errorf("%w: %s does not begin where the lines before it end, at %d", ErrBroken, s.name(), st.tree.size)
		}
		st.size = 0
		torn, err := readLines(w.dir, s, func(line []byte, offset int64) error {
			h, err := st.line(line)
			if err != nil {
				return err
			}
			last = h.Kind
			st.size = offset + int64(len(line)) + 1
			return nil
		})
		if errors.Is(err, errUnwritten) {
			info, statErr := os.Stat(filepath.Join(w.dir, s.name()))
			if statErr != nil {
				return statErr
			}
			torn, err = info.Size()-st.size, nil
		}
		if err != nil {
			return err
		}
		st.torn = torn
	}
	if st.tree.size < st.signed.Size {
		return fmt.Errorf("%w: %d lines, but %d were signed", ErrBroken, st.tree.size, st.signed.Size)
	}
	st.kept = st.tree.size - st.signed.Size
	st.unclean = st.torn > 0 || (last != LogClosed && st.tree.size > 0)
	st.number.commit()
	return nil
}

// errUnwritten means that a line beyond the checkpoint holds NUL bytes, which no line does: blocks that a power cut kept from being
// written. It and what follows count as torn.
var errUnwritten = errors.New("unwritten block")

// line takes one line into the state.
func (st *state) line(line []byte) (head, error) {
	var h head
	if st.tree.size >= st.signed.Size && bytes.IndexByte(line, 0) >= 0 {
		return h, errUnwritten
	}
	if err := json.Unmarshal(line, &h); err != nil || h.Seq == nil || *h.Seq != st.tree.size {
		return h, fmt.Errorf("%w: line %d is not one of this log's", ErrBroken, st.tree.size)
	}
	stored, err := st.tree.add(tlog.RecordHash(line))
	if err != nil {
		return h, err
	}
	if err := st.hashes.add(stored); err != nil {
		return h, err
	}
	switch h.Kind {
	case StatementDecided:
		st.number.resume(OpenStatement{Decided: *h.Seq, Session: h.Session, N: h.N}, h.User)
	case StatementDone, StatementLost, SessionEnd:
		st.number.number(&Event{Kind: h.Kind, Session: h.Session, Decided: h.Decided})
	case LogRotated:
		if h.Log != nil {
			for _, o := range h.Log.Open {
				if !st.number.isOpen(o.Session, o.Decided) {
					st.number.resume(o, "")
				}
			}
		}
	}
	st.number.commit()
	return h, st.checkRoot()
}

// checkRoot compares the root with the signed one when the tree has its size.
func (st *state) checkRoot() error {
	if st.tree.size != st.signed.Size {
		return nil
	}
	root, err := st.tree.root()
	if err != nil {
		return err
	}
	if root != st.signed.Root {
		return fmt.Errorf("%w: the first %d lines are not those that were signed", ErrBroken, st.signed.Size)
	}
	return nil
}

// restore makes the files agree with what inspect found, and readies the writer to append.
func (w *writer) restore(st *state) error {
	w.origin, w.tree, w.number = st.signed.Origin, st.tree, st.number
	w.signed = st.signed.Size
	s := segment{number: 1}
	if n := len(st.segments); n > 0 {
		s = st.segments[n-1]
	}
	if st.torn > 0 {
		if err := w.keepTorn(s, st); err != nil {
			return err
		}
	}
	if err := st.hashes.copyTo(w.hashes, tlog.StoredHashCount(st.from.size)*tlog.HashSize); err != nil {
		return err
	}
	w.hashAt = tlog.StoredHashCount(st.tree.size)
	if err := w.hashes.Truncate(w.hashAt * tlog.HashSize); err != nil {
		return err
	}
	if err := w.restoreNoted(); err != nil {
		return err
	}
	return w.openSegment(s, st.size) // cuts the torn bytes
}

// keepTorn copies the bytes after the last line to a file of their own, before they are cut.
func (w *writer) keepTorn(s segment, st *state) error {
	f, err := os.Open(filepath.Join(w.dir, s.name()))
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := io.ReadAll(io.NewSectionReader(f, st.size, st.torn))
	if err != nil {
		return err
	}
	st.moved = "torn-" + w.opt.Now().UTC().Format("20060102T150405.000000Z")
	return replaceFile(filepath.Join(w.dir, st.moved), b)
}

// restoreNoted cuts an unfinished checkpoint off the file of all of them, and adds the latest if it is not there.
func (w *writer) restoreNoted() error {
	latest, err := os.ReadFile(filepath.Join(w.dir, checkpointName))
	if err != nil {
		return err
	}
	info, err := w.checkpoints.Stat()
	if err != nil {
		return err
	}
	// Ordinarily the latest is the last; the file may be long.
	end := make([]byte, len(latest)+1)
	w.noted = info.Size()
	if _, err := w.checkpoints.ReadAt(end, w.noted-int64(len(end))); err == nil && bytes.Equal(end, append(latest, '\n')) {
		return nil
	}
	all, err := os.ReadFile(w.checkpoints.Name())
	if err != nil {
		return err
	}
	_, rest := splitCheckpoints(all)
	w.noted = int64(len(all) - len(rest))
	if err := w.checkpoints.Truncate(w.noted); err != nil {
		return err
	}
	return w.note(latest)
}

package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// ErrBroken is wrapped by Open when the files are not what this proxy wrote. It is not passed over: see Options.AcceptBreak.
var ErrBroken = errors.New("audit log is broken")

// ErrNotBroken is returned by Open when Options.AcceptBreak is set and nothing is wrong with the log.
var ErrNotBroken = errors.New("audit log is not broken")

// Open opens the log in dir, or begins one. It takes a lock on the folder, checks the latest checkpoint and the lines against each
// other, puts aside a line that a power cut left unfinished, and notes that the log was opened. It starts no goroutine:
// nothing that is appended is written before Run.
func Open(dir string, opt Options) (*Log, error) {
	if err := opt.setDefaults(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	l := &Log{
		opt: opt, dir: dir,
		queue: make(chan *entry, opt.Queue),
		quit:  make(chan struct{}), gone: make(chan struct{}), closing: make(chan struct{}),
	}
	l.w = writer{opt: &l.opt, dir: dir, lock: lock, number: numbering{sessions: make(map[string]*session)}}
	if err := l.open(); err != nil {
		l.w.close()
		return nil, err
	}
	return l, nil
}

// lockDir keeps a second process from writing the same log. The lock goes with the process.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("audit log %s is in use by another process: %w", dir, err)
	}
	return f, nil
}

func (l *Log) open() error {
	w := &l.w
	found, err := w.inspect()
	switch {
	case errors.Is(err, ErrBroken) && l.opt.AcceptBreak != nil:
		head, moved, err := putAside(l.dir, l.opt.Now())
		if err != nil {
			return err
		}
		b := l.opt.AcceptBreak
		l.enter(Event{Kind: LogBreak, User: b.Operator, Reason: b.Reason, Log: &LogInfo{Head: head, Moved: moved}})
		if found, err = w.inspect(); err != nil {
			return err
		}
	case err != nil:
		return err
	case l.opt.AcceptBreak != nil:
		return errors.Join(ErrNotBroken, found.hashes.drop())
	}
	if len(found.segments) == 0 && l.opt.AcceptBreak == nil {
		if err := l.enterForgotten(); err != nil {
			return err
		}
	}
	if err := w.restore(found); err != nil {
		return err
	}
	if found.unclean {
		l.enter(Event{Kind: LogRecovered, Log: &LogInfo{Kept: found.kept, Torn: found.torn, Moved: found.moved}})
		for _, ev := range w.number.lost(w.number.open(""), "proxy stopped before it was done") {
			l.enter(ev)
		}
	}
	// log.opened comes last: after it, nothing of an earlier run is open.
	l.enter(Event{Kind: LogOpened, Log: &LogInfo{Origin: w.origin, Key: l.opt.Key.Verifier(), Software: l.opt.Software}})
	w.number.commit()
	w.commit(l, nil)
	w.sign(l)
	w.number.sessions = make(map[string]*session)
	return errors.Join(w.broken, w.signErr)
}

// enter leaves an event for the first batch.
func (l *Log) enter(ev Event) { l.w.carryOn(l, ev) }

// enterForgotten notes, at the start of a log, the broken ones beside it that a start put aside without getting to say so.
func (l *Log) enterForgotten() error {
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "broken-") {
			l.enter(Event{Kind: LogBreak, Reason: "found beside this log when it began", Log: &LogInfo{Moved: e.Name()}})
		}
	}
	return nil
}

// openFiles opens the two derived files.
func (w *writer) openFiles() (err error) {
	if w.hashes, err = os.OpenFile(filepath.Join(w.dir, hashesName), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	w.checkpoints, err = os.OpenFile(filepath.Join(w.dir, checkpointsName), os.O_RDWR|os.O_CREATE, 0o600)
	return err
}

// beginLog signs the checkpoint of an empty log. It is there before the first segment, so segments without one are
// always a sign of tampering.
func (w *writer) beginLog() (Checkpoint, error) {
	root, err := w.tree.root()
	if err != nil {
		return Checkpoint{}, err
	}
	cp := Checkpoint{Origin: w.opt.Key.Name() + "+" + w.opt.Now().UTC().Format("20060102T150405.000000Z"), Root: root}
	text, err := cp.sign(w.opt.Key)
	if err != nil {
		return Checkpoint{}, err
	}
	return cp, replaceFile(filepath.Join(w.dir, checkpointName), text)
}

// readCheckpoint reads the latest checkpoint and checks that our own key signed it.
func (w *writer) readCheckpoint(segments []segment) (Checkpoint, error) {
	text, err := os.ReadFile(filepath.Join(w.dir, checkpointName))
	if errors.Is(err, fs.ErrNotExist) {
		if len(segments) > 0 {
			return Checkpoint{}, fmt.Errorf("%w: there are lines but no checkpoint", ErrBroken)
		}
		return w.beginLog()
	}
	if err != nil {
		return Checkpoint{}, err
	}
	v, err := note.NewVerifier(w.opt.Key.Verifier())
	if err != nil {
		return Checkpoint{}, err
	}
	cp, err := openCheckpoint(text, v)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return cp, nil
}

// putAside moves everything of a broken log into a folder beside, and returns its last checkpoint in one line.
func putAside(dir string, now time.Time) (head, moved string, err error) {
	text, err := os.ReadFile(filepath.Join(dir, checkpointName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", "", err
	}
	body, _, _ := bytes.Cut(text, []byte("\n\n"))
	head = strings.ToValidUTF8(strings.Join(strings.Split(string(body[:min(len(body), 400)]), "\n"), " "), "?")
	moved = "broken-" + now.UTC().Format("20060102T150405.000000Z")
	if err := os.Mkdir(filepath.Join(dir, moved), 0o700); err != nil {
		return "", "", err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", "", err
	}
	// The checkpoint goes last: without one and with lines, a log that was moved by half is still broken.
	last := func(name string) bool { return name == checkpointName }
	for _, pass := range []bool{false, true} {
		for _, e := range entries {
			name := e.Name()
			if name == lockName || strings.HasPrefix(name, "broken-") || last(name) != pass {
				continue
			}
			if err := os.Rename(filepath.Join(dir, name), filepath.Join(dir, moved, name)); err != nil {
				return "", "", err
			}
		}
	}
	return head, moved, errors.Join(syncDir(filepath.Join(dir, moved)), syncDir(dir))
}

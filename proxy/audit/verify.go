package audit

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	// aliveWithin is how young the newest event of a log in use is: three times the default Options.Alive.
	aliveWithin = 3 * time.Minute
	// signedWithin is how soon a log in use is signed, with room for a slow disk.
	signedWithin = time.Minute
)

// Verify recomputes the log in dir from its lines and compares it with every signed checkpoint: those beside it, and remembered
// ones, which were kept somewhere else. It needs the files and the public key, nothing more. An altered log is not an error but
// a Report that says so; an error means that the files could not be read or the key is none.
func Verify(dir, verifierKey string, remembered ...[]byte) (*Report, error) {
	return verify(dir, verifierKey, time.Now(), remembered)
}

func verify(dir, verifierKey string, now time.Time, remembered [][]byte) (*Report, error) {
	key, err := note.NewVerifier(verifierKey)
	if err != nil {
		return nil, fmt.Errorf("verifier key: %w", err)
	}
	v := &verification{dir: dir, key: key, now: now, sessions: make(map[string]*verifiedSession)}
	v.report.Signer = fmt.Sprintf("%s (key %08x)", key.Name(), key.KeyHash())
	// The checkpoints before the lines: of a log in use, more lines may have come since, never fewer.
	if err := v.readCheckpoints(remembered); err != nil {
		return nil, err
	}
	segments, err := listSegments(dir)
	if err != nil {
		return nil, err
	}
	v.report.Segments = len(segments)
	defer v.close()
	if err := v.openBeside(); err != nil {
		return nil, err
	}
	v.nextNoted()
	v.compare()
	for i, s := range segments {
		if s.number != i+1 || s.first != v.tree.size {
			v.report.altered("%s is not the segment that should come here, %s", s.name(), segment{i + 1, v.tree.size}.name())
		}
		torn, err := readLines(dir, s, v.line)
		if err != nil {
			return nil, err
		}
		if i == len(segments)-1 {
			v.torn = torn
		} else if torn > 0 {
			v.report.altered("%s ends in the middle of a line (%d bytes)", s.name(), torn)
		}
	}
	v.finish()
	return &v.report, nil
}

// verification is one run of Verify.
type verification struct {
	dir    string
	key    note.Verifier
	now    time.Time
	report Report

	tree     tree
	marks    []mark         // of the latest and of remembered checkpoints by size, the next one to meet first
	noted    *bufio.Scanner // over the file of all checkpoints
	next     *mark          // the next one of them
	latest   Checkpoint
	hasLast  bool
	sessions map[string]*verifiedSession
	closed   bool  // the newest line is log.closed
	torn     int64 // bytes after the last line

	hashes   *bufio.Reader // of the stored hashes, to name the line that differs
	files    []*os.File
	differs  int64 // first line whose stored hash differs, -1: none
	lastGood int64 // largest size at which a signed root agreed
	mismatch bool

	unsignedSince, unwitnessedSince time.Time
	witnessed                       int64
}

// mark is a signed root to compare when the tree has its size.
type mark struct {
	Checkpoint
	remembered int // index into Report.Remembered, -1: found beside the log
}

type verifiedSession struct {
	n    int64
	open map[int64]int64
}

// line takes one line.
func (v *verification) line(line []byte, _ int64) error {
	seq := v.tree.size
	stored, err := v.tree.add(tlog.RecordHash(line))
	if err != nil {
		return err
	}
	v.compareStored(seq, stored)
	var ev Event
	if err := json.Unmarshal(line, &ev); err != nil || ev.Kind == "" {
		v.report.altered("line %d is not an event", seq)
	} else {
		v.event(seq, &ev)
	}
	v.compare()
	return nil
}

// compare checks every signed root of the tree's present size.
func (v *verification) compare() {
	for len(v.marks) > 0 && v.marks[0].Size == v.tree.size {
		m := v.marks[0]
		v.marks = v.marks[1:]
		ok := v.agrees(m.Checkpoint)
		if m.remembered < 0 {
			continue
		}
		r := &v.report.Remembered[m.remembered]
		r.OK, r.Time = ok, v.report.Last
		if ok {
			v.witnessed, v.unwitnessedSince = m.Size, time.Time{}
		}
	}
	for v.next != nil && v.next.Size == v.tree.size {
		v.agrees(v.next.Checkpoint)
		v.nextNoted()
	}
}

// agrees reports whether the root is the signed one.
func (v *verification) agrees(cp Checkpoint) bool {
	root, err := v.tree.root()
	if err == nil && root == cp.Root {
		v.lastGood = cp.Size
		return true
	}
	if !v.mismatch {
		v.mismatch = true
		v.report.altered("the first %d lines are not those that were signed; the first %d are", cp.Size, v.lastGood)
	}
	return false
}

// finish draws the conclusions that need the whole log.
func (v *verification) finish() {
	r := &v.report
	r.Events = v.tree.size
	if v.next != nil {
		v.marks = append(v.marks, *v.next)
	}
	for _, m := range v.marks {
		what := "were signed"
		if m.remembered >= 0 {
			what = "stand in a remembered checkpoint"
		}
		r.altered("there are %d lines, but %d %s: the end is missing", r.Events, m.Size, what)
	}
	if v.differs >= 0 {
		if v.mismatch {
			r.altered("line %d is the first whose hash differs from the stored one", v.differs)
		} else if len(r.Problems) == 0 {
			r.incomplete("the stored hashes differ from line %d on; they are derived from the lines, the next start rebuilds them", v.differs)
		}
	}
	live := !v.closed && !r.Last.IsZero() && v.now.Sub(r.Last) < aliveWithin
	if v.torn > 0 && !live { // of a log in use it is a line being written
		r.incomplete("the log ends in the middle of a line (%d bytes), as after a power cut", v.torn)
	}
	if v.hasLast && r.Events > v.latest.Size {
		r.Unsigned = r.Events - v.latest.Size
		r.UnsignedFor = r.Last.Sub(v.unsignedSince)
		if !live || v.now.Sub(v.unsignedSince) > signedWithin {
			r.incomplete("the last %d lines are not signed: whoever could write the files could have written them", r.Unsigned)
		}
	}
	r.Unwitnessed = r.Events - v.witnessed
	if r.Unwitnessed > 0 {
		r.UnwitnessedFor = r.Last.Sub(v.unwitnessedSince)
	}
	for _, s := range v.sessions {
		r.Open += int64(len(s.open))
	}
	if r.Open > 0 && !live {
		r.incomplete("%d statements were decided, and nothing says what became of them", r.Open)
	}
	r.Live = live
}

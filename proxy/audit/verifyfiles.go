package audit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// readCheckpoints reads the signed roots beside the log and the remembered ones.
func (v *verification) readCheckpoints(remembered [][]byte) error {
	latest, err := os.ReadFile(filepath.Join(v.dir, checkpointName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		v.report.altered("there is no checkpoint: nothing of this log is signed")
	case err != nil:
		return err
	default:
		if cp, err := openCheckpoint(latest, v.key); err != nil {
			v.report.altered("file %s: %v", checkpointName, err)
		} else {
			v.latest, v.hasLast = cp, true
			v.report.Origin, v.report.Signed = cp.Origin, cp.Size
			v.marks = append(v.marks, mark{cp, -1})
		}
	}
	for i, text := range remembered {
		notes, rest := splitCheckpoints(text)
		if len(bytes.TrimSpace(rest)) > 0 {
			notes = append(notes, rest)
		}
		if len(notes) == 0 {
			return fmt.Errorf("remembered checkpoint %d: %w", i+1, errNotCheckpoint)
		}
		for _, n := range notes {
			cp, ok := v.accept(n, fmt.Sprintf("remembered checkpoint %d", i+1))
			v.report.Remembered = append(v.report.Remembered, Remembered{Size: cp.Size})
			if ok {
				v.marks = append(v.marks, mark{cp, len(v.report.Remembered) - 1})
			}
		}
	}
	slices.SortStableFunc(v.marks, func(a, b mark) int { return int(a.Size - b.Size) })
	return nil
}

// accept checks one further checkpoint's signature and that it is of this log.
func (v *verification) accept(text []byte, what string) (Checkpoint, bool) {
	cp, err := openCheckpoint(text, v.key)
	if err != nil {
		v.report.altered("%s: %v", what, err)
		return cp, false
	}
	if v.hasLast && cp.Origin != v.latest.Origin {
		v.report.altered("%s is of another log, %s", what, cp.Origin)
		return cp, false
	}
	return cp, true
}

// nextNoted reads on in the file of all checkpoints, which is in order of size.
func (v *verification) nextNoted() {
	v.next = nil
	for v.noted != nil && v.noted.Scan() {
		v.report.Checkpoints++
		what := fmt.Sprintf("number %d in file %s", v.report.Checkpoints, checkpointsName)
		cp, ok := v.accept(v.noted.Bytes(), what)
		if !ok {
			continue
		}
		if cp.Size < v.tree.size {
			v.report.altered("%s is out of order", what)
			continue
		}
		v.next = &mark{cp, -1}
		return
	}
	if v.noted != nil && v.noted.Err() != nil {
		v.report.altered("file %s: %v", checkpointsName, v.noted.Err())
	}
	v.noted = nil
}

// openBeside opens the stored hashes and the file of all checkpoints, as long as that is now. Both may be missing.
func (v *verification) openBeside() error {
	v.differs = -1
	open := func(name string) (*os.File, error) {
		f, err := os.Open(filepath.Join(v.dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err == nil {
			v.files = append(v.files, f)
		}
		return f, err
	}
	if f, err := open(hashesName); err != nil {
		return err
	} else if f != nil {
		v.hashes = bufio.NewReaderSize(f, 256<<10)
	}
	f, err := open(checkpointsName)
	if err != nil || f == nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	v.noted = bufio.NewScanner(io.LimitReader(f, info.Size()))
	v.noted.Split(splitNote)
	return nil
}

func (v *verification) close() {
	for _, f := range v.files {
		f.Close()
	}
}

// compareStored looks for the first line whose stored hash differs. Fewer hashes than lines is what a power cut leaves.
func (v *verification) compareStored(seq int64, want []tlog.Hash) {
	if v.hashes == nil || v.differs >= 0 {
		return
	}
	for _, h := range want {
		var got tlog.Hash
		if _, err := io.ReadFull(v.hashes, got[:]); err != nil {
			v.hashes = nil
			return
		}
		if got != h {
			v.differs = seq
			return
		}
	}
}

package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"
)

// proof is a few lines of a log, each with the hashes that lead from it to the signed root: log₂ of the log's length.
type proof struct {
	Checkpoint string        `json:"checkpoint"`
	Events     []provenEvent `json:"events"`
}

type provenEvent struct {
	Seq   int64            `json:"seq"`
	Line  string           `json:"line"`
	Proof tlog.RecordProof `json:"proof"`
}

// Proven is what CheckProof found to be true: at Checkpoint.Size lines, the log held these.
type Proven struct {
	Checkpoint Checkpoint
	Seqs       []int64
	Lines      []string
}

// Prove returns a document that shows to whoever has the verifier key that the lines of these seqs are in the log, without showing
// any other line. They must be under the latest checkpoint.
func Prove(dir, verifierKey string, seqs ...int64) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(dir, checkpointName))
	if err != nil {
		return nil, err
	}
	cp, err := OpenCheckpoint(text, verifierKey)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(filepath.Join(dir, hashesName))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	hashes := hashFile{f}
	p := proof{Checkpoint: string(text)}
	for _, seq := range seqs {
		if seq < 0 || seq >= cp.Size {
			return nil, fmt.Errorf("event %d is not under the checkpoint, which covers %d", seq, cp.Size)
		}
		line, err := lineAt(dir, seq)
		if err != nil {
			return nil, err
		}
		path, err := tlog.ProveRecord(cp.Size, seq, hashes)
		if err != nil {
			return nil, fmt.Errorf("event %d: stored hashes: %w", seq, err)
		}
		if err := tlog.CheckRecord(path, cp.Size, cp.Root, seq, tlog.RecordHash(line)); err != nil {
			return nil, fmt.Errorf("event %d: line and stored hashes do not lead to the signed root: verify the log", seq)
		}
		p.Events = append(p.Events, provenEvent{seq, string(line), path})
	}
	return json.MarshalIndent(p, "", " ")
}

// CheckProof checks a document made by Prove. It needs the verifier key and nothing else. A proof that does not hold is an error.
func CheckProof(doc []byte, verifierKey string) (*Proven, error) {
	var p proof
	if err := json.Unmarshal(doc, &p); err != nil {
		return nil, fmt.Errorf("not a proof: %w", err)
	}
	if len(p.Events) == 0 {
		return nil, errors.New("the proof proves nothing: it names no event")
	}
	cp, err := OpenCheckpoint([]byte(p.Checkpoint), verifierKey)
	if err != nil {
		return nil, err
	}
	proven := &Proven{Checkpoint: cp}
	for _, e := range p.Events {
		if err := tlog.CheckRecord(e.Proof, cp.Size, cp.Root, e.Seq, tlog.RecordHash([]byte(e.Line))); err != nil {
			return nil, fmt.Errorf("event %d is not in the signed log: %w", e.Seq, err)
		}
		proven.Seqs = append(proven.Seqs, e.Seq)
		proven.Lines = append(proven.Lines, e.Line)
	}
	return proven, nil
}

// lineAt reads one line.
func lineAt(dir string, seq int64) ([]byte, error) {
	segments, err := listSegments(dir)
	if err != nil {
		return nil, err
	}
	found := errors.New("found")
	for i := len(segments) - 1; i >= 0; i-- {
		n := segments[i].first
		if n > seq {
			continue
		}
		var out []byte
		_, err := readLines(dir, segments[i], func(line []byte, _ int64) error {
			if n == seq {
				out = append(out, line...)
				return found
			}
			n++
			return nil
		})
		if errors.Is(err, found) {
			return out, nil
		}
		return nil, errors.Join(fmt.Errorf("event %d is missing", seq), err)
	}
	return nil, fmt.Errorf("event %d is missing", seq)
}

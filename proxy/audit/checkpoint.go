package audit

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is a signed statement that the log, at Size lines, hashed to Root. Its text is a signed note of
// golang.org/x/mod/sumdb/note over three lines, origin, size and root (C2SP tlog-checkpoint):
//
//	crm-proxy-1.acme.test/audit+20261121T221000Z
//	81298
//	5pS3…=
//
//	— crm-proxy-1.acme.test/audit 8Zb1…
type Checkpoint struct {
	Origin string
	Size   int64
	Root   tlog.Hash
}

func (c Checkpoint) body() string {
	return c.Origin + "\n" + strconv.FormatInt(c.Size, 10) + "\n" + base64.StdEncoding.EncodeToString(c.Root[:]) + "\n"
}

func (c Checkpoint) sign(k *Key) ([]byte, error) {
	return note.Sign(&note.Note{Text: c.body()}, k.signer)
}

var errNotCheckpoint = errors.New("not a checkpoint")

// OpenCheckpoint checks the signature of a checkpoint under a verifier key as printed by Key.Verifier, and reads it.
func OpenCheckpoint(text []byte, verifierKey string) (Checkpoint, error) {
	v, err := note.NewVerifier(verifierKey)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("verifier key: %w", err)
	}
	return openCheckpoint(text, v)
}

func openCheckpoint(text []byte, v note.Verifier) (Checkpoint, error) {
	n, err := note.Open(text, note.VerifierList(v))
	if err != nil {
		var unverified *note.UnverifiedNoteError
		if errors.As(err, &unverified) {
			return Checkpoint{}, fmt.Errorf("checkpoint is not signed by %s (key %08x)", v.Name(), v.KeyHash())
		}
		return Checkpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	return parseBody(n.Text)
}

// parseBody reads the three lines; further lines (extensions) are allowed, as tlog-checkpoint does.
func parseBody(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[0] == "" {
		return Checkpoint{}, errNotCheckpoint
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return Checkpoint{}, errNotCheckpoint
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return Checkpoint{}, errNotCheckpoint
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: tlog.Hash(root)}, nil
}

// splitCheckpoints cuts a text of checkpoints, each followed by an empty line, into its notes. rest is an unfinished last one.
func splitCheckpoints(b []byte) (notes [][]byte, rest []byte) {
	for {
		n, note, _ := splitNote(b, false)
		if n == 0 {
			return notes, b
		}
		notes, b = append(notes, note), b[n:]
	}
}

// splitNote is a bufio.SplitFunc for such a text; an unfinished last note is passed over.
func splitNote(b []byte, eof bool) (advance int, note []byte, err error) {
	sep := []byte("\n\n")
	if body := bytes.Index(b, sep) + 2; body >= 2 {
		if sigs := bytes.Index(b[body:], sep); sigs >= 0 {
			end := body + sigs + 1
			return end + 1, b[:end], nil
		}
	}
	if eof {
		return len(b), nil, nil
	}
	return 0, nil, nil
}

// replaceFile puts a file in place so that a power cut leaves the old one or the new one.
func replaceFile(path string, b []byte) error {
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// sample is a closed log of a few sessions over several segments, its checkpoint half way, and the newest one.
type sample struct {
	dir        string
	key        *Key
	remembered []byte // about half way
	final      []byte
}

func makeSample(t *testing.T) sample {
	t.Helper()
	s := sample{dir: tempDir(t), key: testKey(t)}
	var published [][]byte
	opt := Options{Key: s.key, SegmentSize: 2000, CheckpointLines: 5, Published: func(n []byte) { published = append(published, bytes.Clone(n)) }}
	for run := range 2 {
		l, stop := start(t, s.dir, opt)
		for i := range 3 {
			id := fmt.Sprintf("s%d.%d", run, i)
			appendEvent(t, l, Event{Kind: SessionStart, Session: id, User: "maya"})
			for range 4 {
				statement(t, l, id)
			}
			appendEvent(t, l, Event{Kind: StatementRefused, Session: id, Code: "PV101"})
			appendEvent(t, l, Event{Kind: SessionEnd, Session: id})
		}
		stop()
	}
	s.remembered, s.final = published[len(published)/2], published[len(published)-1]
	return s
}

// later is a moment at which the sample is no log in use any more.
func later() time.Time { return time.Now().Add(time.Hour) }

func (s sample) copy(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(tempDir(t), "audit")
	if err := os.CopyFS(dir, os.DirFS(s.dir)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// edit changes one file.
func edit(t *testing.T, path string, f func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, f(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

// editLines changes the lines of one segment.
func editLines(t *testing.T, dir string, n int, f func([]string) []string) {
	t.Helper()
	segments, err := listSegments(dir)
	if err != nil {
		t.Fatal(err)
	}
	edit(t, filepath.Join(dir, segments[n].name()), func(b []byte) []byte {
		all := strings.SplitAfter(string(b), "\n")
		return []byte(strings.Join(f(all[:len(all)-1]), ""))
	})
}

func lastSegment(t *testing.T, dir string) string {
	t.Helper()
	segments, err := listSegments(dir)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, segments[len(segments)-1].name())
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// tampering is a table for both verifiers and for Open. opens says that a proxy may start on the result: it reads the newest
// segment only, and leaves what is before it to Verify.
var tampering = []struct {
	name  string
	do    func(t *testing.T, s sample, dir string)
	exit  int
	says  string
	opens bool
}{
	{"untouched", func(*testing.T, sample, string) {}, ExitOK, "exit         0 (ok)", true},
	{"one bit", func(t *testing.T, s sample, dir string) {
		editLines(t, dir, 1, func(l []string) []string { l[2] = strings.Replace(l[2], "maya", "mayb", 1); return l })
	}, ExitAltered, "not those that were signed", true},
	{"one bit in the newest segment", func(t *testing.T, s sample, dir string) {
		edit(t, lastSegment(t, dir), func(b []byte) []byte { b[len(b)-10] ^= 1; return b })
	}, ExitAltered, "not those that were signed", false},
	{"line deleted", func(t *testing.T, s sample, dir string) {
		editLines(t, dir, 1, func(l []string) []string { return slices.Delete(l, 2, 3) })
	}, ExitAltered, "says that it is number", true},
	{"line inserted", func(t *testing.T, s sample, dir string) {
		editLines(t, dir, 1, func(l []string) []string { return slices.Insert(l, 2, l[1]) })
	}, ExitAltered, "says that it is number", true},
	{"lines swapped", func(t *testing.T, s sample, dir string) {
		editLines(t, dir, 1, func(l []string) []string { l[1], l[2] = l[2], l[1]; return l })
	}, ExitAltered, "says that it is number", true},
	{"space appended to a line", func(t *testing.T, s sample, dir string) {
		editLines(t, dir, 1, func(l []string) []string { l[2] = strings.TrimSuffix(l[2], "\n") + " \n"; return l })
	}, ExitAltered, "is the first whose hash differs", true},
	{"end cut", func(t *testing.T, s sample, dir string) {
		edit(t, lastSegment(t, dir), func(b []byte) []byte { return b[:bytes.LastIndexByte(b[:len(b)-1], '\n')+1] })
	}, ExitAltered, "the end is missing", false},
	{"end cut, checkpoint put back", func(t *testing.T, s sample, dir string) {
		cp, _ := OpenCheckpoint(s.remembered, s.key.Verifier())
		cutAt(t, dir, cp.Size)
		edit(t, filepath.Join(dir, checkpointName), func([]byte) []byte { return s.remembered })
	}, ExitAltered, "the end is missing", true}, // by the file of all checkpoints
	{"segment removed", func(t *testing.T, s sample, dir string) {
		segments, _ := listSegments(dir)
		remove(t, filepath.Join(dir, segments[1].name()))
	}, ExitAltered, "is not the segment that should come here", false},
	{"checkpoint removed", func(t *testing.T, s sample, dir string) {
		remove(t, filepath.Join(dir, checkpointName))
	}, ExitAltered, "no checkpoint", false},
	{"checkpoint of another key", func(t *testing.T, s sample, dir string) {
		other, err := GenerateKey(filepath.Join(tempDir(t), "k"), "test/audit")
		if err != nil {
			t.Fatal(err)
		}
		edit(t, filepath.Join(dir, checkpointName), func(b []byte) []byte {
			cp, _ := OpenCheckpoint(b, s.key.Verifier())
			text, _ := cp.sign(other)
			return text
		})
	}, ExitAltered, "is not signed by", false},
	{"checkpoint's size changed", func(t *testing.T, s sample, dir string) {
		edit(t, filepath.Join(dir, checkpointName), func(b []byte) []byte {
			l := strings.SplitN(string(b), "\n", 3)
			return []byte(l[0] + "\n3\n" + l[2])
		})
	}, ExitAltered, "invalid signature", false},
	{"torn last line", func(t *testing.T, s sample, dir string) {
		edit(t, lastSegment(t, dir), func(b []byte) []byte { return append(b, `{"v":1,"seq":`...) })
	}, ExitIncomplete, "middle of a line", true},
	{"unsigned line appended", func(t *testing.T, s sample, dir string) {
		n := len(lines(t, dir))
		edit(t, lastSegment(t, dir), func(b []byte) []byte {
			return fmt.Appendf(b, `{"v":1,"seq":%d,"time":"2026-11-21T00:00:00Z","kind":"session.start"}`+"\n", n)
		})
	}, ExitIncomplete, "not signed", true},
	{"rubbish appended", func(t *testing.T, s sample, dir string) {
		edit(t, lastSegment(t, dir), func(b []byte) []byte { return append(b, "rubbish\n"...) })
	}, ExitAltered, "is not an event", false},
	{"everything after the first segment removed", func(t *testing.T, s sample, dir string) {
		segments, _ := listSegments(dir)
		for _, s := range segments[1:] {
			remove(t, filepath.Join(dir, s.name()))
		}
	}, ExitAltered, "the end is missing", false},
	{"stored hashes changed", func(t *testing.T, s sample, dir string) {
		edit(t, filepath.Join(dir, hashesName), func(b []byte) []byte { b[64] ^= 1; return b })
	}, ExitIncomplete, "stored hashes differ", true},
}

// cutAt removes all lines from seq on.
func cutAt(t *testing.T, dir string, seq int64) {
	t.Helper()
	segments, err := listSegments(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(segments) - 1; i >= 0; i-- {
		if segments[i].first >= seq && i > 0 {
			remove(t, filepath.Join(dir, segments[i].name()))
			continue
		}
		editLines(t, dir, i, func(l []string) []string { return l[:seq-segments[i].first] })
		return
	}
}

func TestTampering(t *testing.T) {
	s := makeSample(t)
	for _, tt := range tampering {
		t.Run(tt.name, func(t *testing.T) {
			dir := s.copy(t)
			tt.do(t, s, dir)
			r, err := verify(dir, s.key.Verifier(), later(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if r.ExitCode() != tt.exit || !strings.Contains(r.String(), tt.says) {
				t.Errorf("exit %d, want %d and %q in\n%s", r.ExitCode(), tt.exit, tt.says, r)
			}
			l, err := Open(dir, Options{Key: s.key})
			if err == nil {
				l.Close()
			} else if !errors.Is(err, ErrBroken) {
				t.Errorf("Open: %v", err)
			}
			if (err == nil) != tt.opens {
				t.Errorf("Open: %v, should open: %v", err, tt.opens)
			}
		})
	}
}

func TestRemembered(t *testing.T) {
	s := makeSample(t)
	half, err := OpenCheckpoint(s.remembered, s.key.Verifier())
	if err != nil {
		t.Fatal(err)
	}
	r, err := verify(s.dir, s.key.Verifier(), later(), [][]byte{s.remembered, s.final})
	if err != nil || r.ExitCode() != ExitOK || len(r.Remembered) != 2 || !r.Remembered[0].OK || !r.Remembered[1].OK || r.Unwitnessed != 0 {
		t.Fatalf("%v\n%s", err, r)
	}

	// The holder of the key writes the second half anew: only the remembered checkpoint tells.
	dir := s.copy(t)
	cutAt(t, dir, half.Size)
	edit(t, filepath.Join(dir, checkpointName), func([]byte) []byte { return s.remembered })
	edit(t, filepath.Join(dir, checkpointsName), func(b []byte) []byte { return b[:bytes.Index(b, s.remembered)+len(s.remembered)+1] })
	l, stop := start(t, dir, Options{Key: s.key})
	for range 30 {
		statement(t, l, "forged")
	}
	stop()
	if r, err := verify(dir, s.key.Verifier(), later(), [][]byte{s.remembered}); err != nil || r.ExitCode() != ExitOK {
		t.Errorf("a rewrite is not expected to show to one who remembers the half before it: %v\n%s", err, r)
	}
	r, err = verify(dir, s.key.Verifier(), later(), [][]byte{s.final})
	if err != nil || r.ExitCode() != ExitAltered || !strings.Contains(r.String(), "NOT the same log") {
		t.Errorf("a rewrite was not found: %v\n%s", err, r)
	}

	// Another log, of the same key.
	other, stopOther := start(t, tempDir(t), Options{Key: s.key})
	stopOther()
	r, err = verify(other.dir, s.key.Verifier(), later(), [][]byte{s.remembered})
	if err != nil || r.ExitCode() != ExitAltered || !strings.Contains(r.String(), "of another log") {
		t.Errorf("another log was not told apart: %v\n%s", err, r)
	}
	if r, err := Verify(s.dir, s.key.Verifier(), []byte("no note")); err != nil || r.ExitCode() != ExitAltered {
		t.Errorf("a text that is no checkpoint was remembered: %v\n%s", err, r)
	}
}

func TestVerifyInUse(t *testing.T) {
	dir, key := tempDir(t), testKey(t)
	l, stop := start(t, dir, Options{Key: key, CheckpointEvery: time.Hour})
	defer stop()
	appendEvent(t, l, Event{Kind: StatementDecided, Session: "s"})
	r, err := Verify(dir, key.Verifier())
	if err != nil || r.ExitCode() != ExitOK || r.Unsigned != 1 || r.Open != 1 || !r.Live {
		t.Errorf("a log in use: %v\n%s", err, r)
	}
	r, err = verify(dir, key.Verifier(), later(), nil)
	if err != nil || r.ExitCode() != ExitIncomplete || len(r.Problems) != 2 {
		t.Errorf("the same an hour later: %v\n%s", err, r)
	}
}

func TestProve(t *testing.T) {
	s := makeSample(t)
	all := lines(t, s.dir)
	doc, err := Prove(s.dir, s.key.Verifier(), 0, 2, int64(len(all)-1))
	if err != nil {
		t.Fatal(err)
	}
	got, err := CheckProof(doc, s.key.Verifier())
	if err != nil || len(got.Lines) != 3 || got.Lines[1] != all[2] || got.Seqs[1] != 2 {
		t.Fatalf("%v %+v", err, got)
	}
	for name, bad := range map[string][]byte{
		"line changed": bytes.Replace(doc, []byte("maya"), []byte("mayb"), 1),
		"seq changed":  bytes.Replace(doc, []byte(`"seq": 2`), []byte(`"seq": 3`), 1),
		"nothing":      []byte("{}"),
	} {
		if bytes.Equal(bad, doc) {
			t.Fatalf("%s: the test changed nothing", name)
		}
		if _, err := CheckProof(bad, s.key.Verifier()); err == nil {
			t.Errorf("%s: the proof holds", name)
		}
	}
	if _, err := CheckProof(doc, testKey(t).Verifier()); err == nil {
		t.Error("the proof holds under another key")
	}
	if _, err := Prove(s.dir, s.key.Verifier(), int64(len(all))); err == nil {
		t.Error("a line that is not there was proven")
	}
}

// TestPython runs the second verifier over the same table.
func TestPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	s := makeSample(t)
	remembered := filepath.Join(tempDir(t), "remembered")
	if err := os.WriteFile(remembered, s.remembered, 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (int, string) {
		cmd := exec.CommandContext(context.Background(), python, append([]string{"../../docs/verify_audit.py"}, args...)...)
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode(), string(out)
	}
	for _, tt := range tampering {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := tt.exit
			switch tt.name {
			case "stored hashes changed": // it reads lines only
				want = ExitOK
			case "end cut, checkpoint put back": // it does not read the file of all checkpoints
				want = ExitOK
			}
			dir := s.copy(t)
			tt.do(t, s, dir)
			if got, out := run(dir, s.key.Verifier(), remembered); got != want {
				t.Errorf("exit %d, want %d:\n%s", got, want, out)
			}
		})
	}
	if got, out := run(s.dir, testKey(t).Verifier()); got != ExitAltered {
		t.Errorf("another key: exit %d\n%s", got, out)
	}
	if got, out := run(s.dir, "rubbish"); got != 3 {
		t.Errorf("no key: exit %d\n%s", got, out)
	}
}

// TestEveryBit flips one bit of every byte of the lines; no such log may pass.
func TestEveryBit(t *testing.T) {
	dir, key := tempDir(t), testKey(t)
	l, stop := start(t, dir, Options{Key: key})
	statement(t, l, "s")
	stop()
	path := lastSegment(t, dir)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		edit(t, path, func([]byte) []byte { b := bytes.Clone(whole); b[i] ^= 1 << (i % 8); return b })
		r, err := verify(dir, key.Verifier(), later(), nil)
		if err == nil && r.ExitCode() != ExitAltered {
			t.Errorf("byte %d: exit %d\n%s", i, r.ExitCode(), r)
		}
	}
}

// FuzzCheckpoint: whatever opens is signed, and what is read is what was signed.
func FuzzCheckpoint(f *testing.F) {
	k := testKey(f)
	text, err := Checkpoint{Origin: "test/audit+x", Size: 7}.sign(k)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("test/audit+x\n7\nAAAA\n\n\u2014 test/audit AAAA\n"))
	f.Add([]byte("\n\n\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		notes, rest := splitCheckpoints(b)
		n := len(rest)
		for _, one := range notes {
			n += len(one) + 1
			if cp, err := OpenCheckpoint(one, k.Verifier()); err == nil && cp.body() != (Checkpoint{Origin: "test/audit+x", Size: 7}).body() {
				t.Errorf("opened %q", one)
			}
		}
		if n != len(b) {
			t.Errorf("split %d bytes of %d", n, len(b))
		}
		if cp, err := parseBody(string(b)); err == nil && !strings.HasPrefix(string(b), cp.body()) {
			t.Errorf("%q was read as %q", b, cp.body())
		}
	})
}

func TestNotedCheckpoints(t *testing.T) {
	s := makeSample(t)
	for _, tt := range []struct {
		name string
		do   func([]byte) []byte
		exit int
		says string
	}{
		{"unfinished last one", func(b []byte) []byte { return b[:len(b)-20] }, ExitOK, "kept"},
		{"missing", func([]byte) []byte { return nil }, ExitOK, "0 checkpoints kept"},
		{"one bit", func(b []byte) []byte { b[len(b)/2] ^= 1; return b }, ExitAltered, "in file checkpoints"},
		{"twice", func(b []byte) []byte { return append(b, b...) }, ExitAltered, "out of order"},
		{"rubbish", func([]byte) []byte { return bytes.Repeat([]byte("x"), 1<<20) }, ExitAltered, "file checkpoints"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := s.copy(t)
			edit(t, filepath.Join(dir, checkpointsName), tt.do)
			r, err := verify(dir, s.key.Verifier(), later(), nil)
			if err != nil || r.ExitCode() != tt.exit || !strings.Contains(r.String(), tt.says) {
				t.Fatalf("%v\n%s", err, r)
			}
			if tt.exit != ExitOK {
				return
			}
			// The next start mends it.
			l, err := Open(dir, Options{Key: s.key})
			if err != nil {
				t.Fatal(err)
			}
			l.Close()
			b, err := os.ReadFile(filepath.Join(dir, checkpointsName))
			if notes, rest := splitCheckpoints(b); err != nil || len(notes) < 2 || len(rest) > 0 {
				t.Errorf("%d checkpoints, %q left, %v", len(notes), rest, err)
			}
		})
	}
}

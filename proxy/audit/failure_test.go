package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// disk is a file system whose faults a test turns on and off.
type disk struct {
	room  atomic.Int64 // bytes that still fit; negative: no limit
	sync  atomic.Bool  // Sync fails, after the bytes were written
	mu    sync.Mutex   // held by a test: Sync hangs
	syncs atomic.Int64
}

type diskFile struct {
	*os.File
	d *disk
}

func (d *disk) open(path string) (file, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	return diskFile{f, d}, err
}

// WriteAt writes what fits, as a full disk does.
func (f diskFile) WriteAt(b []byte, offset int64) (int, error) {
	room := f.d.room.Load()
	if room < 0 || int64(len(b)) <= room {
		return f.File.WriteAt(b, offset)
	}
	n, err := f.File.WriteAt(b[:room], offset)
	return n, errors.Join(err, syscall.ENOSPC)
}

func (f diskFile) Sync() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.d.syncs.Add(1)
	if f.d.sync.Load() {
		return syscall.EIO
	}
	return f.File.Sync()
}

func newDisk() *disk {
	d := new(disk)
	d.room.Store(-1)
	return d
}

func TestDiskFails(t *testing.T) {
	for _, tt := range []struct {
		name      string
		fail, fix func(d *disk)
		cause     error
	}{
		{"full", func(d *disk) { d.room.Store(100) }, func(d *disk) { d.room.Store(-1) }, syscall.ENOSPC},
		{"fsync", func(d *disk) { d.sync.Store(true) }, func(d *disk) { d.sync.Store(false) }, syscall.EIO},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir, key, d := tempDir(t), testKey(t), newDisk()
			l, stop := start(t, dir, Options{Key: key, openFile: d.open, CheckpointEvery: time.Hour})
			ctx := context.Background()
			decided := appendEvent(t, l, Event{Kind: StatementDecided, Session: "s"})
			before := len(lines(t, dir))

			tt.fail(d)
			if _, err := l.Append(ctx, Event{Kind: StatementDecided, Session: "s"}); !errors.Is(err, ErrUnavailable) || !errors.Is(err, tt.cause) {
				t.Fatalf("Append: %v", err)
			}
			if err := l.Healthy(); !errors.Is(err, ErrUnavailable) {
				t.Errorf("healthy: %v", err)
			}
			// Events that nobody waits for are kept.
			if err := l.AppendAsync(ctx, Event{Kind: StatementDone, Session: "s", Decided: decided}); err != nil {
				t.Fatal(err)
			}
			if _, err := l.Append(ctx, Event{Kind: StatementDecided, Session: "s"}); !errors.Is(err, ErrUnavailable) {
				t.Fatalf("second Append: %v", err)
			}
			if n, _ := l.Lag(); n != 1 {
				t.Errorf("%d events pending, want 1", n)
			}

			tt.fix(d)
			seq := appendEvent(t, l, Event{Kind: StatementDecided, Session: "s"})
			if err := l.Healthy(); err != nil {
				t.Errorf("after repair: %v", err)
			}
			all := events(t, dir)[before:]
			if got, want := kinds(all), "statement.done log.resumed statement.decided"; got != want {
				t.Fatalf("after repair: got %s, want %s", got, want)
			}
			if all[2].Seq != seq || all[2].N != 2 {
				t.Errorf("seq %d, n %d: refused events must take no number", all[2].Seq, all[2].N)
			}
			stop()
			if r, err := verify(dir, key.Verifier(), later(), nil); err != nil || r.ExitCode() != ExitOK {
				t.Errorf("%v\n%s", err, r)
			}
		})
	}
}

// TestRepairsItself: once nobody appends because the proxy is not ready, the log must find out by itself that the disk works.
func TestRepairsItself(t *testing.T) {
	d := newDisk()
	l, stop := start(t, tempDir(t), Options{Key: testKey(t), openFile: d.open, CheckpointEvery: 10 * time.Millisecond})
	defer stop()
	d.sync.Store(true)
	if _, err := l.Append(context.Background(), Event{Kind: KeysLoaded}); !errors.Is(err, ErrUnavailable) {
		t.Fatal(err)
	}
	d.sync.Store(false)
	waitFor(t, func() bool { return l.Healthy() == nil })
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain")
		}
	}
}

func TestDiskHangs(t *testing.T) {
	dir, d := tempDir(t), newDisk()
	l, stop := start(t, dir, Options{Key: testKey(t), openFile: d.open, Timeout: 50 * time.Millisecond, Queue: 2})
	ctx := context.Background()
	d.mu.Lock()
	began := time.Now()
	_, err := l.Append(ctx, Event{Kind: StatementDecided, Session: "s", User: "maya"})
	if !errors.Is(err, ErrUnavailable) || time.Since(began) > 2*time.Second {
		t.Errorf("Append on a hanging disk: %v after %v", err, time.Since(began))
	}
	waitFor(t, func() bool { return errors.Is(l.Healthy(), ErrUnavailable) })
	// This one the writer has not taken: it must never be written.
	if _, err := l.Append(ctx, Event{Kind: StatementDecided, Session: "never"}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("second Append: %v", err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := l.Append(gone, Event{Kind: StatementDecided, Session: "never"}); !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("Append of a client that left: %v", err)
	}
	// The queue is full now; it blocks, and not for ever.
	began = time.Now()
	for range 3 {
		err = l.AppendAsync(ctx, Event{Kind: KeysLoaded})
	}
	if !errors.Is(err, ErrUnavailable) || time.Since(began) < 50*time.Millisecond {
		t.Errorf("AppendAsync on a full queue: %v after %v", err, time.Since(began))
	}
	d.mu.Unlock()
	statement(t, l, "s")
	stop()
	all := events(t, dir)
	for _, ev := range all {
		if ev.Session == "never" {
			t.Errorf("an abandoned event was written: %+v", ev)
		}
	}
	// The first came to stand in the log all the same, and what became of it is said.
	if all[1].Kind != StatementDecided || all[2].Kind != StatementLost || all[2].Decided != all[1].Seq || all[2].N != 1 || all[2].User != "maya" {
		t.Errorf("late event: %+v\n%+v", all[1], all[2])
	}
}

// crash copies the files as a power cut at this moment would leave them: with everything that was written.
func crash(t *testing.T, dir string) string {
	t.Helper()
	out := filepath.Join(tempDir(t), "audit")
	if err := os.CopyFS(out, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestPowerCut cuts the newest segment at every byte of its last line, at some of the one before and below the checkpoint, and puts
// NUL bytes in place of what is missing.
func TestPowerCut(t *testing.T) {
	dir, key := tempDir(t), testKey(t)
	l, stop := start(t, dir, Options{Key: key, CheckpointEvery: time.Hour})
	defer stop()
	signed, err := os.Stat(lastSegment(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	statement(t, l, "s")
	waitFor(t, func() bool { n, _ := l.Lag(); return n == 0 })
	dead := crash(t, dir)
	name := filepath.Base(lastSegment(t, dead))
	full, err := os.ReadFile(filepath.Join(dead, name))
	if err != nil {
		t.Fatal(err)
	}
	lastLine := bytes.LastIndexByte(full[:len(full)-1], '\n')
	t.Run("at", func(t *testing.T) {
		const shares = 8
		for share := range shares {
			t.Run(fmt.Sprint(share), func(t *testing.T) {
				t.Parallel()
				for n := int(signed.Size()) - 1 + share; n <= len(full); n += shares {
					if n > int(signed.Size()) && n < lastLine && n%9 != 0 {
						continue
					}
					leave := func(b []byte) string {
						cut := crash(t, dead)
						if err := os.WriteFile(filepath.Join(cut, name), b, 0o600); err != nil {
							t.Fatal(err)
						}
						return cut
					}
					checkPowerCut(t, leave(full[:n]), key, full[:n], n >= int(signed.Size()))
					if n%6 == 0 && n > int(signed.Size()) && n < len(full)-1 {
						hole := append(append([]byte(nil), full[:n]...), make([]byte, len(full)-n-1)...)
						checkPowerCut(t, leave(append(hole, '\n')), key, full[:n], true)
					}
				}
			})
		}
	})
}

func checkPowerCut(t *testing.T, dir string, key *Key, left []byte, opens bool) {
	t.Helper()
	whole := strings.Count(string(left), "\n")
	l, err := Open(dir, Options{Key: key})
	if !opens {
		if !errors.Is(err, ErrBroken) {
			t.Errorf("cut below the checkpoint: Open gives %v", err)
		}
		return
	}
	if err != nil {
		t.Fatalf("cut at %d: %v", len(left), err)
	}
	l.w.close() // without log.closed, as if it died once more
	all := events(t, dir)
	recovered := all[whole]
	if recovered.Kind != LogRecovered || recovered.Log == nil || recovered.Log.Kept != int64(whole-1) {
		t.Fatalf("cut at %d: line %d is %+v", len(left), whole, recovered)
	}
	end := strings.LastIndexByte(string(left), '\n') + 1
	if torn := string(left[end:]); torn != "" || recovered.Log.Torn > 0 {
		kept, err := os.ReadFile(filepath.Join(dir, recovered.Log.Moved))
		if err != nil || !strings.HasPrefix(string(kept), torn) || int64(len(kept)) != recovered.Log.Torn {
			t.Errorf("cut at %d: torn bytes %q were kept as %q, %v", len(left), torn, kept, err)
		}
	}
	r, err := verify(dir, key.Verifier(), later(), nil)
	if err != nil || r.ExitCode() != ExitOK {
		t.Errorf("cut at %d: %v\n%s", len(left), err, r)
	}
}

// TestCrashAcrossSegments: a statement that was decided many segments ago is still known to be open.
func TestCrashAcrossSegments(t *testing.T) {
	dir, key := tempDir(t), testKey(t)
	l, stop := start(t, dir, Options{Key: key, SegmentSize: 500})
	defer stop()
	long := appendEvent(t, l, Event{Kind: StatementDecided, Session: "long", User: "maya"})
	for range 20 {
		statement(t, l, "busy")
	}
	appendEvent(t, l, Event{Kind: SessionEnd, Session: "busy"})
	dead := crash(t, dir)
	if segments, _ := listSegments(dead); len(segments) < 5 {
		t.Fatalf("%d segments", len(segments))
	}
	for _, rebuild := range []bool{false, true} {
		dir := crash(t, dead)
		if rebuild {
			remove(t, filepath.Join(dir, hashesName))
		}
		l2, err := Open(dir, Options{Key: key})
		if err != nil {
			t.Fatal(err)
		}
		if err := l2.Close(); err != nil {
			t.Fatal(err)
		}
		var lost []Event
		for _, ev := range events(t, dir) {
			if ev.Kind == StatementLost {
				lost = append(lost, ev)
			}
		}
		if len(lost) != 1 || lost[0].Decided != long || lost[0].Session != "long" || lost[0].N != 1 {
			t.Errorf("rebuild %v: lost %+v", rebuild, lost)
		}
		r, err := verify(dir, key.Verifier(), later(), nil)
		if err != nil || r.ExitCode() != ExitOK {
			t.Errorf("rebuild %v: %v\n%s", rebuild, err, r)
		}
		if _, err := Prove(dir, key.Verifier(), 0, long, r.Events-1); err != nil {
			t.Errorf("rebuild %v: %v", rebuild, err)
		}
	}
}

// TestCrashAtRotation: the newest segment is there and empty.
func TestCrashAtRotation(t *testing.T) {
	s := makeSample(t)
	dir := s.copy(t)
	segments, err := listSegments(dir)
	if err != nil {
		t.Fatal(err)
	}
	next := segment{len(segments) + 1, int64(len(lines(t, dir)))}
	for _, rest := range []string{"", `{"v":1,`} {
		if err := os.WriteFile(filepath.Join(dir, next.name()), []byte(rest), 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := Open(dir, Options{Key: s.key})
		if err != nil {
			t.Fatalf("%q: %v", rest, err)
		}
		l.Close()
		if r, err := verify(dir, s.key.Verifier(), later(), nil); err != nil || r.ExitCode() != ExitOK {
			t.Errorf("%q: %v\n%s", rest, err, r)
		}
		if all := events(t, dir); all[next.first].Kind != LogRotated {
			t.Errorf("%q: the new segment begins with %s", rest, all[next.first].Kind)
		}
		dir = s.copy(t)
	}
}

func TestAcceptBreak(t *testing.T) {
	s := makeSample(t)
	dir := s.copy(t)
	accept := &Break{Operator: "otto", Reason: "disk replaced"}
	if _, err := Open(dir, Options{Key: s.key, AcceptBreak: accept}); !errors.Is(err, ErrNotBroken) {
		t.Fatalf("a whole log: %v", err)
	}
	remove(t, lastSegment(t, dir))
	if _, err := Open(dir, Options{Key: s.key}); !errors.Is(err, ErrBroken) {
		t.Fatalf("a broken log: %v", err)
	}
	l, err := Open(dir, Options{Key: s.key, AcceptBreak: accept})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	all := events(t, dir)
	first := all[0]
	old, _ := OpenCheckpoint(s.final, s.key.Verifier())
	if first.Kind != LogBreak || first.User != "otto" || first.Reason != "disk replaced" || !strings.HasPrefix(first.Log.Head, fmt.Sprint(old.Origin, " ", old.Size, " ")) {
		t.Errorf("first line: %+v %+v", first, first.Log)
	}
	if _, err := os.Stat(filepath.Join(dir, first.Log.Moved, checkpointName)); err != nil {
		t.Error(err)
	}
	r, err := verify(dir, s.key.Verifier(), later(), nil)
	if err != nil || r.ExitCode() != ExitOK || r.Breaks != 1 || r.Origin == old.Origin {
		t.Errorf("%v\n%s", err, r)
	}

	// A start that put the log aside and died before it could say so.
	dir = s.copy(t)
	if _, _, err := putAside(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	l, err = Open(dir, Options{Key: s.key})
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if all := events(t, dir); all[0].Kind != LogBreak {
		t.Errorf("first line: %+v", all[0])
	}
}

func TestSpill(t *testing.T) {
	dir := tempDir(t)
	f, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := &spill{path: filepath.Join(dir, "spill")}
	const n = spillAt/tlog.HashSize*2 + 5
	for i := range n {
		if err := s.add([]tlog.Hash{{0: byte(i), 1: byte(i >> 8), 2: byte(i >> 16)}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(s.path); err != nil {
		t.Fatalf("nothing was spilt: %v", err)
	}
	if err := s.copyTo(f, 7*tlog.HashSize); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(f.Name())
	if err != nil || len(b) != (n+7)*tlog.HashSize {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	for i := range n {
		if h := b[(i+7)*tlog.HashSize:]; h[0] != byte(i) || h[1] != byte(i>>8) || h[2] != byte(i>>16) {
			t.Fatalf("hash %d is wrong", i)
		}
	}
	if _, err := os.Stat(s.path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is left: %v", err)
	}
}

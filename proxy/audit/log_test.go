package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// testKey is a key in a folder of the test's own.
func testKey(t testing.TB) *Key {
	t.Helper()
	k, err := GenerateKey(filepath.Join(tempDir(t), "audit.key"), "test/audit")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// tempDir is a folder in memory where there is one: the tests care for what is written, not for how fast a disk syncs.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "pgveil-audit-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// start opens the log in dir and runs it; stop ends it.
func start(t testing.TB, dir string, opt Options) (l *Log, stop func()) {
	t.Helper()
	if opt.Timeout == 0 {
		opt.Timeout = 30 * time.Second // a loaded machine is not what is tested
	}
	l, err := Open(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- l.Run(ctx) }()
	return l, sync.OnceFunc(func() {
		t.Helper()
		cancel()
		if err := <-ran; err != nil {
			t.Errorf("Run: %v", err)
		}
		if err := l.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

func appendEvent(t testing.TB, l *Log, ev Event) int64 {
	t.Helper()
	seq, err := l.Append(context.Background(), ev)
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

// lines are all lines in dir, in order.
func lines(t testing.TB, dir string) []string {
	t.Helper()
	segments, err := listSegments(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, s := range segments {
		if _, err := readLines(dir, s, func(line []byte, _ int64) error { all = append(all, string(line)); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func events(t testing.TB, dir string) []Event {
	t.Helper()
	var all []Event
	for _, line := range lines(t, dir) {
		var ev Event
		if err := json.Unmarshal([]byte(line), &ev); err != nil {
			t.Fatal(err)
		}
		all = append(all, ev)
	}
	return all
}

func kinds(all []Event) string {
	var s []string
	for _, ev := range all {
		s = append(s, string(ev.Kind))
	}
	return strings.Join(s, " ")
}

// statement appends a decided and a done event.
func statement(t testing.TB, l *Log, session string) {
	t.Helper()
	seq := appendEvent(t, l, Event{Kind: StatementDecided, Session: session, User: "maya", Verb: "select", Statement: "select $1", Verdict: "protected"})
	if err := l.AppendAsync(context.Background(), Event{Kind: StatementDone, Session: session, Decided: seq, Result: &Result{Outcome: "ok", Rows: 1}}); err != nil {
		t.Fatal(err)
	}
}

func TestLog(t *testing.T) {
	dir, key := tempDir(t), testKey(t)
	l, stop := start(t, dir, Options{Key: key, Software: "test"})
	appendEvent(t, l, Event{Kind: SessionStart, Session: "s1", User: "maya"})
	statement(t, l, "s1")
	appendEvent(t, l, Event{Kind: StatementRefused, Session: "s1", Code: "PV101"})
	statement(t, l, "s1")
	lost := appendEvent(t, l, Event{Kind: StatementDecided, Session: "s1", User: "maya"})
	appendEvent(t, l, Event{Kind: SessionEnd, Session: "s1"})
	stop()

	all := events(t, dir)
	want := "log.opened session.start statement.decided statement.done statement.refused statement.decided statement.done " +
		"statement.decided statement.lost session.end log.closed"
	if got := kinds(all); got != want {
		t.Fatalf("kinds:\n got %s\nwant %s", got, want)
	}
	numbers := []int64{0, 0, 1, 1, 2, 3, 3, 4, 4, 0, 0}
	for i, ev := range all {
		if ev.Seq != int64(i) || ev.N != numbers[i] || ev.V != version || ev.Time.Location() != time.UTC {
			t.Errorf("event %d: seq %d, n %d (want %d), v %d, time %v", i, ev.Seq, ev.N, numbers[i], ev.V, ev.Time)
		}
	}
	if all[8].Decided != lost || all[8].User != "maya" {
		t.Errorf("lost event %+v does not name what was decided", all[8])
	}
	if all[0].Log.Key != key.Verifier() || !strings.HasPrefix(all[0].Log.Origin, "test/audit+") {
		t.Errorf("log.opened: %+v", all[0].Log)
	}
	if err := l.Healthy(); !errors.Is(err, ErrUnavailable) {
		t.Errorf("closed log is healthy: %v", err)
	}
	if _, err := l.Append(context.Background(), Event{Kind: SessionStart}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Append after Close: %v", err)
	}
	if err := l.AppendAsync(context.Background(), Event{Kind: SessionStart}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("AppendAsync after Close: %v", err)
	}
}

func TestReopen(t *testing.T) {
	dir, key := tempDir(t), testKey(t)
	for i := range 3 {
		l, stop := start(t, dir, Options{Key: key})
		if _, err := Open(dir, Options{Key: key}); err == nil || !strings.Contains(err.Error(), "in use") {
			t.Fatalf("second Open of a log in use: %v", err)
		}
		statement(t, l, fmt.Sprint("s", i))
		stop()
	}
	want := strings.TrimSpace(strings.Repeat("log.opened statement.decided statement.done log.closed ", 3))
	if got := kinds(events(t, dir)); got != want {
		t.Errorf("kinds:\n got %s\nwant %s", got, want)
	}
}

func TestAppendRefuses(t *testing.T) {
	l, stop := start(t, tempDir(t), Options{Key: testKey(t)})
	defer stop()
	for _, kind := range []Kind{"", "made.up", LogClosed, StatementLost} {
		if _, err := l.Append(context.Background(), Event{Kind: kind}); err == nil {
			t.Errorf("kind %q was taken", kind)
		}
	}
	long := Event{Kind: StatementDecided, Session: "s", Tables: []string{strings.Repeat("x", MaxLine)}}
	if _, err := l.Append(context.Background(), long); !errors.Is(err, ErrTooLong) {
		t.Errorf("too long an event: %v", err)
	}
	// The number that the refused event would have had is not lost.
	statement(t, l, "s")
	cut := Event{Kind: StatementDecided, Session: "s", Statement: strings.Repeat("é", MaxStatement)}
	appendEvent(t, l, cut)
	stop()
	all := events(t, l.dir)
	if all[1].N != 1 || all[3].N != 2 || !all[3].Cut || len(all[3].Statement) != MaxStatement {
		t.Errorf("n %d, %d; cut %v to %d bytes", all[1].N, all[3].N, all[3].Cut, len(all[3].Statement))
	}
}

func TestConcurrent(t *testing.T) {
	dir, key := tempDir(t), testKey(t)
	l, stop := start(t, dir, Options{Key: key, SegmentSize: 64 << 10, CheckpointLines: 100})
	const workers, each = 64, 40
	var wg sync.WaitGroup
	seqs := make([][]int64, workers)
	for i := range workers {
		wg.Go(func() {
			id := fmt.Sprint("s", i)
			for range each {
				seq, err := l.Append(context.Background(), Event{Kind: StatementDecided, Session: id, Verb: "select"})
				if err != nil {
					t.Error(err)
					return
				}
				seqs[i] = append(seqs[i], seq)
				if err := l.AppendAsync(context.Background(), Event{Kind: StatementDone, Session: id, Decided: seq}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	stop()
	all := events(t, dir)
	if len(all) < 2*workers*each+2 {
		t.Fatalf("%d events", len(all))
	}
	for i := range workers {
		for n, seq := range seqs[i] {
			ev := all[seq]
			if ev.Kind != StatementDecided || ev.Session != fmt.Sprint("s", i) || ev.N != int64(n+1) || ev.Seq != seq {
				t.Fatalf("worker %d, statement %d: seq %d is %+v", i, n+1, seq, ev)
			}
		}
	}
	segments, _ := listSegments(dir)
	if len(segments) < 3 {
		t.Errorf("%d segments: rotation was not part of the test", len(segments))
	}
	if events, age := l.Lag(); events != 0 || age != 0 {
		t.Errorf("lag after all: %d events, %v", events, age)
	}
	if b, err := os.ReadFile(filepath.Join(dir, checkpointsName)); err != nil || len(b) == 0 {
		t.Errorf("checkpoints: %d bytes, %v", len(b), err)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, workers := range []int{1, 8, 64} {
		b.Run(fmt.Sprint(workers), func(b *testing.B) {
			l, stop := start(b, b.TempDir(), Options{Key: testKey(b)})
			defer stop()
			ev := Event{Kind: StatementDecided, User: "maya", Database: "crm", Roles: []string{"support"}, Verb: "select",
				Statement: "select id, email from customers where id = $1", Tables: []string{"public.customers"},
				Columns: []Column{{"public.customers", "email", "masked", 0}}, Verdict: "protected", Policy: "sha256:5c1f0e8a"}
			var wg sync.WaitGroup
			b.ResetTimer()
			for i := range workers {
				ev := ev
				ev.Session = fmt.Sprint("s", i)
				wg.Go(func() {
					for range (b.N + workers - 1) / workers {
						seq, err := l.Append(context.Background(), ev)
						if err != nil {
							b.Error(err)
							return
						}
						l.AppendAsync(context.Background(), Event{Kind: StatementDone, Session: ev.Session, Decided: seq})
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "statements/s")
		})
	}
}

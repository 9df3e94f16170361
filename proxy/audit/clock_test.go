package audit

import (
	"sync/atomic"
	"testing"
	"time"
)

// Whatever the machine's clock does, lines keep their order, the record verifies, and how far the clock went back is said.
func TestClockMoves(t *testing.T) {
	dir := tempDir(t)
	var moved atomic.Int64
	clock := func() time.Time { return time.Now().Add(time.Duration(moved.Load())).Round(0) } // without the monotonic reading
	const year = 365 * 24 * time.Hour
	key := testKey(t)
	want := 0
	for round, begins := range []time.Duration{0, -2 * year, year} { // a restart with another clock
		moved.Store(int64(begins))
		l, stop := start(t, dir, Options{Key: key, Now: clock, Alive: time.Hour})
		for i, by := range []time.Duration{0, year, -year, time.Hour, -time.Hour, 2 * time.Second, -3 * year, 0} {
			moved.Store(int64(begins + by))
			statement(t, l, "s1")
			want += 2
			if n, age := l.Lag(); n < 0 || age < 0 {
				t.Errorf("round %d, step %d: %d events, %v behind", round, i, n, age)
			}
			if err := l.Healthy(); err != nil {
				t.Errorf("round %d, step %d: %v", round, i, err)
			}
		}
		stop()
	}
	report, err := verify(dir, key.Verifier(), later().Add(4*year), nil)
	if err != nil {
		t.Fatal(err)
	}
	if report.ExitCode() != 0 || report.ClockBack < 3*year || report.Statements != int64(want/2) {
		t.Errorf("exit %d, clock back %v, %d statements of %d: %+v", report.ExitCode(), report.ClockBack, report.Statements, want/2, report)
	}
}

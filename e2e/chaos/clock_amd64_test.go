package chaos

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A process's wall clock goes where it is moved, the monotonic one goes on, and other processes' stay.
func TestMoveClock(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envClock+"=1")
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { in.Close(); cmd.Wait() }()
	ask := func() (wall time.Time, monotonic time.Duration) {
		in.Write([]byte("."))
		buf := make([]byte, 100)
		n, err := out.Read(buf)
		seconds, nanoseconds, _ := strings.Cut(strings.TrimSpace(string(buf[:n])), " ")
		s, err1 := strconv.ParseInt(seconds, 10, 64)
		m, err2 := strconv.ParseInt(nanoseconds, 10, 64)
		if err != nil || err1 != nil || err2 != nil {
			t.Fatalf("%q: %v", buf[:n], err)
		}
		return time.Unix(s, 0), time.Duration(m)
	}
	before, last := time.Now(), time.Duration(0)
	for _, by := range []time.Duration{0, time.Hour, -20 * 365 * 24 * time.Hour, 0} {
		if err := moveClock(cmd.Process.Pid, by); err != nil {
			t.Fatal(err)
		}
		wall, monotonic := ask()
		if off := time.Until(wall) - by; off < -2*time.Second || off > 2*time.Second {
			t.Errorf("moved by %v: %v off", by, off)
		}
		if monotonic < last || monotonic > time.Since(before)+time.Second {
			t.Errorf("moved by %v: the monotonic clock went from %v to %v", by, last, monotonic)
		}
		last = monotonic
	}
}

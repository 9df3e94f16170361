package chaos

import (
	"os"
	"strconv"
	"time"
)

// envClock makes this program one that tells its clocks, a line for each line that it is sent.
const envClock = "PGVEIL_TEST_CLOCK"

// tellClock prints the wall clock in Unix seconds, and nanoseconds of the monotonic clock.
func tellClock() {
	began := time.Now()
	line := make([]byte, 1)
	for {
		if _, err := os.Stdin.Read(line); err != nil {
			return
		}
		now := time.Now()
		os.Stdout.WriteString(strconv.FormatInt(now.Unix(), 10) + " " + strconv.FormatInt(int64(now.Sub(began)), 10) + "\n")
	}
}

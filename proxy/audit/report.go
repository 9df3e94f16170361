package audit

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Report is what Verify found.
type Report struct {
	Exit     int       `json:"exit"` // see ExitCode
	Origin   string    `json:"origin"`
	Signer   string    `json:"signer"`
	Events   int64     `json:"events"`
	First    time.Time `json:"first"` // time of the first event
	Last     time.Time `json:"last"`  // and of the newest
	Segments int       `json:"segments"`

	Signed      int64        `json:"signed"`      // lines under the latest checkpoint
	Checkpoints int          `json:"checkpoints"` // in the file of all of them
	Remembered  []Remembered `json:"remembered,omitempty"`

	Sessions   int64 `json:"sessions"`
	Statements int64 `json:"statements"` // decided or refused
	Lost       int64 `json:"lost"`       // decided, fate unknown, and said so
	Open       int64 `json:"open"`       // decided, neither done nor lost
	Breaks     int64 `json:"breaks"`     // log.break_accepted events

	Unsigned       int64         `json:"unsigned"` // lines after the latest checkpoint
	UnsignedFor    time.Duration `json:"unsigned_ns"`
	Unwitnessed    int64         `json:"unwitnessed"` // lines after the latest remembered checkpoint
	UnwitnessedFor time.Duration `json:"unwitnessed_ns"`
	ClockBack      time.Duration `json:"clock_back_ns"` // largest step back of the clock above a second
	Live           bool          `json:"live"`          // the newest event is recent, and the log was not closed

	Problems []Problem `json:"problems,omitempty"` // the first of them
	more     int
}

// Remembered is a checkpoint that was kept outside, and whether the log still agrees with it.
type Remembered struct {
	Size int64     `json:"size"`
	Time time.Time `json:"time"` // of the last event that it covers
	OK   bool      `json:"ok"`
}

// Problem is one finding. Exit is 1 when it means that the log was altered, 2 when it is incomplete.
type Problem struct {
	Exit int    `json:"exit"`
	Text string `json:"text"`
}

// Exit codes of a verification.
const (
	ExitOK         = 0
	ExitAltered    = 1
	ExitIncomplete = 2
)

const maxProblems = 20

// ExitCode is 0 if all is well, 1 if the log was altered, 2 if it is incomplete.
func (r *Report) ExitCode() int { return r.Exit }

func (r *Report) altered(format string, args ...any) {
	r.problem(Problem{ExitAltered, fmt.Sprintf(format, args...)})
}

func (r *Report) incomplete(format string, args ...any) {
	r.problem(Problem{ExitIncomplete, fmt.Sprintf(format, args...)})
}

func (r *Report) problem(p Problem) {
	if r.Exit != ExitAltered {
		r.Exit = p.Exit
	}
	if len(r.Problems) == maxProblems {
		r.more++
		return
	}
	r.Problems = append(r.Problems, p)
}

// cannotShow is printed with every report.
const cannotShow = `This shows that the lines are those that the holder of the key signed. It does not show that the proxy wrote down
everything, that its clock was right, that nobody reached the database by another way, or, for events that no
remembered checkpoint covers, that the holder of the key did not write the log anew.
`

// String is the report for people.
func (r *Report) String() string {
	var b strings.Builder
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	row("origin", "%s", r.Origin)
	row("events", "%s, %s … %s, %s", group(r.Events), stamp(r.First), stamp(r.Last), count(int64(r.Segments), "segment"))
	row("checkpoint", "%s signed by %s, %s kept", group(r.Signed), r.Signer, count(int64(r.Checkpoints), "checkpoint"))
	for i, m := range r.Remembered {
		name, verdict := "", "NOT the same log"
		if i == 0 {
			name = "remembered"
		}
		if m.OK {
			verdict = "same log, " + count(r.Events-m.Size, "event") + " later"
		}
		row(name, "%s (%s): %s", group(m.Size), stamp(m.Time), verdict)
	}
	row("sessions", "%s, %s; %s lost, %s open", group(r.Sessions), count(r.Statements, "statement"), group(r.Lost), group(r.Open))
	if r.Unsigned > 0 {
		row("unsigned", "%s, %s", count(r.Unsigned, "event"), r.UnsignedFor.Round(time.Millisecond))
	}
	if len(r.Remembered) == 0 {
		row("unwitnessed", "all %s: no remembered checkpoint was given", count(r.Unwitnessed, "event"))
	} else {
		row("unwitnessed", "%s, %s", count(r.Unwitnessed, "event"), r.UnwitnessedFor.Round(time.Millisecond))
	}
	if r.ClockBack > 0 {
		row("clock", "went back by up to %s", r.ClockBack.Round(time.Millisecond))
	}
	if r.Breaks > 0 {
		row("breaks", "%s accepted by an operator: read log.break_accepted", group(r.Breaks))
	}
	for _, p := range r.Problems {
		name := "ALTERED"
		if p.Exit == ExitIncomplete {
			name = "incomplete"
		}
		row(name, "%s", p.Text)
	}
	if r.more > 0 {
		row("", "and %d more", r.more)
	}
	row("exit", "%d (%s)", r.Exit, [...]string{"ok", "altered", "incomplete"}[r.Exit])
	b.WriteString("\n" + cannotShow)
	return b.String()
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

func count(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return group(n) + " " + what + "s"
}

// group writes 81298 as "81 298".
func group(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}

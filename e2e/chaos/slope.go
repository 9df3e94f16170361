package chaos

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Samples follow what one process holds over time.
type Samples struct {
	at                               []float64 // hours
	resident, heap, goroutine, files []float64 // MiB, MiB, number, number
}

// Take reads the process's metrics.
func (s *Samples) Take(p *Proxy, since time.Duration) error {
	text, err := p.get("/metrics")
	if err != nil {
		return err
	}
	s.at = append(s.at, since.Hours())
	s.resident = append(s.resident, Metric(text, "process_resident_memory_bytes")/(1<<20))
	s.heap = append(s.heap, Metric(text, "go_memstats_heap_alloc_bytes")/(1<<20))
	s.goroutine = append(s.goroutine, Metric(text, "go_goroutines"))
	s.files = append(s.files, Metric(text, "process_open_fds"))
	return nil
}

// Line is a least-squares line: its slope an hour, the standard error of that, and the mean of the distances from the line.
type Line struct{ Slope, Error, Spread float64 }

// Fit lays a line through values at their times.
func Fit(at, values []float64) (l Line) {
	n := float64(len(at))
	if n < 2 {
		return
	}
	var x, y, xx, xy float64
	for i := range at {
		x += at[i] / n
		y += values[i] / n
	}
	for i := range at {
		xx += (at[i] - x) * (at[i] - x)
		xy += (at[i] - x) * (values[i] - y)
	}
	if xx == 0 {
		return
	}
	l.Slope = xy / xx
	squares := 0.0
	for i := range at {
		off := values[i] - y - l.Slope*(at[i]-x)
		l.Spread += math.Abs(off) / n
		squares += off * off
	}
	if n > 2 {
		l.Error = math.Sqrt(squares / (n - 2) / xx)
	}
	return
}

// Report says what grew, by more than the samples are scattered and than the slope is uncertain. The first third of the samples is left out: caches fill.
func (s *Samples) Report() string {
	from := len(s.at) / 3
	at := s.at[from:]
	if len(at) < 3 {
		return "too few samples for a slope"
	}
	hours := at[len(at)-1] - at[0]
	text := fmt.Sprintf("the process that was never ended, %d samples over %.2f h:", len(at), hours)
	for _, q := range []struct {
		name, unit string
		values     []float64
	}{{"resident memory", "MiB", s.resident[from:]}, {"heap", "MiB", s.heap[from:]}, {"goroutines", "", s.goroutine[from:]}, {"open files", "", s.files[from:]}} {
		l := Fit(at, q.values)
		verdict := "no growth beyond its spread"
		if grown := l.Slope * hours; grown > l.Spread && l.Slope > 2*l.Error {
			verdict = fmt.Sprintf("grew by %.2f within this time", grown)
		}
		text += fmt.Sprintf("\n  %s: %s an hour ± %.2f (now %.1f, spread %.2f): %s", q.name, strings.TrimSpace(fmt.Sprintf("%+.2f %s", l.Slope, q.unit)), l.Error,
			q.values[len(q.values)-1], l.Spread, verdict)
	}
	return text
}

package chaos

import (
	"math"
	"strings"
	"testing"
)

// A slope that is there is reported with its size, and none where there is none.
func TestSlope(t *testing.T) {
	var s Samples
	for i := range 30 {
		at := float64(i) / 60
		s.at = append(s.at, at)
		s.resident = append(s.resident, 100+12*at)
		s.heap = append(s.heap, 10+float64(i%2))
		s.goroutine = append(s.goroutine, 14)
		s.files = append(s.files, 20)
	}
	if l := Fit(s.at, s.resident); math.Abs(l.Slope-12) > 1e-9 || l.Spread > 1e-9 {
		t.Errorf("%+v", l)
	}
	text := s.Report()
	if !strings.Contains(text, "resident memory: +12.00 MiB an hour") || strings.Count(text, "no growth beyond its spread") != 3 {
		t.Error(text)
	}
	if text := new(Samples).Report(); text != "too few samples for a slope" {
		t.Error(text)
	}
}

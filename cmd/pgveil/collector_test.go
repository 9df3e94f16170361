package main

import (
	"slices"
	"testing"
)

// TestCollector: the percentage changes only when sessions have become many or few, and not back and forth in between.
func TestCollector(t *testing.T) {
	var set []int
	c := collector{percent: roomy, set: func(percent int) { set = append(set, percent) }}
	for _, sessions := range []int{0, 255, 200, 256, 5000, 255, 128, 255, 127, 200, 255, 0} {
		c.look(sessions)
	}
	if want := []int{crowded, roomy}; !slices.Equal(set, want) {
		t.Errorf("set to %v, want %v", set, want)
	}
}

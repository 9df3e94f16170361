package main

import (
	"context"
	"os"
	"runtime/debug"
	"time"
)

const (
	// crowdedAt is how many sessions make what garbage may add to the memory in use be crowded percent of it, until there are fewer than
	// roomyBelow again; then it is as much as is in use, Go's default.
	crowdedAt, roomyBelow = 256, 128
	crowded, roomy        = 40, 100
	// countEvery is how often sessions are counted.
	countEvery = time.Second
)

// collector keeps the memory of many sessions low, which mostly wait, and leaves the collector of garbage little to do where there are few
// (docs/performance.md has the figures of both).
type collector struct {
	percent int
	set     func(percent int)
}

// look is told how many sessions there are.
func (c *collector) look(sessions int) {
	percent := c.percent
	switch {
	case sessions >= crowdedAt:
		percent = crowded
	case sessions < roomyBelow:
		percent = roomy
	}
	if percent != c.percent {
		c.percent = percent
		c.set(percent)
	}
}

// tuneCollector looks until ctx ends. It does nothing where the operator has said how the collector is to run (package runtime, GOGC and
// GOMEMLIMIT).
func (s *service) tuneCollector(ctx context.Context) error {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		c := collector{percent: roomy, set: func(percent int) { debug.SetGCPercent(percent) }}
		tick := time.NewTicker(countEvery)
		defer tick.Stop()
		for ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case <-tick.C:
				c.look(s.server.Count())
			}
		}
	}
	<-ctx.Done()
	return nil
}

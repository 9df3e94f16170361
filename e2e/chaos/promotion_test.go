package chaos

import (
	"math/rand/v2"
	"testing"
	"time"
)

// When the primary's machine fails and its standby is promoted, each transfer that was acknowledged is on the new primary, and clients find it
// by way of the same proxies.
func TestPromotion(t *testing.T) {
	b := opened(t, 2, true)
	b.Run(*chaosLoad, *chaosSeed)
	defer b.Stop()
	broken := func(round string) {
		t.Helper()
		for _, w := range b.Examine(true) {
			t.Errorf("%s: %s", round, w)
		}
	}
	x := &Hit{Stand: b.Stand, Random: rand.New(rand.NewPCG(*chaosSeed, 2))}
	x.pause(1000, 2000)
	broken("before")
	x.pause(500, 1500)
	before, _, _ := b.Count()
	if err := b.Stand.Promote(); err != nil {
		t.Fatal(err)
	}
	b.within(func() bool { done, _, _ := b.Count(); return done > before+50 }, func() {
		done, undone, unknown := b.Count()
		t.Errorf("%d transfers since the promotion; %d failed, %d unknown; errors %v", done-before, undone, unknown, b.Errors)
	})
	time.Sleep(500 * time.Millisecond)
	broken("after")
	done, undone, unknown := b.Count()
	t.Logf("%d acknowledged before, %d after; %d failed, %d unknown; errors: %v", before, done-before, undone, unknown, b.Errors)
}

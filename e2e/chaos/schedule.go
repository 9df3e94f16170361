package chaos

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Plan is one run: everything that is drawn comes from Seed.
type Plan struct {
	Seed   uint64
	For    time.Duration
	Only   string // of the faults, those whose name holds it
	Faults []Fault
	// Still, if set, is told in each round when nobody is at work and nothing should be left over, and how long the run has lasted.
	Still func(since time.Duration)
}

// Report is what came of a run.
type Report struct {
	Rounds int
	Wrong  []string // broken promises, each with the round
}

// Run breaks things until the time is over, or a promise is broken: each fault comes up once before any comes up again.
func Run(b *Bank, p Plan) Report {
	random := rand.New(rand.NewPCG(p.Seed, 1))
	var deck []Fault
	r := Report{}
	began := time.Now()
	if p.Still != nil {
		b.still = func() { p.Still(time.Since(began)) }
		defer func() { b.still = nil }()
	}
	for ; time.Since(began) < p.For && len(r.Wrong) == 0; r.Rounds++ {
		if len(deck) == 0 {
			for _, i := range random.Perm(len(p.Faults)) {
				if f := p.Faults[i]; strings.Contains(f.Name, p.Only) {
					deck = append(deck, f)
				}
			}
		}
		f := deck[0]
		deck = deck[1:]
		at := random.IntN(len(b.Stand.Proxies))
		if f.Ends && len(b.Stand.Proxies) > 1 {
			at = random.IntN(len(b.Stand.Proxies) - 1)
		}
		x := &Hit{Stand: b.Stand, Proxy: b.Stand.Proxies[at], Random: rand.New(rand.NewPCG(p.Seed, random.Uint64()))}
		x.pause(100, 300) // there is load
		where := fmt.Sprintf("round %d, %.1f s: %s, proxy %d", r.Rounds, time.Since(began).Seconds(), f.Name, at)
		if f.Rough {
			b.Stand.rough.Store(true)
		}
		if err := f.Hit(x); err != nil {
			b.Wrong("the fault itself: %v", err)
		}
		x.pause(200, 400) // what was broken works again
		hit := time.Since(began)
		wrong := b.Examine(r.Rounds%8 == 7)
		done, undone, unknown := b.Count()
		b.Stand.log("%s; %.1f s, examined in %.1f s; transfers so far: %d acknowledged, %d failed, %d unknown; %d readings", where, hit.Seconds(), (time.Since(began) - hit).Seconds(),
			done, undone, unknown, b.Reads.Load())
		for _, w := range wrong {
			r.Wrong = append(r.Wrong, where+": "+w)
		}
	}
	return r
}

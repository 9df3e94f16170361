package proxy

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// TestThrottle is the delay before the answer to a sign-in after so many failures of the same user, of others, and from other places.
func TestThrottle(t *testing.T) {
	const first = 100 * time.Millisecond
	here, there := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	type guess struct {
		addr netip.Addr
		user string
	}
	repeat := func(n int, g guess) (all []guess) {
		for range n {
			all = append(all, g)
		}
		return all
	}
	var spray []guess
	for i := range 40 {
		spray = append(spray, guess{here, fmt.Sprint("user", i)})
	}
	for name, c := range map[string]struct {
		failed []guess
		rest   time.Duration // between the failures and the sign-in
		known  *guess        // signed in before
		then   guess
		want   time.Duration
	}{
		"nothing failed":                 {then: guess{here, "maya"}},
		"twice mistyped":                 {failed: repeat(2, guess{here, "maya"}), then: guess{here, "maya"}},
		"three":                          {failed: repeat(3, guess{here, "maya"}), then: guess{here, "maya"}, want: first},
		"four":                           {failed: repeat(4, guess{here, "maya"}), then: guess{here, "maya"}, want: 2 * first},
		"seven":                          {failed: repeat(7, guess{here, "maya"}), then: guess{here, "maya"}, want: 16 * first},
		"twelve":                         {failed: repeat(12, guess{here, "maya"}), then: guess{here, "maya"}, want: longestDelay},
		"some time ago":                  {failed: repeat(7, guess{here, "maya"}), rest: time.Second, then: guess{here, "maya"}, want: 600 * time.Millisecond},
		"forgotten":                      {failed: repeat(12, guess{here, "maya"}), rest: failuresKept + time.Second, then: guess{here, "maya"}},
		"from elsewhere":                 {failed: repeat(20, guess{here, "maya"}), then: guess{there, "maya"}},
		"another user":                   {failed: repeat(20, guess{here, "maya"}), then: guess{here, "otto"}},
		"many users":                     {failed: spray, then: guess{here, "maya"}, want: longestOfAddress},
		"many users, one who was here":   {failed: spray, known: &guess{here, "maya"}, then: guess{here, "maya"}},
		"many users, one from elsewhere": {failed: spray, then: guess{there, "maya"}},
		"many users, one was there":      {failed: spray, known: &guess{there, "maya"}, then: guess{here, "maya"}, want: longestOfAddress},
		"one network of 64 bits":         {failed: repeat(5, guess{netip.MustParseAddr("2001:db8::1"), "maya"}), then: guess{netip.MustParseAddr("2001:db8::ffff:2"), "maya"}, want: 4 * first},
		"the network beside it":          {failed: repeat(5, guess{netip.MustParseAddr("2001:db8::1"), "maya"}), then: guess{netip.MustParseAddr("2001:db8:0:1::1"), "maya"}},
		"IPv4 in IPv6":                   {failed: repeat(5, guess{here, "maya"}), then: guess{netip.MustParseAddr("::ffff:192.0.2.1"), "maya"}, want: 4 * first},
		"an address that is not known":   {failed: repeat(20, guess{netip.Addr{}, "maya"}), then: guess{netip.Addr{}, "maya"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				th := newThrottle()
				try := func(g guess, right bool) time.Duration {
					a, err := th.begin(g.addr, g.user, first, time.Now)
					if err != nil {
						t.Fatal(err)
					}
					began := time.Now()
					if _, err := a.judged(t.Context(), right, false); err != nil {
						t.Fatal(err)
					}
					if right {
						a.succeeded()
					}
					return time.Since(began)
				}
				if c.known != nil {
					try(*c.known, true)
				}
				for _, g := range c.failed {
					try(g, false)
				}
				time.Sleep(c.rest)
				if got := try(c.then, true); got != c.want {
					t.Errorf("held back for %v, not %v", got, c.want)
				}
				if got := try(c.then, true); c.want != longestOfAddress && got != 0 {
					t.Errorf("held back for %v after a sign-in", got)
				}
			})
		})
	}
}

// TestThrottleTellsNothing: a right and a wrong password are held back alike, and who is turned away learns nothing either.
func TestThrottleTellsNothing(t *testing.T) {
	addr := netip.MustParseAddr("192.0.2.1")
	for failed := range 16 {
		var took [2]time.Duration
		var ended [2]error
		for i, right := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				th := newThrottle()
				for range failed {
					(&attempt{of: th, user: source{sourceOf(addr), "maya"}, first: 100 * time.Millisecond, now: time.Now}).failed()
				}
				began := time.Now()
				a, err := th.begin(addr, "maya", 100*time.Millisecond, time.Now)
				if err == nil {
					_, err = a.judged(t.Context(), right, false)
				}
				took[i], ended[i] = time.Since(began), err
			})
		}
		if took[0] != took[1] || (ended[0] == nil) != (ended[1] == nil) {
			t.Errorf("after %d failures: right %v (%v), wrong %v (%v)", failed, took[0], ended[0], took[1], ended[1])
		}
	}
}

// TestThrottleManyAtOnce: guesses in parallel are answered one after the other, and those that would wait too long are turned away. One
// who leaves is not waited for.
func TestThrottleManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := newThrottle()
		addr := netip.MustParseAddr("192.0.2.1")
		answers := make(chan time.Duration, 1000)
		began := time.Now()
		for range 1000 {
			go func() {
				a, err := th.begin(addr, "maya", 100*time.Millisecond, time.Now)
				if err == nil {
					_, err = a.judged(t.Context(), false, false)
				}
				var over *tooMany
				switch {
				case errors.As(err, &over) && over.told.Code == "53300":
					answers <- -1
				case err != nil:
					t.Error(err)
				default:
					answers <- time.Since(began)
				}
			}()
		}
		within := map[time.Duration]int{}
		for range 1000 {
			if took := <-answers; took >= 0 {
				for _, d := range []time.Duration{50 * time.Millisecond, time.Second, 10 * time.Second, time.Minute} {
					if took <= d {
						within[d]++
					}
				}
			}
		}
		for d, most := range map[time.Duration]int{50 * time.Millisecond: 3, time.Second: 6, 10 * time.Second: 10, time.Minute: 12} {
			if within[d] > most || within[d] == 0 {
				t.Errorf("%d guesses were answered within %v, at most %d should", within[d], d, most)
			}
		}
		ctx, leave := context.WithCancel(t.Context())
		leave()
		for range 5 {
			(&attempt{of: th, user: source{sourceOf(addr), "otto"}, first: time.Second, now: time.Now}).failed()
		}
		a, _ := th.begin(addr, "otto", time.Second, time.Now)
		began = time.Now()
		if _, err := a.judged(ctx, false, false); !errors.Is(err, context.Canceled) || time.Since(began) > 0 {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// TestThrottleForgets: what is remembered is bounded, and the latest failures stay.
func TestThrottleForgets(t *testing.T) {
	th := newThrottle()
	now := time.Unix(1e9, 0)
	clock := func() time.Time { return now }
	fail := func(i int) *attempt {
		a := &attempt{of: th, first: time.Second, now: clock,
			user: source{sourceOf(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})), "maya"}}
		a.failed()
		return a
	}
	for range 5 {
		fail(0)
	}
	for i := range 3 * tried {
		fail(i + 1)
		if i%(tried/2) == 0 {
			fail(0) // goes on
		}
		now = now.Add(time.Millisecond)
	}
	if n, m := len(th.users.by), th.users.order.Len(); n != tried || m != tried || len(th.addresses.by) != tried {
		t.Errorf("%d and %d are remembered", n, m)
	}
	if f := th.users.by[fail(0).user]; f == nil || f.Value.(*failures).n < 5 {
		t.Error("one that goes on failing was forgotten")
	}
	a := fail(0)
	a.counted = false
	a.succeeded()
	if th.users.by[a.user] != nil || th.known.by[a.user] == nil {
		t.Error("not forgotten after a sign-in")
	}
}

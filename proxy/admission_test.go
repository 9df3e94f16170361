package proxy

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"github.com/pgveil/pgveil/proxy/metrics"
)

func limitsForTests() Limits {
	return Limits{Sessions: 100, PerUser: 100, PerAddress: 100, Strangers: 100, StrangersPerAddress: 100, Handshake: 1e10, Message: 1 << 20,
		Statement: 1 << 20, Pipeline: 1 << 16, Prepared: 1000, Held: 1 << 24, Catalog: 1e10, Plans: 1 << 20, Drain: 1e9}
}

// TestAdmission: who is let in when others are in already.
func TestAdmission(t *testing.T) {
	type who struct{ addr, user string }
	for name, c := range map[string]struct {
		change func(*Limits)
		ofRole int
		in     []who
		next   who
		want   metrics.Limit
		words  string
	}{
		"the last place":            {change: func(l *Limits) { l.Sessions = 2 }, in: []who{{"10.0.0.1", "a"}}, next: who{"10.0.0.1", "a"}},
		"all places taken":          {change: func(l *Limits) { l.Sessions = 1 }, in: []who{{"10.0.0.1", "a"}}, next: who{"10.0.0.2", "b"}, want: metrics.LimitSessions, words: "sorry, too many clients already"},
		"the user's last place":     {change: func(l *Limits) { l.PerUser = 2 }, in: []who{{"10.0.0.1", "a"}, {"10.0.0.1", "b"}}, next: who{"10.0.0.2", "a"}},
		"the user's places taken":   {change: func(l *Limits) { l.PerUser = 2 }, in: []who{{"10.0.0.1", "a"}, {"10.0.0.3", "a"}}, next: who{"10.0.0.2", "a"}, want: metrics.LimitUser, words: `too many connections for role "a"`},
		"another user's taken":      {change: func(l *Limits) { l.PerUser = 1 }, in: []who{{"10.0.0.1", "a"}}, next: who{"10.0.0.1", "b"}},
		"the role's places taken":   {ofRole: 1, in: []who{{"10.0.0.1", "a"}}, next: who{"10.0.0.1", "a"}, want: metrics.LimitRole, words: `too many connections for role "a"`},
		"the role's last place":     {ofRole: 2, in: []who{{"10.0.0.1", "a"}}, next: who{"10.0.0.1", "a"}},
		"the address's taken":       {change: func(l *Limits) { l.PerAddress = 1 }, in: []who{{"10.0.0.1", "a"}}, next: who{"10.0.0.1", "b"}, want: metrics.LimitAddress, words: "too many connections from this address [PV350]"},
		"IPv4 in IPv6":              {change: func(l *Limits) { l.PerAddress = 1 }, in: []who{{"10.0.0.1", "a"}}, next: who{"::ffff:10.0.0.1", "b"}, want: metrics.LimitAddress},
		"another address":           {change: func(l *Limits) { l.PerAddress = 1 }, in: []who{{"10.0.0.1", "a"}}, next: who{"10.0.0.2", "a"}},
		"the same network":          {change: func(l *Limits) { l.PerAddress = 1 }, in: []who{{"2001:db8::1", "a"}}, next: who{"2001:db8::2", "b"}, want: metrics.LimitAddress},
		"the network beside it":     {change: func(l *Limits) { l.PerAddress = 1 }, in: []who{{"2001:db8::1", "a"}}, next: who{"2001:db8:0:1::1", "b"}},
		"zones are not told apart":  {change: func(l *Limits) { l.PerAddress = 1 }, in: []who{{"fe80::1%eth0", "a"}}, next: who{"fe80::1%eth1", "b"}, want: metrics.LimitAddress},
		"addresses that aren't any": {change: func(l *Limits) { l.PerAddress = 1 }, in: []who{{"", "a"}}, next: who{"", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := limitsForTests()
			if c.change != nil {
				c.change(&l)
			}
			var a admission
			take := func(w who) (func(), error) {
				addr, _ := netip.ParseAddr(w.addr)
				return a.take(addr, w.user, l, c.ofRole)
			}
			var back []func()
			for _, w := range c.in {
				b, err := take(w)
				if err != nil {
					t.Fatal(err)
				}
				back = append(back, b)
			}
			b, err := take(c.next)
			var over *tooMany
			switch {
			case errors.As(err, &over):
				if over.limit != c.want || over.told.Code != "53300" || over.told.Severity != "FATAL" || c.words != "" && over.told.Message != c.words {
					t.Errorf("%s: %+v", over.limit, over.told)
				}
				back[0]()
				back[0]() // once only
				if b, err = take(c.next); err != nil {
					t.Errorf("after one has left: %v", err)
				}
			case err != nil || c.want != "":
				t.Errorf("%v, not %q", err, c.want)
			}
			for _, b := range append(back, b) {
				b()
			}
			if n, _ := a.count(); n != 0 || len(a.sessionsAt)+len(a.sessionsOf) != 0 {
				t.Errorf("%d sessions, %v, %v are left", n, a.sessionsAt, a.sessionsOf)
			}
		})
	}
}

// TestStrangers: those who have not signed in are counted in all and by address, and take nobody's session.
func TestStrangers(t *testing.T) {
	l := limitsForTests()
	l.Strangers, l.StrangersPerAddress = 3, 2
	var a admission
	one, two := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	in := func(addr netip.Addr) (*stranger, metrics.Limit) {
		s, err := a.enter(l)
		var over *tooMany
		if errors.As(err, &over) {
			return nil, over.limit
		}
		if errors.As(s.comesFrom(addr, l), &over) {
			s.leave()
			return nil, over.limit
		}
		return s, ""
	}
	first, _ := in(one)
	second, _ := in(one)
	if _, limit := in(one); limit != metrics.LimitStrangersOf {
		t.Errorf("the third from an address: %q", limit)
	}
	third, limit := in(two)
	if third == nil {
		t.Fatal(limit)
	}
	if _, limit := in(two); limit != metrics.LimitStrangers {
		t.Errorf("the fourth of all: %q", limit)
	}
	if err := a.fits(one, l); err != nil {
		t.Error(err)
	}
	for _, s := range []*stranger{first, second, third, first} {
		s.leave()
	}
	if _, n := a.count(); n != 0 || len(a.strangersAt) != 0 {
		t.Errorf("%d, %v are left", n, a.strangersAt)
	}
}

// TestAdmissionIsExact: of many at the same time exactly as many are let in as there are places.
func TestAdmissionIsExact(t *testing.T) {
	l := limitsForTests()
	l.Sessions, l.PerUser, l.PerAddress = 50, 7, 11
	var a admission
	var all sync.WaitGroup
	var mu sync.Mutex
	in, of, at := 0, map[string]int{}, map[netip.Addr]int{}
	var back []func()
	for i := range 1000 {
		user, addr := fmt.Sprint("u", i%9), netip.AddrFrom4([4]byte{10, 0, 0, byte(i % 6)})
		all.Go(func() {
			b, err := a.take(addr, user, l, 0)
			if err != nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			in, back = in+1, append(back, b)
			of[user]++
			at[addr]++
		})
	}
	all.Wait()
	for user, n := range of {
		if n > 7 {
			t.Errorf("%s has %d", user, n)
		}
	}
	for addr, n := range at {
		if n > 11 {
			t.Errorf("%s has %d", addr, n)
		}
	}
	if n, _ := a.count(); in != n || in > 50 || in < 40 {
		t.Errorf("%d are in, %d counted", in, n)
	}
	for _, b := range back {
		b()
	}
	if n, _ := a.count(); n != 0 {
		t.Errorf("%d are left", n)
	}
}

package proxy

import (
	"fmt"
	"net/netip"
	"sync"

	"github.com/pgveil/pgveil/proxy/metrics"
	"github.com/pgveil/pgveil/proxy/wire"
)

// admission counts who is connected. Its counts are of now: each place that is taken is given back by the connection's own goroutine
// when it ends, in whatever way.
type admission struct {
	mu          sync.Mutex
	strangers   int
	strangersAt map[netip.Prefix]int
	sessions    int
	sessionsAt  map[netip.Prefix]int
	sessionsOf  map[string]int
}

// sourceOf is what of an address is counted together: of IPv6 a network of 64 bits, which one machine may have all of (RFC 6177).
// Invalid where no address is known, as of a Unix socket; such clients are only counted in all.
func sourceOf(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// tooMany is why somebody isn't let in.
type tooMany struct {
	told  *wire.Error
	limit metrics.Limit
}

func (t *tooMany) Error() string { return t.told.Error() }

func (t *tooMany) Unwrap() error { return t.told }

func full(l metrics.Limit, message, hint string) *tooMany {
	return &tooMany{limit: l, told: &wire.Error{Severity: "FATAL", Code: "53300", Message: message, Hint: hint}}
}

// The codes of connections turned away for which the server has no words.
const (
	codeAddressFull = "PV350"
	codeThrottled   = "PV351"
)

// connectionsFull is the server's own word, in src/backend/storage/lmgr/proc.c.
const connectionsFull = "sorry, too many clients already"

func addressFull(l metrics.Limit) *tooMany {
	return full(l, "too many connections from this address ["+codeAddressFull+"]", "Close some of them, or wait a moment.")
}

// userFull is the server's word, in InitializeSessionUserId of src/backend/utils/init/miscinit.c.
func userFull(l metrics.Limit, user string) *tooMany {
	return full(l, fmt.Sprintf("too many connections for role \"%s\"", user), "")
}

// stranger is the place of a connection that has not signed in.
type stranger struct {
	of     *admission
	source netip.Prefix
	known  bool
	gone   bool
	left   func() // called once it has left
}

// enter takes a place for a connection, of which nothing is known yet.
func (a *admission) enter(l Limits) (*stranger, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.strangers >= l.Strangers {
		return nil, full(metrics.LimitStrangers, connectionsFull, "")
	}
	a.strangers++
	return &stranger{of: a, left: func() {}}, nil
}

// comesFrom takes the place among those of its address.
func (s *stranger) comesFrom(addr netip.Addr, l Limits) error {
	a, source := s.of, sourceOf(addr)
	if !source.IsValid() {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.strangersAt[source] >= l.StrangersPerAddress {
		return addressFull(metrics.LimitStrangersOf)
	}
	if a.strangersAt == nil {
		a.strangersAt = map[netip.Prefix]int{}
	}
	a.strangersAt[source]++
	s.source, s.known = source, true
	return nil
}

// leave gives the place back; the second time it does nothing.
func (s *stranger) leave() {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	if s.gone {
		return
	}
	s.gone = true
	defer s.left()
	s.of.strangers--
	if s.known {
		less(s.of.strangersAt, s.source)
	}
}

// less takes one away, and the entry when none is left: keys are chosen by clients.
func less[K comparable](counts map[K]int, k K) {
	if counts[k]--; counts[k] <= 0 {
		delete(counts, k)
	}
}

// fits reports whether a session from addr may be had at all now. It takes nothing: who hasn't signed in holds no session's place.
func (a *admission) fits(addr netip.Addr, l Limits) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.fitsLocked(sourceOf(addr), l)
}

func (a *admission) fitsLocked(source netip.Prefix, l Limits) error {
	switch {
	case a.sessions >= l.Sessions:
		return full(metrics.LimitSessions, connectionsFull, "")
	case source.IsValid() && a.sessionsAt[source] >= l.PerAddress:
		return addressFull(metrics.LimitAddress)
	}
	return nil
}

// take takes a session's place for a user who has proven to be it. ofRole is the limit of the user's roles, 0 for none.
func (a *admission) take(addr netip.Addr, user string, l Limits, ofRole int) (giveBack func(), err error) {
	source := sourceOf(addr)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.fitsLocked(source, l); err != nil {
		return nil, err
	}
	switch n := a.sessionsOf[user]; {
	case n >= l.PerUser:
		return nil, userFull(metrics.LimitUser, user)
	case ofRole > 0 && n >= ofRole:
		return nil, userFull(metrics.LimitRole, user)
	}
	if a.sessionsOf == nil {
		a.sessionsOf, a.sessionsAt = map[string]int{}, map[netip.Prefix]int{}
	}
	a.sessions++
	a.sessionsOf[user]++
	if source.IsValid() {
		a.sessionsAt[source]++
	}
	return sync.OnceFunc(func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.sessions--
		less(a.sessionsOf, user)
		if source.IsValid() {
			less(a.sessionsAt, source)
		}
	}), nil
}

// count is how many sessions and how many strangers there are.
func (a *admission) count() (sessions, strangers int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sessions, a.strangers
}

package proxy

import (
	"container/list"
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/pgveil/pgveil/proxy/metrics"
	"github.com/pgveil/pgveil/proxy/wire"
)

const (
	// freeFailures are the sign-ins of a user from an address, and freeFromAddress those of anybody from an address, that may fail
	// before answers are held back: people mistype, and behind one address there may be many.
	freeFailures, freeFromAddress = 3, 30
	// longestDelay is the longest time between two answers to a user from an address, and the longest that one is held back. Who would
	// have to wait longer is turned away.
	longestDelay = 30 * time.Second
	// longestOfAddress is the longest time between two answers to anybody from an address: a balancer may stand there.
	longestOfAddress = time.Second
	// failuresKept is how long after the latest failure they are forgotten.
	failuresKept = 10 * time.Minute
	// tried bounds what is remembered, of addresses, of users at addresses, and of those who have signed in.
	tried = 8192
)

// throttle holds back the answers to sign-ins, right and wrong ones alike, behind ones that have failed: one answer at a time is
// given, with a pause between that doubles with each failure. It remembers a fixed number of sources, and forgets those first that have
// not failed for the longest time. Who has signed in from an address before does not wait for what others do there.
type throttle struct {
	mu        sync.Mutex
	users     recent
	addresses recent
	known     recent // users at addresses who have signed in
}

// source is whose sign-ins are counted together; user is empty where it is the address alone.
type source struct {
	net  netip.Prefix
	user string
}

// failures are those of a source.
type failures struct {
	of     source
	n      int
	latest time.Time
	next   time.Time // before which no answer is given
}

// recent are the failures by source, and in the order of the latest.
type recent struct {
	by    map[source]*list.Element // of *failures
	order *list.List               // the one that failed last comes first
}

func newThrottle() *throttle {
	fresh := func() recent { return recent{map[source]*list.Element{}, list.New()} }
	return &throttle{users: fresh(), addresses: fresh(), known: fresh()}
}

// of is what is known of a source, nil if nothing.
func (r recent) of(s source, now time.Time) *failures {
	e := r.by[s]
	if e == nil {
		return nil
	}
	f := e.Value.(*failures)
	if now.Sub(f.latest) > failuresKept {
		r.forget(s)
		return nil
	}
	return f
}

func (r recent) forget(s source) {
	if e := r.by[s]; e != nil {
		r.order.Remove(e)
		delete(r.by, s)
	}
}

// wait is how long an answer to s must be held back.
func (r recent) wait(s source, now time.Time) time.Duration {
	if f := r.of(s, now); f != nil {
		return max(0, f.next.Sub(now))
	}
	return 0
}

// note puts a source in front of the others.
func (r recent) note(s source, now time.Time) *failures {
	f := r.of(s, now)
	if f == nil {
		if r.order.Len() >= tried {
			r.forget(r.order.Back().Value.(*failures).of)
		}
		f = &failures{of: s}
		r.by[s] = r.order.PushFront(f)
	}
	r.order.MoveToFront(r.by[s])
	f.latest = now
	return f
}

// failed counts one failure. Behind it the next answer may come no sooner than after the delay of so many.
func (r recent) failed(s source, now time.Time, free int, first, longest time.Duration) {
	f := r.note(s, now)
	f.n++
	if f.n < free {
		return
	}
	if f.next.Before(now) {
		f.next = now
	}
	f.next = f.next.Add(delayAfter(f.n-free, first, longest))
}

// delayAfter is first, doubled so many times, and at most longest.
func delayAfter(times int, first, longest time.Duration) time.Duration {
	for ; times > 0 && first < longest; times-- {
		first *= 2
	}
	return min(first, longest)
}

// attempt is one sign-in.
type attempt struct {
	of      *throttle
	user    source
	first   time.Duration
	now     func() time.Time
	counted bool
}

// begin reports whether a sign-in is worth beginning: the wait before its answer isn't too long.
func (t *throttle) begin(addr netip.Addr, user string, first time.Duration, now func() time.Time) (*attempt, error) {
	a := &attempt{of: t, user: source{sourceOf(addr), user}, first: first, now: now}
	if a.wait() > longestDelay {
		return nil, throttled()
	}
	return a, nil
}

func throttled() error {
	return &tooMany{limit: metrics.LimitSignInRefused, told: &wire.Error{Severity: "FATAL", Code: "53300",
		Message: "too many failed sign-ins from this address [" + codeThrottled + "]", Hint: "Wait, or try from elsewhere."}}
}

func (a *attempt) address() source { return source{net: a.user.net} }

func (a *attempt) off() bool { return a.first <= 0 || !a.user.net.IsValid() }

func (a *attempt) wait() time.Duration {
	if a.off() {
		return 0
	}
	a.of.mu.Lock()
	defer a.of.mu.Unlock()
	return a.waits(a.now())
}

// waits is the wait as of now; the lock is held.
func (a *attempt) waits(now time.Time) time.Duration {
	wait := a.of.users.wait(a.user, now)
	if a.of.known.by[a.user] == nil {
		wait = max(wait, a.of.addresses.wait(a.address(), now))
	}
	return wait
}

// judged is called when the proof is there, before anything is answered, and waits as long as the answer is to be held back. What it
// waits for does not depend on whether the proof was right. open says that this is not known yet.
func (a *attempt) judged(ctx context.Context, right, open bool) (waited time.Duration, err error) {
	if a.off() {
		return 0, nil
	}
	a.of.mu.Lock()
	now := a.now()
	wait := a.waits(now)
	if wait > longestDelay {
		a.of.mu.Unlock()
		return 0, throttled()
	}
	if !right || open && wait > 0 { // many at once would all be let through to where it is known
		a.count(now)
	}
	a.of.mu.Unlock()
	if wait <= 0 {
		return 0, nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return wait, nil
	case <-ctx.Done():
		return wait, ctx.Err()
	}
}

// count counts a failure, once; the lock is held.
func (a *attempt) count(now time.Time) {
	if a.counted {
		return
	}
	a.counted = true
	a.of.users.failed(a.user, now, freeFailures, a.first, longestDelay)
	a.of.addresses.failed(a.address(), now, freeFromAddress, a.first, longestOfAddress)
}

// failed is for a sign-in that the server has refused.
func (a *attempt) failed() {
	if a.off() {
		return
	}
	a.of.mu.Lock()
	defer a.of.mu.Unlock()
	a.count(a.now())
}

// succeeded forgets the failures of the user from this address. Those of the address stay: whoever has one password may be guessing
// others.
func (a *attempt) succeeded() {
	if a.off() {
		return
	}
	a.of.mu.Lock()
	defer a.of.mu.Unlock()
	a.of.users.forget(a.user)
	a.of.known.note(a.user, a.now())
}

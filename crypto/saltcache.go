package crypto

import "sync/atomic"

// saltCache keeps the derived keys of salts met lately, so that reading a cell costs no derivation (about 1 µs, and
// 1.3 kB of garbage). It is set-associative and lock-free: salts are random, so their own first bytes spread them.
// The zero value is empty. It holds at most cacheSets × cacheWays entries.
type saltCache struct {
	slots  [cacheSets][cacheWays]atomic.Pointer[derived]
	victim atomic.Uint32
}

const (
	cacheSets = 256 // a power of two
	cacheWays = 4
)

func (c *saltCache) set(salt [saltSize]byte) *[cacheWays]atomic.Pointer[derived] {
	return &c.slots[int(salt[0])%cacheSets]
}

// get gives nil for a salt that isn't cached.
func (c *saltCache) get(salt [saltSize]byte) *derived {
	set := c.set(salt)
	for i := range set {
		if d := set[i].Load(); d != nil && d.salt == salt {
			return d
		}
	}
	return nil
}

// put takes a free place in the salt's set, or that of the next victim. Two goroutines that put one salt at once may
// both find a place; that wastes a place and does no harm.
func (c *saltCache) put(d *derived) {
	set := c.set(d.salt)
	for i := range set {
		if set[i].CompareAndSwap(nil, d) {
			return
		}
	}
	set[c.victim.Add(1)%cacheWays].Store(d)
}

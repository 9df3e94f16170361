package crypto

import (
	"io"

	"github.com/tink-crypto/tink-go/v2/keyset"
)

// What tests outside of the package's own need to reach in for frozen vectors and limits.

// KeyFromHandle makes a key from a keyset without a store.
func KeyFromHandle(realm [16]byte, id ColumnID, name string, mode Mode, h *keyset.Handle) (*Key, error) {
	return keyFromHandle(realm, id, name, mode, h)
}

// AssociatedData is what the cells of a footer authenticate.
func AssociatedData(realm [16]byte, f Footer) []byte { return associatedData(realm, f.bytes()) }

// FixRandom lets the key's primary version draw salt and IV from r.
func FixRandom(k *Key, r io.Reader) {
	k.primary.xaes.random = r
	k.primary.xaes.salt.Store(nil)
}

// UseSalt counts more messages against the salt in use.
func UseSalt(k *Key, messages int64) { k.primary.xaes.salt.Load().used.Add(messages) }

// SaltMessages and SaltLife are the limits of one salt.
const (
	SaltMessages = saltMessages
	SaltLife     = saltLife
)

// DropSalts forgets the salt in use and every derived key.
func DropSalts(k *Key) {
	x := k.primary.xaes
	x.salt.Store(nil)
	for i := range x.cache.slots {
		for j := range x.cache.slots[i] {
			x.cache.slots[i][j].Store(nil)
		}
	}
}

// CachedSalts counts derived keys in memory.
func CachedSalts(k *Key) (n int) {
	x := k.primary.xaes
	for i := range x.cache.slots {
		for j := range x.cache.slots[i] {
			if x.cache.slots[i][j].Load() != nil {
				n++
			}
		}
	}
	return n
}

// CacheLimit is how many derived keys one key version may hold.
const CacheLimit = cacheSets * cacheWays

package mask

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"hash"
	"sync"
)

// KeySize is the length of a Key in bytes.
const KeySize = 32

// hashShown is how many bytes of the HMAC are shown: 80 bits, 16 characters.
const hashShown = 10

// Key is the secret of one installation's hash masks. It prints as a name, never as its bytes.
type Key struct{ b [KeySize]byte }

// NewKey copies KeySize secret bytes.
func NewKey(secret []byte) (Key, error) {
	if len(secret) != KeySize {
		return Key{}, fmt.Errorf("a mask key has %d bytes, not %d", KeySize, len(secret))
	}
	return Key{b: [KeySize]byte(secret)}, nil
}

// IsZero is true for a Key that was not made by NewKey, or was made of zero bytes.
func (k Key) IsZero() bool { return k == Key{} }

func (Key) String() string { return "[mask key]" }

// GoString is String.
func (Key) GoString() string { return "[mask key]" }

// Format prints the name, whatever the verb.
func (Key) Format(s fmt.State, _ rune) { fmt.Fprint(s, "[mask key]") }

// MarshalText is String.
func (Key) MarshalText() ([]byte, error) { return []byte("[mask key]"), nil }

// Hash shows a pseudonym of 16 characters: HMAC-SHA-256 under the installation's key over the column's domain and the value,
// cut to 80 bits, in lower-case base32 (RFC 4648). Equal values of one domain show equal. Who sees the pseudonyms learns which
// rows are equal and how often each value occurs, can recognise a value whose pseudonym he has learned elsewhere, but cannot
// try values himself without the key. A Hash without a key shows Hidden.
type Hash struct{ pool *sync.Pool }

// base32Lower is RFC 4648 base32 in lower case, without padding.
var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Bind gives a Hash its key and domain; every other mask is returned as it is. Columns of the same domain show equal values
// equal. A zero key is an error, for pseudonyms under it could be computed by anyone.
func Bind(m Mask, key Key, domain string) (Mask, error) {
	if _, ok := m.(*Hash); !ok {
		return m, nil
	}
	if key.IsZero() {
		return nil, fmt.Errorf("mask hash needs the installation's mask key")
	}
	// The key of one domain is derived, so that the domain's length needs no encoding before the value.
	d := hmac.New(sha256.New, key.b[:])
	d.Write([]byte("pgveil mask hash 1\x00" + domain))
	derived := d.Sum(nil)
	return &Hash{pool: &sync.Pool{New: func() any {
		return &hashState{Hash: hmac.New(sha256.New, derived)}
	}}}, nil
}

type hashState struct {
	hash.Hash
	sum [sha256.Size]byte
}

// Apply returns the pseudonym of text.
func (m *Hash) Apply(text string) string { return apply(m, text) }

// Append appends the pseudonym of text.
func (m *Hash) Append(dst, text []byte) []byte {
	if m == nil || m.pool == nil {
		return append(dst, Hidden...)
	}
	s := m.pool.Get().(*hashState)
	s.Reset()
	s.Write(text)
	sum := s.Sum(s.sum[:0])
	dst = base32Lower.AppendEncode(dst, sum[:hashShown])
	m.pool.Put(s)
	return dst
}

func (*Hash) String() string { return "hash" }

// Format prints the mask's name, so that no verb reaches its key.
func (*Hash) Format(s fmt.State, _ rune) { fmt.Fprint(s, "hash") }

package crypto

import (
	"bytes"
	"crypto/sha3"
	"encoding/hex"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestXAESVectors holds sealing and opening against the vectors of https://c2sp.org/XAES-256-GCM.
func TestXAESVectors(t *testing.T) {
	for _, tt := range []struct{ name, key, ad, want string }{
		{"MSB(L)=0", "01", "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"},
		{"MSB(L)=1", "03", "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x, err := newXAES(bytes.Repeat(unhex(t, tt.key), 32))
			if err != nil {
				t.Fatal(err)
			}
			nonce := "ABCDEFGHIJKLMNOPQRSTUVWX"
			x.random = bytes.NewReader([]byte(nonce))
			got, err := x.seal([]byte("before"), []byte("XAES-256-GCM"), []byte(tt.ad))
			if want := "before" + nonce + string(unhex(t, tt.want)); err != nil || string(got) != want {
				t.Fatalf("seal = %x, %v; want %x", got, err, want)
			}
			plain, err := x.open([]byte("before"), got[len("before"):], []byte(tt.ad))
			if err != nil || string(plain) != "beforeXAES-256-GCM" {
				t.Fatalf("open = %q, %v", plain, err)
			}
		})
	}
}

// TestXAESAccumulated is the accumulated randomized test of the same page: 10,000 keys, nonces, values and data.
func TestXAESAccumulated(t *testing.T) {
	source, sum := sha3.NewSHAKE128(), sha3.NewSHAKE128()
	draw := func(n int) []byte {
		b := make([]byte, n)
		source.Read(b)
		return b
	}
	for range 10_000 {
		key, nonce := draw(32), draw(24)
		plain := draw(int(draw(1)[0]))
		ad := draw(int(draw(1)[0]))
		x, err := newXAES(key)
		if err != nil {
			t.Fatal(err)
		}
		x.random = bytes.NewReader(nonce)
		out, err := x.seal(nil, plain, ad)
		if err != nil {
			t.Fatal(err)
		}
		sum.Write(out[len(nonce):])
		x.salt.Store(nil)
		x.cache = saltCache{}
		if got, err := x.open(nil, out, ad); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("open = %x, %v; want %x", got, err, plain)
		}
	}
	got := make([]byte, 32)
	sum.Read(got)
	if want := "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939"; hex.EncodeToString(got) != want {
		t.Fatalf("hash of all ciphertexts = %x, want %s", got, want)
	}
}

// TestXAESWrongKey checks that no key of another length is taken.
func TestXAESWrongKey(t *testing.T) {
	for _, n := range []int{0, 16, 24, 31, 33, 64} {
		if _, err := newXAES(make([]byte, n)); err == nil {
			t.Errorf("a key of %d bytes was taken", n)
		}
	}
}

// TestSaltCacheBound fills the cache far beyond its size and checks what it keeps.
func TestSaltCacheBound(t *testing.T) {
	var c saltCache
	for i := range 10 * cacheSets * cacheWays {
		d := &derived{salt: [saltSize]byte{byte(i), byte(i >> 8), byte(i >> 16)}}
		c.put(d)
		if c.get(d.salt) != d {
			t.Fatalf("salt %d isn't found right after it was put", i)
		}
	}
	kept := 0
	for i := range c.slots {
		for j := range c.slots[i] {
			if c.slots[i][j].Load() != nil {
				kept++
			}
		}
	}
	if kept != cacheSets*cacheWays {
		t.Fatalf("cache keeps %d entries, want %d", kept, cacheSets*cacheWays)
	}
}

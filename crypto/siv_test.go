package crypto

import (
	"bytes"
	"strings"
	"testing"

	tinksiv "github.com/tink-crypto/tink-go/v2/daead/subtle"
)

// TestSIVVectors holds AES-SIV against RFC 5297, appendix A.
func TestSIVVectors(t *testing.T) {
	for _, tt := range []struct {
		name, key  string
		ads        []string
		plain, out string
	}{
		{
			name:  "A.1 deterministic",
			key:   "fffefdfc fbfaf9f8 f7f6f5f4 f3f2f1f0 f0f1f2f3 f4f5f6f7 f8f9fafb fcfdfeff",
			ads:   []string{"10111213 14151617 18191a1b 1c1d1e1f 20212223 24252627"},
			plain: "11223344 55667788 99aabbcc ddee",
			out:   "85632d07 c6e8f37f 950acd32 0a2ecc93 40c02b96 90c4dc04 daef7f6a fe5c",
		},
		{
			name: "A.2 nonce-based",
			key:  "7f7e7d7c 7b7a7978 77767574 73727170 40414243 44454647 48494a4b 4c4d4e4f",
			ads: []string{
				"00112233 44556677 8899aabb ccddeeff deaddada deaddada ffeeddcc bbaa9988 77665544 33221100",
				"10203040 50607080 90a0",
				"09f91102 9d74e35b d84156c5 635688c0",
			},
			plain: "74686973 20697320 736f6d65 20706c61 696e7465 78742074 6f20656e 63727970 74207573 696e6720 5349562d 414553",
			out: "7bdb6e3b 432667eb 06f4d14b ff2fbd0f cb900f2f ddbe4043 26601965 c889bf17" +
				"dba77ceb 094fa663 b7a3f748 ba8af829 ea64ad54 4a272e9c 485b62a3 fd5c0d",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bytesOf := func(s string) []byte { return unhex(t, strings.ReplaceAll(s, " ", "")) }
			var ads [][]byte
			for _, ad := range tt.ads {
				ads = append(ads, bytesOf(ad))
			}
			s, err := newSIV(bytesOf(tt.key), ads...)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.seal(nil, bytesOf(tt.plain))
			if err != nil || !bytes.Equal(got, bytesOf(tt.out)) {
				t.Fatalf("seal = %x, %v; want %s", got, err, tt.out)
			}
			plain, err := s.open(nil, got)
			if err != nil || !bytes.Equal(plain, bytesOf(tt.plain)) {
				t.Fatalf("open = %x, %v; want %s", plain, err, tt.plain)
			}
		})
	}
}

// TestSIVAgainstTink compares every length that can take another path, and associated data of several lengths.
func TestSIVAgainstTink(t *testing.T) {
	key := make([]byte, sivKeySize)
	value := make([]byte, 600)
	for i := range value {
		value[i] = byte(i * 7)
	}
	for i := range key {
		key[i] = byte(i * 11)
	}
	reference, err := tinksiv.NewAESSIV(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, adLen := range []int{0, 1, 15, 16, 17, 31, 32, 33, 37, 48, 100} {
		ad := value[100 : 100+adLen]
		s, err := newSIV(key, ad)
		if err != nil {
			t.Fatal(err)
		}
		for n := range len(value) {
			want, err := reference.EncryptDeterministically(value[:n], ad)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.seal(nil, value[:n])
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%d bytes with %d of data: seal = %x, %v; Tink says %x", n, adLen, got, err, want)
			}
			if plain, err := s.open(nil, want); err != nil || !bytes.Equal(plain, value[:n]) {
				t.Fatalf("%d bytes with %d of data: open failed: %v", n, adLen, err)
			}
		}
	}
}

// TestSIVCounterCarry seals more than 256 and more than 65,536 blocks, so that the counter carries into each byte.
func TestSIVCounterCarry(t *testing.T) {
	key := bytes.Repeat([]byte{9}, sivKeySize)
	reference, err := tinksiv.NewAESSIV(key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSIV(key, []byte("data"))
	if err != nil {
		t.Fatal(err)
	}
	value := make([]byte, 1<<20+5)
	want, err := reference.EncryptDeterministically(value, []byte("data"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.seal(nil, value)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("seal of %d bytes differs from Tink's, error %v", len(value), err)
	}
}

// TestSIVLeavesNothing checks that a cell that fails leaves nothing of its plaintext behind.
func TestSIVLeavesNothing(t *testing.T) {
	s, err := newSIV(bytes.Repeat([]byte{9}, sivKeySize), []byte("data"))
	if err != nil {
		t.Fatal(err)
	}
	value := []byte("a value that must not show")
	body, err := s.seal(nil, value)
	if err != nil {
		t.Fatal(err)
	}
	body[len(body)-1] ^= 1
	dst := make([]byte, 0, 100)
	if _, err := s.open(dst, body); err != ErrAuth {
		t.Fatalf("open = %v, want ErrAuth", err)
	}
	if got := dst[:cap(dst)]; !bytes.Equal(got, make([]byte, cap(dst))) {
		t.Fatalf("buffer holds %q", got)
	}
}

// TestSIVWrongKey checks that no key of another length is taken.
func TestSIVWrongKey(t *testing.T) {
	for _, n := range []int{0, 16, 31, 40, 63, 65, 128} {
		if _, err := newSIV(make([]byte, n)); err == nil {
			t.Errorf("a key of %d bytes was taken", n)
		}
	}
}

// TestScratchIsWiped checks that what a message leaves in working memory is gone before the memory is used again.
func TestScratchIsWiped(t *testing.T) {
	s, err := newSIV(bytes.Repeat([]byte{9}, sivKeySize), []byte("data"))
	if err != nil {
		t.Fatal(err)
	}
	sc := new(sivScratch)
	s.s2v(sc, []byte("a value of more than one block"), s.ads)
	if *sc == (sivScratch{}) {
		t.Fatal("nothing to wipe: this test can't fail")
	}
	s.release(sc)
	if *sc != (sivScratch{}) {
		t.Fatal("scratch still holds something")
	}
}

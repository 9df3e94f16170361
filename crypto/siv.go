package crypto

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
)

const (
	sivKeySize = 64 // AES-256; Tink accepts no other
	sivSize    = aes.BlockSize
)

// siv is AES-SIV (RFC 5297) under one key and, mostly, fixed associated data. The data's share of S2V is computed once, which
// leaves one CMAC and one CTR pass over the value for each message.
type siv struct {
	redacted
	mac, ctr cipher.Block
	k1, k2   block // CMAC's subkeys (RFC 4493)
	zero     block // S2V's accumulator before any associated data
	ads      block // S2V's accumulator after the fixed associated data
	scratch  sync.Pool
}

type block = [aes.BlockSize]byte

// sivScratch lives on the heap because the cipher.Block interface makes its arguments escape.
type sivScratch struct {
	redacted
	sum    block                   // CMAC's running block, in the end the synthetic IV
	want   block                   // the synthetic IV that a cell claims
	tail   [2 * aes.BlockSize]byte // CMAC's last blocks
	stream [4 * aes.BlockSize]byte // CTR's counters, then its key stream
}

// newSIV takes the first half of key for S2V and the second for CTR. Every element of ads is one component of RFC
// 5297's vector; cells have exactly one.
func newSIV(key []byte, ads ...[]byte) (*siv, error) {
	if len(key) != 32 && len(key) != 48 && len(key) != sivKeySize {
		return nil, fmt.Errorf("crypto: AES-SIV can't use a key of %d bytes", len(key))
	}
	mac, err := aes.NewCipher(key[:len(key)/2])
	if err != nil {
		return nil, err
	}
	ctr, err := aes.NewCipher(key[len(key)/2:])
	if err != nil {
		return nil, err
	}
	s := &siv{mac: mac, ctr: ctr, scratch: sync.Pool{New: func() any { return new(sivScratch) }}}
	mac.Encrypt(s.k1[:], s.k1[:])
	double(&s.k1)
	s.k2 = s.k1
	double(&s.k2)

	var sc sivScratch
	s.cmac(&sc, make([]byte, aes.BlockSize), block{})
	s.zero, s.ads = sc.sum, sc.sum
	for _, ad := range ads {
		double(&s.ads)
		s.cmac(&sc, ad, block{})
		subtle.XORBytes(s.ads[:], s.ads[:], sc.sum[:])
	}
	return s, nil
}

// accumulate gives S2V's accumulator after associated data of one component, for sealUnder and openUnder.
func (s *siv) accumulate(ad []byte) block {
	sc := s.scratch.Get().(*sivScratch)
	defer s.release(sc)
	ads := s.zero
	double(&ads)
	s.cmac(sc, ad, block{})
	subtle.XORBytes(ads[:], ads[:], sc.sum[:])
	return ads
}

// seal appends synthetic IV ‖ ciphertext under the fixed associated data.
func (s *siv) seal(dst, plain []byte) ([]byte, error) { return s.sealUnder(dst, plain, s.ads) }

// open appends the plaintext of synthetic IV ‖ ciphertext under the fixed associated data.
func (s *siv) open(dst, body []byte) ([]byte, error) { return s.openUnder(dst, body, s.ads) }

// sealUnder appends synthetic IV ‖ ciphertext.
func (s *siv) sealUnder(dst, plain []byte, ads block) ([]byte, error) {
	sc := s.scratch.Get().(*sivScratch)
	s.s2v(sc, plain, ads)
	dst = append(dst, sc.sum[:]...)
	n := len(dst)
	dst = slices.Grow(dst, len(plain))[:n+len(plain)]
	s.xorStream(sc, &sc.sum, dst[n:], plain)
	s.release(sc)
	return dst, nil
}

// openUnder appends the plaintext of synthetic IV ‖ ciphertext. Nothing unauthenticated stays in dst's spare capacity.
func (s *siv) openUnder(dst, body []byte, ads block) ([]byte, error) {
	if len(body) < sivSize {
		return dst, ErrAuth
	}
	sc := s.scratch.Get().(*sivScratch)
	defer s.release(sc)
	sc.want = [sivSize]byte(body)
	n := len(dst)
	out := slices.Grow(dst, len(body)-sivSize)[:n+len(body)-sivSize]
	s.xorStream(sc, &sc.want, out[n:], body[sivSize:])
	s.s2v(sc, out[n:], ads)
	if subtle.ConstantTimeCompare(sc.sum[:], sc.want[:]) != 1 {
		clear(out[n:])
		return dst, ErrAuth
	}
	return out, nil
}

func (s *siv) release(sc *sivScratch) {
	*sc = sivScratch{}
	s.scratch.Put(sc)
}

// s2v leaves the synthetic IV of msg in sc.sum (RFC 5297, section 2.4).
func (s *siv) s2v(sc *sivScratch, msg []byte, ads block) {
	if len(msg) >= aes.BlockSize {
		s.cmac(sc, msg, ads) // CMAC(msg xorend ads)
		return
	}
	sc.sum = ads
	double(&sc.sum)
	subtle.XORBytes(sc.sum[:], sc.sum[:], msg)
	sc.sum[len(msg)] ^= 0x80
	subtle.XORBytes(sc.sum[:], sc.sum[:], s.k1[:])
	s.mac.Encrypt(sc.sum[:], sc.sum[:])
}

// cmac leaves AES-CMAC (RFC 4493) of msg in sc.sum, msg's last block being XORed with end first. An end that isn't
// zero needs a msg of at least one block.
func (s *siv) cmac(sc *sivScratch, msg []byte, end block) {
	sc.sum = block{}
	sum := sc.sum[:]
	for len(msg) >= 2*aes.BlockSize {
		subtle.XORBytes(sum, sum, msg[:aes.BlockSize])
		s.mac.Encrypt(sum, sum)
		msg = msg[aes.BlockSize:]
	}
	// Between nothing and almost two blocks are left; end may straddle them.
	tail := sc.tail[:copy(sc.tail[:], msg)]
	if n := len(tail) - aes.BlockSize; n >= 0 {
		subtle.XORBytes(tail[n:], tail[n:], end[:])
	}
	if len(tail) > aes.BlockSize {
		subtle.XORBytes(sum, sum, tail[:aes.BlockSize])
		s.mac.Encrypt(sum, sum)
		tail = tail[aes.BlockSize:]
	}
	subtle.XORBytes(sum, sum, tail)
	if len(tail) == aes.BlockSize {
		subtle.XORBytes(sum, sum, s.k1[:])
	} else {
		sum[len(tail)] ^= 0x80
		subtle.XORBytes(sum, sum, s.k2[:])
	}
	s.mac.Encrypt(sum, sum)
}

// xorStream is CTR mode from the synthetic IV iv. RFC 5297 clears two bits of it, so counting the last 32 bits can't overflow within
// MaxPlain. Blocks of counters are made several at a time: the processor works on independent blocks at once, and waits for a block
// that it is about to load while part of it is still being stored.
func (s *siv) xorStream(sc *sivScratch, iv *block, dst, src []byte) {
	high := binary.BigEndian.Uint64(iv[:8])
	low := binary.BigEndian.Uint64(iv[8:]) &^ (1<<63 | 1<<31)
	for len(src) > 0 {
		n := min(len(src), len(sc.stream))
		stream := sc.stream[:(n+aes.BlockSize-1)&^(aes.BlockSize-1)]
		for b := stream; len(b) > 0; b = b[aes.BlockSize:] {
			binary.BigEndian.PutUint64(b, high)
			binary.BigEndian.PutUint64(b[8:], low)
			low++
		}
		for b := stream; len(b) > 0; b = b[aes.BlockSize:] {
			s.ctr.Encrypt(b, b)
		}
		subtle.XORBytes(dst, src[:n], stream)
		dst, src = dst[n:], src[n:]
	}
}

// double multiplies by x in GF(2¹²⁸) in constant time (RFC 5297, section 2.3).
func double(b *block) {
	hi, lo := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	carry := hi >> 63
	binary.BigEndian.PutUint64(b[:8], hi<<1|lo>>63)
	binary.BigEndian.PutUint64(b[8:], lo<<1^carry*0x87)
}

package crypto

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"math/bits"
	"sync"
)

const (
	// digitBytes is the length of the digits of one byte: two digits, one for each half byte, of two bytes.
	digitBytes = 4
	// digitRange is the number of values that F takes. The largest digit is then fffe, and ffff stands above all of them.
	digitRange = 1<<16 - 16
)

// digits turns bytes into digits that sort as the bytes do: Chenette, Lewi, Weis, Wu, Practical Order-Revealing Encryption with
// Limited Leakage (FSE 2016), on half bytes, without their reduction modulo the range, so that order is exact. A digit is
//
//	F(all half bytes before it) + half byte
//
// F is a PRF over strings of half bytes of any length: a CBC chain over blocks of 16 bytes under one key, and the last block,
// padded with 8 and zeros, under another (FCBC of Black and Rogaway, CBC MACs for Arbitrary-Length Messages, CRYPTO 2000, with
// its padding always applied). The chain is carried from digit to digit, so the work is linear.
type digits struct {
	redacted
	chain, last cipher.Block
	scratch     sync.Pool
}

// digitScratch lives on the heap because the cipher.Block interface makes its arguments escape.
type digitScratch struct {
	redacted
	state block  // the chain over all full blocks
	part  block  // what follows them
	f     block  // F's last block, and its result
	ad    []byte // associated data, all of which stands in the cell
}

func newDigits(chain, last []byte) (*digits, error) {
	c, err := aes.NewCipher(chain)
	if err != nil {
		return nil, err
	}
	l, err := aes.NewCipher(last)
	if err != nil {
		return nil, err
	}
	return &digits{chain: c, last: l, scratch: sync.Pool{New: func() any { return new(digitScratch) }}}, nil
}

// append appends the digits of order to dst.
func (d *digits) append(dst, order []byte) []byte {
	sc := d.scratch.Get().(*digitScratch)
	for i, b := range order {
		at := i % aes.BlockSize
		sc.part[at] = 0x80
		dst = binary.BigEndian.AppendUint16(dst, d.f(sc)+uint16(b>>4))
		sc.part[at] = b&0xF0 | 0x08
		dst = binary.BigEndian.AppendUint16(dst, d.f(sc)+uint16(b&0x0F))
		sc.part[at] = b
		if at == aes.BlockSize-1 {
			subtle.XORBytes(sc.state[:], sc.state[:], sc.part[:])
			d.chain.Encrypt(sc.state[:], sc.state[:])
			sc.part = block{}
		}
	}
	d.release(sc)
	return dst
}

// f is F of what sc has absorbed, its last block padded: the first half of a block scaled to the range, which is uniform to
// within 2⁻⁴⁸.
func (d *digits) f(sc *digitScratch) uint16 {
	subtle.XORBytes(sc.f[:], sc.state[:], sc.part[:])
	d.last.Encrypt(sc.f[:], sc.f[:])
	hi, _ := bits.Mul64(binary.BigEndian.Uint64(sc.f[:]), digitRange)
	return uint16(hi)
}

func (d *digits) release(sc *digitScratch) {
	const keep = 1 << 16
	ad := sc.ad[:0]
	if cap(ad) > keep {
		ad = nil
	}
	*sc = digitScratch{ad: ad}
	d.scratch.Put(sc)
}

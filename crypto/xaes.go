package crypto

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

const (
	xaesKeySize = 32
	saltSize    = 12
	ivSize      = 12
	tagSize     = 16

	// One salt, and so one derived AES-GCM key, serves at most this many messages and this long. With 2²⁰ random 96-bit
	// IVs a collision has a chance below 2⁻⁵⁷; GCM's own bound is 2³² messages.
	saltMessages = 1 << 20
	saltLife     = 10 * time.Minute
)

// xaes is XAES-256-GCM (https://c2sp.org/XAES-256-GCM) with a 192-bit nonce: the first half of the nonce, the salt,
// derives an AES-256-GCM key, and the second half is that key's IV. Tink draws both halves for every message. This one
// keeps the salt for a while, which spares the derivation; what it writes is the same format.
//
// IVs are drawn from the kernel one by one and not in batches: a batch kept in memory would be used twice after a
// virtual machine's snapshot is restored, and a repeated IV breaks GCM.
type xaes struct {
	redacted
	block  cipher.Block        // AES-256 under the key
	subkey [aes.BlockSize]byte // CMAC's K1

	salt   atomic.Pointer[stickySalt]
	rotate sync.Mutex // held while replacing salt
	cache  saltCache
	random io.Reader // nil: the operating system's; tests fix it
}

// derived is the AES-256-GCM of one salt.
type derived struct {
	redacted
	salt [saltSize]byte
	gcm  cipher.AEAD
}

// stickySalt is a derived key in use for sealing.
type stickySalt struct {
	*derived
	// life ends its use; it belongs to who holds rotate. Looking at the clock for each message would be a tenth of what sealing costs.
	life *time.Timer
	_    [64]byte // a cache line, so that counting doesn't slow down those who only read what is above
	used atomic.Int64
}

func newXAES(key []byte) (*xaes, error) {
	if len(key) != xaesKeySize {
		return nil, errors.New("crypto: XAES-256-GCM needs a key of 32 bytes")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	x := &xaes{block: block}
	block.Encrypt(x.subkey[:], x.subkey[:])
	double(&x.subkey)
	return x, nil
}

// derive makes the AES-256-GCM of a salt: its key is CMAC(00 01 "X" 00 ‖ salt) ‖ CMAC(00 02 "X" 00 ‖ salt).
func (x *xaes) derive(salt [saltSize]byte) (*derived, error) {
	key := make([]byte, 0, xaesKeySize)
	for i := byte(1); i <= 2; i++ {
		key = append(append(key, 0, i, 'X', 0), salt[:]...)
		m := key[len(key)-aes.BlockSize:]
		subtle.XORBytes(m, m, x.subkey[:])
		x.block.Encrypt(m, m)
	}
	defer clear(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &derived{salt: salt, gcm: gcm}, nil
}

// seal appends salt ‖ IV ‖ ciphertext ‖ tag.
func (x *xaes) seal(dst, plain, ad []byte) ([]byte, error) {
	s, err := x.current()
	if err != nil {
		return dst, err
	}
	dst = append(dst, s.salt[:]...)
	dst = append(dst, make([]byte, ivSize)...)
	iv := dst[len(dst)-ivSize:]
	if err := x.read(iv); err != nil {
		return dst, err
	}
	return s.gcm.Seal(dst, iv, plain, ad), nil
}

// open appends the plaintext of salt ‖ IV ‖ ciphertext ‖ tag.
func (x *xaes) open(dst, body, ad []byte) ([]byte, error) {
	if len(body) < saltSize+ivSize+tagSize {
		return dst, ErrAuth
	}
	salt := [saltSize]byte(body)
	d := x.cache.get(salt)
	cached := d != nil
	if !cached {
		var err error
		if d, err = x.derive(salt); err != nil {
			return dst, err
		}
	}
	out, err := d.gcm.Open(dst, body[saltSize:saltSize+ivSize], body[saltSize+ivSize:], ad)
	if err != nil {
		return dst, ErrAuth
	}
	if !cached {
		x.cache.put(d) // only now: forged cells must not push out good ones
	}
	return out, nil
}

// current gives the salt to seal with and counts one message against it.
func (x *xaes) current() (*derived, error) {
	if s := x.salt.Load(); s.take() {
		return s.derived, nil
	}
	x.rotate.Lock()
	defer x.rotate.Unlock()
	if s := x.salt.Load(); s.take() { // another goroutine was first
		return s.derived, nil
	}
	var salt [saltSize]byte
	if err := x.read(salt[:]); err != nil {
		return nil, err
	}
	d, err := x.derive(salt)
	if err != nil {
		return nil, err
	}
	s := &stickySalt{derived: d}
	s.used.Store(1)
	if old := x.salt.Swap(s); old != nil {
		old.life.Stop()
	}
	s.life = time.AfterFunc(saltLife, func() { x.salt.CompareAndSwap(s, nil) })
	x.cache.put(d)
	return d, nil
}

// take counts one message, and says whether the salt may still be used for it.
func (s *stickySalt) take() bool {
	return s != nil && s.used.Add(1) <= saltMessages
}

func (x *xaes) read(b []byte) error {
	if x.random == nil {
		_, err := rand.Read(b)
		return err
	}
	_, err := io.ReadFull(x.random, b)
	return err
}

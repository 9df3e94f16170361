package crypto_test

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"math/big"
	"testing"

	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
)

// referenceDigits follows docs/FORMAT.md literally, each digit from the beginning.
func referenceDigits(t *testing.T, chain, last, order []byte) (digits []byte) {
	t.Helper()
	var halves []byte
	for _, b := range order {
		halves = append(halves, b>>4, b&15)
	}
	for i, half := range halves {
		digits = binary.BigEndian.AppendUint16(digits, referenceF(t, chain, last, halves[:i])+uint16(half))
	}
	return digits
}

func referenceF(t *testing.T, chain, last, halves []byte) uint16 {
	t.Helper()
	ciphers := make([]cipher.Block, 2)
	for i, key := range [][]byte{chain, last} {
		var err error
		if ciphers[i], err = aes.NewCipher(key); err != nil {
			t.Fatal(err)
		}
	}
	padded := append(append([]byte{}, halves...), 8)
	for len(padded)%32 != 0 {
		padded = append(padded, 0)
	}
	sum := make([]byte, 16)
	for len(padded) > 0 {
		for i := range sum {
			sum[i] ^= padded[2*i]<<4 | padded[2*i+1]
		}
		if padded = padded[32:]; len(padded) > 0 {
			ciphers[0].Encrypt(sum, sum)
		}
	}
	ciphers[1].Encrypt(sum, sum)
	f := new(big.Int).SetBytes(sum[:8])
	f.Mul(f, big.NewInt(65520))
	return uint16(f.Rsh(f, 64).Uint64())
}

// derivedWithTink gives the 32 bytes that the keyset's primary key derives for a purpose.
func derivedWithTink(t *testing.T, h *keyset.Handle, purpose string) []byte {
	t.Helper()
	set, err := prf.NewPRFSet(h)
	if err != nil {
		t.Fatal(err)
	}
	out, err := set.ComputePrimaryPRF([]byte(purpose), 32)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

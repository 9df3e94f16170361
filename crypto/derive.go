package crypto

import (
	"errors"
	"fmt"

	prfsubtle "github.com/tink-crypto/tink-go/v2/prf/subtle"
)

// derivingKeySize is the length in bytes of a Tink HKDF-PRF key.
const derivingKeySize = 32

// What is derived from a key of ModeIndexed, ModeOrdered or ModeMatched: the input of the PRF, one for each purpose.
const (
	sivPurpose   = "pgveil1 siv"
	indexPurpose = "pgveil1 index"
	chainPurpose = "pgveil1 order chain"
	digitPurpose = "pgveil1 order digit"
	tokenPurpose = "pgveil1 token"
)

// derive makes the version's ciphers from a key of Tink's HKDF-SHA256 PRF.
func (v *version) derive(mode Mode, raw []byte) error {
	if len(raw) != derivingKeySize {
		return errors.New("crypto: a key to derive from has 32 bytes")
	}
	h, err := prfsubtle.NewHKDFPRF("SHA256", raw, nil)
	if err != nil {
		return fmt.Errorf("crypto: %w", err)
	}
	// The length is a constant far below HKDF's limit, so this can't fail.
	key := func(purpose string, n uint32) []byte {
		out, _ := h.ComputePRF([]byte(purpose), n)
		return out
	}
	whole := key(sivPurpose, sivKeySize)
	defer clear(whole)
	if v.siv, err = newSIV(whole); err != nil {
		return err
	}
	if mode != ModeOrdered {
		purpose := indexPurpose
		if mode == ModeMatched {
			purpose = tokenPurpose
		}
		// Of AES-SIV's two keys only the first is used, in CMAC.
		mac := append(key(purpose, 32), make([]byte, 32)...)
		defer clear(mac)
		v.index, err = newSIV(mac)
		return err
	}
	chain, last := key(chainPurpose, 32), key(digitPurpose, 32)
	defer clear(chain)
	defer clear(last)
	v.digits, err = newDigits(chain, last)
	return err
}

package crypto_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/tink-crypto/tink-go/v2/daead/subtle"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"

	"github.com/pgveil/pgveil/crypto"
)

// The function below stands in docs/FORMAT.md, word for word; TestFormatDoc compares them. It must use nothing of ours
// but the names of the modes.

// openSearchableWithTink opens a cell of mode indexed, ordered or matched with stock Tink.
func openSearchableWithTink(realm []byte, keys *keyset.Handle, mode crypto.Mode, cell []byte) ([]byte, error) {
	if len(cell) < 12+4 {
		return nil, errors.New("too short")
	}
	body, footer := cell[:len(cell)-12], cell[len(cell)-12:]
	front := 16 // the index
	if mode == crypto.ModeOrdered {
		n := len(body) - 4
		front = 4 * int(binary.BigEndian.Uint32(body[n:])) // the digits
		body = body[:n]
	}
	if mode == crypto.ModeMatched {
		front = bytes.IndexByte(body, '|') + 1 // the tokens
	}
	if front > len(body) {
		return nil, errors.New("too short")
	}
	set, err := prf.NewPRFSet(keys)
	if err != nil {
		return nil, err
	}
	column, ok := set.PRFs[binary.BigEndian.Uint32(footer)]
	if !ok {
		return nil, errors.New("no such key")
	}
	key, err := column.ComputePRF([]byte("pgveil1 siv"), 64)
	if err != nil {
		return nil, err
	}
	d, err := subtle.NewAESSIV(key)
	if err != nil {
		return nil, err
	}
	ad := slices.Concat([]byte("pgveil1"), realm, footer, []byte{0, 0}, body[:front])
	return d.DecryptDeterministically(body[front:], ad)
}

package crypto_test

import (
	"errors"
	"slices"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/daead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/pgveil/pgveil/crypto"
)

// The function below stands in docs/FORMAT.md, word for word; TestFormatDoc compares them. It must use nothing of ours
// but the names of the modes.

// openWithTink opens a cell with stock Tink. The keyset is that of the column key whose number the cell carries.
func openWithTink(realm []byte, keys *keyset.Handle, mode crypto.Mode, cell []byte) ([]byte, error) {
	if len(cell) < 12 {
		return nil, errors.New("too short")
	}
	body, footer := cell[:len(cell)-12], cell[len(cell)-12:]
	ad := slices.Concat([]byte("pgveil1"), realm, footer, []byte{0, 0})
	tinkCiphertext := slices.Concat([]byte{1}, footer[:4], body)
	if mode == crypto.ModeEqual {
		d, err := daead.New(keys)
		if err != nil {
			return nil, err
		}
		return d.DecryptDeterministically(tinkCiphertext, ad)
	}
	a, err := aead.New(keys)
	if err != nil {
		return nil, err
	}
	return a.Decrypt(tinkCiphertext, ad)
}

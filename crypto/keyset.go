package crypto

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/xaesgcm"
	"github.com/tink-crypto/tink-go/v2/daead"
	"github.com/tink-crypto/tink-go/v2/daead/aessiv"
	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/prf/hkdfprf"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
	"github.com/tink-crypto/tink-go/v2/secretdata"

	"github.com/pgveil/pgveil/crypto/kms"
)

// The purposes for which a master key wraps: associated data that keeps one wrapped thing from standing in for another.
const (
	keysetPurpose   = "pgveil1 keyset"
	masterPurpose   = "pgveil1 master"
	keyCheckPurpose = "pgveil1 check"
)

// keyCheckSize is the length of a key-check value in bytes.
const keyCheckSize = 16

// template is the Tink key that a mode uses. Keys that seal carry Tink's prefix 01 ‖ key id, which cells hold in their footer
// instead of in front; those that others are derived from have none, but an id all the same.
func template(mode Mode) (*tinkpb.KeyTemplate, error) {
	switch mode {
	case ModeRandom:
		return aead.XAES256GCM192BitNonceKeyTemplate(), nil
	case ModeEqual:
		return daead.AESSIVKeyTemplate(), nil
	case ModeIndexed, ModeOrdered, ModeMatched:
		return prf.HKDFSHA256PRFKeyTemplate(), nil
	default:
		return nil, fmt.Errorf("%w: no key is made for %s", ErrVersion, mode)
	}
}

// keyFromHandle turns a keyset into a key. Disabled Tink keys don't open anything, and so aren't among its versions.
func keyFromHandle(realm [realmSize]byte, id ColumnID, name string, mode Mode, handle *keyset.Handle) (*Key, error) {
	key := &Key{id: id, name: name, mode: mode}
	for i := range handle.Len() {
		entry, err := handle.Entry(i)
		if err != nil {
			return nil, err
		}
		if entry.KeyStatus() != keyset.Enabled {
			continue
		}
		secret, err := keyBytes(entry, mode)
		if err != nil {
			return nil, err
		}
		raw := secret.Data(insecuresecretdataaccess.Token{})
		v, err := newVersion(realm, id, mode, entry.KeyID(), raw)
		clear(raw)
		if err != nil {
			return nil, err
		}
		key.versions = append(key.versions, v)
		if entry.IsPrimary() {
			key.primary = v
		}
	}
	if key.primary == nil {
		return nil, errors.New("keyset has no enabled primary key")
	}
	return key, nil
}

// keyBytes takes the key out of a keyset's entry, provided that it is exactly of the kind that the mode uses.
func keyBytes(entry *keyset.Entry, mode Mode) (secretdata.Bytes, error) {
	switch k := entry.Key().(type) {
	case *xaesgcm.Key:
		p := k.Parameters().(*xaesgcm.Parameters)
		if mode == ModeRandom && p.SaltSizeInBytes() == saltSize && p.Variant() == xaesgcm.VariantTink {
			return k.KeyBytes(), nil
		}
	case *aessiv.Key:
		p := k.Parameters().(*aessiv.Parameters)
		if mode == ModeEqual && p.KeySizeInBytes() == sivKeySize && p.Variant() == aessiv.VariantTink {
			return k.KeyBytes(), nil
		}
	case *hkdfprf.Key:
		p := k.Parameters().(*hkdfprf.Parameters)
		if (mode == ModeIndexed || mode == ModeOrdered || mode == ModeMatched) && p.KeySizeInBytes() == derivingKeySize && p.HashType() == hkdfprf.SHA256 &&
			len(p.Salt()) == 0 {
			return k.KeyBytes(), nil
		}
	}
	return secretdata.Bytes{}, fmt.Errorf("keyset holds a key of another kind than mode %s uses", mode)
}

// keyCheck is a value that only this keyset with this name, number, mode and normalisation gives, and that tells nothing of it:
// HKDF-SHA256 over all its keys. It shows that a key file's open part wasn't altered.
func keyCheck(realm [realmSize]byte, f keyFile, handle *keyset.Handle) ([]byte, error) {
	var secrets []byte
	defer func() { clear(secrets) }()
	for i := range handle.Len() {
		entry, err := handle.Entry(i)
		if err != nil {
			return nil, err
		}
		secret, err := keyBytes(entry, f.Mode)
		if err != nil {
			return nil, err
		}
		secrets = binary.BigEndian.AppendUint32(secrets, entry.KeyID())
		secrets = append(secrets, secret.Data(insecuresecretdataaccess.Token{})...)
	}
	info := append([]byte(keyCheckPurpose), byte(f.Mode))
	info = binary.BigEndian.AppendUint32(info, uint32(f.ID))
	info = append(info, f.Name...)
	if f.Normalize != "" {
		info = append(append(info, 0), f.Normalize...) // no name has a zero byte
	}
	return hkdf.Key(sha256.New, secrets, realm[:], string(info), keyCheckSize)
}

// keysetAD is what a wrapped keyset authenticates: nobody can move it to another column or installation.
func keysetAD(realm [realmSize]byte, id ColumnID) []byte {
	return binary.BigEndian.AppendUint32(append([]byte(keysetPurpose), realm[:]...), uint32(id))
}

// masterAD is what the store's master-key check authenticates.
func masterAD(realm [realmSize]byte) []byte {
	return append([]byte(masterPurpose), realm[:]...)
}

// wrapKeyset gives Tink's encrypted keyset in its binary form.
func wrapKeyset(ctx context.Context, master kms.KMS, handle *keyset.Handle, ad []byte) ([]byte, error) {
	var out bytes.Buffer
	if err := handle.WriteWithContext(ctx, keyset.NewBinaryWriter(&out), tinkMaster{master}, ad); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// unwrapKeyset reads what wrapKeyset gives.
func unwrapKeyset(ctx context.Context, master kms.KMS, wrapped, ad []byte) (*keyset.Handle, error) {
	m := &remembering{tinkMaster: tinkMaster{master}}
	handle, err := keyset.ReadWithContext(ctx, keyset.NewBinaryReader(bytes.NewReader(wrapped)), m, ad)
	if m.err != nil {
		return nil, m.err // Tink drops the cause
	}
	return handle, err
}

// tinkMaster lets Tink wrap with a KMS.
type tinkMaster struct{ kms kms.KMS }

func (m tinkMaster) EncryptWithContext(ctx context.Context, plaintext, ad []byte) ([]byte, error) {
	return m.kms.Wrap(ctx, plaintext, ad)
}

func (m tinkMaster) DecryptWithContext(ctx context.Context, wrapped, ad []byte) ([]byte, error) {
	return m.kms.Unwrap(ctx, wrapped, ad)
}

// remembering keeps the KMS's own error.
type remembering struct {
	tinkMaster
	err error
}

func (m *remembering) DecryptWithContext(ctx context.Context, wrapped, ad []byte) ([]byte, error) {
	plaintext, err := m.tinkMaster.DecryptWithContext(ctx, wrapped, ad)
	m.err = err
	return plaintext, err
}

package crypto_test

import (
	"errors"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/daead"
	"github.com/tink-crypto/tink-go/v2/daead/aessiv"
	"github.com/tink-crypto/tink-go/v2/key"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/prf/hkdfprf"

	"github.com/pgveil/pgveil/crypto"
)

func handleOf(t *testing.T, params key.Parameters) *keyset.Handle {
	t.Helper()
	m := keyset.NewManager()
	id, err := m.AddNewKeyFromParameters(params)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.SetPrimary(id); err != nil {
		t.Fatal(err)
	}
	h, err := m.Handle()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func sivParameters(t *testing.T, variant aessiv.Variant) key.Parameters {
	t.Helper()
	p, err := aessiv.NewParameters(64, variant)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func hkdfParameters(t *testing.T, size int, hash hkdfprf.HashType, salt []byte) key.Parameters {
	t.Helper()
	p, err := hkdfprf.NewParameters(size, hash, salt)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestKeysetKinds checks that a keyset is taken only if its keys are exactly of the kind that cells are made with.
func TestKeysetKinds(t *testing.T) {
	fromTemplate := func(h *keyset.Handle, err error) *keyset.Handle {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	for _, tt := range []struct {
		name   string
		handle *keyset.Handle
		mode   crypto.Mode
		ok     bool
	}{
		{"XAES", fromTemplate(keyset.NewHandle(aead.XAES256GCM192BitNonceKeyTemplate())), crypto.ModeRandom, true},
		{"SIV", fromTemplate(keyset.NewHandle(daead.AESSIVKeyTemplate())), crypto.ModeEqual, true},
		{"XAES for equal", fromTemplate(keyset.NewHandle(aead.XAES256GCM192BitNonceKeyTemplate())), crypto.ModeEqual, false},
		{"SIV for random", fromTemplate(keyset.NewHandle(daead.AESSIVKeyTemplate())), crypto.ModeRandom, false},
		{"XAES with salt of 8", fromTemplate(keyset.NewHandle(aead.XAES256GCM160BitNonceKeyTemplate())), crypto.ModeRandom, false},
		{"XAES without prefix", fromTemplate(keyset.NewHandle(aead.XAES256GCM192BitNonceNoPrefixKeyTemplate())), crypto.ModeRandom, false},
		{"AES-GCM", fromTemplate(keyset.NewHandle(aead.AES256GCMKeyTemplate())), crypto.ModeRandom, false},
		{"SIV without prefix", handleOf(t, sivParameters(t, aessiv.VariantNoPrefix)), crypto.ModeEqual, false},
		{"SIV with the old prefix", handleOf(t, sivParameters(t, aessiv.VariantCrunchy)), crypto.ModeEqual, false},
		{"HKDF", fromTemplate(keyset.NewHandle(prf.HKDFSHA256PRFKeyTemplate())), crypto.ModeOrdered, true},
		{"HKDF for indexed", fromTemplate(keyset.NewHandle(prf.HKDFSHA256PRFKeyTemplate())), crypto.ModeIndexed, true},
		{"HKDF for equal", fromTemplate(keyset.NewHandle(prf.HKDFSHA256PRFKeyTemplate())), crypto.ModeEqual, false},
		{"SIV for ordered", fromTemplate(keyset.NewHandle(daead.AESSIVKeyTemplate())), crypto.ModeOrdered, false},
		{"SIV for indexed", fromTemplate(keyset.NewHandle(daead.AESSIVKeyTemplate())), crypto.ModeIndexed, false},
		{"CMAC for indexed", fromTemplate(keyset.NewHandle(prf.AESCMACPRFKeyTemplate())), crypto.ModeIndexed, false},
		{"HKDF with salt", handleOf(t, hkdfParameters(t, 32, hkdfprf.SHA256, []byte("s"))), crypto.ModeOrdered, false},
		{"HKDF with SHA-512", handleOf(t, hkdfParameters(t, 32, hkdfprf.SHA512, nil)), crypto.ModeOrdered, false},
		{"HKDF of 64 bytes", handleOf(t, hkdfParameters(t, 64, hkdfprf.SHA256, nil)), crypto.ModeOrdered, false},
		{"no such mode", fromTemplate(keyset.NewHandle(daead.AESSIVKeyTemplate())), 5, false},
	} {
		k, err := crypto.KeyFromHandle([16]byte{}, 1, "k", tt.mode, tt.handle)
		if (err == nil) != tt.ok || (k != nil) != tt.ok {
			t.Errorf("%s: %v, %v; want taken: %v", tt.name, k, err, tt.ok)
		}
	}
}

// TestDisabledVersion checks that a version that was disabled in the keyset opens nothing any more.
func TestDisabledVersion(t *testing.T) {
	m := keyset.NewManager()
	var ids [2]uint32
	for i := range ids {
		var err error
		if ids[i], err = m.Add(aead.XAES256GCM192BitNonceKeyTemplate()); err != nil {
			t.Fatal(err)
		}
	}
	keyWith := func(primary uint32) *crypto.Key {
		t.Helper()
		if err := m.SetPrimary(primary); err != nil {
			t.Fatal(err)
		}
		h, err := m.Handle()
		if err != nil {
			t.Fatal(err)
		}
		k, err := crypto.KeyFromHandle([16]byte{}, 1, "k", crypto.ModeRandom, h)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	cell := mustSeal(t, keyWith(ids[0]), "v")
	if _, err := keyWith(ids[1]).Open(nil, cell); err != nil {
		t.Fatalf("an enabled version doesn't open: %v", err)
	}
	if err := m.Disable(ids[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := keyWith(ids[1]).Open(nil, cell); !errors.Is(err, crypto.ErrUnknownKey) {
		t.Fatalf("a disabled version: %v, want ErrUnknownKey", err)
	}
}

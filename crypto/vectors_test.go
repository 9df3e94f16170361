package crypto_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/daead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/pgveil/pgveil/crypto"
)

type hexText []byte

func (h *hexText) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

type vectors struct {
	Realm hexText
	Keys  []struct {
		ID     crypto.ColumnID
		Name   string
		Mode   crypto.Mode
		Keyset json.RawMessage
	}
	Cells []struct {
		Note                string
		Column              crypto.ColumnID
		Plain, Random, Cell hexText
		Order, Normal       hexText // what the cell is also made from, in ModeOrdered and ModeIndexed
		Grams               []string
	}
}

// frozen reads the vectors, with a key and its Tink handle for each column number.
func frozen(t testing.TB) (vectors, map[crypto.ColumnID]*crypto.Key, map[crypto.ColumnID]*keyset.Handle) {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	keys := make(map[crypto.ColumnID]*crypto.Key)
	handles := make(map[crypto.ColumnID]*keyset.Handle)
	for _, k := range v.Keys {
		h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(k.Keyset)))
		if err != nil {
			t.Fatal(err)
		}
		handles[k.ID] = h
		if keys[k.ID], err = crypto.KeyFromHandle([16]byte(v.Realm), k.ID, k.Name, k.Mode, h); err != nil {
			t.Fatal(err)
		}
	}
	if len(v.Cells) < 25 || len(keys) != 5 {
		t.Fatalf("only %d cells and %d keys: vectors were taken away", len(v.Cells), len(keys))
	}
	return v, keys, handles
}

// TestFrozenVectors checks that what was stored under version 1 still opens, and is still what is written.
func TestFrozenVectors(t *testing.T) {
	v, keys, handles := frozen(t)
	for _, c := range v.Cells {
		t.Run(c.Note, func(t *testing.T) {
			k := keys[c.Column]
			if got, err := k.Open(nil, c.Cell); err != nil || !bytes.Equal(got, c.Plain) {
				t.Errorf("Open = %x, %v; want %x", got, err, c.Plain)
			}
			if got, err := openAnyWithTink(v.Realm, handles[c.Column], k.Mode(), c.Cell); err != nil || !bytes.Equal(got, c.Plain) {
				t.Errorf("stock Tink opens %x, %v; want %x", got, err, c.Plain)
			}
			f, ok := crypto.ParseFooter(c.Cell)
			if !ok || f.Column != c.Column || f.Mode != k.Mode() || f.Version != 1 {
				t.Errorf("ParseFooter = %+v, %v", f, ok)
			}
			primary, err := handles[c.Column].Primary()
			if err != nil {
				t.Fatal(err)
			}
			if f.Key != primary.KeyID() {
				return // sealed under another version; sealing uses the primary
			}
			if k.Mode() == crypto.ModeRandom {
				crypto.FixRandom(k, bytes.NewReader(c.Random))
			}
			if got, err := sealVector(k, c.Plain, c.Order, c.Normal, c.Grams); err != nil || !bytes.Equal(got, c.Cell) {
				t.Errorf("Seal = %x, %v; want %x", got, err, c.Cell)
			}
		})
	}
}

func sealVector(k *crypto.Key, plain, order, normal []byte, grams []string) ([]byte, error) {
	switch k.Mode() {
	case crypto.ModeIndexed:
		return k.SealIndexed(nil, plain, normal)
	case crypto.ModeOrdered:
		return k.SealOrdered(nil, plain, order)
	case crypto.ModeMatched:
		return k.SealMatched(nil, plain, grams)
	}
	return k.Seal(nil, plain)
}

// openAnyWithTink opens a cell of any mode by the programs of docs/FORMAT.md.
func openAnyWithTink(realm []byte, keys *keyset.Handle, mode crypto.Mode, cell []byte) ([]byte, error) {
	if mode == crypto.ModeIndexed || mode == crypto.ModeOrdered || mode == crypto.ModeMatched {
		return openSearchableWithTink(realm, keys, mode, cell)
	}
	return openWithTink(realm, keys, mode, cell)
}

// TestStockTink holds both directions against Tink for many lengths: what we seal Tink opens, and the other way round.
func TestStockTink(t *testing.T) {
	v, keys, handles := frozen(t)
	value := bytes.Repeat([]byte("0123456789abcdefghijk"), 20)
	for id, k := range keys {
		t.Run(k.Mode().String(), func(t *testing.T) {
			for n := range len(value) {
				ours, err := seal(k, nil, value[:n])
				if err != nil {
					t.Fatal(err)
				}
				if got, err := openAnyWithTink(v.Realm, handles[id], k.Mode(), ours); err != nil || !bytes.Equal(got, value[:n]) {
					t.Fatalf("%d bytes: Tink opens ours: %v", n, err)
				}
				if k.Mode() != crypto.ModeRandom && k.Mode() != crypto.ModeEqual {
					continue
				}
				theirs := sealWithTink(t, v.Realm, handles[id], k, value[:n])
				if got, err := k.Open(nil, theirs); err != nil || !bytes.Equal(got, value[:n]) {
					t.Fatalf("%d bytes: we open Tink's: %v", n, err)
				}
				if k.Mode() == crypto.ModeEqual && !bytes.Equal(ours, theirs) {
					t.Fatalf("%d bytes: cells differ", n)
				}
			}
		})
	}
}

func sealWithTink(t *testing.T, realm []byte, h *keyset.Handle, k *crypto.Key, plain []byte) []byte {
	t.Helper()
	primary, err := h.Primary()
	if err != nil {
		t.Fatal(err)
	}
	f := crypto.Footer{Version: 1, Mode: k.Mode(), Column: k.ID(), Key: primary.KeyID()}
	ad := crypto.AssociatedData([16]byte(realm), f)
	var out []byte
	if k.Mode() == crypto.ModeRandom {
		a, err := aead.New(h)
		if err != nil {
			t.Fatal(err)
		}
		out, err = a.Encrypt(plain, ad)
		if err != nil {
			t.Fatal(err)
		}
	} else {
		d, err := daead.New(h)
		if err != nil {
			t.Fatal(err)
		}
		out, err = d.EncryptDeterministically(plain, ad)
		if err != nil {
			t.Fatal(err)
		}
	}
	const prefix = 5 // 01 and the key id
	footer := ad[len("pgveil1")+16 : len("pgveil1")+16+crypto.FooterSize]
	return append(out[prefix:], footer...)
}

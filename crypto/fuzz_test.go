package crypto_test

import (
	"bytes"
	"testing"

	"github.com/pgveil/pgveil/crypto"
)

// FuzzOpen looks for malleability: whatever opens in ModeEqual seals to the same bytes, and what opens in another mode was
// sealed here, which a fuzzer can't forge: it only ever holds the frozen cells.
func FuzzOpen(f *testing.F) {
	v, keys, _ := frozen(f)
	known := make(map[string]bool)
	for _, c := range v.Cells {
		f.Add([]byte(c.Cell))
		known[string(c.Cell)] = true
	}
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, cell []byte) {
		footer, sealed := crypto.ParseFooter(cell)
		report := crypto.Inspect(cell)
		if !bytes.HasPrefix(bytes.TrimSpace(cell), []byte(`\x`)) && report.Sealed != sealed {
			t.Fatalf("Inspect and ParseFooter disagree on %x", cell)
		}
		for id, k := range keys {
			plain, err := k.Open(nil, cell)
			if err != nil {
				continue
			}
			if !sealed || footer.Column != id || footer.Mode != k.Mode() {
				t.Fatalf("%x opens under %v, but its footer says %+v, %v", cell, k, footer, sealed)
			}
			if k.Mode() != crypto.ModeEqual {
				if !known[string(cell)] {
					t.Fatalf("forged cell opens: %x", cell)
				}
				continue
			}
			again, err := k.Seal(nil, plain)
			if err != nil || !bytes.Equal(again, cell) {
				t.Fatalf("%x opens, but seals to %x, %v", cell, again, err)
			}
		}
	})
}

// FuzzRoundTrip checks that every value comes back, and is recognised when sealed.
func FuzzRoundTrip(f *testing.F) {
	_, keys, _ := frozen(f)
	f.Add([]byte(""))
	f.Add([]byte("\x04alice@example.com"))
	f.Add(bytes.Repeat([]byte{0xC5, 0x7E, 0x91}, 20))
	f.Fuzz(func(t *testing.T, plain []byte) {
		for _, k := range keys {
			cell, err := seal(k, nil, plain)
			if err != nil {
				t.Fatal(err)
			}
			if f, ok := crypto.ParseFooter(cell); !ok || f.Column != k.ID() {
				t.Fatalf("%x isn't recognised", cell)
			}
			if got, err := k.Open(nil, cell); err != nil || !bytes.Equal(got, plain) {
				t.Fatalf("Open = %x, %v; want %x", got, err, plain)
			}
		}
	})
}

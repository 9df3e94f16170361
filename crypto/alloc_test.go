//go:build !race

package crypto_test

import (
	"testing"
)

// TestAllocations checks that a value costs no allocation when the buffer is large enough. The race detector makes
// sync.Pool drop things on purpose, so this runs without it.
func TestAllocations(t *testing.T) {
	r := everyMode(t)
	for _, name := range modeNames {
		k := mustKey(t, r, name)
		if name == "matched" {
			continue // its tokens are strings to be sorted
		}
		plain := make([]byte, 100)
		order, normal := orderOf(plain), normalOf(plain)
		cell, out := make([]byte, 0, sealedLen(k, 100)), make([]byte, 0, 100)
		seal := testing.AllocsPerRun(1000, func() {
			var err error
			switch name {
			case "ordered":
				cell, err = k.SealOrdered(cell[:0], plain, order)
			case "indexed":
				cell, err = k.SealIndexed(cell[:0], plain, normal)
			default:
				cell, err = k.Seal(cell[:0], plain)
			}
			if err != nil {
				t.Fatal(err)
			}
		})
		open := testing.AllocsPerRun(1000, func() {
			var err error
			if out, err = k.Open(out[:0], cell); err != nil {
				t.Fatal(err)
			}
		})
		if seal != 0 || open != 0 {
			t.Errorf("%s: %v allocations to seal, %v to open; want none", name, seal, open)
		}
	}
}

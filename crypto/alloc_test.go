//go:build !race

package crypto_test

import (
	"testing"
)

// TestAllocations checks that a value costs no allocation when the buffer is large enough. The race detector makes
// sync.Pool drop things on purpose, so this runs without it.
func TestAllocations(t *testing.T) {
	r := bothModes(t)
	for _, name := range []string{"equal", "random"} {
		k := mustKey(t, r, name)
		plain := make([]byte, 100)
		cell, out := make([]byte, 0, k.SealedLen(100)), make([]byte, 0, 100)
		seal := testing.AllocsPerRun(1000, func() {
			var err error
			if cell, err = k.Seal(cell[:0], plain); err != nil {
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

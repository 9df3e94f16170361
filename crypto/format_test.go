package crypto_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/crypto"
)

// TestParseFooter checks what is taken for a cell and what isn't.
func TestParseFooter(t *testing.T) {
	zeros := func(n int) string { return strings.Repeat("00", n) }
	for _, tt := range []struct {
		name, cell string
		want       crypto.Footer
		ok         bool
	}{
		{"random", zeros(40) + "112233440000000311c57e91", crypto.Footer{Version: 1, Mode: crypto.ModeRandom, Column: 3, Key: 0x11223344}, true},
		{"equal", zeros(16) + "ffffffffffffffff12c57e91", crypto.Footer{Version: 1, Mode: crypto.ModeEqual, Column: 1<<32 - 1, Key: 1<<32 - 1}, true},
		{"random, a byte short", zeros(39) + "112233440000000311c57e91", crypto.Footer{}, false},
		{"equal, a byte short", zeros(15) + "112233440000000312c57e91", crypto.Footer{}, false},
		{"footer alone", "112233440000000311c57e91", crypto.Footer{}, false},
		{"column 0", zeros(40) + "112233440000000011c57e91", crypto.Footer{}, false},
		{"version 0", zeros(40) + "112233440000000301c57e91", crypto.Footer{}, false},
		{"version 2", zeros(40) + "112233440000000321c57e91", crypto.Footer{}, false},
		{"mode 0", zeros(40) + "112233440000000310c57e91", crypto.Footer{}, false},
		{"indexed", zeros(32) + "112233440000000313c57e91", crypto.Footer{Version: 1, Mode: crypto.ModeIndexed, Column: 3, Key: 0x11223344}, true},
		{"ordered", zeros(20) + "112233440000000314c57e91", crypto.Footer{Version: 1, Mode: crypto.ModeOrdered, Column: 3, Key: 0x11223344}, true},
		{"indexed, a byte short", zeros(31) + "112233440000000313c57e91", crypto.Footer{}, false},
		{"ordered, a byte short", zeros(19) + "112233440000000314c57e91", crypto.Footer{}, false},
		{"mode 5", zeros(40) + "112233440000000315c57e91", crypto.Footer{}, false},
		{"mode 9", zeros(40) + "112233440000000319c57e91", crypto.Footer{}, false},
		{"other magic", zeros(40) + "112233440000000311c57e90", crypto.Footer{}, false},
		{"magic not last", zeros(40) + "112233440000000311c57e9100", crypto.Footer{}, false},
		{"empty", "", crypto.Footer{}, false},
	} {
		cell, err := hex.DecodeString(tt.cell)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := crypto.ParseFooter(cell); got != tt.want || ok != tt.ok {
			t.Errorf("%s: ParseFooter = %+v, %v; want %+v, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}

// TestModeNames checks that names and modes lead to each other, and that nothing else is a mode.
func TestModeNames(t *testing.T) {
	for _, m := range []crypto.Mode{crypto.ModeRandom, crypto.ModeEqual, crypto.ModeIndexed, crypto.ModeOrdered, crypto.ModeMatched} {
		if got, err := crypto.ParseMode(m.String()); got != m || err != nil {
			t.Errorf("ParseMode(%q) = %v, %v", m, got, err)
		}
	}
	for _, name := range []string{"", "Random", "none", "equality", "unknown mode 5"} {
		if got, err := crypto.ParseMode(name); got != 0 || err == nil {
			t.Errorf("ParseMode(%q) = %v, %v; want an error", name, got, err)
		}
	}
}

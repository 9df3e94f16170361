package crypto_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pgveil/pgveil/crypto"
	"github.com/pgveil/pgveil/crypto/cryptotest"
)

func everyMode(t testing.TB) *crypto.Keyring {
	return cryptotest.Keyring(t, map[string]crypto.Mode{
		"equal": crypto.ModeEqual, "equal2": crypto.ModeEqual, "random": crypto.ModeRandom, "random2": crypto.ModeRandom,
		"indexed": crypto.ModeIndexed, "indexed2": crypto.ModeIndexed, "ordered": crypto.ModeOrdered, "ordered2": crypto.ModeOrdered,
		"matched": crypto.ModeMatched, "matched2": crypto.ModeMatched,
	})
}

// modeNames are the modes, which everyMode names keys by.
var modeNames = []string{"equal", "random", "indexed", "ordered", "matched"}

// orderOf and normalOf stand in for what package value makes of a value.
func orderOf(plain []byte) []byte { return append(bytes.Clone(plain), 0) }

func normalOf(plain []byte) []byte { return bytes.ToLower(plain) }

// gramsOf gives two grams, whatever the value is.
func gramsOf([]byte) []string { return []string{"abc", "bcd", "abc"} }

// seal seals in whichever mode the key is for.
func seal(k *crypto.Key, dst, plain []byte) ([]byte, error) {
	switch k.Mode() {
	case crypto.ModeIndexed:
		return k.SealIndexed(dst, plain, normalOf(plain))
	case crypto.ModeOrdered:
		return k.SealOrdered(dst, plain, orderOf(plain))
	case crypto.ModeMatched:
		return k.SealMatched(dst, plain, gramsOf(plain))
	}
	return k.Seal(dst, plain)
}

// sealedLen is the length of what seal gives of n bytes.
func sealedLen(k *crypto.Key, n int) int {
	if k.Mode() == crypto.ModeOrdered {
		return k.SealedLen(n) + crypto.DigitsLen(n+1)
	}
	if k.Mode() == crypto.ModeMatched {
		return k.SealedLen(n) + len("123 456")
	}
	return k.SealedLen(n)
}

func mustKey(t testing.TB, r *crypto.Keyring, name string) *crypto.Key {
	t.Helper()
	k, ok := r.Key(name)
	if !ok {
		t.Fatalf("no key %q", name)
	}
	return k
}

func mustSeal(t testing.TB, k *crypto.Key, plain string) []byte {
	t.Helper()
	cell, err := seal(k, nil, []byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	return cell
}

// TestSealOpen checks the round trip, the length, and that both append.
func TestSealOpen(t *testing.T) {
	r := everyMode(t)
	for _, name := range modeNames {
		k := mustKey(t, r, name)
		for _, n := range []int{0, 1, 2, 15, 16, 17, 31, 32, 33, 100, 5000, 100_000} {
			plain := bytes.Repeat([]byte("v"), n)
			cell, err := seal(k, []byte("before"), plain)
			if err != nil || !bytes.HasPrefix(cell, []byte("before")) {
				t.Fatalf("%s: Seal of %d bytes: %v", name, n, err)
			}
			cell = cell[len("before"):]
			if len(cell) != sealedLen(k, n) {
				t.Errorf("%s: cell of %d bytes has %d, SealedLen says %d", name, n, len(cell), sealedLen(k, n))
			}
			if n > 4 && bytes.Contains(cell, plain[:5]) {
				t.Errorf("%s: the cell shows the value", name)
			}
			if !bytes.HasSuffix(cell, k.GuardSuffix()) || len(k.GuardSuffix()) != 8 {
				t.Errorf("%s: cell %x doesn't end in %x", name, cell, k.GuardSuffix())
			}
			if f, ok := crypto.ParseFooter(cell); !ok || f.Column != k.ID() || f.Mode != k.Mode() {
				t.Errorf("%s: footer %+v, %v", name, f, ok)
			}
			got, err := k.Open([]byte("before"), cell)
			if err != nil || !bytes.Equal(got, slices.Concat([]byte("before"), plain)) {
				t.Errorf("%s: Open of %d bytes: %v", name, n, err)
			}
		}
	}
}

// TestEquality checks what each mode gives away: equal cells exactly in ModeEqual under one key.
func TestEquality(t *testing.T) {
	r := everyMode(t)
	equal, equal2, random := mustKey(t, r, "equal"), mustKey(t, r, "equal2"), mustKey(t, r, "random")
	if !bytes.Equal(mustSeal(t, equal, "a"), mustSeal(t, equal, "a")) {
		t.Error("equal values gave different cells in ModeEqual")
	}
	if bytes.Equal(mustSeal(t, equal, "a"), mustSeal(t, equal, "b")) {
		t.Error("different values gave equal cells")
	}
	if bytes.Equal(mustSeal(t, equal, "a")[:17], mustSeal(t, equal2, "a")[:17]) {
		t.Error("two keys gave equal bodies")
	}
	seen := make(map[string]bool)
	for range 1000 {
		seen[string(mustSeal(t, random, "a"))] = true
	}
	if len(seen) != 1000 {
		t.Errorf("1000 seals in ModeRandom gave %d different cells", len(seen))
	}
}

// TestMovedCell checks that a cell opens under no other key, with a footer of its own or a forged one.
func TestMovedCell(t *testing.T) {
	r, other := everyMode(t), everyMode(t)
	for _, from := range r.Names() {
		cell := mustSeal(t, mustKey(t, r, from), "secret")
		for _, to := range r.Names() {
			if to == from {
				continue
			}
			k := mustKey(t, r, to)
			if _, err := k.Open(nil, cell); !errors.Is(err, crypto.ErrWrongColumn) {
				t.Errorf("%s opens a cell of %s: %v, want ErrWrongColumn", to, from, err)
			}
			own := mustSeal(t, k, "x")
			forged := slices.Concat(cell[:len(cell)-crypto.FooterSize], own[len(own)-crypto.FooterSize:])
			if _, err := k.Open(nil, forged); !errors.Is(err, crypto.ErrAuth) && !errors.Is(err, crypto.ErrNotSealed) {
				t.Errorf("%s opens a cell of %s with its own footer: %v, want ErrAuth", to, from, err)
			}
		}
		if _, err := mustKey(t, other, from).Open(nil, cell); !errors.Is(err, crypto.ErrUnknownKey) {
			t.Errorf("another installation's %s opens the cell: %v, want ErrUnknownKey", from, err)
		}
	}
}

// TestOtherRealm checks that the same key in another realm opens nothing.
func TestOtherRealm(t *testing.T) {
	v, keys, handles := frozen(t)
	for id, k := range keys {
		realm := [16]byte(v.Realm)
		realm[15] ^= 1
		moved, err := crypto.KeyFromHandle(realm, id, k.Name(), k.Mode(), handles[id])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := moved.Open(nil, mustSeal(t, k, "secret")); !errors.Is(err, crypto.ErrAuth) {
			t.Errorf("%v opens in another realm: %v, want ErrAuth", k, err)
		}
	}
}

// TestOpenErrors names the error of each kind of bytes that can't be opened.
func TestOpenErrors(t *testing.T) {
	r := everyMode(t)
	for _, name := range modeNames {
		k := mustKey(t, r, name)
		cell := mustSeal(t, k, "some value that is long enough")
		with := func(fromEnd int, b byte) []byte {
			c := bytes.Clone(cell)
			c[len(c)-fromEnd] = b
			return c
		}
		vm := cell[len(cell)-4]
		for _, tt := range []struct {
			name string
			cell []byte
			want error
		}{
			{"nil", nil, crypto.ErrNotSealed},
			{"plaintext", []byte("alice@example.com"), crypto.ErrNotSealed},
			{"a footer alone", cell[len(cell)-crypto.FooterSize:], crypto.ErrNotSealed},
			{"one byte too short for the mode", cell[len(cell)-k.Mode().Overhead()+1:], crypto.ErrNotSealed},
			{"no magic", with(1, 0x90), crypto.ErrNotSealed},
			{"version 0", with(4, vm&0x0F), crypto.ErrVersion},
			{"version 2", with(4, 0x20|vm&0x0F), crypto.ErrVersion},
			{"mode 0", with(4, 0x10), crypto.ErrVersion},
			{"mode 5", with(4, 0x15), crypto.ErrVersion},
			{"mode with a subject", with(4, vm|8), crypto.ErrVersion},
			{"another mode", with(4, map[byte]byte{0x11: 0x12, 0x12: 0x11, 0x13: 0x12, 0x14: 0x12, 0x16: 0x12}[vm]), crypto.ErrWrongMode},
			{"another column", with(5, cell[len(cell)-5]^0xFF), crypto.ErrWrongColumn},
			{"another key", with(12, cell[len(cell)-12]^1), crypto.ErrUnknownKey},
			{"another body", with(14, cell[len(cell)-14]^1), crypto.ErrAuth},
		} {
			dst := append(make([]byte, 0, 1000), "before"...)
			got, err := k.Open(dst, tt.cell)
			if !errors.Is(err, tt.want) || string(got) != "before" {
				t.Errorf("%s, %s: Open = %q, %v; want %v", name, tt.name, got, err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "value that") {
				t.Errorf("%s, %s: the error shows the value", name, tt.name)
			}
			if spare := got[len(got):cap(got)]; bytes.Contains(spare, []byte("value that")) {
				t.Errorf("%s, %s: the buffer shows the value", name, tt.name)
			}
		}
	}
}

// TestEveryBit flips each bit of a cell and cuts it at each length, from both ends: none may open.
func TestEveryBit(t *testing.T) {
	r := everyMode(t)
	for _, name := range modeNames {
		k := mustKey(t, r, name)
		for _, plain := range []string{"", "x", "sixteen bytes ok", "a value of more than two blocks of AES"} {
			cell := mustSeal(t, k, plain)
			for i := range 8 * len(cell) {
				bad := bytes.Clone(cell)
				bad[i/8] ^= 1 << (i % 8)
				if got, err := k.Open(nil, bad); err == nil {
					t.Fatalf("%s: %q opens as %q with bit %d flipped", name, plain, got, i)
				}
			}
			for i := range cell {
				for _, bad := range [][]byte{cell[:i], cell[i+1:], slices.Concat(cell[:i], cell[i+1:])} {
					if got, err := k.Open(nil, bad); err == nil {
						t.Fatalf("%s: %q opens as %q with bytes cut at %d", name, plain, got, i)
					}
				}
				if got, err := k.Open(nil, slices.Insert(bytes.Clone(cell), i, 0)); err == nil {
					t.Fatalf("%s: %q opens as %q with a byte put in at %d", name, plain, got, i)
				}
			}
		}
	}
}

// TestSealedLookalike checks that a cell given as a value is sealed again, and not passed through.
func TestSealedLookalike(t *testing.T) {
	r := everyMode(t)
	for _, name := range modeNames {
		k := mustKey(t, r, name)
		cell := mustSeal(t, k, "x")
		twice := mustSeal(t, k, string(cell))
		if bytes.Equal(cell, twice) {
			t.Fatalf("%s: a cell was passed through", name)
		}
		if got, err := k.Open(nil, twice); err != nil || !bytes.Equal(got, cell) {
			t.Fatalf("%s: Open = %x, %v", name, got, err)
		}
	}
}

// TestOverlap checks that a buffer that overlaps the input is refused before anything is written.
func TestOverlap(t *testing.T) {
	r := everyMode(t)
	for _, name := range modeNames {
		k := mustKey(t, r, name)
		buf := append(make([]byte, 0, 1000), "some value"...)
		for _, dst := range [][]byte{buf[:0], buf[:3], buf[:9]} {
			if _, err := seal(k, dst, buf); !errors.Is(err, crypto.ErrOverlap) {
				t.Errorf("%s: Seal into its own input: %v, want ErrOverlap", name, err)
			}
		}
		if string(buf) != "some value" {
			t.Errorf("%s: input became %q", name, buf)
		}
		cell, err := seal(k, buf, []byte("v")) // behind the input is no overlap
		if err != nil {
			t.Fatal(err)
		}
		cell = cell[len(buf):]
		if _, err := k.Open(cell[:0], cell); !errors.Is(err, crypto.ErrOverlap) {
			t.Errorf("%s: Open into its own input: %v, want ErrOverlap", name, err)
		}
		if got, err := k.Open(nil, cell); err != nil || string(got) != "v" {
			t.Errorf("%s: Open = %q, %v", name, got, err)
		}
	}
}

// TestNoKey checks that zero values refuse.
func TestNoKey(t *testing.T) {
	for _, k := range []*crypto.Key{nil, new(crypto.Key)} {
		if got, err := k.Seal([]byte("b"), []byte("v")); !errors.Is(err, crypto.ErrNoKey) || string(got) != "b" {
			t.Errorf("Seal = %q, %v; want ErrNoKey", got, err)
		}
		if _, err := k.SealOrdered(nil, []byte("v"), []byte("v")); !errors.Is(err, crypto.ErrNoKey) {
			t.Errorf("SealOrdered: %v; want ErrNoKey", err)
		}
		if _, err := k.SealIndexed(nil, []byte("v"), []byte("v")); !errors.Is(err, crypto.ErrNoKey) {
			t.Errorf("SealIndexed: %v; want ErrNoKey", err)
		}
		if _, err := k.Digits(nil, []byte("v")); !errors.Is(err, crypto.ErrNoKey) {
			t.Errorf("Digits: %v; want ErrNoKey", err)
		}
		if _, err := k.Index(nil, []byte("v")); !errors.Is(err, crypto.ErrNoKey) {
			t.Errorf("Index: %v; want ErrNoKey", err)
		}
		if _, err := k.Open(nil, []byte("v")); !errors.Is(err, crypto.ErrNoKey) {
			t.Errorf("Open: %v; want ErrNoKey", err)
		}
	}
	for _, r := range []*crypto.Keyring{nil, new(crypto.Keyring)} {
		_, byName := r.Key("k")
		if byName || len(r.Names()) != 0 {
			t.Errorf("an empty keyring gave a key")
		}
	}
}

// TestTooLarge checks the limit without touching the memory.
func TestTooLarge(t *testing.T) {
	k := mustKey(t, everyMode(t), "random")
	if _, err := k.Seal(nil, make([]byte, crypto.MaxPlain+1)); !errors.Is(err, crypto.ErrTooLarge) {
		t.Fatalf("Seal = %v, want ErrTooLarge", err)
	}
}

// TestConcurrent seals and opens from many goroutines across changes of salt; run it under -race.
func TestConcurrent(t *testing.T) {
	r := everyMode(t)
	for _, name := range modeNames {
		k := mustKey(t, r, name)
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				var cell, plain []byte
				for i := range 500 {
					if g == 0 && i%50 == 0 && k.Mode() == crypto.ModeRandom {
						crypto.DropSalts(k)
					}
					want := fmt.Sprintf("value %d of %d", i, g)
					var err error
					if cell, err = seal(k, cell[:0], []byte(want)); err != nil {
						t.Error(err)
						return
					}
					if plain, err = k.Open(plain[:0], cell); err != nil || string(plain) != want {
						t.Errorf("%s: Open = %q, %v; want %q", name, plain, err, want)
						return
					}
				}
			})
		}
		wg.Wait()
	}
}

// TestSaltChanges checks that a salt serves for its number of messages and its time, and that old cells still open.
func TestSaltChanges(t *testing.T) { synctest.Test(t, testSaltChanges) }

func testSaltChanges(t *testing.T) {
	k := mustKey(t, everyMode(t), "random")
	salt := func() string { return string(mustSeal(t, k, "v")[:12]) }
	first := salt()
	if salt() != first {
		t.Fatal("the salt changed at once")
	}
	time.Sleep(crypto.SaltLife - 1)
	if salt() != first {
		t.Fatal("the salt changed before its time")
	}
	time.Sleep(2 * time.Nanosecond)
	second := salt()
	if second == first {
		t.Fatal("the salt outlived its time")
	}
	time.Sleep(crypto.SaltLife / 2)
	if salt() != second {
		t.Fatal("the salt changed by the first one's time")
	}
	crypto.UseSalt(k, crypto.SaltMessages-3)
	if salt() != second {
		t.Fatal("the salt changed before its last message")
	}
	third := salt()
	if third == second {
		t.Fatal("the salt outlived its messages")
	}
	time.Sleep(crypto.SaltLife/2 + 1)
	if salt() != third {
		t.Fatal("the salt changed by the second one's time")
	}
	if got := crypto.CachedSalts(k); got != 3 {
		t.Fatalf("%d salts cached, want 3", got)
	}
}

// TestForgedSaltsNotCached checks that cells that fail don't fill the cache.
func TestForgedSaltsNotCached(t *testing.T) {
	k := mustKey(t, everyMode(t), "random")
	cell := mustSeal(t, k, "v")
	for i := range 200 {
		bad := bytes.Clone(cell)
		bad[i%12] ^= byte(1 + i)
		if _, err := k.Open(nil, bad); !errors.Is(err, crypto.ErrAuth) {
			t.Fatalf("Open = %v, want ErrAuth", err)
		}
	}
	if got := crypto.CachedSalts(k); got != 1 {
		t.Fatalf("%d salts cached, want 1", got)
	}
}

package crypto_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	prfsubtle "github.com/tink-crypto/tink-go/v2/prf/subtle"

	"github.com/pgveil/pgveil/crypto"
)

// randomOrder gives up to n bytes out of few, so that beginnings are often shared, and no one is another's beginning.
func randomOrder(r *rand.Rand, n int) []byte {
	out := make([]byte, 0, n+1)
	for range r.IntN(n) {
		out = append(out, []byte{1, 2, 0x0F, 0x10, 0x11, 0x7F, 0x80, 0xEF, 0xF0, 0xFF}[r.IntN(10)])
	}
	return append(out, 0)
}

// TestOrder checks that cells, and bounds, sort as what they are made from, for many pairs that share much, and lengths around blocks.
func TestOrder(t *testing.T) {
	k := mustKey(t, everyMode(t), "ordered")
	r := rand.New(rand.NewPCG(1, 2))
	const pairs = 200_000
	equal := 0
	var ca, cb, da, db, after []byte
	for range pairs {
		a := randomOrder(r, 40)
		b := bytes.Clone(a)
		switch i := r.IntN(len(a)); r.IntN(3) {
		case 0:
			b = randomOrder(r, 40)
		case 1:
			b[i] = byte(1 + r.IntN(255))
			b = append(b[:i+1], 0)
		default:
			b = append(b[:i], randomOrder(r, 3)...)
		}
		var errs [5]error
		ca, errs[0] = k.SealOrdered(ca[:0], a, a)
		cb, errs[1] = k.SealOrdered(cb[:0], b, b)
		da, errs[2] = k.Digits(da[:0], a)
		db, errs[3] = k.Digits(db[:0], b)
		cut := a[:r.IntN(len(a))]
		after, errs[4] = k.DigitsAfter(after[:0], cut)
		if err := errors.Join(errs[:]...); err != nil {
			t.Fatal(err)
		}
		want := bytes.Compare(a, b)
		if want == 0 {
			equal++
		}
		if got := bytes.Compare(ca, cb); got != want {
			t.Fatalf("%x and %x: cells compare %d, want %d", a, b, got, want)
		}
		if got := bytes.Compare(da, db); got != want {
			t.Fatalf("%x and %x: digits compare %d, want %d", a, b, got, want)
		}
		if !bytes.HasPrefix(ca, da) {
			t.Fatalf("the cell doesn't begin with its digits")
		}
		// b is below what follows cut's beginnings exactly when it begins so, or sorts below.
		if below := bytes.Compare(cb, after) < 0; below != (bytes.HasPrefix(b, cut) || bytes.Compare(b, cut) < 0) {
			t.Fatalf("%x: below what follows %x: %v", b, cut, below)
		}
	}
	if equal < pairs/100 {
		t.Fatalf("only %d of the pairs are equal", equal)
	}
}

// TestOrderLargestDigits checks that nothing sorts above the bound of an empty order, by many keys' first digits.
func TestOrderLargestDigits(t *testing.T) {
	k := mustKey(t, everyMode(t), "ordered")
	top, err := k.DigitsAfter(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var most uint16
	order := make([]byte, 0, 4)
	for i := range 300_000 {
		order = binary.BigEndian.AppendUint32(order[:0], uint32(i))
		d, err := k.Digits(nil, append(order, 0xFF))
		if err != nil {
			t.Fatal(err)
		}
		for j := 0; j < len(d); j += 2 {
			most = max(most, binary.BigEndian.Uint16(d[j:]))
		}
		if bytes.Compare(d, top) >= 0 {
			t.Fatalf("digits %x aren't below %x", d, top)
		}
	}
	if most < 65500 || most > 65534 {
		t.Fatalf("the largest digit seen is %d", most)
	}
}

// TestIndexed checks what the index says: cells begin alike exactly when normalised values are equal.
func TestIndexed(t *testing.T) {
	r := everyMode(t)
	k, k2 := mustKey(t, r, "indexed"), mustKey(t, r, "indexed2")
	seal := func(k *crypto.Key, plain, normal string) []byte {
		cell, err := k.SealIndexed(nil, []byte(plain), []byte(normal))
		if err != nil {
			t.Fatal(err)
		}
		index, err := k.Index(nil, []byte(normal))
		if err != nil || !bytes.HasPrefix(cell, index) || len(index) != crypto.IndexSize {
			t.Fatalf("index %x, %v; cell %x", index, err, cell)
		}
		return cell
	}
	a, b, c := seal(k, "Ada", "ada"), seal(k, "ADA", "ada"), seal(k, "Bob", "bob")
	if !bytes.Equal(a[:16], b[:16]) || bytes.Equal(a, b) {
		t.Error("values that are equal when normalised only: the cells must begin alike and differ")
	}
	if !bytes.Equal(a, seal(k, "Ada", "ada")) {
		t.Error("equal values gave different cells")
	}
	if bytes.Equal(a[:16], c[:16]) || bytes.Equal(a[:16], seal(k2, "Ada", "ada")[:16]) || bytes.Equal(a[16:32], b[16:32]) {
		t.Error("what must differ is equal")
	}
}

// TestSearchableFrontIsBound checks that index and digits can't be changed for those of another value.
func TestSearchableFrontIsBound(t *testing.T) {
	r := everyMode(t)
	for name, front := range map[string]int{"indexed": 16, "ordered": crypto.DigitsLen(3)} {
		k := mustKey(t, r, name)
		a, b := mustSeal(t, k, "aa"), mustSeal(t, k, "bb")
		swapped := append(bytes.Clone(b[:front]), a[front:]...)
		if _, err := k.Open(nil, swapped); !errors.Is(err, crypto.ErrAuth) {
			t.Errorf("%s: a cell behind another's front opens: %v, want ErrAuth", name, err)
		}
	}
	// The number of digits can't be moved either.
	k := mustKey(t, r, "ordered")
	cell := mustSeal(t, k, "a value of some length, longer than digits")
	for n := range 200 {
		bad := bytes.Clone(cell)
		binary.BigEndian.PutUint32(bad[len(bad)-16:], uint32(n))
		if _, err := k.Open(nil, bad); err == nil && !bytes.Equal(bad, cell) {
			t.Errorf("a cell opens that says %d", n)
		}
	}
	bad := bytes.Clone(cell)
	binary.BigEndian.PutUint32(bad[len(bad)-16:], 1<<32-1)
	if _, err := k.Open(nil, bad); !errors.Is(err, crypto.ErrAuth) {
		t.Errorf("a cell that says it has 2³²−1: %v, want ErrAuth", err)
	}
}

// TestSearchableModes checks that a key gives only what its mode has.
func TestSearchableModes(t *testing.T) {
	r := everyMode(t)
	v := []byte("v")
	for _, name := range modeNames {
		k := mustKey(t, r, name)
		for _, tt := range []struct {
			what string
			mode []string
			call func(dst []byte) ([]byte, error)
		}{
			{"Seal", []string{"equal", "random"}, func(dst []byte) ([]byte, error) { return k.Seal(dst, v) }},
			{"SealOrdered", []string{"ordered"}, func(dst []byte) ([]byte, error) { return k.SealOrdered(dst, v, v) }},
			{"Digits", []string{"ordered"}, func(dst []byte) ([]byte, error) { return k.Digits(dst, v) }},
			{"DigitsAfter", []string{"ordered"}, func(dst []byte) ([]byte, error) { return k.DigitsAfter(dst, v) }},
			{"SealIndexed", []string{"indexed"}, func(dst []byte) ([]byte, error) { return k.SealIndexed(dst, v, v) }},
			{"Index", []string{"indexed"}, func(dst []byte) ([]byte, error) { return k.Index(dst, v) }},
		} {
			allowed := false
			for _, m := range tt.mode {
				allowed = allowed || m == name
			}
			got, err := tt.call([]byte("b"))
			if !bytes.HasPrefix(got, []byte("b")) || allowed != (err == nil) || !allowed && (!errors.Is(err, crypto.ErrWrongMode) || len(got) != 1) {
				t.Errorf("%s.%s = %x, %v", name, tt.what, got, err)
			}
		}
	}
}

// TestOrderedTooLarge checks the limit, digits counted, and overlap of the order.
func TestOrderedTooLarge(t *testing.T) {
	k := mustKey(t, everyMode(t), "ordered")
	if _, err := k.SealOrdered(nil, nil, make([]byte, crypto.MaxPlain/4+1)); !errors.Is(err, crypto.ErrTooLarge) {
		t.Errorf("SealOrdered = %v, want ErrTooLarge", err)
	}
	if _, err := k.SealOrdered(nil, make([]byte, crypto.MaxPlain), make([]byte, 1)); !errors.Is(err, crypto.ErrTooLarge) {
		t.Errorf("SealOrdered = %v, want ErrTooLarge", err)
	}
	buf := append(make([]byte, 0, 500), "order"...)
	if _, err := k.SealOrdered(buf[:0], []byte("v"), buf); !errors.Is(err, crypto.ErrOverlap) {
		t.Errorf("SealOrdered into its own input: %v, want ErrOverlap", err)
	}
	if _, err := k.Digits(buf[:0], buf); !errors.Is(err, crypto.ErrOverlap) {
		t.Errorf("Digits into its own input: %v, want ErrOverlap", err)
	}
}

// TestDerivedByTink makes index and digits again from the keyset with stock Tink and the words of docs/FORMAT.md alone.
func TestDerivedByTink(t *testing.T) {
	_, keys, handles := frozen(t)
	secret := func(id crypto.ColumnID, purpose string) []byte {
		t.Helper()
		return derivedWithTink(t, handles[id], purpose)
	}
	cmac, err := prfsubtle.NewAESCMACPRF(secret(11, "pgveil1 index"))
	if err != nil {
		t.Fatal(err)
	}
	chain, last := secret(12, "pgveil1 order chain"), secret(12, "pgveil1 order digit")
	text := bytes.Repeat([]byte("0123456789abcdefghijk\xff\x00"), 5)
	for n := range len(text) {
		want, err := cmac.ComputePRF(text[:n], 16)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := keys[11].Index(nil, text[:n]); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("index of %d bytes is %x, %v; Tink says %x", n, got, err, want)
		}
		want = referenceDigits(t, chain, last, text[:n])
		if got, err := keys[12].Digits(nil, text[:n]); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("digits of %d bytes are %x, %v; want %x", n, got, err, want)
		}
	}
}

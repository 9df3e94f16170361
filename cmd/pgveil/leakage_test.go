package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/config"
	"github.com/pgveil/pgveil/crypto"
	"github.com/pgveil/pgveil/crypto/cryptotest"
)

// measured counts sorted cells as the command does what the server sends.
func measured(column config.Column, id crypto.ColumnID, cells [][]byte) *leakage {
	slices.SortFunc(cells, bytes.Compare)
	m := newMeasure(protectedColumn{"public.t", "c", column}, id)
	for _, c := range cells {
		m.add(storedCell{length: len(c), front: c[:min(len(c), leakageFront)], tail: c[max(0, len(c)-leakageTail):]})
	}
	return m.result()
}

// orderedCells seals numbers for a range column.
func orderedCells(t *testing.T, k *crypto.Key, numbers func(i int) uint64, n int) [][]byte {
	t.Helper()
	cells := make([][]byte, n)
	for i := range cells {
		order := binary.BigEndian.AppendUint64(nil, numbers(i))
		var err error
		if cells[i], err = k.SealOrdered(nil, order, order); err != nil {
			t.Fatal(err)
		}
	}
	return cells
}

// TestLeakageOrder measures columns of which it is known how dense they are: what digits fix is computed again from the numbers.
func TestLeakageOrder(t *testing.T) {
	k, _ := cryptotest.Keyring(t, map[string]crypto.Mode{"k": crypto.ModeOrdered}).Key("k")
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		name    string
		numbers func(i int) uint64
		dense   bool
	}{
		{"serial", func(i int) uint64 { return 1<<63 + uint64(i) }, true},
		{"0 to 99", func(int) uint64 { return 1<<63 + uint64(r.IntN(100)) }, true},
		{"-50 to 49", func(int) uint64 { return 1<<63 + uint64(r.IntN(100)) - 50 }, true},
		{"random", func(int) uint64 { return r.Uint64() }, false},
		{"random int4", func(int) uint64 { return 1<<63 + uint64(r.Uint32()) - 1<<31 }, false},
	} {
		numbers := make([]uint64, 4000)
		for i := range numbers {
			numbers[i] = c.numbers(i)
		}
		l := measured(config.Column{Search: config.SearchRange}, k.ID(), orderedCells(t, k, func(i int) uint64 { return numbers[i] }, len(numbers)))
		if want := fixedBits(numbers); math.Abs(l.Order.Fixed-want) > 1e-9 {
			t.Errorf("%s: %f bits fixed, want %f", c.name, l.Order.Fixed, want)
		}
		if dense := l.Order.Density >= denseOrder; dense != c.dense || dense != strings.Contains(strings.Join(l.Advice, "\n"), "are dense") {
			t.Errorf("%s: %+v, advice %q", c.name, l.Order, l.Advice)
		}
		if want := density(numbers); math.Abs(l.Order.Density-want) > 1e-9 {
			t.Errorf("%s: density %f, want %f", c.name, l.Order.Density, want)
		}
		slices.Sort(numbers)
		if distinct := int64(len(slices.Compact(numbers))); l.Equal.Distinct != distinct || l.Rows != 4000 || l.Foreign != 0 {
			t.Errorf("%s: %+v, want %d different", c.name, l.Equal, distinct)
		}
	}
}

// fixedBits groups numbers by each beginning, the slow way.
func fixedBits(numbers []uint64) (bits float64) {
	for level := range 16 {
		nodes := map[uint64][]uint64{}
		for _, v := range numbers {
			front := uint64(0)
			if level > 0 {
				front = v >> (64 - 4*level)
			}
			nodes[front] = append(nodes[front], v>>(60-4*level)&15)
		}
		for _, halves := range nodes {
			span := slices.Max(halves) - slices.Min(halves)
			bits += float64(len(halves)) * math.Log2(16/float64(16-span))
		}
	}
	return bits / float64(len(numbers))
}

// density looks for each number at every level whether others go another way there.
func density(numbers []uint64) float64 {
	half := map[[2]uint64]map[uint64]bool{} // level and beginning
	node := func(v uint64, level int) [2]uint64 {
		if level == 0 {
			return [2]uint64{}
		}
		return [2]uint64{uint64(level), v >> (64 - 4*level)}
	}
	for _, v := range numbers {
		for level := range 16 {
			n := node(v, level)
			if half[n] == nil {
				half[n] = map[uint64]bool{}
			}
			half[n][v>>(60-4*level)&15] = true
		}
	}
	branched, open := 0, 0
	for _, v := range numbers {
		last := -1
		for level := range 16 {
			if len(half[node(v, level)]) > 1 {
				branched, last = branched+1, level
			}
		}
		open += 15 - last
	}
	return float64(branched) / float64(branched+open)
}

// TestLeakageFrequencies counts values of known frequencies.
func TestLeakageFrequencies(t *testing.T) {
	ring := cryptotest.Keyring(t, map[string]crypto.Mode{"equal": crypto.ModeEqual, "indexed": crypto.ModeIndexed, "random": crypto.ModeRandom})
	var values []string
	for i, n := range []int{400, 200, 100, 100, 50, 50, 50, 50} { // 1,000 values
		for j := range n {
			values = append(values, strings.Repeat(string(rune('a'+i)), 3)+[]string{"", "X"}[j%2])
		}
	}
	for name, column := range map[string]config.Column{
		"equal": {Search: config.SearchEquality}, "random": {}, "indexed": {Search: config.SearchEquality, Normalize: []config.NormalizeStep{"lower"}},
	} {
		k, _ := ring.Key(name)
		var cells [][]byte
		for _, v := range values {
			var cell []byte
			var err error
			if name == "indexed" {
				cell, err = k.SealIndexed(nil, []byte(v), []byte(strings.TrimSuffix(v, "X")))
			} else {
				cell, err = k.Seal(nil, []byte(v))
			}
			if err != nil {
				t.Fatal(err)
			}
			cells = append(cells, cell)
		}
		l := measured(column, k.ID(), cells)
		if l.Rows != 1000 || l.Foreign != 0 || l.Lengths != 2 || l.Most-l.Least != 1 {
			t.Errorf("%s: %+v", name, l)
		}
		if name == "random" {
			if l.Equal != nil || l.Normal != nil {
				t.Errorf("random: %+v", l)
			}
			continue
		}
		if fmt.Sprint(l.Equal.Top) != "[200 200 100 100 50]" || l.Equal.Distinct != 16 || l.Equal.TopShare != 0.2 {
			t.Errorf("%s: %+v", name, l.Equal)
		}
		if math.Abs(l.Equal.MinEntropy-math.Log2(5)) > 1e-9 {
			t.Errorf("%s: min-entropy %f", name, l.Equal.MinEntropy)
		}
		if !strings.Contains(strings.Join(l.Advice, "\n"), "few different values (16)") {
			t.Errorf("%s: advice %q", name, l.Advice)
		}
		if name == "indexed" {
			shannon := 0.4*math.Log2(1/0.4) + 0.2*math.Log2(5) + 2*0.1*math.Log2(10) + 4*0.05*math.Log2(20)
			if l.Normal.Distinct != 8 || fmt.Sprint(l.Normal.Top) != "[400 200 100 100 50]" || math.Abs(l.Normal.Entropy-shannon) > 1e-9 {
				t.Errorf("normalised: %+v, want entropy %f", l.Normal, shannon)
			}
		}
	}
}

// TestLeakageForeign counts what doesn't belong into the column, and empty columns.
func TestLeakageForeign(t *testing.T) {
	ring := cryptotest.Keyring(t, map[string]crypto.Mode{"a": crypto.ModeEqual, "b": crypto.ModeEqual, "c": crypto.ModeOrdered})
	a, _ := ring.Key("a")
	b, _ := ring.Key("b")
	c, _ := ring.Key("c")
	own, _ := a.Seal(nil, []byte("v"))
	other, _ := b.Seal(nil, []byte("v"))
	ordered, _ := c.SealOrdered(nil, []byte("v"), []byte("v"))
	l := measured(config.Column{Search: config.SearchEquality}, a.ID(), [][]byte{own, other, ordered, []byte("plaintext"), {}, own[len(own)-crypto.FooterSize:]})
	if l.Foreign != 5 || l.Rows != 6 || l.Equal.Distinct != 1 || !strings.Contains(l.Advice[0], "5 values are plaintext") {
		t.Errorf("%+v", l)
	}
	for _, search := range []config.Search{config.SearchNone, config.SearchEquality, config.SearchRange} {
		if l := measured(config.Column{Search: search}, 1, nil); l.Rows != 0 || l.Lengths != 0 {
			t.Errorf("%s: %+v", search, l)
		}
	}
}

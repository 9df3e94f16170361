package main

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"

	"github.com/pgveil/pgveil/crypto"
)

const (
	// leakageFront is how many bytes of a cell are looked at: the digits of a text of 500 bytes.
	leakageFront = 2048
	// leakageTail is how many of its last: the footer, and the number in front of it that says how many bytes have digits.
	leakageTail = crypto.FooterSize + 4
	// leakageTop is how many of the most frequent values are counted.
	leakageTop = 5
	// leakageLevels is how many digits of a cell are compared.
	leakageLevels = leakageFront / 2
)

// storedCell is what is looked at of one stored value.
type storedCell struct {
	length      int
	front, tail []byte
}

// runs counts how often each of a sorted sequence occurs, in memory for a few.
type runs struct {
	last    []byte
	count   int64
	rows    int64
	Values  int64   // different ones
	Top     []int64 // how often the most frequent occur
	entropy float64 // Σ n·log2 n
}

func (r *runs) add(v []byte) {
	if r.count > 0 && bytes.Equal(v, r.last) {
		r.count++
		return
	}
	r.end()
	r.last, r.count = append(r.last[:0], v...), 1
}

func (r *runs) end() {
	if r.count == 0 {
		return
	}
	r.Values++
	r.rows += r.count
	r.entropy += float64(r.count) * math.Log2(float64(r.count))
	i, _ := slices.BinarySearchFunc(r.Top, r.count, func(a, b int64) int { return int(min(max(b-a, -1), 1)) })
	if i < leakageTop {
		r.Top = slices.Insert(r.Top, i, r.count)
		r.Top = r.Top[:min(len(r.Top), leakageTop)]
	}
	r.count = 0
}

// frequencies is what equality gives away of the values that are not NULL.
type frequencies struct {
	Distinct int64   `json:"distinct"`
	Share    float64 `json:"distinct_share"` // of all values
	Top      []int64 `json:"top"`            // how often the most frequent occur
	TopShare float64 `json:"top_share"`      // of the most frequent one
	// MinEntropy is how many bits whoever guesses the most frequent value lacks; Entropy is Shannon's.
	MinEntropy float64 `json:"min_entropy_bits"`
	Entropy    float64 `json:"entropy_bits"`
}

func (r *runs) frequencies() *frequencies {
	r.end()
	if r.rows == 0 {
		return &frequencies{Top: []int64{}}
	}
	n := float64(r.rows)
	top := float64(r.Top[0]) / n
	return &frequencies{
		Distinct: r.Values, Share: float64(r.Values) / n, Top: r.Top, TopShare: top,
		MinEntropy: math.Abs(math.Log2(top)), Entropy: math.Abs(math.Log2(n) - r.entropy/n),
	}
}

// digitTree follows sorted digits and adds up what they tell: two values that share their digits up to a level show the exact
// difference of the half bytes there. Values whose half bytes at one place span s leave 16 − s places for all of them. It holds one
// path, of which level k knows how many values have its first k digits, and the least and greatest digit behind those.
type digitTree struct {
	path   []uint16
	counts []int64
	least  []uint16
	bits   float64
	values int64
	bad    int64 // nodes with digits that one key doesn't give

	branched int64 // levels, of all values, at which others go another way
	open     int64 // levels, of all values, below the last of those
	shared   int   // digits that the last value and the one before it share; -1: there was none before
	same     int64 // how often the last value has come
}

func (t *digitTree) add(digits []byte) {
	n := min(len(digits)/2, leakageLevels)
	at := 0
	for at < n && at < len(t.path) && binary.BigEndian.Uint16(digits[2*at:]) == t.path[at] {
		at++
	}
	switch {
	case t.values == 0:
		t.shared = -1
	case at < n:
		t.leave(at)
		t.shared = at
	}
	t.same++
	t.close(at)
	t.values++
	// The levels up to at go on; the digit at level at is a new one of the same node, those below begin nodes.
	for k := range min(at+1, len(t.counts)) {
		t.counts[k]++
	}
	for k := at; k < n; k++ {
		d := binary.BigEndian.Uint16(digits[2*k:])
		if k < len(t.counts) {
			t.path = append(t.path[:k], d)
			continue
		}
		t.path, t.counts, t.least = append(t.path, d), append(t.counts, 1), append(t.least, d)
	}
}

// leave ends the last value, which shares so many digits with what follows, or -1: nothing does.
func (t *digitTree) leave(shared int) {
	t.open += t.same * int64(len(t.counts)-1-max(shared, t.shared))
	t.same = 0
}

// close ends all nodes below the level: their values don't share its digit with what follows.
func (t *digitTree) close(level int) {
	for k := len(t.counts) - 1; k > level; k-- {
		t.endNode(k)
	}
	if level+1 < len(t.counts) {
		t.counts, t.least = t.counts[:level+1], t.least[:level+1]
	}
}

func (t *digitTree) endNode(k int) {
	span := int(t.path[k]) - int(t.least[k])
	if span < 0 || span > 15 {
		t.bad++
		return
	}
	if span > 0 {
		t.branched += t.counts[k]
	}
	t.bits += float64(t.counts[k]) * math.Log2(16/float64(16-span))
}

// order is what the digits of a range column tell.
type order struct {
	// Fixed is how many bits of each value, on average, the digits alone fix, without any knowledge of the data.
	Fixed float64 `json:"fixed_bits"`
	// Density is the share of half bytes of a value in which others differ from it that are equal before; counted are these and those
	// behind the last of them, of which the digits tell nothing. 1: values lie as close as they can, and are as good as known.
	Density float64 `json:"density"`
}

func (t *digitTree) order() *order {
	if t.values > 0 {
		t.leave(-1)
	}
	t.close(-1)
	if t.branched == 0 {
		return &order{}
	}
	return &order{Fixed: t.bits / float64(t.values), Density: float64(t.branched) / float64(t.branched+t.open)}
}

// lengths is how the values' lengths spread, in bytes of the stored cells.
type lengths struct {
	Least  int `json:"least"`
	Most   int `json:"most"`
	Counts map[int]int64
}

func (l *lengths) add(n int) {
	if l.Counts == nil {
		l.Counts = map[int]int64{}
		l.Least = n
	}
	l.Least, l.Most = min(l.Least, n), max(l.Most, n)
	if _, ok := l.Counts[n]; ok || len(l.Counts) < maxLengths {
		l.Counts[n]++
	}
}

// maxLengths bounds the memory for lengths that differ.
const maxLengths = 10_000

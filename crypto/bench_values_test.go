package crypto_test

import (
	"testing"
)

// BenchmarkOrdered seals and opens values of the types that range is for, by their canonical and order bytes; cell-B is the cell's
// length.
func BenchmarkOrdered(b *testing.B) {
	k := mustKey(b, everyMode(b), "ordered")
	text := "customer4711@example.test"
	for _, v := range []struct {
		name         string
		plain, order int // bytes
	}{
		{"date", 5, 4}, {"int8", 9, 8}, {"timestamptz", 9, 8}, {"numeric(12,2)", 10, 11}, {"uuid", 17, 16}, {"text of 25", 1 + len(text), len(text) + 1},
	} {
		plain, order := make([]byte, v.plain), make([]byte, v.order)
		cell, err := k.SealOrdered(nil, plain, order)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("seal/"+v.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				cell, _ = k.SealOrdered(cell[:0], plain, order)
			}
			b.ReportMetric(float64(len(cell)), "cell-B")
		})
		b.Run("open/"+v.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				plain, _ = k.Open(plain[:0], cell)
			}
		})
	}
}

// BenchmarkIndexed seals and opens a text behind its index.
func BenchmarkIndexed(b *testing.B) {
	k := mustKey(b, everyMode(b), "indexed")
	text := []byte("\x04customer4711@example.test")
	cell, err := k.SealIndexed(nil, text, text[1:])
	if err != nil {
		b.Fatal(err)
	}
	plain := make([]byte, 0, len(text))
	b.Run("seal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			cell, _ = k.SealIndexed(cell[:0], text, text[1:])
		}
		b.ReportMetric(float64(len(cell)), "cell-B")
	})
	b.Run("open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			plain, _ = k.Open(plain[:0], cell)
		}
	})
}

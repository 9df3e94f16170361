package crypto_test

import (
	"fmt"
	"testing"

	"github.com/pgveil/pgveil/crypto"
)

func benchmark(b *testing.B, run func(b *testing.B, k *crypto.Key, plain, cell []byte)) {
	r := everyMode(b)
	for _, name := range modeNames {
		k := mustKey(b, r, name)
		for _, n := range []int{16, 100, 1024, 65536} {
			plain := make([]byte, n)
			cell := mustSeal(b, k, string(plain))
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(n))
				run(b, k, plain, cell)
			})
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	benchmark(b, func(b *testing.B, k *crypto.Key, plain, cell []byte) {
		for b.Loop() {
			cell, _ = seal(k, cell[:0], plain)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	benchmark(b, func(b *testing.B, k *crypto.Key, plain, cell []byte) {
		for b.Loop() {
			plain, _ = k.Open(plain[:0], cell)
		}
	})
}

// BenchmarkSealParallel shows what sessions cost each other on one key.
func BenchmarkSealParallel(b *testing.B) {
	benchmark(b, func(b *testing.B, k *crypto.Key, plain, _ []byte) {
		b.RunParallel(func(pb *testing.PB) {
			var cell []byte
			for pb.Next() {
				cell, _ = seal(k, cell[:0], plain)
			}
		})
	})
}

// BenchmarkOpenNewSalt is the worst case: every cell was sealed under a salt that isn't cached.
func BenchmarkOpenNewSalt(b *testing.B) {
	k := mustKey(b, everyMode(b), "random")
	cell := mustSeal(b, k, "sixteen bytes ok")
	var plain []byte
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		crypto.DropSalts(k)
		b.StartTimer()
		plain, _ = k.Open(plain[:0], cell)
	}
}

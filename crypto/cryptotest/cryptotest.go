// Package cryptotest makes keyrings for tests of other packages.
package cryptotest

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pgveil/pgveil/crypto"
	"github.com/pgveil/pgveil/crypto/kms/file"
)

// Keyring gives a keyring of fresh random keys, kept in a temporary directory. Keys are numbered from 1 in the order of
// their names.
func Keyring(tb testing.TB, keys map[string]crypto.Mode) *crypto.Keyring {
	tb.Helper()
	dir := tb.TempDir()
	check := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	check(file.Create(filepath.Join(dir, "master.key")))
	master, err := file.Open(filepath.Join(dir, "master.key"))
	check(err)
	check(crypto.InitStore(filepath.Join(dir, "keys")))
	store, err := crypto.OpenStore(filepath.Join(dir, "keys"))
	check(err)
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		_, err := store.CreateKey(tb.Context(), master, name, keys[name])
		check(err)
	}
	ring, err := store.Load(tb.Context(), master)
	check(err)
	return ring
}

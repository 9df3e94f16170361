package crypto

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestWriteJSON checks that creating never replaces, that replacing does, and that neither leaves anything behind.
func TestWriteJSON(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f.json")
	content := func() string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if err := createJSON(path, 1); err != nil || content() != "1\n" {
		t.Fatalf("create: %v, %q", err, content())
	}
	if err := createJSON(path, 2); !errors.Is(err, fs.ErrExist) || content() != "1\n" {
		t.Fatalf("create again: %v, %q; want fs.ErrExist", err, content())
	}
	if err := replaceJSON(path, 3); err != nil || content() != "3\n" {
		t.Fatalf("replace: %v, %q", err, content())
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// FuzzKeyFile reads key files that nobody wrote: no panic, and whatever is taken keeps the rules of a key file.
func FuzzKeyFile(f *testing.F) {
	f.Add([]byte(`{"format":"pgveil column key","version":1,"id":1,"name":"k","mode":"equal","created":"2026-01-02T03:04:05Z",` +
		`"check":"00112233445566778899aabbccddeeff","keyset":"AAAA"}`))
	f.Add([]byte(`{}`))
	f.Add([]byte(`null`))
	f.Add([]byte(`{"id":1,"id":2}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, keyFileName(1)), text, 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := readKeyFile(dir, keyFileName(1))
		if err != nil {
			return
		}
		if k.ID != 1 || checkName(k.Name) != nil || k.Mode.Overhead() == 0 || len(k.Check) != keyCheckSize || len(k.Keyset) == 0 ||
			k.Format != keyFormat || k.Version != storeVersion {
			t.Fatalf("taken: %+v", k)
		}
	})
}

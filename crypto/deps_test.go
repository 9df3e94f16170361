package crypto_test

import (
	"errors"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestNoTinkV1 keeps github.com/google/tink/go out: it is archived, and linked beside tink-go v2 it panics at start,
// because both register the same protobuf types.
func TestNoTinkV1(t *testing.T) {
	const banned = "github.com/google/tink/go"
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "github.com/tink-crypto/tink-go/v2 ") {
			t.Errorf("%s doesn't name tink-go v2: is this the right file?", name)
		}
		if strings.Contains(string(text), banned) {
			t.Errorf("%s names %s", name, banned)
		}
	}
	for path, imports := range moduleImports(t) {
		for _, imported := range imports {
			if imported == banned || strings.HasPrefix(imported, banned+"/") {
				t.Errorf("%s imports %s", path, imported)
			}
		}
	}
}

// TestRawKeyAccess keeps the packages that hand out key bytes inside the files that need them.
func TestRawKeyAccess(t *testing.T) {
	allowed := map[string][]string{
		"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess": {"crypto/keyset.go"},
		"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset":  {"crypto/kms/file/file.go"},
	}
	seen := make(map[string]bool)
	for path, imports := range moduleImports(t) {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		for _, imported := range imports {
			files, special := allowed[imported]
			if special && !slices.Contains(files, path) {
				t.Errorf("%s imports %s", path, imported)
			}
			seen[imported] = true
		}
	}
	for imported := range allowed {
		if !seen[imported] {
			t.Errorf("nothing imports %s any more: take it off the list", imported)
		}
	}
}

// moduleImports gives what each Go file of the module imports, by its path from the module's root.
func moduleImports(t *testing.T) map[string][]string {
	t.Helper()
	out := make(map[string][]string)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // something temporary went away
		}
		if err != nil {
			return err
		}
		if d.IsDir() && path != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return nil // the compiler reports it
		}
		rel, err := filepath.Rel("..", path)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			out[filepath.ToSlash(rel)] = append(out[filepath.ToSlash(rel)], imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Package house keeps the rules that concern the whole tree: which package may import which, and what Go files look like here.
// It needs no database.
package house

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/pgveil/pgveil"
	root   = "../.."
)

// ban says what the packages from may not import. A path that ends in /... also means everything below it; ./ begins
// what is ours.
type ban struct {
	from   []string
	except []string // packages of from that may, because the reason says so
	to     []string
	allow  []string // packages of to that may be imported
	direct bool     // only an import by the package itself is banned, not one by what it imports
	why    string
}

var bans = []ban{
	{
		from: []string{"./proxy/wire", "./proxy/value", "./proxy/metrics", "./proxy/audit", "./policy/sql", "./policy/mask", "./policy/yamlfile", "./crypto/kms"},
		to:   []string{"./cmd/...", "./proxy/...", "./config/...", "./policy/...", "./crypto/...", "./e2e/..."},
		why:  "the floor: these can be read, tested and fuzzed alone",
	},
	{
		from:  []string{"./crypto"},
		to:    []string{"./cmd/...", "./proxy/...", "./config/...", "./policy/...", "./crypto/...", "./e2e/..."},
		allow: []string{"./crypto/kms"},
		why:   "keys know nothing of statements, subjects or files; providers are chosen in cmd/pgveil/build.go alone",
	},
	{
		from: []string{"./policy/..."},
		to:   []string{"./cmd/...", "./proxy/...", "./config/...", "./e2e/..."},
		why:  "a policy is judged without a proxy: by explain, by tests, by who else wants to",
	},
	{
		from: []string{"./config"},
		to:   []string{"./cmd/...", "./proxy/...", "./crypto/...", "./e2e/..."},
		why:  "reading the file starts nothing and touches no key",
	},
	{
		from: []string{"./proxy/..."},
		to:   []string{"./cmd/...", "./config/...", "./crypto/kms/...", "./e2e/..."},
		// The interface itself comes with package crypto.
		allow: []string{"./crypto/kms"},
		why:   "a session is given what it needs: no configuration file, no provider",
	},
	{
		from:  []string{"./proxy/auth"},
		to:    []string{"./proxy/...", "./policy/...", "./crypto/..."},
		allow: []string{"./proxy/wire"},
		why:   "who the client is doesn't depend on what it may see",
	},
	{
		from: []string{"./proxy/...", "./config/...", "./policy/...", "./crypto/..."},
		to:   []string{"./cmd/...", "./e2e/..."},
		why:  "the program's own packages don't know how they are started, nor tests",
	},
	{
		from:   []string{"./..."},
		except: []string{"./policy/sql"},
		to:     []string{"github.com/pganalyze/pg_query_go/..."},
		direct: true,
		why:    "the parser's tree never leaves policy/sql",
	},
	{
		from: []string{"./proxy/wire", "./proxy/value", "./proxy/auth", "./proxy/audit", "./proxy/metrics", "./crypto/...", "./policy/mask"},
		to:   []string{"github.com/pganalyze/pg_query_go/...", "C"},
		why:  "C code parses statements and nothing else",
	},
	{
		from: []string{"./..."},
		to:   []string{"github.com/google/tink/..."},
		why:  "archived; linked beside tink-go v2 it panics at start, because both register the same protobuf types",
	},
	{
		from: []string{"./..."},
		to:   []string{"gopkg.in/yaml.v2", "gopkg.in/yaml.v3"},
		why:  "unmaintained; go.yaml.in/yaml/v3 is its home now",
	},
	{
		from:   []string{"./cmd/...", "./proxy/...", "./config/...", "./policy/...", "./crypto/..."},
		to:     []string{"math/rand", "math/rand/v2"},
		direct: true,
		why:    "what is random here is secret: crypto/rand",
	},
	{
		from:   []string{"./policy/...", "./proxy/wire", "./proxy/value", "./proxy/metrics", "./proxy/audit", "./proxy/auth", "./crypto/..."},
		to:     []string{"os/exec", "plugin", "net/http/pprof", "expvar"},
		direct: true,
		why:    "no child processes, no code from elsewhere, nothing that registers itself with a listener",
	},
	{
		from:   []string{"./policy/..."},
		to:     []string{"os", "net", "net/http", "time", "context"},
		direct: true,
		why:    "pure: no files, no network, no clock",
	},
	{
		from:   []string{"./proxy/...", "./config/...", "./policy/...", "./crypto/..."},
		to:     []string{"github.com/jackc/pgx/...", "github.com/lib/pq", "database/sql", "github.com/spf13/cobra", "flag"},
		direct: true,
		why:    "sessions relay frames, they don't run a driver; arguments are for commands",
	},
}

// listed is what `go list -json` says of a package.
type listed struct {
	ImportPath string
	Imports    []string // with C for cgo
	Deps       []string
	Standard   bool
	Module     *struct{ Main bool }
}

// list gives the packages of the tree, without tests, and everything that they need, by import path.
func list(t *testing.T) (ours []listed) {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,Deps,Standard,Module", "-tags", "clients", "./...")
	cmd.Dir = root
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Module != nil && p.Module.Main {
			ours = append(ours, p)
		}
	}
	if len(ours) < 15 {
		t.Fatalf("only %d packages found", len(ours))
	}
	return ours
}

func TestImportFloors(t *testing.T) {
	ours := list(t)
	for _, b := range bans {
		known := 0
		for _, p := range ours {
			name := short(p.ImportPath)
			if !covers(b.from, name) || slices.Contains(b.except, name) {
				continue
			}
			known++
			imports := p.Deps
			if b.direct {
				imports = p.Imports
			}
			for _, i := range imports {
				i = short(i)
				if covers(b.to, i) && !slices.Contains(b.allow, i) && i != name {
					t.Errorf("%s imports %s\n\t%s", name, i, b.why)
				}
			}
		}
		if known == 0 {
			t.Errorf("no package is one of %q: the ban is of nothing", b.from)
		}
		for _, e := range b.except {
			if !slices.ContainsFunc(ours, func(p listed) bool { return short(p.ImportPath) == e }) {
				t.Errorf("there is no package %s to except", e)
			}
		}
	}
}

// Every exception is used, so that none stays when its reason has gone.
func TestExceptionsAreUsed(t *testing.T) {
	ours := list(t)
	for _, b := range bans {
		for _, e := range b.except {
			used := slices.ContainsFunc(ours, func(p listed) bool {
				return short(p.ImportPath) == e && slices.ContainsFunc(p.Imports, func(i string) bool { return covers(b.to, i) })
			})
			if !used {
				t.Errorf("%s no longer imports any of %q: take it off the list", e, b.to)
			}
		}
	}
}

func TestCovers(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"./...", "./crypto/kms", true},
		{"./...", "crypto/aes", false},
		{"./crypto/...", "./crypto/kms", true},
		{"./crypto/...", "./crypto", true},
		{"./crypto/...", "./cryptography", false},
		{"./crypto/...", "crypto/aes", false},
		{"./crypto", "./crypto/kms", false},
		{"./crypto", "./crypto", true},
	} {
		if got := covers([]string{test.pattern}, test.name); got != test.want {
			t.Errorf("%s covers %s: %v", test.pattern, test.name, got)
		}
	}
}

// What hands out key bytes is imported by the files that need it, and by no other but tests.
func TestRawKeys(t *testing.T) {
	allowed := map[string][]string{
		"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess": {"crypto/keyset.go"},        // derives the column keys
		"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset":  {"crypto/kms/file/file.go"}, // its master key is a file
	}
	for name, f := range goFiles(t) {
		if f.test {
			continue
		}
		for _, s := range f.tree.Imports {
			imported := strings.Trim(s.Path.Value, `"`)
			if !strings.HasPrefix(imported, "github.com/tink-crypto/tink-go/v2/insecure") {
				continue
			}
			at := slices.Index(allowed[imported], name)
			if at < 0 {
				t.Errorf("%s imports %s", name, imported)
				continue
			}
			allowed[imported] = slices.Delete(allowed[imported], at, at+1)
		}
	}
	for imported, left := range allowed {
		for _, name := range left {
			t.Errorf("%s no longer imports %s: take it off the list", name, imported)
		}
	}
}

// What is archived doesn't come back through a dependency or a test.
func TestModuleFiles(t *testing.T) {
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "github.com/tink-crypto/tink-go/v2 ") {
			t.Errorf("%s doesn't name tink-go v2: is this the right file?", name)
		}
		if strings.Contains(string(text), "github.com/google/tink/go") {
			t.Errorf("%s names github.com/google/tink/go", name)
		}
	}
}

// Only the documented folders hold Go code.
func TestFolders(t *testing.T) {
	want := []string{"cmd", "config", "crypto", "e2e", "policy", "proxy"}
	for name := range goFiles(t) {
		top, _, below := strings.Cut(filepath.ToSlash(name), "/")
		if !below || !slices.Contains(want, top) {
			t.Errorf("%s: Go code stays inside %v", name, want)
		}
	}
}

// short begins our own packages' paths with ./
func short(path string) string {
	if rest, ours := strings.CutPrefix(path, module+"/"); ours {
		return "./" + rest
	}
	return path
}

func covers(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		below, all := strings.CutSuffix(p, "...")
		return name == p || all && (strings.HasPrefix(name, below) || name == strings.TrimSuffix(below, "/"))
	})
}

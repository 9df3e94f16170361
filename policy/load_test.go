package policy

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/policy/yamlfile"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s:\n%s", file, firstDifference(string(want), got))
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		var a, b string
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return "want " + a + "\ngot  " + b
		}
	}
	return ""
}

// TestBadFiles loads each bad file and compares all problems, with their places, to testdata/bad.golden.
func TestBadFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	var b strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		rules, err := Load(filepath.Base(file), data)
		var problems yamlfile.Problems
		if rules != nil || !errors.As(err, &problems) || len(problems) == 0 {
			t.Errorf("%s: loaded as %v, error %v", file, rules, err)
			continue
		}
		for _, p := range problems {
			if p.Line < 1 || p.Column < 1 {
				t.Errorf("%s: no place: %s", file, p)
			}
		}
		b.WriteString(err.Error() + "\n")
	}
	golden(t, "bad.golden", b.String())
}

func TestTooLarge(t *testing.T) {
	_, err := Load("p.yaml", make([]byte, MaxFile+1))
	if err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("error %v", err)
	}
}

func TestTooManyRoles(t *testing.T) {
	var b strings.Builder
	b.WriteString("version: 1\nunlisted: deny\nroles:\n")
	for i := range maxRoles + 1 {
		b.WriteString("  r" + strings.Repeat("x", i%50) + "-" + string(rune('a'+i/50)) + ": {who: {users: []}}\n")
	}
	_, err := Load("p.yaml", []byte(b.String()))
	if err == nil || !strings.Contains(err.Error(), "at most 256 roles") {
		t.Errorf("error %v", err)
	}
}

func mustLoad(t testing.TB, text string) *Rules {
	t.Helper()
	r, err := Load("policy.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestDigest(t *testing.T) {
	base := mustLoad(t, `
version: 1
unlisted: pass
roles:
  a: {who: {users: [x, y]}, allow: [{id: r, on: [public.t, public.u], do: [select, update], show: [b, a], mask: {c: email}}]}
  b: {who: {users: [z]}}
`)
	same := mustLoad(t, `
# the same in another order
roles:
  b: {who: {users: [z], databases: ["*"]}, record: none}
  a:
    allow:
      - {mask: {c: email}, id: r, do: [update, select], on: [public.u, public.t], show: [a, b]}
    who: {users: ["y", x]}
unlisted: pass
version: 1
`)
	if base.digest() != same.digest() || len(base.digest()) != 12 {
		t.Errorf("digests %s and %s of files that say the same", base.digest(), same.digest())
	}
	seen := map[string]bool{base.digest(): true}
	for i, change := range []func(*Rules){
		func(r *Rules) { r.UnlistedPass = false },
		func(r *Rules) { r.Roles[0].Record = true },
		func(r *Rules) { r.Roles[0].Users = []string{"x"} },
		func(r *Rules) { r.Roles[0].Allow[0].Do = 1 },
		func(r *Rules) { r.Roles[0].Allow[0].Show.All = true },
		func(r *Rules) { r.Roles[0].Allow[0].Mask = nil },
		func(r *Rules) { r.Roles[0].Allow[0].Write.All = true },
		func(r *Rules) { r.Roles[0].Allow[0].On = nil },
		func(r *Rules) { r.Forbids = []Forbid{{ID: "f"}} },
		func(r *Rules) { r.Forbids = []Forbid{{ID: "f", Columns: []Name{}}} },
	} {
		r := mustLoad(t, "version: 1\nunlisted: pass\nroles:\n"+
			"  a: {who: {users: [x, y]}, allow: [{id: r, on: [public.t, public.u], do: [select, update], show: [b, a], mask: {c: email}}]}\n"+
			"  b: {who: {users: [z]}}\n")
		change(r)
		if seen[r.digest()] {
			t.Errorf("change %d leaves the digest as it was", i)
		}
		seen[r.digest()] = true
	}
}

// FuzzLoad checks that no input panics, and that what loads also compiles or is refused with a place.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/bad/*.yaml", "../examples/policy.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			if data, err := os.ReadFile(file); err == nil {
				f.Add(data)
			}
		}
	}
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Load("fuzz.yaml", data)
		if (r == nil) == (err == nil) {
			t.Fatalf("rules %v, error %v", r, err)
		}
		if err != nil {
			return
		}
		if p, err := Compile(r, testSpec(), Options{}); err == nil {
			_ = p.Version()
			_ = p.Tables()
			p.RolesOf(Subject{User: "maya", Database: "crm"})
		}
	})
}

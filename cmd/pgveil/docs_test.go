package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

const root = "../.."

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Every module that our code imports has its reason in docs/dependencies.md, and nothing else stands there.
func TestDependenciesAreExplained(t *testing.T) {
	mod, err := modfile.Parse("go.mod", []byte(read(t, "go.mod")), nil)
	if err != nil {
		t.Fatal(err)
	}
	imported := map[string]bool{}
	for path := range imports(t) {
		for _, r := range mod.Require {
			if path == r.Mod.Path || strings.HasPrefix(path, r.Mod.Path+"/") {
				imported[r.Mod.Path] = true
			}
		}
	}
	if len(imported) < 10 {
		t.Fatalf("found only %d modules; the test does not see the code", len(imported))
	}
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (.+) \\| (.+) \\|$")
	explained := map[string]bool{}
	for _, m := range row.FindAllStringSubmatch(read(t, "docs/dependencies.md"), -1) {
		explained[m[1]] = true
	}
	for _, m := range slices.Sorted(maps.Keys(imported)) {
		if !explained[m] {
			t.Errorf("%s is imported and not explained in docs/dependencies.md", m)
		}
	}
	for _, m := range slices.Sorted(maps.Keys(explained)) {
		if !imported[m] {
			t.Errorf("%s is explained in docs/dependencies.md and not imported", m)
		}
	}
}

// imports is every import path of every Go file of the project, tests included.
func imports(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, s := range f.Imports {
			p, err := strconv.Unquote(s.Path.Value)
			if err != nil {
				return err
			}
			all[p] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The commands that docs and scripts name exist, with the flags that they are given.
func TestDocumentedCommandsExist(t *testing.T) {
	line := regexp.MustCompile(`(?m)(?:^|[^/\w.-])pgveil ((?:[a-z-]+ ?)+)([^\n` + "`" + `|]*)`)
	flag := regexp.MustCompile(`(?:^| )(--[a-z-]+|-[a-zA-Z])\b`)
	total := 0
	for _, name := range documents(t) {
		text := read(t, name)
		found := 0
		for _, block := range regexp.MustCompile("(?s)```(?:sh|console)\n(.*?)```").FindAllStringSubmatch(text, -1) {
			for _, m := range line.FindAllStringSubmatch(block[1], -1) {
				found++
				words := strings.Fields(m[1])
				c, rest, err := newRoot().Find(words)
				if err != nil || c == c.Root() || c.HasSubCommands() && len(rest) > 0 {
					t.Errorf("%s: there is no command %q", name, m[0])
					continue
				}
				for _, f := range flag.FindAllStringSubmatch(m[2], -1) {
					c.InitDefaultHelpFlag()
					long := strings.TrimLeft(f[1], "-")
					if c.Flags().Lookup(long) == nil && (len(long) != 1 || c.Flags().ShorthandLookup(long) == nil) {
						t.Errorf("%s: %s has no flag %s", name, c.CommandPath(), f[1])
					}
				}
			}
		}
		total += found
	}
	if total < 10 {
		t.Errorf("only %d commands found; the test does not see them", total)
	}
}

// documents is every Markdown file of the root and of docs, as paths from the root.
func documents(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			name, err := filepath.Rel(root, f)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, name)
		}
	}
	return all
}

// Without a container engine, the Dockerfile is held against the tree: what it copies exists and is not ignored, what it copies is
// all that the program is built from, and what it starts is a command.
func TestDockerfile(t *testing.T) {
	text := strings.ReplaceAll(read(t, "Dockerfile"), "\\\n", " ")
	ignore := read(t, ".dockerignore")
	copied := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^COPY ([^-].*) \S+$`).FindAllStringSubmatch(text, -1) {
		for _, src := range strings.Fields(m[1]) {
			copied[src] = true
			if _, err := os.Stat(filepath.Join(root, src)); err != nil {
				t.Errorf("COPY %s: %v", src, err)
			}
			if !strings.Contains(ignore, "\n!"+src+"\n") {
				t.Errorf("COPY %s: .dockerignore leaves it out", src)
			}
		}
	}
	tags := regexp.MustCompile(`go build .*-tags (\S+)`).FindStringSubmatch(text)
	if tags == nil {
		t.Fatal("the image is built without tags, so with the demo")
	}
	out, err := exec.Command("go", "list", "-deps", "-tags", tags[1], "-f", "{{if .Module}}{{if .Module.Main}}{{.ImportPath}}{{end}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range strings.Fields(string(out)) {
		top, _, _ := strings.Cut(strings.TrimPrefix(p, "github.com/pgveil/pgveil/"), "/")
		if !copied[top] {
			t.Errorf("package %s is built in and not copied", p)
		}
		if strings.Contains(p, "/demo") || top == "e2e" {
			t.Errorf("package %s does not belong in an image", p)
		}
	}
	binary := regexp.MustCompile(`COPY --from=build /out/pgveil (\S+)`).FindStringSubmatch(text)
	if binary == nil || !strings.Contains(text, `ENTRYPOINT ["`+binary[1]+`"]`) {
		t.Error("the entry point is not the binary that was copied")
	}
	commands := regexp.MustCompile(`CMD \[([^\]]+)\]`).FindAllStringSubmatch(text, -1)
	if len(commands) != 2 {
		t.Fatalf("%d CMD, want the health check's and the image's", len(commands))
	}
	for _, m := range commands {
		words := strings.FieldsFunc(m[1], func(r rune) bool { return strings.ContainsRune(`", `, r) })
		words = slices.DeleteFunc(words, func(w string) bool { return strings.HasSuffix(w, "/pgveil") })
		c, rest, err := newRoot().Find(words)
		if err != nil || c == c.Root() {
			t.Errorf("CMD %s: no such command", m[1])
			continue
		}
		if err := c.ParseFlags(rest); err != nil {
			t.Errorf("CMD %s: %v", m[1], err)
		}
	}
	if !regexp.MustCompile(`(?m)^USER [1-9]`).MatchString(text) {
		t.Error("the image runs as root")
	}
	goVersion := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))
	if goVersion == nil || !strings.Contains(text, "FROM golang:"+goVersion[1]+"-") {
		t.Error("the image builds with another Go than go.mod names")
	}
}

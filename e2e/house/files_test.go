package house

import (
	"bytes"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	fileLines = 600 // of a file outside tests
	funcLines = 100 // of a function outside tests
)

// file is a Go file of the tree.
type file struct {
	text []byte
	tree *ast.File
	set  *token.FileSet
	test bool
}

// goFiles gives every Go file of the tree, by its path from the root.
func goFiles(t *testing.T) map[string]file {
	t.Helper()
	set := token.NewFileSet()
	all := map[string]file{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		tree, err := parser.ParseFile(set, name, text, parser.ParseComments)
		if err != nil {
			return err
		}
		all[rel] = file{text, tree, set, strings.HasSuffix(name, "_test.go")}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 100 {
		t.Fatalf("only %d Go files found", len(all))
	}
	return all
}

// Every package says what it is, in one place.
func TestPackageComments(t *testing.T) {
	comments := map[string][]string{} // the files with a comment, by folder
	for name, f := range goFiles(t) {
		folder := filepath.Dir(name)
		if f.test && !testsOnly(t, folder) {
			continue
		}
		comments[folder] = append(comments[folder], nil...)
		if f.tree.Doc == nil {
			continue
		}
		comments[folder] = append(comments[folder], name)
		want := "Package " + f.tree.Name.Name + " "
		if f.tree.Name.Name == "main" {
			want = "Command " + filepath.Base(folder) + " "
		}
		if !strings.HasPrefix(f.tree.Doc.Text(), want) {
			t.Errorf("%s: the package's comment doesn't begin with %q", name, want)
		}
	}
	for folder, names := range comments {
		if len(names) != 1 {
			t.Errorf("%s has %d package comments %v, want one", folder, len(names), names)
		}
	}
}

// testsOnly reports whether a folder holds nothing but tests.
func testsOnly(t *testing.T, folder string) bool {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if !strings.HasSuffix(n, "_test.go") {
			return false
		}
	}
	return true
}

// What doesn't fit a screen or two is not read.
func TestSizes(t *testing.T) {
	for name, f := range goFiles(t) {
		if f.test {
			continue
		}
		if n := bytes.Count(f.text, []byte("\n")); n > fileLines {
			t.Errorf("%s has %d lines, at most %d", name, n, fileLines)
		}
		for _, d := range f.tree.Decls {
			if d, ok := d.(*ast.FuncDecl); ok {
				if n := f.line(d.End()) - f.line(d.Pos()) + 1; n > funcLines {
					t.Errorf("%s: %s has %d lines, at most %d", name, d.Name.Name, n, funcLines)
				}
			}
		}
	}
}

func (f file) line(p token.Pos) int { return f.set.Position(p).Line }

// Nothing happens by being imported, and nothing is left for later without saying so in the docs.
func TestNoInitNoLeftovers(t *testing.T) {
	leftover := regexp.MustCompile(`\b(TODO|FIXME|XXX|HACK)\b`)
	for name, f := range goFiles(t) {
		for _, d := range f.tree.Decls {
			if d, ok := d.(*ast.FuncDecl); ok && d.Recv == nil && d.Name.Name == "init" {
				t.Errorf("%s:%d: func init: order belongs in the code that calls", name, f.line(d.Pos()))
			}
		}
		for _, group := range f.tree.Comments {
			for _, c := range group.List {
				if m := leftover.FindString(c.Text); m != "" {
					t.Errorf("%s:%d: %s", name, f.line(c.Pos()), m)
				}
			}
		}
	}
}

// Variables of a package are tables, sentinels and patterns: no code writes to one, takes its address or locks it.
func TestNoMutableState(t *testing.T) {
	folders := map[string][]file{}
	for name, f := range goFiles(t) {
		if !f.test {
			folders[filepath.Dir(name)] = append(folders[filepath.Dir(name)], f)
		}
	}
	total := 0
	for folder, files := range folders {
		for _, problem := range mutableState(files, &total) {
			t.Errorf("%s: %s", folder, problem)
		}
	}
	if total < 20 {
		t.Errorf("only %d variables seen", total)
	}
}

// mutableState says which package variables of files, one package, are or can be written to.
func mutableState(files []file, total *int) (problems []string) {
	// Imports stay unresolved: which names are the package's own variables is known without them.
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	conf := types.Config{Error: func(error) {}, Importer: nothing{}}
	trees := make([]*ast.File, len(files))
	for i, f := range files {
		trees[i] = f.tree
	}
	pkg, _ := conf.Check("p", files[0].set, trees, info)
	at := func(n ast.Node) string { return files[0].set.Position(n.Pos()).String() + ": " }
	// own is the package variable that an expression names or lies in.
	own := func(e ast.Expr) *ast.Ident {
		for {
			switch x := e.(type) {
			case *ast.Ident:
				if v, ok := info.Uses[x].(*types.Var); ok && v.Parent() == pkg.Scope() {
					return x
				}
				return nil
			case *ast.IndexExpr:
				e = x.X
			case *ast.SelectorExpr:
				e = x.X
			case *ast.ParenExpr:
				e = x.X
			case *ast.StarExpr:
				e = x.X
			case *ast.SliceExpr:
				e = x.X
			default:
				return nil
			}
		}
	}
	written := func(e ast.Expr, how string) {
		if id := own(e); id != nil {
			problems = append(problems, at(e)+id.Name+" is "+how)
		}
	}
	for _, f := range files {
		for _, d := range f.tree.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
				for _, s := range g.Specs {
					s := s.(*ast.ValueSpec)
					*total++
					if p := uninitialised(g, s); p != "" {
						problems = append(problems, at(s)+p)
					}
				}
			}
		}
		ast.Inspect(f.tree, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for _, e := range n.Lhs {
					written(e, "assigned to")
				}
			case *ast.IncDecStmt:
				written(n.X, "counted")
			case *ast.UnaryExpr:
				if n.Op == token.AND {
					written(n.X, "pointed to")
				}
			case *ast.CallExpr:
				if id, ok := n.Fun.(*ast.Ident); ok && len(n.Args) > 0 && (id.Name == "delete" || id.Name == "clear" || id.Name == "copy") {
					written(n.Args[0], "changed")
				}
			}
			return true
		})
	}
	return problems
}

// uninitialised says what is wrong with how a package variable gets its value.
func uninitialised(g *ast.GenDecl, s *ast.ValueSpec) string {
	if len(s.Values) == 0 {
		for _, doc := range []*ast.CommentGroup{s.Doc, g.Doc} {
			if doc != nil && strings.HasPrefix(doc.List[len(doc.List)-1].Text, "//go:embed ") {
				return ""
			}
		}
		return s.Names[0].Name + " begins without a value, so somebody must write to it"
	}
	held := false
	for _, v := range append(slices.Clone(s.Values), s.Type) {
		if v == nil {
			continue
		}
		ast.Inspect(v, func(n ast.Node) bool {
			if x, ok := n.(*ast.SelectorExpr); ok {
				if p, ok := x.X.(*ast.Ident); ok && (p.Name == "sync" || p.Name == "atomic") {
					held = true
				}
			}
			return true
		})
	}
	if held {
		return s.Names[0].Name + " holds a lock or a counter"
	}
	return ""
}

type nothing struct{}

func (nothing) Import(string) (*types.Package, error) { return nil, errors.New("not needed") }

func TestMutableStateIsSeen(t *testing.T) {
	for _, test := range []struct {
		code string
		want string // part of the only problem, or empty
	}{
		{"var n = 1\nfunc f() { n = 2 }", "assigned to"},
		{"var n = 1\nfunc f() { n++ }", "counted"},
		{"var n = 1\nfunc f() { n := 2; n++ }", ""},
		{"var m = map[int]int{}\nfunc f() { m[1] = 2 }", "assigned to"},
		{"var m = map[int]int{}\nfunc f() { delete(m, 1) }", "changed"},
		{"var s = struct{ a []int }{}\nfunc f() { s.a[0] = 2 }", "assigned to"},
		{"var s = struct{ a int }{}\nfunc f() *int { return &s.a }", "pointed to"},
		{"var s = struct{ a int }{}\nfunc f() int { return s.a }", ""},
		{"var s int", "begins without a value"},
		{"import _ \"embed\"\n//go:embed x\nvar s string", ""},
		{"import \"sync\"\nvar s = sync.Mutex{}", "holds a lock"},
		{"import \"errors\"\nvar errX = errors.New(\"x\")", ""},
	} {
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, "x.go", "package p\n"+test.code, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		got := mutableState([]file{{tree: tree, set: set}}, &total)
		if test.want == "" && len(got) > 0 || test.want != "" && (len(got) != 1 || !strings.Contains(got[0], test.want)) {
			t.Errorf("%s\n%q, want %q", test.code, got, test.want)
		}
		if total != 1 {
			t.Errorf("%s\n%d variables seen", test.code, total)
		}
	}
}

package main

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy"
)

var update = flag.Bool("update", false, "write docs/errors.md anew")

// The lists of docs/errors.md, each with the words above it.
func refusalLists() []struct {
	title, about string
	docs         []sql.RefusalDoc
} {
	var statements, definitions []sql.RefusalDoc
	for _, d := range sql.Refusals() {
		if d.Code < "PV200" {
			statements = append(statements, d)
		} else {
			definitions = append(definitions, d)
		}
	}
	return []struct {
		title, about string
		docs         []sql.RefusalDoc
	}{
		{"Values, messages, sessions", "What becomes wrong while a statement is carried out.", proxy.Refusals()},
		{"Statements", "What can't be asked of ciphertext, or not yet.", statements},
		{"Data definition", "What would make the database hold something else than the configuration says.", definitions},
		{"The policy", "Who may see and do what; [policy.md](policy.md) explains the rules.", policy.Refusals()},
	}
}

const errorsIntro = `# Errors

<!-- Written by go test ./cmd/pgveil -run ErrorsDoc -update -->

A statement that pgveil does not carry out gets an error like any of the server's own: an SQLSTATE for programs, the place in the
client's text, a hint, and at the end of the message a code in brackets, which is stable and stands in this page, in the record and in
the metric ` + "`pgveil_refusals_total`" + `. Messages name tables and columns, never values.

` + "```" + `
ERROR:  masked column email of table public.customers is used in a condition; role support may only select it [PV304]
LINE 1: SELECT id, name FROM customers WHERE email = 'ada@example.org'
                                             ^
HINT:  Select the column as it is. …
` + "```" + `

The error arrives in the place where the answer would have stood, also in a pipeline, and leaves the transaction in the state in which an
error of the server's would (docs/adr/0001-the-server-raises.md). Nothing of a refused statement is sent to the server, and a text of
several statements is refused as a whole, unless an earlier one changes what a later one means (docs/adr/0016-texts.md). ` + "`pgveil explain`" + ` tells beforehand.

Errors without a code are the server's own. Their positions point into the text that the client sent, and sealed values that they
quote are replaced by ` + "`(sealed)`" + `. When a session can't begin or go on, the error is FATAL and the SQLSTATE is PostgreSQL's for the same
case: ` + "`28P01`" + ` wrong password, ` + "`28000`" + ` TLS is missing, ` + "`53300`" + ` too many clients, ` + "`08001`" + ` the server can't be reached, ` +
	"`08P01`" + ` the protocol was broken, ` + "`57P01`" + ` the proxy is stopping.

Two codes come late, PV009 and PV010: the server has carried the statement out and pgveil does not show what it sent. What the
statement changed stays changed, and a transaction goes on; ReadyForQuery tells, as always. If the client has already sent more
statements of the same batch behind it, so that "error, the rest was skipped" would be untrue, the session ends.
`

// TestErrorsDoc keeps docs/errors.md.
func TestErrorsDoc(t *testing.T) {
	var b strings.Builder
	b.WriteString(errorsIntro)
	for _, l := range refusalLists() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| code | SQLSTATE | what | what to do |\n| --- | --- | --- | --- |\n", l.title, l.about)
		for _, d := range l.docs {
			what := d.Title
			if !strings.HasSuffix(what, ".") {
				what += "."
			}
			fmt.Fprintf(&b, "| <a id=\"%s\"></a>%s | %s | %s | %s |\n", strings.ToLower(d.Code), d.Code, d.SQLSTATE, strings.ReplaceAll(what, "|", `\|`), strings.ReplaceAll(d.Fix, "|", `\|`))
		}
	}
	file := filepath.Join(root, "docs/errors.md")
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if read(t, "docs/errors.md") != b.String() {
		t.Error("docs/errors.md is out of date: go test ./cmd/pgveil -run ErrorsDoc -update")
	}
}

// Codes are unique over all lists, in order within each, and complete.
func TestRefusalCodes(t *testing.T) {
	listed := map[string]bool{}
	for _, l := range refusalLists() {
		last := ""
		for _, d := range l.docs {
			if listed[d.Code] || d.Code <= last {
				t.Errorf("%s stands twice or out of order", d.Code)
			}
			listed[d.Code], last = true, d.Code
			if !regexp.MustCompile(`^[0-9A-Z]{5}$`).MatchString(d.SQLSTATE) || d.Title == "" || !strings.HasSuffix(d.Fix, ".") {
				t.Errorf("%s lacks something: %+v", d.Code, d)
			}
		}
	}
	used := codesInSource(t)
	for code, file := range used {
		if !listed[code] {
			t.Errorf("%s, which %s uses, is not listed", code, file)
		}
	}
	for code := range listed {
		if used[code] == "" {
			t.Errorf("%s is listed, and nothing is refused with it", code)
		}
	}
}

// codesInSource is every code that the program refuses with, each with a file that does: codes in strings and the constants that stand
// for them, outside of the functions that list them.
func codesInSource(t *testing.T) map[string]string {
	t.Helper()
	code := regexp.MustCompile(`PV\d{3}`)
	constants, uses, codes := map[string]string{}, map[string]string{}, map[string]string{}
	set := token.NewFileSet()
	for _, top := range []string{"policy", "proxy", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(set, path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.FuncDecl:
					return !strings.HasSuffix(strings.ToLower(n.Name.Name), "refusals")
				case *ast.GenDecl:
					if n.Tok != token.CONST {
						return true
					}
					for _, s := range n.Specs {
						if s := s.(*ast.ValueSpec); len(s.Values) == 1 {
							if v, ok := s.Values[0].(*ast.BasicLit); ok && code.MatchString(v.Value) {
								constants[s.Names[0].Name] = code.FindString(v.Value)
							}
						}
					}
					return false
				case *ast.Ident:
					uses[n.Name] = path
				case *ast.BasicLit:
					for _, c := range code.FindAllString(n.Value, -1) {
						codes[c] = path
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range constants {
		if uses[name] != "" {
			codes[c] = uses[name]
		}
	}
	if len(codes) < 50 {
		t.Fatalf("only %d codes found; the test does not see the code", len(codes))
	}
	return codes
}

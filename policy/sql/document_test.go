package sql

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestDocumentGolden checks what is known of statements over a jsonb column with protected paths: testdata/document.txt.
func TestDocumentGolden(t *testing.T) {
	const file = "testdata/document.txt"
	catalog, cases := readGolden(t, file)
	c := testCatalog(t, catalog)
	var out strings.Builder
	out.WriteString(catalog + "\n---\n")
	for _, k := range cases {
		got := printAll(Analyze(c, dmlPath, k.sql), k.sql)
		fmt.Fprintf(&out, "%s%s\n=>\n%s\n", k.comment, k.sql, got)
		if !*update && strings.TrimSpace(got) != strings.TrimSpace(k.want) {
			t.Errorf("%s\n got:\n%s\nwant:\n%s", k.sql, got, k.want)
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if len(cases) < 50 {
		t.Errorf("only %d cases", len(cases))
	}
}

// TestDocumentBelow walks from a document into its values.
func TestDocumentBelow(t *testing.T) {
	text := func(id uint32) Protection { return Protection{Key: fmt.Sprint(id), ID: id, Type: Type{OIDText, -1}} }
	d := NewDocument([]DocumentPath{{[]string{"b", "c"}, text(1)}, {[]string{"a"}, text(2)}, {[]string{"b", "a", "x"}, text(3)}})
	if fmt.Sprint(d.Steps()) != "[[a] [b a x] [b c]]" {
		t.Error(d.Steps())
	}
	for path, want := range map[string]string{"a": "root 2", "b": "[[a x] [c]]", "b c": "root 1", "b a": "[[x]]", "b a x": "root 3", "c": "", "a x": "", "b x": ""} {
		at := d
		for _, step := range strings.Fields(path) {
			if at != nil {
				at = at.Below(step)
			}
		}
		got := ""
		switch {
		case at == nil:
		case at.Root() != nil:
			got = fmt.Sprint("root ", at.Root().ID)
		default:
			got = fmt.Sprint(at.Steps())
		}
		if got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if sameDocument(d, d.Below("b")) || !sameDocument(d.Below("b"), NewDocument([]DocumentPath{{[]string{"c"}, text(1)}, {[]string{"a", "x"}, text(3)}})) ||
		sameDocument(d.Below("a"), NewDocument([]DocumentPath{{nil, text(1)}})) || sameDocument(nil, d) {
		t.Error("documents are the same by their paths and keys")
	}
}

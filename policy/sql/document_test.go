package sql

import (
	"fmt"
	"strings"
	"testing"
)

// TestDocumentGolden checks what is known of statements over a jsonb column with protected paths: testdata/document.txt.
func TestDocumentGolden(t *testing.T) {
	const file = "testdata/document.txt"
	if ran := runGolden(t, file, func(_ *Catalog, all []*Statement, text string) string { return printAll(all, text) }); ran < 50 {
		t.Errorf("only %d cases", ran)
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

package sql

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// docs/errors.md holds the refusals of this package between two marks.
const (
	errorsFile  = "../../docs/errors.md"
	errorsBegin = "<!-- sql refusals: written by go test ./policy/sql -run ErrorsDoc -update -->"
	errorsEnd   = "<!-- end of sql refusals -->"
)

func TestRefusalsAreComplete(t *testing.T) {
	seen := map[string]bool{}
	last := ""
	for _, d := range Refusals() {
		if seen[d.Code] || d.Code <= last {
			t.Errorf("%s stands twice or out of order", d.Code)
		}
		seen[d.Code], last = true, d.Code
		if !regexp.MustCompile(`^PV[12]\d\d$`).MatchString(d.Code) || !regexp.MustCompile(`^[0-9A-Z]{5}$`).MatchString(d.SQLSTATE) ||
			d.Title == "" || d.Fix == "" || !strings.HasSuffix(d.Fix, ".") {
			t.Errorf("%+v", d)
		}
	}
}

func TestErrorsDoc(t *testing.T) {
	var b strings.Builder
	b.WriteString(errorsBegin + "\n\n| code | SQLSTATE | what | what to do |\n| --- | --- | --- | --- |\n")
	for _, d := range Refusals() {
		fmt.Fprintf(&b, "| %s | %s | %s. | %s |\n", d.Code, d.SQLSTATE, d.Title, d.Fix)
	}
	b.WriteString("\n" + errorsEnd)
	old, err := os.ReadFile(errorsFile)
	if os.IsNotExist(err) && *update {
		old = []byte("# Errors\n\nEach refusal has a stable code, which stands in the error's message and in the record. Messages name tables and columns, never values.\n\n" +
			errorsBegin + "\n" + errorsEnd + "\n")
	} else if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(old), errorsBegin)
	_, after, ok2 := strings.Cut(rest, errorsEnd)
	if !ok || !ok2 {
		t.Fatalf("%s lacks the marks", errorsFile)
	}
	now := before + b.String() + after
	if now == string(old) {
		return
	}
	if !*update {
		t.Fatalf("%s is out of date: run go test ./policy/sql -run ErrorsDoc -update", errorsFile)
	}
	if err := os.WriteFile(errorsFile, []byte(now), 0o644); err != nil {
		t.Fatal(err)
	}
}

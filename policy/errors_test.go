package policy

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestErrorsDoc keeps the policy's part of docs/errors.md, between two marks.
func TestErrorsDoc(t *testing.T) {
	const (
		file  = "../docs/errors.md"
		begin = "<!-- policy refusals: written by go test ./policy -run ErrorsDoc -update -->"
		end   = "<!-- end of policy refusals -->"
	)
	var b strings.Builder
	b.WriteString(begin + "\n\n| code | SQLSTATE | what | what to do |\n| --- | --- | --- | --- |\n")
	for _, d := range Refusals() {
		fmt.Fprintf(&b, "| %s | %s | %s. | %s |\n", d.Code, d.SQLSTATE, d.Title, d.Fix)
	}
	b.WriteString("\n" + end)
	old := read(t, file)
	before, rest, ok := strings.Cut(old, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if (!ok || !ok2) && *update {
		before, after = strings.TrimRight(old, "\n")+"\n\n## The policy's refusals\n\nRules are explained in [policy.md](policy.md).\n\n", "\n"
	} else if !ok || !ok2 {
		t.Fatalf("%s lacks the policy's marks", file)
	}
	now := before + b.String() + after
	if now == old {
		return
	}
	if !*update {
		t.Fatalf("%s is out of date: run go test ./policy -run ErrorsDoc -update", file)
	}
	if err := os.WriteFile(file, []byte(now), 0o644); err != nil {
		t.Fatal(err)
	}
}

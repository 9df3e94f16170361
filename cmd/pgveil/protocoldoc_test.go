package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each test that docs/protocol.md names exists, and each rule names one or says that there is nothing to test.
func TestProtocolDoc(t *testing.T) {
	text, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	defined := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	for _, folder := range []string{"../../proxy", "../../e2e"} {
		err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			for _, m := range declared.FindAllSubmatch(source, -1) {
				defined[string(m[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`")
	rules := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if !regexp.MustCompile(`^[A-Z][0-9]+$`).MatchString(cells[0]) {
			continue
		}
		rules++
		if len(cells) != 4 {
			t.Fatalf("%s has %d cells", cells[0], len(cells))
		}
		tests := named.FindAllStringSubmatch(cells[3], -1)
		if len(tests) == 0 && cells[3] != "–" {
			t.Errorf("%s names no test", cells[0])
		}
		for _, m := range tests {
			if !defined[m[1]] {
				t.Errorf("%s: there is no %s", cells[0], m[1])
			}
		}
	}
	if rules < 60 {
		t.Errorf("only %d rules were found", rules)
	}
}

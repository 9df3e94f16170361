package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/config"
	"github.com/pgveil/pgveil/policy"
)

// The YAML of the README loads: configurations, and policies over them.
func TestReadmeYAML(t *testing.T) {
	configs, policies := 0, 0
	for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(read(t, "README.md"), -1) {
		var err error
		if strings.HasPrefix(m[1], "version:") {
			policies++
			_, err = policy.Load("README.md", []byte(m[1]))
		} else {
			configs++
			_, err = config.Parse([]byte(m[1]), "README.md", "/etc/pgveil")
		}
		if err != nil {
			t.Errorf("%v\n%s", err, m[1])
		}
	}
	if configs == 0 || policies == 0 {
		t.Errorf("%d configurations and %d policies found", configs, policies)
	}
}

// Links within the project lead somewhere, headings included.
func TestLinks(t *testing.T) {
	links := 0
	for _, name := range documents(t) {
		text := regexp.MustCompile("(?s)```.*?```").ReplaceAllString(read(t, name), "")
		for _, m := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			links++
			target, anchor, _ := strings.Cut(m[1], "#")
			file := name
			if target != "" {
				file = filepath.Join(filepath.Dir(name), target)
			}
			if _, err := os.Stat(filepath.Join(root, file)); err != nil {
				t.Errorf("%s: %s leads nowhere", name, m[1])
				continue
			}
			if anchor != "" && !anchors(read(t, file))[anchor] {
				t.Errorf("%s: %s has no such heading", name, m[1])
			}
		}
	}
	if links < 10 {
		t.Errorf("only %d links found; the test does not see them", links)
	}
}

// anchors are the names by which headings and marked places are linked to.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(text, -1) {
		a := strings.ToLower(m[1])
		a = regexp.MustCompile("[^a-z0-9 _-]").ReplaceAllString(a, "")
		all[strings.ReplaceAll(a, " ", "-")] = true
	}
	for _, m := range regexp.MustCompile(`<a id="([^"]+)">`).FindAllStringSubmatch(text, -1) {
		all[m[1]] = true
	}
	return all
}

// Each package of the program stands in the table of docs/ARCHITECTURE.md, by itself or by what it is below.
func TestArchitectureNamesEveryPackage(t *testing.T) {
	out, err := exec.Command("go", "list", "../../...").Output()
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z0-9/]+)`").FindAllStringSubmatch(read(t, "docs/ARCHITECTURE.md"), -1) {
		named[m[1]] = true
		if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
			t.Errorf("docs/ARCHITECTURE.md names %s: %v", m[1], err)
		}
	}
	for _, p := range strings.Fields(string(out)) {
		name := strings.TrimPrefix(p, "github.com/pgveil/pgveil/")
		parent := filepath.Dir(name)
		test := strings.HasSuffix(name, "test") && named[parent]
		if !named[name] && !test && !strings.HasPrefix(name, "e2e/") && !strings.HasPrefix(name, "crypto/kms/") {
			t.Errorf("docs/ARCHITECTURE.md does not name %s", name)
		}
	}
}

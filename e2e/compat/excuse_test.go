//go:build compat

package compat

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// excuse is a line of differences.txt: of one test, lines of the difference that match are explained.
type excuse struct {
	test    string
	line    *regexp.Regexp
	reason  string
	matched bool
}

type excuses []*excuse

// excuseForm is test: /pattern/ reason. The pattern is of a whole line of diff -U0, with its + or -.
var excuseForm = regexp.MustCompile(`^(\w+): /(.+)/ (.+)$`)

func readExcuses(t *testing.T, file string) (all excuses) {
	t.Helper()
	text, err := os.ReadFile(file)
	check(t, err)
	for i, line := range strings.Split(string(text), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		m := excuseForm.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("%s:%d: not a test, a /pattern/ and a reason", file, i+1)
		}
		pattern, err := regexp.Compile("^(?:" + m[2] + ")$")
		check(t, err)
		all = append(all, &excuse{test: m[1], line: pattern, reason: m[3]})
	}
	return all
}

// unexcused is what remains of a difference: the hunks in which a line is not explained.
func (all excuses) unexcused(test, diff string) string {
	var rest strings.Builder
	for _, hunk := range strings.SplitAfter(strings.ReplaceAll(diff, "\n@@ ", "\n\x00@@ "), "\x00") {
		hunk = strings.TrimSuffix(hunk, "\x00")
		explained := true
		for _, line := range strings.Split(hunk, "\n") {
			if line == "" || line[0] != '+' && line[0] != '-' || strings.HasPrefix(line, "--- ") || strings.HasPrefix(line, "+++ ") {
				continue
			}
			explained = all.explains(test, line) && explained
		}
		if !explained {
			rest.WriteString(hunk)
		}
	}
	return rest.String()
}

func (all excuses) explains(test, line string) (found bool) {
	for _, e := range all {
		if e.test == test && e.line.MatchString(line) {
			found, e.matched = true, true
		}
	}
	return found
}

// reason is why a test's lines may differ.
func (all excuses) reason(test string) string {
	for _, e := range all {
		if e.test == test {
			return e.reason
		}
	}
	return ""
}

// unused are the excuses that nothing needed.
func (all excuses) unused() (lines []string) {
	for _, e := range all {
		if !e.matched {
			lines = append(lines, e.test+": /"+e.line.String()+"/ "+e.reason)
		}
	}
	return lines
}

// difference is the unified diff of two outputs; empty if they are equal.
func difference(t *testing.T, want, got string) string {
	t.Helper()
	if want == got {
		return ""
	}
	dir := t.TempDir()
	a, b := filepath.Join(dir, "direct"), filepath.Join(dir, "through")
	check(t, os.WriteFile(a, []byte(want), 0o600))
	check(t, os.WriteFile(b, []byte(got), 0o600))
	out, _ := exec.Command("diff", "-U0", "--label", "direct", "--label", "through", a, b).Output() // 1 says that they differ
	return string(out)
}

// TestExcuses: a line that is not explained shows its hunk, and no other; an excuse that nothing needs is told.
func TestExcuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "differences.txt")
	check(t, os.WriteFile(file, []byte("# words\nsort: /[+]ERROR: .*PV1/ why\nsort: /-ok/ why\njoin: /.*/ never\n"), 0o600))
	all := readExcuses(t, file)
	diff := difference(t, "1\nok\n2\nok\n3\n4\n5\n6\n", "1\nERROR: no PV1\n2\nERROR: PV1 and more\n3\n4\n5\n7\n")
	if rest := all.unexcused("sort", diff); strings.Contains(rest, "no PV1") || !strings.Contains(rest, "and more") || !strings.Contains(rest, "-6") || strings.Count(rest, "@@ ") != 2 {
		t.Errorf("%s", rest)
	}
	if other := all.unexcused("other", diff); strings.Count(other, "@@ ") != 3 || !strings.HasSuffix(diff, other) || all.unexcused("join", diff) != "" {
		t.Error("an excuse counts for its test alone")
	}
	if difference(t, "a", "a") != "" || all.unexcused("sort", "") != "" {
		t.Error("nothing differs")
	}
	all[2].matched = false
	if got := all.unused(); len(got) != 1 || !strings.HasPrefix(got[0], "join: ") {
		t.Errorf("%q", got)
	}
}

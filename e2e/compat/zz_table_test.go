//go:build compat

package compat

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	tableBegins = "<!-- The table is written by make test-compat. -->\n"
	tableEnds   = "<!-- Here it ends. -->\n"
	tablePage   = "../../docs/compat.md"
)

// TestZTable writes what the other tests have recorded, in this run or earlier ones, into docs/compat.md. It is the last by its name:
// go test runs a file's tests in the order of the files.
func TestZTable(t *testing.T) {
	files, err := filepath.Glob("../../bin/compat/results/*.json")
	check(t, err)
	var all []line
	for _, f := range files {
		text, err := os.ReadFile(f)
		check(t, err)
		var lines []line
		check(t, json.Unmarshal(text, &lines))
		all = append(all, lines...)
	}
	if len(all) == 0 {
		t.Fatal("nothing was recorded")
	}
	page, err := os.ReadFile(tablePage)
	check(t, err)
	before, rest, ok := strings.Cut(string(page), tableBegins)
	_, after, ok2 := strings.Cut(rest, tableEnds)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", tablePage)
	}
	check(t, os.WriteFile(tablePage, []byte(before+tableBegins+table(all)+tableEnds+after), 0o644))
}

// table shows lines in Markdown, and below them each reason with what differs by it.
func table(all []line) string {
	var b strings.Builder
	b.WriteString("\n| suite | way | passed | failed | skipped | differ from direct or are left out, for a reason below |\n| --- | --- | --- | --- | --- | --- |\n")
	reasons := map[string][]string{}
	var order []string
	for _, l := range all {
		differ := fmt.Sprint(len(l.Differ))
		if l.Way == "direct" {
			differ = "–"
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %s |\n", l.Suite, l.Way, l.Passed, l.Failed, l.Skipped, differ)
		for _, d := range l.Differ {
			at := strings.LastIndex(d, ": ")
			if at < 0 {
				at, d = len(d), d+": no reason"
			}
			why, what := d[at+2:], l.Suite+": "+d[:at]
			if len(reasons[why]) == 0 {
				order = append(order, why)
			}
			if !slices.Contains(reasons[why], what) {
				reasons[why] = append(reasons[why], what)
			}
		}
	}
	b.WriteString("\n")
	if len(order) > 0 {
		b.WriteString("| reason | what differs |\n| --- | --- |\n")
	}
	for _, why := range order {
		what := reasons[why]
		shown := strings.Join(what[:min(len(what), 4)], "; ")
		if len(what) > 4 {
			shown += fmt.Sprintf("; and %d more", len(what)-4)
		}
		fmt.Fprintf(&b, "| %s | %s |\n", strings.ReplaceAll(why, "|", "\\|"), strings.ReplaceAll(shown, "|", "\\|"))
	}
	b.WriteString("\n")
	return b.String()
}

// Package yamlfile reads a YAML file that people write: one document, no anchors, and every problem with the place where it stands.
package yamlfile

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing wrong with a file. Line and Column count from 1; Line 0 means that it has no place.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// String is file:line:column: message, as compilers print it and editors understand it.
func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// Problems is everything wrong with a file, in the file's order. As an error it prints one problem a line.
type Problems []Problem

// Error prints one problem a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// OrNil is the error of a list that may be empty, in the file's order.
func (ps Problems) OrNil() error {
	if len(ps) == 0 {
		return nil
	}
	ps.Sort()
	return ps
}

// Sort puts the problems into the file's order; those without a place come first.
func (ps Problems) Sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
}

// DidYouMean is a closing phrase that names the nearest of the right names, or lists them if none is near.
func DidYouMean(got string, right []string) string {
	best, dist := "", max(2, len(got)/3)+1
	for _, r := range right {
		if len(got) >= 3 && strings.HasPrefix(r, strings.ToLower(got)) {
			return fmt.Sprintf("; did you mean %q?", r)
		}
		if d := distance(strings.ToLower(got), r); d < dist {
			best, dist = r, d
		}
	}
	if best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return "; expected one of " + strings.Join(right, ", ")
}

// distance is the number of single-byte edits between a and b, a swap of neighbours counting as one (Damerau–Levenshtein,
// restricted); whatever is long is far.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	var prev2 []int
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev = prev, row
	}
	return prev[len(b)]
}

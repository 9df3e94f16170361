package policy

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing wrong with a policy file. Line and Column count from 1; Line 0 means that it has no place.
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

// Problems is everything wrong with a policy file, in the file's order. As an error it prints one problem a line.
type Problems []Problem

// Error prints one problem a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

func (ps Problems) sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
}

// orNil is the error of a list that may be empty.
func (ps Problems) orNil() error {
	if len(ps) == 0 {
		return nil
	}
	ps.sort()
	return ps
}

// didYouMean is a closing phrase that names the nearest of the right names, or lists them if none is near.
func didYouMean(got string, right []string) string {
	best, dist := "", max(2, len(got)/3)+1
	for _, r := range right {
		if d := distance(strings.ToLower(got), r); d < dist {
			best, dist = r, d
		}
	}
	if best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return "; expected one of " + strings.Join(right, ", ")
}

// distance is the number of single-byte edits between a and b (Levenshtein); whatever is long is far.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			diagonal, row[j] = row[j], min(row[j]+1, row[j-1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

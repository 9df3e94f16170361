package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitOK      = 0
	exitProblem = 1
	exitUsage   = 2
)

// errShown ends a command with exit code 1 after everything was printed.
var errShown = errors.New("problems were printed")

// usageError is a wrong command line.
type usageError struct {
	text    string
	command string
}

func (e *usageError) Error() string { return e.text }

func usage(c *cobra.Command, format string, words ...any) error {
	return &usageError{text: fmt.Sprintf(format, words...), command: c.CommandPath()}
}

// hinted is an error with a line about what to do.
type hinted struct {
	error
	hint string
}

func (e *hinted) Unwrap() error { return e.error }

func withHint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return &hinted{err, hint}
}

// report prints a command's error and chooses the exit code. Errors of several lines, as problems of a file are, are printed as
// they are: editors understand them.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	var wrong *usageError
	if errors.As(err, &wrong) {
		fmt.Fprintf(w, "%s: %s\nSee %s --help.\n", wrong.command, wrong.text, wrong.command)
		return exitUsage
	}
	var code exitCode
	if errors.As(err, &code) {
		return int(code)
	}
	if errors.Is(err, errShown) {
		return exitProblem
	}
	for _, p := range flatten(err) {
		if lines := p.Error(); strings.Contains(lines, "\n") || isPlace(lines) {
			fmt.Fprintln(w, lines)
		} else {
			fmt.Fprintln(w, "pgveil: "+lines)
		}
		var h *hinted
		if errors.As(p, &h) {
			fmt.Fprintln(w, "hint: "+h.hint)
		}
	}
	return exitProblem
}

// flatten takes joined errors apart.
func flatten(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, flatten(e)...)
	}
	return all
}

// isPlace tells whether a line begins with file:line:column.
func isPlace(line string) bool {
	var l, c int
	_, rest, ok := strings.Cut(line, ":")
	if !ok {
		return false
	}
	n, err := fmt.Sscanf(rest, "%d:%d:", &l, &c)
	return err == nil && n == 2
}

// printJSON writes v with two spaces of indentation.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// table prints rows in aligned columns.
func table(w io.Writer, rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-len([]rune(cell))+2))
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}

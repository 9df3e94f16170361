package demo

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// screen is where the demo prints. It colours only on a terminal whose user has not asked for none (https://no-color.org).
type screen struct {
	io.Writer
	terminal, colour bool
}

func newScreen(w io.Writer) *screen {
	s := &screen{Writer: w}
	if f, ok := w.(*os.File); ok {
		s.terminal = term.IsTerminal(int(f.Fd()))
	}
	s.colour = s.terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return s
}

// style is the parameter of an ANSI SGR sequence (ECMA-48); empty is plain.
type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
	cyan   style = "36"
)

func (s *screen) paint(st style, text string) string {
	if !s.colour || st == plain {
		return text
	}
	return "\x1b[" + string(st) + "m" + text + "\x1b[0m"
}

func (s *screen) printf(format string, args ...any) { fmt.Fprintf(s, format, args...) }

func (s *screen) heading(text string) { s.printf("\n%s\n\n", s.paint(bold, "── "+text)) }

// cell is a text with its style.
type cell struct {
	text  string
	style style
}

// table prints rows in aligned columns, indented by two.
func (s *screen) table(rows [][]cell) {
	var widths []int
	for _, row := range rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, c := range row {
			b.WriteString("  " + s.paint(c.style, c.text))
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c.text)))
			}
		}
		s.printf("%s\n", strings.TrimRight(b.String(), " "))
	}
}

// short abbreviates a stored value in PostgreSQL's text form of bytea.
func short(text string) string {
	const head, tail = 10, 6
	if !strings.HasPrefix(text, `\x`) || len(text) < 2+head+tail {
		return text
	}
	return fmt.Sprintf("%s…%s (%d bytes)", text[:2+head], text[len(text)-tail:], (len(text)-2)/2)
}

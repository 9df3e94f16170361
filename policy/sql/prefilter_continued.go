package sql

import "strings"

// continued reports whether a constant in quotes may go on after a line's end in another pair of quotes, with white space and comments of
// one line between: quotecontinue in src/backend/parser/scan.l.
func continued(text string) bool {
	for {
		i := strings.IndexByte(text, '\'')
		if i < 0 {
			return false
		}
		text = text[i+1:]
		newline, rest := false, text
		for rest != "" {
			switch {
			case strings.HasPrefix(rest, "--"):
				end := strings.IndexAny(rest, "\r\n")
				if end < 0 {
					return false
				}
				rest = rest[end:]
				continue
			case strings.IndexByte("\r\n", rest[0]) >= 0:
				newline = true
				fallthrough
			case strings.IndexByte(" \t\f\v", rest[0]) >= 0:
				rest = rest[1:]
				continue
			case rest[0] == '\'' && newline:
				return true
			}
			break
		}
	}
}

package sql

import "strings"

// fetchesUnseen reports whether a body may read, by FETCH, a cursor that it has not opened itself. The client's own cursors and portals have names
// that code can hold in a variable: those over protected or listed columns give cells, and masked columns as they are. FETCH is taken for one of
// the body's own cursors only where that is certain:
//
//   - the variable is declared once, as a cursor or refcursor without a value, in front of the outermost BEGIN;
//   - OPEN of it stands in front of every FETCH, where nothing can lead past it: before PostgreSQL 16 a cursor variable that is not open
//     holds its own name, by which the server finds the client's cursor (plpgsql_build_variable in src/pl/plpgsql/src/pl_comp.c);
//   - it is never assigned, and no handler of errors stands in front of a FETCH.
func fetchesUnseen(body string) bool {
	if !strings.Contains(strings.ToLower(body), "fetch") {
		return false
	}
	if strings.Contains(body, `\`) {
		return true // what a constant ends with hangs on a setting
	}
	words, ok := bodyWords(body)
	if !ok {
		return true
	}
	for i, w := range words {
		if w != "fetch" {
			continue
		}
		if !beginsStatement(words, i) {
			if i+1 < len(words) && (words[i+1] == "first" || words[i+1] == "next") {
				continue // of a query
			}
			return true
		}
		cursor := i + 1
		for cursor < len(words) && words[cursor] != "into" && words[cursor] != ";" {
			cursor++
		}
		if cursor--; cursor == i || !ownCursor(words, cursor, i) {
			return true
		}
	}
	return false
}

// bodyWords are the tokens of a body: words in lower case, all else as it is written. It is false where the body can't be read.
func bodyWords(body string) (words []string, ok bool) {
	for at := 0; ; {
		t, ok := nextToken(body, at)
		if !ok {
			return words, t.Start == len(body)
		}
		word := body[t.Start:t.End]
		if t.Kind == KindWord {
			word = strings.ToLower(word)
		}
		words, at = append(words, word), t.End
	}
}

// beginsStatement reports whether a statement of a body may begin at a word.
func beginsStatement(words []string, i int) bool {
	if i == 0 {
		return true
	}
	switch words[i-1] {
	case ";", "begin", "then", "else", "loop", ">", ">>":
		return true
	}
	return false
}

// ownCursor reports whether the word at cursor, of a FETCH that begins at fetch, is certainly a cursor that the body has opened.
func ownCursor(words []string, cursor, fetch int) bool {
	name := words[cursor]
	if !wordName(name) || name == "" || !isLetter(name[0]) || words[cursor-1] == "." {
		return false
	}
	begin, declared, opened := len(words), 0, -1
	for i, w := range words {
		next := func(n int) string {
			if i+n < len(words) {
				return words[i+n]
			}
			return ""
		}
		switch {
		case w == "begin" && i < begin:
			begin = i
		case w == "exception" && i < fetch && words[i-min(i, 1)] != "raise":
			return false
		case strings.HasPrefix(w, `"`) && equalFold(strings.Trim(w, `"`), name):
			return false
		case w != name:
		case i > 0 && (words[i-1] == "declare" || words[i-1] == ";") && declaresCursor(next):
			if declared++; i > begin || declared > 1 {
				return false
			}
		case i == 0:
			return false
		case words[i-1] == "open":
			if opened < 0 {
				opened = i
			}
		case words[i-1] == "close", words[i-1] == "of" && i > 1 && words[i-2] == "current":
		case words[i-1] == "return" && next(1) == ";":
		case words[i-1] == "in" && (next(1) == "loop" || next(1) == "("):
		case next(1) == "into" || next(1) == ";": // of FETCH and MOVE, whose words these are
			if !ofFetch(words, i) {
				return false
			}
		default:
			return false
		}
	}
	return declared == 1 && opened > begin && opened < fetch && straight(words[begin+1:opened])
}

// declaresCursor reports whether the words behind a name declare it as a cursor, or as a refcursor without a value.
func declaresCursor(next func(int) string) bool {
	switch next(1) {
	case "cursor":
		return true
	case "scroll":
		return next(2) == "cursor"
	case "no":
		return next(2) == "scroll" && next(3) == "cursor"
	case "refcursor":
		return next(2) == ";"
	}
	return false
}

// ofFetch reports whether the word at i belongs to a FETCH or MOVE.
func ofFetch(words []string, i int) bool {
	for i--; i >= 0; i-- {
		switch words[i] {
		case "fetch", "move":
			return beginsStatement(words, i)
		case "next", "prior", "first", "last", "absolute", "relative", "all", "forward", "backward", "from", "in", "-", "+":
		default:
			if words[i] == "" || words[i][0] < '0' || words[i][0] > '9' {
				return false
			}
		}
	}
	return false
}

// straight reports whether nothing among the words can lead past what stands behind them without ending the body.
func straight(words []string) bool {
	for _, w := range words {
		switch w {
		case "begin", "if", "case", "loop", "exit", "exception":
			return false
		}
	}
	return true
}

package sql

import "strings"

// isWord reports whether t is the given key word, written in lower case.
func isWord(text string, t Token, word string) bool {
	return t.Kind == KindWord && t.End-t.Start == len(word) && strings.EqualFold(text[t.Start:t.End], word)
}

func isPunct(text string, t Token, p string) bool {
	return t.Kind == KindPunct && text[t.Start:t.End] == p
}

// literalEnd returns the offset after the constant that begins at at: a number with its sign, any kind of string with its continuation
// lines and UESCAPE clause, or the words true, false and null. It is -1 when no constant begins there.
func literalEnd(text string, at int) int {
	t, ok := nextToken(text, at)
	if !ok || t.Start != at {
		return -1
	}
	switch t.Kind {
	case KindOperator:
		if text[at:t.End] != "-" {
			return -1
		}
		return numberEnd(text, t.End)
	case KindUString:
		return uescapeEnd(text, t.End)
	case KindString, KindEString, KindBitString, KindHexString, KindDollar, KindInteger, KindFloat:
		return t.End
	case KindWord:
		if isWord(text, t, "true") || isWord(text, t, "false") || isWord(text, t, "null") {
			return t.End
		}
	}
	return -1
}

// numberEnd returns the end of the number that a minus before at negates: the grammar makes one constant, which begins at the outermost
// minus, of -5, - -5 and -((5)) (doNegate in src/backend/parser/gram.y). It is -1 when something else follows.
func numberEnd(text string, at int) int {
	for depth := 0; ; {
		t, ok := nextToken(text, at)
		if !ok {
			return -1
		}
		at = t.End
		switch {
		case isPunct(text, t, "("):
			depth++
		case t.Kind == KindOperator && text[t.Start:t.End] == "-":
		case t.Kind == KindInteger || t.Kind == KindFloat:
			for ; depth > 0; depth-- {
				if t, ok = nextToken(text, at); !ok || !isPunct(text, t, ")") {
					return -1
				}
				at = t.End
			}
			return at
		default:
			return -1
		}
	}
}

// uescapeEnd returns the end of the UESCAPE clause that follows at, or at when there is none.
func uescapeEnd(text string, at int) int {
	w, ok := nextToken(text, at)
	if !ok || !isWord(text, w, "uescape") {
		return at
	}
	s, ok := nextToken(text, w.End)
	if !ok || s.Kind != KindString && s.Kind != KindEString && s.Kind != KindDollar {
		return at
	}
	return s.End
}

// paramEnd returns the offset after the parameter that begins at at, or -1.
func paramEnd(text string, at int) int {
	t, ok := nextToken(text, at)
	if !ok || t.Start != at || t.Kind != KindParam {
		return -1
	}
	return t.End
}

// nameEnd returns the offset after the identifier that begins at or after at, or -1.
func nameEnd(text string, at int) int {
	t, ok := nextToken(text, at)
	if !ok {
		return -1
	}
	switch t.Kind {
	case KindWord, KindQuoted:
		return t.End
	case KindUQuoted:
		return uescapeEnd(text, t.End)
	}
	return -1
}

// typeNameEnd returns the offset after the type name that begins at at: schema-qualified, of several words, with modifiers and array
// bounds. It is -1 when there is none, and for %TYPE and SETOF.
func typeNameEnd(text string, at int) int {
	t, ok := nextToken(text, at)
	if !ok || t.Start != at || isWord(text, t, "setof") {
		return -1
	}
	end := -1
	if t.Kind == KindWord {
		end = builtinTypeEnd(text, t)
	}
	if end < 0 {
		end = genericTypeEnd(text, at)
	}
	if end < 0 {
		return -1
	}
	return arrayEnd(text, end)
}

// genericTypeEnd is the end of name[.name…][(modifiers)].
func genericTypeEnd(text string, at int) int {
	end := nameEnd(text, at)
	for end >= 0 {
		dot, ok := nextToken(text, end)
		if !ok || !isPunct(text, dot, ".") {
			break
		}
		end = nameEnd(text, dot.End)
	}
	if end < 0 {
		return -1
	}
	if p, ok := nextToken(text, end); ok && p.Kind == KindOperator && text[p.Start:p.End] == "%" {
		if w, ok := nextToken(text, p.End); ok && isWord(text, w, "type") {
			return -1
		}
	}
	return parenEnd(text, end)
}

// builtinTypeEnd handles the type names that are key words of several words; -1 means that first is an ordinary name.
func builtinTypeEnd(text string, first Token) int {
	switch word := strings.ToLower(text[first.Start:first.End]); word {
	case "double":
		return wordsEnd(text, first.End, "precision")
	case "national":
		end := wordsEnd(text, first.End, "character")
		if end < 0 {
			end = wordsEnd(text, first.End, "char")
		}
		if end < 0 {
			return -1
		}
		return parenEnd(text, optional(text, end, "varying"))
	case "character", "char", "nchar", "bit":
		return parenEnd(text, optional(text, first.End, "varying"))
	case "timestamp", "time":
		end := parenEnd(text, first.End)
		return optional(text, optional(text, end, "with", "time", "zone"), "without", "time", "zone")
	case "interval":
		return intervalEnd(text, first.End)
	}
	return -1
}

func intervalEnd(text string, at int) int {
	if end := parenEnd(text, at); end != at {
		return end
	}
	end := at
	for i := range 2 {
		from := end
		if i == 1 {
			if from = wordsEnd(text, end, "to"); from < 0 {
				return end
			}
		}
		next := -1
		for _, field := range []string{"year", "month", "day", "hour", "minute", "second"} {
			if e := wordsEnd(text, from, field); e >= 0 {
				next = parenEnd(text, e)
			}
		}
		if next < 0 {
			return end
		}
		end = next
	}
	return end
}

// wordsEnd returns the offset after the given key words, -1 when they do not follow at.
func wordsEnd(text string, at int, words ...string) int {
	for _, w := range words {
		t, ok := nextToken(text, at)
		if !ok || !isWord(text, t, w) {
			return -1
		}
		at = t.End
	}
	return at
}

// optional is wordsEnd, or at when the words do not follow.
func optional(text string, at int, words ...string) int {
	if end := wordsEnd(text, at, words...); end >= 0 {
		return end
	}
	return at
}

// parenEnd returns the offset after a parenthesis that follows at, or at when there is none.
func parenEnd(text string, at int) int {
	t, ok := nextToken(text, at)
	if !ok || !isPunct(text, t, "(") {
		return at
	}
	depth := 1
	for depth > 0 {
		if t, ok = nextToken(text, t.End); !ok {
			return at
		}
		switch {
		case isPunct(text, t, "("):
			depth++
		case isPunct(text, t, ")"):
			depth--
		}
	}
	return t.End
}

// arrayEnd returns the offset after the array bounds that follow at: [], [3][4], ARRAY, ARRAY[3].
func arrayEnd(text string, at int) int {
	if end := wordsEnd(text, at, "array"); end >= 0 {
		if e := boundEnd(text, end); e >= 0 {
			return e
		}
		return end
	}
	for {
		end := boundEnd(text, at)
		if end < 0 {
			return at
		}
		at = end
	}
}

func boundEnd(text string, at int) int {
	t, ok := nextToken(text, at)
	if !ok || !isPunct(text, t, "[") {
		return -1
	}
	if t, ok = nextToken(text, t.End); ok && t.Kind == KindInteger {
		t, ok = nextToken(text, t.End)
	}
	if !ok || !isPunct(text, t, "]") {
		return -1
	}
	return t.End
}

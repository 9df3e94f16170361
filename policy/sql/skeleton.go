package sql

import "strings"

// maxConstants bounds the constants of a text that has a skeleton: each is compared with each.
const maxConstants = 24

// Skeleton is a text in which constants that decide nothing but what is sealed in their place are replaced, byte for byte, so that all
// places stay: texts with the same skeleton have the same plan, but for the values of its Literals. It is reused from text to text.
type Skeleton struct {
	Text   []byte // never the text of a statement: what is replaced is control characters, which the grammar has no use for
	Lifted []Span // the constants that are replaced, in order, quotes included
	all    []Span // what is between the quotes of every constant, or a number
}

// What stands for a digit of a lifted number and for a byte of a lifted string. A text that holds one has no skeleton.
const (
	liftedDigit = 1
	liftedByte  = 2
)

// Make makes the skeleton of a text. It reports false where there is none, or nothing to lift.
//
// A constant is lifted only where its value can't matter to analysis: compared with a column by name, or in the list of an INSERT's
// VALUES; and of a form that has one reading: a whole number that is an int4 whatever its digits, or printable characters of ASCII
// between quotes. Analysis does ask whether two constants of a text are the same (resolver.sentPlain): where two are, there is no
// skeleton. Everything else, what it doesn't know included, stays as it is.
func (k *Skeleton) Make(text string) bool {
	k.Text, k.Lifted, k.all = append(k.Text[:0], text...), k.Lifted[:0], k.all[:0]
	verb, more := nextToken(text, 0)
	if !more || verb.Kind != KindWord || !oneOf(text, verb, "select", "insert", "update", "delete") {
		return false
	}
	var before, last Token // the two tokens before t
	values, depth := false, 0
	for t := verb; more; {
		next, ok := nextToken(text, t.End)
		if !ok && next.Start < len(text) {
			return false
		}
		switch t.Kind {
		case KindWord:
			if depth == 0 {
				values = isWord(text, t, "values") && isWord(text, verb, "insert")
			}
		case KindPunct:
			switch text[t.Start] {
			case '(':
				depth++
			case ')':
				depth--
			case ';':
				if ok {
					return false
				}
			}
		case KindString, KindInteger:
			if !k.constant(text, t) {
				return false
			}
			compared := last.Kind == KindOperator && comparing(text[last.Start:last.End]) && (before.Kind == KindWord || before.Kind == KindQuoted)
			listed := values && depth == 1 && last.Kind == KindPunct && (text[last.Start] == '(' || text[last.Start] == ',')
			if (compared || listed) && endsOperand(text, next, ok) && k.free(text, t) {
				k.lift(t)
			}
		case KindQuoted, KindOperator, KindParam:
		default: // a constant of another form, or U&"…"
			return false
		}
		before, last = last, t
		t, more = next, ok
	}
	return len(k.Lifted) > 0 && k.distinct(text)
}

// constant takes down a constant that can be told from the others; false: it can't.
func (k *Skeleton) constant(text string, t Token) bool {
	at := Span{t.Start, t.End}
	if t.Kind == KindString {
		at = Span{t.Start + 1, t.End - 1}
		if strings.IndexByte(text[at.Start:at.End], '\'') >= 0 {
			return false // doubled, or continued
		}
	} else if digits := text[t.Start:t.End]; len(digits) > 1 && digits[0] == '0' || strings.IndexByte(digits, '_') >= 0 {
		return false
	}
	k.all = append(k.all, at)
	return len(k.all) <= maxConstants
}

// free reports whether the value of a constant is one of many, for which another might as well stand.
func (k *Skeleton) free(text string, t Token) bool {
	at := k.all[len(k.all)-1]
	if t.Kind == KindInteger {
		return at.End-at.Start <= 9 // more may be int8 or numeric
	}
	s := text[at.Start:at.End]
	if s == "" || s == "true" || s == "false" || s[0] == '-' || s[0] == '+' {
		return false // which may be the text of a constant without quotes
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == '\\' || s[i] == ';' {
			return false
		}
	}
	return true
}

func (k *Skeleton) lift(t Token) {
	at, by := k.all[len(k.all)-1], byte(liftedByte)
	if t.Kind == KindInteger {
		by = liftedDigit
	}
	for i := at.Start; i < at.End; i++ {
		k.Text[i] = by
	}
	k.Lifted = append(k.Lifted, Span{t.Start, t.End})
}

// distinct reports whether no two constants are the same.
func (k *Skeleton) distinct(text string) bool {
	for i, a := range k.all {
		for _, b := range k.all[:i] {
			if text[a.Start:a.End] == text[b.Start:b.End] {
				return false
			}
		}
	}
	return true
}

// Value is the value of a lifted constant, given its place: of a string what is between the quotes.
func (k *Skeleton) Value(text string, at Span) string {
	if text[at.Start] == '\'' {
		return text[at.Start+1 : at.End-1]
	}
	return text[at.Start:at.End]
}

func comparing(operator string) bool {
	switch operator {
	case "=", "<", ">", "<=", ">=", "<>", "!=":
		return true
	}
	return false
}

// endsOperand reports whether the constant before t is a whole operand.
func endsOperand(text string, t Token, ok bool) bool {
	switch {
	case !ok:
		return true
	case t.Kind == KindPunct:
		return text[t.Start] == ')' || text[t.Start] == ',' || text[t.Start] == ';'
	}
	return t.Kind == KindWord && oneOf(text, t, "and", "or", "where", "from", "order", "limit", "returning")
}

// oneOf reports whether t is one of some key words, written in lower case.
func oneOf(text string, t Token, words ...string) bool {
	for _, w := range words {
		if isWord(text, t, w) {
			return true
		}
	}
	return false
}

package sql

import "strings"

// Operation is one row of the table of what can be asked of which kind of column, for documents and tests.
type Operation struct {
	Group string
	// Example is SQL over a table t: C is the column, L a constant of its type, D another column of the same key, K a plain key, n plain text.
	Example string
	Cells   []Answer // one for each of Kinds
}

// Answer is one cell of the table.
type Answer struct {
	Code   string // of the refusal, empty when it is allowed
	Result string // what it yields: yes, opened, array, JSON, index
}

// Kinds names the columns of the table: plain, and the search modes of protected columns.
func Kinds() []string {
	var all []string
	for k := kindPlain; k < kinds; k++ {
		all = append(all, k.String())
	}
	return all
}

// Operations is the table that analysis itself asks.
func Operations() []Operation {
	all := make([]Operation, 0, len(operations))
	for _, row := range operations {
		o := Operation{Group: row.group, Example: row.example}
		for k := kindPlain; k < kinds; k++ {
			c := row.cells[k]
			o.Cells = append(o.Cells, Answer{Code: c.code, Result: c.yields.String()})
		}
		all = append(all, o)
	}
	return all
}

// String is the word for docs/sql.md.
func (y yields) String() string {
	return [...]string{"refused", "yes", "opened", "array", "JSON", "index"}[y]
}

// Fill writes an example for a table and a constant: C, D and K are its columns c, d and k.
func (o Operation) Fill(table, literal string) string {
	var b strings.Builder
	for at := 0; ; {
		t, ok := nextToken(o.Example, at)
		if !ok {
			return b.String() + o.Example[at:]
		}
		b.WriteString(o.Example[at:t.Start])
		switch word := o.Example[t.Start:t.End]; {
		case word == "C" || word == "D" || word == "K":
			b.WriteString(strings.ToLower(word))
		case word == "L":
			b.WriteString(literal)
		case word == "t":
			b.WriteString(table)
		default:
			b.WriteString(word)
		}
		at = t.End
	}
}

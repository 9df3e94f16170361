package main

import (
	"fmt"

	"github.com/pgveil/pgveil/crypto"
)

// Where advice begins. They are rules of thumb: what is telling depends on what else is known of the data.
const (
	fewValues    = 1000 // fewer different values are matched to a known distribution with little work
	frequentTop  = 0.01 // share of the most frequent value from which it stands out
	nearlyUnique = 0.99 // share of different values from which how often each occurs says little
	denseOrder   = 0.75
	fewLengths   = 2
	enoughRows   = 100 // below that, counts say little
)

// advise says in plain words what the counts mean.
func (l *leakage) advise(mode crypto.Mode) {
	say := func(format string, words ...any) { l.Advice = append(l.Advice, fmt.Sprintf(format, words...)) }
	if l.Foreign > 0 {
		say("%d values are plaintext, or sealed with another search or key: find out who wrote them, and store them again through the proxy", l.Foreign)
	}
	if l.Rows-l.Nulls < enoughRows {
		say("fewer than %d values: what is true of them may not be true later", enoughRows)
	}
	if l.Lengths >= fewLengths && mode != crypto.ModeOrdered {
		say("lengths differ: where a value can be told by its length, the column tells it")
	}
	if l.mixed {
		say("there are digits of several keys among them: values don't sort rightly with each other; store them again through the proxy")
	}
	switch mode {
	case crypto.ModeRandom:
		say("nothing but NULL and length can be read from it")
	case crypto.ModeMatched:
		say("whoever reads it learns roughly which runs of three characters values have in common; who knows some of the texts can tell them")
	case crypto.ModeOrdered:
		say("whoever reads it learns %s", rangeWarning)
		if l.Order.Density >= denseOrder {
			say("its values are dense: their order alone nearly gives them; take them for known, or use search: equality or none")
		} else {
			say("one known value, or knowledge of how values are distributed, gives away its neighbours too")
		}
	}
	l.Equal.advise("values", say)
	l.Normal.advise("normalised values", say)
}

func (f *frequencies) advise(what string, say func(string, ...any)) {
	switch {
	case f == nil || f.Distinct == 0:
	case f.Share >= nearlyUnique:
		say("nearly all %s occur once: equality tells little but which rows belong together across columns of the key", what)
	case f.Distinct < fewValues:
		say("few different %s (%d): whoever knows how often each occurs can match them; use search: none if the application can do without", what, f.Distinct)
	case f.TopShare >= frequentTop:
		say("the most frequent of the %s stands out, with %.1f %% of all: whoever knows which it is knows those rows", what, 100*f.TopShare)
	default:
		say("frequencies differ: %.1f bits are lacking to guess the most frequent of the %s", f.MinEntropy, what)
	}
}

package policy

import (
	"strings"

	"github.com/pgveil/pgveil/policy/sql"
)

// verb is a word that "do" may hold, and the effects it stands for.
type verb struct {
	name string
	set  sql.Effect
}

// The effects that change rows through named columns, that change what a table holds, and that only look.
const (
	writes  = sql.EffectInsert | sql.EffectUpdate | sql.EffectCopyFrom
	changes = writes | sql.EffectDelete | sql.EffectTruncate
	reads   = sql.EffectSelect | sql.EffectCopyTo
	// modifiers need no permission of their own: what is explained or fetched by a cursor needs its own.
	modifiers = sql.EffectExplain | sql.EffectCursor
)

// verbs are the words of "do", in the order in which they are shown.
func verbs() []verb {
	return []verb{
		{"select", sql.EffectSelect}, {"insert", sql.EffectInsert}, {"update", sql.EffectUpdate},
		{"delete", sql.EffectDelete}, {"truncate", sql.EffectTruncate}, {"copy_to", sql.EffectCopyTo},
		{"copy_from", sql.EffectCopyFrom}, {"lock", sql.EffectLock}, {"create", sql.EffectCreate},
		{"alter", sql.EffectAlter}, {"drop", sql.EffectDrop}, {"maintain", sql.EffectMaintain},
	}
}

// forbidVerbs are the further words that only a forbid may hold.
func forbidVerbs() []verb {
	return []verb{{"explain", sql.EffectExplain}, {"cursor", sql.EffectCursor}}
}

const allVerbs = "all"

// everything is what "all" stands for in an allow; in a forbid it covers the modifiers too.
func everything() sql.Effect {
	var set sql.Effect
	for _, v := range verbs() {
		set |= v.set
	}
	return set
}

func verbNames(forbid bool) []string {
	names := []string{allVerbs}
	for _, v := range verbs() {
		names = append(names, v.name)
	}
	if forbid {
		for _, v := range forbidVerbs() {
			names = append(names, v.name)
		}
	}
	return names
}

// effectNames are the words for a set, unknown bits as "other".
func effectNames(set sql.Effect) []string {
	var names []string
	for _, v := range append(verbs(), forbidVerbs()...) {
		if set&v.set != 0 {
			names = append(names, v.name)
			set &^= v.set
		}
	}
	if set != 0 {
		names = append(names, "other")
	}
	return names
}

// phrase is one effect in a sentence that goes on with "table …".
func phrase(e sql.Effect) string {
	switch e {
	case sql.EffectSelect:
		return "select from"
	case sql.EffectInsert:
		return "insert into"
	case sql.EffectDelete:
		return "delete from"
	case sql.EffectCopyTo:
		return "copy rows out of"
	case sql.EffectCopyFrom:
		return "copy rows into"
	}
	return effectNames(e)[0]
}

// singleEffects splits a set into its members, unknown bits included, lowest first.
func singleEffects(set sql.Effect) []sql.Effect {
	var all []sql.Effect
	for e := sql.Effect(1); e != 0; e <<= 1 {
		if set&e != 0 {
			all = append(all, e)
		}
	}
	return all
}

// useNames are the words for how a column is used.
func useNames(use sql.Use) []string {
	var names []string
	for _, u := range []struct {
		bit  sql.Use
		name string
	}{
		{sql.UseOutput, "output"}, {sql.UseLookup, "lookup"}, {sql.UsePredicate, "predicate"}, {sql.UseGroup, "group"},
		{sql.UseOrder, "order"}, {sql.UseExpression, "expression"}, {sql.UseAggregate, "aggregate"},
		{sql.UseWrite, "write"}, {sql.UseCarry, "carry"}, {sql.UseDefine, "define"},
	} {
		if use&u.bit != 0 {
			names = append(names, u.name)
			use &^= u.bit
		}
	}
	if use != 0 {
		names = append(names, "other")
	}
	return names
}

func list(words []string) string { return strings.Join(words, ", ") }

package policy

import (
	"slices"
	"strings"

	"github.com/pgveil/pgveil/policy/sql"
)

// Template makes of p, the plan of text, what is the plan of every text with the same skeleton k, once it is given its values: it
// reports false where a literal is neither the whole of a lifted constant nor common to those texts. No lifted value stays in it.
func (p *Plan) Template(k *sql.Skeleton, text string) (*Plan, bool) {
	if !p.Allowed || p.Refusal != nil {
		return nil, false
	}
	for i := range p.Literals {
		l := &p.Literals[i]
		if lifted, at := liftedAt(k, l.At); lifted && (at != l.At || k.Value(text, at) != l.Text || l.Array || l.Before != "" || l.After != "") {
			return nil, false
		}
	}
	for i := range p.Edits {
		if lifted, _ := liftedAt(k, p.Edits[i].At); lifted {
			return nil, false
		}
	}
	made := *p
	made.Literals = emptied(k, p.Literals)
	made.Statements = slices.Clone(p.Statements)
	for i := range made.Statements {
		if st := made.Statements[i].Statement; st != nil && len(st.Literals) > 0 {
			copied := *st
			copied.Literals = emptied(k, st.Literals)
			made.Statements[i].Statement = &copied
		}
	}
	return &made, true
}

// emptied is a copy of literals without the values of those that are lifted.
func emptied(k *sql.Skeleton, literals []sql.Literal) []sql.Literal {
	out := slices.Clone(literals)
	for i := range out {
		if lifted, _ := liftedAt(k, out[i].At); lifted {
			out[i].Text = ""
		}
	}
	return out
}

// With is the plan of text, of which p is a template and k the skeleton.
func (p *Plan) With(k *sql.Skeleton, text string) *Plan {
	if !slices.ContainsFunc(p.Literals, func(l sql.Literal) bool { lifted, _ := liftedAt(k, l.At); return lifted }) {
		return p
	}
	made := *p
	made.Literals = slices.Clone(p.Literals)
	for i := range made.Literals {
		if lifted, at := liftedAt(k, made.Literals[i].At); lifted {
			made.Literals[i].Text = strings.Clone(k.Value(text, at))
		}
	}
	return &made
}

// liftedAt is the lifted constant that shares a byte with a place, or in which the place, if it is empty, lies.
func liftedAt(k *sql.Skeleton, at sql.Span) (bool, sql.Span) {
	for _, s := range k.Lifted {
		if at.Start < s.End && s.Start < max(at.End, at.Start+1) {
			return true, s
		}
	}
	return false, sql.Span{}
}

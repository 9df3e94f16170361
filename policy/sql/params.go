package sql

import (
	"fmt"
	"sort"
	"strconv"
)

// group is the occurrences of one parameter that may share one sealed value.
type group struct {
	sample *leaf
	leaves []*leaf
}

// closeParams turns what the leaves met into Literals, Params and Edits.
func (r *resolver) closeParams() {
	sort.SliceStable(r.leaves, func(i, j int) bool { return r.leaves[i].at.Start < r.leaves[j].at.Start })
	occurrences := map[int][]*leaf{}
	last := 0
	for _, l := range r.leaves {
		if l.target != nil && l.kind != leafCast && !l.isGhost && (l.at.Start < 0 || l.at.End <= l.at.Start) {
			// A value that has no place in the text can't be replaced there: it would be sent as it is.
			r.no(codeInternal, -1, "the place of a constant for protected column %s.%s is not known", l.target.Table, l.target.Column)
			return
		}
		r.writeTitle(l)
		switch l.kind {
		case leafParam:
			occurrences[l.number] = append(occurrences[l.number], l)
			last = max(last, l.number)
		case leafCast:
			if l.target != nil {
				r.castEdit(l.cast, l.array)
			}
		case leafNull:
			if l.target != nil && l.lifted && l.target.Protection.Document == nil {
				r.st.Edits = append(r.st.Edits, Edit{At: l.at, Text: r.padded(l.at, nullText(l.array))})
			}
		case leafLiteral:
			if l.target == nil {
				r.hideNeutral(l)
				continue
			}
			lit := Literal{At: l.at, Kind: l.lit, Text: l.text, Array: l.array, Target: *l.target, Before: l.before, After: l.after, Cast: l.read}
			if l.cast != nil {
				r.castEdit(l.cast, l.array)
				lit.Cast = l.cast.whole()
			}
			lit.asNamelessDocument()
			r.st.Literals = append(r.st.Literals, lit)
		}
	}
	if last > maxParam {
		r.no(codeParamNumber, -1, "there is no parameter $%d", last)
		return
	}
	params := make([]Param, last)
	var copies []Param
	for n := 1; n <= last; n++ {
		params[n-1] = Param{Client: n, Upstream: n}
		copies = r.closeParam(n, last, occurrences[n], &params[n-1], copies)
	}
	if last+len(copies) > maxParam {
		r.no(codeParamNumber, -1, "the statement needs more than %d parameters", maxParam)
	}
	if last > 0 {
		r.st.Params = append(params, copies...)
	}
	sortEdits(r.st.Edits)
}

// sortEdits puts edits in the order of the text; at one place insertions come first.
func sortEdits(edits []Edit) {
	sort.SliceStable(edits, func(i, j int) bool {
		a, b := edits[i].At, edits[j].At
		return a.Start < b.Start || a.Start == b.Start && a.End == a.Start && b.End > b.Start
	})
}

// hideNeutral replaces a literal that is only asked whether it is NULL, where the same value is sealed elsewhere in the statement:
// drivers without parameters make ('x' IS NULL OR c = 'x') of ($1 IS NULL OR c = $1). Any value that is not NULL will do.
func (r *resolver) hideNeutral(l *leaf) {
	if !l.neutral || l.plain || l.array {
		r.sentPlain(l)
		return
	}
	if l.cast != nil && l.cast.defined != nil {
		r.no(codeConflict, l.at.Start, "the value would be sent as it is here")
		return
	}
	for _, o := range r.leaves {
		if o.kind == leafLiteral && o.target != nil && o.text == l.text {
			r.st.Edits = append(r.st.Edits, Edit{At: l.at, Text: r.padded(l.at, harmless(l))})
			return
		}
	}
}

// sentPlain refuses a constant that stays as it is and whose value is sealed elsewhere in the statement, unless it meets plain columns:
// drivers without parameters make ('x' = 'y' OR c = 'x') of ($1 = 'y' OR c = $1). Of numbers this is said only where they are compared
// with other constants, and have more than one digit: the same number often stands in a statement by chance.
func (r *resolver) sentPlain(l *leaf) {
	if l.known || len(l.text) == 0 || l.lit != LiteralString && !(l.alone && len(l.text) > 1) {
		return
	}
	if r.sealedTexts == nil {
		r.sealedTexts = map[string]*Target{}
		for _, o := range r.leaves {
			if o.kind == leafLiteral && o.target != nil {
				r.sealedTexts[o.text] = o.target
			}
		}
	}
	if t := r.sealedTexts[l.text]; t != nil {
		r.no(codeSentPlain, l.at.Start, "a constant is a value of protected column %s.%s and would be sent as it is here", t.Table, t.Column)
	}
}

// harmless is a constant of l's type that is not NULL.
func harmless(l *leaf) string {
	switch l.lit {
	case LiteralInteger, LiteralFloat:
		return "0"
	case LiteralBool:
		return "true"
	}
	typ := uint32(OIDText)
	if l.cast != nil && l.cast.array {
		return "'{}'"
	}
	if l.cast != nil {
		typ = l.cast.whole()
	}
	if b, ok := baseTypeOf(typ); ok {
		return b.harmless
	}
	return "''"
}

func nullText(array bool) string {
	if array {
		return "NULL::bytea[]"
	}
	return "NULL::bytea"
}

// closeParam decides what the server's $n is and which copies the client's $n needs besides. Where it is also used plainly, the plain
// use keeps the number.
func (r *resolver) closeParam(n, last int, leaves []*leaf, own *Param, copies []Param) []Param {
	var groups []*group
	var plain, neutral []*leaf
	for _, l := range leaves {
		switch {
		case l.target != nil:
			groups = join(groups, l)
		case l.neutral && !l.plain:
			neutral = append(neutral, l)
		default:
			plain = append(plain, l)
		}
	}
	if len(groups) == 0 || !r.citextParam(n, leaves) {
		return copies
	}
	if len(plain) == 0 {
		groups[0].leaves = append(groups[0].leaves, neutral...)
	}
	for _, l := range plain {
		if !l.known {
			r.noPlainUse(n, l, groups[0].sample.target)
			return copies
		}
		r.typedEdit(l, groups[0].sample)
	}
	for i, g := range groups {
		p := Param{Client: n, Upstream: n, Target: g.sample.target, Array: g.sample.array}
		for _, l := range g.leaves {
			if l.cast != nil {
				r.castEdit(l.cast, p.Array)
				if p.Cast == 0 {
					p.Cast = l.cast.whole()
				}
			} else if l.read != 0 && p.Cast == 0 {
				p.Cast = l.read
			}
		}
		if i == 0 && len(plain) == 0 {
			r.numbered(g, n, true)
			*own = p
			continue
		}
		p.Upstream = last + len(copies) + 1
		r.numbered(g, p.Upstream, false)
		copies = append(copies, p)
	}
	return copies
}

// numbered writes the server's number of a parameter at each of its places; those that keep the client's own stay as they are.
func (r *resolver) numbered(g *group, number int, same bool) {
	for _, l := range g.leaves {
		if same && !l.isGhost {
			continue
		}
		r.st.Edits = append(r.st.Edits, Edit{At: l.at, Text: l.before + "$" + strconv.Itoa(number) + l.after})
	}
}

// noPlainUse refuses a use that would send a value of t's column as it is, though nothing plain is compared with it or stored: $1 = 'x'
// beside email = $1.
func (r *resolver) noPlainUse(n int, l *leaf, t *Target) {
	r.noBecause(Refusal{
		Code: codeConflict, SQLSTATE: refusalDoc(codeConflict).SQLSTATE, At: r.pos(l.at.Start),
		Message: fmt.Sprintf("$%d is a value of protected column %s.%s and would be sent as it is here", n, t.Table, t.Column),
		Hint:    "Give what is asked here a parameter of its own, such as a boolean. Whether the parameter IS NULL can be asked.",
	})
}

// join adds l to the group that it can share a sealed value with. A randomised value is never shared: two equal cells would tell.
func join(groups []*group, l *leaf) []*group {
	t := l.target
	for _, g := range groups {
		o := g.sample.target
		if t.Protection.Search.Equal() && sameDomain(&t.Protection, &o.Protection) &&
			t.Protection.Type.OID == o.Protection.Type.OID && t.Purpose == o.Purpose && t.Part == o.Part && t.Through == o.Through && t.Input == o.Input && t.Shown == o.Shown && l.array == g.sample.array &&
			(t.Purpose == PurposeCompare || t.Protection.Type.Mod == o.Protection.Type.Mod) {
			g.leaves = append(g.leaves, l)
			return groups
		}
	}
	return append(groups, &group{sample: l, leaves: []*leaf{l}})
}

// typedEdit writes the type out at a plain use of a parameter whose type the server would have inferred from the protected column:
// its own inference might come to another type now, and so to another answer. The server takes the type of the first use.
func (r *resolver) typedEdit(l, like *leaf) {
	typ := like.target.Protection.Type.OID
	if like.cast != nil {
		typ = like.cast.oid
	}
	name, same := typeText(typ), typ
	if elem := elementOID(typ); elem != 0 {
		name = typeText(elem) + "[]"
	}
	if d := like.target.Protection.Defined; name == "" && d != nil {
		name = quoteName(d.Name.Schema) + "." + quoteName(d.Name.Name)
	}
	if like.array {
		name, same = name+"[]", arrayOID(typ)
	}
	if l.cast != nil || l.plainType == same || !like.array && l.at.Start < like.at.Start && l.plainType != 0 && family(l.plainType) == family(typ) {
		return
	}
	r.st.Edits = append(r.st.Edits, Edit{At: l.at, Text: r.padded(l.at, r.text[l.at.Start:l.at.End]+"::"+name)})
}

// castEdit makes a type name bytea, or bytea[] for an array of cells.
func (r *resolver) castEdit(c *castTo, array bool) {
	if c.at.Start < 0 || c.at.End <= c.at.Start {
		r.no(codeCast, -1, "a cast of a protected value can't be rewritten")
		return
	}
	name := "bytea"
	if array {
		name = "bytea[]"
	}
	if c.document {
		name = "pg_catalog.jsonb"
	}
	r.st.Edits = append(r.st.Edits, Edit{At: c.at, Text: r.padded(c.at, name)})
}

// padded is text with spaces where it would otherwise grow together with its neighbours.
func (r *resolver) padded(at Span, text string) string {
	if at.Start > 0 && classes[r.text[at.Start-1]]&isIdentCont != 0 && text[0] != '$' {
		text = " " + text
	}
	if at.End < len(r.text) && classes[r.text[at.End]]&isIdentCont != 0 {
		text += " "
	}
	return text
}

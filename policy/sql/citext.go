package sql

import (
	"slices"
	"strings"
	"unicode"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// citextSteps is the normalize: setting of citext columns with search: equality: the type compares values after lower().
const citextSteps = "lower"

const (
	codeCitext           = "PV224"
	codeCitextConstraint = "PV225"
)

func citextRefusals() []RefusalDoc {
	return []RefusalDoc{
		{codeCitext, "0A000", "A citext column is used where values of different case would be the same, and their cells aren't",
			"Compare the column by its name with a constant, a parameter or another such column; count and group by lower(column); compute anything else in the application."},
		{codeCitextConstraint, "0A000", "A UNIQUE, PRIMARY KEY or FOREIGN KEY constraint, or a partition key, would compare cells of a citext column, which differ by case",
			"For uniqueness leave the constraint out and send CREATE UNIQUE INDEX ON table (column), which ON CONFLICT (column) finds too."},
	}
}

// isCitext reports whether values of p are equal without regard to case, and can be asked for that.
func isCitext(p *Protection) bool { return p != nil && kindOf(p) == kindCitext }

// foldsCase reports whether v is a value of such a column, compared by operators of citext.
func foldsCase(v value) bool { return v.form == formSealed && isCitext(v.prot) }

// foldsCaseOf is foldsCase of any of several.
func foldsCaseOf(vals ...value) bool { return slices.ContainsFunc(vals, foldsCase) }

// sense is how a comparison with a citext column is meant: PostgreSQL chooses the operator by the other side's type.
type sense uint8

const (
	senseUnknown sense = iota
	senseFolded        // citext = citext
	senseExact         // text = text: the column becomes text by its implicit cast
)

// senseOf is the sense of a comparison with constants and parameters, unknown where they are not of one mind. A constant without a cast is what the
// column is, but in ARRAY[…], CASE and a subquery, which make text of it first.
func senseOf(v value) (all sense) {
	for _, l := range v.leaves {
		one := senseUnknown
		switch {
		case l.cast == nil && l.lifted:
			one = senseExact
		case l.cast == nil:
			one = senseFolded
		case l.cast.modified:
		case l.citext():
			one = senseFolded
		case l.cast.defined == nil && textual(l.cast.oid):
			one = senseExact
		}
		if one == senseUnknown || all != senseUnknown && all != one {
			return senseUnknown
		}
		all = one
	}
	return all
}

// citext reports whether the leaf is cast to citext, or to an array of it.
func (l *leaf) citext() bool {
	return l.cast != nil && l.cast.defined != nil && l.cast.defined.Kind == DefinedCitext
}

// compareCitext analyses a comparison of which one side at least is a citext value.
func (r *resolver) compareCitext(o op, l, rt value, use Use) {
	v, other := l, rt
	if !foldsCase(v) {
		v, other = rt, l
	}
	r.mark(v, use)
	r.mark(other, use)
	switch {
	case !r.may(o, v) || !r.citextOperators(v):
	case other.form == formUnusable:
		r.broken(other)
	case other.form == formSealed && !sameDomain(v.prot, other.prot):
		r.no(codeOtherKey, v.at.Start, "%s and %s have different keys or types", v.name(), other.name())
	case other.form == formSealed:
		r.senseAt(v, senseFolded)
		r.senseAt(other, senseFolded)
	case other.form == formFree && onlyNulls(other): // NULL, whatever it is compared as
		r.bindAll(other, v.target(PurposeCompare), false)
	case other.form == formFree:
		if s := r.senseWith(v, other); s != senseUnknown {
			r.bindAll(other, v.citextTarget(s), false)
		}
	case other.form == formFolded:
		r.noHint(codeCitext, v.at.Start, "citext = lower(value) is an exact comparison of text; leave lower out, or write lower(column) = lower(value).",
			"%s is compared with lower() of a value", v.name())
	default:
		r.no(codePlainPeer, v.at.Start, "%s can be compared with constants, parameters and columns of the same key only", v.name())
	}
}

// senseWith is the sense of a comparison of v with constants and parameters, which its place must bear; unknown when it is refused.
func (r *resolver) senseWith(v, other value) sense {
	s := senseOf(other)
	if s == senseUnknown {
		r.noHint(codeCitext, v.at.Start, "Give all values the same type: none, citext, or text for a comparison with regard to case.",
			"%s is compared with values of other types than citext and text, or of both", v.name())
		return s
	}
	return r.senseAt(v, s)
}

// senseAt notes that the value is compared in a sense where it stands, and writes the index in its place if case doesn't count. One place has
// one sense: CASE and IN name the column once for all their constants.
func (r *resolver) senseAt(v value, s sense) sense {
	if v.place.End <= v.place.Start || r.view != nil {
		r.no(codeCitext, v.at.Start, "%s is compared where it does not stand by its name", v.name())
		return senseUnknown
	}
	if r.senses == nil {
		r.senses = map[Span]sense{}
	}
	if old, ok := r.senses[v.place]; ok && old != s {
		r.noHint(codeCitext, v.at.Start, "Give all values the same type: none, citext, or text for a comparison with regard to case.",
			"%s is compared with citext and with text in one expression", v.name())
		return senseUnknown
	}
	r.senses[v.place] = s
	if s == senseFolded {
		open := "pg_catalog.substr("
		if at := v.place.Start; at > 0 && classes[r.text[at-1]]&isIdentCont != 0 { // AND"email"
			open = " " + open
		}
		r.splice(Span{v.place.Start, v.place.Start}, open)
		r.splice(Span{v.place.End, v.place.End}, ", 1, 16)")
	}
	return s
}

// citextTarget is the Target of what v is compared with.
func (v value) citextTarget(s sense) *Target {
	if s == senseFolded {
		return v.indexTarget(PartIndexType)
	}
	return v.target(PurposeCompare)
}

// citextOperators refuses comparisons in a session that doesn't see the operators of citext: PostgreSQL would then take those of text.
func (r *resolver) citextOperators(v value) bool {
	if d := v.prot.Defined; !slices.Contains(r.path, d.Name.Schema) {
		r.noHint(codeCitext, v.at.Start, "Put the extension's schema into search_path: without it PostgreSQL compares with regard to case.",
			"the operators of citext are in schema %s, which is not in search_path, and %s is compared", d.Name.Schema, v.name())
		return false
	}
	return true
}

// citextQualified refuses an operator with a schema beside a citext value: pg_catalog's are those of text.
func (r *resolver) citextQualified(name []*pg_query.Node, vals ...value) {
	if len(name) < 2 {
		return
	}
	for _, v := range vals {
		for _, one := range append([]value{v}, v.elems...) {
			if foldsCase(one) {
				r.noHint(codeCitext, one.at.Start, "Write the operator without its schema.", "the operators of pg_catalog compare %s as text", one.name())
			}
		}
	}
}

// compareCitextArray analyses c = ANY (array), whose elements have one type.
func (r *resolver) compareCitextArray(o op, v, array value, use Use) {
	r.mark(v, use)
	r.mark(array, use)
	if !r.may(o, v) || !r.citextOperators(v) {
		return
	}
	leaves := array.leaves
	if array.form == formArray {
		if !array.constant() {
			r.no(codeCitext, v.at.Start, "%s is compared with an array of columns; write IN (…)", v.name())
			return
		}
		for _, e := range array.elems {
			if e.form != formFree {
				r.no(codePlainPeer, v.at.Start, "%s can be compared with an array of constants and parameters only", v.name())
				return
			}
			if len(array.leaves) == 0 {
				leaves = append(leaves[:len(leaves):len(leaves)], e.leaves...)
			}
		}
	}
	cited := slices.ContainsFunc(leaves, (*leaf).citext)
	// What has no cast is what its neighbours are: citext beside citext, text otherwise.
	leaves = slices.DeleteFunc(slices.Clone(leaves), func(l *leaf) bool { return l.cast == nil && l.lifted && (cited || l.kind == leafNull) })
	s := senseExact
	if len(leaves) > 0 || array.form == formFree {
		s = r.senseWith(v, value{leaves: leaves})
	} else {
		s = r.senseAt(v, s)
	}
	if s == senseUnknown {
		return
	}
	t := v.citextTarget(s)
	r.bindAll(array, t, true)
	for _, e := range array.elems {
		r.bindAll(e, t, false)
	}
}

// citextKey makes the index of v what is grouped where it stands.
func (r *resolver) citextKey(v value, use Use) {
	r.mark(v, use)
	if r.citextOperators(v) {
		r.senseAt(v, senseFolded)
	}
}

// citextArbiter writes the index for a citext column that ON CONFLICT (…) names.
func (r *resolver) citextArbiter(v value, e *pg_query.IndexElem, infer *pg_query.InferClause, i int, use Use) {
	r.mark(v, use)
	if r.view != nil || !r.citextOperators(v) {
		return
	}
	items := listItems(r.text, int(infer.GetLocation()))
	if len(items) != len(infer.GetIndexElems()) || len(e.GetOpclass()) > 0 || len(e.GetCollation()) > 0 {
		r.no(codeCitext, v.at.Start, "%s is named by ON CONFLICT with an operator class or a collation, or in a place that was not found", v.name())
		return
	}
	first, ok := nextToken(r.text, items[i].Start)
	if !ok || first.End != items[i].End {
		r.no(codeCitext, v.at.Start, "%s was not found in ON CONFLICT", v.name())
		return
	}
	r.splice(Span{first.Start, first.Start}, "pg_catalog.substr(")
	r.splice(Span{first.End, first.End}, ", 1, 16)")
}

// citextCast reports whether a constant or parameter cast to text can meet a part of a citext column's cells: it is then compared as text, or by a
// pattern.
func citextCast(l *leaf, t *Target) bool {
	return isCitext(&t.Protection) && t.Purpose == PurposeCompare && t.Part != PartIndexType && l.cast.defined == nil && !l.cast.modified && textual(l.cast.oid)
}

// citextParam refuses a parameter without a cast beside a citext column that the server would give another type at another place: the comparison
// would be another too.
func (r *resolver) citextParam(n int, leaves []*leaf) bool {
	i := slices.IndexFunc(leaves, func(l *leaf) bool { return l.target != nil && l.target.Part == PartIndexType && l.cast == nil })
	if i < 0 {
		return true
	}
	for _, l := range leaves {
		own := l.target != nil && isCitext(&l.target.Protection) &&
			(l.target.Part == PartIndexType || l.target.Part == PartIndexLike || l.target.Part == PartCell && l.target.Purpose == PurposeStore)
		if l.array == leaves[i].array && (l.citext() || l.cast == nil && (own || l.neutral && !l.plain && l.target == nil)) {
			continue
		}
		r.noHint(codeCitext, l.at.Start, "Write $n::citext where the column is compared without regard to case, or give it a parameter of its own.",
			"$%d is compared with protected column %s.%s, and is of another type here", n, leaves[i].target.Table, leaves[i].target.Column)
		return false
	}
	return true
}

// citextAlternatives refuses constants and parameters beside a citext value that a subquery, an array or another CASE has made text of: all of
// it is text then.
func (r *resolver) citextAlternatives(vals []value, like value) {
	for _, v := range vals {
		if v.form != formFree {
			continue
		}
		for _, l := range v.leaves {
			if l.lifted && l.cast == nil && l.kind != leafNull {
				r.noHint(codeCitext, l.at.Start, "Cast the value to citext.", "a text is an alternative to %s, which makes text of both", like.name())
				return
			}
		}
	}
}

// caseless reports whether a value is a constant without letters, which is equal to the same values with regard to case and without.
func caseless(v value) bool {
	for _, l := range v.leaves {
		if l.kind != leafLiteral || l.lit != LiteralString || l.cast != nil || strings.ContainsFunc(l.text, unicode.IsLetter) {
			return false
		}
	}
	return len(v.leaves) > 0
}

package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// fold is a chain of normalising functions around a value: lower(btrim(c)). steps are named as in Protection.Normalize, innermost first.
type fold struct {
	steps        []string
	outer, inner Span // of the whole chain, and of what it is applied to
}

// foldStep is the step of Protection.Normalize that a call makes; empty for any other call. TRIM takes spaces off only, as the step does.
func foldStep(n *pg_query.FuncCall) string {
	parts, args := nameList(n.GetFuncname()), n.GetArgs()
	plain := !n.GetAggDistinct() && !n.GetAggStar() && !n.GetFuncVariadic() && n.GetOver() == nil && n.GetAggFilter() == nil && len(n.GetAggOrder()) == 0
	switch {
	case !plain || len(args) == 0:
	case builtin(parts, "lower") && len(args) == 1:
		return "lower"
	case builtin(parts, "btrim") && len(args) == 1:
		return "trim"
	case builtin(parts, "normalize") && len(args) == 1,
		builtin(parts, "normalize") && len(args) == 2 && strings.EqualFold(args[1].GetAConst().GetSval().GetSval(), "nfc"):
		return "nfc"
	case parts[len(parts)-1] == "unaccent" && len(args) == 1:
		return "unaccent"
	}
	return ""
}

// folded analyses a call of a normalising function.
func (r *resolver) folded(s *scope, n *pg_query.FuncCall, step string, use Use) value {
	v := r.eval(s, n.GetArgs()[0], use|UseExpression)
	switch v.form {
	case formSealed, formIndex:
		r.mark(v, use|UseExpression)
		if !r.may(opFold, v) {
			return v
		}
		v.form = formIndex
	case formFree, formFolded:
		if r.view != nil || len(v.leaves) == 0 {
			return r.plainCall(n, codeExpression, use, v)
		}
		lift(v)
		v.form = formFolded
	default:
		return r.plainCall(n, codeExpression, use, v)
	}
	f := &fold{}
	if v.fold != nil {
		*f = *v.fold
	}
	f.steps = append(f.steps[:len(f.steps):len(f.steps)], step)
	c, ok := r.callText(n)
	if !ok && r.view == nil {
		r.no(codeExpression, v.at.Start, "this form of %s can't be understood", step)
		return v
	}
	if v.fold == nil {
		f.inner = c.arg
	}
	f.outer = Span{c.name.Start, c.end}
	v.fold, v.at = f, r.spanAt(n.GetLocation())
	return v.derived()
}

// matches reports whether the functions written are exactly the column's steps. Trimming spaces can stand in any place: neither case
// nor composition changes spaces.
func (f *fold) matches(normalize string) bool {
	want, trims := untrimmed(strings.Split(normalize, ","))
	got, trimmed := untrimmed(f.steps)
	return trims == trimmed && slices.Equal(want, got)
}

func untrimmed(steps []string) (rest []string, trims bool) {
	for _, s := range steps {
		if s == "trim" {
			trims = true
			continue
		}
		rest = append(rest, s)
	}
	return rest, trims
}

// indexed writes a formIndex value as what it is in the table: the first 16 bytes of the cell.
func (r *resolver) indexed(v value) bool {
	switch {
	case v.fold == nil || v.prot.Normalize == "":
		r.no(codeInternal, v.at.Start, "an index without its column")
		return false
	case r.view != nil:
		return true
	case !v.fold.matches(v.prot.Normalize):
		r.no(codeNormalize, v.at.Start, "%s is normalised by %q, not by the functions written here", v.name(), v.prot.Normalize)
		return false
	}
	r.splice(Span{v.fold.outer.Start, v.fold.inner.Start}, "pg_catalog.substr(")
	r.splice(Span{v.fold.inner.End, v.fold.outer.End}, ", 1, 16)")
	return true
}

// indexTarget is the Target of a value that meets the index.
func (v value) indexTarget(p Part) *Target {
	t := v.target(PurposeCompare)
	t.Part = p
	return t
}

// meetIndex analyses the other side of a comparison with the index of a normalised value.
func (r *resolver) meetIndex(o op, v, other value, use Use) {
	r.mark(v, use)
	if o != opEqual {
		r.may(o, v)
		return
	}
	if other.form != formFree && other.form != formFolded && other.form != formIndex {
		r.mark(other, use)
		r.no(codePlainPeer, v.at.Start, "the normalised %s can be compared with constants, parameters and columns of the same key only", v.name())
		return
	}
	if !r.indexed(v) {
		return
	}
	switch other.form {
	case formIndex:
		r.mark(other, use)
		if r.indexed(other) && !sameDomain(v.prot, other.prot) {
			r.no(codeOtherKey, v.at.Start, "%s and %s have different keys or types", v.name(), other.name())
		}
	case formFree:
		r.bindAll(other, v.indexTarget(PartIndexExact), false)
	case formFolded:
		if !other.fold.matches(v.prot.Normalize) {
			r.no(codeNormalize, v.at.Start, "the value beside %s is not normalised by %q", v.name(), v.prot.Normalize)
			return
		}
		r.splice(Span{other.fold.outer.Start, other.fold.inner.Start}, "(")
		r.splice(Span{other.fold.inner.End, other.fold.outer.End}, ")")
		r.bindAll(other, v.indexTarget(PartIndex), false)
	}
}

// matchFolded analyses ILIKE: without a wildcard it is lower(c) = lower(pattern).
func (r *resolver) matchFolded(p pattern, v value, l *leaf, exact bool) {
	switch {
	case !r.may(opILike, v) || isCitext(v.prot) && !r.citextOperators(v):
		return
	case v.prot.Normalize != "lower":
		r.no(codeNormalize, v.at.Start, "%s is normalised by %q; ILIKE needs lower alone", v.name(), v.prot.Normalize)
		return
	case l.kind == leafLiteral && !exact:
		r.noHint(codePattern, v.at.Start, "Without wildcards ILIKE can be asked of this column; for prefixes use search: range and LIKE 'abc%'.",
			"%s can't be matched against a pattern with wildcards", v.name())
		return
	}
	r.splice(Span{p.left.Start, p.left.Start}, "(pg_catalog.substr(")
	r.splice(Span{p.left.End, p.left.End}, ", 1, 16)")
	r.splice(p.operator, r.padded(p.operator, map[bool]string{false: "=", true: "<>"}[p.not]))
	r.splice(Span{p.right.End, p.right.End}, ")")
	r.bind(l, v.indexTarget(PartIndexLike), false)
}

// noPlain refuses a protected value, or one made of some, where a plain one is needed.
func (r *resolver) noPlain(v value, code string) {
	switch v.form {
	case formIndex:
		r.noHint(codeExpression, v.at.Start, "It can be compared for equality and grouped; select the column itself.",
			"the normalised %s can't be used here", v.name())
	case formDocument:
		r.no(codeDocument, v.at.Start, "%s has protected paths and can't be used here", v.name())
	case formCells, formJSON:
		r.no(codeHolder, v.at.Start, "%s %s", v.name(), "lies within an array or JSON, of which nothing can be asked in SQL")
	default:
		r.no(code, v.at.Start, "%s %s", v.name(), cannot(code))
	}
}

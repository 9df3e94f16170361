package sql

import (
	"strings"
	"unicode/utf8"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// The bounds of modifiers: varchar.c, numeric.h and datetime.c. The server raises what is out of them.
const (
	maxCharacters = 10485760
	maxPrecision  = 1000
)

// cutType is a type name with a modifier as a type, of an array its elements', zero if the server would not take it or it has no part in what is protected.
func cutType(n *pg_query.TypeName) Type {
	t, ok := typeOf(&pg_query.TypeName{Names: n.GetNames(), Setof: n.GetSetof(), PctType: n.GetPctType(), Typmods: n.GetTypmods()})
	if !ok {
		return Type{}
	}
	for i, m := range n.GetTypmods() {
		v := m.GetAConst().GetIval().GetIval()
		switch {
		case t.OID == OIDNumeric && i == 0:
			ok = ok && v >= 1 && v <= maxPrecision
		case t.OID == OIDNumeric:
			ok = ok && v >= -maxPrecision && v <= maxPrecision
		case rounded(t.OID):
			ok = ok && v >= 0 && v <= 6
		default:
			ok = ok && v >= 1 && v <= maxCharacters
		}
	}
	if !ok {
		return Type{}
	}
	return t
}

// through is t for a leaf that the text casts to a type with a modifier, by itself or with what it is chosen from.
func (t *Target) through(l *leaf) *Target {
	cut := l.cut
	if l.cast != nil && l.kind != leafCast {
		cut = l.cast.cut
	}
	if cut.OID == 0 && !l.input {
		return t
	}
	c := *t
	c.Through, c.Input = cut, l.input
	return &c
}

// castSealed analyses the cast of a protected value: to its own type, a wider one of the family, or a length or scale that holds each
// of its values as it is.
func (r *resolver) castSealed(v value, c *castTo, use Use) value {
	r.mark(v, use|UseExpression)
	from, to, bare := v.prot.Type, Type{c.oid, -1}, v.bare
	ok := !v.ofPath && r.view == nil && !c.array && c.oid != 0 && family(c.oid) == family(from.OID) && width(c.oid) >= width(from.OID) &&
		(c.defined == nil || v.prot.Defined != nil && v.prot.Defined.OID == c.defined.OID)
	switch {
	case !ok:
	case c.modified:
		to, bare, ok = c.cut, false, c.cut.holds(v.prot)
	case needsScale(v.prot):
		// The type loses its modifier, the values keep the scale or length.
		to, bare = from, bare || from.Mod != -1
		ok = c.defined == nil && (from.Mod != -1 || from.OID == OIDNumeric)
	}
	if !ok {
		r.no(codeCast, v.at.Start, "%s can't be cast to this type", v.name())
		return v
	}
	l := r.leaf(&leaf{at: c.at, kind: leafCast, cast: c, exact: true})
	r.bind(l, v.target(PurposeCompare), false)
	p := *v.prot
	p.Type, p.Defined = to, c.defined
	v.prot, v.typ, v.bare = &p, p.Type, bare
	return v
}

// holds reports whether a cast to t, which has a modifier, changes no value of the column, nor how it is shown but for what t says.
func (t Type) holds(p *Protection) bool {
	from := p.Type
	switch {
	case t.OID != from.OID || t.Mod == -1 || p.Defined != nil:
		return false
	case rounded(t.OID):
		return from.Mod <= t.Mod && (from.Mod != -1 || t.Mod == 6)
	case from.Mod < 4:
		return false
	case t.OID == OIDVarchar || t.OID == OIDBpchar:
		return from.Mod <= t.Mod
	case t.OID == OIDNumeric:
		digits, scale := from.numeric()
		more, wider := t.numeric()
		return more-wider >= digits-scale && (wider == scale || wider > scale && p.Search.Equal())
	}
	return false
}

// numeric splits the modifier of numeric(p,s).
func (t Type) numeric() (precision, scale int) {
	return int(t.Mod-4) >> 16, int((t.Mod-4)&0x7ff^1024) - 1024
}

// cutTo reports whether all of a free value is cast to exactly t.
func (v value) cutTo(t Type) bool {
	for _, l := range v.leaves {
		if l.cast == nil && l.cut == t {
			continue
		}
		if l.cast == nil || l.cast.array || l.cast.cut != t || t.OID == 0 || l.kind == leafCast && !l.exact {
			return false
		}
	}
	return len(v.leaves) > 0
}

// shownAs reports whether constants and parameters of v can stand beside values of a type that are shown by its modifier: constants have
// its scale or length, and parameters will be looked at.
func (v value) shownAs(t Type) bool {
	for _, l := range v.leaves {
		switch {
		case l.kind == leafNull || l.kind == leafCast && l.exact && l.cast.cut.OID == 0:
		case l.cast != nil && !l.cast.array && l.cast.cut == t && (l.kind != leafCast || l.exact):
		case l.cast != nil && (l.cast.modified || l.cast.array || l.cast.defined != nil || l.cast.oid != t.OID):
			return false
		case l.kind == leafParam:
		case l.kind != leafLiteral || !t.shows(l):
			return false
		}
	}
	return len(v.leaves) > 0
}

// shows reports whether a constant has just the scale or length that t says.
func (t Type) shows(l *leaf) bool {
	if t.OID == OIDBpchar {
		return l.lit == LiteralString && utf8.RuneCountInString(l.text) == int(t.Mod-4)
	}
	precision, scale := t.numeric()
	digits := strings.TrimLeft(strings.TrimLeft(l.text, "+-"), "0")
	whole, fraction, _ := strings.Cut(digits, ".")
	return t.OID == OIDNumeric && l.text != "" && strings.Trim(whole+fraction, "0123456789") == "" && len(l.text)-len(strings.TrimLeft(l.text, "+-")) < 2 &&
		strings.ContainsAny(l.text, "0123456789") && len(fraction) == scale && len(whole) <= precision-scale
}

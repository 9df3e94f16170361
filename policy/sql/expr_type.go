package sql

import (
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// family groups the logical types whose equal values have equal canonical bytes.
func family(oid uint32) uint32 {
	switch oid {
	case OIDText, OIDVarchar:
		return OIDText
	case OIDInt2, OIDInt4, OIDInt8:
		return OIDInt8
	}
	return oid
}

// width orders the integer types: a value of a narrower type is one of the wider.
func width(oid uint32) int {
	switch oid {
	case OIDInt4:
		return 1
	case OIDInt8:
		return 2
	}
	return 0
}

// castType reads a TypeName. The OID is 0 for a type that no protected column has.
func (r *resolver) castType(t *pg_query.TypeName) *castTo {
	c := &castTo{at: Span{-1, -1}}
	names := nameList(t.GetNames())
	if len(names) == 1 || len(names) == 2 && names[0] == "pg_catalog" {
		c.oid = logicalType(names[len(names)-1])
	}
	if c.oid == 0 && len(names) > 0 && len(names) < 3 {
		schema := ""
		if len(names) == 2 {
			schema = names[0]
		}
		if d := r.cat.typeIn(r.path, schema, names[len(names)-1]); d != nil && d.problem == "" {
			c.defined, c.oid = d, d.OID
			if d.Kind == DefinedDomain {
				c.oid = d.Base.OID
			}
		}
	}
	if t.GetSetof() || t.GetPctType() {
		c.oid, c.defined = 0, nil
	}
	c.array = len(t.GetArrayBounds()) > 0
	if c.modified = len(t.GetTypmods()) > 0; c.modified {
		c.cut = cutType(t)
	}
	if r.view == nil && t.GetLocation() >= 0 {
		c.at = Span{int(t.GetLocation()), typeNameEnd(r.text, int(t.GetLocation()))}
	}
	return c
}

// fits refuses, and returns false for, a leaf whose lexical kind or cast could not yield a value of t's type.
func (r *resolver) fits(l *leaf, t *Target, array bool) bool {
	oid := t.Protection.Type.OID
	if array && elementOID(oid) != 0 {
		r.noType(l, t)
		return false
	}
	if l.cast != nil && !r.castFits(l, t, array) {
		return false
	}
	if l.kind == leafBits || !l.inRange() {
		r.noType(l, t)
		return false
	}
	if l.kind != leafLiteral || l.lit == LiteralString {
		return true
	}
	if array {
		r.noType(l, t)
		return false
	}
	ok := false
	switch l.lit {
	case LiteralInteger:
		ok = family(oid) == OIDInt8 || oid == OIDNumeric || oid == OIDFloat8 || oid == OIDFloat4 && t.Purpose == PurposeStore
	case LiteralFloat:
		ok = oid == OIDNumeric || oid == OIDFloat8 || oid == OIDFloat4 && t.Purpose == PurposeStore
	case LiteralBool:
		ok = oid == OIDBool
	}
	if !ok {
		r.noType(l, t)
	}
	return ok
}

func (r *resolver) noType(l *leaf, t *Target) {
	r.no(codeLiteralType, l.at.Start, "the constant's type does not fit protected column %s.%s", t.Table, t.Column)
}

func (r *resolver) castFits(l *leaf, t *Target, array bool) bool {
	oid, c := t.Protection.Type.OID, l.cast
	if elementOID(oid) != 0 {
		if !c.array || array || c.defined != nil || arrayOID(c.oid) != oid || c.modified || c.at.End <= c.at.Start || c.at.Start < 0 {
			r.no(codeCast, l.at.Start, "the cast does not fit protected column %s.%s", t.Table, t.Column)
			return false
		}
		return true
	}
	ok := c.array == array && (c.defined == nil || !(array && c.defined.Kind == DefinedDomain) && t.Protection.Defined != nil && t.Protection.Defined.OID == c.defined.OID) && c.at.End > c.at.Start && c.at.Start >= 0
	switch {
	case !ok:
	case citextCast(l, t):
	case c.modified && (c.cut.OID == 0 || l.kind == leafCast && !l.exact):
		ok = false
	case c.oid == 0 || family(c.oid) != family(oid) && (oid != OIDNumeric || family(c.oid) != OIDInt8):
		ok = l.kind == leafLiteral && !l.lifted && !array && assignable(c.whole(), oid, t.Purpose)
	case family(oid) == OIDInt8:
		ok = numberFits(l, oid, array)
	}
	if !ok {
		r.no(codeCast, l.at.Start, "the cast does not fit protected column %s.%s", t.Table, t.Column)
	}
	return ok
}

// assignable reports whether a constant cast to another family of types can be read as the server would: stored by its assignment
// cast, or compared by an operator for the two types that agrees with equality of canonical values.
func assignable(cast, column uint32, p Purpose) bool {
	switch column {
	case OIDInt2, OIDInt4, OIDInt8:
		return cast == OIDNumeric || cast == OIDFloat4 || cast == OIDFloat8
	case OIDNumeric:
		return p == PurposeStore && (cast == OIDFloat4 || cast == OIDFloat8)
	case OIDDate:
		return p == PurposeStore && (cast == OIDTimestamp || cast == OIDTimestamptz)
	case OIDTimestamptz:
		return cast == OIDTimestamp || cast == OIDDate
	case OIDTimestamp:
		return cast == OIDDate || p == PurposeStore && cast == OIDTimestamptz
	case OIDFloat8:
		return cast == OIDFloat4 || cast == OIDNumeric || family(cast) == OIDInt8
	case OIDFloat4:
		return p == PurposeStore && (cast == OIDFloat8 || cast == OIDNumeric || family(cast) == OIDInt8)
	case OIDBpchar:
		return cast == OIDText || cast == OIDVarchar
	case OIDText:
		return cast == OIDBpchar
	case OIDVarchar:
		return p == PurposeStore && cast == OIDBpchar
	case OIDInet:
		return cast == OIDCidr
	case OIDInterval:
		return cast == OIDTime
	}
	return false
}

// numberFits: a cast of an integer to a narrower type raises what the column would take.
func numberFits(l *leaf, oid uint32, array bool) bool {
	switch {
	case l.kind != leafLiteral:
		return width(l.cast.oid) >= width(oid)
	case array:
		return width(l.cast.oid) >= width(oid) || wholeNumbers(l.text, bits(l.cast.oid))
	}
	_, err := strconv.ParseInt(trimSpace(l.text), 10, bits(l.cast.oid))
	return err == nil
}

// inRange reports whether an integer without quotes is one of the type of the array that it stands in.
func (l *leaf) inRange() bool {
	if l.kind != leafLiteral || l.lit == LiteralString || family(l.within) != OIDInt8 {
		return true
	}
	_, err := strconv.ParseInt(trimSpace(l.text), 10, bits(l.within))
	return err == nil
}

// wholeNumbers reports whether text is the plainest form of an array, {1,-2,NULL}, of numbers that fit: psycopg gives a list the
// narrowest type that holds it.
func wholeNumbers(text string, bits int) bool {
	elements, open := strings.CutPrefix(trimSpace(text), "{")
	elements, closed := strings.CutSuffix(elements, "}")
	if !open || !closed {
		return false
	}
	if trimSpace(elements) == "" {
		return true
	}
	for e := range strings.SplitSeq(elements, ",") {
		e = trimSpace(e)
		if _, err := strconv.ParseInt(e, 10, bits); err != nil && !strings.EqualFold(e, "null") {
			return false
		}
	}
	return true
}

func bits(oid uint32) int {
	switch oid {
	case OIDInt2:
		return 16
	case OIDInt4:
		return 32
	}
	return 64
}

// trimSpace removes what isspace removes in the C locale, as int4in does.
func trimSpace(s string) string {
	space := func(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
	for s != "" && space(s[0]) {
		s = s[1:]
	}
	for s != "" && space(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// nameList is the strings of a qualified name; a star is "*".
func nameList(nodes []*pg_query.Node) []string {
	names := make([]string, 0, len(nodes))
	for _, n := range nodes {
		if n.GetAStar() != nil {
			names = append(names, "*")
			continue
		}
		names = append(names, n.GetString_().GetSval())
	}
	return names
}

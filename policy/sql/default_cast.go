package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// castDefault is the constant of 'x'::type, CAST('x' AS type) or type 'x', of a type as which the column's values may be written, how the
// cast shows, and what goes of the text before and behind the constant.
func (a *analysis) castDefault(p Protection, cast *pg_query.TypeCast) (c *pg_query.A_Const, how DefaultCast, gone []Span) {
	how, ok := a.defaultCast(&p, cast.GetTypeName())
	c = cast.GetArg().GetAConst()
	begin := int(cast.GetTypeName().GetLocation())
	end := typeNameEnd(a.text, begin)
	if !ok || c == nil || begin < 0 || end < 0 {
		return nil, CastNone, nil
	}
	at, value := int(cast.GetLocation()), int(c.GetLocation())
	if at < 0 { // type 'x'
		if value < end {
			return nil, CastNone, nil
		}
		return c, how, []Span{{begin, value}}
	}
	if strings.HasPrefix(a.text[at:], "::") {
		return c, how, []Span{{at, end}}
	}
	word, ok := nextToken(a.text, at)
	if close, found := nextToken(a.text, end); ok && isWord(a.text, word, "cast") && found && isPunct(a.text, close, ")") && !c.GetIsnull() {
		if behind := literalEnd(a.text, value); behind >= 0 {
			return c, how, []Span{{at, value}, {behind, close.End}}
		}
	}
	return nil, CastNone, nil
}

// defaultCast is how a cast to a type shows in a DEFAULT of the column; ok is false where its values may not be written so.
func (a *analysis) defaultCast(p *Protection, name *pg_query.TypeName) (how DefaultCast, ok bool) {
	elem, array := p.Type.Element()
	domain := p.Defined != nil && p.Defined.Kind == DefinedDomain
	switch {
	case array && elem.Mod >= 0:
		return CastModified, a.declared(name, p)
	case array, p.Defined != nil && !domain:
		return CastOwn, a.declared(name, p)
	case domain && a.declared(name, p):
		return CastDomain, true
	}
	typ, ok := typeOf(name)
	switch {
	case !ok || typ.Mod != p.Type.Mod && typ.Mod >= 0:
		return CastNone, false
	case typ.OID == p.Type.OID && typ.Mod >= 0:
		return CastModified, true
	case typ.OID == p.Type.OID:
		return CastOwn, true
	case typ.OID == OIDText && p.Type.OID == OIDVarchar:
		return CastText, true
	case typ.OID == OIDVarchar && p.Type.OID == OIDText:
		return CastVarchar, true
	}
	return CastNone, false
}

package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// execute analyses EXECUTE: it does what the prepared statement does, and its arguments are values of the parameters.
func (a *analysis) execute(n *pg_query.ExecuteStmt) {
	a.st.Runs = append(a.st.Runs, n.GetName())
	a.st.Arguments = len(n.GetParams()) > 0
	a.expressions(n)
	kept := a.names.Statements[n.GetName()]
	if kept == nil && a.names.Gone[n.GetName()] {
		a.refuse(codeExecuteGone, a.st.At.Start, "prepared statement %q does not exist", n.GetName())
		return
	}
	if kept == nil || !kept.Sensitive || a.refused() {
		a.st.Understood = !a.refused()
		return
	}
	k := kept.Stored
	a.adopt(kept)
	if len(n.GetParams()) != k.Count {
		a.refuse(codeExecuteCount, a.st.At.Start, "wrong number of parameters for prepared statement %q: expected %d, got %d",
			n.GetName(), k.Count, len(n.GetParams()))
		return
	}
	x := &executing{
		resolver: &resolver{analysis: a, column: map[columnKey]int{}, leafAt: map[int]*leaf{}},
		kept:     k, values: make([]*leaf, k.Count), nulls: make([]bool, k.Count),
	}
	for i, arg := range n.GetParams() {
		x.argument(i+1, arg)
	}
	x.copies()
	if x.soft != nil && !a.refused() {
		a.st.Refusal = x.soft
	}
	a.st.Understood = !a.refused()
}

// executing is the analysis of one EXECUTE's arguments.
type executing struct {
	*resolver
	kept   *Stored
	values []*leaf // of the arguments that are sealed, by number from 0
	nulls  []bool  // that they are NULL
}

// argument analyses argument n, from 1.
func (x *executing) argument(n int, arg *pg_query.Node) {
	var own *Param
	copied := false
	for i := range x.kept.Params {
		p := &x.kept.Params[i]
		switch {
		case p.Client != n || p.Target == nil:
		case p.Upstream == n:
			own = p
		default:
			copied = true
		}
	}
	if own == nil && !copied {
		return // expressions has looked at it
	}
	v := x.eval(&scope{}, arg, UseExpression)
	if v.form != formFree || len(v.leaves) != 1 || v.leaves[0].at.Start < 0 {
		x.no(codeExecuteArg, v.at.Start, "argument %d of EXECUTE is for a protected column and is not a constant", n)
		return
	}
	l := v.leaves[0]
	x.values[n-1], x.nulls[n-1] = l, l.kind == leafNull || l.kind == leafCast
	for i := range x.kept.Params {
		if p := &x.kept.Params[i]; p.Client == n && p.Target != nil && !x.nulls[n-1] && !x.argumentFits(l, p) {
			return
		}
	}
	if own == nil {
		return
	}
	if l.cast != nil {
		x.castEdit(l.cast, own.Array)
	}
	if !x.nulls[n-1] {
		x.st.Literals = append(x.st.Literals, x.sealed(l, own, l.at))
	}
}

// sealed is the literal that a constant is for parameter p.
func (x *executing) sealed(l *leaf, p *Param, at Span) Literal {
	lit := Literal{At: at, Kind: l.lit, Text: l.text, Array: p.Array, Cast: x.given(p), Target: *p.Target}
	if lit.Cast == 0 && (l.lit == LiteralInteger || p.Array) {
		lit.Cast = x.effective(p)
	}
	lit.asDocument()
	return lit
}

// given is the type that the client's own text gives to parameter p, 0 for none.
func (x *executing) given(p *Param) uint32 {
	if p.Client <= len(x.kept.Types) && x.kept.Types[p.Client-1] != 0 {
		return x.kept.Types[p.Client-1]
	}
	return p.Cast
}

// effective is the type of parameter p as the client sees it.
func (x *executing) effective(p *Param) uint32 {
	if oid := x.given(p); oid != 0 {
		return oid
	}
	oid := p.Target.Protection.Type.OID
	if oid == OIDVarchar {
		oid = OIDText
	}
	if p.Array {
		return arrayOID(oid)
	}
	return oid
}

// argumentFits refuses a constant that is not converted to the parameter's type without loss: the server would do it by assignment.
func (x *executing) argumentFits(l *leaf, p *Param) bool {
	oid := x.effective(p)
	ok := l.kind == leafLiteral
	switch {
	case !ok:
	case p.Array:
		ok = l.lit == LiteralString && (l.cast == nil || l.cast.array && !l.cast.modified && l.cast.whole() == oid)
	case l.cast != nil:
		c := l.cast
		ok = !c.array && !c.modified && c.oid != 0 && c.at.Start >= 0 && family(c.oid) == family(oid) &&
			(family(c.oid) != OIDInt8 || numberFits(l, c.oid, false))
	case l.lit == LiteralInteger:
		ok = family(oid) == OIDInt8 || oid == OIDNumeric
	case l.lit == LiteralFloat:
		ok = oid == OIDNumeric
	case l.lit == LiteralBool:
		ok = oid == OIDBool
	}
	if !ok {
		x.no(codeExecuteArg, l.at.Start, "argument %d of EXECUTE does not fit the type of protected column %s.%s", p.Client, p.Target.Table, p.Target.Column)
	}
	return ok
}

// copies gives the values again for the parameters that the server has and the client does not know of, behind the last argument.
func (x *executing) copies() {
	if x.soft != nil {
		return
	}
	end, first := -1, len(x.st.Literals)
	gap := "" // NULLs that stand before the next literal
	for i := range x.kept.Params {
		p := &x.kept.Params[i]
		if p.Upstream == p.Client {
			continue
		}
		if end < 0 {
			if end = x.argumentsEnd(); end < 0 {
				x.no(codeInternal, -1, "the place of the arguments is not known")
				return
			}
		}
		if x.nulls[p.Client-1] {
			gap += ", NULL"
			continue
		}
		lit := x.sealed(x.values[p.Client-1], p, Span{end, end})
		lit.Before = gap + ", "
		x.st.Literals, gap = append(x.st.Literals, lit), ""
	}
	switch {
	case gap == "":
	case len(x.st.Literals) > first:
		x.st.Literals[len(x.st.Literals)-1].After = gap
	default:
		x.st.Edits = append(x.st.Edits, Edit{At: Span{end, end}, Text: gap})
	}
}

// argumentsEnd is the offset of the parenthesis that closes the arguments of EXECUTE, -1 if it is not found. It is the last EXECUTE
// outside of parentheses that a name and a parenthesis follow.
func (x *executing) argumentsEnd() int {
	end, depth := -1, 0
	for at := x.st.At.Start; at < x.st.At.End; {
		t, ok := nextToken(x.text, at)
		if !ok {
			break
		}
		at = t.End
		switch {
		case isPunct(x.text, t, "("):
			depth++
		case isPunct(x.text, t, ")"):
			depth--
		case depth == 0 && isWord(x.text, t, "execute"):
			name, ok := nextToken(x.text, t.End)
			if !ok {
				break
			}
			after := nameEnd(x.text, name.Start)
			if after < 0 {
				continue
			}
			if open, ok := nextToken(x.text, after); ok && isPunct(x.text, open, "(") {
				end = closing(x.text, open.End)
			}
		}
	}
	return end
}

// closing is the offset of the parenthesis that closes one open before at, -1 if there is none.
func closing(text string, at int) int {
	for depth := 1; ; {
		t, ok := nextToken(text, at)
		if !ok {
			return -1
		}
		at = t.End
		if isPunct(text, t, "(") {
			depth++
		}
		if isPunct(text, t, ")") {
			if depth--; depth == 0 {
				return t.Start
			}
		}
	}
}

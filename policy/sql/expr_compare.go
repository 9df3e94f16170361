package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// condition analyses a boolean expression. top is true within the top-level AND of a WHERE, where an equality with constants is
// a lookup.
func (r *resolver) condition(s *scope, node *pg_query.Node, top bool, use Use) {
	if b := node.GetBoolExpr(); b != nil {
		top = top && b.GetBoolop() == pg_query.BoolExprType_AND_EXPR
		for _, arg := range b.GetArgs() {
			r.condition(s, arg, top, use)
		}
		return
	}
	if e := node.GetAExpr(); e != nil {
		lookup := use
		if top {
			lookup = UseLookup
		}
		r.operator(s, e, use, lookup)
		return
	}
	if n := node.GetNullTest(); n != nil {
		r.nullTest(s, n, use)
		return
	}
	if l := node.GetSubLink(); l != nil {
		r.subLink(s, l, use)
		return
	}
	v := r.eval(s, node, use)
	if v.form == formSealed {
		r.mark(v, use)
		r.no(codeCondition, v.at.Start, "%s can't be used as a condition", v.name())
		return
	}
	r.settle(v, use, OIDBool, codeCondition)
}

// equality reports whether an operator is the server's own = or <>.
func equality(name []*pg_query.Node) bool {
	parts := nameList(name)
	if len(parts) == 0 || len(parts) > 2 || len(parts) == 2 && parts[0] != "pg_catalog" {
		return false
	}
	op := parts[len(parts)-1]
	return op == "=" || op == "<>"
}

// operator analyses an A_Expr. use is recorded for operands in general, lookup for a column compared for equality with constants.
func (r *resolver) operator(s *scope, e *pg_query.A_Expr, use, lookup Use) value {
	from, reads := len(r.leaves), r.plainReads
	v := r.operatorOn(s, e, use, lookup)
	if r.plainReads != reads {
		r.meant(from)
	}
	return v
}

func (r *resolver) operatorOn(s *scope, e *pg_query.A_Expr, use, lookup Use) value {
	result := plainValue(OIDBool, r.spanAt(e.GetLocation()))
	if use&UsePredicate == 0 {
		use |= UsePredicate
	}
	pick := func(negated bool) Use {
		if negated {
			return use
		}
		return lookup
	}
	parts := nameList(e.GetName())
	negated := len(parts) > 0 && parts[len(parts)-1] != "="
	switch e.GetKind() {
	case pg_query.A_Expr_Kind_AEXPR_OP:
		if e.GetLexpr() != nil && e.GetRexpr() != nil && equality(e.GetName()) {
			l, rt := r.eval(s, e.GetLexpr(), use), r.eval(s, e.GetRexpr(), use)
			r.citextQualified(e.GetName(), l, rt)
			r.compareUsing(l, rt, pick(negated), use)
			return result
		}
		if e.GetLexpr() != nil && e.GetRexpr() != nil {
			if v, ok := r.special(s, e, use); ok {
				return v
			}
			if v, ok := r.documentOperator(s, e, use); ok {
				return v
			}
		}
		return r.plainOperator(s, e, use)
	case pg_query.A_Expr_Kind_AEXPR_DISTINCT, pg_query.A_Expr_Kind_AEXPR_NOT_DISTINCT:
		l, rt := r.eval(s, e.GetLexpr(), use), r.eval(s, e.GetRexpr(), use)
		r.compareUsing(l, rt, pick(e.GetKind() == pg_query.A_Expr_Kind_AEXPR_DISTINCT), use)
		return result
	case pg_query.A_Expr_Kind_AEXPR_IN:
		l := r.eval(s, e.GetLexpr(), use)
		items := e.GetRexpr().GetList().GetItems()
		vals, all := make([]value, len(items)), true
		for i, n := range items {
			vals[i] = r.eval(s, n, use)
			all = all && vals[i].constant()
		}
		lk := use
		if all {
			lk = pick(negated)
		}
		for _, v := range vals {
			r.compareUsing(l, v, lk, use)
		}
		return result
	case pg_query.A_Expr_Kind_AEXPR_OP_ANY, pg_query.A_Expr_Kind_AEXPR_OP_ALL:
		l, rt := r.eval(s, e.GetLexpr(), use), r.eval(s, e.GetRexpr(), use)
		r.citextQualified(e.GetName(), l, rt)
		if equality(e.GetName()) {
			r.compareArray(l, rt, pick(negated || e.GetKind() == pg_query.A_Expr_Kind_AEXPR_OP_ALL), use)
			return result
		}
		if orderOperator(e.GetName()) && (protects(l) || protects(rt)) {
			r.compareArrayBy(opOrder, l, rt, use, use)
			return result
		}
		code, _ := operatorCode(parts)
		r.settle(l, use, 0, code)
		r.settle(rt, use, 0, code)
		return result
	case pg_query.A_Expr_Kind_AEXPR_NULLIF:
		return r.nullIf(s, e, use, nil)
	case pg_query.A_Expr_Kind_AEXPR_LIKE, pg_query.A_Expr_Kind_AEXPR_ILIKE, pg_query.A_Expr_Kind_AEXPR_SIMILAR:
		r.again.at, r.again.top = s, lookup == UseLookup
		r.match(s, e, use)
		r.again.at, r.again.top = nil, false
		return result
	}
	// BETWEEN and whatever comes later.
	r.between(s, e, use)
	return result
}

// nullIf analyses NULLIF, which is l unless it equals rt.
func (r *resolver) nullIf(s *scope, e *pg_query.A_Expr, use Use, want *Target) value {
	use |= UsePredicate | UseExpression
	l, rt := r.evalFor(s, e.GetLexpr(), use, want), r.eval(s, e.GetRexpr(), use)
	if want != nil && want.Protection.Search.Equal() && l.form == formFree && rt.form == formFree {
		if isCitext(&want.Protection) && !caseless(l) && !caseless(rt) {
			r.noHint(codeCitext, l.at.Start, "Compare in the application, or with a constant that has no letters, as nullif($1, '').",
				"whether the operands of NULLIF are compared as citext or as text is not known")
		}
		to := *want
		to.Purpose = PurposeCompare
		r.bindAll(l, want, false)
		r.bindAll(rt, &to, false)
		return l
	}
	if foldsCase(l) {
		l.place = Span{} // it is shown as well
	}
	r.compare(l, rt, use)
	if l.form == formSealed {
		v := l.derived()
		p := v.prot.plainDomain()
		v.bare = v.bare || p.Defined != v.prot.Defined
		// Compared by the operator of the family's first type, whose operand the result is: transformAExprOp.
		switch p.Type.OID {
		case OIDVarchar:
			p.Type = Type{OIDText, -1}
		case OIDCidr:
			p.Type = Type{OIDInet, -1}
		}
		v.prot = &p
		return v
	}
	r.settle(l, 0, 0, codeExpression)
	return plainValue(l.typ.OID, l.at)
}

// plainOperator is any operator but equality: no protected value can be its operand.
func (r *resolver) plainOperator(s *scope, e *pg_query.A_Expr, use Use) value {
	code, typ := operatorCode(nameList(e.GetName()))
	if typ == 0 {
		use |= UseExpression
	}
	var vals []value
	for _, n := range []*pg_query.Node{e.GetLexpr(), e.GetRexpr()} {
		if n != nil {
			vals = append(vals, r.eval(s, n, use))
		}
	}
	r.plainOperands(code, use, vals...)
	return plainValue(typ, r.spanAt(e.GetLocation()))
}

func (r *resolver) plainOperands(code string, use Use, vals ...value) {
	hint := uint32(0)
	for _, v := range vals {
		if v.form == formPlain {
			hint = v.typ.OID
		}
	}
	for _, v := range vals {
		r.settle(v, use, hint, code)
	}
}

// operatorCode is why an operator can't have a protected operand, and its result's type where that is known.
func operatorCode(parts []string) (code string, typ uint32) {
	switch parts[len(parts)-1] {
	case "<", ">", "<=", ">=":
		return codeOrdered, OIDBool
	case "~", "~*", "!~", "!~*", "~~", "~~*", "!~~", "!~~*", "^@":
		return codePattern, OIDBool
	}
	return codeExpression, 0
}

// compareUsing is compare that records lookup where one side is made of constants.
func (r *resolver) compareUsing(l, rt value, lookup, use Use) {
	if l.constant() || rt.constant() || l.form == formIndex && rt.form == formFolded || l.form == formFolded && rt.form == formIndex {
		use = lookup
	}
	r.compare(l, rt, use)
}

// compare analyses l = rt.
func (r *resolver) compare(l, rt value, use Use) { r.compareBy(opEqual, l, rt, use) }

// compareBy analyses the comparison of two values for equality or order.
func (r *resolver) compareBy(o op, l, rt value, use Use) {
	switch {
	case l.form == formRow && rt.form == formRow && len(l.elems) == len(rt.elems):
		for i := range l.elems {
			r.compareBy(o, l.elems[i], rt.elems[i], use)
		}
		return
	case foldsCaseOf(l, rt):
		r.compareCitext(o, l, rt, use)
		return
	case l.form == formSealed:
		r.mark(l, use)
		r.meet(o, l, rt, use)
		return
	case rt.form == formSealed:
		r.mark(rt, use)
		r.meet(o, rt, l, use)
		return
	case l.form == formIndex:
		r.meetIndex(o, l, rt, use)
		return
	case rt.form == formIndex:
		r.meetIndex(o, rt, l, use)
		return
	}
	r.alone(l, rt)
	hint := l.typ.OID
	if l.form != formPlain {
		hint = rt.typ.OID
		if rt.form != formPlain {
			hint = 0
		}
	}
	r.settle(l, use, hint, codePlainPeer)
	r.settle(rt, use, hint, codePlainPeer)
}

// meet analyses the other side of a comparison with a protected value.
func (r *resolver) meet(o op, v, other value, use Use) {
	switch other.form {
	case formSealed:
		r.mark(other, use)
		if !r.may(o, v) || !r.may(o, other) {
			return
		}
		if !sameDomain(v.prot, other.prot) {
			r.no(codeOtherKey, v.at.Start, "%s and %s have different keys or types", v.name(), other.name())
		}
	case formFree:
		if onlyNulls(other) || r.may(o, v) { // NULL is NULL in every mode
			r.bindAll(other, v.target(PurposeCompare), false)
		}
	case formUnusable:
		r.broken(other)
	default:
		r.mark(other, use)
		if !r.may(o, v) {
			return
		}
		r.no(codePlainPeer, v.at.Start, "%s can be compared with constants, parameters and columns of the same key only", v.name())
	}
}

// compareArray analyses l = ANY (array) and its kin.
func (r *resolver) compareArray(l, array value, lookup, use Use) {
	r.compareArrayBy(opEqual, l, array, lookup, use)
}

func (r *resolver) compareArrayBy(o op, l, array value, lookup, use Use) {
	if array.constant() {
		use = lookup
	}
	switch {
	case foldsCase(l) && (array.form == formArray || array.form == formFree && !onlyNulls(array)):
		r.compareCitextArray(o, l, array, use)
	case array.form == formArray:
		protected := l.form == formSealed
		for _, e := range array.elems {
			protected = protected || e.form == formSealed
			r.compareBy(o, l, e, use)
		}
		if l.form == formSealed && array.untyped() && family(l.prot.Type.OID) != OIDText {
			r.readAsText(array)
		}
		if len(array.elems) == 0 {
			r.compareBy(o, l, value{form: formFree, src: -1}, use)
		}
		for _, cast := range array.leaves {
			switch {
			case l.form == formSealed:
				r.bind(cast, l.target(PurposeCompare), true)
			case l.form == formIndex:
				r.bind(cast, l.indexTarget(PartIndexExact), true)
			case protected:
				r.no(codeCast, cast.at.Start, "an array of protected columns can't be cast")
			default:
				r.bindPlain(cast, 0)
			}
		}
	case l.form == formSealed && array.form == formFree:
		r.mark(l, use)
		if onlyNulls(array) || r.may(o, l) {
			r.bindAll(array, l.target(PurposeCompare), true)
		}
	case l.form == formIndex && array.form == formFree:
		r.mark(l, use)
		if r.may(o, l) && r.indexed(l) {
			r.bindAll(array, l.indexTarget(PartIndexExact), true)
		}
	case array.form == formCells:
		r.mark(array, use)
		r.compareBy(o, l, array.element(), use)
	case l.form == formSealed && array.form != formSealed:
		r.compareBy(o, l, array, use)
	default:
		r.settle(l, use, 0, codePlainPeer)
		r.settle(array, use, arrayOID(l.typ.OID), codePlainPeer)
	}
}

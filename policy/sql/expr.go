package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// eval says what an expression yields. use is recorded for the columns that it computes with; what it merely copies is recorded by
// whoever consumes the value.
func (r *resolver) eval(s *scope, node *pg_query.Node, use Use) value {
	return r.evalFor(s, node, use, nil)
}

// evalFor is eval of an expression that is written to the protected column want.
func (r *resolver) evalFor(s *scope, node *pg_query.Node, use Use, want *Target) value {
	switch n := node.GetNode().(type) {
	case nil:
		return plainValue(0, nowhere)
	case *pg_query.Node_AConst:
		return r.constant(n.AConst)
	case *pg_query.Node_ParamRef:
		return r.param(n.ParamRef)
	case *pg_query.Node_ColumnRef:
		v := r.columnRef(s, n.ColumnRef)
		if v.place = (Span{}); r.view == nil && foldsCase(v) {
			v.place = v.at
		}
		return v
	case *pg_query.Node_TypeCast:
		return r.typeCast(s, n.TypeCast, use)
	case *pg_query.Node_AExpr:
		if want != nil && n.AExpr.GetKind() == pg_query.A_Expr_Kind_AEXPR_NULLIF {
			return r.nullIf(s, n.AExpr, use, want)
		}
		return r.operator(s, n.AExpr, use, UsePredicate)
	case *pg_query.Node_BoolExpr:
		for _, arg := range n.BoolExpr.GetArgs() {
			r.condition(s, arg, false, use|UsePredicate)
		}
		return plainValue(OIDBool, r.spanAt(n.BoolExpr.GetLocation()))
	case *pg_query.Node_NullTest:
		r.nullTest(s, n.NullTest, use)
		return plainValue(OIDBool, r.spanAt(n.NullTest.GetLocation()))
	case *pg_query.Node_BooleanTest:
		r.condition(s, n.BooleanTest.GetArg(), false, use|UsePredicate)
		return plainValue(OIDBool, r.spanAt(n.BooleanTest.GetLocation()))
	case *pg_query.Node_AArrayExpr:
		v := value{form: formArray, src: -1, at: r.spanAt(n.AArrayExpr.GetLocation())}
		for _, e := range n.AArrayExpr.GetElements() {
			elem := r.eval(s, e, use|UseExpression)
			lift(elem)
			v.elems = append(v.elems, elem)
		}
		return v
	case *pg_query.Node_RowExpr:
		v := value{form: formRow, src: -1, at: r.spanAt(n.RowExpr.GetLocation())}
		for _, e := range n.RowExpr.GetArgs() {
			v.elems = append(v.elems, r.eval(s, e, use|UseExpression))
		}
		return v
	case *pg_query.Node_CaseExpr:
		return r.caseExpr(s, n.CaseExpr, use, want)
	case *pg_query.Node_CoalesceExpr:
		vals := make([]value, 0, len(n.CoalesceExpr.GetArgs()))
		for _, arg := range n.CoalesceExpr.GetArgs() {
			vals = append(vals, r.evalFor(s, arg, use, want))
		}
		return r.coalesce(vals, use, want, r.spanAt(n.CoalesceExpr.GetLocation()))
	case *pg_query.Node_MinMaxExpr:
		return r.extreme(s, n.MinMaxExpr, use, want)
	case *pg_query.Node_CollateClause:
		return r.collated(s, n.CollateClause, use)
	case *pg_query.Node_AIndirection:
		return r.subscript(s, n.AIndirection, use)
	case *pg_query.Node_SubLink:
		return r.subLink(s, n.SubLink, use)
	case *pg_query.Node_FuncCall:
		return r.call(s, n.FuncCall, use)
	case *pg_query.Node_SetToDefault:
		return value{form: formFree, src: -1}
	case *pg_query.Node_GroupingFunc:
		for _, arg := range n.GroupingFunc.GetArgs() {
			r.groupable(r.eval(s, arg, use), UseGroup)
		}
		return plainValue(OIDInt4, r.spanAt(n.GroupingFunc.GetLocation()))
	case *pg_query.Node_SqlvalueFunction:
		return plainValue(0, r.spanAt(n.SqlvalueFunction.GetLocation()))
	}
	r.generic(s, node.ProtoReflect(), use|UseExpression)
	return plainValue(0, r.spanAt(-1))
}

// nowhere is the place of what stands nowhere in the text.
var nowhere = Span{-1, -1}

// operand settles one expression as plain.
func (r *resolver) operand(s *scope, n *pg_query.Node, use Use, typ uint32) {
	r.settle(r.eval(s, n, use), use, typ, codeExpression)
}

// generic settles every expression below a node that has no rule of its own, so that whatever it is, a protected column
// in it is refused and every other column is recorded.
func (r *resolver) generic(s *scope, m protoreflect.Message, use Use) {
	children(m, func(_ protoreflect.FieldDescriptor, child protoreflect.Message) { r.genericMessage(s, child, use) })
}

func (r *resolver) genericMessage(s *scope, m protoreflect.Message, use Use) {
	n, ok := m.Interface().(*pg_query.Node)
	if !ok {
		switch x := m.Interface().(type) {
		case *pg_query.WithClause:
			return // analysed by whoever made s
		case *pg_query.SelectStmt:
			r.settleOutput(r.query(s, x), use)
			return
		case *pg_query.ColumnRef:
			r.settle(r.columnRef(s, x), use, 0, codeExpression)
			return
		case *pg_query.RangeVar:
			r.rangeVar(s, x, EffectSelect)
			return
		}
		r.generic(s, m, use)
		return
	}
	switch n.GetNode().(type) {
	case *pg_query.Node_SelectStmt, *pg_query.Node_InsertStmt, *pg_query.Node_UpdateStmt, *pg_query.Node_DeleteStmt:
		out, _ := r.statement(s, n)
		r.settleOutput(out, use)
	case *pg_query.Node_RangeVar, *pg_query.Node_RangeSubselect, *pg_query.Node_JoinExpr, *pg_query.Node_RangeFunction:
		r.fromItem(s, n, EffectSelect)
	case *pg_query.Node_AConst, *pg_query.Node_ParamRef, *pg_query.Node_ColumnRef, *pg_query.Node_TypeCast, *pg_query.Node_AExpr,
		*pg_query.Node_BoolExpr, *pg_query.Node_NullTest, *pg_query.Node_BooleanTest, *pg_query.Node_AArrayExpr,
		*pg_query.Node_RowExpr, *pg_query.Node_CaseExpr, *pg_query.Node_CoalesceExpr, *pg_query.Node_SubLink, *pg_query.Node_FuncCall,
		*pg_query.Node_MinMaxExpr, *pg_query.Node_CollateClause, *pg_query.Node_AIndirection:
		r.operand(s, n, use, 0)
	default:
		r.generic(s, m, use)
	}
}

func (r *resolver) settleOutput(out output, use Use) {
	for _, c := range out.cols {
		r.settle(c.val, use, 0, codeExpression)
	}
}

// spanAt is the place of a node without a known end.
func (r *resolver) spanAt(at int32) Span {
	if r.view != nil {
		return r.view.at
	}
	return Span{int(at), int(at)}
}

// columnRef resolves a name in an expression: transformColumnRef.
func (r *resolver) columnRef(s *scope, ref *pg_query.ColumnRef) value {
	at := r.span(ref.GetLocation(), refEnd)
	names := nameList(ref.GetFields())
	last := names[len(names)-1]
	if last == "*" {
		// A star within an expression is a whole row: count(t.*), ROW(t.*).
		return r.rowRef(s, names[:len(names)-1], at)
	}
	if len(names) == 1 {
		v, found, open := r.lookup(s, last, at)
		if found {
			return v
		}
		if it := r.relation(s, "", last); it != nil {
			return value{form: formPlain, src: -1, whole: it, at: at}
		}
		if !open {
			r.no(codeNoColumn, at.Start, "column %q does not exist", last)
		}
		return plainValue(0, at)
	}
	schema, table := qualifier(names[:len(names)-1])
	it := r.relation(s, schema, table)
	if it == nil {
		r.no(codeNoColumn, at.Start, "missing FROM-clause entry for table %q", table)
		return plainValue(0, at)
	}
	i, n := it.find(last)
	switch {
	case n == 1:
		return it.value(r, i, at, true)
	case n > 1:
		r.no(codeAmbiguous, at.Start, "column reference %q is ambiguous", last)
	case it.rel != nil && systemColumn(last) != 0:
		return it.system(systemColumn(last), at)
	case it.open:
	case it.guarded(r):
		// Perhaps functional notation: table.f means f(table).
		r.no(codeNoColumn, at.Start, "column %q of %q does not exist", last, table)
	}
	return plainValue(0, at)
}

// rowRef is t.* as one value.
func (r *resolver) rowRef(s *scope, names []string, at Span) value {
	if len(names) == 0 {
		r.no(codeWholeRow, at.Start, "* can't be used here")
		return plainValue(0, at)
	}
	schema, table := qualifier(names)
	if it := r.relation(s, schema, table); it != nil {
		return value{form: formPlain, src: -1, whole: it, at: at}
	}
	r.no(codeNoColumn, at.Start, "missing FROM-clause entry for table %q", table)
	return plainValue(0, at)
}

// nullTest analyses IS [NOT] NULL, which sealing doesn't change.
func (r *resolver) nullTest(s *scope, n *pg_query.NullTest, use Use) {
	r.nullness(r.eval(s, n.GetArg(), use), use|UsePredicate)
}

// nullness settles v as something that is only asked whether it is NULL.
func (r *resolver) nullness(v value, use Use) {
	switch v.form {
	case formSealed, formCells, formDocument:
		r.mark(v, use)
	case formIndex:
		r.mark(v, use)
		r.indexed(v)
	case formFree:
		for _, l := range v.leaves {
			l.neutral = true
		}
	case formRow:
		for _, e := range v.elems {
			r.nullness(e, use)
		}
	default:
		r.settle(v, use, 0, codeExpression)
	}
}

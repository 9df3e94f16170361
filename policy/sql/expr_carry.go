package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// knownCall analyses the server's own functions that are defined on protected values; ok is false for all others.
func (r *resolver) knownCall(s *scope, n *pg_query.FuncCall, parts []string, use Use) (v value, ok bool) {
	if step := foldStep(n); step != "" {
		return r.folded(s, n, step, use), true
	}
	name := parts[len(parts)-1]
	if !builtin(parts, name) || n.GetFuncVariadic() || n.GetAggStar() {
		return value{}, false
	}
	args := n.GetArgs()
	switch {
	case name == "starts_with" && len(args) == 2:
		return r.startsWith(s, n, use), true
	case (name == "min" || name == "max") && len(args) == 1:
		if v = r.eval(s, args[0], use|UseExpression); v.form == formSealed {
			return r.minMax(n, name, v, use), true
		}
		return r.plainCall(n, codeAggregate, use|UseAggregate, v), true
	case n.GetOver() != nil && picksRow(name) && len(args) > 0:
		return r.fromRow(s, n, name, use), true
	case name == "any_value" && len(args) == 1:
		return r.carry(n, r.eval(s, args[0], use|UseExpression), use|UseAggregate), true
	case name == "array_agg" && len(args) == 1:
		v = r.eval(s, args[0], use|UseExpression)
		if n.GetAggDistinct() && v.form == formSealed {
			r.may(opSort, v) // DISTINCT sorts
		}
		return r.gathered(n, v, use|UseAggregate), true
	case (name == "cardinality" || name == "array_length") && len(args) > 0:
		return r.measured(s, n, use), true
	case jsonMaker(name):
		return r.makeJSON(s, n, name, use), true
	}
	return value{}, false
}

// picksRow reports the window functions that give the value of another row.
func picksRow(name string) bool {
	switch name {
	case "lag", "lead", "first_value", "last_value", "nth_value":
		return true
	}
	return false
}

// fromRow analyses a window function that gives the value of another row, or lag's and lead's default.
func (r *resolver) fromRow(s *scope, n *pg_query.FuncCall, name string, use Use) value {
	args := n.GetArgs()
	v := r.eval(s, args[0], use|UseExpression)
	if len(args) > 1 {
		r.operand(s, args[1], use|UseExpression, OIDInt4)
	}
	if len(args) > 2 {
		other := r.eval(s, args[2], use|UseExpression)
		if !protects(v) && !protects(other) {
			return r.plainCall(n, codeAggregate, use|UseAggregate, v, other)
		}
		r.mark(other, use|UseAggregate)
		cols := append(append([]int(nil), v.cols...), other.cols...)
		if v = r.unify([]value{v, other}, nil, codeSetMix); v.form == formSealed {
			v.cols = cols
		}
	}
	return r.carry(n, v, use|UseAggregate)
}

// carry is a call that gives one of its argument's values as it is.
func (r *resolver) carry(n *pg_query.FuncCall, v value, use Use) value {
	switch v.form {
	case formSealed:
		r.mark(v, use)
		r.may(opCarry, v)
		return carried(v, *v.prot, r.spanAt(n.GetLocation()))
	case formJSON, formCells:
		r.mark(v, use)
		v.at = r.spanAt(n.GetLocation())
		return v
	}
	return r.plainCall(n, codeAggregate, use, v)
}

// gathered is an array of the values of v.
func (r *resolver) gathered(n *pg_query.FuncCall, v value, use Use) value {
	if v.form != formSealed {
		return r.plainCall(n, codeAggregate, use, v)
	}
	r.mark(v, use)
	r.may(opArray, v)
	v = carried(v, *v.prot, r.spanAt(n.GetLocation()))
	v.form = formCells
	return v
}

// measured analyses functions that ask for an array's length.
func (r *resolver) measured(s *scope, n *pg_query.FuncCall, use Use) value {
	v := r.eval(s, n.GetArgs()[0], use|UseExpression)
	for _, a := range n.GetArgs()[1:] {
		r.operand(s, a, use|UseExpression, OIDInt4)
	}
	if v.form == formCells {
		r.mark(v, use|UseExpression)
		return plainValue(OIDInt4, r.spanAt(n.GetLocation()))
	}
	return r.plainCall(n, codeExpression, use, v)
}

// cells makes ARRAY[…] with protected elements an array of cells: its elements are alternatives of one another.
func (r *resolver) cells(v value, use Use) value {
	if v.form != formArray || !protects(v) {
		return v
	}
	for _, e := range v.elems {
		if e.form != formSealed && e.form != formFree {
			return v
		}
		r.mark(e, use|UseExpression)
	}
	out := r.unify(v.elems, nil, codeSetMix).derived()
	for _, l := range v.leaves {
		r.no(codeCast, l.at.Start, "an array of protected columns can't be cast")
	}
	if out.form == formSealed {
		r.may(opArray, out)
		out.form, out.at, out.src = formCells, v.at, -1
	}
	return out
}

// subscript analyses (…)[i] and (…).field.
func (r *resolver) subscript(s *scope, n *pg_query.A_Indirection, use Use) value {
	arg, steps := n.GetArg(), n.GetIndirection()
	v := r.cells(r.eval(s, arg, use|UseExpression), use)
	at := v.at
	if v.whole != nil && len(steps) == 1 && steps[0].GetString_() != nil {
		if i, found := v.whole.find(steps[0].GetString_().GetSval()); found == 1 {
			return v.whole.value(r, i, at, true)
		}
	}
	indexed := v.form == formCells && len(steps) == 1 && steps[0].GetAIndices() != nil
	for _, step := range steps {
		ind := step.GetAIndices()
		for _, bound := range []*pg_query.Node{ind.GetLidx(), ind.GetUidx()} {
			if bound != nil {
				r.operand(s, bound, use|UseExpression, OIDInt4)
			}
		}
	}
	if indexed {
		r.mark(v, use|UseExpression)
		if steps[0].GetAIndices().GetIsSlice() {
			return v
		}
		return v.element()
	}
	if v.whole != nil && v.whole.guarded(r) {
		r.wholeRow(v)
	}
	r.settle(v, use|UseExpression, 0, codeExpression)
	return plainValue(0, at)
}

// plainCall settles the arguments of a call as plain.
func (r *resolver) plainCall(n *pg_query.FuncCall, code string, use Use, args ...value) value {
	for _, v := range args {
		if v.whole != nil && v.whole.guarded(r) {
			r.wholeRow(v)
		}
		r.settle(v, use|UseExpression, 0, code)
	}
	return plainValue(0, r.spanAt(n.GetLocation()))
}

// element is one element of an array of cells.
func (v value) element() value {
	v.form = formSealed
	return v.derived()
}

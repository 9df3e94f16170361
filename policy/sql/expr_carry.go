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
	case (name == "min" || name == "max") && len(args) == 1 && !n.GetAggWithinGroup():
		if v = r.eval(s, args[0], use|UseExpression); v.form == formSealed {
			return r.minMax(n, name, v, use), true
		}
		return r.plainCall(n, codeAggregate, use|UseAggregate, v), true
	}
	return value{}, false
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

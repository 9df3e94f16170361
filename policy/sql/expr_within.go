package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// withinGroup analyses an ordered-set or hypothetical-set aggregate.
func (r *resolver) withinGroup(s *scope, n *pg_query.FuncCall, name string, use Use) value {
	at := r.spanAt(n.GetLocation())
	var keys, args []value
	sealed := false
	for _, o := range n.GetAggOrder() {
		v := r.eval(s, o.GetSortBy().GetNode(), use|UseOrder)
		r.sortKey(v, o.GetSortBy())
		sealed = sealed || v.form == formSealed
		keys = append(keys, v)
	}
	for _, a := range n.GetArgs() {
		args = append(args, r.eval(s, a, use|UseExpression))
	}
	own := builtin(nameList(n.GetFuncname()), name) && !n.GetFuncVariadic()
	switch {
	case !sealed:
	case own && hypothetical(name) && len(args) == len(keys):
		for i := range keys {
			r.compareBy(opOrder, keys[i], args[i], use|UseAggregate)
		}
		return plainValue(0, at)
	case own && (name == "mode" && len(args) == 0 || name == "percentile_disc" && len(args) == 1):
		return r.picked(n, keys[0], args, use)
	}
	for _, v := range keys {
		r.settle(v, use|UseAggregate, 0, codeAggregate)
	}
	for _, v := range args {
		r.settle(v, use|UseAggregate|UseExpression, 0, codeAggregate)
	}
	return plainValue(0, at)
}

// hypothetical reports the hypothetical-set aggregates, whose arguments are compared with the sort keys.
func hypothetical(name string) bool {
	return name == "rank" || name == "dense_rank" || name == "percent_rank" || name == "cume_dist"
}

// picked analyses mode and percentile_disc, which give one of the values, or several for an array of fractions.
func (r *resolver) picked(n *pg_query.FuncCall, key value, args []value, use Use) value {
	r.mark(key, use|UseAggregate)
	if !r.may(opOrdered, key) {
		return key
	}
	v := carried(key, *key.prot, r.spanAt(n.GetLocation()))
	for _, a := range args {
		r.settle(a, use|UseExpression, 0, codeAggregate)
		switch c := n.GetArgs()[0]; {
		case a.form == formArray:
			v.form = formCells
		case c.GetAConst() == nil || c.GetAConst().GetSval() != nil:
			r.no(codeAggregate, key.at.Start, "whether percentile_disc gives one value of %s or several can't be known", key.name())
		}
	}
	return v
}

package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// rangeFunction analyses a function in FROM. Its columns are known when the text lists them or when the function is one of
// the server's own that returns a single column.
func (r *resolver) rangeFunction(s *scope, n *pg_query.RangeFunction) *rangeItem {
	at := r.aliasSpan(n.GetAlias())
	it := &rangeItem{at: at}
	exact := true
	for _, f := range n.GetFunctions() {
		items := f.GetList().GetItems()
		if len(items) == 0 {
			continue
		}
		if len(items) > 1 && len(items[1].GetList().GetItems()) > 0 {
			exact = r.definedColumns(it, items[1].GetList().GetItems()) && exact
			r.operand(s, items[0], UseExpression, 0)
			continue
		}
		exact = r.functionColumns(it, s, items[0], n, at) && exact
	}
	if len(n.GetColdeflist()) > 0 {
		it.cols = nil
		exact = r.definedColumns(it, n.GetColdeflist())
	}
	it.open = !exact
	if n.GetOrdinality() && exact {
		it.cols = append(it.cols, itemColumn{name: "ordinality", val: plainValue(OIDInt8, at)})
	}
	it.alias(n.GetAlias())
	return it
}

func (r *resolver) definedColumns(it *rangeItem, defs []*pg_query.Node) bool {
	for _, d := range defs {
		it.cols = append(it.cols, itemColumn{name: d.GetColumnDef().GetColname(), val: plainValue(0, it.at)})
	}
	return true
}

// functionColumns adds the columns of one function call and reports whether they are all known.
func (r *resolver) functionColumns(it *rangeItem, s *scope, call *pg_query.Node, n *pg_query.RangeFunction, at Span) bool {
	fn := call.GetFuncCall()
	if fn == nil {
		r.operand(s, call, UseExpression, 0)
		name := figureName(call)
		if a := n.GetAlias(); a != nil && len(n.GetFunctions()) == 1 {
			name = a.GetAliasname()
		}
		it.cols = append(it.cols, itemColumn{name: name, val: plainValue(0, at)})
		return true
	}
	parts := nameList(fn.GetFuncname())
	name := parts[len(parts)-1]
	alias := name
	if it.name == "" {
		it.name = name
	}
	if a := n.GetAlias(); a != nil && len(n.GetFunctions()) == 1 {
		alias = a.GetAliasname()
	}
	if builtin(parts, "unnest") && len(fn.GetArgs()) >= 1 {
		r.checkCall(parts, fn.GetLocation())
		for _, arg := range fn.GetArgs() {
			v := r.spread(r.eval(s, arg, UseExpression), at)
			col := name
			if len(fn.GetArgs()) == 1 {
				col = alias
			}
			it.cols = append(it.cols, itemColumn{name: col, val: v})
		}
		return true
	}
	r.operand(s, call, UseExpression, 0)
	if builtin(parts, name) {
		if names := builtinColumns(name); names != nil {
			for _, c := range names {
				if c == "" {
					c = alias
				}
				it.cols = append(it.cols, itemColumn{name: c, val: plainValue(0, at)})
			}
			return true
		}
	}
	it.cols = append(it.cols, itemColumn{name: alias, val: plainValue(0, at)})
	return false
}

// builtinColumns are the result columns of the server's own set-returning functions; "" is named by the alias.
func builtinColumns(name string) []string {
	switch name {
	case "generate_series", "generate_subscripts", "regexp_split_to_table", "string_to_table", "regexp_matches",
		"json_object_keys", "jsonb_object_keys", "now", "current_setting":
		return []string{""}
	case "json_array_elements", "jsonb_array_elements", "json_array_elements_text", "jsonb_array_elements_text":
		return []string{"value"}
	case "json_each", "jsonb_each", "json_each_text", "jsonb_each_text":
		return []string{"key", "value"}
	}
	return nil
}

// builtin reports whether a function name means the server's own function called name.
func builtin(parts []string, name string) bool {
	switch len(parts) {
	case 1:
		return parts[0] == name
	case 2:
		return parts[0] == "pg_catalog" && parts[1] == name
	}
	return false
}

// spread is the elements of an array value as a column.
func (r *resolver) spread(v value, at Span) value {
	v = r.cells(v, UseExpression)
	switch v.form {
	case formCells:
		r.mark(v, UseExpression)
		e := v.element()
		e.at, e.bare = at, true
		return e
	case formFree:
		for _, l := range v.leaves {
			l.spread = true
		}
		return value{form: formFree, src: -1, leaves: v.leaves, at: at}
	case formArray:
		if v.constant() {
			out := value{form: formFree, src: -1, leaves: v.leaves, at: at}
			for _, l := range out.leaves {
				l.spread = true // the cast of the array itself
			}
			for _, e := range v.elems {
				out.leaves = append(out.leaves, e.leaves...)
			}
			return out
		}
	}
	r.settle(v, UseExpression, 0, codeExpression)
	return plainValue(0, at)
}

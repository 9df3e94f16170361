package generate

import (
	"fmt"
)

// col is a column that an expression may name.
type col struct {
	ref    string // as it is written
	name   string
	typ    *Type
	search string // empty: plain
	domain string
	normal []string // Column.normal
	field  bool     // within a document
}

func (c col) protected() bool { return c.search != "" }

// secret reports whether a constant that meets the column never reaches the server: one that meets JSON made of columns may.
func (c col) secret() bool { return c.search != "" && c.domain != "json" }

// equal reports whether the column can be compared for equality.
func (c col) equal() bool {
	return c.search == "equality" || c.search == "range" || c.search == "match" || c.search == "" && c.typ.Class != "json"
}

// sorts reports whether it can be compared for order.
func (c col) sorts() bool { return c.search == "range" || c.search == "" && c.typ.Class != "json" }

// rel is what FROM brings into scope.
type rel struct {
	alias string
	cols  []col
	key   string // an expression that is different in each row; empty: none is known
	table *Table
}

func (g *gen) alias() string {
	g.aliases++
	return fmt.Sprintf("t%d", g.aliases)
}

func columnsOf(t *Table, alias string) rel {
	r := rel{alias: alias, key: alias + ".id", table: t}
	for _, c := range t.Columns {
		r.cols = append(r.cols, col{ref: alias + "." + c.Name, name: c.Name, typ: c.Type, search: c.Search, domain: c.domain, normal: c.normal})
	}
	return r
}

// choose is one of the columns that fit, or none.
func (g *gen) choose(rels []rel, fits func(c col) bool) (col, bool) {
	var all []col
	for _, r := range rels {
		for _, c := range r.cols {
			if fits(c) {
				all = append(all, c)
			}
			if c.search != document || c.field {
				continue
			}
			for _, c := range g.within(c) {
				if fits(c) {
					all = append(all, c)
				}
			}
		}
	}
	if len(all) == 0 {
		return col{}, false
	}
	return all[g.r.IntN(len(all))], true
}

// any is a column, more often a protected one, and seldom one that can't do what is asked.
func (g *gen) any(rels []rel, can func(c col) bool) col {
	protected := g.chance(65)
	daring := g.chance(4)
	c, ok := g.choose(rels, func(c col) bool { return c.protected() == protected && (daring || can(c)) })
	if !ok {
		c, ok = g.choose(rels, can)
	}
	if !ok {
		return col{ref: "1", name: "one", typ: typeNamed("int4"), domain: "plain integer"}
	}
	return c
}

func everything(col) bool { return true }

// condition is a boolean expression over rels.
func (g *gen) condition(rels []rel, depth int) *node {
	n := g.condition1(rels, depth)
	n.class = "bool"
	return n.or("true")
}

func (g *gen) condition1(rels []rel, depth int) *node {
	if depth > 0 {
		switch g.r.IntN(10) {
		case 0, 1:
			return paren(list(" AND ", 1, g.condition(rels, depth-1), g.condition(rels, depth-1)))
		case 2:
			return paren(list(" OR ", 1, g.condition(rels, depth-1), g.condition(rels, depth-1)))
		case 3:
			return seq("NOT", paren(g.condition(rels, depth-1)))
		case 4:
			return g.existence(rels, depth-1)
		}
	}
	if n := g.featuredCondition(rels); n != nil {
		return n
	}
	c := g.any(rels, col.equal)
	value := func() *node { return g.constant(c.typ, c.secret()) }
	n := g.r.IntN(22)
	if c.typ.elem != nil && (n == 6 || n == 7) {
		n = 5
		if !c.protected() {
			return seq(g.constant(c.typ.elem, false), "= ANY (", c.ref, ")")
		}
	}
	switch n {
	case 0, 1, 2, 3:
		return seq(c.ref, pick(g, "=", "=", "=", "<>", "!="), value())
	case 4:
		return seq(value(), "=", c.ref)
	case 5:
		return seq(c.ref, pick(g, "IN", "IN", "NOT IN"), "(", list(", ", 1, value(), value(), value()), ")")
	case 6:
		return seq(c.ref, "= ANY (", g.arrayOf(c.typ, c.secret()), ")")
	case 7:
		return seq(c.ref, "= ANY (ARRAY[", list(", ", 1, value(), value()), "]"+g.arrayCast(c.typ)+")")
	case 8, 9:
		return seq(g.any(rels, everything).ref, pick(g, "IS NULL", "IS NOT NULL"))
	case 10:
		return seq(c.ref, pick(g, "IS DISTINCT FROM", "IS NOT DISTINCT FROM"), value())
	case 11, 12:
		o := g.any(rels, col.sorts)
		return seq(o.ref, pick(g, "<", "<=", ">", ">="), g.constant(o.typ, o.secret()))
	case 13:
		o := g.any(rels, col.sorts)
		return seq(o.ref, pick(g, "BETWEEN", "NOT BETWEEN", "BETWEEN SYMMETRIC"), g.constant(o.typ, o.secret()), "AND", g.constant(o.typ, o.secret()))
	case 14:
		return g.pattern(rels)
	case 15:
		d := g.any(rels, col.equal)
		return seq(fmt.Sprintf("(%s, %s)", c.ref, d.ref), pick(g, "=", "<>"), "(", value(), ",", g.constant(d.typ, d.secret()), ")")
	case 16:
		d := g.any(rels, col.equal)
		return seq(fmt.Sprintf("(%s, %s) IN", c.ref, d.ref), "(", list(", ", 1, g.pair(c, d), g.pair(c, d)), ")")
	case 17, 18:
		if d, ok := g.choose(rels, func(d col) bool { return d.domain == c.domain && d.domain != "" && d.ref != c.ref && d.equal() }); ok {
			return seq(c.ref, pick(g, "=", "=", "<>", "IS NOT DISTINCT FROM"), d.ref)
		}
	case 19:
		return g.membership(rels, c)
	case 20:
		return seq("(", g.condition(rels, 0), ")", pick(g, "IS TRUE", "IS NOT TRUE", "IS UNKNOWN", "IS FALSE"))
	case 21:
		return seq("CASE WHEN", g.condition(rels, 0), "THEN", g.condition(rels, 0), "ELSE", g.condition(rels, 0), "END")
	}
	return seq(c.ref, "=", value())
}

// arrayCast may be left out only where what ARRAY makes of constants, text, is what is wanted.
func (g *gen) arrayCast(ty *Type) string {
	if ty.Class == "text" && g.chance(50) {
		return ""
	}
	return "::" + ty.Base + "[]"
}

func (g *gen) pair(c, d col) *node {
	return seq("(", g.constant(c.typ, c.secret()), ",", g.constant(d.typ, d.secret()), ")")
}

// pattern is LIKE and its kin.
func (g *gen) pattern(rels []rel) *node {
	c, ok := g.choose(rels, func(c col) bool {
		return c.typ.Class == "text" && (c.search == "" || c.search == "range" || c.search == "equality" && c.normal == nil && g.chance(10) || g.chance(2))
	})
	if !ok { // no constant, which the planner would fold
		return t(rels[0].cols[0].ref + " IS NOT NULL")
	}
	start := pick(g, "v", "a", "ü", "")
	if c.protected() {
		start = Marker
	}
	text := pick(g, start+"%", start+"1%", "%", "_%", start+"\\%%")
	v := &value{typ: typeNamed("text"), text: text, literal: "'" + text + "'"}
	if g.chance(20) {
		return seq("starts_with(", c.ref, ",", &node{value: &value{typ: v.typ, text: start, literal: "'" + start + "'", cast: true}}, ")")
	}
	return seq(c.ref, pick(g, "LIKE", "LIKE", "NOT LIKE", "ILIKE"), &node{value: v})
}

// existence is EXISTS over a correlated subquery.
func (g *gen) existence(rels []rel, depth int) *node {
	in := columnsOf(g.some(), g.alias())
	where := g.link(rels, in)
	if g.chance(60) {
		where = list(" AND ", 1, where, g.condition([]rel{in}, depth))
	}
	return seq(pick(g, "EXISTS", "EXISTS", "NOT EXISTS"), "( SELECT", pick(g, "1", "*", in.alias+".id"), "FROM", in.table.Name, in.alias, "WHERE", where, ")")
}

// link compares a column of in with one of rels of the same domain.
func (g *gen) link(rels []rel, in rel) *node {
	protected := g.chance(60)
	for range 5 {
		c, ok := g.choose(rels, func(c col) bool { return c.domain != "" && c.equal() && c.protected() == protected })
		if !ok {
			continue
		}
		if d, ok := g.choose([]rel{in}, func(d col) bool { return d.domain == c.domain && d.equal() }); ok {
			return seq(c.ref, "=", d.ref).as("bool").or("true")
		}
	}
	if in.key == "" {
		return t("true").as("bool")
	}
	return seq(in.key, "= 3").as("bool").or("true")
}

// membership is IN (SELECT …) and = ANY (SELECT …).
func (g *gen) membership(rels []rel, c col) *node {
	in := columnsOf(g.some(), g.alias())
	d, ok := g.choose([]rel{in}, func(d col) bool { return d.domain == c.domain && d.domain != "" && d.equal() })
	if !ok {
		return seq(c.ref, "IS NULL")
	}
	n := seq(c.ref, pick(g, "IN", "NOT IN", "= ANY", "<> ALL"), "( SELECT", d.ref, "FROM", in.table.Name, in.alias)
	if g.chance(50) {
		n.kids = append(n.kids, opt(seq("WHERE", g.condition([]rel{in}, 0))))
	}
	return seq(n, ")")
}

// item is an expression of a select list and what it gives.
type item struct {
	expr *node
	col
}

func (g *gen) item(rels []rel, depth int) item {
	c := g.any(rels, everything)
	whole := item{t(c.ref), c}
	like := func() *node { return g.constant(c.typ, c.secret()) }
	plain := func(n *node, ty string) item {
		return item{n.as("scalar").or("NULL::" + ty), col{typ: typeNamed(ty), domain: "plain " + typeNamed(ty).Class}}
	}
	switch g.r.IntN(26) {
	case 0:
		return plain(paren(g.condition(rels, depth)), "bool")
	case 1:
		whole.expr = seq("CASE WHEN", g.condition(rels, 0), "THEN", c.ref, opt(seq("ELSE", pick(g, like(), t("NULL")))), "END")
	case 2:
		// The planner leaves NULLs out, so that the length of the type depends on when a client asks.
		never := g.never
		g.never = true
		whole.expr = seq("COALESCE(", list(", ", 1, t(c.ref), like()), ")")
		g.never = never
	case 3:
		if c.equal() {
			whole.expr = seq("NULLIF(", c.ref, ",", like(), ")")
		}
	case 4:
		if d, ok := g.choose(rels, func(d col) bool { return d.domain == c.domain && d.domain != "" && d.typ == c.typ }); ok {
			whole.expr = seq(pick(g, "COALESCE(", "COALESCE("), c.ref, ",", d.ref, ")")
		}
	case 5:
		if c.equal() {
			return plain(seq("CASE", c.ref, "WHEN", like(), "THEN 1 ELSE 0 END"), "int4")
		}
	case 6, 7:
		return g.scalar(rels)
	case 8:
		in := columnsOf(g.some(), g.alias())
		return plain(seq("( SELECT", pick(g, "count(*)", "count("+g.any([]rel{in}, everything).ref+")"), "FROM", in.table.Name, in.alias, "WHERE", g.link(rels, in), ")"), "int8")
	case 9:
		if d, ok := g.choose(rels, func(c col) bool { return !c.protected() && c.typ.Class == "text" }); ok {
			return plain(seq(pick(g, "lower(", "upper(", "md5(", "concat("), d.ref, ")"), "text")
		}
	case 10:
		if rels[0].key != "" {
			return plain(seq(rels[0].key, "+", fmt.Sprint(g.r.IntN(9))), "int4")
		}
	case 11:
		return plain(seq(c.ref, pick(g, "IS NULL", "IS NOT NULL")), "bool")
	case 12:
		whole.expr = seq(c.ref+"::", c.typ.Base)
	case 13:
		if c.sorts() && c.typ.Class != "jsonb" {
			whole.expr = seq(pick(g, "GREATEST(", "LEAST("), c.ref, ",", like(), ")")
		}
	case 14:
		if g.chance(30) {
			return plain(seq("length(", c.ref, "::text)"), "int4")
		}
	case 15:
		if g.chance(50) {
			return item{seq(pick(g, "to_jsonb(", "jsonb_build_object('k',", "jsonb_build_array("), c.ref, ")"), col{typ: typeNamed("jsonb"), search: "none", domain: "json"}}
		}
	}
	whole.expr.class, whole.expr.plain = "scalar", ""
	return whole
}

// scalar is a subquery that gives one value.
func (g *gen) scalar(rels []rel) item {
	in := columnsOf(g.some(), g.alias())
	c := g.any([]rel{in}, everything)
	n := seq("( SELECT", c.ref, "FROM", in.table.Name, in.alias)
	if g.chance(50) {
		n.kids = append(n.kids, f("WHERE %s.id = %s", in.alias, pick(g, rels[0].key, "2", "3")))
		if rels[0].key == "" {
			n.kids[len(n.kids)-1] = f("WHERE %s.id = 2", in.alias)
		}
	} else {
		n.kids = append(n.kids, opt(seq("WHERE", g.link(rels, in))), f("ORDER BY %s.id LIMIT 1", in.alias))
	}
	n.kids = append(n.kids, t(")"))
	return item{n.as("scalar"), c}
}

package generate

import (
	"fmt"
	"strings"
)

// query is a SELECT and what it gives.
type query struct {
	n     *node
	items []item
	names []string
	key   int // 1 + the item that is different in each row, 0: none
}

// source is FROM with what it brings into scope.
func (g *gen) source(depth int) (*node, []rel) {
	first, n := g.relation(depth)
	rels := []rel{first}
	for g.chance(35) && len(rels) < 3 {
		r, more := g.relation(depth)
		switch g.r.IntN(8) {
		case 0:
			return seq(n, ",", more), append(rels, r)
		case 1:
			n = seq(n, opt(seq("CROSS JOIN", more)))
			rels = append(rels, r)
		case 2:
			if r.table != nil && len(rels) == 1 && first.table != nil {
				name := pick(g, "id", "mail", "num")
				if first.table.named(name) == nil || r.table.named(name) == nil {
					name = "id"
				}
				n = seq(n, pick(g, "JOIN", "LEFT JOIN", "FULL JOIN"), more, "USING ("+name+")")
				rels = append(rels, r)
				continue
			}
			fallthrough
		case 3:
			lateral := g.alias()
			in := columnsOf(g.some(), g.alias())
			c := g.any([]rel{in}, everything)
			sub := seq("( SELECT", c.ref, "AS l FROM", in.table.Name, in.alias, "WHERE", g.link(rels, in), f("ORDER BY %s.id LIMIT 2", in.alias), ")")
			n = seq(n, "CROSS JOIN LATERAL", sub, lateral)
			c.ref, c.name = lateral+".l", "l"
			rels = append(rels, rel{alias: lateral, cols: []col{c}})
		default:
			n = seq(n, opt(seq(pick(g, "JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"), more, "ON", g.link(rels, r))))
			rels = append(rels, r)
		}
	}
	return n, rels
}

// relation is a table, a subquery, VALUES or a function.
func (g *gen) relation(depth int) (rel, *node) {
	alias := g.alias()
	if depth > 0 && g.chance(20) {
		q := g.query(depth-1, 0)
		return q.rel(alias), seq("(", q.n, ")", alias)
	}
	if g.chance(4) {
		ty := typeNamed("text")
		return rel{alias: alias, cols: []col{{ref: alias + ".n", name: "n", typ: typeNamed("int4"), domain: "plain id"}, {ref: alias + ".x", name: "x", typ: ty, domain: "plain text"}}, key: alias + ".n"},
			seq("( VALUES", list(", ", 1, seq("(1,", "'v1')"), seq("(2,", "'v2')"), seq("(3, NULL)")), ")", alias+"(n, x)")
	}
	if g.chance(3) {
		return rel{alias: alias, cols: []col{{ref: alias + ".n", name: "n", typ: typeNamed("int4"), domain: "plain id"}}, key: alias + ".n"},
			seq("generate_series(1, 4)", alias+"(n)")
	}
	table := g.some()
	if g.chance(8) {
		r := columnsOf(table, alias)
		var renamed []string
		for i := range r.cols[:min(3, len(r.cols))] {
			name := fmt.Sprintf("r%d", i)
			r.cols[i].ref, r.cols[i].name = alias+"."+name, name
			renamed = append(renamed, name)
		}
		r.key, r.table = r.cols[0].ref, nil
		return r, seq(table.Name, fmt.Sprintf("%s(%s)", alias, strings.Join(renamed, ", ")))
	}
	name := table.Name
	if g.chance(10) && table.kind == "" {
		name = "public." + name
	}
	return columnsOf(table, alias), seq(name, alias)
}

func (q *query) rel(alias string) rel {
	r := rel{alias: alias}
	for i, it := range q.items {
		c := it.col
		c.name = q.names[i]
		c.ref = alias + "." + c.name
		r.cols = append(r.cols, c)
	}
	if q.key > 0 {
		r.key = r.cols[q.key-1].ref
	}
	return r
}

// query is a SELECT without ORDER BY; width, unless 0, is how many columns it has.
func (g *gen) query(depth, width int) *query {
	from, rels := g.source(depth)
	q := &query{}
	var list1 []*node
	add := func(it item) {
		it.name = fmt.Sprintf("x%d", len(q.items)+1)
		q.items, q.names = append(q.items, it), append(q.names, it.name)
		list1 = append(list1, seq(it.expr, "AS", it.name))
	}
	if width == 0 {
		width = 1 + g.r.IntN(4)
	}
	if len(rels) == 1 && rels[0].key != "" && g.chance(60) {
		add(item{t(rels[0].key), col{typ: typeNamed("int4"), domain: "plain id"}})
		q.key = 1
	}
	for len(q.items) < width {
		add(g.item(rels, depth))
	}
	q.n = seq("SELECT", list(", ", 0, list1...), "FROM", from)
	if g.chance(60) {
		q.n.kids = append(q.n.kids, opt(seq("WHERE", g.condition(rels, depth))))
	}
	q.n.class = "query"
	return q
}

// grouped is a SELECT with GROUP BY.
func (g *gen) grouped() *node {
	from, rels := g.source(1)
	var keys, items []*node
	for range 1 + g.r.IntN(2) {
		c := g.any(rels, col.equal)
		keys, items = append(keys, t(c.ref)), append(items, t(c.ref))
	}
	for range 1 + g.r.IntN(3) {
		items = append(items, g.aggregate(rels))
	}
	by := seq("GROUP BY", list(", ", 1, keys...))
	if g.chance(20) {
		by = seq("GROUP BY", pick(g, "ROLLUP (", "CUBE (", "GROUPING SETS ((), "), list(", ", 1, keys...), ")")
	}
	n := seq("SELECT", list(", ", 1, items...), "FROM", from)
	if g.chance(40) {
		n.kids = append(n.kids, opt(seq("WHERE", g.condition(rels, 1))))
	}
	n.kids = append(n.kids, by)
	if g.chance(25) {
		n.kids = append(n.kids, opt(seq("HAVING", pick(g, t("count(*) > 1"), seq(keys[0], "IS NOT NULL"), t("count(*) < 4")))))
	}
	if g.chance(20) {
		n.kids = append(n.kids, opt(f("ORDER BY %d", len(items))))
	}
	n.class = "query"
	return n
}

func (g *gen) aggregate(rels []rel) *node {
	c := g.any(rels, everything)
	filter := func(n *node) *node {
		if g.chance(20) {
			return seq(n, opt(seq("FILTER ( WHERE", g.condition(rels, 0), ")")))
		}
		return n
	}
	key := rels[0].key
	switch g.r.IntN(12) {
	case 0, 1, 2:
		return filter(t("count(*)"))
	case 3, 4:
		return filter(f("count(%s)", c.ref))
	case 5:
		if c := g.any(rels, col.equal); c.typ.Class != "json" {
			return filter(f("count(DISTINCT %s)", c.ref))
		}
	case 6:
		c = g.any(rels, col.sorts)
		switch c.typ.Class {
		case "bool", "uuid", "bytea", "jsonb", "macaddr", "json":
		default:
			return filter(f("%s(%s)", pick(g, "min", "max"), c.ref))
		}
	case 7:
		if key != "" && len(rels) == 1 {
			return filter(f("sum(%s)", key))
		}
	case 8, 9:
		if key != "" && len(rels) == 1 {
			return filter(f("%s(%s ORDER BY %s)", pick(g, "array_agg", "array_agg", "jsonb_agg", "json_agg"), c.ref, key))
		}
	case 10:
		return filter(f("bool_or(%s IS NULL)", c.ref))
	}
	return filter(t("count(*)"))
}

// windowed is a SELECT with window functions over one table.
func (g *gen) windowed() *node {
	r := columnsOf(g.some(), g.alias())
	rels := []rel{r}
	by := "ORDER BY " + r.key
	if g.chance(50) {
		by = "PARTITION BY " + g.any(rels, col.equal).ref + " " + by
	}
	c := g.any(rels, everything)
	var items []*node
	for _, call := range []string{"row_number()", "rank()", "count(*)", "count(" + c.ref + ")", "lag(" + c.ref + ")", "lead(" + c.ref + ", 2)", "first_value(" + c.ref + ")", "last_value(" + c.ref + ")", "sum(" + r.key + ")", "ntile(3)"} {
		if g.chance(25) {
			items = append(items, seq(call, "OVER", pick(g, "w", "("+by+")")))
		}
	}
	items = append(items, t(r.key), t(c.ref))
	return seq("SELECT", list(", ", 1, items...), "FROM", r.table.Name, r.alias, opt(seq("WHERE", g.condition(rels, 1))), "WINDOW w AS (", by, ")").as("query")
}

// union is a set operation.
func (g *gen) union() *node {
	width := 1 + g.r.IntN(2)
	op := pick(g, "UNION ALL", "UNION ALL", "UNION", "INTERSECT", "EXCEPT", "EXCEPT ALL")
	a, b := columnsOf(g.some(), g.alias()), columnsOf(g.some(), g.alias())
	var left, right []*node
	for len(left) < width {
		c := g.any([]rel{a}, func(c col) bool { return c.equal() || op == "UNION ALL" })
		d, ok := g.choose([]rel{b}, func(d col) bool { return d.domain == c.domain && d.domain != "" && d.typ == c.typ })
		other := t(d.ref)
		if !ok || g.chance(10) {
			other = g.constant(c.typ, c.secret())
		}
		left, right = append(left, t(c.ref)), append(right, other)
	}
	arm := func(r rel, items []*node) *node {
		where := opt(seq("WHERE", g.condition([]rel{r}, 1)))
		if r.table.parts != nil {
			where = nil // of a partition the planner knows that a column is NOT NULL
		}
		return seq("SELECT", list(", ", 0, items...), "FROM", r.table.Name, r.alias, where)
	}
	// The planner drops an arm that is never true, and then a simple Query shows the length of the other's type.
	g.never = true
	n := seq(arm(a, left), op, arm(b, right))
	g.never = false
	if g.chance(15) {
		n = seq("SELECT count(*) FROM (", n, ")", g.alias())
	}
	return n.as("query")
}

// with is a query over CTEs.
func (g *gen) with() *node {
	q := g.query(1, 0)
	r := q.rel("cte")
	rels := []rel{r}
	var items []*node
	for range 1 + g.r.IntN(3) {
		items = append(items, g.item(rels, 0).expr)
	}
	from := seq("cte")
	if g.chance(40) {
		other := columnsOf(g.some(), g.alias())
		from = seq("cte", opt(seq("JOIN", other.table.Name, other.alias, "ON", g.link(rels, other))))
	}
	materialized := pick(g, "", "", "MATERIALIZED", "NOT MATERIALIZED")
	return seq("WITH cte AS", materialized, "(", q.n, ")", "SELECT", list(", ", 1, items...), "FROM", from, opt(seq("WHERE", g.condition(rels, 0)))).as("query")
}

// recursive walks from a row to those whose parent it is.
func (g *gen) recursive() *node {
	var child *Table
	for _, t := range g.now.tables {
		if t.named("parent") != nil {
			child = t
		}
	}
	if child == nil {
		return g.with()
	}
	c := g.any([]rel{columnsOf(child, "k")}, everything)
	return seq("WITH RECURSIVE r(id, c, d) AS ( SELECT k.id,", c.ref, ", 1 FROM", child.Name, "k WHERE k.id <", fmt.Sprint(1+g.r.IntN(5)), "UNION ALL SELECT k.id,", c.ref,
		", r.d + 1 FROM", child.Name, "k JOIN r ON k.parent = r.id WHERE r.d < 3 ) SELECT", pick(g, "id, c, d", "c", "count(*)", "d, id"), "FROM r").as("query")
}

// sorted adds an order that leaves no choice, and a limit.
func (g *gen) sorted() *node {
	from, rels := g.source(0)
	var keys []string
	for _, r := range rels {
		if r.key == "" {
			return g.query(1, 0).n
		}
		keys = append(keys, r.key)
	}
	var items []*node
	for range 1 + g.r.IntN(4) {
		items = append(items, g.item(rels, 1).expr)
	}
	first := g.any(rels, col.sorts)
	order := keys
	if g.chance(60) {
		order = append([]string{first.ref + pick(g, "", " DESC", " NULLS FIRST", " DESC NULLS LAST")}, keys...)
	}
	sort := seq("ORDER BY", strings.Join(order, ", "))
	sort.total = true
	if g.chance(60) {
		sort.kids = append(sort.kids, opt(seq("LIMIT", fmt.Sprint(g.r.IntN(6)))))
	}
	if g.chance(30) {
		sort.kids = append(sort.kids, opt(seq("OFFSET", fmt.Sprint(g.r.IntN(4)))))
	}
	if g.chance(8) && len(rels) == 1 && rels[0].table != nil {
		sort.kids = append(sort.kids, opt(t(pick(g, "FOR UPDATE", "FOR SHARE", "FOR NO KEY UPDATE"))))
	}
	return seq("SELECT", list(", ", 1, items...), "FROM", from, opt(seq("WHERE", g.condition(rels, 1))), opt(sort)).as("query")
}

// distinct is DISTINCT and DISTINCT ON.
func (g *gen) distinct() *node {
	r := columnsOf(g.some(), g.alias())
	rels := []rel{r}
	if g.chance(40) {
		c := g.any(rels, col.sorts)
		return seq("SELECT DISTINCT ON (", c.ref, ")", c.ref, ",", r.key, ",", g.any(rels, everything).ref, "FROM", r.table.Name, r.alias,
			opt(seq("WHERE", g.condition(rels, 1))), "ORDER BY", c.ref+",", r.key).as("query")
	}
	var items []*node
	for range 1 + g.r.IntN(3) {
		items = append(items, t(g.any(rels, col.equal).ref))
	}
	return seq("SELECT DISTINCT", list(", ", 1, items...), "FROM", r.table.Name, r.alias, opt(seq("WHERE", g.condition(rels, 1)))).as("query")
}

// starred is SELECT *, TABLE and whole rows.
func (g *gen) starred() *node {
	a := columnsOf(g.some(), g.alias())
	switch g.r.IntN(5) {
	case 0:
		return seq("TABLE", a.table.Name).as("query")
	case 1:
		b := columnsOf(g.some(), g.alias())
		return seq("SELECT", pick(g, "*", a.alias+".*", b.alias+".*, "+a.alias+".id"), "FROM", a.table.Name, a.alias, "JOIN", b.table.Name, b.alias, "ON", g.link([]rel{a}, b)).as("query")
	case 2:
		if g.chance(30) {
			return seq("SELECT", pick(g, a.alias, "to_jsonb("+a.alias+")", "row_to_json("+a.alias+")"), "FROM", a.table.Name, a.alias).as("query")
		}
	}
	return seq("SELECT * FROM", a.table.Name, a.alias, opt(seq("WHERE", g.condition([]rel{a}, 2)))).as("query")
}

func (g *gen) anyQuery() *node {
	switch g.r.IntN(20) {
	case 0, 1:
		return g.grouped()
	case 2:
		return g.windowed()
	case 3, 4:
		return g.union()
	case 5:
		return g.with()
	case 6:
		if g.chance(50) {
			return g.recursive()
		}
		return g.with()
	case 7, 8, 9, 10:
		return g.sorted()
	case 11, 12:
		return g.distinct()
	case 13, 14:
		return g.starred()
	}
	return g.query(2, 0).n
}

package generate

import (
	"fmt"
	"slices"
	"strings"
)

// target is the table that a statement writes, and what RETURNING may show of it.
func (g *gen) target() (*Table, rel) {
	t := g.some()
	return t, columnsOf(t, "w")
}

func (g *gen) returning(r ...rel) *node {
	if g.chance(50) {
		return nil
	}
	if g.chance(20) {
		return opt(t("RETURNING " + pick(g, "*", r[0].alias+".*")))
	}
	var items []*node
	for range 1 + g.r.IntN(3) {
		if g.chance(70) {
			items = append(items, t(g.any(r, everything).ref))
			continue
		}
		items = append(items, g.item(r, 0).expr)
	}
	return opt(seq("RETURNING", list(", ", 1, items...)))
}

// written are some columns of a table, without id.
func (g *gen) written(t *Table) []*Column {
	var some []*Column
	for _, c := range t.Columns[1:] {
		if !c.null && c.def == nil || g.chance(40) {
			some = append(some, c)
		}
	}
	return some
}

func (g *gen) fresh(c *Column) *node {
	switch {
	case c.Name == "parent":
		return pick(g, f("%d", 1+g.r.IntN(9)), t("NULL"))
	case g.chance(8):
		return t("DEFAULT")
	}
	return g.constant(c.Type, c.protected())
}

func (g *gen) insert() *node {
	tab, r := g.target()
	columns := g.written(tab)
	names := []string{"id"}
	for _, c := range columns {
		names = append(names, c.Name)
	}
	var source *node
	if g.chance(25) {
		names, source = g.insertSelect(tab)
	} else {
		var rows []*node
		for range 1 + g.r.IntN(3)*g.r.IntN(2) {
			values := []*node{f("%d", 1+g.r.IntN(25))}
			for _, c := range columns {
				values = append(values, g.fresh(c))
			}
			rows = append(rows, seq("(", list(", ", 0, values...), ")"))
		}
		source = seq("VALUES", list(", ", 1, rows...))
	}
	n := seq("INSERT INTO", tab.Name, "AS w", "("+strings.Join(names, ", ")+")", source)
	if g.chance(45) {
		n.kids = append(n.kids, opt(g.conflict(tab, r)))
	}
	return seq(n, g.returning(r))
}

// insertSelect copies rows from a table that has columns of the same kind.
func (g *gen) insertSelect(to *Table) ([]string, *node) {
	from := columnsOf(g.some(), g.alias())
	names, items := []string{"id"}, []*node{t(from.alias + ".id + 25")}
	for _, c := range to.Columns[1:] {
		d, ok := g.choose([]rel{from}, func(d col) bool { return d.domain == c.domain && d.domain != "" && d.typ == c.Type })
		switch {
		case c.Name == "parent":
		case ok && g.chance(85):
			names, items = append(names, c.Name), append(items, t(d.ref))
		case !c.null || g.chance(15):
			names, items = append(names, c.Name), append(items, g.constant(c.Type, c.protected()))
		}
	}
	return names, seq("SELECT", list(", ", 0, items...), "FROM", from.table.Name, from.alias, opt(seq("WHERE", g.condition([]rel{from}, 1))), f("ORDER BY %s.id LIMIT 4", from.alias))
}

func (g *gen) conflict(tab *Table, r rel) *node {
	on := "(id)"
	if len(tab.unique) > 0 && g.chance(40) {
		on = "(" + pick(g, tab.unique...).Name + ")"
	}
	if g.chance(30) {
		return t("ON CONFLICT " + pick(g, "", on) + " DO NOTHING")
	}
	var sets []*node
	for _, c := range g.written(tab) {
		if c.Name == "parent" {
			continue
		}
		switch g.r.IntN(4) {
		case 0, 1:
			sets = append(sets, f("%s = EXCLUDED.%s", c.Name, c.Name))
		default:
			sets = append(sets, seq(c.Name, "=", g.assigned(c, []rel{r})))
		}
	}
	if sets == nil {
		sets = append(sets, t("id = w.id"))
	}
	n := seq("ON CONFLICT", on, "DO UPDATE SET", list(", ", 1, sets...))
	if g.chance(25) {
		n.kids = append(n.kids, opt(seq("WHERE", g.condition([]rel{r}, 0))))
	}
	return n
}

// assigned is what a column is set to in UPDATE.
func (g *gen) assigned(c *Column, rels []rel) *node {
	own := "w." + c.Name
	switch g.r.IntN(12) {
	case 0:
		return t("DEFAULT")
	case 1:
		if c.null {
			return t("NULL")
		}
	case 2, 3:
		if d, ok := g.choose(rels, func(d col) bool { return d.domain == c.domain && d.domain != "" && d.typ == c.Type }); ok {
			return t(d.ref)
		}
	case 4:
		return seq("CASE WHEN", g.condition(rels, 0), "THEN", g.constant(c.Type, c.protected()), "ELSE", own, "END").or(own)
	case 5:
		return seq("COALESCE(", own, ",", g.constant(c.Type, c.protected()), ")").or(own)
	case 6:
		in := columnsOf(g.some(), g.alias())
		if d, ok := g.choose([]rel{in}, func(d col) bool { return d.domain == c.domain && d.domain != "" && d.typ == c.Type }); ok {
			return seq("( SELECT", d.ref, "FROM", in.table.Name, in.alias, f("WHERE %s.id = %d )", in.alias, 1+g.r.IntN(9))).or(own)
		}
	}
	return g.constant(c.Type, c.protected())
}

// constrained reports whether a value of a column can meet another row, or be missing elsewhere.
func (t *Table) constrained(c *Column) bool {
	return slices.Contains(t.unique, c) || t.foreign[0] == c || slices.ContainsFunc(t.extra, func(e extra) bool { return e.unique && e.column.Name == c.Name })
}

func (g *gen) update() *node {
	tab, r := g.target()
	rels := []rel{r}
	where := g.condition(rels, 1)
	var from *node
	if g.chance(25) {
		// Each row meets at most one, or the outcome would be open.
		u := columnsOf(g.some(), g.alias())
		rels = append(rels, u)
		on := "w.id"
		if tab.named("parent") != nil && g.chance(50) {
			on = "w.parent"
		}
		from = seq("FROM", u.table.Name, u.alias)
		where = seq(f("%s = %s.id", on, u.alias), opt(seq("AND", g.condition(rels, 1))))
	}
	var sets []*node
	columns := g.written(tab)
	for range 9 {
		if len(columns) == 0 {
			columns = g.written(tab)
		}
	}
	if from != nil && g.w.has(Changes) {
		// Where rows may fail with different errors, the plan decides which fails first.
		columns = slices.DeleteFunc(columns, func(c *Column) bool { return tab.constrained(c) })
	}
	if len(columns) > 2 {
		columns = columns[:2]
	}
	for _, c := range columns {
		if c.Name == "parent" {
			sets = append(sets, t("parent = "+pick(g, "1", "2", "NULL", "w.parent")))
			continue
		}
		sets = append(sets, seq(c.Name, "=", g.assigned(c, rels)))
	}
	if len(columns) == 2 && g.chance(15) {
		sets = []*node{seq(fmt.Sprintf("(%s, %s) = (", columns[0].Name, columns[1].Name), g.fresh(columns[0]), ",", g.fresh(columns[1]), ")")}
	}
	if sets == nil {
		sets = append(sets, t("id = w.id"))
	}
	return seq("UPDATE", tab.Name, "AS w SET", list(", ", 1, sets...), from, seq("WHERE", where), g.returning(rels...))
}

func (g *gen) remove() *node {
	tab, r := g.target()
	rels := []rel{r}
	where := seq(f("w.id = %d", 1+g.r.IntN(25)), opt(seq("AND", g.condition(rels, 0))))
	var using *node
	switch {
	case g.chance(25):
		u := columnsOf(g.some(), g.alias())
		rels = append(rels, u)
		using = seq("USING", u.table.Name, u.alias)
		where = seq(f("w.id = %s.id AND w.id > 8", u.alias), opt(seq("AND", g.condition(rels, 1))))
	case g.chance(30):
		where = seq("w.id > 8", opt(seq("AND", g.condition(rels, 1))))
	}
	return seq("DELETE FROM", tab.Name, "AS w", using, seq("WHERE", where), g.returning(rels...))
}

func (g *gen) merge() *node {
	tab, r := g.target()
	u := columnsOf(g.some(), g.alias())
	rels := []rel{r, u}
	var sets []*node
	for _, c := range g.written(tab) {
		if c.Name != "parent" && len(sets) < 3 {
			sets = append(sets, seq(c.Name, "=", g.assigned(c, rels)))
		}
	}
	if sets == nil {
		sets = append(sets, t("id = w.id"))
	}
	columns, names, values := g.written(tab), []string{"id"}, []*node{t(u.alias + ".id")}
	for _, c := range columns {
		names, values = append(names, c.Name), append(values, g.fresh(c))
	}
	matched := pick(g, seq("UPDATE SET", list(", ", 1, sets...)), seq("UPDATE SET", list(", ", 1, sets...)), t("DELETE"), t("DO NOTHING"))
	and := func(rels []rel) *node {
		if g.chance(40) {
			return opt(seq("AND", g.condition(rels, 0)))
		}
		return nil
	}
	return seq("MERGE INTO", tab.Name, "AS w USING", u.table.Name, u.alias, f("ON w.id = %s.id", u.alias),
		"WHEN MATCHED", and(rels), "THEN", matched,
		opt(seq("WHEN NOT MATCHED", and([]rel{u}), "THEN INSERT ("+strings.Join(names, ", ")+") VALUES (", list(", ", 0, values...), ")")))
}

// writing is a statement that writes, now and then within WITH.
func (g *gen) writing() *node {
	var n *node
	switch g.r.IntN(20) {
	case 0, 1, 2, 3, 4, 5, 6, 7:
		n = g.insert()
	case 8, 9, 10, 11, 12, 13, 14:
		n = g.update()
	case 15, 16, 17:
		n = g.remove()
	case 18:
		return g.merge()
	default:
		tab, r := g.target()
		c := g.any([]rel{r}, everything)
		inner := pick(g,
			seq("UPDATE", tab.Name, "AS w SET", c.name, "=", c.name, "WHERE", g.condition([]rel{r}, 0)),
			seq("DELETE FROM", tab.Name, "AS w WHERE w.id > 8 AND", g.condition([]rel{r}, 0)))
		return seq("WITH m AS (", inner, "RETURNING w.id, ", c.ref, "AS c ) SELECT", pick(g, "*", "c", "count(*)", "c, id"), "FROM m")
	}
	return n
}

package generate

import "strings"

// normalised reports whether functions of the column can be compared.
func normalised(c col) bool { return len(c.normal) > 0 }

// fold writes the functions of the column's normalize: around x.
func (g *gen) fold(c col, x any) *node {
	steps := c.normal
	if g.chance(1) { // others are refused
		steps = pick(g, []string{"lower"}, []string{"trim"}, []string{"nfc", "lower"})
	}
	n := seq(x)
	for _, step := range steps {
		switch step {
		case "lower", "unaccent":
			n = seq(pick(g, step+"(", step+" ("), n, ")")
		case "trim":
			n = seq(pick(g, "trim(", "btrim(", "TRIM(BOTH FROM"), n, ")")
		case "nfc":
			n = seq("normalize(", n, pick(g, ")", ", NFC)"))
		}
	}
	return n
}

// folded compares functions of a column; nil where there is none that has them.
func (g *gen) folded(rels []rel) *node {
	c, ok := g.choose(rels, normalised)
	if !ok {
		return nil
	}
	left := g.fold(c, c.ref)
	value := func() *node {
		if g.chance(25) {
			return g.constant(c.typ, true)
		}
		return g.fold(c, g.constant(c.typ, true))
	}
	switch g.r.IntN(12) {
	case 0:
		return seq(value(), "=", left)
	case 1, 2:
		return seq(left, pick(g, "IN", "NOT IN"), "(", list(", ", 1, value(), value(), value()), ")")
	case 3:
		return seq(left, pick(g, "IS DISTINCT FROM", "IS NOT DISTINCT FROM"), value())
	case 4:
		if d, ok := g.choose(rels, func(d col) bool { return normalised(d) && d.domain == c.domain }); ok {
			return seq(left, pick(g, "=", "=", "<>"), g.fold(d, d.ref))
		}
	case 5:
		in := columnsOf(g.some(), g.alias())
		if d, ok := g.choose([]rel{in}, func(d col) bool { return normalised(d) && d.domain == c.domain }); ok {
			return seq(left, pick(g, "IN", "NOT IN", "= ANY"), "( SELECT", g.fold(d, d.ref), "FROM", in.table.Name, in.alias, ")")
		}
	case 6:
		return seq(left, "= ANY (", g.arrayOf(c.typ, true), ")")
	case 7, 8:
		if strings.Join(c.normal, "") == "lower" {
			return g.ilike(c)
		}
	case 9:
		if !g.chance(30) {
			break
		}
		return seq("CASE", left, "WHEN", value(), "THEN", g.condition(rels, 0), "ELSE", g.condition(rels, 0), "END")
	}
	return seq(left, pick(g, "=", "=", "=", "<>"), value())
}

// ilike compares without a wildcard.
func (g *gen) ilike(c col) *node {
	text := strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(c.typ.some(g.r, true))
	v := &value{typ: typeNamed("text"), text: text, literal: "'" + strings.ReplaceAll(text, "'", "''") + "'", cast: g.chance(20)}
	return seq(c.ref, pick(g, "ILIKE", "ILIKE", "NOT ILIKE", "~~*"), &node{value: v})
}

// foldedGroups groups by functions of a column.
func (g *gen) foldedGroups() *node {
	tab := g.some()
	r := columnsOf(tab, g.alias())
	rels := []rel{r}
	c, ok := g.choose(rels, normalised)
	if !ok {
		return nil
	}
	expression := g.fold(c, c.ref)
	by := func() *node { return expression } // normalize(x) and normalize(x, NFC) are not one group in a plain database
	where := opt(seq("WHERE", g.condition(rels, 1)))
	switch g.r.IntN(5) {
	case 0:
		return seq("SELECT count(DISTINCT", by(), "), count(*) FROM", tab.Name, r.alias, where).as("query")
	case 1:
		return seq("SELECT", r.key+", count(*) OVER (PARTITION BY", by(), ") FROM", tab.Name, r.alias, where).as("query")
	case 2:
		return seq("SELECT min("+r.key+"), count(*) FROM", tab.Name, r.alias, where, "GROUP BY", by(), "HAVING", by(), "IS NOT NULL").as("query")
	case 3:
		other := columnsOf(g.some(), g.alias())
		if d, ok := g.choose([]rel{other}, func(d col) bool { return normalised(d) && d.domain == c.domain }); ok {
			return seq("SELECT", r.key+",", other.key+",", c.ref+",", d.ref, "FROM", tab.Name, r.alias, pick(g, "JOIN", "LEFT JOIN", "FULL JOIN"), other.table.Name, other.alias, "ON", by(), "=", g.fold(d, d.ref)).as("query")
		}
	}
	return seq("SELECT count(*), array_agg("+r.key+" ORDER BY", r.key+") FROM", tab.Name, r.alias, where, "GROUP BY", by()).as("query")
}

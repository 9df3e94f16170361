package generate

import "fmt"

// view makes a view that can be written, or drops one. It is temporary, so that DISCARD ALL takes it away.
func (g *gen) view(s *Statement) {
	s.Way = pick(g, Simple, Simple, Literals)
	if old := g.of("view"); len(old) > 0 && (len(old) > 3 || g.chance(30)) {
		tab := pick(g, old...)
		if g.chance(60) {
			// Others may be made of it.
			s.tree, s.effect = f("DROP VIEW %s", tab.Name), func() { g.drop(tab) }
			return
		}
		by := tab.renamed(fmt.Sprintf("view%d_r%d", g.w.Number, g.made%9))
		g.made++
		s.tree, s.effect = f("ALTER VIEW %s RENAME TO %s", tab.Name, by.Name), func() { g.replace(tab, by) }
		return
	}
	g.made++
	name := fmt.Sprintf("view%d_%d", g.w.Number, g.made%9)
	from := g.some()
	r := columnsOf(from, g.alias())
	made := &Table{Name: name, kind: "view", parts: from.parts}
	var items []*node
	for _, c := range r.cols {
		if c.name != "id" && g.chance(25) {
			continue
		}
		as := &Column{Name: c.name, Type: c.typ, Search: c.search, domain: c.domain, normal: c.normal, null: true}
		item := t(c.ref)
		if c.name != "id" && g.chance(20) {
			as.Name = "v" + c.name
			item = t(c.ref + " AS " + as.Name)
		}
		made.Columns, items = append(made.Columns, as), append(items, item)
	}
	s.tree = seq("CREATE TEMP VIEW", name, "AS SELECT", list(", ", 0, items...), "FROM", from.Name, r.alias)
	if g.chance(50) {
		s.tree = seq(s.tree, opt(seq("WHERE", g.condition([]rel{r}, 0))), opt(t(pick(g, "", "WITH CHECK OPTION", "WITH LOCAL CHECK OPTION"))))
	}
	s.effect = func() { g.add(made) }
}

package generate

import (
	"fmt"
	"slices"
	"strings"
)

// scroll makes the statement a cursor that is moved about.
func (g *gen) scroll(s *Statement) {
	hold := g.chance(40)
	kind := pick(g, "", "SCROLL", "SCROLL", "SCROLL", "NO SCROLL")
	back := kind != "" // what is neither depends on the plan
	declare := strings.Join(strings.Fields(strings.Join([]string{"DECLARE", s.name, pick(g, "", "", "", "BINARY"), pick(g, "", "INSENSITIVE"), kind, "CURSOR"}, " ")), " ")
	if g.chance(25) {
		g.current(s)
		return
	}
	if s.tree = g.sorted(); !s.tree.ordered() {
		s.tree = nil
		return
	}
	if hold {
		declare += pick(g, " WITH HOLD", " WITH HOLD", " WITHOUT HOLD")
	}
	s.Way, s.with = Scroll, declare+" FOR "
	say := func(format string, args ...any) { s.more = append(s.more, fmt.Sprintf(format, args...)) }
	if !hold && !g.open || hold && strings.HasSuffix(declare, "WITHOUT HOLD") && !g.open {
		s.before = "BEGIN"
		s.OnFailed = "ROLLBACK"
	}
	for range 2 + g.r.IntN(5) {
		say("%s", g.fetch(s.name, back))
		if g.chance(8) && (g.open || s.before != "") {
			say("SAVEPOINT c1")
			say("%s", g.fetch(s.name, back))
			say("ROLLBACK TO c1")
			say("RELEASE c1")
		}
	}
	if s.before != "" {
		say("%s", pick(g, "COMMIT", "COMMIT", "ROLLBACK"))
		if g.chance(50) {
			say("FETCH ALL FROM %s", s.name) // it is gone
		}
		return
	}
	say("%s", pick(g, "CLOSE "+s.name, "CLOSE "+s.name, "CLOSE ALL"))
}

// fetch moves a cursor.
func (g *gen) fetch(name string, back bool) string {
	n := g.r.IntN(7)
	ways := []string{"", "NEXT", "", "NEXT", fmt.Sprint(n), fmt.Sprint("FORWARD ", n), "FORWARD", fmt.Sprint("RELATIVE ", n), "ALL", "FORWARD ALL"}
	if back {
		ways = append(ways, "PRIOR", "FIRST", "LAST", "BACKWARD", "BACKWARD ALL", fmt.Sprint("BACKWARD ", n), fmt.Sprint("ABSOLUTE ", n-2), fmt.Sprint("RELATIVE ", n-3), fmt.Sprint("-", n), fmt.Sprint("FORWARD -", n))
	}
	return strings.Join(strings.Fields(strings.Join([]string{pick(g, "FETCH", "FETCH", "FETCH", "MOVE"), pick(g, ways...), pick(g, "FROM", "IN"), name}, " ")), " ")
}

// current writes the rows on which a cursor stands.
func (g *gen) current(s *Statement) {
	tables := slices.DeleteFunc(slices.Clone(g.now.tables), func(t *Table) bool { return t.kind == "view" || len(t.Columns) < 2 })
	if len(tables) == 0 {
		return
	}
	tab := pick(g, tables...)
	r := columnsOf(tab, "w")
	sort := t("ORDER BY w.id FOR UPDATE")
	sort.total = true
	s.tree = seq("SELECT", list(", ", 1, t("w.id"), t(g.any([]rel{r}, everything).ref)), "FROM", tab.Name, "AS w", opt(seq("WHERE", g.condition([]rel{r}, 0))), sort).as("query")
	s.Way, s.with = Scroll, "DECLARE "+s.name+" CURSOR FOR "
	say := func(format string, args ...any) { s.more = append(s.more, fmt.Sprintf(format, args...)) }
	if !g.open {
		s.before, s.OnFailed = "BEGIN", "ROLLBACK"
	}
	for range 1 + g.r.IntN(3) {
		say("%s", pick(g, "FETCH ", "MOVE ", "FETCH 2 FROM ")+s.name)
		if g.chance(30) {
			say("DELETE FROM %s WHERE CURRENT OF %s", tab.Name, s.name)
			continue
		}
		c := pick(g, tab.Columns[1:]...)
		value := t("NULL")
		if c.Name != "parent" {
			value = g.constant(c.Type, c.protected())
		}
		say("UPDATE %s AS w SET %s = %s WHERE CURRENT OF %s%s", tab.Name, c.Name, value.render(false).Text, s.name, pick(g, "", " RETURNING w."+c.Name, " RETURNING *"))
	}
	if s.before != "" {
		say("%s", pick(g, "COMMIT", "COMMIT", "ROLLBACK"))
		return
	}
	say("CLOSE %s", s.name)
}

// scrolled are the steps of a cursor.
func (s *Statement) scrolled(query string) []Step {
	step := func(text string, way Way) Step {
		return Step{Rendered: Rendered{Text: text}, Way: way, Ordered: true}
	}
	if !s.tree.ordered() { // it was made smaller, and its rows come in any order
		return nil
	}
	var all []Step
	if s.before != "" {
		all = append(all, step(s.before, Simple))
	}
	all = append(all, step(s.with+query, Simple))
	for i, text := range s.more {
		way := Simple
		if strings.HasPrefix(text, "FETCH") || strings.HasPrefix(text, "UPDATE") {
			way = []Way{Simple, Simple, Text, Binary, Literals, Named}[(i+len(text))%6]
		}
		all = append(all, step(text, way))
	}
	return all
}

package generate

import (
	"fmt"
	"slices"
)

// as is the table with other columns.
func (t *Table) as(columns []*Column) *Table {
	c := *t
	c.Columns = columns
	return &c
}

func (t *Table) renamed(name string) *Table {
	c := *t
	c.Name = name
	return &c
}

// with is the table with another column in place of one.
func (t *Table) with(old, by *Column) *Table {
	all := slices.Clone(t.Columns)
	all[slices.Index(all, old)] = by
	return t.as(all)
}

func (t *Table) without(old *Column) *Table {
	return t.as(slices.DeleteFunc(slices.Clone(t.Columns), func(c *Column) bool { return c == old }))
}

// altered changes what a table is.
func (g *gen) altered(s *Statement, tab *Table) {
	set := func(by *Table) func() { return func() { g.replace(tab, by) } }
	var c *Column
	if len(tab.Columns) > 1 {
		c = tab.Columns[1+g.r.IntN(len(tab.Columns)-1)]
	}
	n := g.r.IntN(16)
	if c == nil && n > 3 {
		n = 0
	}
	g.made++
	alter := "ALTER TABLE " + pick(g, "", "", "", "IF EXISTS ") + tab.Name
	switch n {
	case 0, 1:
		ty := typeNamed(pick(g, "text", "int4", "varchar(12)", "date", "numeric"))
		add := &Column{Name: fmt.Sprintf("a%d", g.made%9), Type: ty, domain: "plain " + ty.Class, null: true}
		def := opt(t(pick(g, "", " DEFAULT NULL")))
		if g.chance(40) {
			def = opt(seq("DEFAULT", t("'"+ty.some(g.r, false)+"'")))
			if slices.Contains(ty.edges, "it's") {
				def = opt(t("DEFAULT 'def'"))
			}
		}
		s.tree = seq(alter, "ADD", pick(g, "", "COLUMN"), add.Name, ty.Name, def)
		if tab.named(add.Name) == nil {
			s.effect = set(tab.as(append(slices.Clone(tab.Columns), add)))
		}
	case 2:
		name := fmt.Sprintf("%sr%d", tab.Name[:min(len(tab.Name), 9)], g.made%5)
		s.tree, s.effect = f("%s RENAME TO %s", alter, name), set(tab.renamed(name))
	case 3:
		s.tree, s.effect = f("DROP TABLE %s", tab.Name), func() { g.drop(tab) }
	case 4, 5:
		s.tree, s.effect = f("%s DROP COLUMN %s", alter, c.Name), set(tab.without(c))
	case 6, 7, 8:
		to := *c
		to.Name = fmt.Sprintf("b%d", g.made%9)
		s.tree = f("%s RENAME %s %s TO %s", alter, pick(g, "", "COLUMN"), c.Name, to.Name)
		if tab.named(to.Name) == nil {
			s.effect = set(tab.with(c, &to))
		}
	case 9:
		to := *c
		to.null = false
		s.tree, s.effect = f("%s ALTER %s SET NOT NULL", alter, c.Name), set(tab.with(c, &to))
	case 10:
		to := *c
		to.null = true
		s.tree, s.effect = f("%s ALTER COLUMN %s DROP NOT NULL", alter, c.Name), set(tab.with(c, &to))
	case 11:
		s.tree = f("CREATE INDEX ON %s (%s)", tab.Name, c.Name)
	case 12:
		def := t("NULL")
		if d := g.defaultOf(c); d != nil {
			def = d
		}
		s.tree = seq(alter, "ALTER COLUMN", c.Name, "SET DEFAULT", def)
	case 13:
		s.tree = f("%s ALTER COLUMN %s DROP DEFAULT", alter, c.Name)
	case 14:
		s.tree = f("%s %s", pick(g, "TRUNCATE", "ANALYZE", "TRUNCATE TABLE"), tab.Name)
	case 15:
		s.tree = f("%s ALTER COLUMN %s TYPE %s", alter, c.Name, c.Type.Name)
	}
}

// alters changes one of the world's tables, in a transaction of which nothing stays.
func (g *gen) alters(s *Statement) {
	s.Way = pick(g, Simple, Simple, Literals)
	tables := g.of("")
	switch {
	case !g.open:
		s.tree, s.effect, s.OnFailed = t("BEGIN"), g.begin, ""
	case len(tables) > 0:
		g.altered(s, pick(g, tables...))
		g.dirty = true
	}
}

package generate

import (
	"fmt"
	"slices"
	"strings"
)

// awaySuffix is behind a table's name while it has another one.
const awaySuffix = "r"

// extra is a constraint or an index that a statement has made.
type extra struct {
	name       string
	constraint bool
	column     *Column
	unique     bool
}

// changes changes one of the world's tables for good.
func (g *gen) changes(s *Statement) {
	s.Way = pick(g, Simple, Simple, Literals, Text)
	tab := pick(g, g.of("")...)
	set := func(by *Table) func() { return func() { g.replace(tab, by) } }
	g.made++
	alter := "ALTER TABLE " + pick(g, "", "", "IF EXISTS ", "ONLY ") + tab.Name
	if tab.parts != nil {
		alter = "ALTER TABLE " + tab.Name
	}
	c := tab.Columns[1+g.r.IntN(len(tab.Columns)-1)]
	to := *c
	switch n := g.r.IntN(20); n {
	case 0, 1:
		by := tab.renamed(tab.Name + awaySuffix)
		by.home = tab.Name
		if tab.home != "" {
			by = tab.renamed(tab.home)
			by.home = ""
		}
		s.tree, s.effect = f("ALTER TABLE %s RENAME TO %s", tab.Name, by.Name), set(by)
	case 2, 3, 4, 5:
		g.renameColumn(s, tab, c)
	case 6:
		to.null = false
		s.tree, s.effect = f("%s ALTER %s SET NOT NULL", alter, c.Name), set(tab.with(c, &to))
	case 7:
		to.null = true
		s.tree, s.effect = f("%s ALTER COLUMN %s DROP NOT NULL", alter, c.Name), set(tab.with(c, &to))
	case 8, 9, 10:
		if to.def = g.defaultOf(c); to.def != nil && c.Name != "parent" {
			s.tree, s.effect = seq(alter, "ALTER", c.Name, "SET DEFAULT", to.def), set(tab.with(c, &to))
		}
	case 11:
		to.def = nil
		s.tree, s.effect = f("%s ALTER COLUMN %s DROP DEFAULT", alter, c.Name), set(tab.with(c, &to))
	case 12, 13:
		g.addColumn(s, tab, alter)
	case 14:
		if strings.HasPrefix(c.Name, "a") || g.chance(15) && !c.protected() && c.Name != "parent" && !slices.Contains(tab.unique, c) && tab.to == nil {
			s.tree, s.effect = f("%s DROP COLUMN %s", alter, c.Name), set(tab.dropped(c))
		}
	case 15, 16:
		g.addExtra(s, tab, c)
	case 17, 18:
		g.dropExtra(s, tab, alter)
	case 19:
		s.tree = f("%s ALTER COLUMN %s %sTYPE %s", alter, c.Name, pick(g, "", "SET DATA "), c.Type.Name)
	}
}

func (g *gen) renameColumn(s *Statement, tab *Table, c *Column) {
	if c.Name == "parent" {
		return
	}
	to := *c
	to.Name, to.home = fmt.Sprintf("b%d", g.made%9), c.Name
	if c.home != "" {
		to.Name, to.home = c.home, ""
	}
	if tab.named(to.Name) != nil {
		return
	}
	s.tree = f("ALTER TABLE %s RENAME %s %s TO %s", tab.Name, pick(g, "", "COLUMN"), c.Name, to.Name)
	s.effect = func() { g.replace(tab, tab.with(c, &to)) }
}

func (g *gen) addColumn(s *Statement, tab *Table, alter string) {
	ty := pick(g, Types()...)
	add := &Column{Name: fmt.Sprintf("a%d", g.made%9), Type: ty, domain: "plain " + ty.Class, null: true}
	if len(tab.Columns) > 14 || tab.named(add.Name) != nil {
		return
	}
	g.defaults(add)
	s.tree = seq(strings.Replace(alter, "ONLY ", "", 1), "ADD", pick(g, "", "COLUMN", "COLUMN IF NOT EXISTS"), add.Name, ty.Name)
	if add.def != nil {
		s.tree = seq(s.tree, "DEFAULT", add.def)
		if g.chance(30) {
			add.null = false
			s.tree = seq(s.tree, "NOT NULL")
		}
	}
	s.effect = func() { g.replace(tab, tab.as(append(slices.Clone(tab.Columns), add))) }
}

// addExtra makes a constraint or an index.
func (g *gen) addExtra(s *Statement, tab *Table, c *Column) {
	e := extra{name: fmt.Sprintf("%s_x%d", tab.first(), g.made%9), column: c}
	if c.Search == "none" || c.Type.Class == "json" || tab.parts != nil || slices.ContainsFunc(tab.extra, func(o extra) bool { return o.name == e.name }) {
		return
	}
	switch g.r.IntN(3) {
	case 0:
		e.constraint, e.unique = true, true
		s.tree = f("ALTER TABLE %s ADD CONSTRAINT %s UNIQUE (%s)", tab.Name, e.name, c.Name)
	case 1:
		e.unique = true
		s.tree = f("CREATE UNIQUE INDEX %s ON %s (%s)", e.name, tab.Name, c.Name)
	default:
		s.tree = f("CREATE INDEX %s ON %s USING btree (%s)", e.name, tab.Name, c.Name)
	}
	by := tab.as(tab.Columns)
	by.extra = append(slices.Clone(tab.extra), e)
	s.effect = func() { g.replace(tab, by) }
}

func (g *gen) dropExtra(s *Statement, tab *Table, alter string) {
	if len(tab.extra) == 0 {
		return
	}
	e := pick(g, tab.extra...)
	s.tree = f("DROP INDEX %s", e.name)
	if e.constraint {
		s.tree = f("%s DROP CONSTRAINT %s", alter, e.name)
	}
	by := tab.as(tab.Columns)
	by.extra = slices.DeleteFunc(slices.Clone(tab.extra), func(o extra) bool { return o == e })
	s.effect = func() { g.replace(tab, by) }
}

// first is the name with which the table was made.
func (t *Table) first() string {
	if t.home != "" {
		return t.home
	}
	return t.Name
}

// dropped is the table without a column, and what was made of it.
func (t *Table) dropped(c *Column) *Table {
	by := t.without(c)
	by.extra = slices.DeleteFunc(slices.Clone(t.extra), func(e extra) bool { return e.column.Name == c.Name })
	return by
}

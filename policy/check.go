package policy

import (
	"slices"
	"strings"

	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/policy/yamlfile"
)

// Problems compares the policy with a database's catalog, for pgveil check: tables and columns that do not exist, masks of views
// and masks that do not fit a plain column's type, encrypted tables that no rule names. Each is one line that starts with its place in
// the file. None of them makes the policy show more than it says.
func (p *Policy) Problems(cat *sql.Catalog) []string {
	c := checker{p: p, cat: cat, d: decoder{file: p.rules.File}}
	for i := range p.grants {
		c.grant(&p.grants[i])
	}
	for i := range p.rules.Forbids {
		c.forbid(&p.rules.Forbids[i])
	}
	c.d.problems.Sort()
	for _, t := range sortedTables(p.protected) {
		if !p.reaches(t) {
			c.d.report(Place{}, "encrypted table %s is named by no allow rule, so nobody can use it", t)
		}
	}
	var lines []string
	for _, problem := range c.d.problems {
		lines = append(lines, problem.String())
	}
	return lines
}

type checker struct {
	p   *Policy
	cat *sql.Catalog
	d   decoder
}

func (c *checker) grant(g *grant) {
	for _, t := range g.On {
		r := c.table(t, g.ID)
		if r == nil {
			continue
		}
		names := append(append(append([]Name{}, g.Show.Names...), g.Write.Names...), g.Sealed.Names...)
		for _, m := range g.Mask {
			if r.Kind == 'v' || r.Kind == 'm' {
				c.d.report(m.Name.At, "rule %s: %s is a view; mask the column of the table under it", g.ID, t)
			}
			names = append(names, m.Name)
			col, ok := r.Column(m.Name.Text)
			if ok && col.Protection == nil && !fits(m.Mask, col.Type.OID) {
				c.d.report(m.Name.At, "rule %s: mask %s needs a text or varchar column, which %s.%s is not; use null", g.ID, m.Mask, t,
					m.Name.Text)
			}
		}
		c.columns(r, names, g.ID)
	}
}

func (c *checker) forbid(f *Forbid) {
	for _, t := range f.On {
		if r := c.table(t, f.ID); r != nil {
			c.columns(r, f.Columns, f.ID)
		}
	}
}

// table finds the relation that a rule names, nil when it is a pattern or there is none.
func (c *checker) table(t Target, rule string) *sql.Relation {
	if t.pattern() {
		return nil
	}
	r, ok := c.cat.Relation(nil, t.Table.Schema, t.Table.Name)
	if !ok {
		c.d.report(t.At, "rule %s: database %s has no table %s", rule, c.cat.Database, t)
		return nil
	}
	if !strings.ContainsRune("rpfvm", rune(r.Kind)) {
		c.d.report(t.At, "rule %s: %s is not a table", rule, t)
		return nil
	}
	return r
}

func (c *checker) columns(r *sql.Relation, names []Name, rule string) {
	var known []string
	for _, col := range r.Columns {
		known = append(known, col.Name)
	}
	for _, n := range names {
		if !contains(known, n.Text) {
			c.d.report(n.At, "rule %s: table %s has no column %q%s", rule, r.TableName(), n.Text, yamlfile.DidYouMean(n.Text, known))
		}
	}
}

// reaches is true when some role may do something with the table.
func (p *Policy) reaches(t sql.TableName) bool {
	for i := range p.grants {
		if about(p.grants[i].On, t) {
			return true
		}
	}
	return false
}

// Extend adds to a Spec what must be analysed because of this policy. A forbid about columns of tables that are not named one
// by one needs every table's columns.
func (p *Policy) Extend(spec sql.Spec) sql.Spec {
	spec.Listed = append(append([]sql.TableName{}, spec.Listed...), p.Tables()...)
	spec.AllListed = spec.AllListed || !p.rules.UnlistedPass
	for _, f := range p.rules.Forbids {
		spec.AllListed = spec.AllListed || f.Columns != nil && slices.ContainsFunc(f.On, Target.pattern)
	}
	return spec
}

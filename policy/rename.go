package policy

import (
	"slices"

	"github.com/pgveil/pgveil/policy/sql"
)

// renames refuses new names for columns that rules name: the rules would be about another column, or about none.
func (j *judgement) renames() {
	for _, c := range j.st.Renames {
		if c.Table < 0 || c.Table >= len(j.seen) {
			j.refuse(codeUnclear, c.At.Start, "", "the table of column %s was not understood", c.Name)
			continue
		}
		if table := j.seen[c.Table].use.Table; j.p.namesColumn(table, c.Name) {
			j.refuse(codeRenamed, c.At.Start, "", "rules name column %s of table %s", c.Name, table)
		}
	}
}

// namesColumn reports whether any rule about a table names a column, whoever the rule is for.
func (p *Policy) namesColumn(t sql.TableName, column string) bool {
	named := func(names []Name) bool {
		return slices.ContainsFunc(names, func(n Name) bool { return n.Text == column })
	}
	for i := range p.grants {
		a := p.grants[i].Allow
		if !about(a.On, t) {
			continue
		}
		masked := slices.ContainsFunc(a.Mask, func(m ColumnMask) bool { return m.Name.Text == column })
		if masked || named(a.Show.Names) || named(a.Write.Names) {
			return true
		}
	}
	return slices.ContainsFunc(p.rules.Forbids, func(f Forbid) bool { return about(f.On, t) && f.covers(column) })
}

package policy

import (
	"slices"
	"strings"

	"github.com/pgveil/pgveil/policy/mask"
	"github.com/pgveil/pgveil/policy/sql"
)

// column judges one ColumnUse: reading needs show, or mask for plain output; writing needs write. What is refused for its table
// needs no more reasons.
func (j *judgement) column(i int) {
	c := j.st.Columns[i]
	verdict := Verdict{Do: Open}
	before := len(j.plan.Refusals)
	switch {
	case c.Table < 0 || c.Table >= len(j.seen):
		j.refuse(codeUnclear, c.At.Start, "", "the table of column %s was not understood", c.Name)
	case j.plan.Tables[c.Table].Do == Refuse:
		verdict.Do = Refuse
	case j.seen[c.Table].governed:
		o := &j.seen[c.Table]
		if c.Use == 0 && o.effects&(reads|changes) != 0 {
			j.refuse(codeUnclear, c.At.Start, "", "what is done with column %s was not understood", c.Name)
		}
		if c.Use&sql.UseWrite != 0 {
			verdict = j.writable(o, c)
		}
		if read := c.Use &^ sql.UseWrite; read != 0 && (read != sql.UseDefine || !o.defines()) {
			verdict = j.readable(o, c, read)
		}
	}
	if len(j.plan.Refusals) > before {
		verdict.Do = Refuse
	}
	j.plan.Columns = append(j.plan.Columns, verdict)
}

// defines reports whether a rule lets the table be altered whatever is in it: one that is not about its rows.
func (o *occurrence) defines() bool {
	return slices.ContainsFunc(o.grants, func(g *grant) bool { return g.Do&sql.EffectAlter != 0 && g.Do&sql.EffectSelect == 0 })
}

// writable checks that the column may be assigned by each of the statement's writing effects. CREATE and ALTER assign no
// rows: their verb is enough.
func (j *judgement) writable(o *occurrence, c sql.ColumnUse) Verdict {
	verdict := Verdict{Do: Open}
	if o.effects&writes == 0 {
		if o.effects&(sql.EffectCreate|sql.EffectAlter) == 0 {
			j.refuse(codeUnclear, c.At.Start, "", "how column %s is written was not understood", c.Name)
		}
		return verdict
	}
	stored := false
next:
	for _, e := range singleEffects(o.effects & writes) {
		sealed := ""
		for _, g := range o.grants {
			switch {
			case g.Do&e == 0 || !g.Write.All && !g.write[c.Name]:
			case g.seals(o, c.Name):
				sealed = g.ID
			default:
				j.by(g.ID)
				verdict.Rule = g.ID
				continue next
			}
		}
		if sealed == "" {
			j.refuse(codeWrite, c.At.Start, "", "%s may not %s column %s of table %s", j.who(), writeWord(e), c.Name, o.use.Table)
			return Verdict{Do: Open}
		}
		j.by(sealed)
		stored, verdict.Rule = true, sealed
	}
	if stored {
		verdict.Do = j.stored(o, c).Do
	}
	return verdict
}

func writeWord(e sql.Effect) string {
	if e == sql.EffectUpdate {
		return "update"
	}
	return "write"
}

// readable checks a use that lets something of the column's values be seen.
func (j *judgement) readable(o *occurrence, c sql.ColumnUse, read sql.Use) Verdict {
	v := o.view(c.Name)
	switch v.Do {
	case Refuse:
		j.refuse(codeHidden, c.At.Start, j.insteadOf(o, c), "column %s of table %s is not shown to %s", c.Name, o.use.Table, j.who())
	case Mask, Null:
		switch {
		case j.isView(o.use):
			j.refuse(codeMaskedView, c.At.Start, "", "the policy masks column %s of %s, which is a view", c.Name, o.use.Table)
		case read&^sql.UseOutput != 0:
			j.refuse(codeMaskedUse, c.At.Start, "", "masked column %s of table %s is used in %s; %s may only select it",
				c.Name, o.use.Table, useWords(read&^sql.UseOutput), j.who())
		}
	case Stored:
		if read&^sql.UseOutput != 0 || j.isView(o.use) {
			j.refuse(codeStoredUse, c.At.Start, "", "column %s of table %s is shown to %s as it is stored and may be no more than output",
				c.Name, o.use.Table, j.who())
		}
	}
	if v.Do != Refuse {
		j.by(v.Rule)
	}
	return v
}

func (j *judgement) isView(use sql.TableUse) bool {
	r, ok := j.relation(use.OID)
	return ok && (r.Kind == 'v' || r.Kind == 'm')
}

// useWords says where a column stands, for people.
func useWords(use sql.Use) string {
	var all []string
	for _, name := range useNames(use) {
		all = append(all, map[string]string{
			"lookup": "a condition", "predicate": "a condition", "group": "GROUP BY, DISTINCT or a set operation",
			"order": "ORDER BY", "expression": "an expression", "aggregate": "an aggregate", "carry": "another column's value",
			"define": "an expression that is computed for each row",
		}[name])
	}
	if len(all) == 0 || all[0] == "" {
		return "another way"
	}
	return all[0]
}

// insteadOf is a hint that lists what may be selected when the column was reached by *.
func (j *judgement) insteadOf(o *occurrence, c sql.ColumnUse) string {
	if c.At.End-c.At.Start != 1 && c.At.End != c.At.Start {
		return ""
	}
	var names []string
	for _, g := range o.grants {
		for _, n := range g.Show.Names {
			if o.view(n.Text).Do != Refuse && !contains(names, n.Text) {
				names = append(names, n.Text)
			}
		}
		for _, m := range g.Mask {
			if o.view(m.Name.Text).Do != Refuse && !contains(names, m.Name.Text) {
				names = append(names, m.Name.Text)
			}
		}
	}
	if len(names) == 0 || len(names) > 20 {
		return ""
	}
	return "Name the columns instead of *: " + strings.Join(names, ", ") + "."
}

// view is how the subject sees a column of this occurrence: Open (in clear), Mask, Null or Refuse. Each effect must allow
// it, and the least open one decides; within one effect the most open rule does. A rule that allows select also lets a
// statement that writes read the column, since the same could be learned by a select of its own; COPY TO needs its own.
func (o *occurrence) view(column string) Verdict {
	result := Verdict{Do: Refuse}
	for k, e := range singleEffects(o.effects) {
		v := Verdict{Do: Refuse}
		for _, g := range o.grants {
			if g.Do&e == 0 && (e&reads != 0 || g.Do&sql.EffectSelect == 0) {
				continue
			}
			if w := g.view(o, column); openness(w) > openness(v) {
				v = w
			}
		}
		if k == 0 || openness(v) < openness(result) {
			result = v
		}
	}
	return result
}

func (g *grant) view(o *occurrence, column string) Verdict {
	if m, ok := g.masks[column]; ok {
		if _, null := m.(mask.Null); null {
			return Verdict{Do: Null, Rule: g.ID}
		}
		return Verdict{Do: Mask, Mask: m, Rule: g.ID}
	}
	if g.seals(o, column) {
		return Verdict{Do: Stored, Rule: g.ID}
	}
	if g.Show.All || g.shown[column] {
		return Verdict{Do: Open, Rule: g.ID}
	}
	return Verdict{Do: Refuse}
}

// openness orders views by how much they show, so that rules add up the same in any order: hidden, null, stored, redact, hash,
// email, first, last (of each the longer), in clear.
func openness(v Verdict) int {
	switch v.Do {
	case Null:
		return 1
	case Stored:
		return 2
	case Open:
		return 1 << 16
	case Mask:
		switch m := v.Mask.(type) {
		case mask.Redact:
			return 3
		case *mask.Hash:
			return 4
		case mask.Email:
			return 5
		case mask.First:
			return 1<<8 + m.Shown()
		case mask.Last:
			return 1<<9 + m.Shown()
		}
		return 3
	}
	return 0
}

package policy

import "github.com/pgveil/pgveil/policy/sql"

// copied decides on the fields of the rows that COPY FROM takes.
func (j *judgement) copied() {
	c := j.st.Copy
	if c == nil || !c.In {
		return
	}
	j.plan.Stored = make([]bool, len(c.Columns))
	for i, col := range c.Columns {
		if col.Use < 0 || col.Use >= len(j.plan.Columns) {
			j.refuse(codeUnclear, j.st.At.Start, "", "the column that a field is copied into was not understood")
			return
		}
		j.plan.Stored[i] = col.Target != nil && j.plan.Columns[col.Use].Do == Stored
	}
}

// seals reports whether a rule gives a column out, and takes it in, as it is stored.
func (g *grant) seals(o *occurrence, column string) bool {
	return (g.Sealed.All || g.sealed[column]) && o.protects(column)
}

// protects reports whether a column of this table is encrypted.
func (o *occurrence) protects(column string) bool {
	if _, ok := o.protected[column]; ok {
		return true
	}
	if o.relation != nil {
		if c, ok := o.relation.Column(column); ok {
			return c.Protection != nil
		}
	}
	return false
}

// stored judges the writing of a column that rules let the subject write only as it is stored: COPY FROM can check each cell.
func (j *judgement) stored(o *occurrence, c sql.ColumnUse) Verdict {
	if o.effects&sql.EffectCopyFrom == 0 {
		j.refuse(codeStoredWrite, c.At.Start, "", "%s may write column %s of table %s only as it is stored, by COPY", j.who(), c.Name, o.use.Table)
	}
	return Verdict{Do: Stored}
}

package policy

import "github.com/pgveil/pgveil/policy/sql"

// document decides on jsonb in which cells stand at the paths of a column: they are opened, or the value is shown as it is stored, or not
// at all. A mask can't be laid on a part of it.
func (j *judgement) document(r *sql.Result) Slot {
	unclear := func() Slot {
		j.refuse(codeUnclear, j.st.At.Start, "", "the origin of a document with protected paths was not understood")
		return Slot{}
	}
	s := Slot{Name: r.Name, OID: r.Origin.OID, Num: r.Origin.Num, Shape: r.Shape, Document: r.Document}
	found := false
	for _, i := range r.Holds {
		if i < 0 || i >= len(j.st.Columns) || j.st.Columns[i].Table < 0 || j.st.Columns[i].Table >= len(j.seen) {
			return unclear()
		}
		c := j.st.Columns[i]
		o := &j.seen[c.Table]
		if o.ofSources() {
			continue
		}
		prot, ok := j.protection(o.use, c.Name)
		if !ok || !o.governed || prot.Document == nil {
			return unclear()
		}
		s.Table, s.Column = o.use.Table, c.Name
		v := o.view(c.Name)
		if found && v.Do != s.Do {
			j.refuse(codeMixed, c.At.Start, "", "a result column may hold values of column %s of table %s, which %s may not see in clear", c.Name, o.use.Table, j.who())
			return Slot{}
		}
		found = true
		switch s.Do = v.Do; v.Do {
		case Open, Null, Stored:
		case Mask:
			j.refuse(codeMaskType, c.At.Start, "Use the mask null, or show the column.", "mask %s can't be applied to column %s of table %s, which has protected paths", v.Mask, c.Name, o.use.Table)
			return Slot{}
		default:
			if len(j.plan.Refusals) == 0 {
				j.refuse(codeHidden, c.At.Start, "", "column %s of table %s is not shown to %s", c.Name, o.use.Table, j.who())
			}
			return Slot{}
		}
	}
	if s.Do == Refuse || r.Document == nil || r.Protection != nil {
		return unclear()
	}
	if s.Do != Open {
		s.Shape, s.Document = sql.ShapeCell, nil
	}
	return s
}

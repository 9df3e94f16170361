package policy

import (
	"github.com/pgveil/pgveil/policy/mask"
	"github.com/pgveil/pgveil/policy/sql"
)

// slot decides what happens to one result column. It asks the rules again rather than trusting that the column is among
// Statement.Columns.
func (j *judgement) slot(r *sql.Result) Slot {
	if r.Shape == sql.ShapeDocument {
		return j.document(r)
	}
	if r.Origin.Table < 0 {
		return j.expression(r)
	}
	if r.Origin.Table >= len(j.seen) {
		j.refuse(codeUnclear, j.st.At.Start, "", "the origin of a result column was not understood")
		return Slot{}
	}
	o := &j.seen[r.Origin.Table]
	s := Slot{
		Do: Pass, Name: r.Name, Table: o.use.Table, Column: r.Origin.Column, OID: r.Origin.OID, Num: r.Origin.Num,
		Protection: r.Protection, Shape: r.Shape, Bare: r.Bare,
	}
	if _, sealed := j.p.protected[o.use.Table][s.Column]; sealed != (r.Protection != nil) && (sealed || !o.governed) {
		j.refuse(codeUnclear, o.use.At.Start, "", "column %s of table %s is encrypted, but its result was not understood so",
			s.Column, s.Table)
		return Slot{}
	}
	if !o.governed {
		return s
	}
	return j.show(s, o)
}

// show applies the rules to a column that is copied from a governed table.
func (j *judgement) show(s Slot, o *occurrence) Slot {
	switch v := o.view(s.Column); v.Do {
	case Open:
		if s.Protection != nil {
			s.Do = Open
		}
	case Null:
		s.Do = Null
	case Stored:
		s.Do, s.Protection = Stored, nil
	case Mask:
		return j.masked(s, o, v.Mask)
	default:
		if len(j.plan.Refusals) == 0 {
			j.refuse(codeHidden, o.use.At.Start, "", "column %s of table %s is not shown to %s", s.Column, s.Table, j.who())
		}
		return Slot{}
	}
	return s
}

// masked sets a slot's mask, provided that the column's type can hold what it shows.
func (j *judgement) masked(s Slot, o *occurrence, m mask.Mask) Slot {
	var oid uint32
	domain := "column:" + s.Table.String() + "." + s.Column
	if s.Protection != nil {
		oid, domain = s.Protection.Type.OID, "key:"+s.Protection.Key
	} else if r, ok := j.relation(o.use.OID); ok {
		if c, ok := r.Column(s.Column); ok {
			oid = c.Type.OID
		}
	}
	bound, err := mask.Bind(m, j.p.maskKey, domain)
	if err != nil || !fits(m, oid) {
		j.refuse(codeMaskType, o.use.At.Start, "", "mask %s can't be applied to column %s of table %s", m, s.Column, s.Table)
		return Slot{}
	}
	s.Do, s.Mask = Mask, bound
	return s
}

// expression decides on a result that is not copied from one column. Masked and hidden columns can't be part of one: any use
// of theirs but plain output was refused. A sealed result, of UNION or coalesce say, is opened only if each column of the
// statement that it may come from is shown in clear.
func (j *judgement) expression(r *sql.Result) Slot {
	s := Slot{Do: Pass, Name: r.Name, Protection: r.Protection, Shape: r.Shape, Bare: r.Bare}
	if r.Shape == sql.ShapeCell && r.Protection == nil {
		s.OID, s.Num = r.Origin.OID, r.Origin.Num // of a view, that of the column which shows the expression
	}
	if r.Shape == sql.ShapeJSON {
		return j.holder(s, r)
	}
	if r.Protection == nil {
		return s
	}
	found := false
	for _, c := range j.st.Columns {
		if c.Table < 0 || c.Table >= len(j.seen) {
			continue
		}
		o := &j.seen[c.Table]
		prot, ok := j.protection(o.use, c.Name)
		if !ok || !prot.Uses(r.Protection.Key) || o.ofSources() {
			continue
		}
		found = true
		if !o.governed || c.Use&^sql.UseWrite != 0 && o.view(c.Name).Do != Open {
			j.refuse(codeMixed, c.At.Start, "", "a result column may hold values of column %s of table %s, which %s may not see in clear",
				c.Name, o.use.Table, j.who())
			return Slot{}
		}
	}
	if !found {
		j.refuse(codeUnclear, j.st.At.Start, "", "the origin of an encrypted result column was not understood")
		return Slot{}
	}
	s.Do = Open
	return s
}

// holder decides on json or jsonb in which cells may lie: every column that they may come from must be shown in clear.
func (j *judgement) holder(s Slot, r *sql.Result) Slot {
	for _, i := range r.Holds {
		if i < 0 || i >= len(j.st.Columns) || j.st.Columns[i].Table < 0 || j.st.Columns[i].Table >= len(j.seen) {
			j.refuse(codeUnclear, j.st.At.Start, "", "the origin of an encrypted result column was not understood")
			return Slot{}
		}
		c := j.st.Columns[i]
		o := &j.seen[c.Table]
		if o.ofSources() {
			continue
		}
		prot, ok := j.protection(o.use, c.Name)
		if !ok || !o.governed || o.view(c.Name).Do != Open {
			j.refuse(codeMixed, c.At.Start, "", "a result column may hold values of column %s of table %s, which %s may not see in clear",
				c.Name, o.use.Table, j.who())
			return Slot{}
		}
		if prot.Document == nil {
			s.Holds = append(s.Holds, HeldColumn{Table: o.use.Table, Column: c.Name, Protection: prot})
			continue
		}
		for _, p := range prot.Document.Paths {
			s.Holds = append(s.Holds, HeldColumn{Table: o.use.Table, Column: c.Name, Protection: p.Protection})
		}
	}
	if len(s.Holds) == 0 || r.Protection != nil {
		j.refuse(codeUnclear, j.st.At.Start, "", "the origin of an encrypted result column was not understood")
		return Slot{}
	}
	s.Do = Open
	return s
}

func (j *judgement) protection(use sql.TableUse, column string) (sql.Protection, bool) {
	if r, ok := j.relation(use.OID); ok {
		if c, ok := r.Column(column); ok && c.Protection != nil {
			return *c.Protection, true // with its type from the catalog
		}
	}
	prot, ok := j.p.protected[use.Table][column]
	return prot, ok
}

// leaks refuses a statement in which a masked column of a plain table is read but arrives at no result column as itself,
// while some result is an expression that could hold it. Encrypted columns need no such check: an expression is never opened.
func (j *judgement) leaks() {
	if len(j.plan.Refusals) > 0 {
		return
	}
	results := resultsOf(j.st)
	carries := results == nil
	for _, r := range results {
		carries = carries || r.Origin.Table < 0
	}
	for i, c := range j.st.Columns {
		use := j.seen[c.Table].use
		if do := j.plan.Columns[i].Do; !carries || do != Mask && do != Null || j.arrives(c) {
			continue
		}
		// EXPLAIN shows no rows.
		if _, sealed := j.protection(use, c.Name); !sealed && use.Effects&sql.EffectExplain == 0 {
			j.refuse(codeMaskedUse, c.At.Start, "", "masked column %s of table %s is read but is no result column", c.Name, use.Table)
		}
	}
}

func (j *judgement) arrives(c sql.ColumnUse) bool {
	for _, r := range resultsOf(j.st) {
		if r.Origin.Table == c.Table && r.Origin.Column == c.Name {
			return true
		}
	}
	return false
}

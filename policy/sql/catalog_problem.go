package sql

import (
	"cmp"
	"slices"
	"strings"
)

// Problem is something in which the configuration and the database do not fit together.
type Problem struct {
	Table   TableName
	Column  string // empty when it concerns the whole table
	Fatal   bool   // statements that touch it are refused, or would go wrong; otherwise a warning
	Message string
	Hint    string
}

// Problems lists what pgveil check reports, ordered by table and column.
func (c *Catalog) Problems() []Problem { return slices.Clone(c.problems) }

func (c *Catalog) findProblems(s *snapshot) []Problem {
	f := &problemFinder{c: c}
	for _, m := range c.moves {
		f.add(m.NewTable, m.NewColumn, false, m.String(), "Rules of the policy go by the names in the files until then.")
	}
	for name, columns := range c.spec.Protected {
		r := c.byName[name]
		if c.away(name, "") {
			continue
		}
		if r == nil {
			f.add(name, "", true, "the table does not exist", "Create it through the proxy, or correct its name in the encrypt section.")
			continue
		}
		for column := range columns {
			f.column(r, column)
		}
		f.keys(r)
	}
	for _, r := range c.relations {
		if r.Unusable != nil {
			f.add(r.TableName(), "", true, "every statement over it is refused: "+r.Unusable.Message, r.Unusable.Hint)
		}
		f.foreign(r)
	}
	for name, schemas := range f.c.operators {
		if comparison(name) {
			f.add(TableName{schemas[0], name}, "", false, "an operator named like one of SQL's own has a function that hides what it does: every statement has to be analysed",
				"Drop the operator, or name its function in trusted_functions.")
		}
	}
	f.locale(s)
	f.constraints(s)
	f.triggers(s)
	slices.SortFunc(f.all, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Table.String(), b.Table.String()), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(f.all)
}

type problemFinder struct {
	c   *Catalog
	all []Problem
}

func (f *problemFinder) add(t TableName, column string, fatal bool, message, hint string) {
	f.all = append(f.all, Problem{t, column, fatal, message, hint})
}

// column checks one configured column.
func (f *problemFinder) column(r *Relation, name string) {
	t := r.TableName()
	if strings.IndexByte("rpf", r.Kind) < 0 {
		f.add(t, name, true, "columns of a view can't be protected", "Protect the columns of the table beneath it.")
		return
	}
	col := r.known(name)
	switch {
	case col == nil:
		f.add(t, name, true, "the column does not exist", "Add it through the proxy, or correct its name in the encrypt section.")
	case col.Unusable != nil:
		f.add(t, name, true, col.Unusable.Message, col.Unusable.Hint)
	}
}

// keys checks the unique and other indexes of a protected table.
func (f *problemFinder) keys(r *Relation) {
	for _, x := range r.indexes {
		for _, num := range x.columns {
			col := r.byNum(num)
			if col != nil && isCitext(col.Protection) {
				f.add(r.TableName(), col.Name, x.unique, "index "+x.name+" is over cells, which differ where values of citext differ by case",
					"Drop it, and send CREATE INDEX through the proxy.")
				continue
			}
			if col == nil || col.Protection == nil || col.Protection.Search.Equal() || col.Protection.Document != nil && !x.unique {
				continue
			}
			if x.unique {
				f.add(r.TableName(), col.Name, true, "index "+x.name+" is unique, but search: none seals equal values differently",
					"Configure search: equality, or drop the index.")
			} else {
				f.add(r.TableName(), col.Name, false, "index "+x.name+" can't serve a column with search: none", "Drop the index.")
			}
		}
	}
}

// foreign checks that the two ends of each foreign key are sealed alike.
func (f *problemFinder) foreign(r *Relation) {
	for _, k := range r.foreign {
		other := f.c.byOID[k.target]
		if other == nil {
			continue
		}
		for i, num := range k.columns {
			if i >= len(k.others) {
				break
			}
			a, b := r.byNum(num), other.byNum(k.others[i])
			if a == nil || b == nil || sealedAlike(a.Protection, b.Protection) {
				continue
			}
			f.add(r.TableName(), a.Name, true, "foreign key "+k.name+" leads to "+other.TableName().String()+"."+b.Name+", which is not sealed alike",
				"Give both columns the same key, type and search: equality.")
		}
	}
}

// sealedAlike reports whether equal values of two columns have equal bytes.
func sealedAlike(p, q *Protection) bool {
	if p == nil || q == nil {
		return p == q
	}
	return !isCitext(p) && p.ID == q.ID && p.Type.OID == q.Type.OID && p.Search.Equal() && q.Search.Equal()
}

// constraints reports CHECK and exclusion constraints that read protected columns, except the guards that the proxy makes.
func (f *problemFinder) constraints(s *snapshot) {
	for _, k := range s.Constraints {
		r := f.c.byOID[k.Relation]
		if r == nil || k.Kind == "f" {
			continue
		}
		for _, num := range k.Columns {
			col := r.byNum(num)
			if col == nil || col.Protection == nil || k.Name == guardName(col.Name) || isNullCheck(k.Definition) {
				continue
			}
			f.add(r.TableName(), col.Name, false, "constraint "+k.Name+" reads the column, of which the database sees only ciphertext",
				"Drop the constraint if its condition is about the value.")
		}
	}
}

// isNullCheck recognises the commonest CHECK that ciphertext bears: one that compares nothing.
func isNullCheck(definition string) bool {
	return definition != "" && !strings.ContainsAny(definition, "=<>~'") && strings.Contains(definition, " IS ")
}

// triggers reports triggers that reach protected tables, or run on them: their functions see ciphertext.
func (f *problemFinder) triggers(s *snapshot) {
	source := map[uint32]string{}
	for _, fn := range s.Functions {
		source[fn.OID] = fn.Source
	}
	for _, t := range s.Triggers {
		r := f.c.byOID[t.Relation]
		switch {
		case r == nil:
		case r.Protected:
			f.add(r.TableName(), "", false, "trigger "+t.Name+" runs on the table; its function sees ciphertext in protected columns",
				"Check that the function does not compute with protected columns.")
		case f.c.tables.match(source[t.Function])&hitName != 0:
			f.add(r.TableName(), "", false, "trigger "+t.Name+" names a protected or listed table, and runs where the proxy does not see it",
				"Check that its function writes no plain text into protected columns.")
		}
	}
}

// byNum finds a column by attribute number.
func (r *Relation) byNum(num int16) *Column {
	for i := range r.Columns {
		if r.Columns[i].Num == num {
			return &r.Columns[i]
		}
	}
	return nil
}

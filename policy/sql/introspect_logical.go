package sql

import (
	"cmp"
	"encoding/hex"
	"slices"
	"sync"
)

// catalogWords are parts of names that stand in every text by which clients learn columns' types, and what the guards would add to
// what they learn.
var catalogWords = []string{"pg_attribute", "pg_constraint", "pg_attrdef", "pg_index", "relchecks", "information_schema"}

// logical is what the system catalogs are made to say of protected columns.
type logical struct {
	once    sync.Once
	columns []logicalColumn
	indexes []snapIndex

	guards []logicalGuard
}

// logicalColumn is a column that the server stores as bytea and a client knows as another type.
type logicalColumn struct {
	oid        uint32
	num        int16
	table      TableName
	typ        Type
	hasDefault bool
	known      bool // the default is one cell, which is shown as what it holds
}

// logicalGuard is a CHECK that the proxy added.
type logicalGuard struct {
	oid      uint32
	relation *Relation
	name     string
	suffix   string // what values end in, in hexadecimal
}

func (c *Catalog) readLogical(s *snapshot) {
	c.logical = &logical{}
	for i := range s.Constraints {
		k := &s.Constraints[i]
		if r := c.byOID[k.Relation]; k.guards(r) {
			c.logical.guards = append(c.logical.guards, logicalGuard{k.OID, r, k.Name, hex.EncodeToString([]byte(guardSuffix(k.Definition)))})
		}
	}
	for _, x := range s.Indexes {
		if r := c.byOID[x.Relation]; r != nil && r.Protected {
			c.logical.indexes = append(c.logical.indexes, x)
		}
	}
}

// logicalColumns are the protected columns of tables, and the columns of views and indexes that show them.
func (c *Catalog) logicalColumns() []logicalColumn {
	l := c.logical
	l.once.Do(func() {
		for _, r := range c.relations {
			switch {
			case r.Protected:
				for i := range r.Columns {
					if col := &r.Columns[i]; col.Protection != nil && col.Protection.Document == nil && col.Unusable == nil {
						l.columns = append(l.columns, logicalColumn{r.OID, col.Num, r.TableName(), col.Protection.attribute(), col.HasDefault, col.Default != nil})
					}
				}
			case r.Sensitive && (r.Kind == 'v' || r.Kind == 'm'):
				l.columns = append(l.columns, c.logicalView(r)...)
			}
		}
		for _, x := range l.indexes {
			r := c.byOID[x.Relation]
			for i, num := range x.Columns {
				if col := r.byNum(num); col != nil && col.Protection != nil && col.Protection.Document == nil && col.Unusable == nil {
					l.columns = append(l.columns, logicalColumn{x.OID, int16(i + 1), TableName{x.Schema, x.Name}, col.Protection.attribute(), false, false})
				}
			}
		}
		slices.SortFunc(l.columns, func(a, b logicalColumn) int {
			return cmp.Or(cmp.Compare(a.oid, b.oid), cmp.Compare(a.num, b.num))
		})
	})
	return l.columns
}

// logicalView are the columns of a view that are cells of one column each.
func (c *Catalog) logicalView(r *Relation) (all []logicalColumn) {
	st := Analyze(c, c.viewPath, "SELECT * FROM "+quoteName(r.Schema)+"."+quoteName(r.Name))[0]
	if st.Refusal != nil || len(st.Results) != len(r.Columns) {
		return nil
	}
	for i, res := range st.Results {
		if res.Protection != nil && res.Shape == ShapeCell && r.Columns[i].Type.OID == OIDBytea {
			typ := res.Protection.attribute()
			if res.Bare {
				typ.Mod = -1
			}
			all = append(all, logicalColumn{r.OID, r.Columns[i].Num, r.TableName(), typ, false, false})
		}
	}
	return all
}

package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// reads records the plain columns of a listed table that data definition computes with for each of its rows: in a generated column or USING,
// whose values then stand in another column, in a CHECK, an index or statistics, whose errors and functions tell of them. use is the
// table's index in Statement.Tables. What is done with protected columns is settled elsewhere.
func (a *analysis) reads(use int, rel *Relation, m protoreflect.ProtoMessage) {
	if rel == nil || !rel.Listed || a.refused() {
		return
	}
	read := map[int16]bool{}
	add := func(c *Column, at int) {
		if c.Protection == nil && !read[c.Num] {
			read[c.Num] = true
			a.st.Columns = append(a.st.Columns, ColumnUse{Table: use, Name: c.Name, Num: c.Num, Use: UseDefine, At: a.nameSpan(at)})
		}
	}
	descend(m.ProtoReflect(), func(m protoreflect.Message) bool {
		if x, ok := m.Interface().(*pg_query.A_Indirection); ok {
			if c := fieldOfRow(rel, x); c != nil {
				add(c, int(x.GetArg().GetColumnRef().GetLocation()))
				return false
			}
		}
		n, ok := m.Interface().(*pg_query.ColumnRef)
		if !ok {
			return true
		}
		at, names := int(n.GetLocation()), stringList(n.GetFields())
		whole := len(names) < len(n.GetFields()) // a star
		for _, name := range names {
			if c, ok := rel.Column(name); ok {
				add(c, at)
			}
			whole = whole || name == rel.row() && len(names) == 1
		}
		for i := range rel.Columns {
			if whole {
				add(&rel.Columns[i], at)
			}
		}
		return true
	})
}

// readsType records a column that gets a type which the database defines: its checks and casts read what is there.
func (a *analysis) readsType(use int, rel *Relation, c *pg_query.AlterTableCmd) {
	if c.GetSubtype() != pg_query.AlterTableType_AT_AlterColumnType || rel == nil {
		return
	}
	if _, ok := typeOf(c.GetDef().GetColumnDef().GetTypeName()); ok {
		return
	}
	a.reads(use, rel, &pg_query.ColumnRef{Fields: []*pg_query.Node{pg_query.MakeStrNode(c.GetName())}, Location: int32(max(a.findName(c.GetName()), 0))})
}

// fieldOfRow is the column that (people).name reads, nil for anything else.
func fieldOfRow(rel *Relation, x *pg_query.A_Indirection) *Column {
	row, fields := stringList(x.GetArg().GetColumnRef().GetFields()), stringList(x.GetIndirection())
	if len(row) != 1 || row[0] != rel.row() || len(fields) == 0 {
		return nil
	}
	c, _ := rel.Column(fields[0])
	return c
}

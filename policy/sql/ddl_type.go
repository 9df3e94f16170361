package sql

import (
	"fmt"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// String is the type as it is declared: varchar(10), numeric(10,2).
func (t Type) String() string {
	if elem, ok := t.Element(); ok {
		return elem.String() + "[]"
	}
	name := typeText(t.OID)
	switch {
	case name == "":
		return fmt.Sprintf("type %d", t.OID)
	case rounded(t.OID) && t.Mod >= 0:
		return fmt.Sprintf("%s(%d)", name, t.Mod)
	case t.Mod < 4:
		return name
	case t.OID == OIDNumeric:
		return fmt.Sprintf("numeric(%d,%d)", (t.Mod-4)>>16, (t.Mod-4)&0x7ff^1024-1024)
	case t.OID == OIDBpchar:
		name = "char"
	}
	return fmt.Sprintf("%s(%d)", name, t.Mod-4)
}

// typeOf is the logical type that a type name denotes, with atttypmod as the server computes it.
func typeOf(n *pg_query.TypeName) (Type, bool) {
	names := stringList(n.GetNames())
	if n == nil || n.GetSetof() || n.GetPctType() || len(n.GetArrayBounds()) > 0 ||
		len(names) == 0 || len(names) > 2 || len(names) == 2 && names[0] != "pg_catalog" {
		return Type{}, false
	}
	t := Type{OID: logicalType(names[len(names)-1]), Mod: -1}
	var mods []int32
	for _, m := range n.GetTypmods() {
		c := m.GetAConst()
		if _, ok := c.GetVal().(*pg_query.A_Const_Ival); !ok {
			return Type{}, false
		}
		mods = append(mods, c.GetIval().GetIval())
	}
	switch {
	case t.OID == 0:
		return Type{}, false
	case len(mods) == 0:
	case (t.OID == OIDVarchar || t.OID == OIDBpchar) && len(mods) == 1:
		t.Mod = mods[0] + 4
	case rounded(t.OID) && len(mods) == 1:
		t.Mod = min(mods[0], 6) // as anytimestamp_typmod_check does, with a warning
	case t.OID == OIDNumeric && len(mods) == 1:
		t.Mod = mods[0]<<16 + 4
	case t.OID == OIDNumeric && len(mods) == 2:
		t.Mod = (mods[0]<<16 | mods[1]&0x7ff) + 4
	default:
		return Type{}, false
	}
	return t, true
}

func isSerial(n *pg_query.TypeName) bool {
	names := stringList(n.GetNames())
	if len(names) != 1 {
		return false
	}
	switch names[0] {
	case "serial", "serial2", "serial4", "serial8", "bigserial", "smallserial":
		return true
	}
	return false
}

// readsColumns reports whether an expression names one of the columns otherwise than in IS [NOT] NULL, or a whole row of them: by a star, or
// by row, the name that it has.
func readsColumns(expr *pg_query.Node, columns map[string]Protection, row string) (reads bool) {
	descend(expr.ProtoReflect(), func(m protoreflect.Message) bool {
		switch n := m.Interface().(type) {
		case *pg_query.NullTest:
			return n.GetArg().GetColumnRef() == nil
		case *pg_query.ColumnRef:
			names := stringList(n.GetFields())
			if len(names) < len(n.GetFields()) || len(names) == 0 {
				reads = len(columns) > 0 // a star: the whole row
				return false
			}
			last := names[len(names)-1]
			_, ok := columns[last]
			reads = reads || ok || len(columns) > 0 && last == row
			return false
		}
		return !reads
	})
	return reads
}

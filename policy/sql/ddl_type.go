package sql

import (
	"fmt"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// logicalType is the type that a protected column may have by that name, as the grammar leaves it in a TypeName (int4 for int and
// integer), 0 for others.
func logicalType(name string) uint32 {
	switch name {
	case "bool":
		return OIDBool
	case "bytea":
		return OIDBytea
	case "int8":
		return OIDInt8
	case "int2":
		return OIDInt2
	case "int4":
		return OIDInt4
	case "text":
		return OIDText
	case "varchar":
		return OIDVarchar
	case "date":
		return OIDDate
	case "timestamptz":
		return OIDTimestamptz
	case "numeric":
		return OIDNumeric
	case "uuid":
		return OIDUUID
	case "jsonb":
		return OIDJSONB
	}
	return 0
}

// String is the type as it is declared: varchar(10), numeric(10,2).
func (t Type) String() string {
	name := ""
	for _, n := range []string{"bool", "bytea", "int8", "int2", "int4", "text", "varchar", "date", "timestamptz", "numeric", "uuid", "jsonb"} {
		if logicalType(n) == t.OID {
			name = n
		}
	}
	switch {
	case name == "":
		return fmt.Sprintf("type %d", t.OID)
	case t.Mod < 4:
		return name
	case t.OID == OIDNumeric:
		return fmt.Sprintf("numeric(%d,%d)", (t.Mod-4)>>16, (t.Mod-4)&0xffff)
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
	case t.OID == OIDVarchar && len(mods) == 1:
		t.Mod = mods[0] + 4
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

// readsColumns reports whether an expression names one of the columns otherwise than in IS [NOT] NULL.
func readsColumns(expr *pg_query.Node, columns map[string]Protection) bool {
	return expr != nil && readsIn(expr.ProtoReflect(), columns)
}

func readsIn(m protoreflect.Message, columns map[string]Protection) bool {
	switch n := m.Interface().(type) {
	case *pg_query.NullTest:
		if n.GetArg().GetColumnRef() != nil {
			return false
		}
	case *pg_query.ColumnRef:
		names := stringList(n.GetFields())
		if len(names) < len(n.GetFields()) || len(names) == 0 {
			return true // a star: the whole row
		}
		if _, ok := columns[names[len(names)-1]]; ok {
			return true
		}
		return false
	}
	found := false
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Kind() != protoreflect.MessageKind:
		case !f.IsList():
			found = readsIn(v.Message(), columns)
		default:
			for i := 0; i < v.List().Len() && !found; i++ {
				found = readsIn(v.List().Get(i).Message(), columns)
			}
		}
		return !found
	})
	return found
}

package sql

// baseType is a type of PostgreSQL's own that a protected column may have.
type baseType struct {
	oid, array uint32
	name       string // in pg_type, as the grammar leaves it in a TypeName (int4 for int and integer)
	// harmless is a value of it, for a constant that is only asked whether it is NULL.
	harmless string
}

// baseTypes are the types of src/include/catalog/pg_type.dat that are supported. It is never modified.
var baseTypes = [...]baseType{
	{OIDBool, 1000, "bool", "'0'"},
	{OIDBytea, 1001, "bytea", "''"},
	{OIDInt8, 1016, "int8", "'0'"},
	{OIDInt2, 1005, "int2", "'0'"},
	{OIDInt4, 1007, "int4", "'0'"},
	{OIDText, 1009, "text", "''"},
	{OIDVarchar, 1015, "varchar", "''"},
	{OIDDate, 1182, "date", "'2000-01-01'"},
	{OIDTimestamptz, 1185, "timestamptz", "'2000-01-01'"},
	{OIDNumeric, 1231, "numeric", "'0'"},
	{OIDUUID, 2951, "uuid", "'00000000-0000-0000-0000-000000000000'"},
	{OIDJSONB, 3807, "jsonb", "'null'"},
	{OIDFloat4, 1021, "float4", "'0'"},
	{OIDFloat8, 1022, "float8", "'0'"},
	{OIDBpchar, 1014, "bpchar", "''"},
	{OIDTime, 1183, "time", "'00:00'"},
	{OIDTimetz, 1270, "timetz", "'00:00+00'"},
	{OIDTimestamp, 1115, "timestamp", "'2000-01-01'"},
	{OIDInterval, 1187, "interval", "'0'"},
	{OIDInet, 1041, "inet", "'::'"},
	{OIDCidr, 651, "cidr", "'::'"},
	{OIDMacaddr, 1040, "macaddr", "'00:00:00:00:00:00'"},
	{OIDJSON, 199, "json", "'null'"},
}

// baseTypeOf finds a type by pg_type.oid; ok is false for others.
func baseTypeOf(oid uint32) (b baseType, ok bool) {
	for _, b := range baseTypes {
		if b.oid == oid {
			return b, true
		}
	}
	return baseType{}, false
}

// logicalType is the type that a protected column may have by that name, as the grammar leaves it in a TypeName, 0 for others.
func logicalType(name string) uint32 {
	for i := range baseTypes {
		if baseTypes[i].name == name {
			return baseTypes[i].oid
		}
	}
	return 0
}

// typeText names a type in an Edit; it is the inverse of logicalType.
func typeText(oid uint32) string {
	if b, ok := baseTypeOf(oid); ok {
		return b.name
	}
	return ""
}

// arrayOID is pg_type.typarray of a logical type.
func arrayOID(oid uint32) uint32 {
	if b, ok := baseTypeOf(oid); ok {
		return b.array
	}
	return 0
}

// rounded reports types whose modifier is a number of fractional digits of seconds.
func rounded(oid uint32) bool {
	switch oid {
	case OIDTime, OIDTimetz, OIDTimestamp, OIDTimestamptz:
		return true
	}
	return false
}

// elementOID is the element type of a supported array type, 0 for others.
func elementOID(oid uint32) uint32 {
	for i := range baseTypes {
		if baseTypes[i].array == oid {
			return baseTypes[i].oid
		}
	}
	return 0
}

// Element is the element type of an array type, with the same modifier; ok is false for other types.
func (t Type) Element() (elem Type, ok bool) {
	oid := elementOID(t.OID)
	return Type{oid, t.Mod}, oid != 0
}

// Array is the array type over t, the zero Type where there is none.
func (t Type) Array() Type {
	oid := arrayOID(t.OID)
	if oid == 0 {
		return Type{}
	}
	return Type{oid, t.Mod}
}

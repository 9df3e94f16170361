// Package value converts between PostgreSQL's text and binary wire forms of a value and the canonical bytes that are
// sealed.
//
// Canonical bytes are a type tag followed by a form in which equal values are equal bytes. Decode turns what a client sent
// into canonical bytes, Encode turns canonical bytes into what PostgreSQL would have sent. The rule of the package is: the
// value PostgreSQL would have stored, or an error, never another value. The canonical forms are specified in
// docs/FORMAT.md.
package value

import "fmt"

// Type is a PostgreSQL type as the wire names it: pg_type.oid and atttypmod (-1: none).
type Type struct {
	OID uint32
	Mod int32
}

// Type OIDs from PostgreSQL's src/include/catalog/pg_type.dat: first the logical types, then those that a client may
// declare for a parameter of one of them.
const (
	OIDBool        = 16
	OIDBytea       = 17
	OIDInt8        = 20
	OIDInt2        = 21
	OIDInt4        = 23
	OIDText        = 25
	OIDVarchar     = 1043
	OIDDate        = 1082
	OIDTimestamptz = 1184
	OIDNumeric     = 1700
	OIDUUID        = 2950
	OIDJSONB       = 3802
	OIDJSON        = 114
	OIDCidr        = 650
	OIDFloat4      = 700
	OIDFloat8      = 701
	OIDMacaddr     = 829
	OIDInet        = 869
	OIDBpchar      = 1042
	OIDTime        = 1083
	OIDTimestamp   = 1114
	OIDInterval    = 1186
	OIDTimetz      = 1266

	OIDName    = 19
	OIDUnknown = 705

	// OIDByteaArray is bytea[], what an array of sealed cells is upstream.
	OIDByteaArray = 1001
)

// Tag is the first canonical byte: which logical family the value belongs to. Numbers are frozen: they are in stored data.
type Tag uint8

// The tags.
const (
	TagBool        Tag = 1
	TagInteger     Tag = 2
	TagNumeric     Tag = 3
	TagText        Tag = 4
	TagBytea       Tag = 5
	TagDate        Tag = 6
	TagTimestamptz Tag = 7
	TagUUID        Tag = 8
	TagJSONB       Tag = 9
	TagFloat4      Tag = 10
	TagFloat8      Tag = 11
	TagBpchar      Tag = 12
	TagTime        Tag = 13
	TagTimetz      Tag = 14
	TagTimestamp   Tag = 15
	TagInterval    Tag = 16
	TagInet        Tag = 17
	TagMacaddr     Tag = 18
	TagJSON        Tag = 19
	TagEnum        Tag = 20
	TagArray       Tag = 21
	TagCitext      Tag = 22
)

// Wire formats of a value, as Bind and RowDescription number them.
const (
	FormatText   int16 = 0
	FormatBinary int16 = 1
)

// Purpose says what a decoded value is for. The zero value refuses.
type Purpose uint8

// The purposes.
const (
	// Store applies what an assignment to the column applies: length, range, rounding to the column's scale.
	Store Purpose = iota + 1
	// Compare takes the value as given: a comparison never rounds its operand.
	Compare
)

// Options steer Decode.
type Options struct {
	Purpose Purpose
	// KeepScale keeps the display scale of numerics (1.50 stays 1.50), also inside jsonb. Set it where equal values need
	// not be equal bytes (search: none), so that output is exactly what PostgreSQL prints.
	KeepScale bool
	// Explicit is for Store: the text casts the value to the type, so that what is too long is cut.
	Explicit bool
}

// typeInfo is what the package knows of one logical type. Source: pg_type.dat.
type typeInfo struct {
	oid, array uint32
	len        int16
	tag        Tag
	name       string
}

// types lists the logical types. It is never modified.
var types = [...]typeInfo{
	{OIDBool, 1000, 1, TagBool, "boolean"},
	{OIDBytea, OIDByteaArray, -1, TagBytea, "bytea"},
	{OIDInt8, 1016, 8, TagInteger, "bigint"},
	{OIDInt2, 1005, 2, TagInteger, "smallint"},
	{OIDInt4, 1007, 4, TagInteger, "integer"},
	{OIDText, 1009, -1, TagText, "text"},
	{OIDVarchar, 1015, -1, TagText, "character varying"},
	{OIDDate, 1182, 4, TagDate, "date"},
	{OIDTimestamptz, 1185, 8, TagTimestamptz, "timestamp with time zone"},
	{OIDNumeric, 1231, -1, TagNumeric, "numeric"},
	{OIDUUID, 2951, 16, TagUUID, "uuid"},
	{OIDJSONB, 3807, -1, TagJSONB, "jsonb"},
	{OIDFloat4, 1021, 4, TagFloat4, "real"},
	{OIDFloat8, 1022, 8, TagFloat8, "double precision"},
	{OIDBpchar, 1014, -1, TagBpchar, "character"},
	{OIDTime, 1183, 8, TagTime, "time without time zone"},
	{OIDTimetz, 1270, 12, TagTimetz, "time with time zone"},
	{OIDTimestamp, 1115, 8, TagTimestamp, "timestamp without time zone"},
	{OIDInterval, 1187, 16, TagInterval, "interval"},
	{OIDInet, 1041, -1, TagInet, "inet"},
	{OIDCidr, 651, -1, TagInet, "cidr"},
	{OIDMacaddr, 1040, 6, TagMacaddr, "macaddr"},
	{OIDJSON, 199, -1, TagJSON, "json"},
}

// declarable lists the further types that a client may declare for a parameter. It is never modified.
var declarable = [...]typeInfo{
	{OIDName, 1003, 64, 0, "name"},
	{OIDUnknown, 0, -2, 0, "unknown"},
}

// byOID gives the place in types, counted from 1, of a logical type and of the array over one: of each value some type is looked up.
// It is never modified.
var byOID, byArrayOID = typePlaces()

func typePlaces() (byOID, byArray [4096]uint8) {
	for i, t := range types {
		byOID[t.oid], byArray[t.array] = uint8(i+1), uint8(i+1)
	}
	return byOID, byArray
}

func logical(oid uint32) (typeInfo, bool) {
	if oid < uint32(len(byOID)) && byOID[oid] > 0 {
		return types[byOID[oid]-1], true
	}
	return typeInfo{}, false
}

// TypeLen is pg_type.typlen of a logical type, for RowDescription: bytes, or -1 for a variable length (also of unknown types).
func TypeLen(oid uint32) int16 {
	if t, ok := logical(oid); ok {
		return t.len
	}
	return -1
}

// ArrayOID is the array type over element type oid, 0 if unknown.
func ArrayOID(oid uint32) uint32 {
	if t, ok := logical(oid); ok {
		return t.array
	}
	for i := range declarable {
		if declarable[i].oid == oid {
			return declarable[i].array
		}
	}
	return 0
}

// ElementOID is the element type of array type oid, 0 if unknown.
func ElementOID(oid uint32) uint32 {
	if oid == 0 {
		return 0
	}
	if oid < uint32(len(byArrayOID)) && byArrayOID[oid] > 0 {
		return types[byArrayOID[oid]-1].oid
	}
	for i := range declarable {
		if declarable[i].array == oid {
			return declarable[i].oid
		}
	}
	return 0
}

// TypeName is format_type's name of a type known here, without a modifier.
func TypeName(oid uint32) string {
	if t, ok := logical(oid); ok {
		return t.name
	}
	for i := range declarable {
		if declarable[i].oid == oid {
			return declarable[i].name
		}
	}
	if elem := ElementOID(oid); elem != 0 {
		return TypeName(elem) + "[]"
	}
	return fmt.Sprintf("type with OID %d", oid)
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// trimSpace removes what C's isspace calls space from both ends.
func trimSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// equalFold compares ASCII text without regard to case; lower must be lower case.
func equalFold(b []byte, lower string) bool { return len(b) == len(lower) && hasPrefixFold(b, lower) }

func hasPrefixFold(b []byte, lower string) bool {
	if len(b) < len(lower) {
		return false
	}
	for i := range len(lower) {
		c := b[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

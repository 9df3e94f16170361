package sql

// Search says what an application can still ask of a protected column, and so what the stored bytes give away.
type Search uint8

const (
	// SearchNone seals the same value differently each time: only IS [NOT] NULL can be asked.
	SearchNone Search = iota
	// SearchEquality seals equal values to equal bytes.
	SearchEquality
	// SearchRange seals values to bytes that sort as the values do; equal values to equal bytes.
	SearchRange
	// SearchMatch seals equal values to equal bytes, behind tokens by which texts with a given part can be found; the proxy looks again at
	// what is found. Text types only.
	SearchMatch
)

// Equal reports whether equal values are sealed to equal bytes, so that =, joins, GROUP BY and UNIQUE work on cells.
func (s Search) Equal() bool { return s != SearchNone }

// Ordered reports whether cells sort as bytea as their values do.
func (s Search) Ordered() bool { return s == SearchRange }

// String is the word used in configuration files.
func (s Search) String() string {
	switch s {
	case SearchEquality:
		return "equality"
	case SearchRange:
		return "range"
	case SearchMatch:
		return "match"
	}
	return "none"
}

// Type is a PostgreSQL type as the wire names it: pg_type.oid and atttypmod (-1: none).
type Type struct {
	OID uint32
	Mod int32
}

// Type OIDs of PostgreSQL (src/include/catalog/pg_type.dat) for the logical types a protected column may have.
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
	OIDUnknown     = 705
)

// Protection is what the configuration says of one protected column.
type Protection struct {
	Key    string // name of the key domain; columns with equal Key can be joined
	ID     uint32 // the key's number, as it stands in each cell's footer
	Search Search
	Type   Type // logical type, what the application sees; of a domain, its base
	// Defined is set where the database defines the type: an enum or a domain. Without a catalog it holds the name alone, and Type is 0.
	Defined *DefinedType
	// Normalize are the steps (nfc, lower, trim, unaccent), in order and joined by commas, after which values are also compared:
	// cells then begin with a keyed index of the normalised value. Empty: none. Only with SearchEquality, on text types.
	Normalize string
	// Guard is what each of the column's sealed values ends in: it gets a CHECK constraint that says so when it is created
	// through the proxy. Empty: none.
	Guard string
	// Document is set for a jsonb column of which only the fields at some paths are protected: the column itself is plain jsonb, and has no
	// Key, ID or search mode of its own.
	Document *Document
}

// TableName is a schema-qualified relation name, as stored in pg_class (no quoting).
type TableName struct{ Schema, Name string }

// String joins schema and name with a dot.
func (t TableName) String() string { return t.Schema + "." + t.Name }

// Spec is the part of the configuration that analysis needs.
type Spec struct {
	// Protected lists each protected column by table and column name.
	Protected map[TableName]map[string]Protection
	// Listed are further tables that the policy file names: statements over them are always analysed.
	Listed []TableName
	// AllListed lists every table and view of the database besides.
	AllListed bool
	// TrustedFunctions are "schema.name" of functions that may be called although their bodies are opaque or
	// name a protected table.
	TrustedFunctions []string
	// TrustOpaque takes code whose SQL can't be seen (SQL put together at run time, other languages, C outside extensions) not
	// to concern a sensitive table unless its text names one.
	TrustOpaque bool
	// Temporaries are the temporary tables of the one session that the catalog is for, by OID, which hold cells.
	Temporaries map[uint32]*BoundTemporary
}

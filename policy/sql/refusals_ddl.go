package sql

// Codes of data definition.
const (
	codeColumnType   = "PV201"
	codeColumnForm   = "PV202"
	codeColumnCheck  = "PV203"
	codeDefault      = "PV204"
	codeUniqueNone   = "PV205"
	codeForeignKey   = "PV206"
	codeLike         = "PV207"
	codeRename       = "PV208"
	codeAlterType    = "PV209"
	codeIndex        = "PV210"
	codeShadow       = "PV211"
	codeSeveral      = "PV223"
	codeCreateView   = "PV212"
	codeBody         = "PV213"
	codeAlterForm    = "PV214"
	codeCreateOther  = "PV215"
	codeColumnPlaced = "PV216"

	codeTypeMissing = "PV290"
	codeTypeDefined = "PV291"
	codeTypeLabels  = "PV292"
	codeAway        = "PV270"
	codeOrphan      = "PV271"
	codeGuard       = "PV273"
)

// ddlRefusals documents the codes of data definition: PV2xx.
func ddlRefusals() []RefusalDoc {
	return []RefusalDoc{
		{codeTypeMissing, "42704", "The type of a protected column is one that the database does not have",
			"Create the type, in a statement of its own, before the table; or correct its name in the encrypt section."},
		{codeTypeDefined, "0A000", "The type of a protected column is defined in a way that the proxy can't follow",
			"Use an enum, or a domain over a supported type whose CHECKs are simple: VALUE compared with a constant, VALUE IN (…), length(VALUE), VALUE ~ a plain pattern."},
		{codeTypeLabels, "0A000", "Renaming a label of an enum, or the enum, would not reach the sealed values of a protected column",
			"Add a label with ADD VALUE, and update the rows."},
		{codeColumnType, "42804", "A protected column is declared with another type than the encrypt section gives",
			"Declare the column with its configured type; the proxy stores it as bytea."},
		{codeColumnForm, "0A000", "A protected column can't be serial, identity, generated, have storage options, or a collation under which different values may be equal",
			"Declare it as a plain column; let the application make its values."},
		{codeColumnCheck, "0A000", "A constraint's expression computes with a protected column, of which the database sees only ciphertext",
			"Compare for equality with constants on a column with search: equality, ask IS [NOT] NULL, or check the value in the application."},
		{codeDefault, "0A000", "The DEFAULT of a protected column is not a literal",
			"Use a literal DEFAULT, or set the value in the application."},
		{codeUniqueNone, "0A000", "UNIQUE or PRIMARY KEY on a column with search: none would not be enforced",
			"Configure the column with search: equality."},
		{codeForeignKey, "0A000", "A foreign key joins a protected column with one that is not sealed alike",
			"Give both columns the same key, type and search: equality."},
		{codeLike, "0A000", "LIKE, INHERITS, PARTITION OF, ATTACH, DETACH and OF would give a table protected columns without their protection",
			"Name both tables in the encrypt section, with the same columns, keys and types."},
		{codeRename, "0A000", "A relation or column that is known by its name alone can't be renamed or moved: it has no guard, or not the only one of its key",
			"Change the configuration and rename over a direct connection, then reload."},
		{codeAlterType, "0A000", "The type of a protected column is the configured one, and USING can't compute with it",
			"Change the type in the encrypt section first; or add a column of the new type, copy the values through the proxy, drop the old one."},
		{codeIndex, "0A000", "The index, partition key or statistics would not serve or not enforce what they say on ciphertext",
			"Index a column with search: equality or range by btree or hash, lower(column) where it is normalised so, and let a condition only compare with constants."},
		{codeShadow, "0A000", "A temporary relation would hide a protected or listed one of the same name",
			"Give the temporary relation another name."},
		{codeSeveral, "0A000", "An unqualified name is that of several relations, one of them protected or listed, and the proxy can't write the schema in front of it",
			"Write the relation's schema."},
		{codeCreateView, "0A000", "The view's body does with a protected column what the proxy could not understand when it reads the view",
			"Make the view of plain columns and apply the conditions in the application's statements."},
		{codeBody, "0A000", "The body names a protected or listed table or may do so unseen, and it would run where the proxy does not see it",
			"Create it over a direct connection; name it in trusted_functions if the proxy may call it."},
		{codeAlterForm, "0A000", "This form of ALTER can't be used with a protected or listed table",
			"Do it over a direct connection, then reload."},
		{codeCreateOther, "0A000", "This object can't be created over a protected table",
			"Create it over a direct connection if its effect on ciphertext is intended."},
		{codeColumnPlaced, "0A000", "The column's type name was not found where it should stand",
			"Write the type name plainly, without quotes or escapes."},
		{codeGuard, "2BP01", "The constraint is the guard of a protected column: it keeps plain text out, and the column is known by it under another name",
			"Leave it: it goes with the column. To keep the column without protection, take it out of the encrypt section first."},
		{codeAway, "0A000", "The name is that of a configured table or column which now has another one in the database",
			"Change the encrypt section and the policy to the names that pgveil check shows, and reload; then use the name."},
		{codeOrphan, "55000", "A column's guard names a configured key, but no configured column is certainly this one",
			"Name the table and its columns in the encrypt section with the keys that they have, or drop the table."},
	}
}

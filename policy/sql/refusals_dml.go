package sql

// Codes of refusals of SELECT, INSERT, UPDATE, DELETE and MERGE.
const (
	codeExpression     = "PV140"
	codeOrdered        = "PV141"
	codePattern        = "PV142"
	codeOrder          = "PV143"
	codeNotSearchable  = "PV144"
	codePlainPeer      = "PV145"
	codeOtherKey       = "PV146"
	codeAggregate      = "PV147"
	codeWholeRow       = "PV148"
	codeNotSealable    = "PV149"
	codeCopyOut        = "PV150"
	codeLiteralType    = "PV151"
	codeCast           = "PV152"
	codeGroup          = "PV153"
	codeSetMix         = "PV154"
	codeRecursive      = "PV155"
	codeNoColumn       = "PV156"
	codeAmbiguous      = "PV157"
	codeUncertain      = "PV158"
	codeConflict       = "PV159"
	codeViewWrite      = "PV160"
	codeSelectInto     = "PV162"
	codeConstruct      = "PV163"
	codeViewDepth      = "PV164"
	codeUnknownColumns = "PV165"
	codeCondition      = "PV166"
	codeNoRelation     = "PV167"
	codeMatchPlace     = "PV168"
)

// dmlRefusals documents the codes of SELECT, INSERT, UPDATE, DELETE and MERGE: PV140 to PV199.
func dmlRefusals() []RefusalDoc {
	return []RefusalDoc{
		{codeExpression, "0A000", "A protected column is part of an expression or function call",
			"Select the column as it is and compute in the application."},
		{codeOrdered, "0A000", "A protected column is compared for order (<, >, BETWEEN)",
			"Only =, <>, IN, = ANY, IS NULL and IS DISTINCT FROM can be asked of a column with search: equality."},
		{codePattern, "0A000", "A protected column is matched against a pattern (LIKE, ~)",
			"Compare with = instead, or keep a separate protected column with the part that is searched for."},
		{codeOrder, "0A000", "A protected column is a sort key",
			"Sort by another column, or in the application."},
		{codeNotSearchable, "0A000", "A column with search: none is compared or grouped",
			"Set search: equality for the column if it must be looked up; otherwise only IS [NOT] NULL can be asked."},
		{codePlainPeer, "0A000", "A protected column is compared with something that is not protected by the same key",
			"Compare with a constant, a parameter or a column of the same key; compute expressions in the application and send the result as a parameter."},
		{codeOtherKey, "0A000", "Two protected columns of different keys, search modes, types or lengths meet",
			"Give both columns the same key:, search: and type: to join or copy them."},
		{codeAggregate, "0A000", "A protected column is the argument of an aggregate or window function",
			"Only count can be asked; aggregate in the application."},
		{codeWholeRow, "0A000", "A whole row with protected or listed columns is used as one value",
			"Name the columns."},
		{codeNotSealable, "0A000", "A protected column is assigned something that the proxy can't seal",
			"Assign a constant or a parameter; compute expressions in the application."},
		{codeCopyOut, "0A000", "A protected value is copied into a column that is not protected",
			"Protect the target column with the same key."},
		{codeLiteralType, "42804", "A constant does not fit the protected column's type",
			"Write the constant in the column's type, or in quotes."},
		{codeCast, "0A000", "A cast changes a protected value or does not fit the column's type",
			"Leave the cast out, or cast to the column's own type without a length."},
		{codeGroup, "0A000", "A value that may be protected is grouped as a plain one",
			"Group by the column itself."},
		{codeSetMix, "0A000", "Protected and plain values, or values of different keys, are alternatives: UNION, VALUES, CASE or COALESCE",
			"All alternatives must be constants, parameters or columns of the same key and type."},
		{codeRecursive, "0A000", "A protected value passes through WITH RECURSIVE",
			"Let the recursion carry the row's key and join the protected columns outside."},
		{codeNoColumn, "42703", "A name in a statement over protected or listed tables does not exist",
			"Correct the name. If the column is new, wait for the proxy to read the catalog again or reconnect."},
		{codeAmbiguous, "42702", "A name in a statement over protected or listed tables is ambiguous",
			"Qualify the column with its table's name or alias."},
		{codeUncertain, "0A000", "A name may mean a protected column or one of a relation that the proxy does not know",
			"Qualify the column with its table's name or alias."},
		{codeConflict, "0A000", "One constant or parameter is used for a protected column and also otherwise",
			"Write the value twice, as two constants or two parameters."},
		{codeViewWrite, "0A000", "A view over protected or listed tables is written, and it is not all columns of one table",
			"Write to the table itself."},
		{codeSelectInto, "0A000", "SELECT INTO over a protected or listed table is not supported in this version",
			"Create the table first, protect its columns, then use INSERT … SELECT."},
		{codeConstruct, "0A000", "The construct can't be used with protected or listed tables",
			"Use a plain SELECT, INSERT, UPDATE or DELETE."},
		{codeViewDepth, "54001", "Views stand on too many other views",
			"Query the table itself."},
		{codeUnknownColumns, "0A000", "The columns of * can't be known because a relation is unknown to the proxy",
			"Name the columns, or give the function an alias with a column list."},
		{codeCondition, "0A000", "A protected boolean is used as a condition",
			"Only IS NULL can be asked of it; decide in the application."},
		{codeMatchPlace, "0A000", "A column with search: match is matched against a pattern where the proxy can't look again at what the server finds",
			"Select the row's key and the column with WHERE c LIKE … alone, then use the keys; count and cut in the application."},
		{codeNoRelation, "42P01", "A table has the name of a protected or listed one, but is none that the proxy knows",
			"Check search_path, or qualify the name with its schema."},
	}
}

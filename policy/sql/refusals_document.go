package sql

// Codes of refusals of jsonb columns with protected paths.
const (
	codeDocument       = "PV293"
	codeDocumentPath   = "PV294"
	codeDocumentSearch = "PV295"
	codeDocumentForm   = "PV296"
	codeDocumentSchema = "PV297"
)

// documentRefusals documents the codes PV293 to PV297.
func documentRefusals() []RefusalDoc {
	return []RefusalDoc{
		{codeDocument, "0A000", "A jsonb column with protected paths is used for more than output, -> and ->>",
			"Select the column or column ->> 'key', and compute in the application. To change it, write the whole document as a constant or parameter."},
		{codeDocumentPath, "0A000", "It is not certain which part of a jsonb column with protected paths is read",
			"Write the keys as constants, one by one: column -> 'key' ->> 'key', down to the protected path or beside it; or select the column."},
		{codeDocumentSearch, "0A000", "A jsonb column with protected paths is searched in a way that cells don't answer",
			"Use column ->> 'key' = $1 or column @> $1 with a constant or parameter, and search: equality on the paths that it names."},
		{codeDocumentForm, "0A000", "A protected path is read in a form that can't be rewritten",
			"Write column ->> 'key' or column #>> '{key,key}', with the column's name first and no cast, comment or parentheses within."},
		{codeDocumentSchema, "0A000", "A schema change concerns a jsonb column with protected paths",
			"The column is declared as jsonb, indexed by gin or by (column ->> 'key') of a path with search: equality, and its type is not changed."},
	}
}

package sql

// Codes of refusals of what is stored under a name, and of tables and views made of queries.
const (
	codeStoredName   = "PV260"
	codeDeclaredType = "PV261"
	codeExecuteArg   = "PV262"
	codeExecuteCount = "PV263"
	codeExecuteGone  = "PV264"
	codeCreateAs     = "PV265"
)

// storedRefusals documents the codes PV260 to PV269.
func storedRefusals() []RefusalDoc {
	return []RefusalDoc{
		{codeStoredName, "0A000", "A prepared statement or cursor over a protected or listed table has a name beyond ASCII",
			"The server may take two such names for one. Choose another name."},
		{codeDeclaredType, "0A000", "PREPARE declares a parameter with a type that does not fit the protected column which it meets",
			"Declare the column's own type, or leave the types out."},
		{codeExecuteArg, "0A000", "An argument of EXECUTE for a protected column is not a constant of the parameter's type",
			"Write the value as a constant in quotes; compute expressions in the application."},
		{codeExecuteCount, "42601", "EXECUTE has another number of arguments than the prepared statement has parameters",
			"Give one argument for each parameter."},
		{codeExecuteGone, "26000", "EXECUTE of a statement over a protected table that is not prepared, or is no longer",
			"Prepare it again. Its arguments may be values of a protected column, so they were not sent."},
		{codeCreateAs, "0A000", "CREATE TABLE AS or SELECT INTO would copy protected values into a column that is not protected",
			"Protect the column with the same key, type and search mode; the hint has the lines of YAML."},
	}
}

package sql

// Codes of refusals of COPY.
const (
	codeCopySyntax   = "PV250"
	codeCopyFile     = "PV251"
	codeCopyOption   = "PV252"
	codeCopyRelation = "PV253"
)

func copyRefusals() []RefusalDoc {
	return []RefusalDoc{
		{codeCopySyntax, "42601", "An option of COPY can't be understood, and the table is protected or listed",
			"Use the options of PostgreSQL's documentation of COPY, with the values that it gives."},
		{codeCopyFile, "0A000", "COPY between a protected or listed table and a file or program of the server",
			`Use COPY … FROM STDIN or TO STDOUT, or psql's \copy.`},
		{codeCopyOption, "0A000", "An option of COPY can't be carried out with a protected or listed table",
			"Use ENCODING 'UTF8', ON_ERROR stop, and a NULL that does not end in a backslash, after which nobody can tell where the field ends. A condition on a column with search: match needs a plain SELECT."},
		{codeCopyRelation, "42809", "COPY of a view, a partitioned table (TO) or another relation that is no plain table",
			"Use COPY (SELECT …) TO, or COPY into the table under the view."},
	}
}

package sql

// codeTemporary is the first of PV180 to PV189.
const codeTemporary = "PV180"

// temporaryRefusals documents the codes of temporary tables.
func temporaryRefusals() []RefusalDoc {
	return []RefusalDoc{
		{codeTemporary, "0A000", "It isn't certain which columns of a temporary table hold values of which protected columns",
			"Give each column of the query a name of its own with AS, make the table in a statement of its own, and copy columns as they are."},
	}
}

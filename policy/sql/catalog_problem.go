package sql

// Problem is something in which the configuration and the database do not fit together.
type Problem struct {
	Table   TableName
	Column  string // empty when it concerns the whole table
	Fatal   bool   // statements that touch it are refused, or must not be sent; otherwise a warning
	Message string
	Hint    string
}

// Problems lists what pgveil check reports, ordered by table and column.
func (c *Catalog) Problems() []Problem { return c.problems }

func (c *Catalog) findProblems(s *snapshot) []Problem { return nil }

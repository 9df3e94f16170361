package policy

import "github.com/pgveil/pgveil/policy/sql"

// reading is how texts are read.
type reading struct {
	analyze   func(cat *sql.Catalog, path []string, text string, names sql.Names) []*sql.Statement
	normalize func(text string) string
}

var (
	conforming = reading{sql.AnalyzeNamed, sql.Normalize}
	escaping   = reading{sql.AnalyzeEscaping, sql.NormalizeEscaping} // a backslash within '…' escapes
)

// PlanEscaping is Plan of a text that the server reads with standard_conforming_strings off, in which a backslash within '…' escapes. All
// places in the plan are those of text. The record of a text that is not analysed ends at the first backslash, as Plan's does.
func (p *Policy) PlanEscaping(roles RoleSet, cat *sql.Catalog, path []string, text string) *Plan {
	return p.plan(roles, cat, path, text, escaping)
}

// PlanNamedEscaping is PlanNamed for such a text.
func (p *Policy) PlanNamedEscaping(roles RoleSet, cat *sql.Catalog, path []string, text string, names sql.Names) *Plan {
	return p.planNamed(roles, cat, path, text, names, escaping)
}

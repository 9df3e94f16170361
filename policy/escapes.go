package policy

import "github.com/pgveil/pgveil/policy/sql"

// PlanEscaping is Plan of a text that the server reads with standard_conforming_strings off, in which a backslash within '…' escapes. All
// places in the plan are those of text. The record of a text that is not analysed ends at the first backslash, as Plan's does.
func (p *Policy) PlanEscaping(roles RoleSet, cat *sql.Catalog, path []string, text string) *Plan {
	plan := p.plan(roles, cat, path, text, func(cat *sql.Catalog, path []string, text string) []*sql.Statement {
		return sql.AnalyzeEscaping(cat, path, text, sql.Names{})
	})
	if plan.Privileged && p != nil && cat != nil && p.Concern(roles, cat, text) == Analysed {
		plan.Normalized = sql.NormalizeEscaping(text)
	}
	return plan
}

// PlanNamedEscaping is PlanNamed for such a text.
func (p *Policy) PlanNamedEscaping(roles RoleSet, cat *sql.Catalog, path []string, text string, names sql.Names) *Plan {
	if p == nil || cat == nil {
		return p.PlanEscaping(roles, cat, path, text)
	}
	plan := p.judge(roles, cat, path, sql.AnalyzeEscaping(cat, path, text, names))
	if plan.Privileged {
		plan.Normalized = sql.NormalizeEscaping(text)
	}
	return plan
}

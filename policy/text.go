package policy

import "github.com/pgveil/pgveil/policy/sql"

// Plan judges one text of a subject that holds roles. It is pure: the same arguments give the same plan. path is
// current_schemas(true) of the session. Cache its results: see Cache.
func (p *Policy) Plan(roles RoleSet, cat *sql.Catalog, path []string, text string) *Plan {
	switch {
	case p == nil || cat == nil:
		return &Plan{Refusal: refusal(codeUnclear, -1, "", "there is no policy or no catalog to judge by")}
	case p.rules.UnlistedPass && !cat.MayTouch(text):
		return &Plan{Allowed: true, Plain: true, Privileged: p.Privileged(roles)}
	}
	return p.judge(roles, cat, path, sql.Analyze(cat, path, text))
}

package policy

import (
	"slices"

	"github.com/pgveil/pgveil/policy/sql"
)

// Plan judges one text of a subject that holds roles. It is pure: the same arguments give the same plan. path is
// current_schemas(true) of the session. Cache its results: see Cache.
func (p *Policy) Plan(roles RoleSet, cat *sql.Catalog, path []string, text string) *Plan {
	return p.plan(roles, cat, path, text, sql.Analyze)
}

type analyze func(cat *sql.Catalog, path []string, text string) []*sql.Statement

func (p *Policy) plan(roles RoleSet, cat *sql.Catalog, path []string, text string, analyze analyze) *Plan {
	if p == nil || cat == nil {
		return &Plan{Refusal: refusal(codeUnclear, -1, "", "there is no policy or no catalog to judge by")}
	}
	var plan *Plan
	if p.Unread(roles, cat, text) {
		plan = &Plan{Allowed: true, Plain: true, Privileged: p.Privileged(roles)}
	} else {
		plan = p.judge(roles, cat, path, analyze(cat, path, text))
	}
	if plan.Privileged {
		plan.Normalized = sql.Normalize(text)
	}
	return plan
}

// Unread reports whether a text may be forwarded without being read: it can't touch a table that rules are about.
func (p *Policy) Unread(roles RoleSet, cat *sql.Catalog, text string) bool {
	return p.rules.UnlistedPass && !p.forbidsAnywhere(roles) && !cat.MayTouch(text)
}

// forbidsAnywhere is true when a forbid of the subject is about tables that it doesn't name one by one.
func (p *Policy) forbidsAnywhere(roles RoleSet) bool {
	for k := range p.rules.Forbids {
		f := &p.rules.Forbids[k]
		if slices.ContainsFunc(f.On, Target.pattern) && !p.exempt(f, roles) {
			return true
		}
	}
	return false
}

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

// PlanNamed is Plan of a text that runs by name what names stand for in the session. It is not to be cached.
func (p *Policy) PlanNamed(roles RoleSet, cat *sql.Catalog, path []string, text string, names sql.Names) *Plan {
	if p == nil || cat == nil {
		return p.Plan(roles, cat, path, text)
	}
	plan := p.judge(roles, cat, path, sql.AnalyzeNamed(cat, path, text, names))
	if plan.Privileged {
		plan.Normalized = sql.Normalize(text)
	}
	return plan
}

// PlanStored judges the running of a stored statement, by a message and not by a text: st has Stored set.
func (p *Policy) PlanStored(roles RoleSet, cat *sql.Catalog, path []string, st *sql.Statement) *Plan {
	plan := p.judge(roles, cat, path, []*sql.Statement{sql.Running(st)})
	if plan.Privileged {
		plan.Normalized = "(" + st.Verb + ", run by its name)"
	}
	return plan
}

type analyze func(cat *sql.Catalog, path []string, text string) []*sql.Statement

func (p *Policy) plan(roles RoleSet, cat *sql.Catalog, path []string, text string, analyze analyze) *Plan {
	if p == nil || cat == nil {
		return &Plan{Refusal: refusal(codeUnclear, -1, "", "there is no policy or no catalog to judge by")}
	}
	var plan *Plan
	concern := p.Concern(roles, cat, text)
	if concern != Unread {
		plan = p.judge(roles, cat, path, analyze(cat, path, text))
	}
	if concern == Unread || concern == Reading && plan.Refusal != nil {
		plan = &Plan{Allowed: true, Plain: true, Privileged: p.Privileged(roles)}
	}
	if plan.Privileged {
		plan.Normalized = sql.Normalize(text)
	}
	return plan
}

// Concern says how much of a text must be understood before it is sent.
type Concern uint8

const (
	// Analysed: it may touch a table that rules are about.
	Analysed Concern = iota
	// Reading: it can't, but may read in the system catalogs of what types the protected columns are. It is never refused.
	Reading
	// Unread: it may be forwarded without being read.
	Unread
)

// Concern is what a text needs, told from the names in it.
func (p *Policy) Concern(roles RoleSet, cat *sql.Catalog, text string) Concern {
	if !p.rules.UnlistedPass || p.forbidsAnywhere(roles) {
		return Analysed
	}
	switch touch, read := cat.Concern(text); {
	case touch:
		return Analysed
	case read:
		return Reading
	}
	return Unread
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

// Indifferent reports whether no rule can be about a table that it doesn't name: what is in no rule passes, and nothing is forbidden.
func (p *Policy) Indifferent() bool { return p.rules.UnlistedPass && len(p.rules.Forbids) == 0 }

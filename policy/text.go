package policy

import (
	"slices"

	"github.com/pgveil/pgveil/policy/sql"
)

// Plan judges one text of a subject that holds roles. It is pure: the same arguments give the same plan. path is
// current_schemas(true) of the session. Cache its results: see Cache.
func (p *Policy) Plan(roles RoleSet, cat *sql.Catalog, path []string, text string) *Plan {
	return p.plan(roles, cat, path, text, conforming)
}

// PlanNamed is Plan of a text that runs by name what names stand for in the session. It is not to be cached.
func (p *Policy) PlanNamed(roles RoleSet, cat *sql.Catalog, path []string, text string, names sql.Names) *Plan {
	return p.planNamed(roles, cat, path, text, names, conforming)
}

func (p *Policy) planNamed(roles RoleSet, cat *sql.Catalog, path []string, text string, names sql.Names, by reading) *Plan {
	if p == nil || cat == nil {
		return p.plan(roles, cat, path, text, by)
	}
	plan := p.judge(roles, cat, path, by.analyze(cat, path, text, names))
	if plan.Privileged {
		plan.Normalized = by.normalize(text)
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

func (p *Policy) plan(roles RoleSet, cat *sql.Catalog, path []string, text string, by reading) *Plan {
	if p == nil || cat == nil {
		return &Plan{Refusal: refusal(codeUnclear, -1, "", "there is no policy or no catalog to judge by")}
	}
	var plan *Plan
	concern := p.Concern(roles, cat, text)
	if concern != Unread {
		plan = p.judge(roles, cat, path, by.analyze(cat, path, text, sql.Names{}))
	}
	if concern == Unread || concern == Reading && plan.Refusal != nil {
		plan = &Plan{Allowed: true, Plain: true, Privileged: p.Privileged(roles)}
	}
	switch {
	case !plan.Privileged:
	case concern == Analysed:
		plan.Normalized = by.normalize(text)
	default:
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

package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pgveil/pgveil/policy/sql"
)

func refusal(code string, at int, hint, format string, args ...any) *sql.Refusal {
	doc := refusalDoc(code)
	if hint == "" {
		hint = doc.Fix
	}
	return &sql.Refusal{Code: code, SQLSTATE: doc.SQLSTATE, Message: fmt.Sprintf(format, args...), Hint: hint, At: at}
}

// table judges one occurrence of a table: may it be used at all, and for all that is done with it?
func (j *judgement) table(i int) {
	use := j.qualify(j.st.Tables[i])
	o := occurrence{use: use, effects: use.Effects &^ modifiers, protected: j.p.protected[use.Table]}
	o.relation, _ = j.relation(use.OID)
	verdict := Verdict{Do: Pass}
	before := len(j.plan.Refusals)
	switch {
	case o.effects == 0:
		j.refuse(codeUnclear, use.At.Start, "", "what is done to table %s was not understood", use.Table)
	case systemSchema(use.Table.Schema):
		j.system(use, o.effects)
	default:
		if o.governed = j.p.governs(use.Table) || j.protectedByParent(use); o.governed {
			o.grants = j.p.grantsOn(j.roles, use.Table)
		}
		if !j.forbidden(o, i) && o.governed {
			verdict.Rule = j.allowed(o)
		}
	}
	j.seen = append(j.seen, o)
	if len(j.plan.Refusals) > before {
		verdict.Do = Refuse
	}
	j.plan.Tables = append(j.plan.Tables, verdict)
}

// allowed checks that each thing done to a governed table has a rule, and returns the first such rule.
func (j *judgement) allowed(o occurrence) string {
	use := o.use
	if len(o.grants) == 0 {
		code, hint := codeNoRule, ""
		if !j.p.lists(use.Table) {
			code = codeUnlisted
		} else if j.roles.Empty() {
			hint = "No role's \"who\" matches this user and database."
		}
		j.refuse(code, use.At.Start, hint, "%s may not use table %s", j.who(), use.Table)
		return ""
	}
	first := ""
	for _, e := range singleEffects(o.effects) {
		g := slices.IndexFunc(o.grants, func(g *grant) bool { return g.Do&e != 0 })
		if g < 0 {
			j.refuse(codeEffect, use.At.Start, "", "%s may not %s table %s", j.who(), phrase(e), use.Table)
			continue
		}
		j.by(o.grants[g].ID)
		if first == "" {
			first = o.grants[g].ID
		}
	}
	return first
}

// forbidden applies the forbid rules to one occurrence and reports whether one of them covers it. Reading a column is a
// select whatever the statement is called.
func (j *judgement) forbidden(o occurrence, table int) (any bool) {
	for k := range j.p.rules.Forbids {
		f := &j.p.rules.Forbids[k]
		if j.p.exempt(f, j.roles) || !about(f.On, o.use.Table) {
			continue
		}
		effects := o.use.Effects
		at, hit := o.use.At.Start, f.Columns == nil
		for _, c := range j.st.Columns {
			if c.Table != table {
				continue
			}
			if c.Use&^sql.UseWrite != 0 {
				effects |= sql.EffectSelect
			}
			if f.covers(c.Name) && !hit {
				at, hit = c.At.Start, true
			}
		}
		if hit && effects&f.Do != 0 {
			j.refuse(codeForbidden, at, "", "rule %s forbids %s on %s: %s", f.ID, list(effectNames(effects&f.Do)), o.use.Table, f.Why)
			any = true
		}
	}
	return any
}

func (f *Forbid) covers(column string) bool {
	return slices.ContainsFunc(f.Columns, func(n Name) bool { return n.Text == column })
}

// exempt is true when the subject holds one of the rule's except_roles.
func (p *Policy) exempt(f *Forbid, roles RoleSet) bool {
	for i, r := range p.rules.Roles {
		if roles.has(i) && slices.ContainsFunc(f.ExceptRoles, func(n Name) bool { return n.Text == r.Name }) {
			return true
		}
	}
	return false
}

// governs is true when rules are needed for a table.
func (p *Policy) governs(t sql.TableName) bool { return !p.rules.UnlistedPass || p.lists(t) }

// lists is true when the policy or the encrypt section names a table.
func (p *Policy) lists(t sql.TableName) bool { return p.named[t] || p.protected[t] != nil }

// protectedByParent is true for a child or partition that has encrypted columns because its parent has.
func (j *judgement) protectedByParent(use sql.TableUse) bool {
	r, ok := j.relation(use.OID)
	return ok && r.Protected && !r.Temporary()
}

// grantsOn are the permissions of the roles that are about a table.
func (p *Policy) grantsOn(roles RoleSet, t sql.TableName) []*grant {
	var all []*grant
	for i := range p.grants {
		if g := &p.grants[i]; roles.has(g.role) && about(g.On, t) {
			all = append(all, g)
		}
	}
	return all
}

func about(on []Target, t sql.TableName) bool {
	return slices.ContainsFunc(on, func(target Target) bool { return target.matches(t) })
}

// qualify completes the name of a table that the catalog does not know: one that is made by the statement, is younger than
// the catalog, or is the server's own. A listed table on the search path is what it would be.
func (j *judgement) qualify(use sql.TableUse) sql.TableUse {
	if use.OID != 0 || use.Table.Schema != "" {
		return use
	}
	for _, schema := range j.path {
		if t := (sql.TableName{Schema: schema, Name: use.Table.Name}); j.p.lists(t) {
			use.Table = t
			return use
		}
	}
	if strings.HasPrefix(use.Table.Name, "pg_") {
		use.Table.Schema = "pg_catalog"
	}
	return use
}

func (j *judgement) relation(oid uint32) (*sql.Relation, bool) {
	if oid == 0 || j.cat == nil {
		return nil, false
	}
	return j.cat.RelationByOID(oid)
}

// system judges the server's own relations: with "unlisted: deny" they may be read. Those that quote stored values never get
// here, analysis refuses them.
func (j *judgement) system(use sql.TableUse, effects sql.Effect) {
	if effects&^(reads|sql.EffectLock) != 0 && !j.p.rules.UnlistedPass {
		j.refuse(codeUnlisted, use.At.Start, "", "%s may only read table %s", j.who(), use.Table)
	}
}

// systemSchema is true for the schemas that hold the server's own relations.
func systemSchema(schema string) bool {
	return schema == "information_schema" || schema == "pg_catalog" || schema == "pg_toast"
}

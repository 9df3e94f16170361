package policy

import (
	"fmt"
	"slices"
	"testing"

	"github.com/pgveil/pgveil/policy/mask"
	"github.com/pgveil/pgveil/policy/sql"
)

// mutation changes one element of a policy that was just loaded.
type mutation struct {
	name  string
	apply func(*Rules)
}

// mutations removes and widens every element of the rules, one at a time.
func mutations(r *Rules) []mutation {
	var all []mutation
	add := func(name string, apply func(*Rules)) { all = append(all, mutation{name, apply}) }
	add("unlisted", func(r *Rules) { r.UnlistedPass = !r.UnlistedPass })
	for i, role := range r.Roles {
		add("without role "+role.Name, func(r *Rules) { r.Roles[i].Allow, r.Roles[i].Users = nil, nil })
		add(role.Name+" for everybody", func(r *Rules) { r.Roles[i].Users = []string{"*"} })
		for k, u := range role.Users {
			add(role.Name+" without user "+u, func(r *Rules) { r.Roles[i].Users = slices.Delete(r.Roles[i].Users, k, k+1) })
		}
		add(role.Name+" for the other databases", func(r *Rules) { r.Roles[i].Databases = []string{"other"} })
		add(role.Name+" record", func(r *Rules) { r.Roles[i].Record = !r.Roles[i].Record })
		for k, a := range role.Allow {
			mutateAllow(a, func(name string, apply func(*Allow)) {
				add(name, func(r *Rules) { apply(&r.Roles[i].Allow[k]) })
			})
		}
	}
	for i, f := range r.Forbids {
		mutateForbid(f, r.Roles, func(name string, apply func(*Forbid)) {
			add(name, func(r *Rules) { apply(&r.Forbids[i]) })
		})
	}
	return all
}

func mutateAllow(a Allow, add func(string, func(*Allow))) {
	add("without "+a.ID, func(a *Allow) { a.Do, a.Show, a.Mask = 0, Columns{}, nil })
	for _, v := range verbs() {
		if v.set&(sql.EffectCopyFrom|sql.EffectCopyTo) != 0 && a.Do&v.set == 0 {
			continue // COPY needs insert or select too: a verb that is added alone need not matter
		}
		if v.set == sql.EffectSelect && !a.Show.All && len(a.Show.Names)+len(a.Mask) == 0 {
			continue // a select that shows nothing adds nothing to another rule's
		}
		add(fmt.Sprintf("%s: %s toggled", a.ID, v.name), func(a *Allow) { a.Do ^= v.set })
	}
	for k, t := range a.On {
		add(fmt.Sprintf("%s: not on %s", a.ID, t), func(a *Allow) { a.On = slices.Delete(a.On, k, k+1) })
		if t.Table.Schema != everyName {
			add(fmt.Sprintf("%s: on * instead of %s", a.ID, t), func(a *Allow) { a.On[k].Table = sql.TableName{Schema: "*", Name: "*"} })
		}
	}
	if a.Do&(reads|changes) != 0 {
		mutateColumns(a.ID+": show", a.Show, func(name string, apply func(*Columns)) { add(name, func(a *Allow) { apply(&a.Show) }) })
	}
	if a.Do&writes != 0 {
		mutateColumns(a.ID+": write", a.Write, func(name string, apply func(*Columns)) { add(name, func(a *Allow) { apply(&a.Write) }) })
	}
	if a.Sealed.All || a.Sealed.Names != nil {
		mutateColumns(a.ID+": sealed", a.Sealed, func(name string, apply func(*Columns)) { add(name, func(a *Allow) { apply(&a.Sealed) }) })
	}
	for k, m := range a.Mask {
		add(fmt.Sprintf("%s: %s hidden", a.ID, m.Name.Text), func(a *Allow) { a.Mask = slices.Delete(a.Mask, k, k+1) })
		add(fmt.Sprintf("%s: %s by another mask", a.ID, m.Name.Text), func(a *Allow) {
			a.Mask[k].Mask = mask.Null{}
			if (m.Mask == mask.Null{}) {
				a.Mask = slices.Delete(a.Mask, k, k+1)
				a.Show.Names = append(a.Show.Names, m.Name)
			}
		})
		add(fmt.Sprintf("%s: %s in clear", a.ID, m.Name.Text), func(a *Allow) {
			a.Mask = slices.Delete(a.Mask, k, k+1)
			a.Show.Names = append(a.Show.Names, m.Name)
		})
	}
}

func mutateColumns(what string, c Columns, add func(string, func(*Columns))) {
	add(what+" toggled between all and these", func(c *Columns) { c.All = !c.All })
	for k, n := range c.Names {
		add(what+" without "+n.Text, func(c *Columns) { c.Names = slices.Delete(c.Names, k, k+1) })
	}
}

func mutateForbid(f Forbid, roles []Role, add func(string, func(*Forbid))) {
	add("without "+f.ID, func(f *Forbid) { f.Do = 0 })
	for _, v := range append(verbs(), forbidVerbs()...) {
		if f.Do&v.set != 0 {
			add(fmt.Sprintf("%s: without %s", f.ID, v.name), func(f *Forbid) { f.Do &^= v.set })
		}
	}
	for k := range f.On {
		add(fmt.Sprintf("%s: not on %s", f.ID, f.On[k]), func(f *Forbid) { f.On = slices.Delete(f.On, k, k+1) })
	}
	for k, n := range f.Columns {
		add(fmt.Sprintf("%s: without column %s", f.ID, n.Text), func(f *Forbid) { f.Columns = slices.Delete(f.Columns, k, k+1) })
	}
	if f.Columns != nil {
		add(f.ID+": all columns", func(f *Forbid) { f.Columns = nil })
	}
	for k, n := range f.ExceptRoles {
		add(fmt.Sprintf("%s: %s not excepted", f.ID, n.Text), func(f *Forbid) { f.ExceptRoles = slices.Delete(f.ExceptRoles, k, k+1) })
	}
	for _, r := range roles {
		if !slices.ContainsFunc(f.ExceptRoles, func(n Name) bool { return n.Text == r.Name }) {
			add(fmt.Sprintf("%s: %s excepted too", f.ID, r.Name), func(f *Forbid) { f.ExceptRoles = append(f.ExceptRoles, Name{Text: r.Name}) })
		}
	}
}

// TestMutations changes each element of each suite's policy and expects that some statement of the suite is judged otherwise:
// an element that no case needs is either untested or does nothing.
func TestMutations(t *testing.T) {
	for _, s := range suites(t) {
		base := s.verdicts(t, mustLoad(t, s.policy))
		all := mutations(mustLoad(t, s.policy))
		if len(all) < 10 {
			t.Errorf("%s: only %d mutations", s.name, len(all))
		}
		for _, m := range all {
			r := mustLoad(t, s.policy)
			m.apply(r)
			if slices.Equal(base, s.verdicts(t, r)) {
				t.Errorf("%s: no case notices: %s", s.name, m.name)
			}
		}
	}
}

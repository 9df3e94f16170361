package policy

import "github.com/pgveil/pgveil/policy/sql"

// ShowsDefault reports whether the roles see a column in clear by a plain SELECT, and so its DEFAULT in the system catalogs.
func (p *Policy) ShowsDefault(roles RoleSet, table sql.TableName, column string) bool {
	o := occurrence{use: sql.TableUse{Table: table, Effects: sql.EffectSelect}, effects: sql.EffectSelect, governed: true,
		grants: p.grantsOn(roles, table), protected: p.protected[table]}
	for k := range p.rules.Forbids {
		f := &p.rules.Forbids[k]
		if f.Do&sql.EffectSelect != 0 && !p.exempt(f, roles) && about(f.On, table) && (f.Columns == nil || f.covers(column)) {
			return false
		}
	}
	return o.view(column).Do == Open
}

// ReadsSealed reports whether the roles see in the system catalogs what the server stores.
func (p *Policy) ReadsSealed(roles RoleSet) bool { return p.readsSealed(roles) }

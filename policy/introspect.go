package policy

// readsSealed reports whether a subject is to see in the system catalogs what the server stores, not the logical types: one that gets
// protected columns as cells and none otherwise, so that what its dumps say of a table fits what they hold.
func (p *Policy) readsSealed(roles RoleSet) bool {
	sealed := false
	for i := range p.grants {
		g := &p.grants[i]
		if !roles.has(g.role) {
			continue
		}
		for table, columns := range p.protected {
			if !about(g.On, table) {
				continue
			}
			for column := range columns {
				switch kept := g.Sealed.All || g.sealed[column]; {
				case kept:
					sealed = true
				case g.opens(column):
					return false
				}
			}
		}
	}
	return sealed
}

// opens reports whether a rule shows a protected column in clear or through a mask.
func (g *grant) opens(column string) bool {
	_, masked := g.masks[column]
	return masked || g.shown[column] || g.Show.All
}

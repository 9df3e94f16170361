package crypto

// Holds reports whether a key of the ring has the number that cells carry.
func (r *Keyring) Holds(id ColumnID) bool {
	if r == nil {
		return false
	}
	for _, k := range r.byName {
		if k.id == id {
			return true
		}
	}
	return false
}

package sql

// untyped reports whether the server takes ARRAY[…] for an array of text, since nothing in it has a type: only constants in quotes, NULL and
// parameters without casts. Source: transformArrayExpr, select_common_type.
func (v value) untyped() bool {
	if v.form != formArray || len(v.leaves) > 0 || len(v.elems) == 0 {
		return false
	}
	for _, e := range v.elems {
		if e.form != formFree || len(e.leaves) != 1 {
			return false
		}
		if l := e.leaves[0]; l.cast != nil || l.kind != leafNull && l.kind != leafParam && (l.kind != leafLiteral || l.lit != LiteralString) {
			return false
		}
	}
	return true
}

// readAsText has the elements of an untyped array read as text, which raises what the server does where the column has no operator for
// text. A parameter that stands elsewhere too, or for which the client declares a type, has another one.
func (r *resolver) readAsText(array value) {
	for _, e := range array.elems {
		l, times := e.leaves[0], 0
		for _, o := range r.leaves {
			if o.kind == leafParam && l.kind == leafParam && o.number == l.number {
				times++
			}
		}
		if times < 2 {
			l.read = OIDText
		}
	}
}

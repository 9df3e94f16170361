package sql

import "strings"

// lookup finds an unqualified column name: colNameToVar. found is false when it is no column that we know; open when some
// relation with unknown columns might have it.
func (r *resolver) lookup(s *scope, name string, at Span) (v value, found, open bool) {
	for ; s != nil; s = s.parent {
		var hit *rangeItem
		index, matches := -1, 0
		for _, it := range s.items {
			if it.hiddenColumns {
				continue
			}
			if i, n := it.find(name); n > 0 {
				hit, index, matches = it, i, matches+n
			}
		}
		if matches > 1 {
			r.no(codeAmbiguous, at.Start, "column reference %q is ambiguous", name)
			return plainValue(0, at), true, false
		}
		if matches == 1 {
			if open && hit.guarded(r) {
				r.no(codeUncertain, at.Start, "column %q may belong to a relation that the proxy does not know", name)
			}
			return hit.value(r, index, at, true), true, open
		}
		for _, it := range s.items {
			if num := systemColumn(name); num != 0 && !it.hiddenColumns && it.rel != nil {
				return it.system(num, at), true, open
			}
			open = open || it.open && !it.hiddenColumns
		}
	}
	return value{}, false, open
}

// systemColumn is the attribute number of a column that every table has (src/include/access/sysattr.h), 0 for other names.
func systemColumn(name string) int16 {
	switch name {
	case "ctid":
		return -1
	case "xmin":
		return -2
	case "cmin":
		return -3
	case "xmax":
		return -4
	case "cmax":
		return -5
	case "tableoid":
		return -6
	}
	return 0
}

// system is a system column: it says nothing of the row's contents, so it is no ColumnUse.
func (it *rangeItem) system(num int16, at Span) value {
	v := plainValue(0, at)
	v.oid, v.num = it.rel.OID, num
	return v
}

// relation finds the rangeItem that a qualifier names: refnameNamespaceItem.
func (r *resolver) relation(s *scope, schema, name string) *rangeItem {
	if schema != "" {
		if rel, ok := r.cat.Relation(r.searchPath(), schema, name); ok {
			schema = rel.Schema // pg_temp has another name
		}
	}
	for ; s != nil; s = s.parent {
		var hit *rangeItem
		for _, it := range s.items {
			if it.hiddenName || it.name != name {
				continue
			}
			if schema != "" && it.schema != schema {
				continue
			}
			if hit != nil {
				r.no(codeAmbiguous, it.at.Start, "table reference %q is ambiguous", name)
			}
			hit = it
		}
		if hit != nil {
			return hit
		}
	}
	return nil
}

// searchPath is where unqualified names of the tree at hand are looked for.
func (r *resolver) searchPath() []string {
	if r.view != nil {
		return r.cat.viewPath
	}
	return r.path
}

// refEnd is the offset after the column reference, with qualifiers and star, that begins at at.
func refEnd(text string, at int) int {
	if at < 0 || at >= len(text) {
		return at
	}
	if text[at] == '*' {
		return at + 1
	}
	end := nameEnd(text, at)
	for end >= 0 {
		dot, ok := nextToken(text, end)
		if !ok || !isPunct(text, dot, ".") {
			return end
		}
		next, ok := nextToken(text, dot.End)
		if !ok {
			return end
		}
		if strings.HasPrefix(text[next.Start:], "*") {
			return next.Start + 1
		}
		if e := nameEnd(text, dot.End); e > end {
			end = e
			continue
		}
		return end
	}
	return at
}

// span is the Span from at to end in the client's text; in a view's body, the place where the view is named.
func (r *resolver) span(at int32, end func(string, int) int) Span {
	if r.view != nil {
		return r.view.at
	}
	if at < 0 || int(at) > len(r.text) {
		return Span{r.st.At.Start, r.st.At.Start}
	}
	e := end(r.text, int(at))
	if e < int(at) {
		e = int(at)
	}
	return Span{int(at), e}
}

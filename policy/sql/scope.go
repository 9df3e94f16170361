package sql

import "strings"

// scope is one query level's namespace, as ParseState.p_namespace is in src/backend/parser/parse_relation.c.
type scope struct {
	parent *scope
	items  []*rangeItem
	ctes   []*cteItem
}

// rangeItem is one entry of a namespace: a table, a subquery, a function, a join.
type rangeItem struct {
	name   string // alias, or the relation's own name; empty for an unnamed join
	schema string // of a base table without alias
	// rel and table describe a base relation; cols everything else.
	rel    *Relation
	table  int
	cols   []itemColumn
	rename []string // column aliases of a base relation
	// open: there may be more columns than we know.
	open bool
	// excluded: the row proposed for insertion, of ON CONFLICT.
	excluded bool
	// hiddenName and hiddenColumns are the negatives of p_rel_visible and p_cols_visible.
	hiddenName    bool
	hiddenColumns bool
	at            Span
}

// itemColumn is one column of a derived rangeItem: a value, or a column of another item (of a join).
type itemColumn struct {
	name string
	val  value
	from *rangeItem
	idx  int
}

// size is the number of known columns.
func (it *rangeItem) size() int {
	if it.rel != nil {
		return len(it.rel.Columns)
	}
	return len(it.cols)
}

// columnName is the name that column i goes by.
func (it *rangeItem) columnName(i int) string {
	if it.rel == nil {
		return it.cols[i].name
	}
	if i < len(it.rename) {
		return it.rename[i]
	}
	return it.rel.Columns[i].Name
}

// find is the index of the column called name and how many there are.
func (it *rangeItem) find(name string) (index, count int) {
	if it.rel != nil && len(it.rename) == 0 {
		if i, ok := it.rel.byName[name]; ok {
			return i, 1
		}
		return -1, 0
	}
	index = -1
	for i := range it.size() {
		if it.columnName(i) == name {
			index, count = i, count+1
		}
	}
	return index, count
}

// value is column i as an expression; named says that the client's text names it.
func (it *rangeItem) value(r *resolver, i int, at Span, named bool) value {
	if it.rel != nil {
		return r.baseColumn(it, i, at, named)
	}
	c := &it.cols[i]
	if c.from != nil {
		return c.from.value(r, c.idx, at, named)
	}
	v := c.val
	v.at = at
	if named && r.view == nil {
		for _, use := range v.cols {
			r.named[use] = true
		}
	}
	return v
}

func (r *resolver) baseColumn(it *rangeItem, i int, at Span, named bool) value {
	c := &it.rel.Columns[i]
	if c.Unusable != nil {
		why := *c.Unusable
		why.At = r.pos(at.Start)
		r.sensitive = true
		r.noBecause(why)
	}
	v := value{
		form: formPlain, src: it.table, table: it.rel.TableName(), column: c.Name,
		oid: it.rel.OID, num: c.Num, typ: c.Type, at: at,
	}
	if c.Protection != nil {
		r.sensitive = true
		v.form, v.prot, v.typ = formSealed, c.Protection, c.Protection.Type
	}
	if !it.excluded {
		v.cols = []int{r.columnUse(it.table, c, at, named)}
	}
	return v
}

// guarded reports whether a whole row of the item may not leave as one value.
func (it *rangeItem) guarded(r *resolver) bool {
	if it.rel != nil {
		return it.rel.Protected || it.rel.Listed || it.rel.Sensitive
	}
	for i := range it.cols {
		c := &it.cols[i]
		if c.from != nil {
			if c.from.guarded(r) {
				return true
			}
			continue
		}
		if guardedValue(r, c.val) {
			return true
		}
	}
	return false
}

func guardedValue(r *resolver, v value) bool {
	if v.form == formSealed || v.form == formUnusable {
		return true
	}
	for _, i := range v.cols {
		if r.guardedTable(r.st.Columns[i].Table) {
			return true
		}
	}
	for _, e := range v.elems {
		if guardedValue(r, e) {
			return true
		}
	}
	return v.whole != nil && v.whole.guarded(r)
}

func (r *resolver) guardedTable(i int) bool {
	rel, ok := r.cat.RelationByOID(r.st.Tables[i].OID)
	return !ok || rel.Protected || rel.Listed || rel.Sensitive
}

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

package sql

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
	// through is the view that a statement writes: the server names it as the origin of what RETURNING gives.
	through *Relation
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
		v := r.baseColumn(it, i, at, named)
		v.item, v.index = it, i
		return v
	}
	c := &it.cols[i]
	if c.from != nil {
		return c.from.value(r, c.idx, at, named)
	}
	v := c.val
	v.at, v.item, v.index, v.place = at, it, i, Span{}
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
	if it.through != nil {
		v.oid, v.num = it.through.OID, it.through.Columns[i].Num
	}
	if c.Protection != nil {
		r.sensitive = true
		v.form, v.prot, v.typ = formSealed, c.Protection, c.Protection.Type
		if v.doc = c.Protection.Document; v.doc != nil {
			v.form = formDocument
		}
	} else {
		r.plainReads++
	}
	if !it.excluded {
		v.cols = []int{r.columnUse(it.table, c, at, named)}
	}
	if t := it.rel.temporary; t != nil && !it.excluded && c.Protection != nil && t.columns[c.Num] != nil {
		r.ofSources(&v, it, t.columns[c.Num], at, named)
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
	if protects(v) || v.form == formUnusable {
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

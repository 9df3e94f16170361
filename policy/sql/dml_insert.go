package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// targetItem resolves the relation that a statement writes.
func (r *resolver) targetItem(n *pg_query.RangeVar, effects Effect) *rangeItem {
	at := r.span(n.GetLocation(), refEnd)
	it := &rangeItem{name: n.GetRelname(), at: at, table: -1}
	rel, ok := r.cat.Relation(r.searchPath(), n.GetSchemaname(), n.GetRelname())
	switch {
	case !ok:
		r.unknown(it, n, effects)
	case (rel.Kind == 'v' || rel.Kind == 'm') && rel.Sensitive:
		r.writeView(it, rel, effects, at)
	default:
		it.schema = rel.Schema
		it.rel, it.table = rel, r.table(rel, effects, at)
	}
	it.alias(n.GetAlias())
	return it
}

// slot is one column that a statement assigns.
type slot struct {
	col  *Column // nil: of a relation that we don't know
	want *Target // set when col is protected
	part bool    // an element or field of the column
}

// slot records that the column called name is written.
func (r *resolver) slot(it *rangeItem, name string, indirection []*pg_query.Node, at Span) slot {
	if it.rel == nil {
		return slot{}
	}
	c, ok := it.rel.Column(name)
	if !ok {
		r.no(codeNoColumn, at.Start, "column %q of relation %q does not exist", name, it.rel.Name)
		return slot{}
	}
	return r.slotOf(it, c, at, len(indirection) > 0)
}

func (r *resolver) slotOf(it *rangeItem, c *Column, at Span, part bool) slot {
	if c.Unusable != nil {
		why := *c.Unusable
		why.At = r.pos(at.Start)
		r.noBecause(why)
	}
	r.st.Columns[r.columnUse(it.table, c, at, true)].Use |= UseWrite
	sl := slot{col: c, part: part}
	if c.Protection != nil {
		r.sensitive = true
		sl.want = &Target{Table: it.rel.TableName(), Column: c.Name, Protection: *c.Protection, Purpose: PurposeStore}
		if part {
			r.no(codeExpression, at.Start, "a part of protected column %s.%s can't be assigned", it.rel.TableName(), c.Name)
		}
	}
	return sl
}

// assignExpr is assign of an expression.
func (r *resolver) assignExpr(s *scope, sl slot, n *pg_query.Node) {
	from := len(r.leaves)
	r.assign(sl, r.evalFor(s, n, UseExpression, sl.want))
	if sl.want == nil {
		r.meant(from)
	}
}

// assign settles v as the new value of a column.
func (r *resolver) assign(sl slot, v value) {
	if sl.want == nil {
		typ := uint32(0)
		if sl.col != nil && !sl.part {
			typ = sl.col.Type.OID
		}
		r.settle(v, UseCarry, typ, codeCopyOut)
		for _, l := range v.leaves {
			l.known = true
		}
		return
	}
	r.mark(v, UseCarry)
	switch v.form {
	case formSealed:
		r.storable(v, sl.want)
	case formDocument:
		if !sameDocument(v.doc, sl.want.Protection.Document) {
			r.no(codeOtherKey, v.at.Start, "%s can't be copied into protected column %s.%s: their protected paths differ", v.name(), sl.want.Table, sl.want.Column)
		}
	case formFree:
		r.bindAll(v, sl.want, false)
	case formUnusable:
		r.broken(v)
	default:
		if sl.want.Protection.Document != nil {
			r.no(codeDocument, v.at.Start, "%s.%s has protected paths: constants, parameters and columns with the same paths can be assigned only",
				sl.want.Table, sl.want.Column)
		}
		r.no(codeNotSealable, v.at.Start, "protected column %s.%s can be assigned constants, parameters and columns of the same key only",
			sl.want.Table, sl.want.Column)
	}
}

// storable refuses to copy a sealed value into a column whose own checks it might not pass: nobody can look inside.
func (r *resolver) storable(v value, want *Target) {
	from, to := v.prot, &want.Protection
	ok := sameDomain(from, to) && (to.Defined == nil || sameDefined(from, to)) && width(from.Type.OID) <= width(to.Type.OID)
	switch {
	case to.Type.Mod == -1:
	case to.Type.OID == OIDVarchar:
		ok = ok && from.Type.OID == OIDVarchar && from.Type.Mod != -1 && from.Type.Mod <= to.Type.Mod
	default:
		ok = ok && from.Type == to.Type
	}
	if !ok {
		r.no(codeOtherKey, v.at.Start, "%s can't be copied into protected column %s.%s: their keys, types or lengths differ",
			v.name(), want.Table, want.Column)
	}
}

func (r *resolver) insert(parent *scope, n *pg_query.InsertStmt) (output, bool) {
	effects := EffectInsert
	if len(n.GetReturningList()) > 0 {
		effects |= EffectSelect
	}
	if n.GetOnConflictClause().GetAction() == pg_query.OnConflictAction_ONCONFLICT_UPDATE {
		effects |= EffectUpdate
	}
	s := r.withClause(parent, n.GetWithClause())
	it := r.targetItem(n.GetRelation(), effects)
	var slots []slot
	for _, c := range n.GetCols() {
		t := c.GetResTarget()
		slots = append(slots, r.slot(it, t.GetName(), t.GetIndirection(), r.span(t.GetLocation(), refEnd)))
	}
	if sel := n.GetSelectStmt().GetSelectStmt(); sel != nil {
		r.source(s, it, slots, sel, len(n.GetCols()) > 0)
	}
	inside := &scope{parent: s, items: []*rangeItem{it}}
	if oc := n.GetOnConflictClause(); oc != nil {
		r.onConflict(inside, it, oc, len(n.GetSelectStmt().GetSelectStmt().GetValuesLists()) > 0)
	}
	return r.targets(inside, n.GetReturningList()), len(n.GetReturningList()) > 0
}

// source analyses what is inserted: VALUES row by row, anything else as a query.
func (r *resolver) source(s *scope, it *rangeItem, slots []slot, sel *pg_query.SelectStmt, listed bool) {
	at := it.at
	simple := len(sel.GetValuesLists()) > 0 && sel.GetWithClause() == nil && len(sel.GetSortClause()) == 0 &&
		sel.GetLimitCount() == nil && sel.GetLimitOffset() == nil && len(sel.GetLockingClause()) == 0
	if simple {
		rows := sel.GetValuesLists()
		if !listed {
			slots = r.firstColumns(it, len(rows[0].GetList().GetItems()), at)
		}
		for _, row := range rows {
			for i, e := range row.GetList().GetItems() {
				if i < len(slots) {
					r.assignExpr(s, slots[i], e)
				} else {
					r.operand(s, e, UseExpression, 0)
					r.tooMany(it)
				}
			}
		}
		return
	}
	out := r.query(s, sel)
	if !listed {
		slots = r.firstColumns(it, len(out.cols), at)
	}
	if !out.exact {
		r.no(codeUnknownColumns, at.Start, "the columns of the inserted query can't be known")
	}
	for i, c := range out.cols {
		if i < len(slots) {
			r.assign(slots[i], c.val)
		} else {
			r.settle(c.val, UseCarry, 0, codeCopyOut)
			r.tooMany(it)
		}
	}
}

// tooMany refuses more values than columns: which of them is meant for a protected column nobody knows.
func (r *resolver) tooMany(it *rangeItem) {
	if it.rel != nil {
		r.no(codeSyntax, it.at.Start, "INSERT has more expressions than target columns")
	}
}

// firstColumns are the slots of an INSERT without a column list: the first n columns of the table.
func (r *resolver) firstColumns(it *rangeItem, n int, at Span) []slot {
	if it.rel == nil {
		return nil
	}
	n = min(n, len(it.rel.Columns))
	slots := make([]slot, n)
	for i := range n {
		slots[i] = r.slotOf(it, &it.rel.Columns[i], at, false)
	}
	return slots
}

// onConflict analyses ON CONFLICT. The arbiter compares what is inserted with what is there, for equality.
func (r *resolver) onConflict(s *scope, it *rangeItem, oc *pg_query.OnConflictClause, constants bool) {
	use := UsePredicate
	if constants {
		use = UseLookup
	}
	plain := &scope{parent: s.parent, items: []*rangeItem{it}}
	for i, n := range oc.GetInfer().GetIndexElems() {
		e := n.GetIndexElem()
		if e.GetName() == "" {
			r.groupable(r.eval(plain, e.GetExpr(), UsePredicate|UseExpression), UsePredicate|UseExpression)
			continue
		}
		v, found, open := r.lookup(&scope{items: plain.items}, e.GetName(), r.span(oc.GetInfer().GetLocation(), parenStart))
		switch {
		case found && foldsCase(v):
			r.citextArbiter(v, e, oc.GetInfer(), i, use)
		case found:
			r.groupable(v, use)
		case !open:
			r.no(codeNoColumn, it.at.Start, "column %q does not exist", e.GetName())
		}
	}
	if w := oc.GetInfer().GetWhereClause(); w != nil {
		r.condition(plain, w, false, UsePredicate)
	}
	if oc.GetAction() != pg_query.OnConflictAction_ONCONFLICT_UPDATE {
		return
	}
	excluded := &rangeItem{
		name: "excluded", rel: it.rel, rename: it.rename, through: it.through, table: it.table, cols: it.cols, open: it.open, excluded: true, hiddenColumns: true, at: it.at,
	}
	both := &scope{parent: s.parent, items: []*rangeItem{it, excluded}}
	r.assignments(both, it, oc.GetTargetList())
	if w := oc.GetWhereClause(); w != nil {
		r.condition(both, w, true, UsePredicate)
	}
}

func parenStart(_ string, at int) int { return at }

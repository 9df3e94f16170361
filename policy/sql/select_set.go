package sql

import (
	"slices"
	"strconv"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// setOperation analyses UNION, INTERSECT and EXCEPT. The server reports no origin for its columns.
func (r *resolver) setOperation(s *scope, sel *pg_query.SelectStmt) output {
	left := r.query(s, sel.GetLarg())
	right := r.query(s, sel.GetRarg())
	distinct := !sel.GetAll() || sel.GetOp() != pg_query.SetOperation_SETOP_UNION
	out := output{exact: left.exact && right.exact, cols: left.columns()}
	if !out.exact && (left.guarded(r) || right.guarded(r)) {
		r.no(codeUnknownColumns, -1, "the columns of a set operation can't be known")
	}
	if out.exact && len(left.cols) != len(right.cols) {
		r.no(codeSetMix, -1, "the queries of a set operation must have the same number of columns")
	}
	for i := range out.cols {
		if i >= len(right.cols) {
			break
		}
		v := r.unify([]value{left.cols[i].val, right.cols[i].val}, nil, codeSetMix)
		if distinct {
			r.groupable(v, UseGroup)
		}
		r.mark(v, UseGroup)
		out.cols[i].val = v
	}
	return out
}

func (o output) guarded(r *resolver) bool {
	for _, c := range o.cols {
		if guardedValue(r, c.val) {
			return true
		}
	}
	return false
}

// values analyses a VALUES list as a query.
func (r *resolver) values(s *scope, rows []*pg_query.Node) output {
	width := len(rows[0].GetList().GetItems())
	columns := make([][]value, width)
	for _, row := range rows {
		for i, n := range row.GetList().GetItems() {
			v := r.eval(s, n, UseExpression)
			if i >= width {
				r.settle(v, 0, 0, codeExpression) // the server reports the length
				continue
			}
			columns[i] = append(columns[i], v)
		}
	}
	out := output{exact: true, cols: make([]itemColumn, width)}
	for i := range columns {
		out.cols[i] = itemColumn{name: valuesColumn(i), val: r.unify(columns[i], nil, codeSetMix)}
		if len(columns[i]) > 1 {
			r.mark(out.cols[i].val, UseExpression)
		}
	}
	return out
}

func valuesColumn(i int) string {
	const digits = "0123456789"
	n := ""
	for i++; i > 0; i /= 10 {
		n = digits[i%10:i%10+1] + n
	}
	return "column" + n
}

// unify makes one value of several alternatives: arms of a set operation, rows of VALUES, branches of CASE and COALESCE.
// want, if not nil, is the protected column that the result is written to: each alternative is then one that could be.
func (r *resolver) unify(vals []value, want *Target, code string) value {
	var sealedOne *value
	free := true
	for i := range vals {
		vals[i] = r.cells(vals[i], 0)
		switch vals[i].form {
		case formSealed:
			if sealedOne == nil {
				sealedOne = &vals[i]
			}
		case formUnusable:
			r.broken(vals[i])
		case formFree:
			continue
		}
		free = false
	}
	if v, ok := r.unifyDocuments(vals, code); ok {
		return v
	}
	if v, ok := r.unifyHolders(vals, code); ok {
		return v
	}
	out := value{form: formPlain, src: -1}
	if len(vals) > 0 {
		out.at, out.src, out.column, out.table = vals[0].at, vals[0].src, vals[0].column, vals[0].table
	}
	for i := range vals {
		out.cols = append(out.cols, vals[i].cols...)
		out.pending = append(out.pending, vals[i].pending...)
	}
	switch {
	case free:
		out.form = formFree
		for i := range vals {
			out.leaves = append(out.leaves, vals[i].leaves...)
		}
		lift(out)
		return out
	case sealedOne != nil:
		return r.unifySealed(vals, *sealedOne, out, want, code)
	}
	typ, known := Type{}, false
	for i := range vals {
		if vals[i].form == formPlain {
			if !known {
				typ, known = vals[i].typ, true
			} else if c, ok := commonType(typ, vals[i].typ); ok {
				typ = c
			} else {
				typ = Type{}
			}
		}
	}
	out.typ = typ
	columns := slices.ContainsFunc(vals, func(v value) bool { return v.form == formPlain && len(v.cols) > 0 })
	for i := range vals {
		r.settle(vals[i], 0, typ.OID, code)
		for _, l := range vals[i].leaves {
			l.known = l.known || columns
		}
	}
	if len(vals) == 1 && vals[0].whole != nil {
		out.whole = vals[0].whole
	}
	return out
}

func (r *resolver) unifySealed(vals []value, like, out value, want *Target, code string) value {
	p := *like.prot
	if slices.ContainsFunc(vals, func(v value) bool { return v.form != formSealed || !sameDefined(&p, v.prot) }) {
		p = p.plainDomain() // select_common_type, src/backend/parser/parse_coerce.c
	}
	for i := range vals {
		v := &vals[i]
		if v.form != formSealed {
			continue
		}
		if !sameDomain(&p, v.prot) {
			r.no(code, v.at.Start, "%s and %s have different keys or types", like.name(), v.name())
			return out
		}
		if width(v.prot.Type.OID) > width(p.Type.OID) {
			p.Type.OID = v.prot.Type.OID
		}
		if p.Type.Mod != v.prot.Type.Mod {
			p.Type.Mod = -1
		}
	}
	if want == nil {
		r.keepsScale(vals, like, p.Type)
	}
	scaled := want == nil && needsScale(&p) && p.Type.Mod != -1
	to := want
	if to == nil {
		// Seen as a result, a value of another length is as good; the server would not check it either.
		q := p
		q.Type.Mod = -1
		to = &Target{Table: like.table, Column: like.column, Protection: q, Purpose: PurposeStore}
		if scaled {
			to.Shown = p.Type
		}
		if isCitext(&p) {
			to.Shown = p.Type // a parameter declared as text would make all of it text
			r.citextAlternatives(vals, like)
		}
	}
	if want != nil && len(vals) > 1 && want.Purpose == PurposeStore && want.Protection.Defined != nil {
		based := *want
		based.Based = true
		to = &based
	}
	for i := range vals {
		v := &vals[i]
		switch v.form {
		case formSealed:
		case formFree:
			r.widens(*v, p.Type.OID)
			for _, l := range v.leaves {
				l.lifted = l.lifted || l.kind == leafLiteral
			}
			r.bindAll(*v, to, false)
			switch {
			case want != nil, onlyNulls(*v) && needsScale(&p), v.cutTo(p.Type):
			case scaled:
				out.bare = true
			default:
				p.Type.Mod = -1
			}
			out.bare = out.bare || onlyNulls(*v) // the server gives a NULL no modifier
		default:
			r.no(code, v.at.Start, "%s and a value that is not protected can't be alternatives", like.name())
		}
	}
	if want != nil {
		for i := range vals {
			if vals[i].form == formSealed {
				r.storable(vals[i], want)
			}
		}
		p = want.Protection
	}
	out.form, out.prot, out.typ = formSealed, &p, p.Type
	for i := range vals {
		out.bare = out.bare || vals[i].form == formSealed && vals[i].bare
	}
	out.table, out.column, out.src = like.table, like.column, like.src
	return out
}

// needsScale reports whether values can't be shown without the scale or length of their column.
func needsScale(p *Protection) bool {
	return p.Type.OID == OIDBpchar || p.Type.OID == OIDNumeric && p.Search.Equal()
}

// keepsScale refuses alternatives in which the scale of numeric(p,s) or the length of char(n) is lost: cells that are equal bytes for
// equal numbers hold no trailing zeros, those of char(n) no blanks, and without the scale or length nobody knows how many to show.
func (r *resolver) keepsScale(vals []value, like value, typ Type) {
	if !needsScale(like.prot) {
		return
	}
	scaled, lost := false, typ.Mod == -1
	for _, v := range vals {
		scaled = scaled || v.form == formSealed && v.prot.Type.Mod != -1
		lost = lost || v.form == formFree && !onlyNulls(v) && !v.shownAs(typ)
	}
	if scaled && lost {
		r.no(codeSetMix, like.at.Start, "%s would lose its scale or length among these alternatives", like.name())
	}
}

// widens refuses an integer constant beside which the server would give the whole expression a wider type than the column's.
func (r *resolver) widens(v value, oid uint32) {
	if family(oid) != OIDInt8 {
		return
	}
	for _, l := range v.leaves {
		natural := uint32(0)
		switch {
		case l.cast != nil:
			natural = l.cast.oid
		case l.kind == leafLiteral && l.lit == LiteralInteger:
			natural = OIDInt4
			if _, err := strconv.ParseInt(l.text, 10, 32); err != nil {
				natural = OIDInt8
			}
		}
		if width(natural) > width(oid) {
			r.no(codeLiteralType, l.at.Start, "the constant's type is wider than the protected column's")
		}
	}
}

// clausesOfSet analyses ORDER BY and LIMIT of a set operation or VALUES: they see the output columns only.
func (r *resolver) clausesOfSet(s *scope, sel *pg_query.SelectStmt, out output) {
	if len(sel.GetSortClause()) > 0 {
		it := &rangeItem{cols: out.cols, open: !out.exact, hiddenName: true}
		r.orderBy(&scope{parent: s, items: []*rangeItem{it}}, sel.GetSortClause(), out)
	}
	r.limit(s, sel)
	for range sel.GetLockingClause() {
		r.no(codeConstruct, -1, "FOR UPDATE can't be used with a set operation")
	}
	if into := sel.GetIntoClause(); into != nil {
		r.into(into, out)
	}
}

package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// jsonMaker reports the server's functions that make json or jsonb of values as they are.
func jsonMaker(name string) bool { return jsonType(name) != 0 }

func jsonType(name string) uint32 {
	switch name {
	case "json_agg", "json_build_object", "json_build_array", "json_object_agg", "to_json", "row_to_json":
		return OIDJSON
	case "jsonb_agg", "jsonb_build_object", "jsonb_build_array", "jsonb_object_agg", "to_jsonb":
		return OIDJSONB
	}
	return 0
}

// makeJSON analyses a function that makes JSON. A cell in it is a string; the proxy shows the value in its place.
func (r *resolver) makeJSON(s *scope, n *pg_query.FuncCall, name string, use Use) value {
	at := r.spanAt(n.GetLocation())
	out := value{form: formJSON, src: -1, typ: Type{jsonType(name), -1}, at: at}
	use |= UseExpression
	if strings.HasSuffix(name, "_agg") {
		use |= UseAggregate
	}
	var plain []value
	for i, arg := range n.GetArgs() {
		v := r.eval(s, arg, use)
		keys := name == "json_build_object" || name == "jsonb_build_object"
		pretty := (name == "row_to_json") && i == 1
		object := name == "json_object_agg" || name == "jsonb_object_agg"
		if keys && i%2 == 0 || object && i == 0 || pretty {
			r.settle(v, use, 0, codeExpression)
			continue
		}
		if n.GetAggDistinct() && protects(v) {
			r.no(codeHolder, at.Start, "DISTINCT compares JSON that holds protected values")
		}
		if !r.hold(&out, v, use) {
			plain = append(plain, v)
		}
	}
	if len(out.holds) == 0 {
		r.plainCall(n, codeExpression, use, plain...)
		out = plainValue(jsonType(name), at)
		return out
	}
	for _, v := range plain {
		r.settle(v, use, 0, codeExpression)
	}
	return out
}

// hold adds what v may hold to out; false when v is plain and has still to be settled.
func (r *resolver) hold(out *value, v value, use Use) bool {
	v = r.cells(v, use)
	switch {
	case v.form == formSealed || v.form == formCells:
		r.mark(v, use)
		if r.may(opJSON, v) {
			r.holdCells(out, v)
		}
	case v.form == formJSON:
		r.mark(v, use)
		out.cols = append(out.cols, v.cols...)
		out.pending = append(out.pending, v.pending...)
		out.holds = append(out.holds, v.holds...)
	case v.form == formRow && protects(v):
		for _, e := range v.elems {
			if !r.hold(out, e, use) {
				r.settle(e, use, 0, codeExpression)
			}
		}
	case v.form == formArray && slices.ContainsFunc(v.elems, func(e value) bool { return e.form == formJSON }):
		for _, e := range v.elems {
			if !r.hold(out, e, use) {
				r.settle(e, use, 0, codeExpression)
			}
		}
		for _, l := range v.leaves {
			r.bindPlain(l, 0)
		}
	case v.whole != nil && v.whole.guarded(r):
		r.holdRow(out, v, use)
	default:
		return false
	}
	return true
}

// holdRow adds the columns of a whole row.
func (r *resolver) holdRow(out *value, v value, use Use) {
	it := v.whole
	if it.open {
		r.no(codeUnknownColumns, v.at.Start, "the columns of the whole row of %q can't be known", it.name)
	}
	for i := range it.size() {
		c := it.value(r, i, v.at, false)
		if !r.hold(out, c, use) {
			r.settle(c, use, 0, codeWholeRow)
		}
		out.cols = append(out.cols, c.cols...)
	}
}

// holdCells adds the columns that v's cells may come from.
func (r *resolver) holdCells(out *value, v value) {
	found := false
	for _, i := range v.cols {
		if p := r.protectionOf(i); p != nil {
			out.holds, found = append(out.holds, i), true
		}
	}
	if !found || !shownInJSON(v.prot.Type.OID) {
		r.no(codeHolder, v.at.Start, "%s can't be shown within JSON", v.name())
	}
	out.cols = append(out.cols, v.cols...)
	out.pending = append(out.pending, v.pending...)
}

// protectionOf is the protection of the column of one ColumnUse.
func (r *resolver) protectionOf(use int) *Protection {
	c := r.st.Columns[use]
	if rel, ok := r.cat.RelationByOID(r.st.Tables[c.Table].OID); ok {
		if col, ok := rel.Column(c.Name); ok {
			return col.Protection
		}
	}
	return nil
}

// shownInJSON reports the logical types of which the proxy knows what to_json and to_jsonb make, which is the same for all of them: jsonb
// would write json and floating-point numbers in another form.
func shownInJSON(oid uint32) bool {
	switch oid {
	case OIDBool, OIDInt2, OIDInt4, OIDInt8, OIDText, OIDVarchar, OIDDate, OIDTimestamptz, OIDNumeric, OIDUUID, OIDJSONB, OIDBytea,
		OIDBpchar, OIDTime, OIDTimetz, OIDTimestamp, OIDInterval, OIDInet, OIDCidr, OIDMacaddr:
		return true
	}
	return false
}

// castJSON is json or jsonb cast to either of them; ok is false for other types.
func castJSON(v value, t *pg_query.TypeName) (value, bool) {
	names := nameList(t.GetNames())
	if len(t.GetArrayBounds()) > 0 || t.GetSetof() || len(names) == 0 || len(names) == 2 && names[0] != "pg_catalog" || len(names) > 2 {
		return v, false
	}
	switch names[len(names)-1] {
	case "json":
		v.typ.OID = OIDJSON
	case "jsonb":
		v.typ.OID = OIDJSONB
	default:
		return v, false
	}
	return v, true
}

// held describes a result that holds cells.
func (r *resolver) held(res *Result, v value) {
	switch v.form {
	case formCells:
		res.Protection, res.Shape, res.Bare = v.prot, ShapeArray, v.bare
		res.Origin = Origin{Table: -1}
		if arrayOID(v.prot.Type.OID) == 0 {
			r.no(codeHolder, v.at.Start, "an array of %s can't be shown", v.name())
		}
	case formJSON:
		res.Shape, res.Holds, res.Origin = ShapeJSON, r.distinctHolds(v), Origin{Table: -1}
	case formDocument:
		res.Shape, res.Document = ShapeDocument, v.doc
		for _, i := range v.cols {
			if p := r.protectionOf(i); p != nil && p.Document != nil {
				res.Holds = append(res.Holds, i)
			}
		}
	}
}

// distinctHolds are the columns held, each once. Of one key there may be several: a cell says its key, not its column, so all must be
// shown in the same way.
func (r *resolver) distinctHolds(v value) (all []int) {
	byKey := map[uint32]*Protection{}
	for _, i := range v.holds {
		p := r.protectionOf(i)
		o, ok := byKey[p.ID]
		if ok && (family(o.Type.OID) != family(p.Type.OID) || family(p.Type.OID) != OIDText && o.Type.Mod != p.Type.Mod) {
			r.no(codeHolder, v.at.Start, "JSON holds values of columns of one key and different types")
		}
		byKey[p.ID] = p
		if !slices.Contains(all, i) {
			all = append(all, i)
		}
	}
	return all
}

// unifyHolders makes one value of alternatives of which some hold cells within arrays or JSON: coalesce(json_agg(x), '[]').
func (r *resolver) unifyHolders(vals []value, code string) (out value, ok bool) {
	at := slices.IndexFunc(vals, func(v value) bool { return v.form == formCells || v.form == formJSON })
	if at < 0 {
		return value{}, false
	}
	like := vals[at]
	out = value{form: like.form, src: -1, prot: like.prot, table: like.table, column: like.column, typ: like.typ, bare: like.bare, at: like.at}
	for _, v := range vals {
		out.cols = append(out.cols, v.cols...)
		out.pending = append(out.pending, v.pending...)
		out.holds = append(out.holds, v.holds...)
		switch {
		case v.form == formFree && like.form == formJSON:
			for _, l := range v.leaves {
				r.bindPlain(l, like.typ.OID)
			}
		case v.form == formFree:
			r.bindAll(v, like.target(PurposeCompare), true)
		case v.form == formPlain && like.form == formJSON && v.whole == nil:
			r.settle(v, 0, 0, code)
		case v.form != like.form, like.form == formCells && (!sameDomain(like.prot, v.prot) || like.prot.Type != v.prot.Type):
			r.no(code, v.at.Start, "%s and another value can't be alternatives", like.name())
		}
	}
	return out, true
}

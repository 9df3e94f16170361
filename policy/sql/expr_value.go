package sql

// form says what analysis knows of an expression's value. The zero value is unusable on purpose: it refuses.
type form uint8

const (
	formUnusable form = iota // a view's column whose expression cannot be understood
	formPlain                // sent, stored and returned as it is
	formSealed               // cells of a protected column
	formFree                 // constants and parameters: what they meet decides
	formArray                // ARRAY[…], elements in elems
	formRow                  // ROW(…), fields in elems
	formIndex                // the index of a normalised value: lower(c), see fold
	formFolded               // constants and parameters with such a function around them
	formCells                // an array of cells of a protected column
	formJSON                 // json or jsonb in which cells of the columns in holds may lie
	formDocument             // jsonb in which cells stand at the paths of doc
)

// value is what one expression yields.
type value struct {
	form form
	// prot, table and column describe a sealed value; table and column are what a Target names.
	prot   *Protection
	table  TableName
	column string
	// src is the index into Statement.Tables of the base table that the value is copied from unchanged, -1 for none.
	src int
	// cols are the ColumnUses that the value is a copy of: several for a set operation, none for an expression.
	cols []int
	// oid and num are the origin as the server's RowDescription names it, 0 for none.
	oid uint32
	num int16
	// item and index are the column of FROM that the value was read as, last.
	item  *rangeItem
	index int
	// typ is the type of a plain value, OID 0 when unknown.
	typ    Type
	leaves []*leaf
	elems  []value
	// pending are the uses that reading this column of a view entails.
	pending []pendingUse
	// whole is set for a reference to a whole row.
	whole *rangeItem
	// holds are, of a formJSON value, the ColumnUses whose cells may lie in it.
	holds []int
	// doc is, of a formDocument value, what is protected in it.
	doc *Document
	// ofPath: a sealed value that is read at a path of a document.
	ofPath bool
	// fold is how a formIndex or formFolded value is written.
	fold *fold
	// bare: the server names no type modifier for it, being the result of a call.
	bare bool
	// viewed: a cell that stands in a view's body, which has no leaf.
	viewed bool
	// broken says why a formUnusable value cannot be used.
	broken *Refusal
	at     Span
	// place is where a citext value stands by its name in the client's text and nothing else was done to it; empty elsewhere.
	place Span
}

func plainValue(typ uint32, at Span) value {
	return value{form: formPlain, src: -1, typ: Type{typ, -1}, at: at}
}

// constant reports whether v is made of constants and parameters only.
func (v value) constant() bool {
	switch v.form {
	case formFree:
		return true
	case formArray, formRow:
		for _, e := range v.elems {
			if !e.constant() {
				return false
			}
		}
		return true
	}
	return false
}

// derived is v as an expression: the server no longer names an origin.
func (v value) derived() value {
	v.oid, v.num, v.place = 0, 0, Span{}
	return v
}

// target is the Target that a free value meets at the sealed value v.
func (v value) target(p Purpose) *Target {
	return &Target{Table: v.table, Column: v.column, Protection: *v.prot, Purpose: p}
}

// name is how a refusal names a sealed value.
func (v value) name() string {
	if v.column == "" {
		return "a protected value"
	}
	return "protected column " + v.table.String() + "." + v.column
}

// leaf is one constant or parameter of the client's text, or a cast of NULL or of an array whose type name must follow the
// values inside.
type leaf struct {
	at     Span
	kind   leafKind
	lit    LiteralKind
	text   string
	number int // of a parameter
	cast   *castTo
	cut    Type // to which what it is chosen from is cast, where it has no cast of its own
	input  bool // a parameter that is text, and then cast with what it is chosen from
	// within is the type of the array, by its cast, of which it is an element (0: none).
	within uint32
	// spread: the argument of unnest, each element of which is a value.
	spread bool
	// lifted: a subquery, an array or CASE gives it a type, before it meets anything.
	lifted bool
	// neutral: where it stands, the type doesn't matter ($1 IS NULL).
	neutral bool
	// exact: the cast, of NULL or of a protected value, changes nothing.
	exact bool

	plain     bool   // it met a plain value
	known     bool   // it meets plain columns, in a comparison or by assignment: the client means the database to see it
	plainType uint32 // whose type this is
	target    *Target
	array     bool // it met the target as an array
	// alone: it is compared with nothing but constants and parameters.
	alone bool
	// ghost is a second value made of the same constant or parameter, at an empty span behind this one, with text around it.
	ghost         *leaf
	isGhost       bool
	before, after string
	title         *title
	read          uint32 // the type that the value is read as, without a cast of its own: of a ghost, the cast of the leaf it belongs to
}

type leafKind uint8

const (
	leafLiteral leafKind = iota
	leafParam
	leafCast // NULL::text, ARRAY[…]::text[]: only the type name is ours
	leafNull
	leafBits // B'…', X'…'
)

// castTo is a cast written around a constant or parameter.
type castTo struct {
	at  Span   // the type name
	oid uint32 // 0: not a type that a protected column may have
	// defined is set for a type that the database defines; oid is then the enum's, or a domain's base.
	defined *DefinedType
	array   bool
	// modified: it has a modifier. cut is then the type with it, of an array the elements', OID 0 if it is not understood.
	modified bool
	cut      Type
	// document: what is cast meets a document, and stays jsonb.
	document bool
}

// whole is the type cast to, the array type if it is one.
func (c *castTo) whole() uint32 {
	switch {
	case c.defined != nil && c.array:
		return c.defined.Array
	case c.defined != nil:
		return c.defined.OID
	case c.array:
		return arrayOID(c.oid)
	}
	return c.oid
}

// mark adds uses to the columns that v is a copy of.
func (r *resolver) mark(v value, use Use) {
	for _, i := range v.cols {
		r.use(i, use)
	}
	for _, p := range v.pending {
		r.use(p.column, p.use)
	}
	for _, e := range v.elems {
		r.mark(e, use)
	}
}

// settle makes v a plain value: constants and parameters in it keep their meaning. A sealed value can't be one; code says why.
func (r *resolver) settle(v value, use Use, typ uint32, code string) {
	switch v.form {
	case formArray, formRow:
		use |= UseExpression
	}
	r.mark(v, use)
	switch v.form {
	case formSealed, formIndex, formCells, formJSON, formDocument:
		r.noPlain(v, code)
	case formUnusable:
		r.broken(v)
	}
	for _, l := range v.leaves {
		r.bindPlain(l, typ)
	}
	for _, e := range v.elems {
		r.settle(e, 0, 0, code)
	}
	if v.whole != nil {
		r.settleRow(v, use)
	}
}

// settleRow settles a whole row as plain: constants in its columns, too, which could otherwise be sealed for another use of theirs.
func (r *resolver) settleRow(v value, use Use) {
	if v.whole.guarded(r) {
		r.wholeRow(v)
		return
	}
	for i := range v.whole.size() {
		if v.whole.rel == nil {
			r.settle(v.whole.value(r, i, v.at, false), use|UseExpression, 0, codeWholeRow)
		}
	}
}

// cannot says what a protected value can't be, by the code of the place where it was met.
func cannot(code string) string {
	switch code {
	case codeOrdered:
		return "can't be compared for order"
	case codePattern:
		return "can't be matched against a pattern"
	case codeOrder:
		return "can't be sorted"
	case codeAggregate:
		return "can't be aggregated"
	case codeCopyOut:
		return "can't be copied into a column that is not protected"
	case codePlainPeer:
		return "can't be compared with this"
	case codeRecursive:
		return "can't pass through WITH RECURSIVE"
	case codeCondition:
		return "can't be used as a condition"
	}
	return "can't be part of an expression"
}

// meant marks the leaves from the given one on: they meet plain columns.
func (r *resolver) meant(from int) {
	for _, l := range r.leaves[from:] {
		l.known = true
	}
}

func (r *resolver) broken(v value) {
	if v.broken != nil {
		r.noBecause(*v.broken)
		return
	}
	r.no(codeConstruct, v.at.Start, "this can't be understood here")
}

func (r *resolver) wholeRow(v value) {
	r.no(codeWholeRow, v.at.Start, "the whole row of %q holds protected or listed columns", v.whole.name)
}

// lift marks the leaves of a free value whose type the server decides here and not where the value is used.
func lift(v value) {
	for _, l := range v.leaves {
		l.lifted = true
	}
}

// onlyNulls reports whether a free value is NULL for certain.
func onlyNulls(v value) bool {
	for _, l := range v.leaves {
		if l.kind != leafCast && l.kind != leafNull {
			return false
		}
	}
	return true
}

// bindPlain settles one leaf as plain; typ is the type of what it met, 0 when unknown.
func (r *resolver) bindPlain(l *leaf, typ uint32) {
	if l.target != nil {
		r.no(codeConflict, l.at.Start, "the value is used both for a protected column and otherwise")
		return
	}
	if !l.plain {
		l.plain, l.plainType = true, typ
	} else if l.plainType != typ {
		l.plainType = 0
	}
}

// bind settles one leaf as a value of t's column.
func (r *resolver) bind(l *leaf, t *Target, array bool) {
	array = array || l.spread
	t = t.through(l)
	if l.plain {
		r.no(codeConflict, l.at.Start, "the value is used both for protected column %s.%s and otherwise", t.Table, t.Column)
		return
	}
	if !r.fits(l, t, array) {
		return
	}
	if l.cast != nil {
		l.cast.document = t.Protection.Document != nil
	}
	if l.target == nil {
		l.target, l.array = t, array
		return
	}
	old := l.target
	same := old.Table == t.Table && old.Column == t.Column
	if l.array != array || old.Part != t.Part || !sameDomain(&old.Protection, &t.Protection) || old.Protection.Type.OID != t.Protection.Type.OID ||
		t.Protection.Search == SearchNone && !same {
		r.no(codeConflict, l.at.Start, "the value is used for both %s.%s and %s.%s", old.Table, old.Column, t.Table, t.Column)
		return
	}
	if old.Purpose == PurposeStore && t.Purpose == PurposeStore && !sameDefined(&old.Protection, &t.Protection) {
		r.no(codeConflict, l.at.Start, "the value is stored in columns of different domains: %s.%s and %s.%s", old.Table, old.Column, t.Table, t.Column)
		return
	}
	if old.Purpose == PurposeStore && t.Purpose == PurposeStore && old.Protection.Type.Mod != t.Protection.Type.Mod {
		r.no(codeConflict, l.at.Start, "the value is stored in columns of different length: %s.%s and %s.%s",
			old.Table, old.Column, t.Table, t.Column)
		return
	}
	if t.Purpose == PurposeStore {
		l.target = t
	}
}

// bindAll settles all leaves of a free value.
func (r *resolver) bindAll(v value, t *Target, array bool) {
	for _, l := range v.leaves {
		r.bind(l, t, array)
	}
}

// sameDomain reports whether equal values of the two columns are equal bytes: one key, one search mode, one family of types.
func sameDomain(a, b *Protection) bool {
	return a.Key == b.Key && a.ID == b.ID && a.Search == b.Search && a.Normalize == b.Normalize &&
		family(a.Type.OID) == family(b.Type.OID)
}

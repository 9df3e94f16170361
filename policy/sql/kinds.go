package sql

import "slices"

// kind is what can be asked of an expression: plain, or protected with a search mode. The zero value answers nothing.
type kind uint8

const (
	kindUnknown    kind = iota
	kindPlain           // not protected
	kindNone            // search: none
	kindEquality        // search: equality
	kindNormalized      // search: equality with normalize:
	kindRange           // search: range
	kindRangeText       // search: range, text and varchar
	kindMatch           // search: match
	kindCitext          // search: equality, citext
	kinds
)

// String is the kind's column in docs/sql.md.
func (k kind) String() string {
	return [...]string{"unknown", "plain", "none", "equality", "equality, normalize", "range", "range (text)", "match", "equality (citext)"}[k]
}

// kindOf is the kind of a protected column.
func kindOf(p *Protection) kind {
	switch p.Search {
	case SearchNone:
		return kindNone
	case SearchEquality:
		if p.Defined != nil && p.Defined.Kind == DefinedCitext {
			return kindCitext
		}
		if p.Normalize != "" {
			return kindNormalized
		}
		return kindEquality
	case SearchRange:
		if family(p.Type.OID) == OIDText {
			return kindRangeText
		}
		return kindRange
	case SearchMatch:
		return kindMatch
	}
	return kindUnknown
}

// yields is what an operation makes of a protected value.
type yields uint8

const (
	yieldsNothing yields = iota // refused
	yieldsPlain                 // a plain value, or a condition
	yieldsSealed                // the value itself, which is opened where it is shown
	yieldsArray                 // an array of such values
	yieldsJSON                  // json or jsonb that holds such values
	yieldsIndex                 // an index of the normalised value, which can be compared and grouped, not shown
)

// cell is what one operation is on one kind: what it yields, or the code of the refusal.
type cell struct {
	yields yields
	code   string
}

// operation is one row of the table. Analysis asks the table; docs/sql.md and a test of each cell are made of it.
type operation struct {
	id    op
	group string
	// example is SQL over a table t: C is the column, L a constant of its type, D another column of the same key, and K a plain key.
	example string
	cells   [kinds]cell
	// hint is what to do instead, where it is more than the code's own.
	hint string
}

// op names a row that analysis asks for.
type op uint8

const (
	opNone op = iota
	opEqual
	opOrder
	opLike
	opPrefix
	opILike
	opMatch
	opPattern
	opFold
	opGroup
	opSort
	opMinMax
	opGreatest
	opOrdered // percentile_disc, mode and hypothetical-set aggregates
	opCarry
	opArray
	opJSON
	opCompute
	opStringAgg
	opAggregate
	opConcat
	opCondition
	opCastOther
	opRecursive
	opWholeRow
	opCopyOut
)

// yes, no and only make the cells of a row.
func yes(y yields) (all [kinds]cell) {
	for k := kindPlain; k < kinds; k++ {
		all[k] = cell{yields: y}
	}
	return all
}

func no(code string) [kinds]cell { return only(yieldsNothing, code) }

// only is y for the kinds named, a refusal for the other protected ones.
func only(y yields, code string, allowed ...kind) (all [kinds]cell) {
	for k := kindPlain; k < kinds; k++ {
		switch {
		case k == kindPlain:
			all[k] = cell{yields: yieldsPlain}
		case slices.Contains(allowed, k):
			all[k] = cell{yields: y}
		default:
			all[k] = cell{code: code}
		}
	}
	return all
}

// equalKinds and orderedKinds are the kinds with equality, and with order.
func equalKinds(y yields, code string) [kinds]cell {
	return with(only(y, code, kindEquality, kindNormalized, kindRange, kindRangeText, kindMatch), kindCitext, cell{code: codeCitext})
}

// andCitext gives citext the index in place of the value, where case must not count.
func andCitext(all [kinds]cell) [kinds]cell { return with(all, kindCitext, cell{yields: yieldsIndex}) }

func orderedKinds(y yields, code string) [kinds]cell {
	return with(only(y, code, kindRange, kindRangeText), kindCitext, cell{code: codeCitext})
}

// with gives one kind a cell of its own.
func with(all [kinds]cell, k kind, c cell) [kinds]cell {
	all[k] = c
	return all
}

// rule is the first row for an operation.
func rule(o op) (operation, bool) {
	for _, row := range operations {
		if row.id == o {
			return row, true
		}
	}
	return operation{}, false
}

// may refuses, and returns false for, an operation that the table does not allow on v.
func (r *resolver) may(o op, v value) bool {
	row, ok := rule(o)
	if v.prot == nil || !ok {
		r.no(codeInternal, v.at.Start, "an operation is not in the table")
		return false
	}
	c := row.cells[kindOf(v.prot)]
	if c.yields != yieldsNothing {
		return true
	}
	if c.code == "" {
		c.code = codeInternal
	}
	if c.code == codeCitext {
		r.no(c.code, v.at.Start, "%s is citext, whose cells differ where values differ by case, and can't be used so", v.name())
		return false
	}
	if c.code == codeNotSearchable {
		r.noHint(c.code, v.at.Start, row.hint, "%s can't be compared or grouped: its search mode is %q", v.name(), v.prot.Search.String())
		return false
	}
	r.noHint(c.code, v.at.Start, row.hint, "%s %s", v.name(), cannot(c.code))
	return false
}

// noHint is no with a hint of its own, the code's if it is empty.
func (r *resolver) noHint(code string, at int, hint, format string, args ...any) {
	if r.soft != nil {
		return
	}
	r.no(code, at, format, args...)
	if hint != "" {
		r.soft.Hint = hint
	}
}

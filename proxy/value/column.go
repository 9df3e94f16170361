package value

import (
	"bytes"
	"math/big"
	"regexp"
	"unicode/utf8"
)

// Column is a column's type in full: one of PostgreSQL's own, or one that the database defines over these. The zero value of the further
// fields makes it the first.
type Column struct {
	Type Type // as the wire names it; of a domain, its base
	// Enum and Domain are set for one that the database defines.
	Enum   *Enum
	Domain *Domain
	// Citext is set for the type of the extension citext, Array is then its pg_type.typarray.
	Citext bool
	Array  uint32
}

// Enum is an enum type.
type Enum struct {
	Name   string // as errors name it
	Array  uint32 // pg_type.typarray
	Labels []string
}

// Domain is what a domain asks of a value of its base type.
type Domain struct {
	Name   string
	OID    uint32
	Checks []DomainCheck
}

// DomainCheck is one CHECK constraint. Holds is called with the base's canonical value, without its tag.
type DomainCheck struct {
	Name string
	Expr Check
}

// Check is a condition on a value.
type Check struct {
	Op       CheckOp
	Args     []Check        // of and, or, not
	Operator string         // of a comparison: = <> < <= > >=
	Text     string         // the constant to compare with, as its type writes it
	Texts    []string       // of in
	Pattern  *regexp.Regexp // of match
}

// CheckOp is what a Check does. The zero value never holds.
type CheckOp uint8

// The operations.
const (
	CheckAnd CheckOp = iota + 1
	CheckOr
	CheckNot
	CheckCompare // the value with Text, as numbers or texts
	CheckIn
	CheckMatch
	CheckLength // the number of characters with Text
	CheckBytes  // the number of bytes with Text
)

// Decode is Decode for the column: labels and checks are those of the database.
func (c *Column) Decode(dst []byte, o Options, declared uint32, format int16, raw []byte, s *Settings) ([]byte, error) {
	switch {
	case c.Enum != nil:
		return c.decodeEnum(dst, o, declared, format, raw)
	case c.Citext:
		return c.decodeCitext(dst, o, declared, format, raw, s)
	case c.Domain == nil:
		return Decode(dst, c.Type, o, declared, format, raw, s)
	}
	cast := declared == c.Domain.OID
	if cast {
		declared = c.Type.OID
	}
	if cast && o.Purpose == Compare {
		// The client's own cast checks, and cuts, before it is compared.
		o.Purpose = Store
	}
	start := len(dst)
	dst, err := Decode(dst, c.Type, o, declared, format, raw, s)
	if err != nil || o.Purpose != Store {
		return dst, err
	}
	for i := range c.Domain.Checks {
		k := &c.Domain.Checks[i]
		ok, err := k.Expr.holds(c.Type, dst[start+1:])
		if err == nil && !ok {
			err = fail(stateCheck, "value for domain "+c.Domain.Name+` violates check constraint "`+k.Name+`"`)
		}
		if err != nil {
			return dst[:start], err
		}
	}
	return dst, nil
}

// Encode is Encode for the column.
func (c *Column) Encode(dst []byte, format int16, canonical []byte, s *Settings) ([]byte, error) {
	if c.Citext {
		if len(canonical) == 0 || Tag(canonical[0]) != TagCitext {
			return dst, corrupted("its type is not the column's")
		}
		start := len(dst)
		dst, err := encode(dst, Type{OIDText, -1}, format == FormatBinary, canonical[1:], s)
		if err != nil {
			return dst[:start], err
		}
		return dst, nil
	}
	if c.Enum == nil {
		return Encode(dst, c.Type, format, canonical, s)
	}
	switch {
	case format != FormatText && format != FormatBinary:
		return dst, unsupportedFormat(format)
	case len(canonical) == 0 || Tag(canonical[0]) != TagEnum:
		return dst, corrupted("its type is not the column's")
	case !c.Enum.has(canonical[1:]):
		return dst, corrupted("enum " + c.Enum.Name + " has no such label")
	}
	return append(dst, canonical[1:]...), nil
}

// Len is pg_type.typlen.
func (c *Column) Len() int16 {
	if c.Enum != nil {
		return 4
	}
	return TypeLen(c.Type.OID)
}

// Element is the element type of an array type that a client declared for values of the column, 0 if unknown.
func (c *Column) Element(array uint32) uint32 {
	if c.Enum != nil && array == c.Enum.Array {
		return c.Type.OID
	}
	if c.Citext && array != 0 && array == c.Array {
		return c.Type.OID
	}
	return ElementOID(array)
}

// decodeCitext reads a value as text: citext keeps its case, and is equal without regard to it.
func (c *Column) decodeCitext(dst []byte, o Options, declared uint32, format int16, raw []byte, s *Settings) ([]byte, error) {
	if declared == c.Type.OID {
		declared = 0
	}
	start := len(dst)
	dst, err := Decode(dst, Type{OIDText, -1}, o, declared, format, raw, s)
	if err != nil {
		return dst, err
	}
	dst[start] = byte(TagCitext)
	return dst, nil
}

func (e *Enum) has(label []byte) bool {
	for _, l := range e.Labels {
		if string(label) == l {
			return true
		}
	}
	return false
}

// decodeEnum follows enum_in and enum_recv, src/backend/utils/adt/enum.c. The canonical value is the label.
func (c *Column) decodeEnum(dst []byte, o Options, declared uint32, format int16, raw []byte) ([]byte, error) {
	switch {
	case o.Purpose != Store && o.Purpose != Compare:
		return dst, fail(stateInternal, "value decoded without a purpose")
	case format != FormatText && format != FormatBinary:
		return dst, unsupportedFormat(format)
	case declared != 0 && declared != OIDUnknown && declared != c.Type.OID && o.Purpose == Store:
		return dst, failHint(stateMismatch, "column is of type "+c.Enum.Name+" but expression is of type "+TypeName(declared),
			"You will need to rewrite or cast the expression.")
	case declared != 0 && declared != OIDUnknown && declared != c.Type.OID:
		return dst, failHint(stateNoOperator, "operator does not exist: "+c.Enum.Name+" = "+TypeName(declared), "You might need to add explicit type casts.")
	}
	if err := checkText(raw); err != nil {
		return dst, err
	}
	if !c.Enum.has(raw) {
		return dst, fail(stateSyntax, "invalid input value for enum "+c.Enum.Name)
	}
	return append(append(dst, byte(TagEnum)), raw...), nil
}

// holds evaluates a check on a canonical value of type t, without its tag.
func (k *Check) holds(t Type, b []byte) (bool, error) {
	switch k.Op {
	case CheckAnd, CheckOr:
		for i := range k.Args {
			ok, err := k.Args[i].holds(t, b)
			if err != nil || ok == (k.Op == CheckOr) {
				return ok, err
			}
		}
		return k.Op == CheckAnd, nil
	case CheckNot:
		if len(k.Args) != 1 {
			return false, nil
		}
		ok, err := k.Args[0].holds(t, b)
		return !ok, err
	case CheckIn:
		for _, text := range k.Texts {
			if string(b) == text {
				return true, nil
			}
		}
		return false, nil
	case CheckMatch:
		return k.Pattern != nil && k.Pattern.Match(b), nil
	case CheckLength:
		return k.compareNumber(big.NewRat(int64(utf8.RuneCount(b)), 1))
	case CheckBytes:
		return k.compareNumber(big.NewRat(int64(len(b)), 1))
	case CheckCompare:
		if t.OID == OIDText || t.OID == OIDVarchar {
			return k.is(bytes.Compare(b, []byte(k.Text)))
		}
		return k.compareCanonical(t, b)
	}
	return false, nil
}

// compareCanonical compares a number with the constant. NaN and the infinities are more than any, or less.
func (k *Check) compareCanonical(t Type, b []byte) (bool, error) {
	text, err := encode(nil, t, false, b, nil)
	if err != nil {
		return false, err
	}
	switch string(text) {
	case "NaN", "Infinity":
		return k.is(1)
	case "-Infinity":
		return k.is(-1)
	}
	v, ok := new(big.Rat).SetString(string(text))
	if !ok {
		return false, corrupted("number")
	}
	return k.compareNumber(v)
}

func (k *Check) compareNumber(v *big.Rat) (bool, error) {
	c, ok := new(big.Rat).SetString(k.Text)
	if !ok {
		return false, fail(stateInternal, "a domain's constant is not a number")
	}
	return k.is(v.Cmp(c))
}

// is applies the operator to a comparison's outcome.
func (k *Check) is(order int) (bool, error) {
	switch k.Operator {
	case "=":
		return order == 0, nil
	case "<>":
		return order != 0, nil
	case "<":
		return order < 0, nil
	case "<=":
		return order <= 0, nil
	case ">":
		return order > 0, nil
	case ">=":
		return order >= 0, nil
	}
	return false, fail(stateInternal, "a domain's operator is not known")
}

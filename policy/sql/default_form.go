package sql

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// DefaultForm is how the constant of a DEFAULT was written, which its cell doesn't tell and the system catalogs show: PostgreSQL keeps '4' in a
// smallint column as a constant of that type, 4 as an integer that is cast, and 4::smallint as one with a cast that is shown. A default that
// has a form is stored as COALESCE(cell, form), of which the server only ever takes the first.
type DefaultForm struct {
	Quoted  bool
	Decimal bool // a number that is not quoted has a point or an exponent
	Scale   int  // digits behind the point
	Cast    DefaultCast
}

// DefaultCast is the cast that a DEFAULT was written with.
type DefaultCast uint8

// The casts. The zero value is none, or one that isn't shown.
const (
	CastNone     DefaultCast = iota
	CastOwn                  // to the column's type, a domain's base, without a modifier
	CastModified             // to the column's type, a domain's base, with its modifier
	CastText                 // to text
	CastVarchar              // to varchar
	CastDomain
)

// maxScale is the most digits behind the point that a number has (NUMERIC_DSCALE_MAX, src/backend/utils/adt/numeric.c).
const maxScale = 16383

const (
	formNumber  = 1
	formQuoted  = 2
	formDecimal = 3 // without digits behind the point
)

// Stored is the constant that stands behind the cell.
func (f DefaultForm) Stored() []byte {
	kind := byte(formNumber)
	switch {
	case f.Quoted:
		kind = formQuoted
	case f.Decimal && f.Scale == 0:
		kind = formDecimal
	}
	return []byte{byte(f.Cast)<<4 | kind, byte(f.Scale >> 8), byte(f.Scale)}
}

// readForm is the inverse of Stored; nil for anything else.
func readForm(b []byte) *DefaultForm {
	if len(b) != 3 {
		return nil
	}
	kind, f := b[0]&0xf, DefaultForm{Scale: int(b[1])<<8 | int(b[2]), Cast: DefaultCast(b[0] >> 4)}
	if kind < formNumber || kind > formDecimal || f.Cast > CastDomain {
		return nil
	}
	f.Quoted = kind == formQuoted
	f.Decimal = kind == formDecimal || kind == formNumber && f.Scale > 0
	return &f
}

// defaultForm is the form of a literal DEFAULT of a protected column, nil where the cell alone tells it.
func (p *Protection) defaultForm(l *Literal, cast DefaultCast) *DefaultForm {
	f := DefaultForm{Quoted: l.Kind == LiteralString, Cast: cast}
	number := isNumber(p.Type.OID)
	if number && !(f.Quoted && p.Type.OID != OIDNumeric) {
		f.Scale = p.scaleOf(l.Text)
		f.Decimal = !f.Quoted && strings.ContainsAny(l.Text, ".eE")
	}
	if f.Cast == CastOwn && (f.Quoted || !number || f.numberType(l.Text) == p.serverName()) {
		f.Cast = CastNone
	}
	switch {
	case f.Cast != CastNone || p.Type.OID == OIDNumeric:
		return &f
	case f.Decimal, f.Quoted && number && p.Type.OID != OIDInt4:
		return &f
	}
	return nil
}

// scaleOf is how many digits behind the point a number has that was written so (set_var_from_str, src/backend/utils/adt/numeric.c).
func (p *Protection) scaleOf(text string) int {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(strings.TrimSpace(text), "_", "")), "e")
	_, fraction, _ := strings.Cut(mantissa, ".")
	shift, _ := strconv.Atoi(exponent)
	scale := min(max(len(fraction)-len(strings.TrimLeft(fraction, "0123456789"))-shift, 0), maxScale)
	if p.Type.OID == OIDNumeric && p.Type.Mod >= 0 {
		_, most := p.Type.numeric()
		scale = min(scale, max(most, 0))
	}
	return scale
}

// numberType is the type of a constant that was written as a number (make_const, src/backend/parser/parse_node.c).
func (f *DefaultForm) numberType(text string) string {
	if f.Decimal {
		return "numeric"
	}
	if _, err := strconv.ParseInt(text, 10, 32); err == nil {
		return "integer"
	}
	if _, err := strconv.ParseInt(text, 10, 64); err == nil {
		return "bigint"
	}
	return "numeric"
}

func isNumber(oid uint32) bool {
	switch oid {
	case OIDInt2, OIDInt4, OIDInt8, OIDNumeric, OIDFloat4, OIDFloat8:
		return true
	}
	return false
}

// keep makes the literal's cell tell the form, too.
func (f *DefaultForm) keep(l *Literal) {
	if f != nil {
		l.Before, l.After = "COALESCE(", fmt.Sprintf(`, E'\\x%x'::pg_catalog.bytea)`, f.Stored())
	}
}

// number is a number's text as the form has it, up to zeros at its end.
func (f *DefaultForm) number(text string) string {
	if !f.Quoted {
		text = withoutExponent(text)
	}
	whole, fraction, _ := strings.Cut(text, ".")
	if strings.Trim(strings.TrimPrefix(text, "-"), "0123456789.") != "" { // NaN
		return text
	}
	if rest := strings.TrimRight(fraction, "0"); f.Scale >= len(rest) {
		fraction = rest + strings.Repeat("0", f.Scale-len(rest))
	}
	if !f.Quoted && strings.Trim(whole+fraction, "-0") == "" { // the sign of zero is one of float8's only
		whole = strings.TrimPrefix(whole, "-")
	}
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}

// withoutExponent is a float's text as a numeric has it.
func withoutExponent(text string) string {
	mantissa, exponent, ok := strings.Cut(text, "e")
	shift, err := strconv.Atoi(exponent)
	if !ok || err != nil {
		return text
	}
	digits, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	if shift < 0 {
		whole = strings.Repeat("0", 1-shift) + whole
		at := len(whole) + shift
		whole, fraction = whole[:at], whole[at:]+fraction
	} else {
		fraction += strings.Repeat("0", max(shift-len(fraction), 0))
		whole, fraction = whole+fraction[:shift], fraction[shift:]
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if negative {
		whole = "-" + whole
	}
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}

// storedDefault is the cell of a protected column's DEFAULT in the form that a dump of cells has, with or without a form behind it.
func storedDefault(n *pg_query.Node) (string, bool) {
	args := n.GetCoalesceExpr().GetArgs()
	if len(args) != 2 {
		return byteaConstant(n)
	}
	form, ok := byteaConstant(args[1])
	if !ok || readForm([]byte(form)) == nil {
		return "", false
	}
	return byteaConstant(args[0])
}

// readDefault takes the server's text of an expression apart (get_rule_expr, src/backend/utils/adt/ruleutils.c, under bytea_output = hex).
func readDefault(text string) (cell []byte, form *DefaultForm) {
	if inner, ok := strings.CutPrefix(text, "COALESCE("); ok {
		first, second, ok := strings.Cut(strings.TrimSuffix(inner, ")"), ", ")
		if form = readForm(readCell(second)); !ok || form == nil {
			return nil, nil
		}
		text = first
	}
	return bytes.Clone(readCell(text)), form
}

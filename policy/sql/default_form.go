package sql

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// DefaultForm is how the number of a DEFAULT was written, which its cell doesn't tell and the system catalogs show: PostgreSQL keeps '4' in a
// smallint column as a constant of that type, and 4 as an integer with a cast. A default that has one is stored as
// COALESCE(cell, form), of which the server only ever takes the first.
type DefaultForm struct {
	Quoted bool
	Scale  int // digits behind the point
}

// maxScale is the most digits behind the point that a number has (NUMERIC_DSCALE_MAX, src/backend/utils/adt/numeric.c).
const maxScale = 16383

const (
	formNumber = 1
	formQuoted = 2
)

// Stored is the constant that stands behind the cell.
func (f DefaultForm) Stored() []byte {
	kind := byte(formNumber)
	if f.Quoted {
		kind = formQuoted
	}
	return []byte{kind, byte(f.Scale >> 8), byte(f.Scale)}
}

// readForm is the inverse of Stored; nil for anything else.
func readForm(b []byte) *DefaultForm {
	if len(b) != 3 || b[0] != formNumber && b[0] != formQuoted {
		return nil
	}
	return &DefaultForm{Quoted: b[0] == formQuoted, Scale: int(b[1])<<8 | int(b[2])}
}

// defaultForm is the form of a literal DEFAULT of a protected column, nil where the cell alone tells it.
func (p *Protection) defaultForm(l *Literal) *DefaultForm {
	point := l.Kind == LiteralFloat && strings.ContainsAny(l.Text, ".eE") // others are only longer than an integer
	f := DefaultForm{Quoted: l.Kind == LiteralString, Scale: scaleOf(strings.TrimSpace(l.Text))}
	switch p.Type.OID {
	case OIDNumeric:
		f.Quoted = f.Quoted || point && f.Scale == 0 // 1e2 is a numeric from the start, as '100' is here
	case OIDInt2, OIDInt8, OIDFloat4, OIDFloat8:
		if !f.Quoted && !point {
			return nil
		}
	case OIDInt4:
		if !point {
			return nil
		}
	default:
		return nil
	}
	if p.Type.OID == OIDNumeric && p.Type.Mod >= 0 {
		_, scale := p.Type.numeric()
		f.Scale = min(f.Scale, max(scale, 0))
	}
	return &f
}

// scaleOf is how many digits a number's text has behind the point once its exponent is applied, 0 for what is no number.
func scaleOf(text string) int {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(text, "_", "")), "e")
	_, fraction, _ := strings.Cut(mantissa, ".")
	n, _ := strconv.Atoi(exponent)
	return min(max(len(fraction)-n, 0), maxScale)
}

// keep makes the literal's cell tell the form, too.
func (f *DefaultForm) keep(l *Literal) {
	if f != nil {
		l.Before, l.After = "COALESCE(", fmt.Sprintf(`, E'\\x%x'::pg_catalog.bytea)`, f.Stored())
	}
}

// number is a number's text as the form has it, up to zeros at its end.
func (f *DefaultForm) number(text string) string {
	whole, fraction, _ := strings.Cut(text, ".")
	if strings.Trim(strings.TrimPrefix(text, "-"), "0123456789.") != "" { // NaN
		return text
	}
	if rest := strings.TrimRight(fraction, "0"); f.Scale >= len(rest) {
		fraction = rest + strings.Repeat("0", f.Scale-len(rest))
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

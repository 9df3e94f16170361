package generate

import (
	"slices"
	"strings"
)

// defaults gives some columns a DEFAULT.
func (g *gen) defaults(c *Column) {
	if g.chance(25) {
		c.def = g.defaultOf(c)
	}
}

// defaultOf is a DEFAULT of a column in one of the forms in which SQL takes it; nil where the value that came up can't be one.
func (g *gen) defaultOf(c *Column) *node {
	ty := c.Type
	text := ty.some(g.r, c.protected())
	if unfit(ty, text) {
		return nil
	}
	v := &value{typ: ty, text: text, fixed: true, literal: g.defaultForm(ty, text)}
	return &node{value: v}
}

// unfit are edges that a column of the type can't have, or that it has not as they are written: a column has its DEFAULT when a row
// comes, the proxy when the table is made.
func unfit(ty *Type, text string) bool {
	if ty.define != "" || ty.elem != nil {
		return slices.Contains(ty.edges, text)
	}
	switch ty.Name {
	case "varchar(12)":
		return len([]rune(text)) > 12
	case "char(9)":
		return len([]rune(text)) > 9 || strings.HasSuffix(text, " ")
	case "numeric(10,2)":
		return slices.Contains([]string{"0.005", "100000000"}, text)
	case "int2":
		return text == "32768"
	case "int4":
		return text == "2147483648"
	case "int8":
		return text == "9223372036854775808"
	}
	return false
}

// defaultForm writes the constant of a DEFAULT, with or without quotes and a cast to the type of the column.
func (g *gen) defaultForm(ty *Type, text string) string {
	written := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	base := ty.Base
	if ty.Class == "bpchar" {
		base = "bpchar" // char alone is one of char(1)
	}
	number := ty.number() && text[len(text)-1] <= '9'
	switch {
	case number && g.chance(60):
		written = text
	case ty.Class == "bool" && g.chance(60):
		written = map[string]string{"t": "true", "f": "false"}[text]
	case ty.Class == "text" && g.chance(15):
		written = "E'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
	case !strings.Contains(text, "$") && g.chance(8):
		written = "$q$" + text + "$q$"
	case ty.elem == nil && g.chance(10):
		return base + " " + written
	}
	inner := written
	if inner[0] == '-' { // a minus binds less than ::
		inner = "(" + written + ")"
	}
	switch g.r.IntN(12) {
	case 0, 1:
		return inner + "::" + ty.Name
	case 2, 3:
		return inner + "::" + base
	case 4:
		return "CAST(" + written + " AS " + ty.Name + ")"
	case 5:
		return "(" + written + ")"
	case 6:
		return "(" + inner + "::" + base + ")"
	}
	return written
}

// number reports whether values of the type may be written without quotes.
func (ty *Type) number() bool {
	switch ty.Class {
	case "integer", "numeric", "float4", "float8":
		return true
	}
	return false
}

package sql

import (
	"fmt"
	"strings"
)

// copyText is what a golden file says of a COPY's data.
func copyText(c *Copy) string {
	if c == nil {
		return ""
	}
	var b strings.Builder
	direction := "out"
	if c.In {
		direction = "in"
	}
	fmt.Fprintf(&b, "copy %s %s header %d delimiter %q quote %q escape %q null %q", direction, c.Format, c.Header, c.Delimiter, c.Quote, c.Escape, c.Null)
	if c.HasDefault {
		fmt.Fprintf(&b, " default %q", c.Default)
	}
	b.WriteString("\n")
	for i, col := range c.Columns {
		fmt.Fprintf(&b, "field %d %s%s", i, col.Name, targetText(col.Target, false))
		if col.Use >= 0 {
			fmt.Fprintf(&b, " column %d", col.Use)
		}
		for _, force := range []struct {
			word string
			on   bool
		}{{" quote", col.ForceQuote}, {" not null", col.ForceNotNull}, {" null", col.ForceNull}} {
			if force.on {
				b.WriteString(" force" + force.word)
			}
		}
		if !c.In && c.Results[i].Protection != nil {
			fmt.Fprintf(&b, " sealed %s", typeText(c.Results[i].Protection.Type.OID))
		}
		b.WriteString("\n")
	}
	return b.String()
}

package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// copyOptions reads the options of a COPY as ProcessCopyOptions does (src/backend/commands/copy.c), nil when refused. What the server is
// sure to refuse by itself, before any data are read, it is left to refuse.
func (a *analysis) copyOptions(n *pg_query.CopyStmt) *Copy {
	o := copyOptions{analysis: a, c: &Copy{In: n.GetIsFrom(), Format: CopyText}, seen: map[string]bool{}}
	for _, node := range n.GetOptions() {
		o.option(node.GetDefElem())
	}
	o.finish()
	if a.refused() {
		return nil
	}
	return o.c
}

// copyOptions is the state of reading them.
type copyOptions struct {
	*analysis
	c                        *Copy
	seen                     map[string]bool
	delimiter, quote, escape string
}

func (o *copyOptions) option(d *pg_query.DefElem) {
	name := d.GetDefname()
	at := int(d.GetLocation())
	if o.seen[name] {
		o.refuseOption("42601", at, "COPY option %s stands twice", name)
		return
	}
	o.seen[name] = true
	word, isWord := optionWord(d.GetArg())
	switch name {
	case "freeze", "log_verbosity", "reject_limit", "force_quote", "force_not_null", "force_null":
		return // these three need the columns: copyForces
	case "header":
		o.header(d, at)
		return
	}
	if !isWord {
		o.refuseOption("42601", at, "COPY option %s can't be read", name)
		return
	}
	switch name {
	case "format":
		formats := map[string]CopyFormat{"text": CopyText, "csv": CopyCSV, "binary": CopyBinary}
		if o.c.Format = formats[word]; o.c.Format == 0 {
			o.refuseOption("22023", at, "COPY format is not recognized")
		}
	case "null":
		o.c.Null = word
	case "default":
		o.c.Default, o.c.HasDefault = word, true
	case "delimiter":
		o.delimiter = word
	case "quote":
		o.quote = word
	case "escape":
		o.escape = word
	case "encoding":
		if e := strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(word)); e != "utf8" && e != "unicode" {
			o.refuse(codeCopyOption, at, "COPY of a protected or listed table with an ENCODING other than UTF8 is not supported")
		}
	case "on_error":
		if strings.ToLower(word) != "stop" {
			o.refuse(codeCopyOption, at, "COPY into a protected or listed table with ON_ERROR other than stop is not supported")
		}
	default:
		o.refuseOption("42601", at, "COPY option %q is not recognized", name)
	}
}

func (o *copyOptions) refuseOption(sqlstate string, at int, format string, args ...any) {
	if !o.refused() {
		o.refuse(codeCopySyntax, at, format, args...).SQLSTATE = sqlstate
	}
}

// header follows defGetCopyHeaderChoice.
func (o *copyOptions) header(d *pg_query.DefElem, at int) {
	word, ok := optionWord(d.GetArg())
	switch word = strings.ToLower(word); {
	case d.GetArg() == nil, ok && (word == "true" || word == "on" || word == "1"):
		o.c.Header = CopyHeaderLine
	case ok && (word == "false" || word == "off" || word == "0"):
	case ok && word == "match" && o.c.In:
		o.c.Header = CopyHeaderMatch
	default:
		o.refuseOption("42601", at, "COPY option header requires a Boolean value or match")
	}
}

// finish fills in what was not given and checks what the reading of data relies on.
func (o *copyOptions) finish() {
	csv := o.c.Format == CopyCSV
	if !o.seen["null"] && !csv {
		o.c.Null = `\N`
	}
	fill := func(given bool, text, otherwise string) string {
		if given {
			return text
		}
		return otherwise
	}
	separator := "\t"
	if csv {
		separator = ","
	}
	o.c.Delimiter = o.oneByte("DELIMITER", fill(o.seen["delimiter"], o.delimiter, separator))
	o.c.Quote = o.oneByte("QUOTE", fill(o.seen["quote"], o.quote, `"`))
	o.c.Escape = o.oneByte("ESCAPE", fill(o.seen["escape"], o.escape, string(o.c.Quote)))
	if o.refused() || o.c.Format == CopyBinary {
		return
	}
	d := o.c.Delimiter
	bad := ""
	switch {
	case d == '\r' || d == '\n' || !csv && strings.IndexByte(`\.abcdefghijklmnopqrstuvwxyz0123456789`, d) >= 0:
		bad = "DELIMITER"
	case strings.ContainsAny(o.c.Null, "\r\n") || strings.IndexByte(o.c.Null, d) >= 0 || csv && strings.IndexByte(o.c.Null, o.c.Quote) >= 0:
		bad = "NULL"
	case csv && o.c.Quote == d:
		bad = "QUOTE"
	case o.c.HasDefault && (!o.c.In || strings.ContainsAny(o.c.Default, "\r\n") || strings.IndexByte(o.c.Default, d) >= 0 ||
		csv && strings.IndexByte(o.c.Default, o.c.Quote) >= 0 || o.c.Default == o.c.Null):
		bad = "DEFAULT"
	}
	if n := len(o.c.Null); !o.c.In && !csv && n > 0 && o.c.Null[n-1] == '\\' {
		o.refuse(codeCopyOption, o.st.At.Start, "COPY of a protected or listed table with a NULL that ends in a backslash is not supported")
	}
	if bad != "" {
		o.refuseOption("0A000", o.st.At.Start, "COPY %s can't be this", bad)
	}
}

func (o *copyOptions) oneByte(name, s string) byte {
	if len(s) != 1 {
		o.refuseOption("0A000", o.st.At.Start, "COPY %s must be a single one-byte character", name)
		return 0
	}
	return s[0]
}

// optionWord is an option's argument as defGetString gives it.
func optionWord(arg *pg_query.Node) (string, bool) {
	switch n := arg.GetNode().(type) {
	case *pg_query.Node_String_:
		return n.String_.GetSval(), true
	case *pg_query.Node_Boolean:
		if n.Boolean.GetBoolval() {
			return "true", true
		}
		return "false", true
	case *pg_query.Node_Integer:
		switch n.Integer.GetIval() {
		case 0:
			return "0", true
		case 1:
			return "1", true
		}
	}
	return "", false
}

// copyForces marks the columns that the FORCE_ options name.
func (a *analysis) copyForces(n *pg_query.CopyStmt, c *Copy) {
	for _, node := range n.GetOptions() {
		d := node.GetDefElem()
		names := stringList(d.GetArg().GetList().GetItems())
		for i := range c.Columns {
			if d.GetArg().GetAStar() == nil && !contains(names, c.Columns[i].Name) {
				continue
			}
			switch d.GetDefname() {
			case "force_quote":
				c.Columns[i].ForceQuote = true
			case "force_not_null":
				c.Columns[i].ForceNotNull = true
			case "force_null":
				c.Columns[i].ForceNull = true
			}
		}
	}
}

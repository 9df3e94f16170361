package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// indexElements checks what an index on protected columns is made of, and takes away what is said of the logical type: operator classes
// that sort or compare it, which bytea has not, and collations under which equal means equal bytes.
func (a *analysis) indexElements(rel *Relation, prot map[string]Protection, n *pg_query.IndexStmt) {
	name, row := rel.TableName(), rel.row()
	at := int(n.GetRelation().GetLocation())
	items := a.indexItems(n)
	for i, param := range n.GetIndexParams() {
		e := param.GetIndexElem()
		p := lookup(prot, e.GetName())
		lowered := ""
		if a.documentIndex(rel, prot, n, e) {
			continue
		}
		if p == nil && readsColumns(e.GetExpr(), prot, row) {
			if lowered, p = loweredColumn(e.GetExpr(), prot); p == nil {
				a.refuse(codeIndex, at, "an index on %s reads an expression of a protected column", name)
				return
			}
		}
		if p == nil {
			continue
		}
		switch method := n.GetAccessMethod(); {
		case !p.Search.Equal():
			a.refuseHint(codeIndex, at, "Configure the column with search: equality, or leave the index out.",
				"an index on %s reads a protected column that has search: none", name)
		case method == "gin" && p.Search == SearchMatch && lowered == "" && len(items) == len(n.GetIndexParams()) && len(e.GetOpclassopts()) == 0 &&
			removable(e.GetOpclass(), func(class string) bool { return class == "gin_trgm_ops" }):
			a.st.Edits = append(a.st.Edits, Edit{At: items[i], Text: "(" + tokensOf + quoteName(e.GetName()) + tokensEnd + ")"})
		case method != "" && method != "btree" && method != "hash" && !(method == "brin" && p.Search.Ordered()):
			a.refuse(codeIndex, at, "a protected column of %s can't be indexed by %s", name, method)
		case !removable(e.GetOpclass(), isTypeClass) || len(e.GetOpclassopts()) > 0:
			a.refuse(codeIndex, at, "operator class %s of an index on %s is not one that sorts or compares the type", strings.Join(stringList(e.GetOpclass()), "."), name)
		case isCitext(p) && lowered == "" && !removable(e.GetOpclass(), isCitextClass):
			a.refuseHint(codeIndex, at, "Leave the operator class out: the column is indexed without regard to case.", "operator class %s of an index on %s compares citext with regard to case",
				strings.Join(stringList(e.GetOpclass()), "."), name)
		case !removable(e.GetCollation(), isBytewise):
			a.refuse(codeIndex, at, "a protected column of %s can't be indexed under another collation than C or the default", name)
		case len(items) != len(n.GetIndexParams()):
			a.refuse(codeColumnPlaced, at, "the columns of the index on %s were not found in the text", name)
		default:
			if a.indexItem(items[i], e, lowered); isCitext(p) && lowered == "" {
				a.citextItem(items[i], e)
			}
		}
	}
}

// loweredColumn is the protected column c of lower(c), when the functions written are those of the index with which its cells begin.
func loweredColumn(expr *pg_query.Node, prot map[string]Protection) (string, *Protection) {
	chain := &fold{}
	for expr.GetFuncCall() != nil {
		step := foldStep(expr.GetFuncCall())
		if step == "" {
			return "", nil
		}
		chain.steps = append([]string{step}, chain.steps...)
		expr = expr.GetFuncCall().GetArgs()[0]
	}
	ref := stringList(expr.GetColumnRef().GetFields())
	if len(ref) != 1 || len(chain.steps) == 0 {
		return "", nil
	}
	p := lookup(prot, ref[0])
	if p == nil || p.Normalize == "" || !chain.matches(p.Normalize) {
		return "", nil
	}
	return ref[0], p
}

// removable reports whether a qualified name, if there is one, is one of the server's own that may go.
func removable(name []*pg_query.Node, may func(string) bool) bool {
	parts := stringList(name)
	return len(parts) == 0 || len(parts) == 1 && may(parts[0]) || len(parts) == 2 && parts[0] == "pg_catalog" && may(parts[1])
}

// isTypeClass reports operator classes for btree and hash of the types that a protected column may have.
func isTypeClass(name string) bool {
	kind, ok := strings.CutSuffix(name, "_ops")
	kind = strings.TrimSuffix(kind, "_pattern")
	return ok && slices.Contains([]string{"text", "varchar", "bpchar", "char", "name", "citext", "int2", "int4", "int8", "float4", "float8", "numeric", "bool",
		"date", "time", "timetz", "timestamp", "timestamptz", "interval", "uuid", "bytea", "jsonb", "inet", "cidr", "macaddr", "enum", "array"}, kind)
}

// isBytewise reports collations that find two values equal only if they are the same bytes, whatever the database's locale.
func isBytewise(name string) bool {
	return name == "C" || name == "POSIX" || name == "default" || name == "ucs_basic"
}

// indexItems are the places of the elements between the parentheses behind the table's name and USING.
func (a *analysis) indexItems(n *pg_query.IndexStmt) (items []Span) {
	at := a.nameSpan(int(n.GetRelation().GetLocation())).End
	if using := wordsEnd(a.text, at, "using"); using >= 0 {
		at = nameEnd(a.text, using)
	}
	return listItems(a.text, at)
}

// listItems are the places of what stands between the parentheses at an offset, by commas.
func listItems(text string, at int) (items []Span) {
	open, ok := nextToken(text, max(at, 0))
	if at < 0 || !ok || !isPunct(text, open, "(") {
		return nil
	}
	depth, start, last := 0, open.End, open.End
	for at = open.End; ; {
		t, ok := nextToken(text, at)
		if !ok {
			return nil
		}
		switch {
		case depth == 0 && (isPunct(text, t, ",") || isPunct(text, t, ")")):
			items = append(items, Span{start, last})
			if isPunct(text, t, ")") {
				return items
			}
			start = t.End
		case isPunct(text, t, "("):
			depth++
		case isPunct(text, t, ")"):
			depth--
		}
		at, last = t.End, t.End
	}
}

// indexItem edits one element: the column or lower(column), COLLATE and operator class.
func (a *analysis) indexItem(item Span, e *pg_query.IndexElem, lowered string) {
	first, _ := nextToken(a.text, item.Start)
	end := nameEnd(a.text, item.Start)
	if lowered != "" {
		call := int(e.GetExpr().GetFuncCall().GetLocation())
		open := a.nameSpan(call).End
		a.st.Edits = append(a.st.Edits, Edit{At: Span{call, parenEnd(a.text, open)}, Text: "pg_catalog.substr(" + quoteName(lowered) + ", 1, 16)"})
		if end = parenEnd(a.text, open); isPunct(a.text, first, "(") {
			end = parenEnd(a.text, first.Start)
		}
	}
	from := end
	if c := wordsEnd(a.text, end, "collate"); c >= 0 {
		end = a.nameSpan(skipTo(a.text, c)).End
	}
	if len(e.GetOpclass()) > 0 {
		end = a.nameSpan(skipTo(a.text, end)).End
	}
	if from < 0 || end < from || end > item.End {
		a.refuse(codeColumnPlaced, item.Start, "an element of the index was not found in the text")
		return
	}
	if end > from {
		a.st.Edits = append(a.st.Edits, Edit{At: Span{from, end}})
	}
}

// skipTo is where the next token begins.
func skipTo(text string, at int) int {
	t, _ := nextToken(text, at)
	return t.Start
}

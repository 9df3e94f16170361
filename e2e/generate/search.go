package generate

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// mixed, as a type's marked values, says that its edges are all its values; %d in one is a small number.
const mixed = "mixed"

func mixture(forms []string, r *rand.Rand) string {
	form := forms[r.IntN(len(forms))]
	if strings.Contains(form, "%d") || strings.Contains(form, "%[1]d") {
		return fmt.Sprintf(form, 1+r.IntN(3))
	}
	return form
}

// These are of columns that are searched in: texts in which much is the same, so that patterns find some of them. What is no ASCII letter is in
// lower case where a database's locale would matter.
var (
	matchText = &Type{Name: "text", Base: "text", Class: "text", marked: mixed, edges: []string{"cnryzq%d Anna Meier", "cnryzq%d Hanna MEIER-Maier", "CNRYZQ%d", "xcnryzqcnryzq%d",
		"cnryzq a%%b%d_c", `cnryzq%d\s`, "cnryzq it's %d", "Ölwechsel cnryzq%d", "ölcnryzq", "日本語テキスト%d", "cnryzq\t%d\ncnryzq", "", "ab", "a", "aaa%d"}}
	matchVarchar = &Type{Name: "varchar(20)", Base: "varchar", Class: "text", marked: mixed, edges: []string{"cnryzq%d Meier", "cnryzq-meier%d", "CNRYZQ%d", "", "ab%d", "cnryzq%d is too long for 20"}}
	foldedText   = &Type{Name: "text", Base: "text", Class: "text", marked: mixed, edges: []string{"cnryzq%d@X.test", "cnryzq%d@x.TEST", "CnryZQ%d@x.test", " cnryzq%d@x.test", "cnryzq%d@x.test  ",
		"cnryzq é%d", "cnryzq e\u0301%d", "cnryzq e%d", "CNRYZQ E%d", "", " ", "ABC", "abc", "it's", `b\s_`, "B\\S_", "\tcnryzq%d"}}
)

// matchPatterns are of what matchText and matchVarchar hold. Few have no run of three characters, which is refused.
var matchPatterns = []string{"%meier%", "%Meier%", "cnryzq%", "%cnryzq%", "%cnryzq1%", "%cnryzq_ %", "%2", "CNRY%", "%cnryzqcnryzq%", "%nna%ier", "%nna%mei_r%", "cnryzq1 Anna Meier", "Cnryzq1",
	"%aaa%", "aaa%", `%a\%b%`, `%b__cnr%`, `cnryzq%\\s`, "%it's%", "%öl%cnr%", "%Ölw%", "%日本語%", "%テキスト1", "%nothing%", "%q\t_\n%", "_cnry%", "%ab%", "%_er%", "abc"}

// searches gives a table columns that are searched in.
func (g *gen) searches(t *Table) {
	if !g.w.has(Searches) {
		return
	}
	first := g.w.Tables
	add := func(name string, ty *Type, search string, steps ...string) {
		c := &Column{Name: name, Type: ty, Search: search, domain: name, null: g.chance(80), normal: steps}
		if len(first) > 0 {
			c.key = first[0].Name + "." + name
		}
		if g.chance(15) {
			c.def = &node{value: &value{typ: ty, text: "cnryzq Def", literal: "'cnryzq Def'"}}
		}
		t.Columns = append(t.Columns, c)
	}
	add("mat", matchText, "match")
	add("mav", matchVarchar, "match")
	add("low", foldedText, "equality", "lower")
	add("nor", foldedText, "equality", [][]string{{"nfc", "lower", "trim"}, {"lower", "trim"}, {"nfc"}, {"lower", "unaccent"}}[g.w.Number%4]...)
	if g.chance(30) && t.parts == nil {
		// The server would call it after the function that is written, which is another one behind the proxy.
		t.more = append(t.more, fmt.Sprintf("CREATE UNIQUE INDEX %s_low ON %s (lower(low))", t.Name, t.Name))
	}
}

// like is c LIKE, of a column with search: match.
func (g *gen) like(c col) *node {
	text := pick(g, matchPatterns...)
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	v := &value{typ: typeNamed("text"), text: text, literal: quote(text), cast: g.chance(20)}
	switch inner := strings.Trim(text, "%"); {
	case g.chance(20) && inner != "" && !v.cast:
		v.text = inner
		if strings.HasPrefix(text, "%") {
			v.before = "'%' || "
		}
		if strings.HasSuffix(text, "%") {
			v.after = " || '%'"
		}
	case g.chance(4):
		v.null, v.literal = true, "NULL::text"
	case g.chance(10):
		v.literal += "::text"
	case g.chance(10):
		v.literal = "E'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
	}
	return seq(c.ref, pick(g, "LIKE", "LIKE", "ILIKE", "ILIKE", "ILIKE", "like", "~~", "OPERATOR(pg_catalog.~~*)"), &node{value: v}).as("bool").or("true")
}

// searched is a SELECT that looks for a part of a text.
func (g *gen) searched() *node {
	var from *node
	var rels []rel
	var c col
	found := false
	for n := 0; !found; n++ {
		if from, rels = g.source(1); n > 8 {
			return nil
		}
		c, found = g.choose(rels, func(c col) bool { return c.search == "match" })
	}
	var items []*node
	for range 1 + g.r.IntN(4) {
		items = append(items, g.item(rels, 1).expr)
	}
	if g.chance(30) {
		items = append(items, t(c.ref))
	}
	if g.chance(8) {
		items = []*node{t("*")}
	}
	conditions := []*node{g.like(c)}
	if d, ok := g.choose(rels, func(d col) bool { return d.search == "match" }); ok && g.chance(20) {
		conditions = append(conditions, g.like(d))
	}
	if g.chance(50) {
		conditions = append(conditions, opt(g.condition(rels, 1)))
	}
	if g.chance(50) {
		conditions[0], conditions[len(conditions)-1] = conditions[len(conditions)-1], conditions[0]
	}
	n := seq("SELECT", list(", ", 1, items...), "FROM", from, "WHERE", list(" AND ", 1, conditions...))
	if order := g.paged(rels); order != nil {
		n.kids = append(n.kids, opt(order))
	}
	return n.as("query")
}

// paged is an order that leaves no choice, with a part of what is in it; nil where no order is known that does.
func (g *gen) paged(rels []rel) *node {
	var keys []string
	for _, r := range rels {
		if r.key == "" {
			return nil
		}
		keys = append(keys, r.key)
	}
	if c := g.any(rels, col.sorts); g.chance(30) {
		keys = append([]string{c.ref + pick(g, "", " DESC", " NULLS FIRST")}, keys...)
	}
	sort := seq("ORDER BY", strings.Join(keys, ", "))
	sort.total = true
	rows := func(n int) *node {
		v := &value{typ: typeNamed("int8"), text: fmt.Sprint(n), literal: fmt.Sprint(n), fixed: g.chance(40), cast: g.chance(20)}
		if g.chance(6) {
			v.null, v.literal = true, "NULL"
		}
		return &node{value: v}
	}
	switch g.r.IntN(6) {
	case 0, 1, 2:
		sort.kids = append(sort.kids, opt(seq("LIMIT", rows(g.r.IntN(6)))))
	case 3:
		sort.kids = append(sort.kids, opt(t(pick(g, "LIMIT ALL", "FETCH FIRST ROW ONLY", "FETCH NEXT 3 ROWS ONLY"))))
	}
	if g.chance(40) {
		sort.kids = append(sort.kids, opt(seq("OFFSET", rows(g.r.IntN(4)))))
	}
	return sort
}

// unanswered is a search that can't be answered.
func (g *gen) unanswered() *node {
	tab, r := g.target()
	c, ok := g.choose([]rel{r}, func(c col) bool { return c.search == "match" })
	if !ok {
		return nil
	}
	where := seq("WHERE", g.like(c))
	switch g.r.IntN(6) {
	case 0:
		return seq("UPDATE", tab.Name, "AS w SET", c.name, "=", c.name, where)
	case 1:
		return seq("DELETE FROM", tab.Name, "AS w", where)
	case 2:
		return seq("SELECT count(*) FROM", tab.Name, "AS w", where)
	case 3:
		return seq("SELECT w.id FROM", tab.Name, "AS w", where, "OR", g.like(c))
	case 4:
		return seq("SELECT w.id FROM", tab.Name, "AS w WHERE NOT", g.like(c))
	}
	return seq("SELECT 1 WHERE EXISTS ( SELECT 1 FROM", tab.Name, "AS w", where, ")").as("query")
}

// search makes the statement one that searches.
func (g *gen) search(s *Statement) {
	switch n := g.r.IntN(100); {
	case n < 70:
		s.tree = g.searched()
	case n < 95:
		s.tree = g.foldedGroups()
	default:
		s.tree = g.unanswered()
	}
	if s.tree != nil && g.chance(12) {
		s.Way = pick(g, Prepare, Prepare, Explain, Cursor, Copy, Table_, View)
	}
}

// featuredCondition is a condition that only worlds with some feature have, or nil.
func (g *gen) featuredCondition(rels []rel) *node {
	if g.w.has(Searches) && g.chance(12) {
		return g.folded(rels)
	}
	return nil
}

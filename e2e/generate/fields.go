package generate

import (
	"fmt"
	"strings"
)

// document is a jsonb column with protected fields: ssn, address.street and address.zip (Fields).
const document = "paths"

// pathDocument are documents; what is marked stands at the protected fields only. %[1]d is a small number.
var pathDocument = &Type{Name: "jsonb", Base: "jsonb", Class: "jsonb", marked: mixed, edges: []string{
	`{"ssn": "cnryzq%[1]d@x.test", "theme": "dark", "n": %[1]d}`, `{"ssn": "cnryzq%[1]d@x.test"}`, `{"ssn": "cnryzq%[1]d@x.test", "address": {"street": "cnryzq road %[1]d", "zip": "cnryzq-z%[1]d", "city": "Bonn"}}`,
	`{"address": {"zip": "cnryzq-z%[1]d"}, "theme": "light"}`, `{"address": {"street": "cnryzq %[1]d", "street": "cnryzq again"}}`, `{"ssn": null, "theme": null}`, `{"ssn": "", "address": {}}`,
	`{"address": "no object", "ssn": "cnryzq%[1]d@x.test"}`, `{"address": [{"city": "in an array"}, 1.50], "n": 1.50}`, `{"address": null}`, `{}`, `[]`, `null`, `17`, `"ssn"`, `true`, `[{"theme": "dark"}, %[1]d]`,
	` { "ssn" : "cnryzq\u0041 \" \\ \n%[1]d" , "tags" : [ "a", {"b": [1, 2]}, null ] } `, `{"ssn": "cnryzq first", "ssn": "cnryzq%[1]d@x.test"}`, `{"s\u0073n": "cnryzq%[1]d@x.test", "": 1, "address.zip": "no path"}`,
	`{"a": {"ssn": "elsewhere"}, "zip": "elsewhere", "n": 12345678901234567890.10}`, `{"tags": ["x", "ssn"], "theme": "cnr"}`, `{"ssn": "cnryzq 日本語 é \ud83d\ude00 %[1]d"}`,
	`{"address": {"address": {"zip": "elsewhere"}, "zip": null}}`, `{"ssn": %[1]d`, `{"theme": "dark",}`, `{"ssn": "\u0000"}`,
}}

// These are what may stand below address and at ssn.
var (
	addressDocument = &Type{Name: "jsonb", Base: "jsonb", Class: "jsonb", marked: mixed, edges: []string{`{"zip": "cnryzq-z%[1]d"}`, `{"street": "cnryzq %[1]d", "city": "Bonn"}`, `{}`, `{"zip": null}`, `"x"`, `[%[1]d]`}}
	ssnDocument     = &Type{Name: "jsonb", Base: "jsonb", Class: "jsonb", marked: mixed, edges: []string{`"cnryzq%[1]d@x.test"`, `"cnryzq%[1]d@x.test"`, `null`, `""`}}
)

// fields gives a table a column with protected fields. One of them has the key of the column mail.
func (g *gen) fields(t *Table) {
	if !g.w.has(Fields) {
		return
	}
	first := t.Name
	if len(g.w.Tables) > 0 {
		first = g.w.Tables[0].Name
	}
	c := &Column{Name: "doc", Type: pathDocument, Search: document, domain: "doc", null: g.chance(80)}
	c.paths = fmt.Sprintf("{ssn: {search: equality, key: public.%s.mail}, address.street: {key: w%d-street}, address.zip: {search: equality, key: w%d-zip}}", first, g.w.Number, g.w.Number)
	t.Columns = append(t.Columns, c)
	if g.chance(50) && t.parts == nil {
		t.more = append(t.more, fmt.Sprintf("CREATE INDEX ON %s %s", t.Name, pick(g, "((doc ->> 'ssn'))", "((doc #>> '{address,zip}'))", "USING gin (doc)", "((doc ->> 'theme'))")))
	}
}

// within are the fields of a document, as columns: what can be compared, joined and grouped like any other.
func (g *gen) within(c col) []col {
	text, plain := typeNamed("text"), typeNamed("jsonb")
	sealed := func(search, domain string, forms ...string) col {
		return col{ref: fmt.Sprintf(pick(g, forms...), c.ref), name: c.name, typ: text, search: search, domain: domain, field: true}
	}
	return []col{
		sealed("equality", "mail", "(%s ->> 'ssn')", "(%s->>'ssn')", "(%s #>> '{ssn}')", "((%s) ->> 'ssn')"),
		sealed("equality", "zip", "(%s #>> '{address,zip}')", "(%s -> 'address' ->> 'zip')", "((%s->'address')->>'zip')"),
		sealed("none", "", "(%s #>> '{address,street}')", "(%s -> 'address' ->> 'street')"),
		{ref: fmt.Sprintf(pick(g, "(%s ->> 'theme')", "(%s #>> '{address,city}')", "(%s -> 'tags' -> 1 ->> 'b')"), c.ref), name: c.name, typ: text, domain: "plain text", field: true},
		{ref: fmt.Sprintf(pick(g, "(%s -> 'n')", "(%s -> 'tags')", "(%s -> 'tags' -> 0)", "(%s #> '{tags,1,b}')"), c.ref), name: c.name, typ: plain, domain: "plain jsonb", field: true},
		{ref: fmt.Sprintf(pick(g, "(%s -> 'address')", "(%s #> '{address}')"), c.ref), name: c.name, typ: addressDocument, search: document, field: true},
		{ref: fmt.Sprintf(pick(g, "(%s -> 'ssn')", "(%s #> '{ssn}')"), c.ref), name: c.name, typ: ssnDocument, search: document, field: true},
	}
}

// contained asks what is in a document; nil where there is none.
func (g *gen) contained(rels []rel) *node {
	c, ok := g.choose(rels, func(c col) bool { return c.search == document && !c.field })
	if !ok {
		return nil
	}
	holds := func(forms ...string) *node {
		text := pick(g, forms...)
		if strings.Contains(text, "%") {
			text = fmt.Sprintf(text, 1+g.r.IntN(3))
		}
		v := &value{typ: typeNamed("jsonb"), text: text, literal: "'" + text + "'", cast: g.chance(40)}
		if g.chance(40) {
			v.literal += "::jsonb"
		}
		return &node{value: v}
	}
	whole := []string{`{"ssn": "cnryzq%d@x.test"}`, `{"ssn": "cnryzq%d@x.test", "theme": "dark"}`, `{"address": {"zip": "cnryzq-z%d"}}`, `{"theme": "light"}`, `{}`, `{"ssn": null}`, `[]`, `{"tags": ["a"]}`}
	switch g.r.IntN(8) {
	case 0, 1, 2:
		return seq(c.ref, "@>", holds(whole...))
	case 3:
		return seq(holds(whole...), "<@", c.ref)
	case 4:
		return seq(c.ref, "-> 'address' @>", holds(`{"zip": "cnryzq-z%d"}`, `{"city": "Bonn"}`, `{}`))
	case 5:
		return seq(c.ref, "-> 'ssn' @>", holds(`"cnryzq%d@x.test"`, `null`))
	case 6:
		return seq(c.ref, pick(g, "? 'ssn'", "? 'theme'", "?| array['theme', 'tags']", "?& '{ssn}'", "-> 'address' ? 'zip'"))
	}
	return seq(c.ref, pick(g, "IS NULL", "IS NOT NULL", "-> 'address' IS NULL", "->> 'ssn' IS NULL", "-> 'ssn' IS NOT NULL"))
}

// fielded makes the statement one about documents.
func (g *gen) fielded(s *Statement) {
	tab := g.some()
	r := columnsOf(tab, g.alias())
	c, ok := g.choose([]rel{r}, func(c col) bool { return c.search == document && !c.field })
	if !ok {
		return
	}
	where := opt(seq("WHERE", pick(g, g.contained([]rel{r}), g.condition([]rel{r}, 1))))
	switch g.r.IntN(8) {
	case 0, 1:
		s.tree = seq("UPDATE", tab.Name, "AS", r.alias, "SET", c.name, "=", g.constant(pathDocument, true), where, pick(g, "", "RETURNING "+c.ref, "RETURNING *", "RETURNING "+g.within(c)[0].ref+" AS f"))
	case 2:
		u := columnsOf(g.some(), g.alias())
		if d, ok := g.choose([]rel{u}, func(c col) bool { return c.search == document && !c.field }); ok {
			s.tree = seq("UPDATE", tab.Name, "AS", r.alias, "SET", c.name, "=", pick(g, d.ref, "COALESCE("+d.ref+", "+c.ref+")"), "FROM", u.table.Name, u.alias, f("WHERE %s.id = %s.id", r.alias, u.alias), "RETURNING "+c.ref)
		}
	case 3:
		s.tree = seq("SELECT", r.key+",", c.ref+", COALESCE(", c.ref, ",", g.constant(pathDocument, true), ") FROM", tab.Name, r.alias, where).as("query")
	case 4:
		s.tree = seq("INSERT INTO", tab.Name, "AS w (id, doc) SELECT id + 30, doc FROM", tab.Name, f("WHERE id < %d", 2+g.r.IntN(4)), "ON CONFLICT (id) DO UPDATE SET doc =", pick(g, t("EXCLUDED.doc"), t("w.doc"), g.constant(pathDocument, true)), "RETURNING doc")
	default:
		var items []*node
		for _, f := range append(g.within(c), c) {
			if g.chance(50) {
				items = append(items, t(f.ref))
			}
		}
		items = append(items, t(r.key))
		sort := f("ORDER BY %s", r.key)
		sort.total = true
		s.tree = seq("SELECT", list(", ", 1, items...), "FROM", tab.Name, r.alias, where, sort).as("query")
	}
}

package generate

import (
	"fmt"
	"slices"
	"strings"
)

// featured makes the statement one of a feature's, if it is this feature's turn.
func (g *gen) featured(s *Statement) bool {
	for _, f := range g.w.features {
		if f == Defined || !g.chance(11) { // in each statement of such a world
			continue
		}
		s.Feature = f
		switch f {
		case Temporary:
			g.temporary(s)
		case Views:
			g.view(s)
		case Ends:
			s.tree = g.ends()
		case Catalog:
			s.tree = g.catalog()
		case Alters:
			g.alters(s)
		case Searches:
			g.search(s)
		case Fields:
			g.fielded(s)
		case Copies:
			g.copies(s)
		case Cursors:
			g.scroll(s)
		case Changes:
			g.changes(s)
		}
		if s.tree != nil {
			return true
		}
		s.Feature = ""
	}
	return false
}

// derived is a table that a query makes, named name, with the query's select list: a row for each of r's, so that id stays unique.
func (g *gen) derived(name, kind string, r rel) (*Table, []*node) {
	made := &Table{Name: name, kind: kind}
	items := []*node{t(r.key)}
	if r.key != r.alias+".id" {
		items = []*node{t(r.key + " AS id")}
	}
	made.Columns = []*Column{{Name: "id", Type: typeNamed("int4"), domain: "plain id", null: true}}
	for i, at := range g.r.Perm(len(r.cols)) {
		c := r.cols[at]
		if c.name == "id" || i > 5 {
			continue
		}
		as := &Column{Name: c.name, Type: c.typ, Search: c.search, domain: c.domain, normal: c.normal, null: true}
		item := t(c.ref)
		switch {
		case g.chance(20):
			as.Name = fmt.Sprintf("n%d", i)
			item = t(c.ref + " AS " + as.Name)
		case g.chance(8) && c.domain != "":
			item = seq("COALESCE(", c.ref, ",", c.ref, ") AS", as.Name)
		case g.chance(8):
			item = seq("CASE WHEN", g.condition([]rel{r}, 0), "THEN", c.ref, "END AS", as.Name)
		}
		made.Columns, items = append(made.Columns, as), append(items, item)
	}
	return made, items
}

// temporary makes a temporary table, or does something to one.
func (g *gen) temporary(s *Statement) {
	s.Way = pick(g, Simple, Simple, Literals)
	if old := g.of("temporary"); len(old) > 0 && (len(old) > 3 || g.chance(55)) {
		g.altered(s, pick(g, old...))
		return
	}
	g.made++
	name := fmt.Sprintf("temp%d_%d", g.w.Number, g.made%7)
	if slices.ContainsFunc(g.now.tables, func(t *Table) bool { return t.Name == name }) {
		name += "x"
	}
	commit, brief := "", false
	if g.open && g.chance(25) {
		commit = pick(g, "ON COMMIT DROP", "ON COMMIT DROP", "ON COMMIT PRESERVE ROWS", "ON COMMIT DELETE ROWS")
		brief = commit == "ON COMMIT DROP"
	}
	from := g.some()
	r := columnsOf(from, g.alias())
	made, items := g.derived(name, "temporary", r)
	query := seq("SELECT", list(", ", 0, items...), "FROM", from.Name, r.alias, opt(seq("WHERE", g.condition([]rel{r}, 1))))
	temp := pick(g, "TEMP", "TEMPORARY")
	switch n := g.r.IntN(12); {
	case n < 5:
		s.tree = seq("CREATE", temp, "TABLE", name, commit, "AS", query)
		if g.chance(10) {
			s.tree = seq(s.tree, "WITH NO DATA")
		}
	case n < 7 && commit == "":
		s.tree = seq("SELECT", list(", ", 0, items...), "INTO", temp, pick(g, "", "TABLE"), name, "FROM", from.Name, r.alias, opt(seq("WHERE", g.condition([]rel{r}, 1))))
	case n < 8:
		made.Columns = whole(from)
		s.tree = seq("CREATE", temp, "TABLE", name, commit, "AS TABLE", from.Name)
	case n < 9:
		b := columnsOf(g.some(), g.alias())
		s.tree = seq("CREATE", temp, "TABLE", name, commit, "AS WITH q AS (", query, ") SELECT q.* FROM q", opt(seq("WHERE EXISTS ( SELECT 1 FROM", b.table.Name, b.alias, f("WHERE %s.id = q.id )", b.alias))))
	case n < 11 && from.kind != "view":
		made.Columns = whole(from)
		s.tree = seq("CREATE", temp, "TABLE", name, "( LIKE", from.Name, pick(g, "", "INCLUDING DEFAULTS"), ")", commit)
		s.more = append(s.more, "INSERT INTO "+name+" SELECT * FROM "+from.Name+" WHERE id < 9")
	default:
		c := made.Columns[len(made.Columns)-1]
		s.tree = seq("CREATE", temp, "TABLE", name, commit, "AS", query, "UNION ALL SELECT * FROM (", query, ") u WHERE false")
		c.null = true
	}
	s.more = append(s.more, pick(g, "ALTER TABLE "+name+" ADD PRIMARY KEY (id)", "CREATE UNIQUE INDEX ON "+name+" (id)"))
	if len(s.more) == 1 && g.chance(20) { // as one text
		s.tree, s.more = seq(s.tree, ";", s.more[0]), nil
		s.Way = Simple
	}
	made.brief = brief
	s.effect = func() {
		if !brief || g.open {
			g.add(made)
		}
	}
}

// whole are all columns of a table, as a copy of it has them.
func whole(from *Table) []*Column {
	var all []*Column
	for _, c := range from.Columns {
		d := *c
		d.null, d.key, d.def = true, "", nil
		all = append(all, &d)
	}
	return all
}

// ends asks for the smallest and the largest value.
func (g *gen) ends() *node {
	tab := g.some()
	r := columnsOf(tab, g.alias())
	rels := []rel{r}
	one := func() string {
		c := g.any(rels, func(c col) bool {
			switch c.typ.Class {
			case "bool", "uuid", "bytea", "jsonb", "macaddr", "json":
				return false
			}
			return c.sorts()
		})
		return c.ref
	}
	ref := one()
	call := func(ref string) *node {
		n := f("%s(%s)", pick(g, "min", "max", "MAX", "pg_catalog.min"), pick(g, ref, ref, ref, "DISTINCT "+ref, "ALL "+ref, "("+ref+")"))
		if g.chance(15) {
			return seq(n, "FILTER ( WHERE", g.condition(rels, 0), ")")
		}
		return n
	}
	from := seq("FROM", pick(g, tab.Name, tab.Name, "public."+tab.Name), r.alias)
	if tab.kind != "" {
		from = seq("FROM", tab.Name, r.alias)
	}
	where := opt(seq("WHERE", pick(g, seq(ref, "IS NOT NULL"), g.condition(rels, 0), g.condition(rels, 1), g.condition(rels, 2), t("false"), seq(ref, "IS NULL"))))
	if g.chance(40) {
		where = nil
	}
	switch g.r.IntN(14) {
	case 0, 1, 2, 3, 4:
		return seq("SELECT", call(ref), from, where).as("query")
	case 5:
		return seq("SELECT", list(", ", 1, call(ref), call(ref), call(one())), from, where).as("query")
	case 6:
		return seq("SELECT", call(ref), "AS x, count(*)", from, where).as("query")
	case 7:
		return seq("SELECT", call(ref), pick(g, "x", "AS \"a b\"", "AS min"), from, where, pick(g, "LIMIT 1", "LIMIT 0", "OFFSET 1", "ORDER BY 1", "HAVING count(*) > 3", "LIMIT ALL", "FETCH FIRST ROW ONLY")).as("query")
	case 8:
		return seq("SELECT", r.alias+".id", from, "WHERE", ref, pick(g, "=", ">=", "<", "IN"), "( SELECT", call(strings.Replace(ref, r.alias, "e", 1)), "FROM", tab.Name, "e )").as("query")
	case 9:
		in := columnsOf(g.some(), g.alias())
		outer := columnsOf(g.some(), g.alias())
		c := g.any([]rel{in}, col.sorts)
		return seq("SELECT", outer.alias+".id, ( SELECT", f("%s(%s)", pick(g, "min", "max"), c.ref), "FROM", in.table.Name, in.alias, opt(seq("WHERE", g.link([]rel{outer}, in))), ") FROM", outer.table.Name, outer.alias).as("query")
	case 10:
		return seq("SELECT * FROM ( SELECT", call(ref), "AS m", from, where, ") s", opt(t(pick(g, "WHERE m IS NOT NULL", "CROSS JOIN generate_series(1, 2)")))).as("query")
	case 11:
		return seq("WITH c AS ( SELECT", call(ref), "AS m", from, where, ") SELECT m, count(*) FROM c GROUP BY m").as("query")
	case 12:
		other := columnsOf(g.some(), g.alias())
		return seq("SELECT", call(ref), from, pick(g, "JOIN", "LEFT JOIN"), other.table.Name, other.alias, "ON", g.link(rels, other), where).as("query")
	}
	return seq("SELECT", call(ref), from, where, "UNION ALL SELECT", call(ref), from).as("query")
}

// catalog asks what the system catalogs say of a table.
func (g *gen) catalog() *node {
	tab := g.some()
	switch g.r.IntN(6) {
	case 0, 1:
		return f("SELECT column_name, data_type, column_default, is_nullable, character_maximum_length, numeric_precision, numeric_scale, datetime_precision, udt_name FROM information_schema.columns WHERE table_name = '%s' ORDER BY ordinal_position", tab.Name)
	case 2:
		return f("SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attrelid = '%s'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum", tab.Name)
	case 3:
		return f("SELECT i.relname, ix.indisunique, ix.indisprimary, a.attname FROM pg_index ix JOIN pg_class i ON i.oid = ix.indexrelid JOIN pg_class c ON c.oid = ix.indrelid LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (ix.indkey) WHERE c.relname = '%s'", tab.Name)
	case 4:
		return f("SELECT conname, contype FROM pg_constraint WHERE conrelid = '%s'::regclass", tab.Name)
	}
	return f("SELECT table_name, table_type, is_insertable_into FROM information_schema.tables WHERE table_name LIKE '%s%%'", tab.Name[:len(tab.Name)-1])
}

package sql

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// domain is what values of a generated expression mean; columns of one domain can be compared.
type domain int

const (
	domMail domain = iota
	domAge
	domSecret
	domText
	domID
	domains
)

// genColumns are the columns of each table of the golden catalog, by domain.
var genColumns = map[string]map[domain][]string{
	"customers":   {domMail: {"email"}, domAge: {"age"}, domSecret: {"ssn"}, domText: {"name"}, domID: {"id"}},
	"invites":     {domMail: {"email"}, domAge: {"ages"}, domID: {"id", "customer_id"}},
	"orders":      {domText: {"note"}, domID: {"id", "customer_id"}},
	"staff":       {domText: {"name", "city"}, domID: {"id", "salary"}},
	"v_customers": {domMail: {"mail"}, domText: {"name"}, domID: {"id"}},
}

var genTables = []string{"customers", "customers", "invites", "orders", "staff", "v_customers"}

// genSource is one FROM item: an alias and what its columns are.
type genSource struct {
	alias string
	cols  map[domain][]string
}

// generator makes random statements over the golden catalog, most of which PostgreSQL accepts.
type generator struct {
	*rand.Rand
	n     int // for names
	depth int
}

func (g *generator) one(of ...string) string { return of[g.IntN(len(of))] }

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

func (g *generator) fresh(prefix string) string {
	g.n++
	return fmt.Sprintf("%s%d", prefix, g.n)
}

// column is a reference to a column of domain d in scope, empty if there is none.
func (g *generator) column(scope []genSource, d domain) string {
	var all []string
	for _, s := range scope {
		for _, c := range s.cols[d] {
			all = append(all, s.alias+"."+c)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return g.one(all...)
}

// literal is a constant of domain d; values come from the pool that the tables are filled from.
func (g *generator) literal(d domain) string {
	if g.chance(5) {
		return "NULL"
	}
	switch d {
	case domMail:
		v := fmt.Sprintf("'%s'", genValue(domMail, g.IntN(6)))
		return g.one(v, v, v, v+"::text", "E"+v, "text "+v, "CAST("+v+" AS varchar)")
	case domAge:
		v := genValue(domAge, g.IntN(6))
		return g.one(v, "'"+v+"'", v+"::int", "'"+v+"'::int4")
	case domSecret:
		return "'" + genValue(domSecret, g.IntN(6)) + "'"
	case domID:
		return fmt.Sprint(g.IntN(6))
	}
	return "'" + genValue(domText, g.IntN(6)) + "'"
}

func genValue(d domain, i int) string {
	switch d {
	case domMail:
		return fmt.Sprintf("m%d@x", (i*5)%7)
	case domAge:
		return fmt.Sprint([]int{30, 4, -7, 200, 0, 31}[i%6])
	case domSecret:
		return fmt.Sprintf("s-%d", i)
	case domID:
		return fmt.Sprint(i)
	}
	return fmt.Sprintf("t%d", (i*3)%5)
}

// expr is an expression of domain d.
func (g *generator) expr(scope []genSource, d domain) string {
	g.depth++
	defer func() { g.depth-- }()
	if g.chance(4) {
		d = domain(g.IntN(int(domains)))
	}
	c := g.column(scope, d)
	switch k := g.IntN(100); {
	case k < 55 && c != "":
		return c
	case k < 75 || g.depth > 4:
		return g.literal(d)
	case k < 80:
		return fmt.Sprintf("COALESCE(%s, %s)", g.expr(scope, d), g.expr(scope, d))
	case k < 84:
		return fmt.Sprintf("CASE WHEN %s THEN %s ELSE %s END", g.condition(scope), g.expr(scope, d), g.expr(scope, d))
	case k < 88:
		sub, s := g.from(scope)
		return fmt.Sprintf("(SELECT %s FROM %s WHERE %s LIMIT 0)", g.expr(s, d), sub, g.condition(s))
	case k < 90:
		return fmt.Sprintf("NULLIF(%s, %s)", g.expr(scope, d), g.expr(scope, d))
	case k < 93 && d == domText:
		return fmt.Sprintf("lower(%s)", g.expr(scope, d))
	case k < 94:
		return fmt.Sprintf("(%s)::text", g.expr(scope, d))
	case c != "":
		return c
	}
	return g.literal(d)
}

func (g *generator) domain() domain { return domain(g.IntN(int(domains))) }

// condition is a boolean expression.
func (g *generator) condition(scope []genSource) string {
	g.depth++
	defer func() { g.depth-- }()
	d := g.domain()
	if d == domSecret && g.chance(80) {
		return g.expr(scope, d) + g.one(" IS NULL", " IS NOT NULL")
	}
	a := g.expr(scope, d)
	if c := g.column(scope, d); c != "" && g.chance(60) {
		a = c
	}
	if g.depth > 4 {
		return a + " = " + g.literal(d)
	}
	switch g.IntN(16) {
	case 0:
		return fmt.Sprintf("(%s AND %s)", g.condition(scope), g.condition(scope))
	case 1:
		return fmt.Sprintf("(%s OR %s)", g.condition(scope), g.condition(scope))
	case 2:
		return fmt.Sprintf("NOT (%s)", g.condition(scope))
	case 3:
		return fmt.Sprintf("%s IN (%s, %s)", a, g.expr(scope, d), g.literal(d))
	case 4:
		return fmt.Sprintf("%s %s (ARRAY[%s, %s])", a, g.one("= ANY", "<> ALL"), g.literal(d), g.literal(d))
	case 5:
		return fmt.Sprintf("%s IS %sDISTINCT FROM %s", a, g.one("", "NOT "), g.expr(scope, d))
	case 6:
		return fmt.Sprintf("%s <> %s", a, g.expr(scope, d))
	case 7:
		return a + g.one(" IS NULL", " IS NOT NULL")
	case 8:
		sub, s := g.from(scope)
		return fmt.Sprintf("%s %sIN (SELECT %s FROM %s WHERE %s)", a, g.one("", "NOT "), g.expr(s, d), sub, g.condition(append(s, scope...)))
	case 9:
		sub, s := g.from(scope)
		return fmt.Sprintf("EXISTS (SELECT %s FROM %s WHERE %s)", g.one("1", "*"), sub, g.condition(append(s, scope...)))
	case 10:
		e := g.domain()
		return fmt.Sprintf("(%s, %s) %s (%s, %s)", a, g.expr(scope, e), g.one("=", "<>"), g.expr(scope, d), g.expr(scope, e))
	case 11:
		return fmt.Sprintf("%s %s %s", a, g.one("<", ">=", "LIKE"), g.expr(scope, d))
	}
	return fmt.Sprintf("%s = %s", a, g.expr(scope, d))
}

// from is a FROM list and the scope that it makes.
func (g *generator) from(outer []genSource) (string, []genSource) {
	text, s := g.item(outer)
	scope := []genSource{s}
	for range g.IntN(3) {
		if g.depth > 3 {
			break
		}
		t, s := g.item(outer)
		switch g.IntN(4) {
		case 0:
			text += ", " + t
			scope = append(scope, s)
		default:
			scope = append(scope, s)
			text += g.one(" JOIN ", " LEFT JOIN ", " FULL JOIN ") + t + " ON " + g.joinOn(scope, s)
		}
	}
	return text, scope
}

// joinOn is an equality between columns of one domain.
func (g *generator) joinOn(scope []genSource, s genSource) string {
	for range 8 {
		d := g.domain()
		a, b := g.column(scope[:len(scope)-1], d), g.column([]genSource{s}, d)
		if a != "" && b != "" {
			return a + " = " + b
		}
	}
	return "true"
}

func (g *generator) item(outer []genSource) (string, genSource) {
	g.depth++
	defer func() { g.depth-- }()
	a := g.fresh("a")
	k := g.IntN(10)
	if g.depth > 3 {
		k = 0
	}
	switch k {
	case 0, 1, 2, 3, 4, 5:
		t := genTables[g.IntN(len(genTables))]
		return t + " " + a, genSource{a, genColumns[t]}
	case 6:
		d := g.domain()
		return fmt.Sprintf("(VALUES (%s), (%s)) %s(v)", g.literal(d), g.literal(d), a), genSource{a, map[domain][]string{d: {"v"}}}
	}
	cols := map[domain][]string{}
	text := ""
	if g.chance(30) {
		text = g.setText([]domain{g.domain(), g.domain()}, cols)
	} else {
		text = g.selectText(nil, cols)
	}
	return fmt.Sprintf("(%s) %s", text, a), genSource{a, cols}
}

// setText is a set operation.
func (g *generator) setText(list []domain, cols map[domain][]string) string {
	return "(" + g.selectOf(nil, list, cols, true) + ")" + g.one(" UNION ALL ", " UNION ", " INTERSECT ", " EXCEPT ") +
		"(" + g.selectOf(nil, list, map[domain][]string{}, true) + ")"
}

// selectText is a SELECT; cols, if not nil, receives the names of its columns.
func (g *generator) selectText(outer []genSource, cols map[domain][]string) string {
	list := []domain{g.domain()}
	for range g.IntN(3) {
		list = append(list, g.domain())
	}
	return g.selectOf(outer, list, cols, g.chance(70))
}

func (g *generator) selectOf(outer []genSource, list []domain, cols map[domain][]string, simple bool) string {
	with := ""
	from, scope := g.from(outer)
	if g.chance(15) && outer == nil && g.depth < 2 {
		w, inner := g.fresh("w"), map[domain][]string{}
		with = fmt.Sprintf("WITH %s AS (%s) ", w, g.selectText(nil, inner))
		from, scope = w, []genSource{{w, inner}}
	}
	var targets []string
	for _, d := range list {
		e := g.expr(scope, d)
		if c := g.column(scope, d); c != "" && g.chance(60) {
			e = c
		}
		n := g.fresh("c")
		if cols != nil {
			cols[d] = append(cols[d], n)
		}
		targets = append(targets, e+" AS "+n)
	}
	text := with + "SELECT " + g.one("", "", "", "DISTINCT ") + strings.Join(targets, ", ") + " FROM " + from
	if g.chance(70) {
		text += " WHERE " + g.condition(scope)
	}
	if !simple && cols == nil {
		switch g.IntN(3) {
		case 0:
			if c := g.column(scope, g.domain()); c != "" {
				text = fmt.Sprintf("%sSELECT %s AS %s, count(*) FROM %s GROUP BY %s", with, c, g.fresh("c"), from, c)
			}
		case 1:
			text += " ORDER BY 1"
		case 2:
			if c := g.column(scope, g.domain()); c != "" {
				text = fmt.Sprintf("%sSELECT count(%s), count(DISTINCT %s) FROM %s", with, c, c, from)
			}
		}
	}
	return text
}

// parametrize replaces some of the constants by parameters, the same one for the same value.
func (g *generator) parametrize(text string) (string, []string) {
	var out strings.Builder
	var values []string
	last := 0
	for at := 0; ; {
		tok, ok := nextToken(text, at)
		if !ok {
			break
		}
		typed := strings.HasSuffix(strings.TrimRight(text[:tok.Start], " "), "text") // text '…'
		if tok.Kind == KindString && !typed && g.chance(60) {
			v := text[tok.Start+1 : tok.End-1]
			n := slices.Index(values, v)
			if n < 0 {
				n, values = len(values), append(values, v)
			}
			fmt.Fprintf(&out, "%s$%d", text[last:tok.Start], n+1)
			last = tok.End
		}
		at = tok.End
	}
	return out.String() + text[last:], values
}

// statement is a random statement of any kind.
func (g *generator) statement() string {
	g.n, g.depth = 0, 0
	switch g.IntN(10) {
	case 0:
		return g.insert()
	case 1:
		return g.update()
	case 2:
		t := g.one("customers", "invites")
		return fmt.Sprintf("DELETE FROM %s z WHERE %s RETURNING *", t, g.condition([]genSource{{"z", genColumns[t]}}))
	case 3:
		return g.setText([]domain{g.domain()}, nil)
	}
	return g.selectText(nil, nil)
}

func (g *generator) insert() string {
	t := g.one("customers", "invites", "orders")
	var cols []string
	var list []domain
	for d := range domains {
		if c := genColumns[t][d]; len(c) > 0 && g.chance(70) {
			cols, list = append(cols, c[0]), append(list, d)
		}
	}
	if len(cols) == 0 {
		return "SELECT 1"
	}
	head := fmt.Sprintf("INSERT INTO %s (%s) ", t, strings.Join(cols, ", "))
	if g.chance(40) {
		return head + g.selectOf(nil, list, nil, true)
	}
	var rows []string
	for range 1 + g.IntN(3) {
		var vals []string
		for _, d := range list {
			if g.chance(10) {
				vals = append(vals, "DEFAULT")
				continue
			}
			vals = append(vals, g.expr(nil, d))
		}
		rows = append(rows, "("+strings.Join(vals, ", ")+")")
	}
	return head + "VALUES " + strings.Join(rows, ", ") + g.one("", " RETURNING *")
}

func (g *generator) update() string {
	t := g.one("customers", "invites")
	scope := []genSource{{"z", genColumns[t]}}
	from := ""
	if g.chance(40) {
		f, s := g.from(nil)
		from, scope = " FROM "+f, append(scope, s...)
	}
	var sets []string
	for d := range domains {
		if c := genColumns[t][d]; len(c) > 0 && g.chance(50) {
			sets = append(sets, c[0]+" = "+g.expr(scope, d))
		}
	}
	if len(sets) == 0 {
		return "SELECT 1"
	}
	return fmt.Sprintf("UPDATE %s z SET %s%s WHERE %s", t, strings.Join(sets, ", "), from, g.condition(scope))
}

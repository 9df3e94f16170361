package generate

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Column is a column of a random table.
type Column struct {
	Name   string
	Type   *Type
	Search string // empty: plain; none, equality, range
	domain string // columns with the same one may be compared; empty: with none
	key    string // table.column whose key it shares
	null   bool
	def    *node    // DEFAULT
	home   string   // its first name, where it has another
	normal []string // the steps of normalize:
	paths  string   // what stands at paths:
}

func (c *Column) protected() bool { return c.Search != "" }

// Table is a random table. Its first column is id, an int4 primary key; parent, where it is, refers to another's id.
type Table struct {
	Name    string
	Columns []*Column
	unique  []*Column
	parent  *Table
	parts   []string // its partitions
	foreign [2]*Column
	to      *Table   // of foreign
	kind    string   // empty: one of the world's; temporary, view
	brief   bool     // it is gone with its transaction
	more    []string // sent behind CREATE TABLE
	home    string   // its first name, where it has another
	extra   []extra  // constraints and indexes that statements have made
}

// World is one schema with data and the statements that are run on it.
type World struct {
	Seed       uint64
	Number     int
	Tables     []*Table
	Statements []*Statement
	// Enough is after how many differences Run ends.
	Enough   int
	rows     []*node
	features []Feature
	types    []*Type // its own
	g        *gen
	count    int
	status   byte // of the transaction after the last step
}

// Support says whether the proxy can protect columns of a type with a search mode.
type Support func(ty *Type, search string) bool

// gen holds what making a world needs.
type gen struct {
	r         *rand.Rand
	w         *World
	support   Support
	aliases   int
	open      bool // within a transaction
	dirty     bool // which has changed what the world's tables are, and is rolled back
	never     bool // no constant is NULL
	savepoint int
	saves     []scope // at BEGIN and at each savepoint
	now       scope
	made      int
}

func (g *gen) chance(percent int) bool { return g.r.IntN(100) < percent }

func pick[T any](g *gen, from ...T) T { return from[g.r.IntN(len(from))] }

// NewWorld makes world number of a seed, for count statements. It has the given features; if none is given, one or two, by its number.
func NewWorld(seed uint64, number, count int, support Support, features ...Feature) *World {
	w := &World{Seed: seed, Number: number, Enough: 3, count: count, features: features}
	if features == nil {
		w.features = [][]Feature{{Temporary}, {Views}, {Alters, Catalog}, {Temporary, Ends}, {Catalog, Ends}}[number%5]
		w.features = append(w.features, more(number)...)
	}
	if w.has(Defined) {
		w.types = w.own()
	}
	g := &gen{r: rand.New(rand.NewPCG(seed, uint64(number))), w: w, support: support}
	for i := range 3 + g.r.IntN(2) {
		w.Tables = append(w.Tables, g.table(i))
	}
	for _, t := range w.Tables {
		w.rows = append(w.rows, g.fill(t)...)
	}
	w.g = g
	g.restart()
	return w
}

func (g *gen) table(i int) *Table {
	t := &Table{Name: fmt.Sprintf("w%d_%c", g.w.Number, 'a'+i)}
	t.Columns = []*Column{{Name: "id", Type: typeNamed("int4"), domain: "plain id"}}
	if i > 0 {
		t.parent = g.w.Tables[g.r.IntN(i)]
		t.Columns = append(t.Columns, &Column{Name: "parent", Type: typeNamed("int4"), domain: "plain id", null: true})
	}
	for n := range 2 + g.r.IntN(3) {
		t.Columns = append(t.Columns, g.column(t, fmt.Sprintf("p%d", n), false))
	}
	// The first protected columns are those that joins need: every table has one of each shared domain.
	t.Columns = append(t.Columns, g.shared(t, "mail", "text", "equality"), g.shared(t, "num", "int4", "equality"))
	if g.support(typeNamed("text"), "range") {
		t.Columns = append(t.Columns, g.shared(t, "rng", "text", "range"))
	}
	for n := range 2 + g.r.IntN(4) {
		t.Columns = append(t.Columns, g.column(t, fmt.Sprintf("c%d", n), true))
	}
	if i > 0 && g.chance(25) {
		t.parts = []string{t.Name + "_0", t.Name + "_1"}
	}
	if t.parts == nil {
		for _, c := range t.Columns[1:] {
			if g.chance(12) && c.Name != "parent" && (c.Search == "equality" || c.Search == "range" || !c.protected() && c.Type.Class != "json") {
				t.unique = append(t.unique, c)
			}
		}
	}
	g.searches(t)
	g.fields(t)
	for _, other := range g.w.Tables {
		for _, u := range other.unique {
			if c := t.named(u.Name); c != nil && t.parts == nil && c.domain == u.domain && c.domain != "" && g.chance(50) {
				t.foreign, t.to = [2]*Column{c, u}, other
			}
		}
	}
	return t
}

func (t *Table) named(name string) *Column {
	for _, c := range t.Columns {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// shared is a column that has the key of the first table's of the same name.
func (g *gen) shared(t *Table, name, ty, search string) *Column {
	c := &Column{Name: name, Type: typeNamed(ty), Search: search, domain: name, null: g.chance(80)}
	if len(g.w.Tables) > 0 {
		c.key = g.w.Tables[0].Name + "." + name
	}
	g.defaults(c)
	return c
}

func (g *gen) column(t *Table, name string, protected bool) *Column {
	c := &Column{Name: name, null: g.chance(80)}
	for c.Type == nil {
		ty := pick(g, Types()...)
		if g.w.types != nil && g.chance(60) {
			ty = pick(g, g.w.types...)
		}
		search := ""
		if protected {
			search = pick(g, "none", "equality", "equality", "range")
		}
		if !protected || !ty.plain && g.support(ty, search) {
			c.Type, c.Search = ty, search
		}
	}
	c.domain = "plain " + c.Type.Class
	if protected {
		c.domain = t.Name + "." + name
		if c.Search == "none" {
			c.domain = ""
		}
	}
	g.defaults(c)
	return c
}

// Encrypt is the configuration of the world's protected columns, below encrypt:.
func (w *World) Encrypt() string {
	var b strings.Builder
	for _, t := range w.Tables {
		for i, name := range append([]string{t.Name}, t.parts...) {
			fmt.Fprintf(&b, "  public.%s:\n", name)
			for _, c := range t.Columns {
				if !c.protected() {
					continue
				}
				key := c.key
				if i > 0 && key == "" {
					key = t.Name + "." + c.Name
				}
				fmt.Fprintf(&b, "    %s: {type: %q", c.Name, c.Type.Qualified())
				if c.paths != "" {
					fmt.Fprintf(&b, ", paths: %s}\n", c.paths)
					continue
				}
				if c.Search != "none" {
					fmt.Fprintf(&b, ", search: %s", c.Search)
				}
				if c.normal != nil {
					fmt.Fprintf(&b, ", normalize: [%s]", strings.Join(c.normal, ", "))
				}
				if key != "" {
					fmt.Fprintf(&b, ", key: public.%s", key)
				}
				b.WriteString("}\n")
			}
		}
	}
	return b.String()
}

// Create are the statements that make the world's tables.
func (w *World) Create() []string {
	all := w.Define()
	for _, t := range w.Tables {
		all = append(all, t.Create()...)
	}
	return all
}

// Simplify takes partitions and the defaults of protected columns away.
func (t *Table) Simplify() {
	t.parts = nil
	for _, c := range t.Columns {
		if c.protected() {
			c.def = nil
		}
	}
}

// Create are the statements that make the table.
func (t *Table) Create() []string {
	var all []string
	var lines []string
	for _, c := range t.Columns {
		line := c.Name + " " + c.Type.Name
		switch {
		case c.Name == "id":
			line += " PRIMARY KEY"
		case !c.null:
			line += " NOT NULL"
		}
		if c.def != nil {
			line += " DEFAULT " + c.def.value.literal
		}
		for _, u := range t.unique {
			if u == c {
				line += " UNIQUE"
			}
		}
		if c.Name == "parent" {
			line += " REFERENCES " + t.parent.Name + " ON DELETE CASCADE"
		}
		lines = append(lines, line)
	}
	if t.to != nil {
		lines = append(lines, fmt.Sprintf("FOREIGN KEY (%s) REFERENCES %s (%s) ON DELETE CASCADE", t.foreign[0].Name, t.to.Name, t.foreign[1].Name))
	}
	create := fmt.Sprintf("CREATE TABLE %s (\n  %s\n)", t.Name, strings.Join(lines, ",\n  "))
	if t.parts != nil {
		create += " PARTITION BY HASH (id)"
	}
	all = append(all, create)
	for i, p := range t.parts {
		all = append(all, fmt.Sprintf("CREATE TABLE %s PARTITION OF %s FOR VALUES WITH (MODULUS 2, REMAINDER %d)", p, t.Name, i))
	}
	all = append(all, t.more...)
	for _, c := range t.Columns[1:] {
		if c.Search == "equality" || c.Search == "range" {
			all = append(all, fmt.Sprintf("CREATE INDEX ON %s (%s)", t.Name, c.Name))
			break
		}
	}
	return all
}

// fill are the rows that a world begins with. A row that a constraint refuses is left out on both sides.
func (g *gen) fill(t *Table) []*node {
	var all []*node
	for id := 1; id <= 8+g.r.IntN(8); id++ {
		names, values := []string{"id"}, []*node{f("%d", id)}
		for _, c := range t.Columns[1:] {
			if g.chance(5) {
				continue
			}
			names = append(names, c.Name)
			if c.Name == "parent" {
				values = append(values, f("%d", 1+g.r.IntN(8)))
				continue
			}
			v := g.constant(c.Type, c.protected())
			if v.value.null && !c.null {
				v = g.constant(c.Type, c.protected())
			}
			values = append(values, v)
		}
		all = append(all, seq("INSERT INTO", t.Name, "("+strings.Join(names, ", ")+")", "VALUES (", list(", ", 0, values...), ")"))
	}
	return all
}

// Reset empties the tables and takes away what statements made. Where statements change the tables, they are made anew.
func (w *World) Reset() []string {
	all := []string{"ROLLBACK", "DISCARD ALL"}
	if !w.has(Changes) {
		return append(all, "TRUNCATE "+strings.Join(w.names(), ", "))
	}
	var names []string
	for _, t := range w.Tables {
		names = append(names, t.Name, t.Name+awaySuffix)
	}
	all = append(all, "DROP TABLE IF EXISTS "+strings.Join(names, ", ")+" CASCADE")
	for _, t := range w.Tables {
		all = append(all, t.Create()...)
	}
	return all
}

// names are those of the world's tables, as they are first.
func (w *World) names() []string {
	var all []string
	for _, t := range w.Tables {
		all = append(all, t.Name)
	}
	return all
}

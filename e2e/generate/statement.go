package generate

import (
	"fmt"
	"strings"
)

// Way is how a statement is run.
type Way uint8

// The ways.
const (
	Simple   Way = iota // Query, with literals
	Text                // Parse, Bind, Execute with parameters, results as text
	Binary              // the same with binary results
	Literals            // extended without parameters
	Named               // a named prepared statement, described
	Prepare             // PREPARE, EXECUTE
	Cursor              // DECLARE, FETCH
	Copy                // COPY … TO STDOUT
	CopyIn              // COPY … FROM STDIN
	Table_              // CREATE TEMP TABLE AS, and what is in it
	View                // CREATE VIEW, and what it shows
	Explain             // EXPLAIN, of which only the form is compared
	Scroll              // DECLARE, FETCH and MOVE to and fro
	CopyOut             // COPY of a table TO STDOUT
)

// String names the way.
func (w Way) String() string {
	return [...]string{"simple", "extended text", "extended binary", "extended literals", "prepared", "PREPARE", "cursor", "COPY TO", "COPY FROM", "CREATE TABLE AS", "view", "EXPLAIN", "cursor that is moved", "COPY of a table"}[w]
}

// Statement is one statement of a world. After it has failed within a transaction, OnFailed is sent.
type Statement struct {
	tree     *node
	Way      Way
	OnFailed string
	name     string   // of what it makes
	data     string   // of COPY FROM
	with     string   // options of COPY, or DECLARE
	before   string   // sent before it
	more     []string // sent behind it, each on its own
	names    []string // of the relations in scope
	effect   func()   // on the scope, after success
	others   []other  // those of names that features have made
	Feature  Feature
}

// Step is one thing that is sent.
type Step struct {
	Rendered
	Way     Way    // Simple, Text, Binary, Literals, Named, Copy or CopyIn
	Data    string // of COPY FROM
	Ordered bool   // the rows come in one order only
	Form    bool   // only the form of the result is compared
}

// Steps are what is sent for the statement, in order, up to the first that fails.
func (s *Statement) Steps() []Step {
	plain := s.tree.render(false)
	ordered := s.tree.ordered()
	simple := func(format string, args ...any) Step {
		return Step{Rendered: Rendered{Text: fmt.Sprintf(format, args...)}, Ordered: ordered}
	}
	switch s.Way {
	case Text, Binary, Named:
		return []Step{{Rendered: s.tree.render(true), Way: s.Way, Ordered: ordered}}
	case Prepare:
		with := s.tree.render(true)
		var args []string
		for _, p := range with.Params {
			if p == nil {
				args = append(args, "NULL")
				continue
			}
			args = append(args, "'"+strings.ReplaceAll(string(p), "'", "''")+"'")
		}
		execute := "EXECUTE " + s.name
		if args != nil {
			execute += " (" + strings.Join(args, ", ") + ")"
		}
		return []Step{simple("PREPARE %s AS %s", s.name, with.Text), simple("%s", execute), simple("DEALLOCATE %s", s.name)}
	case Cursor:
		all := []Step{simple("DECLARE %s CURSOR WITH HOLD FOR %s", s.name, plain.Text)}
		if ordered {
			all = append(all, simple("FETCH 2 FROM %s", s.name))
		}
		return append(all, simple("FETCH ALL FROM %s", s.name), simple("CLOSE %s", s.name))
	case Copy:
		st := simple("COPY (%s) TO STDOUT %s", plain.Text, s.with)
		st.Way = Copy
		return []Step{st}
	case CopyOut:
		return []Step{{Rendered: plain, Way: Copy}}
	case Scroll:
		return s.scrolled(plain.Text)
	case CopyIn:
		return []Step{{Rendered: plain, Way: CopyIn, Data: s.data}}
	case Table_:
		return []Step{simple("CREATE TEMP TABLE %s AS %s", s.name, plain.Text), simple("SELECT * FROM %s", s.name), simple("DROP TABLE %s", s.name)}
	case View:
		return []Step{simple("CREATE VIEW %s AS %s", s.name, plain.Text), simple("SELECT * FROM %s", s.name), simple("DROP VIEW %s", s.name)}
	case Explain:
		st := simple("EXPLAIN (COSTS OFF) %s", plain.Text)
		st.Form = true
		return []Step{st}
	}
	all := []Step{{Rendered: plain, Way: s.Way, Ordered: ordered}}
	for _, text := range s.more {
		all = append(all, simple("%s", text))
	}
	return all
}

// String is the statement as it is sent.
func (s *Statement) String() string {
	var b strings.Builder
	for _, st := range s.Steps() {
		b.WriteString(st.Text + ";")
		for i, p := range st.Params {
			if p == nil {
				fmt.Fprintf(&b, " $%d = NULL", i+1)
			} else {
				fmt.Fprintf(&b, " $%d = %q", i+1, p)
			}
		}
		if st.Data != "" {
			fmt.Fprintf(&b, " %q", st.Data)
		}
		b.WriteString("\n")
	}
	return fmt.Sprintf("-- %s\n%s", s.Way, b.String())
}

// statement is the next statement of the world.
func (g *gen) statement() *Statement {
	g.aliases = 0
	if s := g.transaction(); s != nil {
		return s
	}
	s := &Statement{Way: pick(g, Simple, Simple, Text, Text, Binary, Binary, Literals, Named, Named)}
	if g.open {
		s.OnFailed = "ROLLBACK"
		if g.savepoint > 0 {
			s.OnFailed = fmt.Sprintf("ROLLBACK TO s%d", g.savepoint)
		}
	}
	g.made++
	s.name = fmt.Sprintf("made%d_%d", g.w.Number, g.made)
	if g.featured(s) {
		return s
	}
	switch n := g.r.IntN(100); {
	case n < 58:
		s.tree = g.anyQuery()
	case n < 92:
		s.tree = g.writing()
	case n < 94:
		s.tree, s.Way = g.anyQuery(), Prepare
	case n < 95:
		s.tree, s.Way = g.anyQuery(), Cursor
	case n < 96:
		s.tree, s.Way, s.with = g.sorted(), Copy, pick(g, "", "", "(FORMAT csv, HEADER)", "WITH CSV", "(FORMAT binary)", "(DELIMITER '|', NULL 'none')")
		if s.with == "(FORMAT binary)" && !s.tree.ordered() {
			s.with = "" // lines can be sorted
		}
	case n < 97:
		g.copyIn(s)
	case n < 98:
		s.tree, s.Way = g.query(1, 0).n, Table_
	case n < 99:
		s.tree, s.Way = g.query(1, 0).n, View
	default:
		s.tree, s.Way = g.anyQuery(), Explain
	}
	return s
}

// transaction is BEGIN, COMMIT and so on, or nil.
func (g *gen) transaction() *Statement {
	say := func(effect func(), format string, args ...any) *Statement {
		return &Statement{tree: f(format, args...), Way: pick(g, Simple, Simple, Literals), effect: effect}
	}
	if !g.open {
		switch n := g.r.IntN(100); {
		case n < 5:
			return say(g.begin, "%s", pick(g, "BEGIN", "START TRANSACTION", "BEGIN ISOLATION LEVEL REPEATABLE READ"))
		case n < 8:
			return say(nil, "DELETE FROM %s WHERE id > 16", g.some().Name)
		case n < 9:
			return say(nil, "%s", pick(g, "SET timezone = 'Asia/Tokyo'", "SET datestyle = 'German, DMY'", "RESET ALL", "SET extra_float_digits = 0", "SET bytea_output = 'escape'", "RESET ALL", "SET intervalstyle = 'iso_8601'"))
		}
		return nil
	}
	switch n := g.r.IntN(100); {
	case n < 10:
		if g.dirty || g.chance(40) {
			return say(func() { g.end(false) }, "ROLLBACK")
		}
		return say(func() { g.end(true) }, "%s", pick(g, "COMMIT", "COMMIT", "END"))
	case n < 16:
		return say(func() { g.savepoint++; g.saves = append(g.saves, g.now) }, "SAVEPOINT s%d", g.savepoint+1)
	case n < 22 && g.savepoint > 0:
		return say(func() { g.now = g.saves[g.savepoint] }, "ROLLBACK TO SAVEPOINT s%d", g.savepoint)
	case n < 24 && g.savepoint > 0:
		return say(func() { g.saves, g.savepoint = g.saves[:g.savepoint], g.savepoint-1 }, "RELEASE s%d", g.savepoint)
	}
	return nil
}

// copyIn loads a few rows.
func (g *gen) copyIn(s *Statement) {
	tab := g.some()
	columns := g.written(tab)
	names := []string{"id"}
	for _, c := range columns {
		names = append(names, c.Name)
	}
	escape := strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`)
	var b strings.Builder
	for range 1 + g.r.IntN(3) {
		fmt.Fprintf(&b, "%d", 1+g.r.IntN(25))
		for _, c := range columns {
			v := g.fresh(c)
			switch {
			case c.Name == "parent" || v.value == nil || v.value.null:
				b.WriteString("\t\\N")
			default:
				b.WriteString("\t" + escape.Replace(v.value.text))
			}
		}
		b.WriteString("\n")
	}
	s.tree, s.Way, s.data = f("COPY %s (%s) FROM STDIN", tab.Name, strings.Join(names, ", ")), CopyIn, b.String()
}

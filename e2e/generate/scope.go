package generate

import (
	"slices"
	"strings"
)

// scope is what statements may name at a point in the session: the world's tables as ALTER has left them, temporary tables and views. A
// scope and the tables in it are not changed but replaced, so that a rollback brings back the one before.
type scope struct{ tables []*Table }

// Feature is something that only some worlds do, so that the statements of a world meet each other.
type Feature string

// The features.
const (
	Temporary Feature = "temporary tables" // made of queries, written, altered, dropped, rolled back
	Views     Feature = "writes through views"
	Ends      Feature = "min and max"
	Catalog   Feature = "catalog"        // what the system catalogs say of the tables
	Alters    Feature = "altered tables" // ALTER of the world's tables, within transactions that are rolled back
	Searches  Feature = "searches"       // search: match, and normalize:
	Copies    Feature = "COPY"
	Cursors   Feature = "cursors"
	Fields    Feature = "fields of jsonb" // paths:
	Changes   Feature = "changed tables"  // ALTER of the world's tables that stays
	Defined   Feature = "enums, domains and arrays"
)

// has reports whether the world has a feature.
func (w *World) has(f Feature) bool { return slices.Contains(w.features, f) }

// Features are all of them.
func Features() []Feature {
	return []Feature{Temporary, Views, Ends, Catalog, Alters, Searches, Fields, Copies, Cursors, Changes, Defined}
}

// some is a relation in scope.
func (g *gen) some() *Table { return pick(g, g.now.tables...) }

// of are the relations of one kind.
func (g *gen) of(kind string) []*Table {
	var all []*Table
	for _, t := range g.now.tables {
		if t.kind == kind {
			all = append(all, t)
		}
	}
	return all
}

func (g *gen) add(t *Table) { g.now.tables = append(slices.Clone(g.now.tables), t) }

func (g *gen) drop(t *Table) {
	g.now.tables = slices.DeleteFunc(slices.Clone(g.now.tables), func(o *Table) bool { return o == t })
}

func (g *gen) replace(t, by *Table) {
	g.now.tables = slices.Clone(g.now.tables)
	if i := slices.Index(g.now.tables, t); i >= 0 {
		g.now.tables[i] = by
	}
}

// names are what the relations in scope are called.
func (g *gen) names() []string {
	var all []string
	for _, t := range g.now.tables {
		all = append(all, t.Name)
	}
	return all
}

// next is the next statement of the world.
func (w *World) next() *Statement {
	g := w.g
	s := g.statement()
	s.names = g.names()
	for _, t := range g.now.tables {
		switch t.kind {
		case "temporary":
			s.others = append(s.others, other{t.Name, Temporary})
		case "view":
			s.others = append(s.others, other{t.Name, Views})
		}
	}
	w.Statements = append(w.Statements, s)
	return s
}

// done tells the generator what has come of the statement and in what status the session is.
func (g *gen) done(s *Statement, ok bool, status byte) {
	switch {
	case ok && s.effect != nil:
		s.effect()
	case !ok && g.open && status != 'I' && g.savepoint > 0 && s.OnFailed != "ROLLBACK":
		g.now = g.saves[g.savepoint]
	}
	if g.open && status == 'I' && (!ok || s.effect == nil) { // a failure has ended the transaction
		g.now, g.open, g.saves, g.savepoint = g.saves[0], false, nil, 0
	}
}

// restart forgets everything that statements have made.
func (g *gen) restart() {
	g.now, g.open, g.saves, g.savepoint, g.dirty = scope{tables: g.w.Tables}, false, nil, 0, false
}

func (g *gen) begin() { g.open, g.savepoint, g.saves, g.dirty = true, 0, []scope{g.now}, false }

// end ends a transaction: what ON COMMIT DROP has made is gone.
func (g *gen) end(commit bool) {
	if !commit && g.open {
		g.now = g.saves[0]
	}
	g.open, g.savepoint, g.saves = false, 0, nil
	g.now.tables = slices.DeleteFunc(slices.Clone(g.now.tables), func(t *Table) bool { return t.brief })
}

// features are those that the statement is of: its own, and those of the relations that it names.
func (s *Statement) features() []Feature {
	var all []Feature
	if s.Feature != "" {
		all = append(all, s.Feature)
	}
	text := ""
	for _, m := range s.others {
		if text == "" {
			text = s.tree.render(false).Text
		}
		if m.feature != s.Feature && strings.Contains(text, m.name) {
			all = append(all, m.feature)
		}
	}
	return slices.Compact(all)
}

// other is a relation that a feature has made.
type other struct {
	name    string
	feature Feature
}

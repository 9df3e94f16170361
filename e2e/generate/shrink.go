package generate

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// patience bounds how long one difference is made smaller.
const patience = 2 * time.Minute

// shrinker makes what differs small.
type shrinker struct {
	w        *World
	p        *Pair
	kind     string
	what     string
	rows     []*node
	all      []*Statement
	deadline time.Time
}

// found makes a difference as small as it can and writes it down.
func (w *World) found(p *Pair, kind, what string, statements []*Statement) Difference {
	s := &shrinker{w: w, p: p, kind: kind, what: what, rows: w.rows, all: statements, deadline: time.Now().Add(patience)}
	if len(statements) == 0 { // of the rows alone, which are all that there is
		return Difference{Kind: kind, What: what, Seed: w.Seed, World: w.Number, Schema: w.Schema("")}
	}
	if p.Known != nil && p.Known(kind, statements[len(statements)-1].String()) {
		s.what += "\n(known)"
	} else if !s.differs(s.rows, s.all) {
		s.what += "\n(not again when run again)"
	} else {
		s.shrink()
	}
	d := Difference{Kind: kind, What: s.what, Seed: w.Seed, World: w.Number}
	text := ""
	for _, st := range s.all {
		d.Statements = append(d.Statements, st.String())
		text += st.String()
	}
	for _, row := range s.rows {
		d.Rows = append(d.Rows, row.render(false).Text+";")
		text += d.Rows[len(d.Rows)-1]
	}
	d.Schema = w.Schema(text)
	return d
}

// Schema is what makes the tables that a text names, with the configuration of their columns.
func (w *World) Schema(text string) string {
	var b strings.Builder
	for _, create := range w.Create() {
		name := strings.Fields(create)[2]
		if strings.Contains(text, name) || text == "" {
			b.WriteString(create + ";\n")
		}
	}
	for _, block := range strings.Split(w.Encrypt(), "  public.")[1:] {
		if name, _, _ := strings.Cut(block, ":"); strings.Contains(text, name) || text == "" {
			b.WriteString("-- " + strings.ReplaceAll(strings.TrimSpace(block), "\n", "\n-- ") + "\n")
		}
	}
	return b.String()
}

// differs runs a world with these rows and statements from its first state and reports whether there is a difference of the same kind.
func (s *shrinker) differs(rows []*node, all []*Statement) bool {
	kind, what := s.w.reset(s.p, rows)
	r := newReport()
	for i := 0; kind == "" && i < len(all); i++ {
		if !s.there(all[i]) {
			return false
		}
		if kind, what = s.w.one(s.p, all[i], &r); kind == "" && (s.kind == "contents" || i == len(all)-1) {
			kind, what = s.w.contents(s.p, all[len(all)-1].names)
		}
	}
	if kind != s.kind {
		return false
	}
	s.what = what
	return true
}

// there reports whether the relations are there that the statement names and others have made. Where one is not, since what made it was
// left out or failed, the statement is another one, and what it plants means nothing.
func (s *shrinker) there(st *Statement) bool {
	text := st.tree.render(false).Text
	for _, name := range madeName.FindAllString(text, -1) {
		if !slices.Contains(st.names, name) {
			continue // it makes it
		}
		o := s.p.Got.Run(Step{Rendered: Rendered{Text: "SELECT to_regclass('" + name + "') IS NOT NULL"}})
		if o.State != "25P02" && (len(o.Rows) != 1 || o.Rows[0] != ` "t"`) {
			return false
		}
	}
	return true
}

// madeName is what the generator calls a relation that a statement makes or renames.
var madeName = regexp.MustCompile(`\b(?:(?:temp|view)[0-9]+_\w+|w[0-9]+_[a-z]r[0-9]?)\b`)

func (s *shrinker) late() bool { return time.Now().After(s.deadline) }

func (s *shrinker) shrink() {
	s.fewer()
	s.validRows()
	for again := true; again && !s.late(); {
		again = s.smaller()
	}
	s.fewer()
	s.fewerRows()
	s.differs(s.rows, s.all)
}

// validRows leaves out the rows that fail, so that the others can be sent at once.
func (s *shrinker) validRows() {
	var valid []*node
	s.w.reset(s.p, nil)
	for _, row := range s.rows {
		st := Step{Rendered: row.render(false)}
		if s.p.Got.Run(st).State == "" && s.p.Want.Run(st).State == "" {
			valid = append(valid, row)
		}
	}
	if s.differs(valid, s.all) {
		s.rows = valid
	}
}

// fewer takes statements away, many at once first.
func (s *shrinker) fewer() {
	if n := len(s.all); n > 1 && s.differs(s.rows, s.all[n-1:]) {
		s.all = s.all[n-1:]
	}
	for size := len(s.all) / 2; size > 0 && !s.late(); size /= 2 {
		for i := 0; i+size <= len(s.all) && !s.late(); {
			rest := append(append([]*Statement(nil), s.all[:i]...), s.all[i+size:]...)
			if s.differs(s.rows, rest) {
				s.all = rest
			} else {
				i += size
			}
		}
	}
}

// smaller takes one step in one statement, if there is one that keeps the difference.
func (s *shrinker) smaller() bool {
	for i := len(s.all) - 1; i >= 0; i-- {
		try := func(c *Statement) bool {
			all := append([]*Statement(nil), s.all...)
			all[i] = c
			if s.differs(s.rows, all) {
				s.all = all
				return true
			}
			return false
		}
		if now := s.all[i]; now.Way == Text || now.Way == Binary || now.Way == Named || now.Way == Literals {
			c := *now
			if c.Way = Simple; try(&c) {
				return true
			}
		}
		done := false
		s.all[i].tree.each(func(n *node) bool {
			if s.late() {
				return false
			}
			c := *s.all[i]
			c.tree = n
			done = n.size() < s.all[i].tree.size() && try(&c)
			return !done
		})
		if done {
			return true
		}
	}
	return false
}

// fewerRows takes rows of the first state away.
func (s *shrinker) fewerRows() {
	for size := len(s.rows); size > 0 && !s.late(); size /= 2 {
		for i := 0; i+size <= len(s.rows) && !s.late(); {
			rest := append(append([]*node(nil), s.rows[:i]...), s.rows[i+size:]...)
			if s.differs(rest, s.all) {
				s.rows = rest
			} else {
				i += size
			}
		}
	}
}

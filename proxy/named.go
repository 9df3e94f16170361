package proxy

import (
	"bytes"
	"errors"
	"reflect"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
)

// Names that SQL gives: PREPARE, DECLARE CURSOR, and EXECUTE, FETCH and MOVE of these or of what the client made by Parse and Bind. The
// server keeps each pair in one table of names, and so does the ledger (docs/adr/0011-stored-statements.md).

// namingWords are the words without which a text changes no name. The first alone makes statements for which EXECUTE may have arguments.
var namingWords = [...]string{"prepare", "declare", "deallocate", "close", "discard"}

// mayName reports whether a text that need not be read must be all the same: it may give a name to something, or take one away.
func (s *session) mayName(text []byte) bool {
	words := namingWords[:1]
	if s.naming {
		words = namingWords[:]
	}
	for _, w := range words {
		if containsFold(text, w) {
			return true
		}
	}
	return false
}

// sureOfNames makes sure that a text is read as the server does, where it may change what a name stands for that means something sensitive.
func (s *session) sureOfNames(text []byte) error {
	switch {
	case !s.naming || bytes.IndexByte(text, '\'') < 0 && ascii(text):
		return nil // settings change the meaning of constants and of what is not ASCII, nothing else
	case s.settling || s.odd.Load():
		return s.makeSure()
	case !sql.Escapes(text) || s.transaction() == 'E' && !s.ended:
		return nil
	}
	return s.readState() // functions may have changed what a backslash is
}

// containsFold reports whether a word stands in text, in letters of either case.
func containsFold(text []byte, lower string) bool {
	for i := 0; i+len(lower) <= len(text); i++ {
		if text[i]|0x20 == lower[0] && foldEqual(text[i:i+len(lower)], lower) {
			return true
		}
	}
	return false
}

// notes remembers that names may mean something sensitive from now on.
func (s *session) notes(p *policy.Plan) {
	for i := range p.Statements {
		st := p.Statements[i].Statement
		if st != nil && (st.Makes != "" || st.Stored != nil && keeps(st)) {
			s.naming = true
		}
	}
}

// keeps reports whether what a statement stores must be known when it is run: also which tables' statistics its text leaves out.
func keeps(st *sql.Statement) bool { return st.Sensitive || st.PathDependent || len(st.Withheld) > 0 }

// named plans a text again that runs something by name, if that is sensitive. p is its plan under which the names mean nothing.
func (s *session) named(p planned, text []byte) (planned, error) {
	if !s.naming || !p.byName() {
		return p, nil
	}
	names, ran, err := s.meanings(p)
	if err != nil {
		return planned{}, err
	}
	if len(names.Statements)+len(names.Cursors) == 0 {
		p.ran = ran
		return p, nil
	}
	plan := s.judgeNamed(p.world, p.catalog, text, names)
	return planned{Plan: plan, world: p.world, catalog: p.catalog, path: s.pathID, escaping: s.escapes(text), ran: ran}, nil
}

// judgeNamed is judge with names, past the cache.
func (s *session) judgeNamed(w *World, cat *sql.Catalog, text []byte, names sql.Names) *policy.Plan {
	plan := w.Policy.PlanNamed
	if s.escapes(text) {
		plan = w.Policy.PlanNamedEscaping
	}
	return withSideEffects(plan(s.roles, cat, s.path, string(text), names), text)
}

// meanings looks up what the names in p's text stand for. ran tells the same things from others of these names later.
func (s *session) meanings(p planned) (names sql.Names, ran []any, err error) {
	if err := s.quiet(); err != nil {
		return names, nil, err
	}
	names = sql.Names{Statements: map[string]*sql.Statement{}, Cursors: map[string]*sql.Statement{}}
	own := map[string]bool{} // what the text itself prepares
	for i := range p.Statements {
		st := p.Statements[i].Statement
		if st == nil {
			continue
		}
		for _, name := range st.Runs {
			name = meant(name)
			stmt, _ := s.ledger.statement([]byte(name), s.batch)
			po, _ := s.ledger.portal([]byte(name), s.batch)
			if st.Arguments && stmt == nil && !own[name] && !s.ledger.plainName(name) {
				return names, nil, s.noSuch(name)
			}
			if stmt != nil {
				kept, err := s.keptStatement(name, stmt)
				if err != nil {
					return names, nil, err
				}
				if kept != nil {
					names.Statements[name], ran = kept, append(ran, stmt)
				}
			}
			if kept := keptCursor(name, po); kept != nil {
				names.Cursors[name], ran = kept, append(ran, po)
			}
		}
		if st.Stored != nil {
			own[st.Stored.Name] = true
		}
	}
	return names, ran, nil
}

// noSuch is why EXECUTE of a name without meaning is not for the server: its arguments may be values of a protected column.
func (s *session) noSuch(name string) *sql.Refusal {
	switch {
	case s.unmade[name]:
		return refusalUnmade
	case s.transaction() == 'E' && !s.ended:
		return refusalAborted
	}
	return refusalNoSuch
}

// keptStatement is the analysis of a prepared statement as it is now, nil when it touches nothing sensitive.
func (s *session) keptStatement(name string, st *statement) (*sql.Statement, error) {
	p, err := s.revalidate([]byte(name), st)
	if err != nil || p.plain(0) {
		return nil, err
	}
	if st.kept != nil {
		return st.kept, nil
	}
	return sql.Kept(name, p.Statements[0].Statement, st.declared), nil
}

// keptCursor is the analysis of a portal, nil when it touches nothing sensitive.
func keptCursor(name string, po *portal) *sql.Statement {
	switch {
	case po == nil:
		return nil
	case po.kept != nil:
		return po.kept
	case po.plan.plain(0):
		return nil
	}
	return sql.KeptCursor(name, po.plan.Statements[0].Statement)
}

// stillRuns refuses to execute a portal whose text runs something by name, if the name has come to mean something else since Bind.
func (s *session) stillRuns(p planned) error {
	if !s.naming || !p.byName() {
		return nil
	}
	_, ran, err := s.meanings(p)
	if err != nil {
		return err
	}
	if len(ran) != len(p.ran) {
		return refusalReplan
	}
	for i := range ran {
		if ran[i] != p.ran[i] {
			return refusalReplan
		}
	}
	return nil
}

// revalidateKept is revalidate of a statement that SQL prepared: the server, too, analyses it again.
func (s *session) revalidateKept(st *statement, w *World, cat *sql.Catalog) (planned, error) {
	old := st.plan
	if old.Plan != nil && old.world == w && old.catalog == cat && !pathDependent(old.Plan) && old.path == s.pathID && !s.pathVolatile {
		return old, nil
	}
	p, err := s.planAgain(st)
	if err != nil {
		return planned{}, err
	}
	if len(p.Statements) != 1 || !sameKept(st.kept, p.Statements[0].Statement) {
		return planned{}, refusalReplan
	}
	st.kept = p.Statements[0].Statement
	p.Plan = p.world.Policy.PlanStored(s.roles, p.catalog, s.path, st.kept)
	if p.Refusal != nil {
		return planned{}, withoutPlace(p.Refusal)
	}
	st.plan = p
	return p, nil
}

func withoutPlace(r *sql.Refusal) *sql.Refusal {
	c := *r
	c.At = -1
	return &c
}

// sameKept reports whether the text that the server was sent for a is also what b asks for; the two stand at different places of
// their texts.
func sameKept(a, b *sql.Statement) bool {
	if b == nil || b.Stored == nil || len(a.Edits) != len(b.Edits) || len(a.Withheld) != len(b.Withheld) || len(a.Literals) != len(b.Literals) ||
		!reflect.DeepEqual(a.Stored.Params, b.Stored.Params) || a.Sensitive != b.Sensitive {
		return false
	}
	by := b.At.Start - a.At.Start
	moved := func(s sql.Span) sql.Span { return sql.Span{Start: s.Start + by, End: s.End + by} }
	for i, e := range a.Edits {
		if e.At = moved(e.At); e != b.Edits[i] {
			return false
		}
	}
	for i, e := range a.Withheld {
		if e.At = moved(e.At); e != b.Withheld[i] {
			return false
		}
	}
	for i, l := range a.Literals {
		if l.At = moved(l.At); !reflect.DeepEqual(l, b.Literals[i]) {
			return false
		}
	}
	return true
}

// cursor is a portal that SQL declared, ready to be executed by a message: judged by the policy of now, its rows in text form.
func (s *session) cursor(po *portal) (*portal, error) {
	w := s.server.world.Load()
	s.enter(w)
	if po.plan.Plan != nil && po.plan.world == w {
		return po, nil
	}
	cat, err := s.catalog(w)
	if err != nil {
		return nil, err
	}
	p := planned{Plan: w.Policy.PlanStored(s.roles, cat, s.path, po.kept), world: w, catalog: cat}
	if p.Refusal != nil {
		return nil, withoutPlace(p.Refusal)
	}
	out := &portal{stmt: &statement{plan: p}, plan: p, batch: po.batch, kept: po.kept, hold: po.hold, certain: true}
	out.shape, err = s.server.newRowShape(p, p.Statements[0].Results, nil, nil)
	return out, err
}

// readyPortal is portal, with what SQL declared made ready.
func (s *session) readyPortal(name []byte) (*portal, error) {
	po, err := s.portal(name)
	if err != nil || po == nil || po.kept == nil {
		return po, err
	}
	return s.cursor(po)
}

// keep follows a statement that is complete: what it stores has a name now, and what it forgets has none. It is called by the outbound loop.
func (s *session) keep(r *run) {
	judged := r.statement()
	if judged == nil || judged.Statement == nil {
		return
	}
	st := judged.Statement
	if st.Temporary != nil {
		s.temporaries.add(st.Temporary)
	}
	if f := st.Forgets; f != (sql.Forgets{}) {
		s.ledger.forgetNames(f)
	}
	k := st.Stored
	if k == nil {
		return
	}
	name := meant(k.Name)
	switch {
	case k.Cursor && keeps(st):
		s.ledger.keepPortal(name, &portal{kept: st, hold: k.Hold, certain: true})
	case k.Cursor:
		s.ledger.keepPortal(name, nil)
	case keeps(st):
		text := r.text[st.At.Start:st.At.End]
		s.ledger.keepStatement(name, &statement{text: text, escaping: r.plan.escaping && sql.Escapes([]byte(text)), declared: k.Types, kept: st, certain: true})
	default:
		s.ledger.keepStatement(name, nil)
		s.ledger.keepPlain(name)
	}
}

// keepPlain notes the name of a statement that touches nothing sensitive, which SQL has prepared.
func (l *ledger) keepPlain(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.plain == nil {
		l.plain = map[string]bool{}
	}
	l.plain[name] = true
}

// plainName reports whether SQL has prepared a statement of this name that touches nothing sensitive.
func (l *ledger) plainName(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.plain[meant(name)]
}

// keepStatement gives a name its meaning, as of the first answer owed; what is owed behind it may have given it another one already.
func (l *ledger) keepStatement(name string, st *statement) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.plain, name)
	for i := l.first + 1; i < len(l.queue); i++ {
		if changes, _ := l.queue[i].changes(); changes && l.queue[i].name == name {
			l.queue[i].oldStmt = st
			return
		}
	}
	l.setStatement(name, st)
}

// keepPortal is keepStatement for portals.
func (l *ledger) keepPortal(name string, po *portal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := l.first + 1; i < len(l.queue); i++ {
		if _, changes := l.queue[i].changes(); changes && l.queue[i].name == name {
			l.queue[i].oldPortal = po
			return
		}
	}
	l.setPortal(name, po)
}

// forgetNames drops what DEALLOCATE, CLOSE or DISCARD ALL took away.
func (l *ledger) forgetNames(f sql.Forgets) {
	if f.Statement != "" {
		l.keepStatement(meant(f.Statement), nil)
	}
	if f.Cursor != "" {
		l.keepPortal(meant(f.Cursor), nil)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if f.AllStatements {
		l.plain = nil
	}
	if !f.AllCursors {
		return
	}
	for name, po := range l.portals {
		if po.certain {
			l.setPortal(name, nil)
		}
	}
}

// refusedBy is err as a refusal, nil if it is none.
func refusedBy(err error) *sql.Refusal {
	var refusal *sql.Refusal
	if errors.As(err, &refusal) {
		return refusal
	}
	return nil
}

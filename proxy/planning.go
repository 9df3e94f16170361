package proxy

import (
	"errors"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
	"unsafe"

	"go.uber.org/zap"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/metrics"
)

// plan judges one text. A refusal comes back as an error of type *sql.Refusal.
func (s *session) plan(text []byte) (planned, error) {
	w := s.server.world.Load()
	s.enter(w)
	cat, err := s.cat, error(nil)
	if cat == nil || !control(text) && !(s.inBatch && begins(text)) {
		if cat, err = s.catalog(w); err != nil {
			return planned{}, err
		}
	}
	concern := w.Policy.Concern(s.roles, cat, unsafe.String(unsafe.SliceData(text), len(text)))
	if concern == policy.Analysed {
		known := cat
		if s.plainDDL {
			cat, err = s.catalogAfterDDL(w)
		} else {
			cat, err = s.catchUp(w, cat, false)
		}
		if err != nil {
			return planned{}, err
		}
		if cat != known {
			concern = w.Policy.Concern(s.roles, cat, unsafe.String(unsafe.SliceData(text), len(text)))
		}
	}
	if concern == policy.Reading {
		if cat, err = s.unhidden(w, cat); err != nil {
			return planned{}, err
		}
	}
	if s.unsure() && cat.MayTouch(string(text)) {
		if err := s.makeSure(); err != nil {
			return planned{}, err
		}
	}
	if again, err := s.lookForMissing(cat, text); err != nil {
		return planned{}, err
	} else if again {
		return s.planAnew(text)
	}
	if concern != policy.Analysed && s.mayName(text) {
		if err := s.sureOfNames(text); err != nil {
			return planned{}, err
		}
		if p := s.judgeNamed(w, cat, text, sql.Names{}); p.Allowed {
			if err := s.takenBack(p, string(text)); err != nil {
				return planned{}, err
			}
			return planned{Plan: p, world: w, catalog: cat, path: s.pathID, escaping: s.escapes(text)}, nil
		}
	}
	if concern == policy.Unread && (!s.privileged || s.odd.Load()) {
		return planned{Plan: s.unread(cat, text), world: w, catalog: cat, escaping: s.escapes(text)}, nil
	}
	if concern == policy.Reading {
		return s.planReading(w, cat, text)
	}
	p := s.judge(w, cat, text, concern)
	if pathDependent(p) || concern != policy.Unread && sql.Escapes(text) {
		// Only the server knows what functions have done to search_path, and to the settings that say what a backslash is.
		if err := s.readState(); err != nil {
			return planned{}, err
		}
		p = s.judge(w, cat, text, concern)
	}
	if p.Refusal != nil {
		if fresh, err := s.freshCatalog(w, cat); err != nil {
			return planned{}, err
		} else if fresh != cat {
			return s.plan(text) // once: it is fresh then
		}
		if err := inPieces(p, string(text)); err != nil {
			return planned{}, err
		}
	}
	if err := s.takenBack(p, string(text)); err != nil {
		return planned{}, err
	}
	s.notes(p)
	s.gives(p)
	pl, err := s.named(planned{Plan: p, world: w, catalog: cat, path: s.pathID, escaping: s.escapes(text)}, text)
	if err != nil {
		return planned{}, err
	}
	if p = pl.Plan; p.Refusal != nil {
		s.noteUnmade(p)
		return planned{}, at(p.Refusal, string(text))
	}
	if !p.Allowed {
		return planned{}, &sql.Refusal{Code: "PV100", SQLSTATE: "0A000", Message: "the statement was not understood", At: -1}
	}
	if again, err := s.lookForUnknown(p, text); err != nil {
		return planned{}, err
	} else if again {
		return s.planAnew(text)
	}
	return s.withDefaults(pl), nil
}

// judge is the policy's plan for text under the search path as it is known, from the cache if it is there. concern is that of the text.
func (s *session) judge(w *World, cat *sql.Catalog, text []byte, concern policy.Concern) *policy.Plan {
	key := policy.CacheKey{Roles: s.roles, Policy: w.Policy, Catalog: cat, Path: s.pathID, Escaping: s.escapes(text)}
	lifted := !key.Escaping && concern == policy.Analysed && s.hasSkeleton(text)
	if lifted {
		if p, ok := s.skeletonPlan(key, text); ok {
			return p
		}
	}
	p, ok := s.server.plans.Get(key, text)
	if !ok {
		plan := w.Policy.Plan
		if key.Escaping {
			plan = w.Policy.PlanEscaping
		}
		p = withKeepsNames(withSideEffects(plan(s.roles, cat, s.path, string(text)), text), cat, text)
		if !lifted || !s.keepSkeleton(key, text, p) {
			s.server.plans.Put(key, string(text), p)
		}
	}
	return p
}

// withSideEffects notes in a new plan what its text may do to the session.
func withSideEffects(p *policy.Plan, text []byte) *policy.Plan {
	e := sideEffects(text)
	p.ChangesSettings, p.EndsTransaction = e.settings, e.ends
	p.ChangesPath = p.ChangesPath || e.path
	p.OwnSchema = p.OwnSchema || !p.ChangesSchema && e.own
	p.ChangesSchema = p.ChangesSchema || e.schema
	return p
}

// takenBack is why a text is carried out in pieces in which a transaction ends, and with it what SET LOCAL did, before protected values are
// shown or read; nil for all others.
func (s *session) takenBack(p *policy.Plan, text string) error {
	if !s.settingsOpen || !p.EndsTransaction || len(p.Statements) < 2 {
		return nil
	}
	all := make([]*sql.Statement, len(p.Statements))
	ended, found := false, -1
	for i := range p.Statements {
		st := p.Statements[i].Statement
		if all[i] = st; st == nil {
			return nil // read by nobody: it touches nothing
		}
		if ended && found < 0 && st.Sensitive && st.Refusal == nil {
			found = st.At.Start
		}
		switch st.Verb {
		case "commit", "rollback", "rollback to", "prepare transaction":
			ended = true
		}
	}
	if found < 0 {
		return nil
	}
	refusal := sql.RefusalSettings(found)
	pieces, other := sql.AllPieces(all)
	if other != nil {
		return at(other, text)
	}
	return &severalTexts{refusal: at(refusal, text), pieces: pieces}
}

// pathDependent reports whether under another search path the text could mean something else that matters.
func pathDependent(p *policy.Plan) bool {
	for i := range p.Statements {
		if st := p.Statements[i].Statement; st != nil && st.PathDependent {
			return true
		}
	}
	return false
}

// noteUnmade remembers the PREPAREs of a refused text.
func (s *session) noteUnmade(p *policy.Plan) {
	for i := range p.Statements {
		if st := p.Statements[i].Statement; st != nil && st.Makes != "" && len(s.unmade) < maxUnmade {
			if s.unmade == nil {
				s.unmade = map[string]bool{}
			}
			s.unmade[meant(st.Makes)] = true
		}
	}
}

// maxUnmade bounds what noteUnmade remembers.
const maxUnmade = 1000

// at turns a refusal's byte offset into one in characters, while the text is at hand.
func at(r *sql.Refusal, text string) *sql.Refusal {
	c := *r
	if r.At >= 0 && r.At <= len(text) {
		c.At = utf8.RuneCountInString(text[:r.At])
	}
	c.Tell(text)
	return &c
}

// enter follows a change of world: the subject's roles may be others.
func (s *session) enter(w *World) {
	if s.world != w {
		s.world = w
		s.roles = w.Policy.RolesOf(s.subject)
		s.privileged = w.Policy.Privileged(s.roles)
		s.standing.Store(&standing{world: w, roles: s.roles})
		s.cat = nil
		s.ddlOpen = s.ddlOpen || s.ddlInTransaction
	}
}

// unsure reports whether the session's settings or search path may not be what they are believed to be.
func (s *session) unsure() bool {
	return !s.pathKnown || s.pathVolatile || s.settling || s.odd.Load()
}

// makeSure waits for settings that are on their way, refuses under settings in which text can't be read, and reads what the server
// does not report by itself if it may have changed.
func (s *session) makeSure() error {
	changing := s.settling || s.pathVolatile
	if changing || !s.pathKnown {
		if err := s.quiet(); err != nil {
			return err
		}
	}
	switch {
	case s.odd.Load():
		return refusalSettings
	case s.pathKnown && !changing:
		return nil
	case s.inBatch: // the status that the server reported last is that before the batch
	case s.transaction() == 'E' && s.pathKnown:
		return nil // the server will refuse whatever it is
	case s.transaction() == 'E':
		return refusalAborted
	}
	return s.readState()
}

// stateSettings are what reading text and values depends on. The server does not report bytea_output and extra_float_digits by itself, and the others only
// before ReadyForQuery (ReportChangedGUCOptions, src/backend/tcop/postgres.c): within a batch it must be asked.
var stateSettings = [...]string{"bytea_output", "extra_float_digits", "DateStyle", "TimeZone", "IntervalStyle", "client_encoding", "standard_conforming_strings"}

// stateQuery reads what text means in the session: the search path, the role, stateSettings, and that it is still the same session.
var stateQuery = sql.PathQuery + ", pg_catalog.pg_backend_pid(), pg_catalog.current_setting('" + strings.Join(stateSettings[:], "'), pg_catalog.current_setting('") + "')"

func (s *session) readState() error {
	rows, err := s.ask(stateQuery)
	if err != nil {
		return s.asked(err)
	}
	if len(rows) != 1 || len(rows[0]) != 3+len(stateSettings) {
		return refusalCatalog
	}
	if err := s.stays(rows[0][2]); err != nil {
		return err
	}
	path, err := sql.ParsePath(rows[0][0])
	if err != nil {
		return s.unreadable(err)
	}
	for i, name := range stateSettings {
		v := string(rows[0][3+i])
		switch {
		case oddEncoding(name, v):
			s.settling = true // until the server reports it
			return refusalSettings
		case name == stringsSetting:
			s.oldStrings.Store(v != "on")
			continue
		}
		if err := s.set(name, v); err != nil {
			s.log.Debug("a setting that values may need is not understood", zap.Error(err))
		}
	}
	s.path, s.pathID, s.pathKnown, s.settling = path, strings.Join(path, "\x00"), true, false
	open := s.transaction() != 'I' || s.inBatch
	s.pathVolatile, s.settingsOpen = s.pathVolatile && open, s.settingsOpen && open
	return nil
}

// asked says what becomes of the client's message when a statement of ours has failed.
func (s *session) asked(err error) error {
	var q *innerError
	if !errors.As(err, &q) {
		return err
	}
	s.server.metrics.UpstreamError(metrics.StageCatalog)
	s.log.Warn("catalog query failed", zap.Error(err))
	if s.ledger.dropping() {
		return errDropped
	}
	if q.sqlstate == refusalAborted.SQLSTATE {
		return refusalAborted
	}
	return refusalCatalog
}

// catalog is the database's catalog as this session sees it: its own while it has uncommitted changes of schema, the shared
// one otherwise.
//
// It isn't read for its age alone in the middle of a transaction, which would wait for locks and fail with it, nor of a batch: a
// statement of the proxy's own makes the server take that for a pipeline, in which VACUUM and its like are errors.
func (s *session) catalog(w *World) (*sql.Catalog, error) {
	if w.nothing != nil {
		s.cat, s.ddlOpen, s.plainDDL, s.ddlInTransaction = w.nothing, false, false, false
		s.latest.Store(s.cat)
		return s.cat, nil
	}
	shared := s.server.catalogs
	if s.ddlOpen {
		return s.catalogAfterDDL(w)
	}
	if s.temporaries.any() {
		return s.ownCatalog(w)
	}
	if s.ddlInTransaction {
		return s.cat, nil
	}
	if generation := shared.generation.Load(); s.cat == nil || s.generation != generation || s.now().After(s.catUntil) && !s.inBatch && s.transaction() == 'I' {
		cat, due, err := shared.current(s.source, w, s.now())
		if err != nil {
			return nil, s.unreadable(err)
		}
		if due {
			if cat, err = s.readCatalog(w, cat); err != nil {
				return nil, err
			}
		}
		s.keepCatalog(cat)
	}
	s.latest.Store(s.cat)
	return s.cat, nil
}

// recheck is how long a session goes on without looking whether the shared catalog is due.
const recheck = 200 * time.Millisecond

// readCatalog reads the shared catalog again. Where that fails, an old one goes on serving: names that it does not know are
// caught by the server's own description of the result, and by the guard constraint.
func (s *session) readCatalog(w *World, old *sql.Catalog) (*sql.Catalog, error) {
	if s.transaction() == 'E' && old != nil && !s.ledger.owed() {
		s.server.catalogs.unread(s.source, time.Time{})
		return old, nil
	}
	changes := s.server.catalogs.changes(s.source)
	read, err := s.reading(w, old != nil)
	for again := 0; again < 3 && old == nil && errors.Is(err, refusalCatalog) && s.transaction() == 'I' && !s.inBatch; again++ {
		read, err = s.reading(w, false) // what others drop while it is read makes a reading fail
	}
	if err != nil {
		s.server.catalogs.unread(s.source, s.now())
		if old != nil && !s.ledger.dropping() && !errors.Is(err, errSessionEnded) {
			return old, nil
		}
		return nil, err
	}
	if old != nil && (s.transaction() != 'I' || s.inBatch) {
		cat, err := s.server.catalogs.within(s.source, w, read)
		if err != nil {
			return nil, s.unreadable(err)
		}
		return cat, nil
	}
	cat, err := s.server.catalogs.publish(s.source, w, read, changes, s.now())
	if err != nil {
		return nil, s.unreadable(err)
	}
	if cat != old {
		s.server.plans.Forget(old)
		for _, m := range cat.Moves() {
			s.log.Warn(m.String())
		}
	}
	return cat, nil
}

// unreadable logs why the server's answer to a statement of ours can't be used, and gives what the client is told.
func (s *session) unreadable(err error) error {
	s.server.metrics.UpstreamError(metrics.StageCatalog)
	s.log.Error("the server's catalog can't be understood", zap.Error(err))
	return refusalCatalog
}

// catalogAfterDDL waits for the change of schema to be done and reads what is there now.
func (s *session) catalogAfterDDL(w *World) (cat *sql.Catalog, err error) {
	if err := s.quiet(); err != nil {
		return nil, err
	}
	if s.ddlInTransaction {
		s.server.plans.Forget(s.cat) // nobody else has it
	}
	s.ddlOpen, s.ddlInTransaction, s.plainDDL = false, false, false
	defer func() { s.ddlOpen = s.ddlOpen || err != nil }()
	if s.temporaries.any() {
		if s.restless {
			s.server.catalogs.outdate(s.source)
		}
		if s.transaction() != 'T' && !s.inBatch {
			s.restless = false
		}
		return s.readOwn(w)
	}
	if s.restless {
		s.server.catalogs.outdate(s.source)
	}
	if s.transaction() != 'T' && !s.inBatch {
		calm := !s.restless
		s.cat, s.restless = nil, false
		cat, err := s.catalog(w)
		if err != nil || !calm {
			return cat, err
		}
		return s.catchUp(w, cat, true)
	}
	// What this transaction sees is nobody else's business yet.
	read, err := s.reading(w, false)
	if err != nil {
		return nil, err
	}
	cat, err = read.catalog(w.Spec)
	if err != nil {
		return nil, s.unreadable(err)
	}
	s.cat, s.ddlInTransaction = cat, true
	return cat, nil
}

// effects notes what a statement that is about to be sent may change.
func (s *session) effects(p *policy.Plan) {
	switch {
	case !p.ChangesSchema:
	case p.OwnSchema:
		s.ddlOpen = true
	case p.Plain || p.KeepsNames:
		s.plainDDL, s.restless = true, s.restless || !p.KeepsNames
	default:
		s.ddlOpen, s.restless = true, true
	}
	if p.ChangesPath {
		s.pathVolatile = true
	}
	if p.ChangesSettings {
		s.settling, s.settingsOpen = true, true
	}
	if p.EndsTransaction {
		if s.settingsOpen {
			s.settling, s.settingsOpen = true, false
		}
		s.ddlOpen = s.ddlOpen || s.ddlInTransaction
	}
}

// revert notes that the batch's own transaction, if it has one, ends: it takes back settings of which the server, that has not told of them,
// says nothing.
func (s *session) revert() {
	if s.settingsOpen && (s.transaction() == 'I' || s.ended) {
		s.settling = true
	}
}

// revalidate gives the plan for another execution of a prepared statement: the one it was prepared with, or a new one of the
// same shape if policy, schema or search path have changed since.
func (s *session) revalidate(name []byte, st *statement) (planned, error) {
	w := s.server.world.Load()
	s.enter(w)
	if st.kept == nil && st.plan.Plain && st.plan.world == w && (control([]byte(st.text)) || s.inBatch && begins([]byte(st.text))) {
		return st.plan, nil
	}
	cat, err := s.catalog(w)
	if err != nil {
		return planned{}, err
	}
	old := st.plan
	if st.kept != nil || !old.Plain {
		if cat, err = s.catchUp(w, cat, false); err != nil {
			return planned{}, err
		}
	}
	if (st.kept != nil || !old.Plain) && s.unsure() {
		if err := s.makeSure(); err != nil {
			return planned{}, err
		}
	}
	if st.kept != nil {
		return s.revalidateKept(st, w, cat)
	}
	if old.world == w && old.catalog == cat && !pathDependent(old.Plan) && !(s.naming && old.byName()) && (old.Plain || old.path == s.pathID && !s.pathVolatile) {
		return old, nil
	}
	p, err := s.planAgain(st)
	if err != nil {
		return planned{}, err
	}
	if old.plain(0) && p.plain(0) && !reflect.DeepEqual(old.Edits, p.Edits) {
		if s.transaction() == 'E' {
			return old, nil // the server will refuse whatever it is
		}
		return p, s.prepareAgain(name, st, p)
	}
	if !sameShape(old, p) {
		return planned{}, refusalReplan
	}
	st.plan = p
	return p, nil
}

// sameShape reports whether the text that the server has prepared under a is also what b asks for. What a text runs by name may have come to
// touch something sensitive, or ceased to: that alone changes no text.
func sameShape(a, b planned) bool {
	return a.Plan == b.Plan || (a.Plain == b.Plain || a.byName()) && reflect.DeepEqual(a.Edits, b.Edits) &&
		reflect.DeepEqual(a.Params, b.Params) && reflect.DeepEqual(a.Literals, b.Literals)
}

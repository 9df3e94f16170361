package proxy

import (
	"unicode/utf8"
	"unsafe"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
)

// plan judges one text. A refusal comes back as an error of type *sql.Refusal.
func (s *session) plan(text []byte) (planned, error) {
	w := s.server.world.Load()
	s.enter(w)
	cat, concern, err := s.concern(w, text)
	if err != nil {
		return planned{}, err
	}
	if again, err := s.lookForMissing(cat, text); err != nil {
		return planned{}, err
	} else if again {
		return s.planAnew(text)
	}
	if concern != policy.Analysed && s.mayName(text) {
		if p, ok, err := s.planOfNames(w, cat, text); ok || err != nil {
			return p, err
		}
	}
	switch {
	case concern == policy.Unread && (!s.privileged || s.odd.Load()):
		return planned{Plan: s.unread(cat, text), world: w, catalog: cat, escaping: s.escapes(text)}, nil
	case concern == policy.Reading:
		return s.planReading(w, cat, text)
	}
	return s.planAnalysed(w, cat, text, concern)
}

// concern is how much of a text has to be known, by a catalog and settings that are good enough for it.
func (s *session) concern(w *World, text []byte) (*sql.Catalog, policy.Concern, error) {
	cat, err := s.cat, error(nil)
	if cat == nil || !control(text) && !(s.inBatch && begins(text)) {
		if cat, err = s.catalog(w); err != nil {
			return nil, 0, err
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
			return nil, 0, err
		}
		if cat != known {
			concern = w.Policy.Concern(s.roles, cat, unsafe.String(unsafe.SliceData(text), len(text)))
		}
	}
	if concern == policy.Reading {
		if cat, err = s.unhidden(w, cat); err != nil {
			return nil, 0, err
		}
	}
	if s.unsure() && cat.MayTouch(string(text)) {
		if err := s.makeSure(); err != nil {
			return nil, 0, err
		}
	}
	return cat, concern, nil
}

// planOfNames is the plan of a text that touches nothing sensitive but by what it runs by name, if it is one.
func (s *session) planOfNames(w *World, cat *sql.Catalog, text []byte) (pl planned, ok bool, err error) {
	if err := s.sureOfNames(text); err != nil {
		return planned{}, false, err
	}
	p := s.judgeNamed(w, cat, text, sql.Names{})
	if !p.Allowed {
		return planned{}, false, nil
	}
	if err := s.takenBack(p, text); err != nil {
		return planned{}, false, err
	}
	return s.planned(p, w, cat, text), true, nil
}

func (s *session) planned(p *policy.Plan, w *World, cat *sql.Catalog, text []byte) planned {
	return planned{Plan: p, world: w, catalog: cat, path: s.pathID, escaping: s.escapes(text)}
}

// planAnalysed is the plan of a text that the policy has to judge.
func (s *session) planAnalysed(w *World, cat *sql.Catalog, text []byte, concern policy.Concern) (planned, error) {
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
	if err := s.takenBack(p, text); err != nil {
		return planned{}, err
	}
	s.notes(p)
	s.gives(p)
	pl, err := s.named(s.planned(p, w, cat, text), text)
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
func (s *session) takenBack(p *policy.Plan, text []byte) error {
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
		return at(other, string(text))
	}
	return &severalTexts{refusal: at(refusal, string(text)), pieces: pieces}
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

package proxy

import (
	"errors"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/wire"
)

// planReading plans a text that touches nothing sensitive but reads the system catalogs. Where it can't be understood it is sent as it is.
func (s *session) planReading(w *World, cat *sql.Catalog, text []byte) (planned, error) {
	plain := planned{Plan: s.unread(cat, text), world: w, catalog: cat}
	if s.odd.Load() || s.transaction() == 'E' {
		return plain, nil
	}
	if s.unsure() || sql.Escapes(text) {
		var refusal *sql.Refusal
		if err := s.makeSure(); errors.As(err, &refusal) {
			return plain, nil
		} else if err != nil {
			return planned{}, err
		}
	}
	p := s.judge(w, cat, text, policy.Reading)
	if pathDependent(p) {
		var refusal *sql.Refusal
		if err := s.readState(); errors.As(err, &refusal) {
			return plain, nil
		} else if err != nil {
			return planned{}, err
		}
		p = s.judge(w, cat, text, policy.Reading)
	}
	return s.withDefaults(s.planned(p, w, cat, text)), nil
}

// unhidden is the catalog for a text that reads the system catalogs: a relation of the user's may have taken a name of one of these, by
// data definition after which others need not look again. Such a text is never refused, so an old catalog will do where none can be read.
func (s *session) unhidden(w *World, cat *sql.Catalog) (*sql.Catalog, error) {
	if !s.plainDDL || !s.restless || s.transaction() == 'E' {
		return cat, nil
	}
	fresh, err := s.catalogAfterDDL(w)
	var refusal *sql.Refusal
	if errors.As(err, &refusal) {
		return cat, nil
	}
	return fresh, err
}

// prepareAgain has the server prepare, under the client's name for it, the text that a new plan asks for. The answers are the
// proxy's own, but for an error.
func (s *session) prepareAgain(name []byte, st *statement, p planned) error {
	if err := s.quiet(); err != nil {
		return err
	}
	text, err := s.seal.rewrite(p, st.text, s.settings.Load())
	if err != nil {
		return err
	}
	st.plan, st.edits, st.shape = p, newPositions(p.Plan, st.text, text), nil
	q := &inner{inBatch: true, steps: 2, done: make(chan struct{})}
	s.inBatch = true
	for _, k := range []kind{kindClose, kindParse} {
		if !s.ledger.owe(answer{kind: k, inner: q}) {
			return errDropped
		}
	}
	out, at := wire.Begin(nil, 'C')
	out = wire.End(wire.AppendCString(append(out, 'S'), string(name)), at)
	return s.up.Write(appendParse(out, string(name), text, st))
}

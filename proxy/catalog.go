package proxy

import (
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/metrics"
)

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
// caught by the server's own description of the result, and by the guard constraint. Not where the reading was cancelled, or has aborted
// the client's transaction: the statement for which it was done fails then.
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
		if old == nil || s.ledger.dropping() || errors.Is(err, errSessionEnded) || s.undone(err) {
			return nil, err
		}
		return old, nil
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

// undone reports whether a failed reading was cancelled, or has aborted the client's transaction.
func (s *session) undone(err error) bool {
	r := refusedBy(err)
	return r != nil && r.SQLSTATE == queryCanceled || r != refusalAborted && s.transaction() == 'E'
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

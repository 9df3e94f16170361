package proxy

import (
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
)

// temporaries are the session's temporary tables that have cells in them because a statement copied these there. No configuration names them, so
// the session has a catalog of its own as long as it has one (docs/adr/0021-temporary-tables.md).
type temporaries struct {
	mu   sync.Mutex
	made []*sql.Temporary // by statements that are complete and whose table was not looked for yet
	// doubtful: something has failed since, and may have taken away what was made, and brought back another table of that name.
	doubtful bool

	// The inbound loop's.
	sent  bool // a statement was sent that makes one, and nothing has been sent or looked for since
	bound map[uint32]*sql.BoundTemporary
	own   bool // the session's catalog has them
}

// add notes a table that a statement has made. It is called by the outbound loop.
func (t *temporaries) add(made *sql.Temporary) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.made = append(t.made, made)
}

// failed notes an error of the server's. It is called by the outbound loop.
func (t *temporaries) failed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.doubtful = len(t.made) > 0
}

// any reports whether there may be one.
func (t *temporaries) any() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.made) > 0 || len(t.bound) > 0
}

// find looks for what was made in what was read of the catalog, and with settled forgets what is gone for good.
func (t *temporaries) find(first []byte, settled bool) error {
	t.mu.Lock()
	made, doubtful := t.made, t.doubtful
	t.mu.Unlock()
	bound := maps.Clone(t.bound)
	if bound == nil {
		bound = map[uint32]*sql.BoundTemporary{}
	}
	if err := sql.BindTemporaries(first, made, bound, doubtful); err != nil {
		return err
	}
	if settled {
		if err := sql.PruneTemporaries(first, bound); err != nil {
			return err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.made, t.bound, t.sent, t.doubtful = t.made[len(made):], bound, false, false
	return nil
}

// makesTemporary reports whether a statement of the plan makes such a table.
func makesTemporary(p *policy.Plan) bool {
	return slices.ContainsFunc(p.Statements, func(st policy.StatementPlan) bool { return st.Statement != nil && st.Statement.Temporary != nil })
}

// lookForMade finds the temporary table that the latest statement has made, if it makes one, before anything else is sent: behind a ROLLBACK its
// name would be that of another table.
func (s *session) lookForMade() error {
	t := &s.temporaries
	if !t.sent {
		return nil
	}
	err := s.quiet()
	if err == nil && t.any() && (s.transaction() != 'E' || s.ended) {
		w := s.server.world.Load()
		s.enter(w)
		_, err = s.catalog(w)
	}
	switch {
	case err == nil:
		t.sent = false
	case errors.Is(err, errDropped):
	case refusedBy(err) != nil:
		t.failed()
	default:
		return err
	}
	return nil
}

// ownCatalog is the catalog of a session with temporary tables of that kind, read again if it may be out of date.
func (s *session) ownCatalog(w *World) (*sql.Catalog, error) {
	known := s.cat != nil && s.temporaries.own
	outside := s.transaction() == 'I' && !s.inBatch
	switch {
	case known && s.ddlInTransaction:
	case known && s.transaction() == 'E' && !s.ledger.owed():
	case known && s.generation == s.server.catalogs.generation.Load() && !(outside && s.now().After(s.catUntil)):
	default:
		return s.readOwn(w)
	}
	s.latest.Store(s.cat)
	return s.cat, nil
}

// readOwn reads the session's own catalog. What is there within a transaction is that transaction's: it is read again when that ends.
func (s *session) readOwn(w *World) (*sql.Catalog, error) {
	if err := s.quiet(); err != nil {
		return nil, err
	}
	all, database := s.server.catalogs, s.source
	generation, changes := all.generation.Load(), all.changes(database)
	outside := s.transaction() == 'I' && !s.inBatch
	first, err := s.readPart(sql.CatalogQuery, false)
	if err != nil {
		return nil, err
	}
	if err := s.temporaries.find(first, outside); err != nil {
		return nil, s.unreadable(err)
	}
	spec := w.Spec
	spec.Temporaries = s.temporaries.bound
	query, err := sql.Definitions(first, spec)
	if err != nil {
		return nil, s.unreadable(err)
	}
	definitions, err := s.readPart(query, false)
	if err != nil {
		return nil, err
	}
	cat, err := sql.NewCatalog(sql.Join(first, definitions), spec)
	if err != nil {
		return nil, s.unreadable(err)
	}
	s.cat, s.generation, s.seen = cat, generation, changes
	s.temporaries.own = len(spec.Temporaries) > 0
	if s.catUntil = s.now(); outside {
		s.catUntil = s.catUntil.Add(all.age)
	} else {
		s.ddlInTransaction = true
	}
	if !s.temporaries.own && outside {
		s.cat = nil // the shared one will do
		return s.catalog(w)
	}
	s.latest.Store(cat)
	return cat, nil
}

// catchUpOwn is catchUp of a session that has its own catalog.
func (s *session) catchUpOwn(w *World, cat *sql.Catalog) (*sql.Catalog, error) {
	all := s.server.catalogs
	if s.ddlInTransaction || all.lagging.Load() == 0 || all.changes(s.source) == s.seen {
		return cat, nil
	}
	return s.readOwn(w)
}

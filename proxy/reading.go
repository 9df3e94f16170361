package proxy

import (
	"github.com/pgveil/pgveil/policy/sql"
)

// reading is a catalog as a session has read it: in two parts, of which the second is asked for by what the first one says.
type reading struct {
	first, definitions []byte
	query              string         // asked for definitions
	part               *sql.FirstPart // first, if it had to be read for that
}

// catalog is what the reading makes; it is asked for once.
func (r *reading) catalog(spec sql.Spec) (*sql.Catalog, error) {
	if part := r.part; part != nil {
		r.part = nil
		return part.Catalog(r.definitions, spec)
	}
	return sql.NewCatalog(r.snapshot(), spec)
}

func (r *reading) snapshot() []byte {
	if r.definitions == nil {
		return r.first
	}
	return sql.Join(r.first, r.definitions)
}

// uncompiled keeps the server from compiling the query of the catalog (jit), which takes longer than running it. impatience makes a reading
// fail soon where somebody has locked a table, too: pg_get_viewdef and pg_get_constraintdef wait for it. They last for a transaction: our own, or
// one that is rolled back to where the client's stood (see aside).
const (
	uncompiled = "SELECT pg_catalog.set_config('jit', 'off', true)"
	impatience = uncompiled + ", pg_catalog.set_config('lock_timeout', '500ms', true)"
)

// reading reads the catalog as the session sees it. hasty says that there is an older one to go on with.
//
// What another session changes between the two parts is said to have changed when it is done (see catalogs.publish), as what it changes
// after them.
func (s *session) reading(w *World, hasty bool) (r reading, err error) {
	if err := s.quiet(); err != nil {
		return r, err
	}
	if r.first, err = s.readPart(sql.CatalogQuery, hasty); err != nil {
		return r, err
	}
	if r.query, r.part, err = s.server.catalogs.definitions(s.source, w, r.first); err != nil {
		return r, s.unreadable(err)
	}
	r.definitions, err = s.readPart(r.query, hasty)
	return r, err
}

// readPart asks for one row of one column.
func (s *session) readPart(query string, hasty bool) ([]byte, error) {
	texts := []string{query}
	switch {
	case s.inBatch: // a setting, and a failure, would be the client's too
	case hasty:
		texts = []string{impatience, query}
	default:
		texts = []string{uncompiled, query}
	}
	rows, err := s.aside(texts...)
	if err != nil {
		return nil, s.asked(err)
	}
	if len(rows) != len(texts) || len(rows[len(rows)-1]) != 1 {
		return nil, refusalCatalog
	}
	return rows[len(rows)-1][0], nil
}

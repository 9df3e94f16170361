package proxy

import (
	"time"

	"github.com/pgveil/pgveil/policy/sql"
)

// freshness is how old a catalog is before a refusal made with it is doubted: what the statement names may be newer.
const freshness = time.Second

// freshCatalog is the catalog that a statement about to be refused deserves: cat if it was read just now, or can't be read again without
// holding up a transaction or a batch; otherwise what the server has now.
func (s *session) freshCatalog(w *World, cat *sql.Catalog) (*sql.Catalog, error) {
	shared := s.server.catalogs
	if s.inBatch || s.transaction() != 'I' || s.ddlOpen || s.ddlInTransaction || s.temporaries.any() || !shared.doubted(s.source, s.now()) {
		return cat, nil
	}
	fresh, err := s.readCatalog(w, cat)
	if err != nil {
		return nil, err
	}
	s.keepCatalog(fresh)
	return fresh, nil
}

// doubted reports whether a catalog is old enough to be doubted and nobody is reading it; then the caller is to.
func (c *catalogs) doubted(database string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.of(database)
	if s.reading || now.Sub(s.read) < freshness {
		return false
	}
	s.reading = true
	return true
}

package proxy

import (
	"slices"
	"strings"
	"time"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/proxy/metrics"
)

// PlansInfo is what an operator sees of the plan cache and of the catalogs. It holds no text.
type PlansInfo struct {
	Entries  int    `json:"entries"`
	Bytes    int    `json:"bytes"` // by estimate
	MaxBytes int    `json:"max_bytes"`
	Hits     uint64 `json:"hits"`
	Misses   uint64 `json:"misses"`
	Evicted  uint64 `json:"evicted"`
	// PlanCatalogs is the number of catalogs that there are plans of: one a database and change of schema.
	PlanCatalogs int                 `json:"plan_catalogs"`
	Catalogs     []CatalogInfo       `json:"catalogs"`
	Latest       []policy.CachedPlan `json:"latest"` // some of those used latest
}

// CatalogInfo is what is known of a database's schema.
type CatalogInfo struct {
	Upstream string  `json:"upstream"`
	Database string  `json:"database"`
	Age      float64 `json:"age_seconds"` // since it was read
	Bytes    int     `json:"bytes"`       // of what was read
	Stale    bool    `json:"stale"`       // it is read again before it is next used
}

// Plans shows the plan cache, with at most about latest plans.
func (s *Server) Plans(latest int) PlansInfo {
	hits, misses := s.plans.Stats()
	entries, bytes := s.plans.Size()
	p := PlansInfo{Entries: entries, Bytes: bytes, MaxBytes: s.plans.Max(), Hits: hits, Misses: misses, Evicted: s.plans.Evictions(),
		PlanCatalogs: s.plans.Catalogs(), Catalogs: s.catalogs.infos(s.now()), Latest: s.plans.Look(latest, s.looks[:])}
	for i := range p.Latest {
		p.Latest[i].Verb = metrics.Verb(p.Latest[i].Verb)
	}
	slices.SortStableFunc(p.Latest, func(a, b policy.CachedPlan) int { return b.Bytes - a.Bytes })
	return p
}

func (c *catalogs) infos(now time.Time) []CatalogInfo {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := []CatalogInfo{}
	for source, s := range c.byDB {
		if s.catalog == nil {
			continue
		}
		host, database, _ := strings.Cut(source, "\x00")
		all = append(all, CatalogInfo{Upstream: host, Database: database, Age: now.Sub(s.read).Seconds(), Bytes: len(s.snapshot), Stale: s.stale})
	}
	slices.SortFunc(all, func(a, b CatalogInfo) int {
		return strings.Compare(a.Upstream+"\x00"+a.Database, b.Upstream+"\x00"+b.Database)
	})
	return all
}

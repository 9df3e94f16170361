package policy

import (
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/pgveil/pgveil/policy/sql"
)

// CacheKey is everything but the text that a plan depends on.
type CacheKey struct {
	Roles   RoleSet
	Policy  *Policy
	Catalog *sql.Catalog
	// Path is current_schemas(true) in a form that is equal for equal paths, for example joined.
	Path string
	// Skeleton: in place of the text stands its sql.Skeleton, and the plan is a template.
	Skeleton bool
	// Escaping: the plan is PlanEscaping's.
	Escaping bool
}

// Cache keeps plans by key and text. It is bounded by bytes, drops what was used least recently, and is safe for concurrent
// use. A hit allocates nothing. It holds texts as clients sent them, literals included, in memory only.
type Cache struct {
	seed   maphash.Seed
	shards [cacheShards]cacheShard

	mu       sync.Mutex
	catalogs []*sql.Catalog // of which there are plans, in the order of their first ones

	hits, misses, evictions atomic.Uint64
}

// cacheShards is a power of two; a shard has a lock of its own.
const cacheShards = 16

// maxCatalogs bounds the catalogs that plans keep in memory, which can be far larger than the plans: each change of schema makes one.
const maxCatalogs = 64

// NewCache makes a cache of at most maxBytes, by estimate; 0 or less makes one that keeps nothing.
func NewCache(maxBytes int) *Cache {
	c := &Cache{seed: maphash.MakeSeed()}
	for i := range c.shards {
		s := &c.shards[i]
		s.max = max(0, maxBytes) / cacheShards
		s.purge()
	}
	return c
}

// Get returns the plan that was put for exactly this key and text.
func (c *Cache) Get(key CacheKey, text []byte) (*Plan, bool) {
	h := maphash.Bytes(c.seed, text)
	s := &c.shards[h%cacheShards]
	s.mu.Lock()
	for e := s.table[h]; e != nil; e = e.chain {
		if e.key == key && e.text == string(text) {
			s.unlink(e)
			s.front(e)
			s.mu.Unlock()
			c.hits.Add(1)
			return e.plan, true
		}
	}
	s.mu.Unlock()
	c.misses.Add(1)
	return nil, false
}

// Put keeps a plan. A text of more than an eighth of what one of the cache's parts holds is not kept.
func (c *Cache) Put(key CacheKey, text string, p *Plan) {
	h := maphash.String(c.seed, text)
	s := &c.shards[h%cacheShards]
	e := &cached{hash: h, key: key, text: text, plan: p}
	e.size = len(text) + len(key.Path) + p.size() + int(unsafe.Sizeof(*e)) + 64 // 64: the map's share
	if e.size > s.max/8 {
		return
	}
	s.put(e, &c.evictions)
	c.note(key.Catalog)
}

func (s *cacheShard) put(e *cached, evictions *atomic.Uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := e.hash
	for old := s.table[h]; old != nil; old = old.chain {
		if old.key == e.key && old.text == e.text {
			s.remove(old)
			break
		}
	}
	e.chain = s.table[h]
	s.table[h] = e
	s.front(e)
	s.entries++
	s.bytes += e.size
	for s.bytes > s.max {
		s.remove(s.root.prev)
		evictions.Add(1)
	}
}

// note takes down that there are plans of a catalog; those of the one that has been there longest go if there are too many.
func (c *Cache) note(cat *sql.Catalog) {
	c.mu.Lock()
	var oldest *sql.Catalog
	if !slices.Contains(c.catalogs, cat) {
		c.catalogs = append(c.catalogs, cat)
		if len(c.catalogs) > maxCatalogs {
			oldest = c.catalogs[0]
		}
	}
	c.mu.Unlock()
	if oldest != nil {
		c.Forget(oldest)
	}
}

// Forget drops the plans of a catalog that has been replaced, so that it can be freed.
func (c *Cache) Forget(cat *sql.Catalog) {
	c.mu.Lock()
	at := slices.Index(c.catalogs, cat)
	if at >= 0 {
		c.catalogs = slices.Delete(c.catalogs, at, at+1)
	}
	c.mu.Unlock()
	if at < 0 {
		return
	}
	for i := range c.shards {
		c.shards[i].forget(cat)
	}
}

func (s *cacheShard) forget(cat *sql.Catalog) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for e := s.root.next; e != &s.root; {
		next := e.next
		if e.key.Catalog == cat {
			s.remove(e)
		}
		e = next
	}
}

// Purge forgets every plan: after a reload, so that what the old ones refer to can be freed.
func (c *Cache) Purge() {
	c.mu.Lock()
	c.catalogs = nil
	c.mu.Unlock()
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.purge()
		s.mu.Unlock()
	}
}

// Stats counts the calls of Get that found a plan and those that didn't, since the cache was made.
func (c *Cache) Stats() (hits, misses uint64) { return c.hits.Load(), c.misses.Load() }

// Evictions counts the plans dropped for want of room.
func (c *Cache) Evictions() uint64 { return c.evictions.Load() }

// Size is the number of plans kept and the bytes they are estimated to take.
func (c *Cache) Size() (entries, bytes int) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		entries += s.entries
		bytes += s.bytes
		s.mu.Unlock()
	}
	return entries, bytes
}

type cacheShard struct {
	mu      sync.Mutex
	table   map[uint64]*cached
	root    cached // of a ring: root.next was used last, root.prev longest ago
	entries int
	bytes   int
	max     int
}

type cached struct {
	hash       uint64
	key        CacheKey
	text       string
	plan       *Plan
	size       int
	chain      *cached // the next entry of the same hash
	prev, next *cached
}

func (s *cacheShard) purge() {
	s.table = map[uint64]*cached{}
	s.root.prev, s.root.next = &s.root, &s.root
	s.entries, s.bytes = 0, 0
}

func (s *cacheShard) front(e *cached) {
	e.prev, e.next = &s.root, s.root.next
	e.prev.next, e.next.prev = e, e
}

func (s *cacheShard) unlink(e *cached) { e.prev.next, e.next.prev = e.next, e.prev }

func (s *cacheShard) remove(e *cached) {
	s.unlink(e)
	s.entries--
	s.bytes -= e.size
	if s.table[e.hash] == e {
		if e.chain == nil {
			delete(s.table, e.hash)
		} else {
			s.table[e.hash] = e.chain
		}
		return
	}
	for at := s.table[e.hash]; at != nil; at = at.chain {
		if at.chain == e {
			at.chain = e.chain
			return
		}
	}
}

// size estimates the bytes that a plan holds, its analysis included.
func (p *Plan) size() int {
	n := int(unsafe.Sizeof(*p))
	for _, s := range p.Statements {
		n += int(unsafe.Sizeof(s)) + len(s.Results)*int(unsafe.Sizeof(Slot{})) +
			(len(s.Tables)+len(s.Columns))*int(unsafe.Sizeof(Verdict{})) + len(s.Refusals)*256
		if st := s.Statement; st != nil {
			n += int(unsafe.Sizeof(*st)) + len(st.Tables)*int(unsafe.Sizeof(sql.TableUse{})) +
				len(st.Columns)*int(unsafe.Sizeof(sql.ColumnUse{})) + len(st.Results)*int(unsafe.Sizeof(sql.Result{}))
		}
	}
	for _, l := range p.Literals {
		n += 2*int(unsafe.Sizeof(l)) + 2*len(l.Text)
	}
	for _, e := range p.Edits {
		n += 2*int(unsafe.Sizeof(e)) + len(e.Text)
	}
	return n + 2*len(p.Params)*int(unsafe.Sizeof(sql.Param{}))
}

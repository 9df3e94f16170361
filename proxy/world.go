package proxy

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pgveil/pgveil/crypto"
	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
)

// World is everything a statement is judged and carried out with. It is immutable; a reload swaps the pointer, and a
// statement uses one World from start to end.
type World struct {
	Policy  *policy.Policy
	Keyring *crypto.Keyring
	Spec    sql.Spec // the tables that Policy names are added by NewWorld

	// nothing is the catalog where no table matters, so that none has to be read; nil otherwise.
	nothing *sql.Catalog
}

// NewWorld checks that each protected column has its key and adds the policy's tables to the spec.
func NewWorld(p *policy.Policy, k *crypto.Keyring, spec sql.Spec) (*World, error) {
	protected := make(map[sql.TableName]map[string]sql.Protection, len(spec.Protected))
	for table, columns := range spec.Protected {
		protected[table] = make(map[string]sql.Protection, len(columns))
		for name, prot := range columns {
			if prot.Document != nil {
				var err error
				if prot.Document, err = withKeys(k, table, name, prot.Document); err != nil {
					return nil, err
				}
				protected[table][name] = prot
				continue
			}
			if err := keyed(k, &prot, fmt.Sprintf("column %s.%s", table, name)); err != nil {
				return nil, err
			}
			protected[table][name] = prot
		}
	}
	spec.Protected = protected
	w := &World{Policy: p, Keyring: k, Spec: p.Extend(spec)}
	if p.Indifferent() && len(protected) == 0 && len(w.Spec.Listed) == 0 && !w.Spec.AllListed {
		w.nothing = sql.EmptyCatalog(w.Spec)
	}
	return w, nil
}

// withKeys is a document with the numbers of its paths' keys.
func withKeys(k *crypto.Keyring, table sql.TableName, column string, d *sql.Document) (*sql.Document, error) {
	paths := append([]sql.DocumentPath(nil), d.Paths...)
	for i := range paths {
		if err := keyed(k, &paths[i].Protection, fmt.Sprintf("path %s of column %s.%s", paths[i], table, column)); err != nil {
			return nil, err
		}
	}
	return sql.NewDocument(paths), nil
}

// keyed gives p the number of its key, which must have been made for its search mode.
func keyed(k *crypto.Keyring, p *sql.Protection, what string) error {
	key, ok := k.Key(p.Key)
	if !ok {
		return fmt.Errorf("%s: there is no key %q; run pgveil keys init", what, p.Key)
	}
	if key.Mode() != ModeOf(p.Search, p.Normalize) {
		return fmt.Errorf("%s has search: %s, but key %q was made for another search mode; give it a new key", what, p.Search, p.Key)
	}
	p.ID = uint32(key.ID())
	return nil
}

// ModeOf is the cipher that a search mode needs; normalize is the steps after which values are also compared, empty for none.
func ModeOf(search sql.Search, normalize string) crypto.Mode {
	switch {
	case search == sql.SearchRange:
		return crypto.ModeOrdered
	case search == sql.SearchMatch:
		return crypto.ModeMatched
	case search == sql.SearchEquality && normalize != "":
		return crypto.ModeIndexed
	case search == sql.SearchEquality:
		return crypto.ModeEqual
	}
	return crypto.ModeRandom
}

// catalogs keeps the latest catalog of each database, shared by its sessions. Whichever session comes first after it has
// become old reads it again over its own connection.
type catalogs struct {
	age time.Duration
	// generation changes whenever a session must look again.
	generation atomic.Uint64
	lagging    atomic.Int32 // how many databases are behind

	mu   sync.Mutex
	byDB map[string]*shared
}

type shared struct {
	snapshot []byte // what the catalog was built from, kept for another World
	first    []byte // the part of it that was read first
	query    string // what world needs besides
	world    *World
	catalog  *sql.Catalog
	read     time.Time
	stale    bool
	reading  bool // a session is at it; others go on with what there is
	behind   bool // see lag
	strict   bool
	former   formerNames
	changes  uint64 // times that it was said to have changed: what was read before that does not settle it
}

func newCatalogs(age time.Duration) *catalogs {
	return &catalogs{age: age, byDB: map[string]*shared{}}
}

// current returns the catalog for w, nil when there is none. due is true for the one caller who should read it again.
func (c *catalogs) current(database string, w *World, now time.Time) (cat *sql.Catalog, due bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.of(database)
	if s.catalog == nil {
		return nil, true, nil
	}
	if s.world != w {
		if s.catalog, err = sql.NewCatalog(s.snapshot, w.Spec); err != nil {
			s.catalog = nil // it was read for other tables
			return nil, true, nil
		}
		s.world, s.stale, s.first = w, true, nil
	}
	if s.stale {
		return s.catalog, true, nil
	}
	if now.Sub(s.read) > c.age && !s.reading {
		s.reading = true
		return s.catalog, true, nil
	}
	return s.catalog, false, nil
}

// changes is what publish wants to know: how often the schema had been said to change before it was read.
func (c *catalogs) changes(database string) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.of(database).changes
}

// of is a database's entry; c.mu is held.
func (c *catalogs) of(database string) *shared {
	s := c.byDB[database]
	if s == nil {
		s = &shared{}
		c.byDB[database] = s
	}
	return s
}

// definitions is the query for what is needed besides the first part of a snapshot, and that part if it had to be read for that.
func (c *catalogs) definitions(database string, w *World, first []byte) (string, *sql.FirstPart, error) {
	c.mu.Lock()
	s := c.of(database)
	if s.world == w && s.first != nil && string(s.first) == string(first) {
		defer c.mu.Unlock()
		return s.query, nil, nil
	}
	c.mu.Unlock()
	part, err := sql.ReadFirst(first)
	if err != nil {
		return "", nil, err
	}
	return part.Definitions(w.Spec), part, nil
}

// publish takes what a session has read after there had been so many changes. An unchanged snapshot keeps the catalog and the
// plans made with it. What was read before the latest change is used and is still due.
func (c *catalogs) publish(database string, w *World, read reading, changes uint64, now time.Time) (*sql.Catalog, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.of(database)
	s.reading = false
	if snapshot := read.snapshot(); s.catalog == nil || s.world != w || string(s.snapshot) != string(snapshot) {
		cat, err := read.catalog(w.Spec)
		if err != nil {
			return nil, err
		}
		if s.world == w {
			s.replaced(s.catalog, cat)
		}
		s.catalog, s.world, s.snapshot = cat, w, snapshot
		c.generation.Add(1)
	}
	s.first, s.query = read.first, read.query
	if s.changes == changes {
		s.read, s.stale = now, false
		c.caughtUp(s)
	}
	return s.catalog, nil
}

// outdate says that the schema has changed.
func (c *catalogs) outdate(database string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.of(database)
	s.stale = true
	s.changes++
	c.generation.Add(1)
}

// expire makes one session read the catalog again; the others go on with the one there is.
func (c *catalogs) expire(database string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.of(database)
	s.read = time.Time{}
	s.changes++
}

// unread gives back what current asked for and could not be done. Unless tried is zero, it is due again an age later.
func (c *catalogs) unread(database string, tried time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.of(database)
	s.reading = false
	if !tried.IsZero() {
		s.read = tried
	}
}

package proxy

import (
	"bytes"
	"strings"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
)

// calm reports whether a text that changes the schema leaves what is sensitive under the names that cat knows, so that texts without any
// of these names may go on being forwarded unread. It is one statement of a kind that gives relations names only as written in it, and none
// of those names is one that matters (docs/adr/0018-reading-the-catalog.md).
func calm(cat *sql.Catalog, text []byte) bool {
	if cat == nil || !single(text) || !calmKind(text) {
		return false
	}
	t := string(text)
	// A guard makes a column known by its key; its CHECK has this function.
	return !strings.Contains(strings.ToLower(t), "octet_length") && !cat.Names(t) && !sql.NamesSystemCatalog(t)
}

// calmKind reports whether a text begins as a statement of one of the kinds that calm is about.
func calmKind(text []byte) bool {
	var buf [12]byte
	verb := string(firstWord(text, buf[:]))
	if verb != "create" && verb != "alter" && verb != "drop" {
		return verb == "comment" || verb == "grant" || verb == "revoke"
	}
	at := bytes.Index(bytes.ToLower(text), []byte(verb)) // in front of it are blanks and comments
	words := strings.Fields(strings.ToLower(string(text[at+len(verb) : min(len(text), at+len(verb)+80)])))
	for i, word := range words {
		switch word {
		case "or", "replace", "global", "local", "temp", "temporary", "unlogged", "unique", "recursive", "materialized":
			continue
		case "table", "index", "sequence", "view":
			return i < len(words)-1
		}
		return false
	}
	return false
}

// cascades reports whether a text may drop what it does not name.
func cascades(text []byte) bool { return strings.Contains(strings.ToLower(string(text)), "cascade") }

// lag says that the schema has changed in ways that calm allows, judged by cat: whoever comes next with a text that may touch something
// sensitive reads the catalog again; with strict, each session does before its next such text. If cat is no longer the latest one, the
// judgement may be wrong, and everybody is to look.
func (c *catalogs) lag(database string, cat *sql.Catalog, strict bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.of(database)
	s.changes++
	if s.catalog != cat || s.stale {
		s.stale = true
		c.generation.Add(1)
		return
	}
	if !s.behind {
		c.lagging.Add(1)
	}
	s.behind, s.strict = true, s.strict || strict
}

// caughtUp takes note that what lag said is known; c.mu is held.
func (c *catalogs) caughtUp(s *shared) {
	if s.behind {
		c.lagging.Add(-1)
	}
	s.behind, s.strict = false, false
}

// behind reports whether a session that has read what was after so many changes is to read the catalog before a text that may touch
// something sensitive. Unless it must, it is not to where another one is at it, nor within a batch.
func (c *catalogs) behind(database string, seen uint64, inBatch, must bool) (changes uint64, due bool) {
	if c.lagging.Load() == 0 {
		return 0, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.of(database)
	if !s.behind || s.changes == seen || (s.reading || inBatch) && !s.strict && !must {
		return 0, false
	}
	s.reading = true
	return s.changes, true
}

// catchUp is the catalog for a text that may touch something sensitive by cat. own says that the session has changed something itself.
func (s *session) catchUp(w *World, cat *sql.Catalog, own bool) (*sql.Catalog, error) {
	if s.temporaries.any() {
		return s.catchUpOwn(w, cat)
	}
	if s.ddlInTransaction || s.server.catalogs.lagging.Load() == 0 {
		return cat, nil
	}
	changes, due := s.server.catalogs.behind(s.source, s.seen, s.inBatch, own)
	if !due {
		return cat, nil
	}
	cat, err := s.readCatalog(w, cat)
	if err != nil {
		return nil, err
	}
	s.keepCatalog(cat)
	s.seen = changes
	return cat, nil
}

// keepCatalog goes on with a catalog that has just been read.
func (s *session) keepCatalog(cat *sql.Catalog) {
	s.seen = 0
	s.cat, s.generation, s.catUntil = cat, s.server.catalogs.generation.Load(), s.now().Add(recheck)
	if s.transaction() != 'I' || s.inBatch {
		s.catUntil = s.now() // it is this transaction's
	}
	s.latest.Store(cat)
}

// within is the catalog that was read inside a transaction, whose snapshot may be older than changes that others have made since:
// it is nobody else's.
func (c *catalogs) within(database string, w *World, read reading) (*sql.Catalog, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.of(database)
	s.reading = false
	snapshot := read.snapshot()
	if s.catalog != nil && s.world == w && string(s.snapshot) == string(snapshot) {
		return s.catalog, nil
	}
	return read.catalog(w.Spec)
}

// noteChange notes for the end of the transaction what a statement that was done has changed.
func (s *session) noteChange(p planned) {
	if !p.ChangesSchema || p.OwnSchema {
		return
	}
	if !p.KeepsNames {
		s.ddlDone, s.plainDDLDone = s.ddlDone || !p.Plain, true
		return
	}
	if s.calmBy == nil {
		s.calmBy = p.catalog
	}
	if s.calmBy != p.catalog {
		s.ddlDone = true // it was judged by several
	}
	s.calmStrict = s.calmStrict || p.Cascades
}

// changesDone tells the other sessions what a transaction that has ended has changed.
func (s *session) changesDone() {
	all, database := s.server.catalogs, s.source
	if s.ddlDone {
		all.outdate(database)
	}
	if s.plainDDLDone {
		all.expire(database)
	}
	if s.calmBy != nil && !s.ddlDone {
		all.lag(database, s.calmBy, s.calmStrict)
	}
	s.ddlDone, s.plainDDLDone, s.calmBy, s.calmStrict = false, false, nil, false
}

// withKeepsNames notes in a new plan what else its change of schema is.
func withKeepsNames(p *policy.Plan, cat *sql.Catalog, text []byte) *policy.Plan {
	if p.ChangesSchema && !p.ChangesPath && calm(cat, text) {
		p.KeepsNames, p.Cascades = true, cascades(text)
	}
	return p
}

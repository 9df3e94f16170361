package policy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// CachedPlan is what may be shown of a plan in the cache: nothing of its text.
type CachedPlan struct {
	// Text is a keyed hash of the text, equal for equal texts under one key.
	Text string `json:"text"`
	// Verb is the kind of the first statement, More how many there are besides.
	Verb string `json:"verb"`
	More int    `json:"more,omitempty"`
	// Verdict is plain, protected, or refused; Code is then why.
	Verdict  string `json:"verdict"`
	Code     string `json:"code,omitempty"`
	Template bool   `json:"template,omitempty"` // for all texts that differ from it in constants only
	Bytes    int    `json:"bytes"`              // by estimate
}

// Look shows about n plans of those that were used latest. secret keys the hashes, so that nobody without it can try what a text was.
func (c *Cache) Look(n int, secret []byte) []CachedPlan {
	var found []CachedPlan
	for i := range c.shards {
		for _, e := range c.shards[i].latest((n + cacheShards - 1) / cacheShards) {
			found = append(found, e.shown(secret))
		}
	}
	return found
}

// latest are the n entries that were used latest. What they hold does not change.
func (s *cacheShard) latest(n int) []*cached {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*cached
	for e := s.root.next; e != &s.root && len(all) < n; e = e.next {
		all = append(all, e)
	}
	return all
}

func (e *cached) shown(secret []byte) CachedPlan {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(e.text))
	p := CachedPlan{Text: hex.EncodeToString(mac.Sum(nil)[:8]), Verb: "empty", Verdict: "protected", Template: e.key.Skeleton, Bytes: e.size}
	if n := len(e.plan.Statements); n > 0 {
		p.Verb, p.More = e.plan.Statements[0].Verb, n-1
	}
	switch {
	case e.plan.Refusal != nil:
		p.Verdict, p.Code = "refused", e.plan.Refusal.Code
	case !e.plan.Allowed:
		p.Verdict = "refused"
	case e.plan.Plain:
		p.Verdict = "plain"
	}
	return p
}

// Max is the most bytes that the cache keeps, by estimate.
func (c *Cache) Max() int { return c.shards[0].max * cacheShards }

// Catalogs is the number of catalogs that there are plans of.
func (c *Cache) Catalogs() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.catalogs)
}

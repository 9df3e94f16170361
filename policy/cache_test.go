package policy

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/pgveil/pgveil/policy/sql"
)

func TestCacheKeys(t *testing.T) {
	c := NewCache(1 << 20)
	var set RoleSet
	set.add(3)
	base := CacheKey{Roles: set, Policy: &Policy{}, Catalog: &sql.Catalog{}, Path: "public"}
	plan := &Plan{Allowed: true}
	c.Put(base, "select 1", plan)
	if p, ok := c.Get(base, []byte("select 1")); !ok || p != plan {
		t.Fatalf("got %v, %t", p, ok)
	}
	for name, change := range map[string]func(*CacheKey){
		"roles":   func(k *CacheKey) { k.Roles = RoleSet{} },
		"policy":  func(k *CacheKey) { k.Policy = &Policy{version: "2"} },
		"catalog": func(k *CacheKey) { k.Catalog = &sql.Catalog{Database: "other"} },
		"path":    func(k *CacheKey) { k.Path = "evil" },
	} {
		k := base
		change(&k)
		if _, ok := c.Get(k, []byte("select 1")); ok {
			t.Errorf("a hit under another %s", name)
		}
	}
	if _, ok := c.Get(base, []byte("select 2")); ok {
		t.Error("a hit for another text")
	}
	if hits, misses := c.Stats(); hits != 1 || misses != 5 {
		t.Errorf("%d hits, %d misses", hits, misses)
	}
	other := &Plan{}
	c.Put(base, "select 1", other)
	if p, _ := c.Get(base, []byte("select 1")); p != other {
		t.Error("the newer plan is not kept")
	}
	if n, _ := c.Size(); n != 1 {
		t.Errorf("%d entries of one key", n)
	}
	c.Purge()
	if _, ok := c.Get(base, []byte("select 1")); ok {
		t.Error("a hit after Purge")
	}
	if n, bytes := c.Size(); n != 0 || bytes != 0 {
		t.Errorf("after Purge: %d entries, %d bytes", n, bytes)
	}
}

func TestCacheIsBounded(t *testing.T) {
	const limit = 256 << 10
	c := NewCache(limit)
	key := CacheKey{}
	hot := []byte("select hot")
	c.Put(key, string(hot), &Plan{})
	for i := range 20_000 {
		c.Put(key, fmt.Sprintf("select %d %s", i, strings.Repeat("x", i%100)), &Plan{})
		if _, ok := c.Get(key, hot); !ok {
			t.Fatalf("the plan in use was dropped after %d others", i)
		}
	}
	n, bytes := c.Size()
	if bytes > limit || n < 50 || c.Evictions() == 0 {
		t.Errorf("%d entries, %d bytes of %d, %d evictions", n, bytes, limit, c.Evictions())
	}
	c.Put(key, strings.Repeat("y", limit), &Plan{})
	if _, ok := c.Get(key, []byte(strings.Repeat("y", limit))); ok {
		t.Error("a text larger than the cache was kept")
	}
	none := NewCache(0)
	none.Put(key, "a", &Plan{})
	if _, ok := none.Get(key, []byte("a")); ok {
		t.Error("a cache of no bytes keeps plans")
	}
}

// TestCacheChains puts entries under one hash by hand: the chain must survive the removal of any of them.
// Plans keep their catalog in memory, which may be large, so catalogs are bounded too.
func TestCacheForgetsCatalogs(t *testing.T) {
	c := NewCache(64 << 20)
	var keys []CacheKey
	for i := range maxCatalogs + 10 {
		key := CacheKey{Catalog: &sql.Catalog{Database: fmt.Sprint(i)}}
		keys = append(keys, key)
		for n := range 3 {
			c.Put(key, fmt.Sprintf("select %d", n), &Plan{})
		}
	}
	if n, _ := c.Size(); n != 3*maxCatalogs {
		t.Errorf("%d plans of %d catalogs, want those of %d", n, len(keys), maxCatalogs)
	}
	if _, ok := c.Get(keys[9], []byte("select 1")); ok {
		t.Error("the plan of a catalog that is long gone")
	}
	last := keys[len(keys)-1]
	if _, ok := c.Get(last, []byte("select 1")); !ok {
		t.Error("the latest catalog's plan is gone")
	}
	c.Forget(last.Catalog)
	c.Forget(nil)
	if n, _ := c.Size(); n != 3*(maxCatalogs-1) {
		t.Errorf("%d plans after one catalog was forgotten", n)
	}
	if _, ok := c.Get(last, []byte("select 1")); ok {
		t.Error("the plan of a catalog that was forgotten")
	}
	c.Put(last, "select 1", &Plan{})
	if _, ok := c.Get(last, []byte("select 1")); !ok {
		t.Error("what was forgotten can't be put again")
	}
}

func TestCacheChains(t *testing.T) {
	for drop := range 3 {
		s := &cacheShard{max: 1 << 20}
		s.purge()
		var all []*cached
		for i := range 3 {
			e := &cached{hash: 7, text: fmt.Sprint(i), chain: s.table[7], size: 1}
			s.table[7] = e
			s.front(e)
			s.entries, s.bytes = s.entries+1, s.bytes+1
			all = append(all, e)
		}
		s.remove(all[drop])
		left := map[string]bool{}
		for e := s.table[7]; e != nil; e = e.chain {
			left[e.text] = true
		}
		if len(left) != 2 || left[fmt.Sprint(drop)] || s.entries != 2 {
			t.Errorf("after dropping %d: %v", drop, left)
		}
	}
}

func TestCacheConcurrently(t *testing.T) {
	c := NewCache(64 << 10)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 2000 {
				text := fmt.Sprintf("select %d", (i*7+g)%300)
				if p, ok := c.Get(CacheKey{}, []byte(text)); ok {
					if p.Normalized != text {
						t.Errorf("%q got the plan of %q", text, p.Normalized)
					}
				} else {
					c.Put(CacheKey{}, text, &Plan{Normalized: text})
				}
				if i%500 == 0 {
					c.Purge()
				}
			}
		})
	}
	wg.Wait()
	if hits, misses := c.Stats(); hits+misses != 16000 {
		t.Errorf("%d calls counted", hits+misses)
	}
}

func TestCacheHitDoesNotAllocate(t *testing.T) {
	c := NewCache(1 << 20)
	key, text := CacheKey{Path: "pg_catalog\x00public"}, []byte("select id, email from customers where id = $1")
	c.Put(key, string(text), &Plan{})
	if n := testing.AllocsPerRun(100, func() { c.Get(key, text) }); n > 0 {
		t.Errorf("%v allocations a hit", n)
	}
}

func BenchmarkCacheHit(b *testing.B) {
	c := NewCache(1 << 20)
	key, text := CacheKey{Path: "pg_catalog\x00public"}, []byte("select id, email from customers where id = $1")
	c.Put(key, string(text), &Plan{})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, ok := c.Get(key, text); !ok {
				b.Fatal("miss")
			}
		}
	})
}

package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/policy/sql"
)

func TestCacheLook(t *testing.T) {
	c := NewCache(1 << 20)
	key := CacheKey{Catalog: &sql.Catalog{}}
	texts := map[string]*Plan{
		"select 'cnry-look'":                        {Allowed: true, Plain: true, Statements: []StatementPlan{{Verb: "select"}}},
		"update cnry_table set a = 1; select 2":     {Allowed: true, Statements: []StatementPlan{{Verb: "update"}, {Verb: "select"}}},
		"delete from t where ssn = 'cnry-refused'":  {Refusal: &sql.Refusal{Code: "PV103", Message: "cnry-message"}, Statements: []StatementPlan{{Verb: "delete"}}},
		"-- cnry-empty":                             {Allowed: true, Plain: true},
		"select email from people where id = cnry_": {Statements: []StatementPlan{{Verb: "select"}}},
	}
	for text, p := range texts {
		c.Put(key, text, p)
	}
	want := map[string]int{"select plain ": 1, "update+1 protected ": 1, "delete refused PV103": 1, "empty plain ": 1, "select refused ": 1}
	found := c.Look(1000, []byte("k"))
	for _, p := range found {
		if p.More > 0 {
			p.Verb += fmt.Sprintf("+%d", p.More)
		}
		want[p.Verb+" "+p.Verdict+" "+p.Code]--
		if all := fmt.Sprintf("%+v", p); strings.Contains(all, "cnry") || len(p.Text) != 16 || p.Bytes <= 0 {
			t.Errorf("shown: %s", all)
		}
	}
	for w, n := range want {
		if n != 0 {
			t.Errorf("%s: %d", w, n)
		}
	}
	again, other := c.Look(1000, []byte("k")), c.Look(1000, []byte("l"))
	for i := range found {
		if found[i] != again[i] || found[i].Text == other[i].Text {
			t.Errorf("%v, again %v, under another key %v", found[i], again[i], other[i])
		}
	}
	if c.Catalogs() != 1 || c.Max() != 1<<20 {
		t.Errorf("%d catalogs, at most %d bytes", c.Catalogs(), c.Max())
	}
	for i := range 1000 {
		c.Put(key, fmt.Sprint(i), &Plan{})
	}
	if n := len(c.Look(160, nil)); n < 100 || n > 160 {
		t.Errorf("%d of 160", n)
	}
}

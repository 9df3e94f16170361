package proxy

import (
	"testing"
	"time"

	"github.com/pgveil/pgveil/policy/sql"
)

const withPeople = `{"database":"d","encoding":"UTF8","path":["public"],"relations":[
	{"oid":1,"schema":"public","name":"people","kind":"r","columns":[[1,"email",17,-1,false,false,"",""]]},
	{"oid":2,"schema":"public","name":"seen","kind":"v","definition":"SELECT email FROM people","columns":[[1,"email",17,-1,false,false,"",""]]}],
	"depends":[[2,"r",1]]}`

func peopleCatalog(t *testing.T, spec sql.Spec) *sql.Catalog {
	t.Helper()
	spec.Protected = map[sql.TableName]map[string]sql.Protection{{Schema: "public", Name: "people"}: {"email": {Key: "k", Type: sql.Type{OID: sql.OIDText, Mod: -1}}}}
	cat, err := sql.NewCatalog([]byte(withPeople), spec)
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

func TestCalm(t *testing.T) {
	cat := peopleCatalog(t, sql.Spec{})
	for text, want := range map[string]bool{
		"create table t (id int)": true, " -- note\nCREATE TEMP TABLE t AS SELECT 1;": true, "create unlogged table t ()": true,
		"CREATE OR REPLACE VIEW v AS SELECT * FROM t": true, "create unique index on t (id)": true, "create materialized view m as table t": true,
		"alter table t rename to u": true, "alter table only t set schema other": true, "drop table t, u cascade": true, "create sequence s": true,
		"drop materialized view m": true, "comment on table t is 'create'": true, "grant create on schema s to r": true,
		"create recursive view v (n) as select 1": true,

		"create table people ()": false, "create table other.PEOPLE (id int)": false, "create view v as select * from seen": false,
		"alter table t rename to people": false, "alter table t inherit people": false, "create table p partition of people for values in (1)": false,
		`create view v as select * from U&"peo\0070le"`: false, "create table t (like seen)": false, "create table t as execute p": false,
		"create table t (b bytea check (substr(b, octet_length(b) - 8) = '\\x00'))": false, "create table t (); drop table t": false,
		"create function f() returns int language sql as 'select 1'": false, "create schema s create table t ()": false, "drop schema s": false,
		"do $$begin create table t (); end$$": false, "create extension x": false, "import foreign schema s from server x into t": false,
		"create trigger x before insert on t execute function f()": false, "create rule r as on insert to t do nothing": false, "create /* */ table t ()": false,
		"create foreign table t () server s": false, "alter schema s rename to t": false, "create table": false, "select 1 into t": false, "create type t": false,
		"alter extension x set schema y": false, "drop owned by r": false, "create": false, "": false, "create domain d as int": false, "create event trigger table": false,
	} {
		if got := calm(cat, []byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if calm(peopleCatalog(t, sql.Spec{AllListed: true}), []byte("create table t ()")) || calm(nil, []byte("create table t ()")) {
		t.Error("where every table is listed, each new one matters; without a catalog all do")
	}
	if !cascades([]byte("drop table t CASCADE")) || cascades([]byte("drop table t")) {
		t.Error("CASCADE")
	}
}

// TestLag: who reads the catalog after calm changes.
func TestLag(t *testing.T) {
	now := time.Unix(1e9, 0)
	w := &World{}
	fresh := func() (*catalogs, *sql.Catalog) {
		c := newCatalogs(time.Hour)
		cat, err := c.publish("d", w, reading{first: []byte(withPeople)}, 0, now)
		if err != nil {
			t.Fatal(err)
		}
		return c, cat
	}
	c, cat := fresh()
	generation := c.generation.Load()
	c.lag("d", cat, false)
	if _, due, _ := c.current("d", w, now); due || c.generation.Load() != generation {
		t.Error("a calm change concerns those who touch nothing sensitive")
	}
	seen, due := c.behind("d", 0, false, false)
	if !due {
		t.Fatal("nobody is to read")
	}
	if _, again := c.behind("d", 0, false, false); again {
		t.Error("two are to read")
	}
	if _, own := c.behind("d", 0, false, true); !own {
		t.Error("who has changed it goes on without")
	}
	if _, again := c.behind("d", seen, false, true); again {
		t.Error("who has read reads again")
	}
	c.lag("d", cat, false) // while it is read
	if _, err := c.publish("d", w, reading{first: []byte(withPeople)}, seen, now); err != nil {
		t.Fatal(err)
	}
	if seen, due = c.behind("d", seen, false, false); !due {
		t.Error("what was changed while it was read is forgotten")
	}
	if _, err := c.publish("d", w, reading{first: []byte(withPeople)}, seen, now); err != nil {
		t.Fatal(err)
	}
	if _, due = c.behind("d", 0, false, true); due || c.lagging.Load() != 0 {
		t.Error("all is read, and somebody reads again")
	}
	c.lag("d", cat, true)
	for range 2 {
		if _, due := c.behind("d", 0, true, false); !due {
			t.Error("after CASCADE each is to read")
		}
	}
	// Judged by a catalog that is no longer the latest.
	c, _ = fresh()
	c.lag("d", peopleCatalog(t, sql.Spec{}), false)
	if _, due, _ := c.current("d", w, now); !due {
		t.Error("a change that was judged by an old catalog is taken to be calm")
	}
	c, cat = fresh()
	c.outdate("d")
	c.lag("d", cat, false)
	if _, due, _ := c.current("d", w, now); !due || c.lagging.Load() != 0 {
		t.Error("a change beside one that is not calm is taken to be calm")
	}
	// What was read in a transaction is nobody else's.
	c, cat = fresh()
	c.lag("d", cat, false)
	other := []byte(`{"database":"d","encoding":"UTF8","path":["public"]}`)
	mine, err := c.within("d", w, reading{first: other})
	if got, _, _ := c.current("d", w, now); err != nil || mine == cat || got != cat || c.lagging.Load() != 1 {
		t.Errorf("a transaction's catalog is everybody's: %v", err)
	}
}

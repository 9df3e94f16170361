package sql

import "testing"

func TestMissing(t *testing.T) {
	c := testCatalog(t, analyzeCatalog)
	m := c.Missing([]string{"gone", "Old", "ünd", "v", "orders"})
	for _, k := range []struct {
		text string
		at   int // -2: nothing
	}{
		{"SELECT * FROM gone WHERE email = 'x'", 14},
		{"SELECT * FROM gone", -2}, // nothing in it to see
		{"SELECT * FROM gone WHERE email = $1", 14},
		{"SELECT * FROM pg_temp.GONE WHERE a = 1", 14},
		{"SELECT * FROM pg_catalog.gone WHERE a = 1", -2},
		{"SELECT * FROM old WHERE a = 1", -2},
		{`SELECT * FROM "Old" WHERE a = 1`, 14},
		{`SELECT * FROM "ünd" WHERE a = 1`, 14},
		{`SELECT * FROM U&"\0067one" WHERE a = 1`, 14},
		{"SELECT * FROM v WHERE id = 1", -2}, // it is there
		{"SELECT * FROM orders WHERE id = 1", -2},
		{"SELECT * FROM other.v WHERE id = 1", -2}, // analysis looks after it
		{"SELECT * FROM other.orders WHERE id = 1", 14},
		{"SELECT gone FROM orders WHERE id = 1", -2},
		{"SELECT gone.x FROM orders gone WHERE id = 1", -2},
		{"SELECT 1 FROM orders WHERE note IN (SELECT a FROM gone)", 50},
		{"INSERT INTO gone VALUES (1)", 12},
		{"UPDATE gone SET a = 1", 7},
		{"DELETE FROM gone WHERE a = 1", 12},
		{"MERGE INTO orders o USING gone g ON g.id = o.id WHEN MATCHED THEN UPDATE SET note = 'x'", 26},
		{"WITH gone AS (SELECT 1) SELECT * FROM gone", -2},
		{"WITH gone AS (SELECT * FROM gone WHERE a = 1) SELECT * FROM gone", 28},
		{"WITH RECURSIVE gone AS (SELECT 1 UNION SELECT * FROM gone) SELECT * FROM gone", -2},
		{"WITH gone AS (SELECT 1), b AS (SELECT * FROM gone) SELECT * FROM b", -2},
		{"WITH b AS (SELECT * FROM gone WHERE a = 1), gone AS (SELECT 1) SELECT * FROM b", 25},
		{"WITH gone AS (SELECT 1) INSERT INTO gone SELECT * FROM gone", 36},
		{"SELECT * FROM (WITH gone AS (SELECT 1) SELECT 1) s, gone", 52},
		{"CREATE TABLE gone (a int DEFAULT 1)", -2},
		{"CREATE TABLE gone AS SELECT 1", -2},
		{"CREATE TABLE t AS SELECT * FROM gone WHERE a = 1", 32},
		{"CREATE VIEW gone AS SELECT 1", -2},
		{"CREATE VIEW t AS SELECT * FROM gone WHERE a = 1", 31},
		{"SELECT 1 INTO gone", -2},
		{"CREATE TABLE gone (a int); INSERT INTO gone VALUES (1)", -2},
		{"ALTER TABLE orders RENAME TO gone; INSERT INTO gone VALUES (1)", -2},
		{"CREATE TABLE gone (a int); ROLLBACK; INSERT INTO gone VALUES (1)", 49},
		{"INSERT INTO gone VALUES (1); CREATE TABLE gone (a int)", 12},
		{"ALTER TABLE gone ALTER a SET DEFAULT 'x'", 12},
		{"ALTER TABLE IF EXISTS gone ALTER a SET DEFAULT 'x'", -2},
		{"ALTER TABLE gone RENAME TO x", -2},
		{"CREATE INDEX ON gone (a) WHERE a = 'x'", 16},
		{"DROP TABLE IF EXISTS gone", -2},
		{"PREPARE p AS SELECT * FROM gone WHERE a = $1", 27},
		{"EXPLAIN SELECT * FROM gone WHERE a = 1", 22},
		{"COPY (SELECT * FROM gone WHERE a = 1) TO STDOUT", 20},
		{"SELECT 'FROM gone'", -2},
		{"SELECT * FROM gone WHERE", -2}, // no SQL: nothing is looked up
	} {
		if !m.In(k.text) && k.at != -2 {
			t.Errorf("%q: not found", k.text)
		}
		got := -2
		if name := m.First(c, []string{"pg_catalog", "public"}, k.text, false); name != nil {
			got = name.At
			if r := name.Refusal(); r.SQLSTATE != "42P01" || r.At != name.At {
				t.Errorf("%q: %+v", k.text, r)
			}
		}
		if got != k.at {
			t.Errorf("%q: %d, want %d", k.text, got, k.at)
		}
	}
	if text := `SELECT * FROM gone WHERE a = 'it\'s'`; m.First(c, nil, text, false) != nil || m.First(c, nil, text, true) == nil {
		t.Error("a text is not read by the setting under which the server reads it")
	}
	if c.Missing([]string{"v", "customers", "people"}) != nil || c.Missing(nil).In("gone") {
		t.Error("what is there is looked for")
	}
}

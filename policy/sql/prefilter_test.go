package sql

import (
	"fmt"
	"strings"
	"testing"
)

const prefilterCatalog = `
table public.customers: id int4 pk, email text equality
table public.orders: id int4 pk, note text
table public.naïve_clients: id int4
table public.plain: id int4
view public.recent: id int4 = SELECT id FROM customers
view public.latest: id int4 = SELECT id FROM recent
function public.tally(sql): SELECT count(*) FROM latest
view public.summary: n int4 = SELECT tally() FROM plain
listed public.orders
listed public.naïve_clients
listed public.be"fore
listed public.notyet
listed public.a_name_that_is_as_long_as_a_name_of_postgresql_can_be_0123456789
function public.wrap(plpgsql): BEGIN RETURN tally(); END
function public.dyn(plpgsql): BEGIN EXECUTE 'x'; END
function public.ok(plpgsql): BEGIN RETURN 1; END
function public.pyfn(plpython3u): return 1
function public.cfn(c): cfn
function public.trusty(plpgsql): BEGIN EXECUTE 'x'; END
function public.block(plpgsql): BEGIN DO 'BEGIN DELETE FROM cust' || 'omers; END'; END
function public.makes(sql): CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'
trusted public.trusty
`

const longName = "A_name_that_is_as_long_as_a_name_of_postgresql_can_be_0123456789"

func TestMayTouch(t *testing.T) {
	c := testCatalog(t, prefilterCatalog)
	for _, k := range []struct {
		text string
		want bool
	}{
		{"SELECT 1", false},
		{"SELECT * FROM plain WHERE id = $1", false},
		{"select * from CUSTOMERS", true},
		{`select * from "customers"`, true},
		{"select * from public . customers", true},
		{"insert into NotYet values (1)", true},
		{"select * from recent", true},
		{"select * from latest", true},
		{"select * from summary", true},
		{"select tally()", true},
		{"select wrap()", true},
		{"select dyn()", true},
		{"select pyfn()", true},
		{"select ok()", false},
		{"select cfn()", false}, // of an extension
		{"select block()", true},
		{"select makes()", true},
		{"select trusty()", false},
		{`select * from U&"\0063ustomers"`, true},
		{`select * from u&"x"`, true},
		{`select U&'x'`, false},
		{"select * from NA\xcfVE_CLIENTS", true}, // LATIN1
		{"select * from na\x93\xefve_clients", true},
		{`select * from "be""fore"`, true},
		{"select query_to_xml('select 1', true, true, '')", true},
		{"select query_to_xml_and_xmlschema('x', true, true, '')", true},
		{"select * from pg_stats", true},
		{"select * from pg_stat_activity", false},
		{"DO $$ BEGIN EXECUTE 'x'; END $$", true},
		{"DO $$ BEGIN PERFORM 1; END $$", false},
		{`DO E'BEGIN DELETE FROM cust\x6fmers; END'`, true},
		{"DO LANGUAGE plpython3u $$ plpy.run('x') $$", true},
		{"DO 'BEGIN DELETE FROM cust'\n'omers; END'", true},
		{"SELECT 1;do -- x\n'BEGIN DELETE FROM cust'\r'omers; END'", true},
		{"DO U&'BEGIN DELETE FROM cust!006fmers; END' UESCAPE '!'", true},
		{"DO 'BEGIN END'", true},
		{"CREATE FUNCTION f() AS'query_to_x' \n'ml'", true},
		{"CREATE FUNCTION f() AS'query_to_x' -- 'y'\r\t'ml'", true},
		{"CREATE FUNCTION f() AS 'a' \n, 'b'", false},
		{"INSERT INTO plain VALUES (1)\nON CONFLICT (id) DO\n UPDATE SET id = 2", false},
		{"SELECT 'don''t', undo, \n do_it, do\n FROM plain", false},
		{"EXECUTE p(1)", true},
		{"FETCH ALL FROM p", true},
		{"move 1 in p", true},
		{"SELECT removed, fetch_size FROM plain", false},
		{"INSERT INTO plain VALUES (1) ON CONFLICT DO NOTHING", false},
		{"TRUNCATE plain CASCADE", true},
		{"TRUNCATE plain", false},
		{"DROP SCHEMA s CASCADE", true},
		{"ALTER SCHEMA s RENAME TO t", true},
		{"SET search_path = x", false},
		{"not \x00 sql \xff customers", true},
		{"not \x00 sql \xff", false},
		{"", false},
		{"select * from customers2", false},
		{"select * from my_customers", false},
		{"select customers$ from plain", false},
		{"select * from customersé", false},
		{"select 1customers", true}, // old servers end the number at the letter
		{"select $1customers", true},
		{"select * from " + longName + "xx", true}, // cut to 63 bytes
		{"drop index customers_id_key", true},
		{"select * from pg_toast.pg_toast_17000", true},
		{"select customers()", true},
		{"select a.customers.b", true},
		{"customers", true},
	} {
		if got := c.MayTouch(k.text); got != k.want {
			t.Errorf("MayTouch(%q) = %v, want %v", k.text, got, k.want)
		}
	}
}

func TestMayTouchWithNothingConfigured(t *testing.T) {
	c := testCatalog(t, "table public.t: id int4\nfunction public.dyn(plpgsql): BEGIN EXECUTE 'x'; END")
	for _, text := range []string{"select * from t", "select dyn()", `select * from U&"x"`, "DO $$ BEGIN EXECUTE 'x'; END $$"} {
		if c.MayTouch(text) {
			t.Errorf("MayTouch(%q) with nothing to protect", text)
		}
	}
}

// A name of which no part stands in the text as it is can't be searched for.
func TestMayTouchUnsearchableName(t *testing.T) {
	c := testCatalog(t, "listed public.表")
	if !c.MayTouch("SELECT 1") {
		t.Error("a text was let pass although the name can't be searched for in every encoding")
	}
}

func TestMatcherFindsEveryName(t *testing.T) {
	names := []string{"he", "she", "his", "hers", "customers", "custom", "stomach", "a_b", "loose*", "@@@", "s1"}
	m := newMatcher(names)
	for _, n := range names[:8] {
		for _, text := range []string{n, strings.ToUpper(n) + " x", "sh " + n, "custo." + n, n[:1] + "(" + n + ")", "1" + n, `"` + n + `"`, n + " " + n} {
			if m.match(text)&hitName == 0 {
				t.Errorf("%q not found in %q", n, text)
			}
		}
		for _, text := range []string{"x" + n, n + "x", n + "1", n + "_", "_" + n, n + "é"} {
			if m.match(text)&hitName != 0 {
				t.Errorf("%q found in %q", n, text)
			}
		}
	}
	for _, text := range []string{"xloosex", "LOOSEN", "a@@@b", "a @@@@ b"} {
		if m.match(text)&hitName == 0 {
			t.Errorf("nothing found in %q", text)
		}
	}
	for _, text := range []string{"", "h", "sh", "custo", "stomac", "a-b", "loos", "@@", "s 1"} {
		if m.match(text)&hitName != 0 {
			t.Errorf("something found in %q", text)
		}
	}
}

func BenchmarkMayTouch(b *testing.B) {
	var lines strings.Builder
	lines.WriteString(prefilterCatalog)
	for i := range 200 {
		fmt.Fprintf(&lines, "listed public.another_table_%d\n", i)
	}
	c := testCatalog(b, lines.String())
	for _, text := range []string{
		"SELECT abalance FROM pgbench_accounts WHERE aid = 12345678;",
		"UPDATE pgbench_accounts SET abalance = abalance + 42 WHERE aid = 12345678 " + strings.Repeat("-- filler ", 100),
	} {
		b.Run(fmt.Sprint(len(text)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if c.MayTouch(text) {
					b.Fatal("touches")
				}
			}
		})
	}
}

package sql

import (
	"fmt"
	"strings"
	"testing"
)

const givenCatalog = `
	table public.t: id int4 pk, email text equality
	table public.plain: id int4, v tsvector
	table other.t: id int4
	table other.only: id int4
	listed public.secrets
	table public.secrets: id int4
	view public.mails: email bytea = SELECT email FROM t
	function public.reads(plpgsql): BEGIN PERFORM email FROM t; END`

// TestGiven: functions that are given SQL or names as text run where what it names is known and plain.
func TestGiven(t *testing.T) {
	c := testCatalog(t, strings.ReplaceAll(givenCatalog, "tsvector", "text"))
	for text, tables := range map[string]string{
		"select * from ts_stat('select v from plain')":                                        "public.plain",
		"select * from ts_stat('select v from plain'::text, 'ab')":                            "public.plain",
		"select ts_stat(cast($q$select v from only_$q$ as pg_catalog.text))":                  "public.only_",
		"select ts_rewrite('a', 'select a, b from public.plain') from plain p(q)":             "public.plain public.plain",
		"select ts_rewrite('a', 'b', 'c')":                                                    "",
		"select query_to_xml('select 1', true, true, '')":                                     "",
		"select query_to_xml_and_xmlschema(E'select id from other.t', true, true, '')":        "other.t",
		"select pg_catalog.query_to_xmlschema('table plain; table other.t', false, true, '')": "public.plain other.t",
		"select table_to_xml('plain', true, true, '')":                                        "public.plain",
		"select table_to_xml('other.t'::regclass, true, true, '')":                            "other.t",
		`select table_to_xmlschema('"other"."t"', true, true, '')`:                            "other.t",
		"select table_to_xml_and_xmlschema('OTHER.T', true, true, '')":                        "other.t",
		"select table_to_xml('pg_class', true, true, '')":                                     "pg_catalog.pg_class",
		"select schema_to_xml('other', true, true, '')":                                       "other.t other.only",
		"select schema_to_xmlschema('other'::name, true, true, '')":                           "other.t other.only",
		"select cursor_to_xml('c', 5, true, true, '')":                                        "",
		"select cursor_to_xmlschema('c'::refcursor, true, true, '')":                          "",
		"insert into plain select ndoc from ts_stat('select v from plain')":                   "public.plain public.plain",
		"explain select ts_stat('select v from plain')":                                       "public.plain",
		"copy (select ts_stat('select v from plain')) to stdout":                              "public.plain",
		"select email, (select count(*) from ts_stat('select v from plain')) from t":          "public.t public.plain",
	} {
		st := Analyze(c, dmlPath, text)[0]
		var names []string
		for _, u := range st.Tables {
			names = append(names, u.Table.String())
		}
		if st.Refusal != nil || strings.Join(names, " ") != tables || st.Given == (tables == "" && strings.Contains(text, "ts_rewrite")) {
			t.Errorf("%s: %v %q", text, st.Refusal, names)
		}
	}
}

// TestGivenRefused: a text that may reach something sensitive, or that is not known, or that lasts longer than the statement.
func TestGivenRefused(t *testing.T) {
	c := testCatalog(t, strings.ReplaceAll(givenCatalog, "tsvector", "text"))
	for code, texts := range map[string][]string{
		"PV118": {
			"select ts_stat('select email from t')", "select ts_stat('select email from public.t')", "select ts_stat('select id from secrets')",
			"select ts_stat('select email from mails')", "select ts_stat('select reads()')", "select ts_stat('table pg_stats')",
			"select query_to_xml('select histogram_bounds from pg_stats', true, true, '')", "select ts_stat('select set_config(''search_path'', ''x'', false)')",
			"select ts_stat('delete from plain returning v')", "select ts_stat('with d as (delete from plain returning v) select v from d')",
			"select ts_stat('select v from plain for update')", "select ts_stat('execute p')", "select ts_stat('select v from plain; table t')",
			"select ts_stat('select ts_stat(''select email from t'')')", "select ts_stat('select ts_stat(v::text) from plain')", "select ts_stat('selekt')",
			"select ts_stat('')", `select ts_stat('select u&"\0065mail" from public.t')`,
			"select table_to_xml('t', true, true, '')", "select table_to_xml('public.t', true, true, '')", `select table_to_xml('"public"."t"'::regclass, true, true, '')`,
			"select table_to_xml('mails', true, true, '')", "select table_to_xml('17000', true, true, '')", "select table_to_xml('test.other.t', true, true, '')",
			"select table_to_xml(' plain', true, true, '')", "select table_to_xml('plain--', true, true, '')", `select table_to_xml('"pl""ain"', true, true, '')`,
			"select table_to_xml('pg_temp.plain', true, true, '')", "select table_to_xml('pg_statistic', true, true, '')", "select table_to_xml('pg_catalog.pg_stats', true, true, '')",
			"select table_to_xml('pg_toast.pg_toast_2619', true, true, '')",
			"select schema_to_xml('public', true, true, '')", "select schema_to_xml('pg_catalog', true, true, '')", "select schema_to_xml('pg_toast', true, true, '')",
			"select database_to_xml(true, true, '')", "select database_to_xml_and_xmlschema(true, true, '')",
			"select set_config('search_path', 'public', false), query_to_xml('select * from t', true, true, '')",
		},
		"PV108": {
			"select ts_stat('select v ' || 'from plain')", "select ts_stat($1)", "select ts_stat(v::text) from plain", "select ts_stat('select v from plain'::varchar)",
			"select ts_stat(sqlquery => 'select v from plain')", "select ts_stat(variadic 'select v from plain')", "select other.ts_stat('select v from plain')",
			"select ts_stat()", "prepare p as select ts_stat('select v from plain')", "declare c cursor for select ts_stat('select v from plain')",
			"create view w as select * from ts_stat('select v from plain')", "create materialized view w as select * from ts_stat('select v from plain')",
			"create index on plain ((ts_rewrite('a', 'select v from plain')))", "create table x (a text default ts_stat('select v from plain'))",
			"select table_to_xml(c.oid, true, true, '') from pg_class c", "select table_to_xml('plain'::regclass::oid, true, true, '')",
			"select schema_to_xml(current_schema(), true, true, '')", "select cursor_to_xml($1, 5, true, true, '')", "select dblink('select v from plain')",
		},
	} {
		for _, text := range texts {
			for _, path := range [][]string{dmlPath, {"pg_catalog", "other", "public"}} {
				if st := Analyze(c, path, text)[0]; st.Refusal == nil || st.Refusal.Code != code {
					t.Errorf("%s: %v, not %s", text, st.Refusal, code)
				}
			}
		}
	}
}

// TestGivenCursor: the rows of a cursor are those of what it was declared for.
func TestGivenCursor(t *testing.T) {
	c := testCatalog(t, "table public.t: id int4, email text equality\ntable public.plain: id int4")
	const text = "select cursor_to_xml('c', 5, true, true, '')"
	for query, refused := range map[string]bool{"select * from t": true, "select * from plain": false} {
		declared := Analyze(c, dmlPath, "declare c cursor for "+query)[0]
		st := AnalyzeNamed(c, dmlPath, text, Names{Cursors: map[string]*Statement{"c": declared}})[0]
		if (st.Refusal != nil) != refused || !refused && fmt.Sprint(st.Runs) != "[c]" {
			t.Errorf("%s: %v %v", query, st.Refusal, st.Runs)
		}
	}
	if both := AnalyzeNamed(c, dmlPath, "declare c cursor for select email from t; "+text, Names{}); both[1].Refusal == nil {
		t.Error("a cursor of the same text is not seen")
	}
}

// TestGivenTypes: a cast to a type of the user's that is called text may give another text.
func TestGivenTypes(t *testing.T) {
	for _, table := range []string{"public.text", "other.text"} {
		c := testCatalog(t, "table public.t: id int4, email text equality\ntable "+table+": id int4")
		if st := Analyze(c, dmlPath, "select ts_stat('select 1'::text)")[0]; st.Refusal == nil || st.Refusal.Code != "PV108" {
			t.Errorf("%s: %v", table, st.Refusal)
		}
		if st := Analyze(c, dmlPath, "select ts_stat('select 1'::pg_catalog.text)")[0]; st.Refusal != nil {
			t.Errorf("%s: %v", table, st.Refusal)
		}
	}
}

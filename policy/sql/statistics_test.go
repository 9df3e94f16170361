package sql

import (
	"strconv"
	"strings"
	"testing"
)

const withStatistics = `
	table public.t: id int4 pk, email text equality index, note text
	table public.plain: id int4, a text
	table other.t: id int4
	table other.pg_stats: id int4
	listed public.secrets
	table public.secrets: id int4
	partition public.part of public.secrets: id int4
	view public.shown: tablename text = SELECT tablename FROM pg_stats
	view public.above: tablename text = SELECT tablename FROM shown
	statistics public.shown`

// sentWith is the text that is sent, with the subqueries that stand for statistics cut to their relation's name.
func sentWith(t *testing.T, c *Catalog, st *Statement, text string) string {
	t.Helper()
	sent, end := "", 0
	for _, e := range st.Withheld {
		if e.At.Start < end || e.At.End > len(text) {
			t.Fatalf("%s: edits overlap", text)
		}
		cut := e.Text
		for name := range c.system {
			if isStatistics(name.Schema, name.Name) {
				cut = strings.ReplaceAll(cut, statisticsText(c, name, c.system[name], nil), "@"+name.Name)
			}
		}
		sent += text[end:e.At.Start] + cut
		end = e.At.End
	}
	return sent + text[end:]
}

// TestWithheld: where statistics leave out what is sensitive, and where reading them is refused.
func TestWithheld(t *testing.T) {
	c := testCatalog(t, withStatistics)
	for text, want := range map[string]string{
		"select * from pg_stats":                                                               `select * from @pg_stats "pg_stats"`,
		"select s.histogram_bounds from pg_catalog.pg_stats as s":                              "select s.histogram_bounds from @pg_stats as s",
		`select "pg_stats".* from "pg_catalog" . "pg_stats"`:                                   `select "pg_stats".* from @pg_stats "pg_stats"`,
		"select pg_catalog.pg_stats.tablename, pg_catalog.pg_stats.* from pg_catalog.pg_stats": `select pg_stats.tablename, pg_stats.* from @pg_stats "pg_stats"`,
		"select s from pg_stats s":                                                             "select s from @pg_stats s",
		"table pg_stats":                                                                       `SELECT * FROM @pg_stats "pg_stats"`,
		"table plain union table pg_statistic":                                                 `table plain union SELECT * FROM @pg_statistic "pg_statistic"`,
		"select a from plain, pg_stats x natural join pg_statistic y":                          "select a from plain, @pg_stats x natural join @pg_statistic y",
		"select (select max(stavalues1) from pg_statistic) from plain where exists (table pg_stats)": `select (select max(stavalues1) from @pg_statistic "pg_statistic") from plain ` +
			`where exists (SELECT * FROM @pg_stats "pg_stats")`,
		"with s as (select * from pg_stats_ext) select * from s":          `with s as (select * from @pg_stats_ext "pg_stats_ext") select * from s`,
		"insert into plain (a) select tablename from pg_stats":            `insert into plain (a) select tablename from @pg_stats "pg_stats"`,
		"update plain set a = tablename from pg_stats s":                  "update plain set a = tablename from @pg_stats s",
		"create table copied as select * from pg_stats":                   `create table copied as select * from @pg_stats "pg_stats"`,
		"select * into copied from pg_stats s":                            "select * into copied from @pg_stats s",
		"prepare p (name) as select * from pg_stats where tablename = $1": `prepare p (name) as select * from @pg_stats "pg_stats" where tablename = $1`,
		"explain select * from pg_stats s":                                "explain select * from @pg_stats s",
		"declare c cursor for select * from pg_stats s":                   "declare c cursor for select * from @pg_stats s",
		"copy (select * from pg_stats s) to stdout":                       "copy (select * from @pg_stats s) to stdout",
		"select email, s.tablename from t, pg_stats s":                    `select email, s.tablename from "public".t, @pg_stats s`,
		"select 1 from pg_statistic_ext s left join pg_statistic_ext_data d on d.stxoid = s.oid, pg_mcv_list_items(d.stxdmcv)": "select 1 from pg_statistic_ext s " +
			"left join @pg_statistic_ext_data d on d.stxoid = s.oid, pg_mcv_list_items(d.stxdmcv)",
		"select 1 from pg_stats s(a, b) where a = 'x'": "select 1 from @pg_stats s(a, b) where a = 'x'",
		"select 'pg_stats'":                            "select 'pg_stats'",
		"vacuum pg_statistic":                          "vacuum pg_statistic",
		"analyze pg_catalog.pg_statistic":              "analyze pg_catalog.pg_statistic",
		"select * from other.pg_stats":                 "select * from other.pg_stats",
	} {
		st := Analyze(c, dmlPath, text)[0]
		if st.Refusal != nil || !st.Understood {
			t.Errorf("%s: refused: %v", text, st.Refusal)
			continue
		}
		if sent := sentWith(t, c, st, text); sent != want {
			t.Errorf("%s\n got %s\nwant %s", text, sent, want)
		}
	}
	for _, text := range []string{
		"select * from only pg_stats", "select * from pg_stats *", "select * from pg_statistic for update", "select tableoid, * from pg_statistic",
		"with pg_stats as (select 1) select * from pg_stats", "with x as (with pg_stats as (select 1) table pg_stats) select * from pg_stats",
		"create view w as select * from pg_stats", "create materialized view w as select * from pg_stats",
		"delete from pg_statistic", "delete from pg_statistic returning *", "update pg_statistic set stainherit = true", "insert into pg_statistic table pg_statistic",
		"delete from plain using pg_stats s where a = s.tablename", "merge into plain using pg_stats s on a = s.tablename when matched then delete",
		"copy pg_statistic to stdout", "copy pg_catalog.pg_statistic to stdout", "truncate pg_statistic", "select * from pg_statistic tablesample system (100)",
		"create function f() returns bigint begin atomic select count(*) from pg_stats; end", "create rule r as on insert to plain do also table pg_stats",
		"create function f() returns bigint language sql as 'select count(*) from pg_stats'", "do $$begin perform * from pg_stats; end$$",
		"select * from shown", "table above", "copy (select * from shown) to stdout", "alter table plain add check (exists (table pg_stats))",
		"create table x (like pg_stats, check (exists (table pg_stats)))", "create policy p on plain using (exists (table pg_stats))",
		"explain create materialized view w as table pg_stats",
	} {
		if st := Analyze(c, dmlPath, text)[0]; st.Refusal == nil || len(st.Withheld) > 0 {
			t.Errorf("%s: not refused", text)
		}
	}
	if st := Analyze(c, []string{"other", "pg_catalog"}, "select * from pg_stats")[0]; len(st.Withheld) > 0 || st.Refusal != nil {
		t.Errorf("a table of the user's: %+v", st)
	}
	if st := Analyze(c, dmlPath, "select * from pg_stats")[0]; !st.PathDependent {
		t.Error("under another path it is another's")
	}
	if st := Analyze(testCatalog(t, "table public.t: id int4"), dmlPath, "select * from pg_stats")[0]; len(st.Withheld) > 0 || st.Refusal != nil {
		t.Errorf("nothing is protected: %+v", st)
	}
}

// TestWithheldText: what is left out are the tables that are protected or listed, their partitions and indexes.
func TestWithheldText(t *testing.T) {
	c := testCatalog(t, withStatistics)
	const rest = ` OR c.oid OPERATOR(pg_catalog.=) 'pg_catalog.pg_statistic_ext_data'::pg_catalog.regclass::pg_catalog.oid OR pg_catalog.pg_is_other_temp_schema(c.relnamespace)) IS NOT TRUE) OFFSET 0)`
	hidden := func(oid string) string {
		return oid + " OPERATOR(pg_catalog.=) ANY ('{" + c.hiddenOIDs + "}'::pg_catalog.oid[])"
	}
	for name, want := range map[string]string{
		"pg_statistic": `(SELECT r."starelid", r."stavalues1", r."tableoid" FROM pg_catalog.pg_statistic r WHERE EXISTS (SELECT FROM pg_catalog.pg_class c` +
			` LEFT JOIN pg_catalog.pg_index i ON i.indexrelid OPERATOR(pg_catalog.=) c.oid WHERE c.oid OPERATOR(pg_catalog.=) r.starelid`,
		"pg_stats": `(SELECT r."schemaname", r."tablename", r."histogram_bounds", r."tableoid" FROM pg_catalog.pg_stats r WHERE EXISTS (SELECT FROM pg_catalog.pg_class c` +
			` JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace LEFT JOIN pg_catalog.pg_index i ON i.indexrelid OPERATOR(pg_catalog.=) c.oid` +
			` WHERE n.nspname OPERATOR(pg_catalog.=) r.schemaname AND c.relname OPERATOR(pg_catalog.=) r.tablename`,
	} {
		n := TableName{"pg_catalog", name}
		want += " AND (" + hidden("c.oid") + " OR " + hidden("i.indrelid") + rest
		if got := statisticsText(c, n, c.system[n], []string{"tableoid"}); got != want {
			t.Errorf("%s\n got %s\nwant %s", name, got, want)
		}
	}
	left := strings.Split(c.hiddenOIDs, ",")
	for name, out := range map[TableName]bool{{"public", "t"}: true, {"public", "secrets"}: true, {"public", "part"}: true, {"public", "plain"}: false, {"other", "t"}: false} {
		if found := contains(left, strconv.Itoa(int(c.byName[name].OID))); found != out {
			t.Errorf("%v left out: %v, of %s", name, found, left)
		}
	}
	c.spec.AllListed = true
	if got := c.hiddenIn("x"); got != "x OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid" {
		t.Error(got)
	}
}

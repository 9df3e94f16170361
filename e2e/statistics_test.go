package e2e

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// withCounted has statistics of a plain table beside those of people; views and functions would tell more than they should.
const withCounted = `CREATE TABLE counted (a int4, b text, c jsonb);
INSERT INTO counted SELECT g % 3, 'plain-' || g % 3, to_jsonb(g % 5) FROM generate_series(1, 300) g;
CREATE STATISTICS counted_ab (mcv, dependencies) ON a, b FROM counted;
CREATE STATISTICS counted_expr ON (a + 1) FROM counted;
ALTER TABLE counted OWNER TO support; ALTER STATISTICS counted_ab OWNER TO support; ALTER STATISTICS counted_expr OWNER TO support;
CREATE INDEX counted_lower ON counted (lower(b));
CREATE STATISTICS people_mcv (mcv, dependencies) ON age, name FROM people;
CREATE STATISTICS people_expr ON (upper(name)) FROM people;
CREATE INDEX people_upper ON people (upper(name));
ANALYZE counted; ANALYZE people; ANALYZE pg_statistic_ext_data;
CREATE FUNCTION tells(anyelement) RETURNS bool LANGUAGE plpgsql COST 0.0000001 AS 'BEGIN RAISE NOTICE ''%'', $1; RETURN true; END';
CREATE FUNCTION tells_all(anyarray) RETURNS bool LANGUAGE plpgsql COST 0.0000001 AS 'BEGIN RAISE NOTICE ''%'', $1; RETURN true; END';
CREATE VIEW stats_view AS SELECT tablename, most_common_vals::text, histogram_bounds::text FROM pg_stats;
CREATE VIEW statistic_view AS SELECT starelid, stavalues1::text AS v FROM pg_statistic;
CREATE MATERIALIZED VIEW stats_kept AS SELECT tablename::text, most_common_vals::text, histogram_bounds::text FROM pg_stats WHERE schemaname = 'public';
GRANT SELECT ON counted, stats_view, statistic_view, stats_kept, pg_statistic, pg_statistic_ext_data TO support, app;`

const withoutCounted = `REVOKE SELECT ON pg_statistic, pg_statistic_ext_data FROM support, app;
DROP VIEW stats_view, statistic_view; DROP MATERIALIZED VIEW stats_kept; DROP TABLE counted; DROP FUNCTION tells, tells_all;
DROP STATISTICS people_mcv, people_expr; DROP INDEX people_upper`

// nobodys are values of people that only statistics show, in clear or masked for everybody but app.
var nobodys = regexp.MustCompile(`(?i)\bname [0-9]|cnry|636e7279|c57e91`)

// TestStatistics: the planner's statistics of plain tables are those that the server has; of people there are none, whatever is asked.
func TestStatistics(t *testing.T) {
	ctx := context.Background()
	app := connect(shared.DSN("app", password("app"), "shop", ""))
	defer app.Close(ctx)
	fill(app)
	direct("shop", withCounted)
	defer direct("shop", withoutCounted)
	if found := direct("shop", "SELECT string_agg(concat(most_common_vals, histogram_bounds), '') FROM pg_stats WHERE tablename IN ('people', 'people_upper')"); !nobodys.Match(found[0].Rows[0][0]) {
		t.Fatalf("the statistics of people hold none of its values: %s", found[0].Rows[0][0])
	}
	for _, user := range []string{"support", "app"} {
		config, err := pgconn.ParseConfig(shared.DSN(user, password(user), "shop", ""))
		if err != nil {
			t.Fatal(err)
		}
		var notices strings.Builder
		config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { fmt.Fprint(&notices, n.Message, n.Detail, n.Hint, n.Where) }
		c, err := pgconn.ConnectConfig(ctx, config)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(ctx)
		awaitCode(t, c, "SELECT 1 FROM stats_view", "PV116")
		plain := connect(shared.pg.DSN(user, password(user), "shop", ""))
		defer plain.Close(ctx)
		told := func(text string) {
			t.Helper()
			if found := nobodys.FindString(text + notices.String()); found != "" {
				t.Errorf("%s: %q is shown", user, found)
			}
			notices.Reset()
		}
		for _, text := range ofCounted {
			want := table(t, plain.ExecParams(ctx, text, nil, nil, nil, nil).Read())
			if got := table(t, c.ExecParams(ctx, text, nil, nil, nil, nil).Read()); got != want || strings.Count(got, "\n") == 0 && user == "support" {
				t.Errorf("%s: %s\n got %s\nwant %s", user, text, got, want)
			}
			r, err := c.Exec(ctx, text).ReadAll()
			if err != nil || len(r) != 1 || table(t, r[0]) != want {
				t.Errorf("%s: %s: %v", user, text, err)
			}
			if r, err = c.Exec(ctx, "prepare st as "+text+"; execute st; deallocate st").ReadAll(); err != nil && !strings.Contains(err.Error(), "PV108") || err == nil && (len(r) != 3 || table(t, r[1]) != want) {
				t.Errorf("%s: prepare %s: %v", user, text, err)
			}
			told("")
		}
		for _, text := range ofPeople {
			for range 2 {
				r := c.ExecParams(ctx, text, nil, nil, nil, nil).Read()
				if r.Err != nil || len(r.Rows) != 0 {
					t.Errorf("%s: %s: %d rows, %v", user, text, len(r.Rows), r.Err)
				}
			}
			if r, err := c.Exec(ctx, text).ReadAll(); err != nil || len(r[0].Rows) != 0 {
				t.Errorf("%s: %s: %v", user, text, err)
			}
			if r, err := c.Exec(ctx, "prepare st as "+text+"; execute st; deallocate st").ReadAll(); err != nil || len(r[1].Rows) != 0 {
				t.Errorf("%s: prepare %s: %v", user, text, err)
			}
			told("")
		}
		for _, text := range ofAny {
			var b strings.Builder
			if rows, err := allRows(c.Exec(ctx, text).ReadAll()); err == nil || refusalCode.FindString(err.Error()) == "" {
				fmt.Fprintf(&b, "%s %v", rows, err)
			}
			r := c.ExecParams(ctx, text, nil, nil, nil, nil).Read()
			fmt.Fprintf(&b, "%s %v", r.Rows, r.Err)
			for _, way := range []string{"declare st cursor for ", "explain (analyze, verbose, costs off) "} {
				rows, err := allRows(c.Exec(ctx, "begin; "+way+text).ReadAll())
				fmt.Fprintf(&b, "%s %v", rows, err)
				rows, err = allRows(c.Exec(ctx, "fetch all from st").ReadAll())
				fmt.Fprintf(&b, "%s %v", rows, err)
				c.Exec(ctx, "rollback").ReadAll()
			}
			rows, err := allRows(c.Exec(ctx, "prepare st as "+text+"; execute st").ReadAll())
			fmt.Fprintf(&b, "%s %v", rows, err)
			c.Exec(ctx, "deallocate st").ReadAll()
			if _, err := c.CopyTo(ctx, &b, "copy ("+text+") to stdout"); err != nil {
				fmt.Fprintf(&b, "%v", err)
			}
			told(b.String())
		}
		for _, text := range []string{"select * from stats_view", "select v from statistic_view", "table stats_kept", "select * from only pg_stats",
			"create temp view st as select * from pg_stats", "select * from pg_statistic for update", "copy pg_statistic to stdout",
			"with pg_stats as (select 1) select * from pg_stats", "select table_to_xml('pg_stats', true, true, '')", "select schema_to_xml('pg_catalog', true, true, '')",
			"select query_to_xml('select * from pg_stats', true, true, '')", "select table_to_xml('stats_view', true, true, '')", "do $$begin perform * from pg_stats; end$$"} {
			refusedAs(t, c, text)
			told("")
		}
	}
}

// awaitCode waits until the proxy has read the catalog by which a statement is refused.
func awaitCode(t *testing.T, c *pgconn.PgConn, text, code string) {
	t.Helper()
	for range 150 {
		if _, err := c.Exec(context.Background(), text).ReadAll(); err != nil && strings.Contains(err.Error(), code) {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s is not refused with %s", text, code)
}

// ofCounted are answered as by the server itself.
var ofCounted = []string{
	"select * from pg_stats where tablename like 'counted%' order by tablename, attname",
	"select pg_catalog.pg_stats.tablename, most_common_vals::text from pg_catalog.pg_stats where tablename = 'counted' order by attname",
	"select s.attname, array_ndims(s.most_common_vals) from pg_stats s join pg_class c on c.relname = s.tablename and c.oid = 'counted'::regclass order by 1",
	"select staattnum, stavalues1, tableoid from pg_statistic where starelid = 'counted'::regclass order by 1",
	"select m.* from pg_statistic_ext s join pg_statistic_ext_data d on d.stxoid = s.oid, pg_mcv_list_items(d.stxdmcv) m where s.stxname = 'counted_ab'",
	"select statistics_name, most_common_vals, dependencies from pg_stats_ext where tablename = 'counted'",
	"select statistics_name, expr, most_common_vals from pg_stats_ext_exprs where tablename = 'counted'",
	"with s as (select * from pg_stats) select row_to_json(s) from s where tablename = 'counted' and attname = 'a'",
	"select count(*) from (table pg_stats) s where tablename = 'counted'",
	"select count(*) > 100 from pg_stats where schemaname = 'pg_catalog'",
	"select (ts_stat('select b::tsvector from counted')).word from counted limit 1",
	"select word, ndoc from ts_stat('select to_tsvector(b) from counted') order by 1 limit 1",
	"select ts_rewrite('a & b'::tsquery, 'select ''a''::tsquery, ''x''::tsquery')",
	"select table_to_xml('counted', true, true, ''), query_to_xml('select a from counted limit 1', true, true, '')",
}

// ofPeople have no rows.
var ofPeople = []string{
	"select * from pg_stats where tablename in ('people', 'people_upper', 'people_email_key')",
	"select * from pg_statistic where starelid in ('people'::regclass, 'people_upper'::regclass)",
	"select * from pg_stats_ext where tablename = 'people'", "select * from pg_stats_ext_exprs where statistics_name = 'people_expr'",
	"select m.* from pg_statistic_ext s join pg_statistic_ext_data d on d.stxoid = s.oid, pg_mcv_list_items(d.stxdmcv) m where s.stxname = 'people_mcv'",
	"select * from pg_stats where histogram_bounds::text ~* 'name [0-9]' or most_common_vals::text ~* 'name [0-9]'",
}

// ofAny may be answered or not; values of people are not among what they show, by whichever way.
var ofAny = []string{
	"select s from pg_stats s", "select * from pg_stats s, pg_statistic where s.attname = 'typname' and starelid = 1247", "select s.*::text from pg_statistic s", "select json_agg(s) from pg_stats s",
	"select d, d.stxdexpr from pg_statistic_ext_data d", "select x.* from pg_stats s join pg_stats x using (tablename, attname)",
	"select 1 from pg_stats where tells_all(most_common_vals)", "select 1 from pg_stats where tells_all(histogram_bounds) and tablename = 'people'",
	"select 1 from pg_statistic where tells(stavalues1::text)", "select 1 from pg_statistic s where tells(s) limit 1", "select 1 from pg_statistic where stavalues1::text::int4 = 1",
	"select 1 from pg_statistic s, lateral (select tells(s.stavalues1::text) offset 0) x", "select 1 from pg_statistic order by tells(stavalues1::text)",
	"select 1 from pg_stats_ext where tells(most_common_vals)", "select 1 from pg_statistic_ext_data d, pg_mcv_list_items(d.stxdmcv) m where tells(m.values)",
	"select a.attname from pg_stats a left join pg_stats b on b.tablename = 'people' and tells(b.histogram_bounds::text)",
	"select (select max(histogram_bounds::text) from pg_stats where tablename = 'people')", "select id, s.most_common_vals from people, pg_stats s limit 3",
	"with recursive r as (select histogram_bounds::text h from pg_stats union select most_common_vals::text from pg_stats) select * from r",
	"select v from (values (1)) x, lateral (select histogram_bounds::text v from pg_stats where tablename = 'people') y",
	"select stavalues1 from pg_statistic where starelid = 'pg_statistic_ext_data'::regclass", `select * from U&"pg\005fstats"`, `select * from "pg_catalog"."pg_statistic"`,
	"select histogram_bounds from pg_stats group by grouping sets ((), (histogram_bounds))", "select case when tells(histogram_bounds::text) then 1 end from pg_stats",
}

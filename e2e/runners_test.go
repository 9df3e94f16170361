package e2e

import (
	"context"
	"strings"
	"testing"
)

// withRunners has what the server does by itself call functions that run SQL given as text. PostgreSQL keeps no dependency on these.
const withRunners = `CREATE VIEW rn_view AS SELECT query_to_xml('select email, name from people', true, true, '')::text AS v;
CREATE VIEW rn_over AS SELECT v AS w FROM rn_view;
CREATE VIEW rn_words AS SELECT word FROM ts_stat('select to_tsvector(name) from people');
CREATE VIEW rn_table AS SELECT 1 AS one WHERE table_to_xml('people', true, true, '')::text LIKE '%name%';
CREATE MATERIALIZED VIEW rn_kept AS SELECT table_to_xml('people', true, true, '')::text AS v;
CREATE OPERATOR ##? (leftarg = tsquery, rightarg = text, function = ts_rewrite);
CREATE VIEW rn_operator AS SELECT 'a'::tsquery ##? 'select ''a''::tsquery, plainto_tsquery(name) from people' AS v;
CREATE AGGREGATE rn_rewrite(text) (sfunc = ts_rewrite, stype = tsquery, initcond = 'a');
CREATE VIEW rn_aggregate AS SELECT rn_rewrite('select ''a''::tsquery, plainto_tsquery(name) from people') AS v;
CREATE FUNCTION rn_parsed() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT query_to_xml('select email, name from people', true, true, '')::text; END;
CREATE FUNCTION rn_text() RETURNS text LANGUAGE sql AS 'SELECT table_to_xml(''people'', true, true, '''')::text';
CREATE FUNCTION rn_internal(text, OUT word text, OUT ndoc int, OUT nentry int) RETURNS SETOF record LANGUAGE internal STRICT AS 'ts_stat1';
CREATE TABLE rn_rule (a text); CREATE RULE rn AS ON INSERT TO rn_rule DO ALSO SELECT query_to_xml('select email, name from people', true, true, '');
CREATE TABLE rn_default (id int, a text DEFAULT query_to_xml('select email, name from people', true, true, '')::text);
CREATE DOMAIN rn_domain AS text DEFAULT table_to_xml('people', true, true, '')::text;
CREATE TABLE rn_typed (id int, a rn_domain);
CREATE TABLE rn_check (a text CHECK (query_to_xml('select email, name from people', true, true, '')::text LIKE a));
CREATE TABLE rn_policy (a text); INSERT INTO rn_policy VALUES ('%name%'), ('%nobody%'); ALTER TABLE rn_policy ENABLE ROW LEVEL SECURITY;
CREATE POLICY rn ON rn_policy USING (query_to_xml('select email, name from people', true, true, '')::text LIKE a);
CREATE TABLE rn_trigger (a text);
CREATE TRIGGER rn BEFORE INSERT ON rn_trigger FOR EACH ROW WHEN (table_to_xml('people', true, true, '')::text LIKE NEW.a) EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE TABLE rn_parent (a text) PARTITION BY LIST (a); CREATE TABLE rn_part PARTITION OF rn_parent DEFAULT;
ALTER TABLE rn_part ADD CHECK (query_to_xml('select email, name from people', true, true, '')::text LIKE a);
CREATE TABLE rn_plain (a text DEFAULT ts_rewrite('a & b'::tsquery, 'a', 'c')::text);
CREATE VIEW rn_harmless AS SELECT ts_rewrite('a & b'::tsquery, 'a'::tsquery, 'c'::tsquery) AS v, ts_headline('x', 'x'::tsquery) AS h;
GRANT ALL ON rn_view, rn_over, rn_words, rn_table, rn_kept, rn_operator, rn_aggregate, rn_rule, rn_default, rn_typed, rn_check, rn_policy, rn_trigger, rn_parent, rn_plain, rn_harmless TO app, support`

const withoutRunners = `DROP VIEW rn_view, rn_over, rn_words, rn_table, rn_operator, rn_aggregate, rn_harmless; DROP MATERIALIZED VIEW rn_kept; DROP FUNCTION rn_parsed, rn_text, rn_internal;
DROP AGGREGATE rn_rewrite(text); DROP OPERATOR ##? (tsquery, text);
DROP TABLE rn_rule, rn_default, rn_typed, rn_check, rn_policy, rn_trigger, rn_parent, rn_plain; DROP DOMAIN rn_domain`

// TestStoredRunners: where the server itself calls functions that run SQL given as text, or read what a text names, nothing is shown by them.
func TestStoredRunners(t *testing.T) {
	ctx := context.Background()
	direct("shop", withRunners)
	defer func() { // those behind find a catalog without them
		c := session(t, shared.Stack, "app")
		direct("shop", withoutRunners)
		awaitCode(t, c, "SELECT rn_parsed()", "42883")
	}()
	for _, user := range []string{"support", "app"} {
		c := session(t, shared.Stack, user)
		awaitCode(t, c, "SELECT rn_parsed()", "PV108")
		for _, text := range []string{
			"select * from rn_view", "select w from rn_over", "select * from rn_words", "select one from rn_table", "table rn_kept", "select * from rn_operator", "select * from rn_aggregate",
			"select rn_parsed()", "select rn_text()", "select * from rn_internal('select to_tsvector(name) from people')",
			"select 'a'::tsquery ##? 'select ''a''::tsquery, plainto_tsquery(name) from people'", "select rn_rewrite('select ''a''::tsquery, plainto_tsquery(name) from people')",
			"insert into rn_rule values ('x')", "insert into rn_default values (1) returning a", "insert into rn_typed values (1) returning *", "insert into rn_check values ('%name%')",
			"select * from rn_policy", "update rn_policy set a = a", "insert into rn_trigger values ('%name%')", "insert into rn_parent values ('%name%')",
			"create table rn_new (a text default query_to_xml('select 1', true, true, '')::text)",
			"alter table rn_plain alter a set default table_to_xml('people', true, true, '')::text", "create policy rn_new on rn_plain using (query_to_xml(a, true, true, '') is null)",
			"create view rn_new as select query_to_xml('select 1', true, true, '')", "create operator ##! (leftarg = tsquery, rightarg = text, function = ts_rewrite)",
			"create aggregate rn_new(text) (sfunc = ts_rewrite, stype = tsquery)", "create domain rn_new as text default query_to_xml('select 1', true, true, '')::text",
			"create rule rn_new as on insert to rn_plain do also select query_to_xml('select 1', true, true, '')",
			"create function rn_new() returns xml language sql begin atomic select query_to_xml('select * from people', true, true, ''); end",
		} {
			refusedAs(t, c, text)
		}
		for _, text := range []string{"insert into rn_plain default values returning a", "select * from rn_harmless"} {
			if rows := rowsOf(t, c, text); len(rows) != 1 || !strings.Contains(string(rows[0][0]), "'c'") {
				t.Errorf("%s: %s", text, rows)
			}
		}
		if user == "app" {
			rowsOf(t, c, "create table rn_like (like rn_default including all)")
			refusedAs(t, c, "insert into rn_like values (1) returning a")
			rowsOf(t, c, "drop table rn_like")
		}
		if _, err := c.Exec(ctx, "select query_to_xml('select 1', true, true, '')").ReadAll(); err != nil {
			t.Error(err)
		}
	}
}

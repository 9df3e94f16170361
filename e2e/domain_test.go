package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/e2e/generate"
	"github.com/pgveil/pgveil/e2e/stack"
)

// TestDomainsInExpressions: what is made of a column of a domain is of the domain's type or of its base's, with the length of the domain or
// without, as on a plain database.
func TestDomainsInExpressions(t *testing.T) {
	own := ownStack(t, func(o *stack.Options) {
		o.Encrypt += `
  public.z_domains:
    a: {type: public.z_name, search: equality}
    b: {type: public.z_cost, search: equality}
    c: {type: public.z_name, search: equality, key: public.z_domains.a}
`
		o.Policy = strings.Replace(rules, "on: [public.people, public.logins", "on: [public.z_domains, public.people, public.logins", 1)
	})
	plain := connect(shared.plain.DSN("app", password("app"), "plain", ""))
	defer plain.Close(context.Background())
	got, want := &generate.Server{Conn: session(t, own, "app")}, &generate.Server{Conn: plain}
	both := func(text string, way generate.Way) {
		t.Helper()
		st := generate.Step{Rendered: generate.Rendered{Text: text}, Way: way}
		for n := strings.Count(text, "$"); n > 0; n-- {
			st.Params = append(st.Params, nil)
		}
		g, w := got.Run(st), want.Run(st)
		if g.Code != "" || g.State != w.State || g.Head != w.Head || strings.Join(g.Rows, "\n") != strings.Join(w.Rows, "\n") {
			t.Errorf("%s (%s)\ngot  %s %s %s %q\nwant %s %s %q", text, way, g.Message, g.State, g.Head, g.Rows, w.State, w.Head, w.Rows)
		}
	}
	for _, text := range []string{"create domain z_name as varchar(10) check (value <> '')", "create domain z_cost as numeric(10,2)",
		"create table z_domains (id int primary key, a z_name, b z_cost, c z_name, e text[], f z_name, g numeric(10,2)[], h varchar(5)[])", "insert into z_domains values (1, 'cnry-a', 1.50, 'cnry-a'), (2, 'cnry-b', null, 'cnry-c')",
		"create index z_domains_a on z_domains (a)", "create view z_domains_v as select a, b, coalesce(c, 'cnry') as d, coalesce(a, c) as g, case when id = 1 then b end as h from z_domains"} {
		both(text, generate.Simple)
	}
	for _, text := range []string{
		"select array_agg(a order by id), array_agg(b order by id) from z_domains",
		"select array(select a from z_domains order by id)", "select array[a, c] from z_domains", "select array[a] from z_domains",
		"select lag(a) over (order by id), lead(b) over (order by id), first_value(a) over (order by id) from z_domains",
		"select case when id = 1 then a end, case when id = 1 then a else c end, case when id = 1 then a else 'cnry' end from z_domains",
		"select coalesce(a, c), coalesce(a, 'cnry') from z_domains", "select coalesce(a) from z_domains", "select nullif(a, 'cnry-a'), nullif(b, 1.5) from z_domains",
		"select a from z_domains union all select c from z_domains", "select a from z_domains union select null from z_domains",
		"select array_agg(x order by x is null) from (select coalesce(a, 'cnry') as x from z_domains where id = 1) s", "select array_agg(x) from (select nullif(a, 'cnry-a') as x from z_domains) s",
		"select array_agg(x) from (select case when id = 1 then a end as x from z_domains where id = 1) s", "select array_agg(x) from (select a as x from z_domains where id = 1 union all select c from z_domains where id = 1) s",
		"select lag(x) over () from (select coalesce(a, 'cnry') as x from z_domains where id = 1) s", "select (select a from z_domains where id = 1)", "select (array_agg(a order by id))[1], (array_agg(b order by id))[1] from z_domains",
		"select u from unnest(array(select a from z_domains order by id)) u", "select x from (values ((select a from z_domains where id = 1))) v(x)", "with q as materialized (select a, b from z_domains) select a, lag(b) over (order by a is null) from q where b is not null",
		"update z_domains set a = case when id = 1 then $1 else a end where id = 9", "update z_domains set a = $1 where id = 9", "update z_domains set a = coalesce($1, c), b = coalesce(b, $2) where id = 9",
		"insert into z_domains (id, a) values (5, $1) on conflict (id) do update set a = coalesce(excluded.a, $2), c = $3", "update z_domains set (a, c) = ($1, $2) where id = 9", "insert into z_domains (id, a, b) select 7, $1, $2 where false",
		"select a.attname, format_type(a.atttypid, a.atttypmod), a.atttypmod, a.attlen, a.attbyval, a.attalign, a.attstorage, a.attcollation, a.attndims from pg_attribute a where attrelid = 'z_domains'::regclass and attnum > 0 order by attnum",
		"select column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, udt_name, domain_schema, domain_name, collation_name from information_schema.columns where table_name = 'z_domains' order by ordinal_position",
		"select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'z_domains_a'::regclass",
		"select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'z_domains_v'::regclass and attnum > 0 order by attnum",
		"select column_name, data_type, numeric_scale, domain_name from information_schema.columns where table_name = 'z_domains_v' order by ordinal_position",
		"select e::text[], f::z_name, f::public.z_name, g::numeric(10,2)[], g::numeric[], h::varchar(5)[], cast(h as varchar[]), h::text[] from z_domains",
		"select id from z_domains where a = $1 or b = $2 or c in ($3, $4)",
	} {
		both(text, generate.Named)
		if !strings.Contains(text, "$") {
			both(text, generate.Simple)
			both(text, generate.Binary)
		}
	}
	for _, text := range []string{"drop view z_domains_v", "drop table z_domains", "drop domain z_name, z_cost"} {
		both(text, generate.Simple)
	}
}

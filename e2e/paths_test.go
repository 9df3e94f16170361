package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/stack"
)

const pathsEncrypt = `  public.profiles:
    prefs:
      type: jsonb
      paths:
        ssn: {search: equality, key: profile-ssn}
        address.street: {}
        address.zip: {search: equality}
        "étage": {}
    ssn:   {type: text, search: equality, key: profile-ssn}
    doc:   {type: jsonb, paths: {secret: {}}}
`

const pathsSchema = `CREATE TABLE profiles (id int PRIMARY KEY, name text, prefs jsonb DEFAULT '{"theme": "light", "ssn": "cnry-default"}', ssn text, doc jsonb NOT NULL DEFAULT '{}'::jsonb, extra jsonb)`

const pathsRules = `      - {id: profiles, on: [public.profiles, public.profile_view], do: [all], show: "*", write: "*"}
`

// pathsRows are documents as literals: usual ones, NULL, and such as a walk through JSON could stumble over.
var pathsRows = []string{
	`'{"ssn": "cnry-1", "theme": "dark", "address": {"street": "cnry road 1", "zip": "cnry-z1", "city": "Bonn"}}'`,
	`'{"ssn": "cnry-2", "n": 12345678901234567890.123456789012345678901234567890, "e": 1e3, "m": -0.0}'`,
	`'{ "ssn" : null , "address" : {} , "tags" : ["a", {"b": [1, 2, {"c": null}]}] }'`,
	`NULL`, `'{}'`, `'[]'`, `'"ssn"'`, `'17'`, `'null'`, `'[{"theme": "in an array"}]'`,
	`'{"address": "no object", "ssn": "cnry-3"}'`,
	`'{"address": [{"city": "in an array"}], "ssn": "cnry-1"}'`,
	`'{"ssn": "cnry-first", "ssn": "cnry-last"}'`,
	`'{"s\u0073n": "cnry-es\u0063aped \" \\ \/ \b\f\n\r\t \u00e9 \ud83d\ude00", "\u00e9tage": "cnry-é"}'`,
	`'{"ssn": ""}'`, `'{"ssn": "\u007f\u0001 cnry 日本語"}'`,
	`'{"a": {"ssn": "elsewhere"}, "ssn": "cnry-1", "address.zip": "a key with a dot"}'`,
	`'{"address": {"street": "cnry-a", "street": "cnry-b"}, "address": {"zip": "cnry-z1", "street": null}}'`,
	`E'{"ssn": "cnry-1",\n\t"theme": "it''s \\u0041"}'`, `$${"ssn": "cnry-$", "theme": "dollar"}$$`,
	`'{"ssn": "cnry-1"}'::jsonb`, `CAST('{"ssn": "cnry-2"}' AS jsonb)`,
	`'{"deep": ` + strings.Repeat(`{"x": [`, 100) + strings.Repeat(`]}`, 100) + `, "ssn": "cnry-1"}'`,
}

// paths sets two databases up, one of them behind a proxy that protects paths.
func paths(t *testing.T) (protected, plain *pgconn.PgConn, s *stack.Stack) {
	t.Helper()
	protected, plain, s = sideBySide(t, "paths", func(o *stack.Options) {
		o.Encrypt += pathsEncrypt
		o.Policy = strings.Replace(o.Policy, "  support:", pathsRules+"  support:", 1)
		o.Policy = strings.Replace(o.Policy, "  analyst:", "      - {id: kept, on: public.profiles, do: [select, insert, copy_to, copy_from], show: \"*\", sealed: [prefs, doc, ssn], write: \"*\"}\n  analyst:", 1)
		o.Policy += "      - {id: veiled, on: public.profiles, do: [select], show: [id, doc], mask: {prefs: null}}\n"
	})
	for _, server := range []*postgres.Server{shared.pg, shared.plain} {
		asSuperuser(server, "paths", "ALTER DEFAULT PRIVILEGES FOR ROLE app GRANT SELECT, INSERT ON TABLES TO PUBLIC")
	}
	for _, c := range []*pgconn.PgConn{protected, plain} {
		execOn(t, c, pathsSchema)
		for i, doc := range pathsRows {
			execOn(t, c, fmt.Sprintf("INSERT INTO profiles (id, name, prefs, ssn, doc) VALUES (%d, 'p%d', %s, 'cnry-%d', '{\"secret\": \"cnry-s\", \"open\": %d}')", i+1, i%5, doc, i%4, i))
		}
		execOn(t, c, "INSERT INTO profiles (id, name) VALUES (100, 'default')")
		execOn(t, c, "CREATE INDEX ON profiles ((prefs->>'ssn'))")
		execOn(t, c, "CREATE INDEX ON profiles USING gin (prefs jsonb_path_ops)")
		execOn(t, c, "CREATE INDEX ON profiles ((prefs->>'theme'), (prefs#>>'{address,zip}'))")
		execOn(t, c, "CREATE VIEW path_view AS SELECT id, prefs->>'ssn' AS s, prefs->'address'->>'street' AS u FROM profiles")
		execOn(t, c, "CREATE VIEW profile_view AS SELECT id, prefs AS p, doc, prefs->>'theme' AS theme FROM profiles")
	}
	return protected, plain, s
}

// pathShapes are statements that are answered as a plain database answers them.
var pathShapes = []string{
	"select * from profiles order by id",
	"select prefs from profiles order by id",
	"select prefs, doc, prefs from profiles order by id",
	"select prefs::jsonb from profiles order by id",
	"select p.prefs as \"P\" from profiles p where id = 1",
	"select prefs->>'ssn' from profiles order by id",
	"select (prefs->>'ssn') from profiles order by id",
	"select prefs->>'ssn' as ssn, id from profiles order by id",
	"select prefs->'ssn', prefs->'address', prefs->'address'->'zip', prefs->'address'->>'zip' from profiles order by id",
	"select (prefs->'address')->>'street', ((prefs) -> 'address') ->> 'zip', prefs #>> '{address,street}', prefs #> '{address,street}', prefs#>'{address}' from profiles order by id",
	"select prefs #>> '{address,street}'::text[], prefs ->> 'ssn'::text from profiles order by id",
	"select prefs->>'theme', prefs->'tags', prefs->'tags'->1->'b', prefs->'n', prefs->>'n', prefs#>>'{tags,1,b}', prefs->'ssn'->'x', prefs->'ssn'->>'x' from profiles order by id",
	"select prefs->>'étage', prefs->>'s\\u0073n' from profiles order by id",
	"select id from profiles where prefs->>'ssn' = 'cnry-1' order by id",
	"select id from profiles where prefs->>'ssn' = $1 order by id ## cnry-1",
	"select id from profiles where $1 = prefs->>'ssn' order by id ## cnry-1",
	"select id from profiles where prefs->>'ssn' = $1::text order by id ## cnry-2",
	"select id from profiles where (prefs->>'ssn') in ('cnry-1', $1) order by id ## cnry-3",
	"select id from profiles where prefs->>'ssn' = any($1) order by id ## {cnry-1,cnry-2}",
	"select id from profiles where prefs->>'ssn' <> 'cnry-1' order by id",
	"select id from profiles where prefs->>'ssn' is distinct from 'cnry-1' order by id",
	"select id from profiles where prefs->>'ssn' is null order by id",
	"select id from profiles where prefs is not null and prefs->'address' is null order by id",
	"select id from profiles where prefs#>>'{address,zip}' = 'cnry-z1' and prefs->>'theme' = 'dark' order by id",
	"select id from profiles where prefs->'address'->>'zip' = $1 and prefs->'address'->>'city' = $2 order by id ## cnry-z1|Bonn",
	"select prefs->>'ssn', count(*) from profiles group by prefs->>'ssn'",
	"select prefs->>'ssn' as s, count(*) from profiles group by s having prefs->>'ssn' is not null",
	"select distinct prefs->>'ssn' from profiles",
	"select count(distinct prefs->>'ssn'), count(prefs), count(prefs->>'ssn') from profiles",
	"select a.id, b.id from profiles a join profiles b on a.prefs->>'ssn' = b.prefs->>'ssn' and a.id < b.id order by 1, 2",
	"select a.id, b.id from profiles a join profiles b on a.prefs->>'ssn' = b.ssn order by 1, 2",
	"select id from profiles where prefs @> '{\"ssn\": \"cnry-1\"}' order by id",
	"select id from profiles where prefs @> $1 order by id ## {\"ssn\": \"cnry-1\"}",
	"select id from profiles where prefs @> $1::jsonb order by id ## {\"address\": {\"zip\": \"cnry-z1\"}, \"theme\": \"dark\"}",
	"select id from profiles where '{\"ssn\": \"cnry-2\"}'::jsonb <@ prefs order by id",
	"select id from profiles where prefs @> '{}' order by id",
	"select id from profiles where prefs @> '{\"ssn\": null}' order by id",
	"select id from profiles where prefs->'address' @> '{\"zip\": \"cnry-z1\"}' order by id",
	"select id from profiles where prefs->'ssn' @> '\"cnry-1\"' order by id",
	"select id from profiles where prefs ? 'ssn' order by id",
	"select id from profiles where prefs ?| array['theme', 'tags'] and prefs ?& '{ssn}' order by id",
	"select id from profiles where prefs->'address' ? 'zip' order by id",
	"select id, p, theme from profile_view order by id",
	"select p->>'ssn', p->'address' from profile_view where p->>'ssn' = 'cnry-1' order by id",
	"with w as (select id, prefs p, prefs->>'ssn' s from profiles) select p, s from w where s = $1 order by id ## cnry-1",
	"select s from (select prefs->>'ssn', id from profiles) x(s, id) where s = 'cnry-2' order by id",
	"select \"?column?\" from (select prefs->>'ssn' from profiles where id = 1) x",
	"select (select prefs->>'ssn' from profiles where id = 1), (select prefs from profiles where id = 2)",
	"select coalesce(prefs->>'ssn', 'cnry-none') from profiles order by id",
	"select case when id < 3 then prefs->>'ssn' else ssn end from profiles order by id",
	"select id from profiles where prefs->>'ssn' = (select prefs->>'ssn' from profiles where id = 1) order by id",
	"select prefs->>'ssn' from profiles where id < 3 union select ssn from profiles where id < 3",
	"select array_agg(prefs->>'ssn' order by id), json_agg(prefs->>'ssn' order by id) from profiles",
	"select jsonb_build_object('s', prefs->>'ssn', 't', ssn, 'z', prefs#>>'{address,zip}') from profiles order by id",
	"select lag(prefs->>'ssn') over (order by id) from profiles order by id",
	"insert into profiles (id, prefs) values (200, '{\"ssn\": \"cnry-new\", \"x\": 1.50}') returning prefs, prefs->>'ssn'",
	"insert into profiles (id, prefs) values (200, $1) returning * ## {\"ssn\": \"cnry-new\", \"x\": [1.50, null]}",
	"insert into profiles (id, prefs) values (200, $1::jsonb), (201, null), (202, default) returning prefs ## {\"ssn\": \"cnry-new\"}",
	"insert into profiles (id, prefs) values (200, $1) returning prefs ## NULL",
	"insert into profiles values (200, 'n', '{\"ssn\": \"cnry-x\"}', 'cnry-x', '{\"secret\": null}', '{\"ssn\": \"plain\"}') returning *",
	"insert into profiles (id, prefs) values (1, $1) on conflict (id) do update set prefs = excluded.prefs, doc = $2 returning prefs, doc ## {\"ssn\": \"cnry-up\"}|{\"secret\": \"cnry-up\"}",
	"insert into profiles (id, prefs) values (1, $1) on conflict (id) do update set prefs = $1 returning prefs ## {\"ssn\": \"cnry-up\"}",
	"insert into profiles (id, prefs) select id + 500, prefs from profiles where id < 4 returning prefs",
	"insert into profiles (id, prefs) select 600, '{\"ssn\": \"cnry-sel\"}' returning prefs",
	"update profiles set prefs = $1 where prefs->>'ssn' = $2 returning id, prefs ## {\"address\": {\"street\": \"cnry-str\"}}|cnry-1",
	"update profiles set prefs = '{\"ssn\": \"cnry-upd\"}', name = 'x' where id = 3 returning prefs->>'ssn'",
	"update profiles set prefs = null where prefs->>'theme' = 'dark'",
	"update profiles set prefs = default where id = 1 returning prefs",
	"update profiles a set prefs = b.prefs from profiles b where a.id = 1 and b.id = 2 returning a.prefs",
	"update profiles set extra = '{\"ssn\": \"plain\"}' where id = 1 returning extra",
	"delete from profiles where prefs->>'ssn' = 'cnry-1' returning id, prefs",
	"merge into profiles p using (values (1), (900)) v(id) on p.id = v.id when matched then update set prefs = '{\"ssn\": \"cnry-m\"}' when not matched then insert (id, prefs) values (v.id, '{\"ssn\": \"cnry-m2\"}')",
	"prepare q (int, jsonb) as insert into profiles (id, prefs) values ($1, $2) returning prefs; execute q(300, '{\"ssn\": \"cnry-prep\"}')",
	"prepare q2 as select prefs, prefs->>'ssn' from profiles where prefs->>'ssn' = $1 order by id; execute q2('cnry-1')",
	"declare c cursor for select prefs from profiles order by id; fetch 5 from c",
	"select coalesce(prefs, '{\"ssn\": \"cnry-none\"}') from profiles order by id",
	"select coalesce(prefs, $1, null), coalesce(prefs->'address', '{}'::jsonb) from profiles order by id ## {\"ssn\": \"cnry-none\"}",
	"select case when id < 3 then prefs else '{\"ssn\": \"cnry-2\"}' end from profiles order by id",
	"select case when id < 3 then prefs else '{\"ssn\": \"cnry-2\"}'::jsonb end, case when id < 3 then prefs->'ssn' else '\"cnry-2\"' end from profiles order by id",
	"select case id when 1 then prefs when 2 then '{\"ssn\": \"cnry-2\"}' else null end from profiles order by id",
	"select prefs from profiles where id < 9 union all select '{\"ssn\": \"cnry-u\"}'",
	"select * from (values (1, '{\"ssn\": \"plain\"}'::jsonb)) v(a, b), profiles where id = 1",
	"update profiles set prefs = coalesce(prefs, '{\"ssn\": \"cnry-c\"}') where id < 9 returning prefs",
	"insert into profiles (id, prefs) select a, b from (values (700, '{\"ssn\": \"cnry-v\"}'::jsonb), (701, null)) v(a, b) returning prefs",
	"insert into profiles (id, prefs, ssn) values (1, '{}', 'x') on conflict (id) do update set ssn = excluded.prefs->>'ssn', prefs = profiles.prefs returning *",
	"update profiles set ssn = prefs->>'ssn' where id < 6 returning ssn, prefs->>'ssn'",
	"insert into profiles (id, ssn) select 800, prefs->>'ssn' from profiles where id = 1 returning ssn",
	"select id, s, u from path_view where s = $1 order by id ## cnry-1",
	// what both refuse
	"insert into profiles (id, prefs) values (200, '{\"ssn\": ') returning id",
	"insert into profiles (id, prefs) values (200, $1) returning id ## {\"ssn\": \"\\ud800\"}",
	"insert into profiles (id, prefs) values (200, $1) returning id ## {\"ssn\": \"\\u0000\"}",
	"insert into profiles (id, prefs) values (200, $1) returning id ## not json",
}

func TestPaths(t *testing.T) {
	protected, plain, s := paths(t)
	equal := 0
	for _, line := range pathShapes {
		sh := shapeOf(line)
		for _, w := range ways {
			if strings.Contains(sh.sql, "; ") && w.name != "simple" {
				continue
			}
			got, gotAfter := tryPaths(protected, w, sh)
			want, wantAfter := tryPaths(plain, w, sh)
			switch {
			case got.code != "" && (want.sqlstate == "" || got.sqlstate != want.sqlstate):
				t.Errorf("%s: %s: refused by %s: %s (plain: %s)", w.name, line, got.code, got.text, want.sqlstate)
			case got.code == "" && got.text != want.text:
				t.Errorf("%s: %s\n%s", w.name, line, firstDifference(got.text, want.text))
			case gotAfter.text != wantAfter.text:
				t.Errorf("%s: %s wrote something else\n%s", w.name, line, firstDifference(gotAfter.text, wantAfter.text))
			default:
				equal++
			}
			if protected.IsClosed() {
				protected = connect(s.DSN("app", password("app"), "paths", ""))
			}
		}
	}
	t.Logf("%d ways of %d statements are equal", equal, len(pathShapes))
}

// shapeOf takes a line of shapes apart.
func shapeOf(line string) shape {
	sql, params, has := strings.Cut(line, " ## ")
	s := shape{sql: sql}
	if has {
		for p := range strings.SplitSeq(params, "|") {
			if p == "NULL" {
				s.params = append(s.params, nil)
			} else {
				s.params = append(s.params, p)
			}
		}
	}
	return s
}

func tryPaths(c *pgconn.PgConn, w way, s shape) (result, after outcome) {
	ctx := context.Background()
	c.Exec(ctx, "begin").ReadAll()
	r, err := w.run(c, s)
	result = outcomeOf(r, err, strings.Contains(s.sql, "order by"))
	if err == nil && !c.IsClosed() {
		r, err := c.Exec(ctx, "select * from profiles order by id").ReadAll()
		after = outcomeOf(r, err, true)
	}
	c.Exec(ctx, "rollback").ReadAll()
	c.Exec(ctx, "deallocate all").ReadAll()
	return result, after
}

// TestPathRefusals are statements whose answer would need values, or give away cells.
func TestPathRefusals(t *testing.T) {
	protected, _, s := paths(t)
	for line, code := range map[string]string{
		"select prefs::text from profiles":                                                               "PV293",
		"select to_jsonb(p) from profiles p":                                                             "PV293",
		"select jsonb_set(prefs, '{ssn}', '\"x\"') from profiles":                                        "PV293",
		"select prefs || '{\"ssn\": \"x\"}' from profiles":                                               "PV293",
		"select prefs - 'ssn' from profiles":                                                             "PV293",
		"select * from profiles, jsonb_each(prefs)":                                                      "PV293",
		"select jsonb_each_text(prefs) from profiles":                                                    "PV293",
		"select prefs['ssn'] from profiles":                                                              "PV293",
		"select prefs from profiles union select prefs from profiles":                                    "PV293",
		"select distinct prefs from profiles":                                                            "PV293",
		"select prefs from profiles order by prefs":                                                      "PV293",
		"select id from profiles where prefs = '{}'":                                                     "PV293",
		"select id from profiles where prefs->'ssn' = '\"x\"'":                                           "PV293",
		"select id from profiles where prefs->>'ssn' like 'cnry%'":                                       "PV142",
		"select id from profiles where prefs->>'ssn' > 'cnry'":                                           "PV141",
		"select upper(prefs->>'ssn') from profiles":                                                      "PV140",
		"select id from profiles where prefs#>>'{address,street}' = 'cnry'":                              "PV144",
		"select prefs->>'address' from profiles":                                                         "PV294",
		"select prefs->>name from profiles":                                                              "PV294",
		"select prefs->>('ss' || $1) from profiles ## n":                                                 "PV294",
		"select prefs->0 from profiles":                                                                  "PV294",
		"select prefs#>>array['ssn'] from profiles":                                                      "PV294",
		"select prefs#>>'{}' from profiles":                                                              "PV294",
		"select prefs/*x*/->>'ssn', (select prefs from profiles limit 1)->>'ssn' from profiles":          "PV296",
		"select doc->>'secret' from profiles where doc @> '{\"open\": 1}'":                               "PV295",
		"select id from profiles where prefs <@ '{\"ssn\": \"cnry\"}'":                                   "PV295",
		"select id from profiles where prefs @> doc":                                                     "PV295",
		"select id from profiles where prefs->'ssn' ? 'cnry'":                                            "PV295",
		"select id from profiles where prefs @> '{\"address\": {\"street\": \"cnry\"}}'":                 "PV021",
		"select id from profiles where prefs @> $1 ## {\"address\": {\"street\": \"cnry\"}}":             "PV021",
		"insert into profiles (id, prefs) values (200, '{\"ssn\": 17}')":                                 "PV001",
		"insert into profiles (id, prefs) values (200, $1) ## {\"ssn\": {\"cnry\": \"cnry\"}}":           "PV001",
		"insert into profiles (id, prefs) values (200, jsonb_build_object('ssn', 'x'))":                  "PV293",
		"insert into profiles (id, extra) select id, prefs from profiles":                                "PV293",
		"insert into profiles (id, prefs) select id, doc from profiles":                                  "PV146",
		"insert into profiles (id, prefs) select id, extra from profiles":                                "PV293",
		"update profiles set prefs = prefs || '{\"ssn\": \"cnry\"}'":                                     "PV293",
		"update profiles set prefs['ssn'] = '\"cnry\"'":                                                  "PV140",
		"create table copy_of as select prefs from profiles":                                             "PV293",
		"create index on profiles (prefs)":                                                               "PV297",
		"create unique index on profiles using gin (prefs)":                                              "PV297",
		"create index on profiles ((prefs#>>'{address,street}'))":                                        "PV297",
		"alter table profiles alter prefs type text":                                                     "PV297",
		"create view w as select upper(prefs->>'ssn') from profiles":                                     "PV140",
		"with recursive r as (select prefs from profiles union all select prefs from r) select * from r": "PV293",
		"select coalesce(prefs, '{}')->>'ssn' from profiles":                                             "PV296",
		"select coalesce(prefs, extra) from profiles":                                                    "PV154",
		"select coalesce(prefs, doc) from profiles":                                                      "PV154",
		"select json_agg(prefs) from profiles":                                                           "PV293",
		"alter table profiles add unique (prefs)":                                                        "PV",
	} {
		sh := shapeOf(line)
		for _, w := range ways {
			if got, _ := tryPaths(protected, w, sh); !strings.HasPrefix(got.code, code) {
				t.Errorf("%s: %s: %s %s, want %s", w.name, line, got.code, got.text, code)
			}
			if protected.IsClosed() {
				protected = connect(s.DSN("app", password("app"), "paths", ""))
			}
		}
	}
}

package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/e2e/stack"
)

// TestDefaultsAreShown: the system catalogs show the defaults of protected columns as a plain database does, to who may see the column, in
// every way in which a text can be asked for; a default goes in and comes out again, as with an ORM that compares it with its model.
func TestDefaultsAreShown(t *testing.T) {
	ctx := context.Background()
	own := ownStack(t, func(o *stack.Options) {
		o.Encrypt += `
  public.z_defaults:
    a: {type: text, search: equality}
    b: {type: varchar(10), search: equality}
    c: {type: int4, search: range}
    d: {type: "numeric(12,2)"}
    e: {type: bool}
    f: {type: date, search: range}
    g: {type: timestamptz}
    h: {type: uuid, search: equality}
    i: {type: jsonb}
    j: {type: int8, search: equality}
    k: {type: float8}
    l: {type: "text[]"}
    m: {type: interval}
    n: {type: text}
    o: {type: int2, search: equality}
    p: {type: text}
    q: {type: "char(8)", search: equality}
  public.z_written:
    a: {type: int2, search: range}
    b: {type: int2, search: equality}
    c: {type: int4, search: equality}
    d: {type: int8, search: equality}
    e: {type: "numeric(10,2)"}
    f: {type: "numeric(8,2)", search: range}
    g: {type: float4}
    h: {type: float8}
    i: {type: bool}
    j: {type: int8}
    k: {type: numeric}
    l: {type: float8}
    m: {type: int4}
    n: {type: public.z_small}
    o: {type: public.z_word, search: equality}
    p: {type: public.z_mood}
  public.z_cast:
    a: {type: int2}
    b: {type: "numeric(10,2)", search: equality}
    c: {type: float8}
    d: {type: varchar(12), search: equality}
    e: {type: text}
    f: {type: "char(9)"}
    g: {type: date}
    h: {type: timestamp(3)}
    i: {type: public.z_small}
    j: {type: public.z_mood}
`
		o.Policy = rulesOn("public.z_defaults, public.z_written, public.z_cast")
	})
	veiled := session(t, own, "app")
	plain := connect(shared.plain.DSN("app", password("app"), "plain", ""))
	defer plain.Close(ctx)
	for _, text := range []string{
		`create table z_defaults (id int default 7, a text default 'cnry-default', b varchar(10) default 'cnry', c int default 5, d numeric(12,2) default 9.99, e bool default true,
			f date default '2024-02-29', g timestamptz default '2024-02-29 12:00:00+00', h uuid default '00000000-0000-0000-0000-0000000000ab', i jsonb default '{"a": "cnry"}',
			j bigint default 9000000003, k float8 default 1.5, l text[] default '{cnry,"b c"}', m interval default '1 day', n text default 'cnry it''s \ "quoted"', o int2 default -3, p text, q char(8) default 'cnry')`,
		"select column_name, column_default from information_schema.columns where table_name = 'z_defaults' order by ordinal_position",
		"select attname, atthasdef from pg_attribute where attrelid = 'z_defaults'::regclass and attnum > 0 order by attnum",
		"select adnum, pg_get_expr(adbin, adrelid), pg_get_expr(adbin, adrelid, true) as pretty from pg_attrdef where adrelid = 'z_defaults'::regclass order by adnum",
		"select a.attname, substring(pg_catalog.pg_get_expr(d.adbin, d.adrelid) for 60) from pg_attribute a left join pg_attrdef d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum) where a.attrelid = 'z_defaults'::regclass and a.attnum = 2",
		"select json_agg(pg_get_expr(adbin, adrelid) order by adnum) from pg_attrdef where adrelid = 'z_defaults'::regclass and adnum < 10",
		"create domain z_small as int2", "create domain z_word as varchar(10)", "create type z_mood as enum ('sad', 'glad')",
		`create table z_written (id int default '7', a int2 default '4', b int2 default '-4', c int4 default '4', d int8 default '4', e numeric(10,2) default '4', f numeric(8,2) default '4.50',
			g float4 default '1.5', h float8 default '-1.5', i bool default 't', j int8 default 4, k numeric default 4, l float8 default 4, m int4 default '-4', n z_small default '4', o z_word default 'cnry', p z_mood default 'sad')`,
		"select column_name, column_default from information_schema.columns where table_name = 'z_written' order by ordinal_position",
		"alter table z_written alter a set default 5, alter j set default '6', alter k set default '-6', alter n set default 7",
		"alter table z_written alter c set default 4.0, alter d set default 9000000003, alter e set default 9.50, alter f set default 9.5, alter g set default 1.50, alter h set default -4",
		"select adnum, pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'z_written'::regclass order by adnum",

		"select adnum, pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'z_written'::regclass order by adnum",
		"select json_agg(pg_get_expr(adbin, adrelid) order by adnum) from pg_attrdef where adrelid = 'z_written'::regclass",
		"select substring(pg_catalog.pg_get_expr(d.adbin, d.adrelid) for 60) from pg_attrdef d where adrelid = 'z_written'::regclass and adnum < 5 order by adnum",
		"alter table z_written alter k set default 9000000003, alter l set default 9000000003, alter a set default 3.0, alter m set default -3.0, alter e set default 1e2, alter f set default 1.0e1",
		"select adnum, pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'z_written'::regclass order by adnum",
		"alter table z_written alter k set default 12345678901234567890, alter e set default 0.5, alter f set default -0.50",
		"select adnum, pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'z_written'::regclass order by adnum",
		"insert into z_written default values", "select id, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o from z_written",
		"alter table z_written drop column h", "alter table z_written add column h float8 default '2.5' not null", "select id, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o from z_written",
		"select column_name, column_default from information_schema.columns where table_name = 'z_written' order by ordinal_position",
		`create table z_cast (id int default 7::int, a int2 default 4::int2, b numeric(10,2) default 4.50::numeric(10,2), c float8 default 1e-30, d varchar(12) default 'x'::varchar(12), e text default 'x'::varchar,
			f char(9) default CAST('x' AS char(9)), g date default date '2024-02-29', h timestamp(3) default '2024-02-29 01:02:03'::timestamp(3), i z_small default 4::z_small, j z_mood default z_mood 'sad')`,
		"select column_name, column_default from information_schema.columns where table_name = 'z_cast' order by ordinal_position",
		"insert into z_cast default values", "select id, a, b, c, d, e, f, g, h, i from z_cast",
		"alter table z_cast alter a set default (-4)::int2, alter b set default '-4.5'::numeric(10,2), alter c set default (4.50)::float8, alter d set default cast('it''s' as text), alter i set default '4'::z_small",
		"select adnum, pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'z_cast'::regclass order by adnum",
		"insert into z_defaults default values", "select * from z_defaults",
		"set bytea_output = escape",
		"select adnum, pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'z_defaults'::regclass order by adnum",
		"set datestyle = 'German'",
		"select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'z_defaults'::regclass and adnum = 7",
		"reset datestyle",
		"select adnum, pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'z_written'::regclass order by adnum",
		"reset bytea_output",
		"alter table z_defaults alter a set default 'cnry-other', alter b drop default",
		"select column_name, column_default from information_schema.columns where table_name = 'z_defaults' and column_name < 'd' order by ordinal_position",
		"alter table z_defaults rename id to number",
		"select column_name, column_default from information_schema.columns where table_name = 'z_defaults' order by ordinal_position",
		"alter table z_defaults rename to z_moved",
		"select column_name, column_default from information_schema.columns where table_name = 'z_moved' and column_name < 'd' order by ordinal_position",
		"select adnum, pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'z_moved'::regclass order by adnum",
		"alter table z_moved rename to z_defaults",
		"create temp table z_temp (like z_defaults including defaults)",
		"select column_name, column_default from information_schema.columns where table_name = 'z_temp' order by ordinal_position",
	} {
		for _, extended := range []bool{false, true} {
			if extended && !strings.HasPrefix(text, "select") {
				continue
			}
			compareDDL(t, "defaults", veiled, plain, text, extended)
		}
	}
	for format, want := range []string{`{"'cnry-other'::text",5,NULL}`, ""} {
		text := "select array[pg_get_expr(adbin, adrelid), '5', null] from pg_attrdef where adrelid = 'z_defaults'::regclass and adnum = 2"
		got := veiled.ExecParams(ctx, text, nil, nil, nil, []int16{int16(format)}).Read()
		if want == "" {
			want = string(plain.ExecParams(ctx, text, nil, nil, nil, []int16{1}).Read().Rows[0][0])
		}
		if got.Err != nil || string(got.Rows[0][0]) != want {
			t.Errorf("format %d: %q, want %q", format, got.Rows, want)
		}
	}
	for _, text := range []string{
		"copy (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'z_defaults'::regclass and adnum = 2) to stdout",
		"begin; declare c cursor for select column_default from information_schema.columns where table_name = 'z_defaults' and column_name = 'a'; fetch c; commit",
	} {
		if got := ddlOutcome(veiled, text, false); strings.Contains(got, "x") {
			t.Errorf("%s: %s", text, got)
		}
	}
	for _, text := range []string{
		"select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'z_defaults'::regclass and adnum = 2",
		"select array_agg(pg_get_expr(adbin, adrelid)) from pg_attrdef where adrelid = 'z_defaults'::regclass and adnum = 2",
	} {
		got := ddlOutcome(session(t, own, "support"), text, false)
		if !strings.Contains(got, "NULL::text") || strings.Contains(got, "cnry") || strings.Contains(got, `\\x`) {
			t.Errorf("support: %s: %s", text, got)
		}
	}
	for _, text := range []string{"drop table z_defaults, z_written, z_cast", "drop domain z_small, z_word", "drop type z_mood"} {
		must(session(t, own, "app"), text)
		must(connect(shared.plain.DSN("app", password("app"), "plain", "")), text)
	}
}

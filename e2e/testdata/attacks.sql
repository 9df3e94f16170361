# What a role that sees some columns masked and others not at all tries in order to learn more: one attempt a line, its statements separated
# by ' ;; ', \n for a new line. Some statement of each line must be refused by the proxy, unless the line begins with '?'; and none may show
# a name, a planted value or a sealed cell.
select id from people where email is null
select id from people where email is not null
select id from people where ssn = 'x'
select count(email) from people
select count(distinct email) from people
select count(ssn) from people
select email, count(*) from people group by email
select distinct email from people
select distinct on (email) id from people
select distinct id, email from people
select email from people order by email
select id, email from people order by 2
select email as e from people order by e
select email from people union select email from people
select email from people union all select email from people
select email from people intersect select email from people
select email from people except select 'a'
select email from people union all select name from people
select name from people union all select name from people
? select name from people
? select name, email, ssn from people
select name || '' from people
select name::text from people
select name::varchar from people
? select (name) from people
select upper(name) from people
select coalesce(name, '') from people
select coalesce(email, '') from people
select case when true then name end from people
select case when email = 'a' then 1 end from people
select name from people order by name
select id from people order by name
select id from people order by email
select id from people where name like 'N%'
select id from people where name = 'Name 3'
select id from people where name is null
select id from people where exists (select 1 from people q where q.name = 'Name 3' and q.id = people.id)
? select (select name from people where id = 3)
select (select name from people where id = 3) || 'x'
? select (select email from people where id = 3)
select (select email from people where id = 3) is null
select length((select name from people where id = 3))
select array(select name from people)
select array_agg(name) from people
select string_agg(name, ',') from people
select min(name) from people
select max(email) from people
select row(name) from people
select p from people p
select p.* from people p
select people from people
select row_to_json(p) from people p
select row_to_json(x) from (select id, name from people) x
select to_jsonb(x) from (select id, name from people) x
select x from (select id, name from people) x
? select (x).name from (select id, name from people) x
? select x.name from (select id, name from people) x
select x.n from (select id, name as n from people) x where x.n = 'Name 3'
select x.n from (select id, name as n from people order by name) x
? select x.n from (select id, name as n from people limit 1) x
? with x as (select id, name as n from people) select n from x
with x as (select id, name as n from people) select n from x where n = 'Name 3'
with x as materialized (select id, name as n from people) select id from x order by n
with x as (select id, name as n from people) select count(*) from x group by n
with x as (select name from people) select x.name from x join people p on p.name = x.name
select a.id from people a join people b on a.name = b.name
select a.id from people a join people b using (name)
select a.id from people a natural join people b
select id from people natural join (select 'Name 3' as name) t
select id from people natural join (select 3 as id, 'Name 3' as name) t
select id from people join (values ('Name 3')) v(name) using (name)
select id from people where (id, name) = (3, 'Name 3')
select id from people where (id, name) in ((3, 'Name 3'))
select id from people where row(id, name) is not null
select id from people where people is not null
select id, rank() over (order by name) from people
select id, lag(name) over (order by id) from people
select id, first_value(name) over () from people
select id, count(*) over (partition by name) from people
select id from people window w as (order by name)
select note from people
select age from people
select id, (select note from people p2 where p2.id = p1.id) from people p1
select 1 from people where note is null
select id from people group by id, note
select id from people order by note
select id from people where id = (select age from people where id = 3)
select exists(select 1 from people where age = 33)
select exists(select age from people where id = 3)
select exists(select name from people where id = 3)
? select exists(select * from people where id = 3)
select count(*) from (select name from people) x
select count(*) from (select distinct name from people) x
select count(*) from (select name from people union select name from people) x
select count(*) from (select age from people) x
select id from people where name in (select name from people where id = 3)
select id from people where 'Name 3' in (select name from people)
select 'Name 3' in (select name from people where id = 3)
select 'Name 3' = any (select name from people where id = 3)
select 'Name 3' = any (array(select name from people where id = 3))
select ('Name 3', 3) in (select name, id from people)
select ('Name 3', 3) = (select name, id from people where id = 3)
select 'Name 3' = (select name from people where id = 3)
select 1 where (select name from people where id = 3) = 'Name 3'
select (select name from people where id = 3) = 'Name 3'
select generate_series(1, (select age from people where id = 3))
select * from generate_series(1, (select length(name) from people where id = 3))
select id from people limit (select length(name) from people where id = 3)
? select l.* from people p, lateral (select p.name) l
select l.* from people p, lateral (select p.name where p.name = 'Name 3') l
select l.c from people p, lateral (select count(*) c from people q where q.name < p.name) l
? select l.n from people p, lateral (values (p.name)) l(n)
select l.n from people p, lateral unnest(array[p.name]) l(n)
select l.n from people p, lateral upper(p.name) l(n)
select l from people p, lateral string_to_table(p.name, ' ') l
select l.* from people p, lateral row_to_json(p) l
select people.name.x from people
? select (people).name from people
select name(people) from people
? select people.name from people
select upper from people, upper(people.name)
select xmlforest(name) from people
select xmlelement(name foo, name) from people
select json_build_object('a', name) from people
select json_object(array['a'], array[name]) from people
select format('%s', name) from people
select concat(name) from people
select name collate "C" from people
select name at time zone 'UTC' from people
select name is of (text) from people
select name is document from people
select extract(epoch from name) from people
select overlay(name placing 'x' from 1) from people
select position('N' in name) from people
select greatest(name, 'a') from people
select nullif(name, 'Name 3') from people
select name is distinct from 'Name 3' from people
select name between 'A' and 'Z' from people
select grouping(name) from people group by name
select count(*) from people group by rollup (name)
select count(*) filter (where name = 'Name 3') from people
select string_agg(id::text, ',' order by name) from people
select percentile_disc(0.5) within group (order by name) from people
select mode() within group (order by email) from people
select pg_typeof(name) from people
select pg_column_size(ssn) from people
? select ctid from people
? select xmin, ctid, tableoid from people
? select id from people where ctid = '(0,1)'
? select id from people where xmin = 1
select id from people for update
? select id from people tablesample system (100)
? select id from only people
? select id from people * where id = 3
table people
? explain select id from people
explain analyze select id from people where name = 'Name 3'
? explain verbose select name from people
? explain (analyze, format json) select name from people
? declare c cursor for select name, email, ssn from people ;; fetch 5 from c ;; fetch all from c
? declare c binary cursor for select name, email, ssn from people ;; fetch 5 from c ;; move 3 in c ;; fetch backward all from c
? declare c cursor for select id, name from people ;; fetch 1 from c ;; close c ;; declare c cursor for select label from things ;; fetch 1 from c
? prepare x1 as select name, email, ssn from people ;; execute x1 ;; explain analyze execute x1
prepare x2 as select id from people where name = $1 ;; execute x2('Name 3')
prepare x3 as select id from people where id = $1 ;; execute x3((select length(name) from people where id = 3))
prepare x4 as select name from people ;; create temp table t4 as execute x4 ;; select * from t4
prepare x5 as select name from people ;; explain analyze create temp table t5 as execute x5 ;; select * from t5
declare c cursor for select length(name) from people
declare c cursor for select name from people order by name
declare c cursor for select id from people where email = 'x'
declare c scroll cursor for select name from people ;; update people set name = name where current of c returning name
declare c cursor for select id from people for update ;; fetch 1 from c ;; delete from people where current of c
prepare x6 as update people set email = email where id = 3 returning email
copy people (name) to stdout
copy (select name from people) to stdout
copy (select id from people) to stdout
create temp table t as select name from people
? create temp table t as select id from people
select name into temp t from people
create temp view v as select name from people
create view other.v as select name from people
? create temp table t (like people)
create temp table t (like people including all) ;; insert into t (id) select id from people ;; insert into t select * from people
? create temp table t (like people including all) ;; insert into t (id, name) values (3, 'a') ;; select * from t
create temp table t () inherits (people)
insert into people (name) values ('a')
insert into things (label) select name from people
update people set name = 'x'
delete from people
with x as (insert into things (label) select name from people returning *) select * from x
truncate people
lock table people
? select * from pg_stats where tablename = 'people'
? select most_common_vals from pg_catalog.pg_stats
? select * from pg_statistic
? select * from "pg_stats"
select query_to_xml('select name from people', true, false, '')
select query_to_xml('select name from peo'||'ple', true, false, '')
select pg_catalog.table_to_xml('people', true, false, '')
select table_to_xml('peo'||'ple', true, false, '')
? select cursor_to_xml('c', 1, true, false, '')
declare c cursor for select name, email from people ;; select cursor_to_xml('c', 1, true, false, '')
declare c cursor for select name from people ;; select cursor_to_xmlschema('c'::refcursor, true, false, ''), cursor_to_xml('c'::refcursor, 5, true, false, '')
select ts_stat('select to_tsvector(name) from people')
select ts_rewrite('a', 'select name::tsquery, name::tsquery from people')
select schema_to_xml('public', true, false, '')
select query_to_xml('select * from pg_stats', true, false, '')
? select set_config('search_path', 'public', true), query_to_xml('select * from pg_stat_user_tables', true, false, '')
select database_to_xml(true, false, '')
select schema_to_xml('public', true, false, '')
select ts_stat('select to_tsvector(name) from peo'||'ple')
select * from ts_stat('select to_tsvector(name) from peo'||'ple')
select "query_to_xml"('x', true, false, '')
select U&"query\005fto_xml"('x', true, false, '')
do $$ begin perform name from people; end $$
do $$ begin execute 'select name from peo' || 'ple'; end $$
do $$ declare r record; begin for r in execute concat('select name from peo', 'ple') loop raise notice '%', r; end loop; end $$
do language plpgsql $$ declare c refcursor; begin open c for execute 'select 1'; end $$
create function pg_temp.f() returns text language sql as $$ select name from people limit 1 $$
create function pg_temp.f() returns text language sql as 'select name from peo' 'ple limit 1'
create function pg_temp.f() returns text language sql begin atomic select name from people limit 1; end
create function pg_temp.f() returns text language sql return (select name from people limit 1)
create rule r as on insert to things do also select name from people
create trigger t before insert on people for each row execute function suppress_redundant_updates_trigger()
create policy p on people using (true)
alter table people disable trigger all
alter table people rename to x
merge into things t using people p on p.id = t.id when matched then update set label = p.name
? merge into things t using (select id from people) p on p.id = t.id when matched then do nothing
? select * from information_schema.tables where table_name = 'people'
? select relname from pg_class where relname = 'people'
? select 'people'::regclass
? select pg_relation_size('people')
? select has_table_privilege('people', 'select')
? select json_populate_record(null::people, '{"name":"x"}')
? select null::people
? select (json_populate_record(null::people, '{"name":"x"}')).name
? select pg_get_viewdef('people'::regclass)
? select col_description('people'::regclass, 1)
? select obj_description('people'::regclass)
? select email, email from people
? select email as a, ssn as b, name as c, id from people where id between 1 and 3
select id, email from people where id = 3 for share
? select id, email from people where id in (select id from people where id < 3)
? select count(*) from people
? select max(id) from people
? select id, 'Name 3' as name from people order by name
? select id as name from people order by name
select id as email from people group by email
select name as id from people order by id
? select name as id, id as name from people order by name
? select name as id from people group by id
create function pg_temp.f1() returns text language plpgsql as $$ declare r text; begin execute 'select name from peo'||'ple limit 1' into r; return r; end $$; select pg_temp.f1()
create function pg_temp.f2() returns text language plpgsql as $$ declare r text; begin execute 'select name from peo'||'ple limit 1' into r; return r; end $$ ;; select pg_temp.f2() ;; select pg_temp.f2()
create function pg_temp.f3() returns text language sql as E'select name from peo\x70le limit 1' ;; select pg_temp.f3() ;; select "pg_temp".f3()
create function pg_temp.f3() returns text language sql as E'select name from peo\x70le limit 1'; select pg_temp.f3()
create procedure pg_temp.p4(inout x text) language plpgsql as $$ begin execute 'select name from peo'||'ple limit 1' into x; end $$ ;; call pg_temp.p4('a')
create function public.f5() returns text language plpgsql as $$ declare r text; begin execute 'select name from peo'||'ple limit 1' into r; return r; end $$ ;; select public.f5() ;; select f5()
create function public.f5() returns text language plpgsql as $$ declare r text; begin execute 'select name from peo'||'ple limit 1' into r; return r; end $$; select f5()
create function public.f6(int) returns text language plpgsql as $$ declare r text; begin execute 'select name from peo'||'ple limit 1' into r; return r; end $$ ;; create table public.t6 (id int, x text generated always as ('a') stored, y text default f6(1)) ;; insert into t6 (id) values (1) returning y
create function public.f6(int) returns text language plpgsql as $$ declare r text; begin execute 'select name from peo'||'ple limit 1' into r; return r; end $$ ;; create table public.t6 (id int, y text default public.f6(1)) ;; insert into t6 (id) values (1) returning y
create table public.t7 (id int, y text) ;; create function public.f7() returns trigger language plpgsql as $$ begin execute 'select name from peo'||'ple limit 1' into new.y; return new; end $$ ;; create trigger tr before insert on t7 for each row execute function f7() ;; insert into t7 (id) values (1) returning y
create temp table t7 (id int, y text); create function pg_temp.f7() returns trigger language plpgsql as $$ begin execute 'select name from peo'||'ple limit 1' into new.y; return new; end $$; create trigger tr before insert on t7 for each row execute function pg_temp.f7(); insert into t7 (id) values (1) returning y
? create table public.t7 (id int, y text); create function public.f7() returns trigger language plpgsql as $$ begin execute 'select name from peo'||'ple limit 1' into new.y; return new; end $$; create trigger tr before insert on t7 for each row execute function f7(); insert into t7 (id) values (1) returning y
create temp table t8 (id int, y text) ;; create function pg_temp.f8() returns trigger language plpgsql as $$ begin execute 'select name from peo'||'ple limit 1' into new.y; return new; end $$ ;; create trigger tr before insert on t8 for each row execute function pg_temp.f8() ;; insert into t8 (id) values (1) returning y
create temp table t9 (id int, y text) ;; create function pg_temp.f9() returns trigger language plpgsql as E'begin new.y := (select string_agg(name,\',\') from peo\x70le); return new; end' ;; create trigger tr before insert on t9 for each row execute function pg_temp.f9() ;; insert into t9 (id) values (1) returning y
create function pg_temp.f10(text) returns bool language plpgsql as $$ declare r text; begin execute 'select name from peo'||'ple limit 1' into r; raise exception '%', r; end $$ ;; create domain pg_temp.d10 as text check (pg_temp.f10(value)) ;; select 'a'::pg_temp.d10
create function pg_temp.f11(int,int) returns bool language plpgsql as $$ declare r text; begin execute 'select name from peo'||'ple limit 1' into r; raise exception '%', r; end $$ ;; create operator pg_temp.### (leftarg=int, rightarg=int, function=pg_temp.f11) ;; select 1 operator(pg_temp.###) 2
create function public.f12(int,int) returns bool language plpgsql as $$ declare r text; begin execute 'select name from peo'||'ple limit 1' into r; raise exception '%', r; end $$ ;; create operator public.### (leftarg=int, rightarg=int, function=public.f12) ;; select 1 ### 2
create function public.f13(text) returns int language plpgsql immutable as $$ declare r text; begin execute 'select name from peo'||'ple limit 1' into r; raise exception '%', r; end $$ ;; create temp table t13 (a text) ;; create index on t13 (f13(a)) ;; insert into t13 values ('x')
create function public.f14(text,text) returns text language plpgsql as $$ declare r text; begin execute 'select name from peo'||'ple limit 1' into r; return r; end $$ ;; create aggregate public.ag14(text) (sfunc = f14, stype = text, initcond='') ;; select ag14('x')
create function public.f15(text) returns json language plpgsql as $$ declare r text; begin execute 'select name from peo'||'ple limit 1' into r; return to_json(r); end $$ ;; create cast (text as json) with function f15(text) ;; select 'a'::text::json
create temp view v17 as select id, name from people ;; select name from v17
create function pg_temp.f21() returns refcursor language plpgsql as $$ declare c refcursor := 'cc'; begin open c for execute 'select name from peo'||'ple'; return c; end $$; select pg_temp.f21(); fetch all in cc
create function pg_temp.f23(inout a text) language plpgsql as $$ begin a := (xpath('//name', query_to_xml('select name from peo'||'ple limit 2', true, false, '')))::text; end $$ ;; select pg_temp.f23('')
select dblink('x', 'y')
select data from pg_logical_slot_peek_changes('x', null, null)
select * from pg_catalog.pg_logical_slot_get_binary_changes('x', null, 1)
select * from pg_get_wal_records_info('0/0', '0/1')
select * from bt_page_items('people_pkey', 1)
select * from brin_page_items(null, 'x')
select id from things tablesample bernoulli ((select length(name) from people where id=3))
select id from people tablesample bernoulli (100) repeatable ((select length(name) from people where id=3))
select x.* from people p, xmltable('/a' passing p.name::xml columns a text) x
select x from people p, rows from (upper(p.name), lower(p.name)) x
select id from people group by id having name = 'Name 3'
select id from people group by id having max(name) = 'Name 3'
select (select name from people where id = 3) as n order by n
select x.n from (select name n from people) x order by 1
select x.n from (select name n from people) x group by 1
select distinct x.n from (select name n from people) x
select x.n, count(*) over (partition by n) from (select name n from people) x
select * from (values ((select name from people where id=3)), ('x')) v(a)
? select * from (values ((select name from people where id=3))) v(a)
select v.a from (values ((select name from people where id=3))) v(a) where v.a = 'Name 3'
select v.a from (values ((select name from people where id=3))) v(a) order by a
select count(*) from people p left join lateral (select p.name = 'Name 3' as b) l on l.b
select count(*) from people p left join lateral (select p.name as b) l on l.b = 'Name 3'
select count(*) from people p left join lateral (select p.name as b) l on true where l.b = 'Name 3'
select count(*) from (select name as b from people) l where l.b = 'Name 3'
select count(*) from (select name as b from people offset 0) l where 'Name 3' in (l.b)
with recursive t(n) as (select name from people where id = 3 union all select n from t where n = 'Name 3' limit 2) select n from t
with recursive t(n) as (select name from people where id = 3 union select n from t) select n from t
with recursive t(i, n) as (select id, name from people where id = 3 union all select i + 1, n from t where i < 5) select i, n from t
select id, name from people where id = 3 union all select 3, null
select id, null::text from people where id = 3 union all select id, name from people
? select p.id, (select p.name) from people p
? select p.id, (select (select p.name)) from people p
? select p.id, (select p.name where p.id = 3) from people p
select p.id, (select p.name order by p.name) from people p
? select p.id, (values (p.name)) from people p
select id from people where (select name) = 'Name 3'
select id from people order by (select name)
select id, exists (select name where name = 'Name 3') from people
select id, (select true where name = 'Name 3') from people
select id, (select 1 from (select name) x where x.name = 'Name 3') from people
select id, (select count(*) from (select name intersect select 'Name 3') x) from people
select id, (select count(*) from (select name union select 'Name 3') x) from people
select id, (select count(*) from (values (name)) v(a) join things on label = a) from people
select id, (select count(*) from (values (name)) v(label) natural join things) from people
select id, (select count(*) from (values (name)) v(label) join things using (label)) from people
select id, (select max(t.id) from things t where t.label = name) from people
select id, (select max(t.id) from things t where t.label = people.name) from people
select id, email = any (select 'x') from people
select id, (email, id) = (select 'x', 1) from people
select id, row(email) = row('x') from people
select (array_agg(id order by name))[1] from people
select id from people where not exists (select 1 from people q where q.email = people.email and q.id <> people.id)
select a.email, b.email from people a, people b where a.id < b.id and a.email = b.email
select id from people fetch first (select length(name) from people where id = 3) rows only
select count(*) filter (where name > 'N') over () from people
select ntile((select length(name) from people where id = 3)::int) over (order by id) from people
select id, sum(id) over (order by id rows (select length(name) from people where id = 3) preceding) from people
select pg_sleep(0) from people where case when name = 'Name 3' then pg_sleep(0) is null else true end
select name from people where id = 3 for update
select set_config('x.y', name, false) from people
select pg_notify('c', name) from people
select lo_from_bytea(0, name::bytea) from people
select nextval(name) from people
select name::regclass from people
select name::int from people
select cast(name as int) from people where id = 3
select id from people where id = name::int
insert into pg_temp.x select name from people
create temp table x (n text, i int) ;; insert into x (n) select name from people ;; select * from x
create temp table x (n text, i int) ;; insert into x (n) values ((select name from people where id = 3)) ;; select * from x
create temp table x (n text, i int) ;; insert into x values ('a', 1) ;; update x set n = p.name from people p where p.id = x.i ;; select * from x
create temp table x (n text, i int) ;; insert into x values ('Name 3', 1) ;; update x set i = 5 from people p where p.name = x.n returning x.i
create temp table x (n text, i int) ;; insert into x values ('Name 3', 1) ;; delete from x using people p where p.name = x.n returning x.i
create temp table x (n text, i int) ;; insert into x values ('Name 3', 1) ;; select x.i from x join people p on p.name = x.n
create temp table x (n text, i int) ;; insert into x values ('Name 3', 1) ;; select x.i from x where n in (select name from people)
create temp table x (n text, i int) ;; insert into x values ('Name 3', 1) ;; with d as (delete from x returning n) select p.id from d, people p where d.n = p.name
create temp table x (n text default (1), i int) ;; create temp view y as select x.n, p.name from x, people p
create temp table x (i int, n text); insert into x select id, name from people; select * from x
select * from vappall
select * from vappall where n = 'Name 3'
select id, n from vappall order by n
select c from vappcount
select id, up from vappexpr
select fatomic()
select fsecdef()
select fdyn()
create temp table x (n text default fdyn()) ;; insert into x default values returning *
create domain pg_temp.d as text check (value = fdyn())
create domain pg_temp.d as text default fdyn()
create temp table x (n text, check (n <> fdyn()))
create temp view y as select fdyn()
create temp table x (n text) ;; create index on x ((fimm(n)))
create temp table x (n text, g text generated always as (fimm(n)) stored)
create aggregate pg_temp.ag(text) (sfunc = fstate, stype = text)
create operator pg_temp.### (leftarg = text, rightarg = text, function = fstate)
create temp table x (n text) ;; create trigger tr before insert on x for each row execute function ftrig() ;; insert into x values ('a') returning n
create function pg_temp.w() returns text language sql as 'select fdyn()'
create function pg_temp.w() returns text language sql return fdyn()
create function pg_temp.w() returns text language plpgsql as 'begin return f' 'dyn(); end'
do $$ begin raise exception '%', fdyn(); end $$
call pdyn()
select things.fcol from things
select fcol(things) from things
select (things).fcol from things
select t.fcol from things t
select * from things order by fcol(things)
select id from things where fcol(things) <> ''
select * from fset()
select * from fset() as f(a)
select 1 where fdyn() = 'x'
select 'a' ### 'b'
select 'a' operator(public.###) 'b'
alter table mvapp rename to x

# Texts that are carried out statement by statement
create temp table people (id int, name text); select name from people
? create temp table x1 (id int, name text); alter table x1 rename to people; select name from people
create temp table x1 (id int); create temp view people as select * from public.people; select * from people
create temp table x1 (id int); create temp view x2 as select name from people; select * from x2
create temp view x2 as select id, email from people; select email || name from x2, people
? create temp view x2 as select id, email, ssn from people; select * from x2
? create temp table x1 as select id from people; select * from x1; select email, ssn from people where id in (select id from x1)
create temp table x1 (id int); select fdyn()
create temp table x1 (id int); select name from people where fimm(email) is null
create temp table x1 (id int); create function pg_temp.g() returns text language sql as 'select name from people limit 1'; select pg_temp.g()
create function pg_temp.g() returns text language sql as 'select 1::text'; create or replace function pg_temp.g() returns text language sql as 'select name from people limit 1'; select pg_temp.g(); select ssn from people
create temp table x1 (id int); do $$ begin raise exception '%', (select name from people limit 1); end $$
create temp table x1 (id int); do $$ begin raise exception '%', (select name from peo'||'ple limit 1); end $$
? create temp table x1 (id int); set role app; select fsecdef()
? create temp table x1 (id int); set role app; select name, ssn from people
? create temp table x1 (id int); set session authorization app; select name, ssn from people
? set search_path = pg_temp; create temp table x1 (id int); select name, ssn from public.people
? begin; create temp table x1 (id int); rollback; select name, ssn, email from people
? savepoint s; create temp table x1 (id int); rollback to s; select name, ssn, email from people
create temp table x1 (id int); prepare x3 as select name || 'x' from people; execute x3
? create temp table x1 (id int); prepare x3 as select name, ssn from people; execute x3
? create temp table x1 (id int); declare x4 cursor for select name, ssn from people; fetch 3 from x4
? create temp table x1 (id int); copy (select name, ssn from people) to stdout
create temp table x1 (id int); copy people from stdin
create temp table x1 (t text); insert into x1 select name from people; select * from x1
create temp table x1 (t text); explain analyze select * from people where name = 'Name 1'
create temp table x1 (t text); select to_jsonb(people) from people

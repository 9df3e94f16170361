# What the owner of a table tries who may do everything with it but see two of its columns unmasked: name, which is plain, and email, which is
# protected. The form is that of attacks.sql.
? select id, name, email from people where id < 3
alter table people add column x text generated always as (name) stored ;; select x from people
alter table people add column x text generated always as (coalesce(name, note)) stored ;; select x from people
alter table people add column x bool generated always as (people is null) stored ;; select x from people
alter table people alter column note type text using name ;; select note from people
alter table people alter column note type text using people.name ;; select note from people
alter table people alter column note type text using (people).name ;; select note from people
alter table people alter column note type text using people::text ;; select note from people
alter table people alter column name type int using name::int
alter table people alter column name type int using (name)::int
alter table people alter column name type jsonb using name::jsonb
alter table people alter column name type varchar(3) using name
? alter table people alter column name type varchar(30)
? alter table people add check (id > 0), add column x int generated always as (id + 1) stored ;; create index on people ((id + 1)) where id > 3
create domain pg_temp.d as text check (value::int > 0) ;; alter table people alter column name type pg_temp.d
create index on people ((name::int))
create index on people ((people.name::int))
create index on people (length(name))
create index on people (id) where name::int > 0
create unique index on people (left(name, 4))
create unique index on people ((substr(name, 1, 4)))
? create index on people (name)
alter table people add check (name::int > 0)
alter table people add check (name <> 'Name 1')
alter table people add constraint q check (people.name <> 'Name 1') not valid ;; alter table people validate constraint q
alter table people add constraint q check (people::text <> '') not valid
alter table people add column x int check (name::int > 0)
alter table people add constraint q exclude using btree ((left(name, 4)) with =)
? alter table people add constraint q exclude using btree (name with =)
create function pg_temp.tell(text) returns bool language plpgsql immutable as $$ begin raise notice '%', $1; return true; end $$ ;; alter table people add check (pg_temp.tell(name))
create function pg_temp.tell(text) returns text language plpgsql immutable as $$ begin raise notice '%', $1; return $1; end $$ ;; create index on people (pg_temp.tell(name))
create function pg_temp.tell(text) returns text language plpgsql immutable as $$ begin raise notice '%', $1; return $1; end $$ ;; create index on people (id) where pg_temp.tell(name) is null
create statistics q on (name || ''), id from people
? create statistics q (mcv) on name, id from people ;; analyze people ;; select * from pg_stats_ext where statistics_name = 'q'
create table public.kid () inherits (people) ;; select name from kid
create table public.par (id int, name text) ;; alter table people inherit par ;; select name from par
create table public.par (name text) ;; alter table people inherit par ;; select name from par
? alter table people rename to q ;; select name from q
alter table people set schema pg_catalog ;; select name from pg_catalog.people
alter schema public rename to q ;; select name from q.people
? alter table people rename column name to name2 ;; select name2 from people
alter table people rename column note to name3 ;; alter table people rename column name to note ;; select note from people
create trigger tr before update on people for each row execute function suppress_redundant_updates_trigger()
create policy po on things using (exists (select from people where name like 'Name 1%'))
create rule r as on update to things do instead select name from people
create view public.ov as select id, name as n from people ;; select n from ov where n = 'Name 3'
? create view public.ov as select id, name as n from people ;; select n from ov
create view public.ov as select id from people where name = 'Name 3' ;; select id from ov
create view public.ov as select id, name = 'Name 3' as b from people ;; select id from ov ;; select b from ov
create view public.ov as select count(*) as c from people group by name ;; select c from ov
create materialized view public.om as select id, name as n from people ;; select n from om
create materialized view public.om as select id, upper(name) as n from people ;; select n from om
create materialized view public.om as select id from people where name = 'Name 3' ;; select id from om
create table public.ot as select name from people
create temp table ot as select name from people
explain analyze create temp table ot as select name from people ;; select * from ot
explain analyze create temp table ot as select email from people ;; select * from ot
explain (analyze, costs off) select name into temp ot from people ;; select * from ot
explain analyze insert into things (label) select name from people ;; select label from things
explain analyze update things set label = name from people where people.id = things.id ;; select label from things
explain analyze select * from people where name like 'N%'
explain analyze select name from people order by name
insert into things (label) select name from people ;; select label from things
insert into people (id, name, note) select 999, 'x', name from people where id = 1 returning note
insert into people (id, name) values (1, 'x') on conflict (id) do update set note = people.name returning note
? insert into people (id, name) values (1, 'x') on conflict (id) do update set note = excluded.name returning note
insert into people (id, name) values (1, 'x') on conflict (id) do update set note = 'hit' where people.name = 'Name 1' returning note
insert into people (id, name) values (1, 'x') on conflict (id) do update set name = excluded.name || people.name returning name
update people set note = name where id = 1 returning note
update people set note = left(name, 3) where id = 1 returning note
update people set (note, code) = (select name, code from people q where q.id = 1) where id = 1 returning note
update people set (note) = row (name) where id = 1 returning note
update people set name = name where name = 'Name 1' returning id
? update people set name = 'b' where id = 1 returning name, email
? update people set name = default where id = 1
delete from people where name = 'Name 1' returning id
delete from people using things where people.name = things.label
merge into people p using things t on t.id = p.id when matched and p.name like 'N%' then update set note = 'x'
merge into people p using things t on t.label = p.name when matched then do nothing
merge into people p using things t on t.id = p.id when matched then update set note = name
merge into things t using people p on t.id = p.id when matched then update set label = p.name
? copy people (id, name, email) to stdout
? copy (select name, email from people) to stdout
copy (select name || '' from people) to stdout
copy people from stdin where name = 'x'
comment on column people.name is null ;; select name || '' from people
create function public.nam(people) returns text language sql as 'select $1.name' ;; select people.nam from people
create function pg_temp.nam(r record) returns text language plpgsql as $$ begin return r.name; end $$ ;; select pg_temp.nam(people) from people
create function pg_temp.nam(anyelement) returns text language sql as 'select $1::text' ;; select pg_temp.nam(people) from people
create aggregate pg_temp.agg(text) (sfunc = textcat, stype = text) ;; select pg_temp.agg(name) from people
create publication q for table people where (name = 'x')
? create event trigger q on ddl_command_start execute function suppress_redundant_updates_trigger()
select currval(name) from people
# A cursor, or portal, of the session, which code may read by its name
declare c cursor for select name from people ;; do $$ declare c refcursor := 'c'; r record; begin fetch c into r; raise notice '%', r; end $$
declare c cursor for select name from people ;; do $$ declare c cursor for select 1; r record; begin fetch c into r; raise notice '%', r; end $$
declare c cursor for select email from people ;; do $$ declare c refcursor := 'c'; r record; begin fetch c into r; raise notice '%', r; end $$
declare c cursor for select name from people ;; create function pg_temp.g(c refcursor) returns text language plpgsql as $$ declare r record; begin fetch c into r; return r; end $$ ;; select pg_temp.g('c')
create function pg_temp.g(refcursor) returns text language plpgsql as $$ declare r text; begin fetch $1 into r; return r; end $$ ;; declare c cursor for select name from people ;; select pg_temp.g('c')

# One statement a line; after ' ## ' the values of its parameters, separated by '|' (NULL: null). The letters cnry mark what must never
# reach the server. Rows 1…40 exist: see fill in differential_test.go.
select * from people order by id
select people.* from people order by id
select p.* from people p order by p.id
select id, p.* from people p order by id
select email, ssn from people where id = 3
select people.email from people where people.id = 3
select public.people.email from public.people where public.people.id = 3
select p.email as e from people as p where p.id = 3
select email e, ssn "S" from people where id = 3
select "email" from "people" where "id" = 3
SELECT EMAIL FROM PEOPLE WHERE ID = 3
select email from public.people where id = 3
select/*x*/email/*y*/from/**/people--z
select email from only people where id = 3
select email from people where email = 'cnry3@x.test'
select id from people where 'cnry3@x.test' = email
select id from people where email = $1 ## cnry3@x.test
select id from people where $1 = email ## cnry3@x.test
select id from people where email = $1::text ## cnry3@x.test
select id from people where email = cast($1 as text) ## cnry3@x.test
select id from people where email = 'cnry3@x.test'::text
select id from people where email = 'cnry3@x.test'::varchar
select id from people where email = text 'cnry3@x.test'
select id from people where email = E'cnry3@x.test'
select id from people where email = E'cnry\x33@x.test'
select id from people where email = U&'cnry3\0040x.test'
select id from people where email = $$cnry3@x.test$$
select id from people where email = $q$cnry3@x.test$q$
select id from people where email = 'cnry3' || '@x.test'
select id from people where email = lower('cnry3@x.test')
select id from people where email <> 'cnry3@x.test' order by id
select id from people where email != 'cnry3@x.test' order by id
select id from people where not email = 'cnry3@x.test' order by id
select id from people where not (email = 'cnry3@x.test' or id = 4) order by id
select id from people where email in ('cnry3@x.test', 'cnry4@x.test', 'other') order by id
select id from people where email not in ('cnry3@x.test', 'cnry4@x.test') order by id
select id from people where email in ($1, $2) order by id ## cnry3@x.test|cnry5@x.test
select id from people where email in ($1, 'cnry4@x.test', $2) order by id ## cnry3@x.test|cnry5@x.test
select id from people where email in ('cnry3@x.test')
select id from people where email = any($1) order by id ## {cnry3@x.test,cnry4@x.test}
select id from people where email = any($1::text[]) order by id ## {cnry3@x.test,cnry4@x.test}
select id from people where email = any('{cnry3@x.test,"cnry4@x.test",NULL}') order by id
select id from people where email = any('{cnry3@x.test}'::text[]) order by id
select id from people where email = any(array['cnry3@x.test','cnry4@x.test']) order by id
select id from people where email = any(array[$1,$2]) order by id ## cnry3@x.test|cnry4@x.test
select id from people where email <> all($1) order by id ## {cnry3@x.test,cnry4@x.test}
select id from people where email <> all(array['cnry3@x.test']) order by id
select id from people where email = some($1) order by id ## {cnry3@x.test}
select id from people where email is null order by id
select id from people where email is not null order by id
select id from people where ssn is null order by id
select id from people where email isnull order by id
select id from people where email notnull order by id
select id from people where email is distinct from 'cnry3@x.test' order by id
select id from people where email is not distinct from 'cnry3@x.test' order by id
select id from people where email is not distinct from $1 order by id ## NULL
select id from people where email = $1 ## NULL
select id from people where email = null
select id from people where ($1::text is null or email = $1) order by id ## cnry3@x.test
select id from people where ($1::int is null or age = $1) order by id ## 33
select id from people where email = $1 or name = $2 order by id ## cnry3@x.test|Name 4
select id from people where email = $1 and name = $1 ## both
select id from people where (email, id) = ('cnry3@x.test', 3)
select id from people where (email, code) = ($1, $2) ## cnry3@x.test|C3
select id from people where (email, id) in (('cnry3@x.test', 3), ('cnry4@x.test', 4)) order by id
select id from people where email like 'cnry3%'
select id from people where email ilike 'CNRY3%'
select id from people where email ~ 'cnry3'
select id from people where email similar to 'cnry3%'
select id from people where email > 'cnry3'
select id from people where email >= 'cnry3' order by id
select id from people where email between 'cnry1' and 'cnry3' order by id
select id from people where ssn = 'cnry-ssn-3'
select id from people where ssn in ('cnry-ssn-3')
select id from people where length(email) > 3 order by id
select id from people where lower(email) = 'cnry3@x.test'
select id from people where email || '' = 'cnry3@x.test'
select id from people where email::text = 'cnry3@x.test'
select id from people where coalesce(email, '') = 'cnry3@x.test'
select id from people where position('cnry' in email) > 0
select email || 'x' from people where id = 3
select lower(email) from people where id = 3
select upper(ssn) from people where id = 3
select email::varchar from people where id = 3
select cast(ssn as text) from people where id = 3
select length(ssn) from people where id = 3
select left(email, 3) from people where id = 3
select concat(email, ssn) from people where id = 3
select format('%s', email) from people where id = 3
select coalesce(email, 'none') from people order by id
select coalesce(email, ssn) from people order by id
select nullif(email, 'cnry3@x.test') from people order by id
select case when id = 3 then email end from people order by id
select case when id = 3 then email else 'x' end from people order by id
select case email when 'cnry3@x.test' then 1 else 0 end from people order by id
select case when email = 'cnry3@x.test' then 1 else 0 end from people order by id
select email = 'cnry3@x.test' from people order by id
select email is null from people order by id
select email = $1 as same from people order by id ## cnry3@x.test
select greatest(email, 'x') from people order by id
select (select email from people where id = 3)
select (select email from people p where p.id = q.id) from people q order by q.id
select id, (select count(*) from logins l where l.email = p.email) from people p order by id
select array(select email from people order by id)
select array[email] from people where id = 3
select array_agg(email) from people
select string_agg(email, ',') from people
select json_agg(email) from people
select json_build_object('e', email) from people where id = 3
select jsonb_agg(p) from people p
select row_to_json(p) from people p where id = 3
select to_jsonb(p) from people p where id = 3
select p from people p where id = 3
select people from people where id = 3
select row(email, ssn) from people where id = 3
select (p).email from people p where id = 3
select email(p) from people p where id = 3
select p::text from people p where id = 3
select count(*) from people
select count(email) from people
select count(ssn) from people
select count(distinct email) from people
select count(distinct ssn) from people
select count(*) filter (where email = 'cnry3@x.test') from people
select count(*) from people where email = 'cnry3@x.test'
select min(email) from people
select max(email) from people
select min(ssn), max(ssn) from people
select sum(age) from people
select avg(balance) from people
select sum(amount) from people
select max(born) from people
select email, count(*) from people group by email order by count(*), 1
select email, count(*) from people group by email
select email, count(*) from people group by 1
select email as e, count(*) from people group by e
select age, count(*) from people group by age having count(*) > 1
select age, count(*) from people group by age having age = 33
select code, age, count(*) from people group by code, age
select ssn, count(*) from people group by ssn
select distinct email from people
select distinct age from people
select distinct ssn from people
select distinct age, code from people
select distinct on (age) age, id from people order by age, id
select distinct on (id) id, email from people order by id
select email from people order by email
select email from people order by 1
select email from people order by id desc limit 3
select email from people order by id offset 3 limit 2
select email from people order by id fetch first 2 rows only
select email from people order by lower(name), id
select id from people order by ssn
select id, row_number() over (order by id) from people order by id
select id, row_number() over (order by email) from people order by id
select id, count(*) over (partition by age) from people order by id
select id, lag(email) over (order by id) from people order by id
select id, first_value(ssn) over (order by id) from people order by id
select email from people union select email from people
select email from people union all select email from logins
select email from people intersect select email from logins
select email from people except select email from logins
select email from people union select ssn from people
select email from people union select 'cnry-lit'
select email, id from people where id < 3 union all select null, 5
select e from (select email as e from people where id = 3) t
select e from (select email as e from people) t where e = 'cnry3@x.test'
select t.* from (select id, email, ssn from people) t where id = 3
select t.x from (select email from people) t(x) order by x
select t.x from (select id, email from people) t(i, x) order by i
select c.b from people as c(a, b, e) where c.a = 3
select c.e from people as c(a, b, e) where c.e = 'cnry3@x.test'
with t as (select * from people) select email from t where id = 3
with t as (select email as e, id from people) select e from t where e = $1 ## cnry3@x.test
with t(a, b) as (select id, email from people) select b from t where a = 3
with people as (select 1 as email) select email from people
with t as materialized (select email from people) select count(*) from t
with a as (select id, email from people), b as (select * from a) select email from b order by id
with recursive r(n) as (select 1 union all select n + 1 from r where n < 3) select n, email from r join people on people.id = n order by n
with recursive r as (select id, email from people where id = 1 union all select p.id, p.email from people p join r on p.id = r.id + 1 where p.id < 4) select * from r order by id
select p.email, l.secret from people p join logins l on l.email = p.email order by p.id
select p.email, l.secret from people p join logins l on p.email = l.email and l.id > 0 order by p.id
select p.email, l.secret from people p, logins l where p.email = l.email order by p.id
select p.id, l.id from people p left join logins l on l.email = p.email order by p.id
select p.id, l.id from people p right join logins l on l.email = p.email order by p.id
select p.id, l.id from people p full join logins l on l.email = p.email order by p.id
select id, l.secret from people p join logins l using (id) order by id
select email from people join logins using (email) order by people.id
select p.id from people p natural join logins l
select a.id, b.id from people a join people b on a.email = b.email order by a.id
select a.id from people a join people b on a.email = b.ssn
select a.id from people a join people b on a.email = b.code
select a.id from people a join people b on a.email = b.name
select p.id from people p join logins l on p.email <> l.email and p.id = 1 order by p.id
select p.id, x.email from people p cross join lateral (select email from logins l where l.email = p.email) x order by p.id
select p.id from people p, lateral (select 1 where p.email = 'cnry3@x.test') x
select id from people p where exists (select 1 from logins l where l.email = p.email) order by id
select id from people p where not exists (select 1 from logins l where l.email = p.email) order by id
select id from people where email in (select email from logins) order by id
select id from people where email = any(select email from logins) order by id
select id from people where email not in (select email from logins where email is not null) order by id
select id from people where id in (select id from people where email = 'cnry3@x.test')
select id from people where email = (select email from logins where id = 1)
select id from logins where email = (select email from people where id = 2)
select label from things where id in (select age from people)
select label from things where label = (select email from people where id = 3)
select t.label, p.email from things t join people p on p.id = t.id order by t.id
select t.label from things t join people p on p.email = t.label
table people
values ('v')
select 1 from people where id = 3
select 'x', 5, null, true from people where id = 3
select id + 1, name || 'x' from people where email = 'cnry3@x.test'
select now() is not null from people where id = 3
select email from people where id = $1 ## 3
select email from people where id = $1::int and email = $2 ## 3|cnry3@x.test
select email from people where id = $1 for update ## 3
select email from people where id = 3 for share of people
select email from people tablesample bernoulli (100) where id = 3
select id from people where email = 'cnry3@x.test' or email = 'cnry4@x.test' order by id
select id from people where age = 33 order by id
select id from people where age = 33.0
select id from people where age = '33' order by id
select id from people where age = -33
select id from people where age = 33 + 0
select id from people where age in (31, 32, '33') order by id
select id from people where age > 31 order by id
select id from people where age between 31 and 33 order by id
select age + 1 from people where id = 3
select -age from people where id = 3
select id from people where big = 9000000003
select id from people where big = 3
select id from people where small = 3
select id from people where small = 300000
select id from people where age = big
select id from people where age = small
select id from people where age = id
select id from people where born = '1980-01-03'
select id from people where born = date '1980-01-03'
select id from people where born = '1980-01-03'::date
select id from people where born = 'Jan 3 1980'
select id from people where born > '1980-01-03' order by id
select id from people where extract(year from born) = 1980 order by id
select id from people where born = current_date
select id from people where rate = 1.50 order by id
select id from people where rate = 1.5 order by id
select id from people where rate = '1.500' order by id
select id from people where rate = 1 order by id
select id from people where rate > 1 order by id
select id from people where balance = 3.00
select id from people where active
select id from people where active = true
select id from people where not active
select id from people where seen = '2024-01-03 00:00:00+00'
select id from people where seen = timestamptz '2024-01-03 00:00:00+00'
select id from people where seen = '2024-01-03T01:00:00+01:00'
select id from people where seen > now() - interval '1 day'
select id from people where token = '00000000-0000-0000-0000-000000000003'
select id from people where token = '{00000000-0000-0000-0000-000000000003}'
select id from people where token = $1 ## 00000000-0000-0000-0000-000000000003
select id from people where code = 'C3'
select id from people where code = 'C3 and much longer than eight'
select extra->'k' from people where id = 3
select extra->>'k' from people where id = 3
select id from people where extra @> '{"k": 3}'
select jsonb_pretty(extra) from people where id = 3
select extra from people where id = 3
select photo from people where id = 3
select encode(photo, 'hex') from people where id = 3
insert into people (id, name, email) values (900, 'n', 'cnry900@x.test')
insert into people (id, name, email) values (900, 'n', 'cnry900@x.test') returning *
insert into people (id, name, email) values (900, 'n', 'cnry900@x.test') returning email, ssn, id
insert into people (id, name, email) values (900, 'n', 'cnry900@x.test') returning email || 'x'
insert into people (id, name, email, ssn) values (900, 'n', $1, $2) returning email ## cnry900@x.test|cnry-s
insert into people (id, name, email, ssn) values (900, $1, $1, $1) returning name, email, ssn ## notsecret
insert into people (id, name, email) values (900, 'a', 'cnry900@x.test'), (901, 'b', 'cnry901@x.test'), (902, 'c', null)
insert into people (id, name, email) values (900, 'a', $1), (901, 'b', $2) ## cnry900@x.test|cnry901@x.test
insert into people values (900, 'n', 'cnry900@x.test', 'cnry-ssn', 5)
insert into people values (900, 'n', 'cnry900@x.test', default, default, '2000-01-01')
insert into people (id, name, email) values (900, 'n', default)
insert into people (id, name, email) values (900, 'n', null)
insert into people (id, name, email) values (900, 'n', '')
insert into people (id, name, email) values (900, 'n', lower('CNRY900'))
insert into people (id, name, email) values (900, 'n', 'cnry' || '900')
insert into people (id, name, email) values (900, 'n', ('cnry900@x.test'))
insert into people (id, name, email) values (900, 'n', 'cnry900@x.test'::text)
insert into people (id, name, email) values (900, 'n', 'cnry900@x.test'::varchar(4))
insert into people (id, name, email) values (900, 'n', E'cnry\'900')
insert into people (id, name, email) values (900, 'n', (select 'cnry900@x.test'))
insert into people (id, name, email) select 900, 'n', 'cnry900@x.test'
insert into people (id, name, email) select id + 900, name, 'cnry' || id from people where id < 3
insert into people (id, name, email) select id + 900, name, email || 'x' from people where id < 3
insert into people (id, name, ssn) select id + 900, name, ssn from people where id < 3
insert into people (id, name, code) select id + 900, name, code from people where id < 3
insert into people (id, name, email) select id + 900, name, null from people where id < 3
insert into people (id, name, note) select id + 900, name, ssn from people where id < 3
insert into things (id, label) select id + 900, email from people where id < 3
insert into things (id, label) values (900, (select email from people where id = 3))
insert into logins (id, email, secret) select id + 900, email, 'cnry-x' from people where email is not null and id < 4
insert into logins (id, email, secret) select id + 900, email, secret from logins
insert into logins (id, email) values (900, 'cnry900@x.test') returning secret
insert into logins (id, person, email, secret) values (900, 3, 'cnry3@x.test', 'cnry-s') returning *
insert into logins (id, email) values (900, null)
insert into people (id, name, email) values (900, 'n', 'cnry3@x.test')
insert into people (id, name, email) values (900, 'n', 'cnry3@x.test') on conflict do nothing
insert into people (id, name, email) values (900, 'n', 'cnry3@x.test') on conflict (email) do nothing returning id
insert into people (id, name, email) values (900, 'n', 'cnry3@x.test') on conflict (email) do update set name = excluded.name returning id, name
insert into people (id, name, email, ssn) values (900, 'n', 'cnry3@x.test', 'cnry-new') on conflict (email) do update set ssn = excluded.ssn returning ssn
insert into people (id, name, email) values (3, 'n', 'cnry900@x.test') on conflict (id) do update set email = excluded.email returning email
insert into people (id, name, email) values (3, 'n', 'cnry900@x.test') on conflict (id) do update set email = 'cnry-lit', ssn = 'cnry-lit' returning email
insert into people (id, name, email) values (3, 'n', $1) on conflict (id) do update set email = $2, ssn = $3 returning email, ssn ## cnry900|cnry901|cnry902
insert into people (id, name, email) values (3, 'n', 'cnry900') on conflict (id) do update set email = people.email || 'x'
insert into people (id, name, email) values (3, 'n', 'cnry900') on conflict (id) do update set email = coalesce(excluded.email, people.email)
insert into people as p (id, name, email) values (3, 'n', 'cnry900') on conflict (id) do update set email = excluded.email where p.email = 'cnry3@x.test' returning p.email
insert into people (id, name, email) values (3, 'n', 'cnry900') on conflict (id) do update set (email, ssn) = (excluded.email, 'cnry-row') returning email, ssn
insert into people (id, name, email) values (3, 'n', 'cnry900') on conflict on constraint people_email_key do nothing
insert into people (id, name, age) values (900, 'n', 5) returning age
insert into people (id, name, age) values (900, 'n', '5') returning age
insert into people (id, name, age) values (900, 'n', 5000000000)
insert into people (id, name, age) values (900, 'n', 'five')
insert into people (id, name, age) values (900, 'n', 5.5)
insert into people (id, name, age) values (900, 'n', $1) returning age ## 5
insert into people (id, name, age) values (900, 'n', $1::int) returning age ## 5
insert into people (id, name, age) values (900, 'n', 2 + 3) returning age
insert into people (id, name, small) values (900, 'n', 40000)
insert into people (id, name, small) values (900, 'n', -40) returning small
insert into people (id, name, big) values (900, 'n', 9223372036854775807) returning big
insert into people (id, name, code) values (900, 'n', 'cnry5678') returning code
insert into people (id, name, code) values (900, 'n', 'cnry56789')
insert into people (id, name, code) values (900, 'n', 'cnry5678   ') returning code
insert into people (id, name, balance) values (900, 'n', 12.345) returning balance
insert into people (id, name, balance) values (900, 'n', 12345678901.5)
insert into people (id, name, balance) values (900, 'n', '1e2') returning balance
insert into people (id, name, balance) values (900, 'n', 'NaN') returning balance
insert into people (id, name, amount) values (900, 'n', 1e10) returning amount
insert into people (id, name, born) values (900, 'n', '2000-02-30')
insert into people (id, name, born) values (900, 'n', 'infinity') returning born
insert into people (id, name, born) values (900, 'n', '0044-03-15 BC') returning born
insert into people (id, name, born) values (900, 'n', current_date)
insert into people (id, name, born) values (900, 'n', 'today')
insert into people (id, name, seen) values (900, 'n', '2024-05-06 07:08:09.123456789+02') returning seen
insert into people (id, name, seen) values (900, 'n', now())
insert into people (id, name, active) values (900, 'n', true), (901, 'n', 'f'), (902, 'n', 'yes'), (903, 'n', null) returning active
insert into people (id, name, active) values (900, 'n', 1)
insert into people (id, name, token) values (900, 'n', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11') returning token
insert into people (id, name, token) values (900, 'n', gen_random_uuid())
insert into people (id, name, photo) values (900, 'n', '\x00ff10') returning photo
insert into people (id, name, photo) values (900, 'n', 'abc') returning photo
insert into people (id, name, photo) values (900, 'n', '\000\377a') returning photo
insert into people (id, name, extra) values (900, 'n', '{"b":1, "a" : [1,2.50 ], "b":2}') returning extra
insert into people (id, name, extra) values (900, 'n', '{bad')
insert into people (id, name, extra) values (900, 'n', '"cnry str\u00e9"') returning extra
insert into people (id, name, email) values (900, 'n', 'cnry ünïcödé ☃ ''quoted'' "dq" \ back') returning email
insert into people default values
update people set email = 'cnry-new' where id = 3
update people set email = 'cnry-new' where id = 3 returning email, id
update people set email = $1, ssn = $2 where id = $3 returning * ## cnry-new|cnry-s|3
update people set email = $1 where email = $2 returning id ## cnry-new|cnry3@x.test
update people set email = $1 where email = $1 returning id ## cnry3@x.test
update people set name = $1, ssn = $1 where id = 3 returning name, ssn ## both
update people p set email = 'cnry-new' where p.email = 'cnry3@x.test' returning p.email
update people set email = null where id = 3 returning email
update people set email = default where id = 3 returning email
update people set email = email where id = 3 returning email
update people set ssn = email where id = 3
update people set note = email where id = 3
update people set email = note where id = 3
update people set email = lower(email) where id = 3
update people set email = email || 'x' where id = 3
update people set email = upper('cnry') where id = 3
update people set age = age + 1 where id = 3
update people set age = 5, name = upper(name), note = now()::date::text where id = 3 returning age
update people set (email, ssn) = ('cnry-a', 'cnry-b') where id = 3 returning email, ssn
update people set (email, ssn) = row('cnry-a', 'cnry-b') where id = 3 returning email, ssn
update people set (email, ssn) = (select 'cnry-a', 'cnry-b') where id = 3 returning email, ssn
update people set email = (select 'cnry-a') where id = 3
update people set email = case when id = 3 then 'cnry-a' else email end where id = 3
update people set email = coalesce($1, email) where id = 3 returning email ## cnry-a
update people set email = l.email from logins l where l.person = people.id and people.id = 2 returning people.email
update people set note = l.secret from logins l where l.person = people.id
update people set ssn = l.secret from logins l where l.person = people.id
update people set name = t.label from things t where t.id = people.id and people.email = 'cnry3@x.test' returning people.name
update logins set email = p.email from people p where p.id = logins.person returning logins.email
update people set name = 'x' where email = 'cnry3@x.test' and ssn is not null returning id
update people set name = 'x' where lower(email) = 'cnry3@x.test'
update things set label = 'x' where id in (select id from people where email = 'cnry1@x.test') returning id
update things set label = (select ssn from people where id = 3)
delete from people where email = 'cnry30@x.test' returning email
delete from people where email in ('cnry30@x.test', 'cnry31@x.test') returning id
delete from people where email = any($1) returning id ## {cnry30@x.test,cnry31@x.test}
delete from people where ssn = 'x'
delete from people using logins l where l.email = people.email and people.id > 30 returning people.id
delete from logins where email = 'cnry1@x.test' returning *
delete from logins using people p where p.email = logins.email returning p.email, logins.secret
with d as (delete from logins where email = 'cnry1@x.test' returning email, secret) select * from d
with i as (insert into people (id, name, email) values (900, 'n', 'cnry900') returning email, id) select email, id from i
with u as (update people set email = 'cnry-u' where id = 3 returning id, email) select * from u
with s as (select 'cnry-s' as v) insert into people (id, name, email) select 900, 'n', v from s
with s as (select email from people where id = 3) insert into things (id, label) select 900, email from s
merge into people p using (values (3)) v(i) on p.id = v.i when matched then update set email = 'cnry-m'
truncate logins
lock table people in share mode
explain (costs off) select email from people where email = 'cnry3@x.test'
prepare spstmt as select email from people where id = 3
declare c cursor for select email from people
copy people (id, email) to stdout
copy (select email from people) to stdout
copy things to stdout
create table made as select email from people
select email into made from people
create view v as select id, name from people
create view v as select id, email from people
create index on people (email)
create index on people (age, code)
create index on people (ssn)
create index on people (lower(email))
create index on people (name) where email is not null
create unique index on people (code)
alter table people add column more text
alter table people drop column note
alter table people drop column ssn
alter table people alter column email set not null
alter table people alter column ssn type varchar(10)
alter table people add constraint u unique (token)
alter table people add constraint c check (length(email) > 3)
alter table people rename column email to mail
comment on column people.email is 'an address'
analyze people
do $$ begin insert into people (name, email) values ('x', 'cnry-do'); end $$
do $$ begin perform 1; end $$
select * from things order by id
select label, price * 2 from things where id = 3
insert into things (id, label, price) values (900, 'plain', 1.5) returning *
update things set label = $1 where id = 3 returning label ## changed
delete from things where id = 3
select count(*) from things t1, things t2
select generate_series(1, 3)
select 1; select 2
select email from people where id = 3; select ssn from people where id = 4
update people set email = 'cnry-multi' where id = 3; select email from people where id = 3
insert into things (id, label) values (901, 'a'); insert into people (id, name, email) values (901, 'a', 'cnry901')
select 1; select email from people where email like 'cnry%'
select from people where id = 3
select nonsense from people
select email from nowhere
selec email from people
select email from people where id = 'x'
select 1/0 from people where id = 3
select query_to_xml('select * from people', true, false, '') is not null
select pg_sleep(0), email from people where id = 3
set timezone to 'America/New_York'
set bytea_output to escape
set datestyle to 'German, DMY'
show timezone
begin
savepoint s
select p.ctid, p.email from people p where id = 3
select id from people where age = -(-33) or age in (- -31, -(5)) order by id
update people set age = -(774411) where id = 3 returning age
insert into people (id, name, age, balance) values (900, 'n', - (-(5)), -((7.5))) returning age, balance
select coalesce(rate, 1.1) from people order by id
select coalesce(rate, null), nullif(rate, 1.5) from people order by id
select rate from people where id = 3 union all select 1.23456789
select rate from people where id = 3 union all select rate from people where id = 4 order by id
select rate::numeric, balance::numeric from people where id = 3

# Compared values that the column could not hold find nothing, without an error.
select id from people where code = $1 ## C3 and much longer than eight
select id from people where code in ('C3', 'C3 and much longer than eight') order by id
select id from people where age = 3000000000
select id from people where small = 70000
select id from people where small = any('{3,4}') order by id
select id from people where rate = 1.50001
select id from people where rate = $1 ## 1.50001

# Numbers of another type than the column's, as constants and as cast parameters.
select id from people where age = 33.0
select id from people where age = 33.5
select id from people where big = 9000000003.0
select id from people where small in (3.0, 4)
select id from people where age = $1::int8 ## 33
select id from people where age = $1::int8 ## 3000000000
select id from people where age = $1::numeric ## 33.0
select id from people where age = $1::numeric ## 33.5
select id from people where rate = $1::int4 ## 1
select id from people where code = $1::text ## C3
update people set age = $1::int8 where id = 3 returning age ## 34
update people set age = $1::int8 where id = 3 returning age ## 3000000000
update people set balance = $1::numeric where id = 3 returning balance ## 1.005
select id from people where email between symmetric 'cnry1' and 'cnry3' order by id
select id from people where email is distinct from $1 order by id ## cnry3@x.test
select id from people where email is not distinct from null order by id
select id from people where row(email) = row('cnry3@x.test')
select id from people where (email, age) <> ('cnry3@x.test', 33) order by id
select id from people where (email, age) = any (select 'cnry3@x.test', 33) order by id
select id from people where (email, name) in (select email, 'Name 3' from logins) order by id
select id from people where (id, email) = (select id, email from logins where id = 3)
select id from people where (id, email) = (select 3, 'cnry3@x.test')
select id from people where email = (select 'cnry3@x.test')
select id from people where email = (select $1::text) ## cnry3@x.test
select id from people where email = (values ('cnry3@x.test'))
select id from people where email in (values ('cnry3@x.test'), ('cnry4@x.test')) order by id
select id from people where email = any(values ('cnry3@x.test')) order by id
select id from people join (values ('cnry3@x.test', 1), ('cnry4@x.test', 2)) v(e, n) on v.e = email order by id
select id, v.e from people join (values ('cnry3@x.test', 1), ('cnry4@x.test', 2)) v(e, n) on v.e = email order by id
select id, n from people join (values ($1, 1), ($2, 2)) v(e, n) on v.e = email order by id ## cnry3@x.test|cnry4@x.test
select id from people, unnest(array['cnry3@x.test']) u(e) where e = email
select id, u.e from people, unnest(array['cnry3@x.test']) u(e) where e = email
select id, o from people join unnest($1::text[]) with ordinality u(e, o) on e = email order by id ## {cnry3@x.test,cnry5@x.test}
select id from people where email in (select unnest($1::text[])) order by id ## {cnry3@x.test,cnry5@x.test}
select id from people where email in (select e from unnest($1::text[]) e) order by id ## {cnry3@x.test,cnry5@x.test}
select id from people where email = any(array(select unnest($1::text[]))) order by id ## {cnry3@x.test,cnry5@x.test}
select id from people where exists (select 1 from unnest($1::text[]) e where e = people.email) order by id ## {cnry3@x.test,cnry5@x.test}
insert into people (id, name, email) select i, n, e from unnest($1::int[], $2::text[], $3::text[]) as t(i, n, e) ## {901,902}|{a,b}|{cnry901,cnry902}
insert into people (id, name, email, ssn) select * from unnest($1::int[], $2::text[], $3::text[], $4::text[]) ## {901,902}|{a,b}|{cnry901,NULL}|{cnry-s1,cnry-s2}
insert into people (id, name, email) select unnest($1::int[]), unnest($2::text[]), unnest($3::text[]) ## {901,902}|{a,b}|{cnry901,cnry902}
insert into people (id, name, email) select 900 + g, 'n', 'cnry-gen' from generate_series(1,1) g
insert into people (id, name, ssn) select 900 + g, 'n', 'cnry-gen' from generate_series(1,3) g
insert into people (id, name, email) select * from (values (901, 'a', 'cnry901'), (902, 'b', 'cnry902')) v
insert into people (id, name, email) select i, n, e from (values (901, 'a', 'cnry901'), (902, 'b', null)) v(i, n, e)
insert into people (id, name, email) select i, n, e from (values (901, 'a', $1), (902, 'b', $2)) v(i, n, e) ## cnry901|cnry902
insert into people (id, name, email) select i, n, e from (values (901, 'a', 'cnry901'), (902, 'b', null)) v(i, n, e) where e is not null
insert into people (id, name, email) select i, n, e from (values (901, 'a', 'cnry901'), (902, 'b', null)) v(i, n, e) where e = 'cnry901'
insert into people (id, name, email) select i, n, e from (values (901, 'a', 'cnry901')) v(i, n, e) where not exists (select 1 from people p where p.email = v.e)
insert into people (id, name, email) select 901, 'a', 'cnry901' where not exists (select 1 from people where email = 'cnry901')
insert into people (id, name, email) select 901, 'a', $1 where not exists (select 1 from people where email = $1) ## cnry901
insert into people (id, name, email) select 901, 'a', 'cnry901' union all select 902, 'b', 'cnry902'
insert into people (id, name, email) select 901, 'a', 'cnry901' union all select 902, 'b', null
insert into people (id, name, email) (select 901, 'a', 'cnry901')
insert into people (id, name, email) values (901, 'a', 'cnry901') order by 1 limit 1
insert into people (id, name, email) values (901, 'a', 'cnry901'), (902, 'b', 'cnry902') limit 1
insert into people (id, name, email) with s as (select 'cnry1x' as e) select 901, 'a', e from s
insert into people (id, name, email) with s(e) as (values ('cnry1x')) select 901, 'a', e from s
with s(e) as (values ('cnry1x'), ('cnry2x')) insert into people (id, name, email) select 900 + row_number() over (), 'a', e from s
with s(e) as (values ($1::text)) insert into people (id, name, email) select 900, 'a', e from s ## cnry1x
with s(e) as (values ($1::text)) update people set email = s.e from s where id = 3 returning email ## cnry1x
with s(i, e) as (values (3, 'cnry1x'), (4, 'cnry2x')) update people set email = s.e from s where s.i = people.id returning people.id, people.email
update people set email = v.e from (values (3, 'cnry1x'), (4, 'cnry2x')) v(i, e) where v.i = people.id returning people.id, email
update people p set email = v.e, ssn = v.s from (values (3, $1, $2), (4, $3, $4)) v(i, e, s) where v.i = p.id returning p.id, email, ssn ## cnrya|cnryb|cnryc|cnryd
update people p set email = u.e from unnest($1::int[], $2::text[]) u(i, e) where u.i = p.id returning p.id, p.email ## {3,4}|{cnrya,cnryb}
update people set (email, ssn, age) = ($1, $2, $3) where id = 3 returning email, ssn, age ## cnrya|cnryb|44
update people set (email, age) = (select email, 44 from logins where id = 4) where id = 3
update people set (ssn) = row('cnryq') where id = 3 returning ssn
update people set email = case id when 3 then 'cnryA' when 4 then 'cnryB' end where id in (3,4) returning email
update people set email = case id when 3 then $1 when 4 then $2 end where id in (3,4) returning email ## cnryA|cnryB
update people set email = case when id = 3 then $1::text when id = 4 then $2::text else email end where id in (3,4,5) returning id, email ## cnryA|cnryB
update people set age = case id when 3 then 774411 when 4 then 774412 end where id in (3,4) returning id, age
update people set email = coalesce(null, 'cnryA') where id = 3 returning email
update people set email = coalesce('cnryA', email) where id = 3 returning email
update people set email = nullif('cnryA', '') where id = 3 returning email
update people set email = nullif($1, '') where id = 3 returning email ## cnryA
update people set email = nullif($1, '') where id = 3 returning email ##
update people set ssn = nullif($1, '') where id = 3 returning ssn ## cnryA
update people set age = nullif(774411, 0) where id = 3 returning age
update people set email = greatest('cnryA', 'cnryB') where id = 3 returning email
update people set email = ('cnryA') where id = 3 returning email
update people set email = ('cnryA'::text)::text where id = 3 returning email
update people set email = $1::varchar where id = 3 returning email ## cnryA
update people set code = $1::varchar(3) where id = 3 returning code ## cnryA
update people set code = 'cnryABC'::varchar(7) where id = 3 returning code
update people set code = cast('cnryABC' as character varying(8)) where id = 3 returning code
update people set code = character varying 'cnryABC' where id = 3 returning code
update people set email = text 'cnryA' where id = 3 returning email
update people set age = int4 '774411' where id = 3 returning age
update people set age = int '774411' where id = 3 returning age
update people set age = 774411::int8 where id = 3 returning age
update people set age = 774411::int2 where id = 3 returning age
update people set age = '774411'::numeric where id = 3 returning age
update people set age = 774411.0 where id = 3 returning age
update people set age = 7744.11e2 where id = 3 returning age
update people set age = - 774411 where id = 3 returning age
update people set age = - -774411 where id = 3 returning age
update people set age = 0774411 where id = 3 returning age
update people set age = '  774411  ' where id = 3 returning age
update people set age = '+774411' where id = 3 returning age
update people set age = ' ' where id = 3 returning age
update people set balance = -774411.5 where id = 3 returning balance
update people set balance = .5 where id = 3 returning balance
update people set balance = 5. where id = 3 returning balance
update people set balance = 1e3 where id = 3 returning balance
update people set balance = '  7.5 ' where id = 3 returning balance
update people set amount = 'Infinity' where id = 3 returning amount
update people set balance = 'Infinity' where id = 3 returning balance
update people set amount = '-inf' where id = 3 returning amount
update people set rate = 1.23456 where id = 3 returning rate
update people set rate = 5::int where id = 3 returning rate
update people set rate = '5'::int8 where id = 3 returning rate
update people set rate = 99999999.99999 where id = 3 returning rate
update people set active = 'ON' where id = 3 returning active
update people set active = 't'::bool where id = 3 returning active
update people set active = 'maybe' where id = 3 returning active
update people set active = '' where id = 3 returning active
update people set active = not true where id = 3 returning active
update people set active = 1::bool where id = 3 returning active
update people set born = date '2020-02-29' where id = 3 returning born
update people set born = '20200229' where id = 3 returning born
update people set born = 'epoch' where id = 3 returning born
update people set born = 'now' where id = 3 returning born
update people set born = '2020-02-29 10:11:12' where id = 3 returning born
update people set born = timestamp '2020-02-29 10:11:12' where id = 3 returning born
update people set born = '-infinity' where id = 3 returning born
update people set born = '4714-11-23 BC' where id = 3 returning born
update people set born = '5874898-01-01' where id = 3 returning born
update people set seen = '2020-01-01' where id = 3 returning seen
update people set seen = '2020-01-01 00:00:00 America/New_York' where id = 3 returning seen
update people set seen = '2020-01-01 00:00:00 PST' where id = 3 returning seen
update people set seen = '2020-01-01 24:00:00' where id = 3 returning seen
update people set seen = '2020-01-01 23:59:60' where id = 3 returning seen
update people set seen = '2020-01-01 00:00:00.9999999' where id = 3 returning seen
update people set seen = timestamp '2020-01-01' where id = 3 returning seen
update people set seen = timestamptz '2020-01-01' where id = 3 returning seen
update people set seen = timestamp with time zone '2020-01-01' where id = 3 returning seen
update people set token = 'a0eebc999c0b4ef8bb6d6bb9bd380a11' where id = 3 returning token
update people set token = '{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}' where id = 3 returning token
update people set token = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1' where id = 3 returning token
update people set extra = '{"cnry":"\u0000"}' where id = 3 returning extra
update people set extra = '{"a":1e400}' where id = 3 returning extra
update people set extra = '  [1, 2 ,{"x":  "y"}] ' where id = 3 returning extra
update people set extra = '{"bb":1,"a":2,"ccc":0}' where id = 3 returning extra
update people set extra = '1.10' where id = 3 returning extra
update people set extra = '-0' where id = 3 returning extra
update people set extra = '1e2' where id = 3 returning extra
update people set extra = '"\ud83d\ude00 \u00e9 cnry"' where id = 3 returning extra
update people set extra = '"\ud83d"' where id = 3 returning extra
update people set extra = 'null' where id = 3 returning extra
update people set extra = '{"k":1}'::jsonb where id = 3 returning extra
update people set extra = '{"k":1}'::json where id = 3 returning extra
update people set extra = '{"a":{"b":1}, "a":{"c":2}}' where id = 3 returning extra
update people set extra['k'] = '1' where id = 3 returning extra
select extra['k'] from people where id = 3
update people set photo = '\xDEadbeef' where id = 3 returning photo
update people set photo = '\xde ad be ef' where id = 3 returning photo
update people set photo = '\xdea' where id = 3 returning photo
update people set photo = E'\\xdeadbeef' where id = 3 returning photo
update people set photo = E'\\\\x' where id = 3 returning photo
update people set photo = '' where id = 3 returning photo
update people set photo = x'de' where id = 3 returning photo
update people set photo = 'cnry'::bytea where id = 3 returning photo
update people set photo = 'cnry'::text::bytea where id = 3 returning photo
select id from people where age = -(-33) order by id
select id from people where age in (-(-33), - -31) order by id
select id from people p where p is null
select count(p) from people p
select count(p.*) from people p
select count((email, ssn)) from people
select count(distinct (email, code)) from people
select count(distinct row(email)) from people
select id, email is null, ssn is not null from people order by id
select bool_or(email = 'cnry3@x.test') from people
select sum(case when email = 'cnry3@x.test' then 1 else 0 end) from people
select count(*) filter (where email in ('cnry3@x.test','cnry4@x.test')), count(email) filter (where age = 33) from people
select coalesce(email, 'x') = 'x' from people order by id
select id from people where coalesce(email, $1) = $1 order by id ## cnry3@x.test
select id from people where email = coalesce($1, email) order by id ## cnry3@x.test
select id from people where email = coalesce($1, email) order by id ## NULL
select id from people where ($1::text is null or email = $1) order by id ## NULL
select id from people where email = case when $1 = 'a' then 'cnry3@x.test' else 'cnry4@x.test' end order by id ## a
select id from people where email = case when id > 3 then 'cnry5@x.test' else 'cnry3@x.test' end order by id
select id from people where case when id > 3 then email else 'cnry3@x.test' end = 'cnry3@x.test' order by id
select id from people where nullif(email, 'cnry3@x.test') is null order by id
select nullif('cnry3@x.test', email) from people order by id
select nullif(email, ssn) from people order by id
select nullif(email, null) from people order by id
select coalesce(email, code) from people order by id
select coalesce(email, name) from people order by id
select coalesce(null, email, 'cnryZ') from people order by id
select case when id = 3 then 'cnryZ' when id = 4 then email end from people order by id
select case when id = 3 then null else email end from people order by id
select case id when 3 then 'cnryZ' else email end as e from people order by id
select age, case when age = 33 then 0 else age end from people order by id
select age, case when age = 33 then 99999999999 else age end from people order by id
select coalesce(age, 0) from people order by id
select coalesce(age, big) from people order by id
select coalesce(small, age) from people order by id
select coalesce(small, 0) from people order by id
select coalesce(small, '0') from people order by id
select coalesce(small, 0::int2) from people order by id
select coalesce(balance, 0) from people order by id
select coalesce(balance, 0.0) from people order by id
select coalesce(amount, 0.00) from people order by id
select coalesce(active, false) from people order by id
select coalesce(born, '1999-01-01') from people order by id
select coalesce(seen, '1999-01-01') from people order by id
select coalesce(code, 'nocode-at-all-long') from people order by id
select coalesce(code, '') from people order by id
select coalesce(token, '00000000-0000-0000-0000-000000000000') from people order by id
select coalesce(photo, '') from people order by id
select coalesce(photo, '\x') from people order by id
select coalesce(extra, '{}') from people order by id
select coalesce(extra, '{}'::jsonb) from people order by id
select coalesce(email, $1) from people order by id ## cnryQ
select coalesce(age, $1) from people order by id ## 5
select coalesce(age, $1::int) from people order by id ## 5
select email from people where id = 3 union all select $1 ## cnryQ
select email from people where id = 3 union select null order by 1
select email, 1 from people where id = 3 union all select 'cnryQ', 2 order by 2
select age from people where id = 3 union all select 5 order by 1
select age from people where id = 3 union all select 5
select age from people where id = 3 union all select 5000000000
select age from people where id = 3 union all select '5'
select small from people where id = 3 union all select 5
select small from people where id = 3 union all select age from people where id = 4
select balance from people where id = 3 union all select 5
select balance from people where id = 3 union all select amount from people where id = 4
select code from people where id = 3 union all select 'toolongforthecode'
select code from people where id = 3 union all select email from people where id = 4
select ssn from people where id in (3,4) union all select ssn from people where id = 4
select ssn from people where id in (3,4) union select ssn from people where id = 4
select email from people except all select email from logins
select email from people intersect all select email from logins
(select email from people where id = 3) union all (select email from logins where id = 3 limit 1)
select email from ((select email from people where id = 3) union all (select email from logins where id = 3)) x
select x.e from (select email as e, id from people union select email, id from logins) x where x.e = 'cnry3@x.test'
select x.e from (values ('a'), ('b')) x(e) union all select email from people where id = 3
values ('cnry1'), ((select email from people where id = 3))
select (values ((select email from people where id = 3)))
select * from (values ((select email from people where id = 3), 1)) v(e, n)
select row((select email from people where id = 3), 1)
select array[(select email from people where id = 3)]
select array(select email from people where id = 3)
select (select array_agg(email) from people)
select (select count(*) from people q where q.email = p.email) from people p order by id
select (select max(id) from people q where q.email = p.email) from people p order by id
select p.id from people p where p.email = (select q.email from people q where q.id = p.id) order by id
select p.id from people p where p.email in (select q.email from logins q where q.person = p.id and q.email = p.email) order by id
select p.id from people p where p.email = all (select q.email from logins q where q.person = p.id) and id < 5 order by id
select p.id from people p where p.email <> all (select q.email from logins q) order by id
select p.id from people p where p.email > any (select q.email from logins q) order by id
select p.id from people p where not (p.email in (select q.email from logins q)) order by id
select p.id from people p where (p.email, p.id) not in (select q.email, q.id from logins q) order by id
select id, rank() over (partition by email order by id) from people order by id
select id, count(*) over w from people window w as (partition by age) order by id
select id, dense_rank() over (order by age) from people
select id, lead(email) over (partition by age order by id) from people order by id
select distinct on (email) email, id from people order by email, id
select distinct on (email) email, id from people
select email, id from people order by id using operator(pg_catalog.<)
select email, id from people order by email collate "C"
select email collate "C" from people where id = 3
select id from people where email = 'cnry3@x.test' collate "C"
select id from people where email operator(pg_catalog.=) 'cnry3@x.test'
select id from people where email operator(pg_catalog.~~) 'cnry3%'
select age, count(*) from people group by grouping sets ((age), ()) order by 2, 1
select age, count(*) from people group by rollup (age)
select age, code, count(*), grouping(age, code) from people group by cube (age, code)
select email from people group by email having count(*) > 1
select email from people group by email having email = 'cnry3@x.test'
select email from people group by email having email in ('cnry3@x.test', 'cnry4@x.test')
select e from (select email as e, count(*) as c from people group by 1) t where c = 1 and e = 'cnry3@x.test'
select p.* from people p join logins l using (email) order by p.id
select email from people join logins using (email) order by id
select * from people join logins using (email) order by people.id
select p.id, email from people p left join logins l using (email) order by p.id
select email from people p full join logins l using (email) order by p.id
select email from people p right join logins l using (email) where email = 'cnry3@x.test'
select x.email from (people p join logins l using (email)) x
select j.email from (people p join logins l using (email) as j) j2
select j.email, p.id from people p join logins l using (email) as j order by p.id
select id from people natural join (select 'cnry3@x.test' as email) t
select id from people natural join (select id, email from logins) t order by id
select id, t.email from people join (select 'cnry3@x.test' as email) t using (email)
select a.id, b.id from people a, people b where a.email = b.email and a.id < 4 order by a.id
select a.id, b.id from people a join people b on (a.email, a.age) = (b.email, b.age) where a.id < 4 order by a.id
select people.id from people people join people p2 on people.email = p2.email where p2.id = 3
select people.email from logins people where people.id = 3
select people from (select 1) people
select email from things people(email, b, c, d) where email = 3
select people.email from (select label as email from things) people order by 1
select p.email.x from people p
select (people).email from people where id = 3
select (p.*).email from people p where id = 3
select (select p.email) from people p where id = 3
select l.e from people p, lateral (select p.email as e) l where p.id = 3
select l.e from people p, lateral (values (p.email)) l(e) where p.id = 3
select l.e from people p, lateral (select p.email as e union all select 'cnryx') l where p.id = 3
select l.e from people p, lateral unnest(array[p.email]) l(e) where p.id = 3
select l from people p, lateral jsonb_each(p.extra) l where p.id = 3
select l.* from people p, jsonb_to_record(p.extra) as l(k int) where p.id = 3
select * from people p, generate_series(1, p.age) g where p.id = 3
select * from generate_series(1, 2) email join people on people.id = email order by people.id
select email from people for update of people skip locked
select email from people where current_user = 'app' and id = 3
select email from people order by id limit $1 offset $2 ## 2|1
select email from people order by id limit all
select email from people order by case when id = 3 then 0 else 1 end, id
select email from people order by email is null, id
select email from people order by email = 'cnry3@x.test' desc, id
select id from people order by (email = $1) desc, id ## cnry3@x.test
select id from people order by coalesce(email, 'x')
select tableoid::regclass, ctid, xmin is null, email from people where id = 3
select p.tableoid, p.email from people p where p.id = 3
select email as "select", ssn as "from" from people where id = 3
select email "a""b" from people where id = 3
select U&"\0065mail" from people where id = 3
select U&"e!006dail" uescape '!' from people where id = 3
select "PEOPLE"."email" from people "PEOPLE" where id = 3
select eMaIl from PEOPLE where iD = 3
select people.*, people.* from people where id = 3
select 1 as email from people order by email
select id as email from people where email = 'cnry3@x.test' order by email
select name as email from people group by email
select upper(name) as email, count(*) from people group by email
insert into people default values returning email
insert into people (id, name, email) overriding system value values (900, 'n', 'cnry900')
insert into people (id, name, email, age) values (900, 'n', 'cnry900', 774411), (901, 'm', default, default), (902, 'o', null, '774412')
insert into people (id, name, email) values (900, 'n', $1), (901, 'n', 'cnry901'), (902, 'n', $2), (903, 'n', null) ## cnryA|cnryB
insert into people (name, id, email) values ($3, $2, $1) ## cnryA|900|n
insert into people (id, name, email, ssn, note) values (900, 'n', $1, $1, $1) returning note ## plainboth
select id from people where email = any($1) order by id ## {cnry3@x.test
select id from people where email = any($1) order by id ## NULL
select id from people where age = any($1::int[]) order by id ## {33,34}
select id from people where age = any($1::bigint[]) order by id ## {33,99999999999}
select id from people where age = any('{33,34}') order by id
select id from people where age = any('{33,34}'::int[]) order by id
select id from people where age = any(array[33,34]::bigint[]) order by id
select id from people where age = any(array[33,99999999999]) order by id
select id from people where age = any(array[33,34.0]) order by id
select id from people where age in (33, 34.0) order by id
select id from people where age in (33, 99999999999) order by id
select id from people where age = 99999999999 order by id
select id from people where small = 99999999999 order by id
select id from people where small in (3, 40000) order by id
select id from people where age = 3.3e1 order by id
select id from people where rate = 15e-1 order by id
select id from people where rate in (1.5, 1.50, 2) order by id
select id from people where email = any(array['cnry3@x.test', null]) order by id
select id from people where email = any(array[[ 'cnry3@x.test'], ['cnry4@x.test']]) order by id
select id from people where email = any(array[]::text[]) order by id
select id from people where email <> all(array[]::text[]) order by id
select id from people where not email = any($1) order by id ## {cnry3@x.test}
select id from people where email != all($1) order by id ## {cnry3@x.test,NULL}
select id from people where 'cnry3@x.test' = any(array[email])
select id from people where 'cnry3@x.test' in (email)
select id from people where email in (select $1 union all select $2) order by id ## cnry3@x.test|cnry4@x.test
select id from people where (email, id) in (select * from (values ('cnry3@x.test', 3)) v) order by id
select id from people where (id, email) is distinct from (3, 'cnry3@x.test') order by id
select id from people where (email, ssn) is null
select id from people where not (email, ssn) is null order by id
select id from people where (email = 'cnry3@x.test') is true
select id from people where (email = 'cnry3@x.test') is not false order by id
select id from people where (email = 'cnry3@x.test') = true
select id from people where (email = 'cnry3@x.test')::int = 1
select id from people where email = 'cnry3@x.test' is true
select id from people where active is true order by id
select id from people where active is unknown order by id
select id from people where active is not null order by id
select id from people where case when active then true else false end
select id from people where active and id = 3
select id from people where email = email order by id
select id from people where email is not distinct from email order by id
with a as (insert into people (id, name, email) values (900, 'n', 'cnry900') returning id, email), b as (update logins set email = a.email from a where logins.id = 1 returning logins.email) select a.email, b.email from a, b
with a as (insert into people (id, name, email) values (900, 'n', 'cnry900') returning id, email) select * from a where email = 'cnry900'
with a as (insert into people (id, name, email) values (900, 'n', 'cnry900') returning id, email e) insert into logins (id, person, email) select 900, id, e from a returning email
with a as (delete from logins where email = $1 returning *) insert into logins (id, person, email, secret) select id + 900, person, email, secret from a returning email, secret ## cnry1@x.test
with a as (delete from logins returning *) update people set ssn = a.secret from a where a.person = people.id
with a as (select 'cnryZ' as x), b as (select x as y from a) update people set email = b.y from b where id = 3 returning email
with a(x) as (values ('cnryZ')), b as (select x as y from a where x <> '') update people set email = b.y from b where id = 3 returning email
with recursive a(x, n) as (select 'cnryZ', 1 union all select x, n + 1 from a where n < 2) update people set email = a.x from a where id = 3
with a as (update people set email = 'cnryU' where id = 3 returning *) select id, email, ssn from a
with a as (update people set email = 'cnryU' where id = 3 returning old.email) select 1
insert into people (id, name, email) select id, name, email from people where id = 3 on conflict (id) do update set email = excluded.email, name = excluded.email
insert into people (id, name, email) values (3, 'n', 'cnryN') on conflict (id) do update set email = excluded.email where people.email = 'cnry3@x.test' returning email
insert into people (id, name, email) values (3, 'n', 'cnryN') on conflict (id) do update set email = excluded.email where people.email is distinct from excluded.email returning email
insert into people (id, name, email) values (3, 'n', 'cnryN') on conflict (id) do update set email = excluded.email where excluded.email = $1 returning email ## cnryN
insert into people (id, name, email) values (3, 'n', 'cnryN') on conflict (id) do update set name = excluded.email
insert into people (id, name, email) values (3, 'n', 'cnryN') on conflict (id) do update set email = coalesce(excluded.email, 'cnryM') returning email
insert into people (id, name, email) values (3, 'n', 'cnryN') on conflict (id) do update set (name, email) = (select 'x', 'cnryQ') returning email
insert into people (id, name, email) values (3, 'n', 'cnryN') on conflict (email) where email is not null do nothing
update people set email = (select email from logins l where l.person = people.id) where id < 4 returning email
update people set email = (select 'cnryS' where people.id = 3) where id = 3 returning email
update people set email = (select max(email) from logins) where id = 3
update people set (email, ssn) = (select 'cnryS', ssn from people p where p.id = people.id) where id = 3 returning email, ssn
update people set (email, ssn) = (select l.email, 'cnryS' from logins l where l.id = 4) where people.id = 3 returning email, ssn
update people set (email, ssn, name) = ($1, $2, $3) where id = 3 returning email, ssn, name ## cnryX|cnryY|n
update people set (email, ssn) = (values ('cnryX', 'cnryY')) where id = 3 returning email
update people set (name, email) = (default, default) where id = 3
update people p set email = q.email from people q where q.id = 4 and p.id = 41 returning p.email, q.email, p.*
update people p set email = v.e from (select 'cnryX' as e) v where p.id = 3 returning v.e, p.email
update only people set email = 'cnryX' where id = 3
update people * set email = 'cnryX' where id = 3
delete from people p using (values ('cnry30@x.test')) v(e) where v.e = p.email returning p.id
delete from people where (email, id) in (values ('cnry30@x.test', 30)) returning id
delete from people where current of c
select 1;;; select email from people where id = 3;
 
select E'\x63nry3@x.test' = 'a', id from things where id = 1
select id from people where email = E'cnry\63@x.test'
select id from people where email = U&'cnry3!0040x.test' uescape '!'
select id from people where email = $a$cnry3@x.test$a$
select id from people where email=E'cnry3@x.test'and id=3
select id from people where email in('cnry3@x.test','cnry4@x.test')and id>0 order by id
select id,case when email='cnry3@x.test'then'x'else'y'end from people order by id
select id from people where email='cnry3@x.test'or email='cnry4@x.test'order by id
select id from people where 33=age and age=33order by id
select id from people where age in(33,34)order by id
select id from people where email='cnry3@x.test'::text::varchar::text
select id from people where email = cast('cnry3@x.test' as varchar(100))
select id from people where email = ('cnry3@x.test')
select id from people where (email) = (('cnry3@x.test'))
select id from people where ((email = 'cnry3@x.test'))
select id from people where email = '' 
select id from people where email = '''' or email = '\' or email = '\x' or email = 'c57e91'
insert into people (id, name, ssn, extra) values (900, 'n', '', '""'), (901, 'n', 'null', 'null'), (902, 'n', 'NULL', '[]')
insert into people (id, name, code) values (900, 'n', '12345678'), (901, 'n', 'ππππππππ'), (902, 'n', '😀😀😀😀😀😀😀😀'), (903, 'n', 'a        ')
insert into people (id, name, code) values (900, 'n', '😀😀😀😀😀😀😀😀😀')
insert into people(id,name,email)values(900,'n','cnry900')on conflict do nothing returning id,email
select * from people where email = 'cnry3@x.test' order by id for update of people nowait
select p.id, (select l.secret from logins l where l.email = p.email limit 1) s from people p order by p.id
select p.id, l.secret from people p left join lateral (select secret from logins l where l.email = p.email order by id limit 1) l on true order by p.id
select email, row_number() over () from people where id = 3
select p.email, count(l.id) from people p left join logins l on l.email = p.email group by p.id order by p.id
select p.email, p.ssn, count(l.id) from people p left join logins l on l.email = p.email group by p.id order by p.id
select p.email, count(*) from people p join logins l using (email) group by p.email having count(*) >= 1
select distinct p.email from people p join logins l on l.email = p.email
select count(distinct p.email) from people p join logins l on l.email = p.email
select count(*) from (select distinct email from people) x
select email from people where id = (select max(id) from people where email is not null)
select email from people where exists (select * from logins where logins.email = people.email) order by id
select exists(select 1 from people where email = 'cnry3@x.test')
select not exists(select 1 from people where email = 'cnry3@x.test')
select (select count(*) from people where email = 'cnry3@x.test') > 0
select 'cnryq' = any(select email from people)
select 'cnry3@x.test' in (select email from people)
select (1, 'cnry1@x.test') in (select id, email from people)
select (select email from people where id = 3) = 'cnry3@x.test'
select (select email from people where id = 3) is null
select coalesce((select email from people where id = 3), 'none')
select coalesce((select email from people where id = 9999), 'cnrynone')
select id from people where email = (case when true then 'cnry3@x.test' end)
select id from people where (select email) = 'cnry3@x.test'
select id from people p where (select p.email where p.id = 3) = 'cnry3@x.test'
table people order by id limit 1
(select email from people where id = 3)
((select email from people where id = 3)) limit 1
select email from people where id = 3 union all (select email from logins where id = 3 order by id limit 1)
select x.* from (table people) x where x.id = 3
with x as (table people) table x order by id limit 2
with x as not materialized (select email from people where id = 3) select * from x, x y
with x(a) as (select email from people where id = 3), y(b) as (select a from x union all select 'cnryY') select b from y
with recursive t as (select id, email, 1 as d from people where id = 3 union all select id, email, d + 1 from t where d < 3) select * from t
with recursive t(e) as (select email from people where id = 3 union select email from logins, t where t.e = logins.email) select e from t
with recursive t(n) as (select 1 union all select n + 1 from t where n < 3) select t.n, p.email from t join people p on p.id = t.n order by n
with recursive t(id) as (select id from people where email = 'cnry3@x.test' union select p.id + 1 from people p join t on p.id = t.id where p.id < 6) search depth first by id set o select id from t
select from people
select all email from people where id = 3
select email from people where id = 3 group by people.id, email
select id, email from people where id <= 3 order by id asc nulls last limit 2 offset 1
select id, email from people order by id fetch first 2 rows with ties
select people.email, logins.email from people, logins where people.id = 3 and logins.id = 3
select * from people cross join logins where people.id = 3 and logins.id = 3
select * from people natural left join logins where people.id = 3
select * from (people join logins on people.id = logins.id) where people.id = 3
select * from (people join logins on people.id = logins.id) as j(a, b, c) where j.a = 3
select j.* from (people p join logins l using (email)) as j where j.email = 'cnry3@x.test'
select l.email, p.email from people p join logins l using (email, id) where p.id = 3
select email, p.email, l.email from people p left join logins l using (email) where p.id in (3, 30) order by p.id
select p.email from people p where p.email in (select email from people q where q.email = p.email) and p.id = 3
select * from people p1 join people p2 on p1.email = p2.email join logins l on l.email = p2.email where p1.id = 3
select p.id from people p join things t on t.id = p.id and p.email = 'cnry3@x.test'
select p.id from people p join things t on t.label = 'label 3' and p.email = 'cnry3@x.test'
update people set name = name || '!' where email = 'cnry3@x.test' returning name, email
update people set note = 'x', email = 'cnryM', age = null, active = false, extra = '{"a":[1,2]}', born = '2000-01-01' where email = 'cnry3@x.test' returning *
update people p set note = l.id::text from logins l where l.email = p.email and l.email in ('cnry3@x.test') returning p.note, l.secret
update logins set secret = 'cnryQ' where exists (select 1 from people where people.email = logins.email and people.id = 3) returning secret
delete from logins where email in (select email from people where id = 3) returning *
delete from logins l using people p where l.email = p.email and p.age = 33 returning l.id
create index i1 on people (email) include (name)
create index i1 on people using hash (email)
create index i1 on people (email text_pattern_ops)
create index i1 on people (email desc)
create index i1 on people (email) where id > 3
create index i1 on people (email) where email = 'cnry3@x.test'
create index i1 on people (id) include (email)
create unique index i1 on people (email, code)
create table t9 (id int primary key, email text references people (email))
create table t9 (id int primary key, pid int references people)
alter table things add constraint fk foreign key (id) references people (id)
alter table things add column pid int references people (id)
alter table people add constraint ck check (email is not null or id > 0)
alter table people add constraint ck check (email <> 'cnryCk')
alter table people add constraint ex exclude using btree (email with =)
alter table people add column g text generated always as (email) stored
alter table people add column g text generated always as (lower(name)) stored
create sequence s1 owned by people.id
alter table people enable row level security
create policy pol on people for select using (name = 'x')
create statistics st on email, name from people
select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'logins'::regclass and false
select current_setting('search_path')
select id, u e from people, unnest(array['cnry3@x.test']) u(e) where e = email
select u from people join (values ('cnry3@x.test', 3)) u(e, n) on e = email
declare c cursor for select id, email from people where email = 'cnry3@x.test'; fetch all from c
declare c scroll cursor for select id, email, born from people where id < 9 order by id; fetch 3 from c; move 2 in c; fetch prior from c; fetch last from c; fetch absolute 2 from c; close c
declare c binary cursor for select id, email, balance from people where id < 5 order by id; fetch forward 2 from c; fetch all from c
declare c cursor for select id from people where id < 5 order by id for update; fetch 2 from c; update people set email = 'cnry-current' where current of c
declare c cursor for select id from people where id < 5 order by id for update; fetch 1 from c; delete from people where current of c returning email
declare c no scroll cursor for select email from people where email = $1 ## cnry3@x.test
prepare sp1 (text) as select id, email from people where email = $1; execute sp1('cnry3@x.test'); deallocate sp1
prepare sp2 as insert into people (id, name, email, ssn) values ($1, 'n', $2, $2) returning email, ssn; execute sp2(900, 'cnry900'); execute sp2(901, null); deallocate sp2
prepare sp3 (text[]) as select id from people where email = any ($1) order by id; execute sp3('{cnry3@x.test,cnry4@x.test}'); deallocate sp3
prepare sp4 as update people set email = $2 where id = $1; explain (costs off) execute sp4(3, 'cnry'); execute sp4(3, 'cnry-4'); deallocate all
prepare sp5 as select id from people where email = $1; execute sp5(lower('CNRY'))
select id, nullif(code, 'C3'), nullif(code, $1) from people order by id ## C4
select id::int4, name::text, note::text from people where email = 'cnry3@x.test'
insert into things (id, label) values (903, 'n') returning id::int4, price::numeric, label::text
select t.i::int4 from (select id as i, email from people) t order by 1
select code, case when id = 3 then code end, coalesce(code, null), case when id = 3 then code else null end from people order by id
select id from people where age = any(array[2147483648]::int4[])
select id from people where age = any(array[33, 34]::int4[]) order by id
select id from people where age = any(array[33, 34]::int8[]) order by id
copy people (id, email) to stdout (format csv, header)
copy people to stdout (format binary)
copy (select email from people where email = 'cnry3@x.test') to stdout
copy (select lower(email) from people) to stdout
copy (update people set ssn = 'cnry-new' where id = 3 returning ssn) to stdout
copy people to '/tmp/nowhere'
merge into people p using (values (3, 'cnry-m3'), (900, 'cnry-m900')) v (i, e) on p.id = v.i when matched then update set email = v.e when not matched then insert (id, name, email) values (v.i, 'n', v.e)
merge into people p using things t on p.id = t.id when matched and p.email = 'cnry3@x.test' then delete when matched and t.id < 5 then update set ssn = 'cnry-merged', age = 7, note = t.label when not matched then do nothing
merge into people using logins l on people.email = l.email when matched then update set email = l.email, ssn = $1 when not matched then insert (name, email) values ('n', l.email) ## cnry-merge
merge into people p using things t on p.id = t.id + 900 when not matched then insert (id, name, email, ssn, born) values (t.id + 900, t.label, 'cnry-new', default, '2001-02-03')
merge into people p using things t on p.id = t.id when matched then update set email = t.label
merge into things t using people p on t.id = p.id when matched then update set label = p.email
merge into things t using people p on t.id = p.id and p.email = 'cnry3@x.test' when matched then update set label = 'found'
with s as (select id, email from people where id < 4) merge into people p using s on p.id = s.id when matched then update set (email, code) = (s.email || '', 'C0')
create table made as select id, name from people where email = 'cnry3@x.test'
create temp table made as select id, email, ssn, extra from people where id < 4
create temp table made as select p.email, l.secret from people p join logins l using (email)
create temp table made as select email from people; select * from made where email = 'cnry3@x.test'
select email, age into temp made from people where id = 3; update made set age = 5; select * from made
create temp table made (like people); insert into made select * from people where id = 3; select * from made
create temp table made as select id, name, note from people where email in ('cnry3@x.test', 'cnry4@x.test') with no data
select id, name into made from people where ssn is not null
create view made as select id, email from people where email = 'cnry3@x.test'
create view made as select email from people union select email from logins
create materialized view made as select id, email, coalesce(ssn, 'cnry-none') as s from people where age = 33
create view made as select upper(email) from people
# Carrying functions, arrays and JSON.
select lag(email) over (order by id), lead(age, 2, 7) over (order by id), last_value(code) over (order by id), nth_value(rate, 2) over (order by id) from people order by id
select array_agg(email order by id) filter (where id < 5), array_agg(code order by id), array_agg(balance order by id), array_agg(extra order by id), array_agg(seen order by id), array_agg(active order by id) from people where id < 9 or id = 41
select array_agg(photo order by id), array_agg(token order by id), array_agg(born order by id), array_agg(small order by id), array_agg(amount order by id) from people where id in (3, 4, 41)
select array[email, email], array[ssn, null], array[age, 5], array[code, 'x, "y" {z}\'] from people where id in (3, 41) order by id
select (array_agg(email order by id))[2] as second, (array_agg(age order by id))[1:2] as two, cardinality(array_agg(ssn)) from people
select u from people p, unnest(array[p.email, p.email]) u where p.id < 4 order by p.id
select coalesce(array_agg(email), '{}') from people where id < 0
select coalesce(array_agg(email), '{}'::text[]) from people where id = 3
select array(select age from people where id < 6 order by id) = array[1] as same
select json_agg(email order by id), json_agg(age order by id), json_agg(born order by id), json_agg(seen order by id), json_agg(balance order by id), json_agg(active order by id), json_agg(extra order by id) from people where id < 6 or id = 41
select jsonb_agg(email order by id), jsonb_agg(age order by id), jsonb_agg(born order by id), jsonb_agg(seen order by id), jsonb_agg(amount order by id), jsonb_agg(active order by id), jsonb_agg(extra order by id), jsonb_agg(token order by id), jsonb_agg(rate order by id) from people where id < 6 or id = 41
select json_build_object('id', id, 'email', email, 'inner', jsonb_build_object('zz', ssn, 'a', age), 'list', json_build_array(code, null, big)) from people where id in (3, 41) order by id
select to_json(email), to_jsonb(rate), to_json(photo), to_jsonb(array[code, code]) from people where id in (3, 41) order by id
select row_to_json(p) from people p where id in (3, 41) order by id
select row_to_json(p, true), to_jsonb(p.*) from people p where id = 3
select coalesce(json_agg(x order by x.id), '[]') as items from (select id, email, ssn as secret, balance from people where id < 5) x
select coalesce(jsonb_agg(x), '[]'::jsonb) from (select email from people where id < 0) x
select p.id, (select coalesce(json_agg(json_build_object('e', l.email, 's', l.secret) order by l.id), '[]'::json) from logins l where l.person = p.id) as logins from people p where p.id < 4 order by p.id
select p.id, j.logins from people p left join lateral (select jsonb_agg(l order by l.id) as logins from logins l where l.person = p.id) j on true where p.id in (1, 2, 39) order by p.id
select json_object_agg(name, email) from (select name, email from people where id < 4 order by id) x
select json_agg(email)::jsonb, jsonb_build_object('a', ssn)::json from (select email, ssn from people where id = 3) x group by ssn
select case when count(*) > 1 then json_agg(code order by id) end from people where id < 5
select json_build_object('e', email) from people where id = 3 union all select '{"e": 1}'
insert into people (id, name, email, ssn) values (900, 'n', 'cnryJ', 'cnryS') returning json_build_object('e', email, 's', ssn)
with u as (update people set email = 'cnryU' where id = 3 returning id, email) select json_agg(u) from u
select json_agg(email)::text from people
select json_build_object('a', email) ->> 'a' from people where id = 3
select jsonb_agg(distinct email) from people
select array_agg(distinct email) from people
select json_build_object(email, 1) from people where id = 3
select (p).email, (p).name, (p.*).age from people p where p.id in (3, 41) order by p.id
select (p).email from people p where (p).email = 'cnry3@x.test'
select email like 'cnry3@x.test' as a, email not like 'cnry3@x.test' as b from people order by id
select id from people where email like $1 ## cnry3@x.test
select id from people where 'cnry3@x.test' = '' or email = 'cnry3@x.test'
select id from people where ($1 = '' or email = $1) ## cnry3@x.test
select 'cnry3@x.test' as given, id from people where email = 'cnry3@x.test'
select coalesce(name, 'Name 3') from people where email = 'cnry3@x.test' and name = 'Name 3'
select id, name from people where (33 = 0 or age = 33) order by id
select id from people where 1 = 1 and age = 33 order by id
select grouping(age), age, count(*) from people group by grouping sets ((age), ())
select age, email, count(*) from people group by rollup (age, email)
select id, count(*) over w, first_value(email) over w from people window w as (partition by age order by id) order by id
select email from people tablesample system (100) where id = 3
select email from people where id = 3 for update
select email from people where id = 3 for share of people skip locked
table people
values ((select email from people where id = 3)), ('x')
# casts to types with a length, precision or scale
select id from people where code = 'cnryA5678901'::varchar(8) order by id
select id from people where code = $1::varchar(8) order by id ## cnryA5678901
select id from people where email = $1::varchar(12) order by id ## cnry3@x.testxxx
select id from people where email = cast('cnry3@x.testxxx' as varchar(12)) order by id
select id from people where email = varchar(12) 'cnry3@x.testxxx' order by id
select id from people where email = 'cnry3@x.testxxx'::char(12) order by id
select id from people where email = 'cnry3@x.test'::char(20) order by id
select id from people where email = $1::character varying(12) and note is distinct from $1 order by id ## nobody@x.testxxx
select id from people where email = $1::varchar(12) or email = $1::varchar(13) or email = $1 order by id ## cnry3@x.testxxx
update people set code = 'cnryAbcdefghijk'::varchar(20)::varchar(5) where id = 3 returning code
update people set code = 'cnryAbcdefghijk'::varchar(5) where id = 3 returning code
update people set code = 'cnryAbcdefghijk'::varchar(9) where id = 3 returning code
update people set code = $1::varchar(9) where id = 3 returning code ## cnryAbcdefghijk
update people set code = $1::varchar(5) where id = 3 returning code ## cnryAbcdefghijk
update people set code = $1::char(6) where id = 3 returning code ## cnry
update people set code = 'cnry'::char(6) where id = 3 returning code
update people set ssn = $1::varchar(6), note = $1::varchar(4) where id = 3 returning ssn, note ## pqr-not-secret
update people set ssn = null::varchar(6) where id = 3 returning ssn
update people set rate = $1::numeric(6,1) where id = 3 returning rate ## 33.25
update people set rate = 33.25::numeric(6,1), amount = 1.005::numeric(10,2) where id = 3 returning rate, amount
update people set rate = '1234567.5'::numeric(6,1) where id = 3 returning rate
update people set balance = $1::numeric(12,3), amount = $1::numeric(12,3) where id = 3 returning balance, amount ## 7744.1055
update people set seen = '2024-05-06 07:08:09.987654+00'::timestamptz(2) where id = 3 returning seen
update people set seen = $1::timestamptz(0) where id = 3 returning seen ## 2024-05-06 07:08:09.5+00
update people set age = 54.4::numeric(3,0) where id = 3 returning age
select id from people where rate = $1::numeric(10,4) order by id ## 3.30000001
insert into people (id, name, email, code) values (900, 'n', $1::varchar(30), 'cnrycnry9'::varchar(8)) returning email, code ## cnry900@x.test
select coalesce(code, 'none'::varchar(8)) from people order by id
select coalesce(code, 'none'::varchar(5)) from people order by id
select coalesce(code, $1::varchar(8)) from people order by id ## nonenonenone
select code::varchar(8), code::varchar(20), code::varchar, code::text from people where id = 3
select code::varchar(5) from people where id = 3
select rate::numeric(10,4), rate::numeric(12,5), rate::numeric, balance::numeric(12,2), balance::numeric(14,2) from people where id = 3
select rate::numeric(10,2) from people where id = 3
select balance::numeric(14,4) from people where id = 3
select seen::timestamptz(6) from people where id = 3
select seen::timestamptz(3) from people where id = 3
select id from people where rate::numeric = 3.3 order by id
select id from people where code::varchar(30) = 'cnryA' order by id
prepare casted as update people set code = $1::varchar(5) where id = 3 returning code; execute casted('cnryAbcdefghijk'); deallocate casted
# alternatives whose scale is that of the column
select coalesce(rate, 1.1000) from people order by id
select coalesce(rate, '1.1000') from people order by id
select coalesce(rate, $1) from people order by id ## 1.1000
select coalesce(rate, $1) from people order by id ## 1.1
select coalesce(rate, $1::numeric(10,4)) from people order by id ## 1.1
select case when id = 3 then rate else 7.5::numeric(10,4) end from people order by id
select rate from people where id = 3 union all select 1.2500
select rate from people where id = 3 union all select 9999999.2500
select coalesce(rate, 'NaN') from people order by id
insert into people (id, name, rate) select 901, 'n', coalesce(rate, 2.5000) from people where id = 3 returning rate
# patterns without wildcards
select id from people where email like $1 order by id ## cnry3@x.test
select id from people where email like $1 order by id ## cnry3@x.tes\t
select id from people where email like $1 order by id ## cnry%
select id from people where email like $1 order by id ## cnry3@x.test\
select id from people where email not like $1 order by id ## cnry3@x.test
select id from people where email like 'cnry3@x.test' escape '\' order by id
select id from people where email like 'cnry3\@x.test' order by id
select id from people where email like $1 escape '\' order by id ## cnry3@x.test
select id from people where email not like $1 escape E'\\' and code like $2 order by id ## cnry3@x.test|cnryA
select id from people where email like 'cnry3@x.test' escape '!' order by id
select id from people where email like $1 or email = $1 or note like $1 order by id ## nobody@x.test
select id from notes where title like '%quick%' escape '\' order by id
select n.num, p.id from people p full join notes n on p.id = 3 where n.title ilike '%quick%' order by n.id, p.id
select num from (select nullif(title, 'none') as x, num from notes) n where x like '%quick%' and x ilike '%brown%'
create view v as select coalesce(code, 'cnryA') as a, coalesce(code, null) as b from people; select a, b from v
# protected values through WITH RECURSIVE
with recursive r(id, e, s) as (select id, email, ssn from people where id = 1 union all select p.id, p.email, r.s from people p join r on p.id = r.id + 1 where p.id < 5) select * from r order by id
with recursive r(e) as (select email from people where id = 1 union select l.email from logins l join r on l.email = r.e) select e, count(*) from r group by e order by 2
with recursive r(s) as (select ssn from people where id = 1 union select s from r) select s from r
with recursive r(e, n) as (select email, 1 from people where id = 3 union all select 'cnryfree', n + 1 from r where n < 3) select e from r order by n
with recursive r(c, n) as (select code, 1 from people where id = 3 union all select 'cnry', n + 1 from r where n < 3) select c from r order by n
with recursive r(c, n) as (select code, 1 from people where id = 3 union all select email, n + 1 from people, r where n < 3) select c from r order by n
with recursive r(e, n) as (select null::text, 1 union all select email, n + 1 from r, people where n < 2 and people.id = 3) select e from r order by n
with recursive r(e, n) as (select email, 1 from people where id = 3 union all select e, n + 1 from r where n < 3 and e = 'cnry3@x.test') search breadth first by e set o select e from r
with recursive r(rate, n) as (select rate, 1 from people where id = 3 union all select rate, n + 1 from r where n < 3) select max(n), rate from r group by rate
select id from people where email = any($1::varchar(12)[]) order by id ## {cnry3@x.testxxx,NULL,cnry4@x.testyy}
select id from people where email = any('{cnry3@x.testxxx,cnry4@x.testyy}'::varchar(12)[]) order by id
select id from people where rate = any($1::numeric(10,4)[]) order by id ## {3.30000001,4.4}
select id from people where rate in (null::numeric(10,4), 3.3::numeric(10,4)) order by id
# an array without a type is one of text
select id from people where age = any(array['33']) order by id
select id from people where age = any(array[$1]) order by id ## 33
select id from people where age = any(array[$1, null]) order by id ## 33
select id from people where age = any(array[$1, 34]) order by id ## 33
select id from people where age = any(array['33', 34]) order by id
select id from people where age = any(array['33']::int[]) order by id
select id from people where token <> all(array['00000000-0000-0000-0000-000000000000']) order by id
select id from people where age = $1 and age = any(array[$1]) order by id ## 33
select id from people where code = any(array['cnryA', $1]) order by id ## cnryB
select 'cnry3' union select email from people where id = 3
select 'cnry3'::text union select email from people where id = 3
select cast(null as text), 1 union all select email, id from people where id = 3
select x.text from (select 'cnry3'::text union all select email from people) x where x.text = 'cnry3'
select $1::text union all select email from people where id < 3 ## cnry3
select (select 'cnry3'), 33 union all select email, age from people where id < 3
select case when id < 3 then rate end, case when id < 3 then rate else null end, coalesce(rate, null) from people order by id
select null union all select rate from people where id < 3
select id from people where email like 'cnry3@x.test' = true
select id from people where true = email not like 'cnry3@x.test' order by id
set local bytea_output = escape; select json_agg(email) from people
set local timezone = 'Asia/Tokyo'; select seen from people order by id
set local datestyle = german; select id from people where born = '03.01.1980'
select set_config('bytea_output', 'escape', true), json_agg(email) from people
select set_config('app.user', '7', true), email from people where id = 3
-- CASE and COALESCE cast to the column's type, as Django's bulk_update writes them
update people set code = (case when (people.id = 3) then 'cnryAbcdefghijk' when (people.id = 4) then null else null end)::varchar(8), born = (case when (people.id = 3) then '2001-02-03'::date when (people.id = 4) then null else null end)::date where id in (3, 4) returning id, code, born
update people set code = (case when id = 3 then $1 else $2 end)::varchar(8), balance = (case when id = 3 then 12.345 else null end)::numeric(12,2), rate = (case id when 3 then $3 end)::numeric(10,4) where id in (3, 4) returning id, code, balance, rate ## cnryA5678901|cnryB|7.00005
update people set code = cast(coalesce($1, 'cnryB') as varchar(5)) where id = 3 returning code ## cnryA5678901
update people set born = (case when id = 3 then $1 else null end)::date, age = (case when id = 3 then $2 end)::int4 where id in (3, 4) returning born, age ## 2001-02-03|44
update people set balance = (case when id = 3 then 1.255 when id = 5 then 2 else 3.5 end)::numeric(12,2) where id in (3, 4) returning id, balance
update people set balance = (case when id = 3 then 1.255 else $1 end)::numeric(12,2) where id in (3, 4) returning id, balance ## 2.345
select id from people where code = (case when id < 5 then 'cnryA5678901' else $1 end)::varchar(8) order by id ## cnryB
update people set code = (case when id = 3 then 'cnryAbcd'::varchar(6) end)::varchar(5) where id = 3 returning code
update people set code = (case when id = 3 then note end)::varchar(5) where id = 3 returning code
update people set code = v.x::varchar(3), email = v.x from (values ('cnryAbcdef')) v(x) where id = 3 returning code, email
insert into people (id, name, email, code) values (900, 'n', 'cnry900@x.test', (case when true then 'cnryAbcdefghijk' end)::varchar(8)) returning code

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
prepare cnrystmt as select email from people where id = 3
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

// node-postgres: everything that it lets a program see, one JSON line a step.
'use strict';
const fs = require('fs');
const { Client, Pool } = require('pg');
const Cursor = require('pg-cursor');

const ca = fs.readFileSync(process.env.CA_FILE, 'utf8');
const people = 'name, email, ssn, age, born, balance, amount, active, seen, token, photo, extra, code, big, small';

function ada(n) {
  return ['Ada ' + n, `ada${n}@node.test`, `123-45-${n}`, 40 + n, '1979-05-04', '-12.50', '1234.567800', true,
    new Date('2024-02-29T23:59:58.123Z'), '6f8a1e9c-0f3a-4c4b-9d5e-0123456789ab', Buffer.from([0, 1, 0xc5, 0x7e, 0x91]),
    { a: [1, 2.5, null], bb: 'x"ü' }, 'K-' + n, '1152921504606846976', -7];
}

// seen gives a value with its runtime type.
function seen(v) {
  if (v === null || v === undefined) return v === null ? null : 'undefined';
  if (Buffer.isBuffer(v)) return { buffer: v.toString('hex') };
  if (v instanceof Date) return { date: isNaN(v) ? 'invalid' : v.toISOString() };
  if (Array.isArray(v)) return v.map(seen);
  if (typeof v === 'object') return { object: Object.fromEntries(Object.entries(v).map(([k, w]) => [k, seen(w)])) };
  return { [typeof v]: String(v) };
}

function seenResult(r) {
  if (Array.isArray(r)) return r.map(seenResult);
  return {
    command: r.command,
    count: r.rowCount,
    fields: r.fields.map((f) => [f.name, f.dataTypeID, f.dataTypeSize, f.dataTypeModifier, f.format, f.tableID > 0, f.columnID]),
    rows: r.rows.map(seen),
  };
}

// A message that names the server's own types or shows a value may differ; what programs decide by may not. Errors about the
// text must point into it as the program wrote it.
function seenError(e) {
  const position = ['42601', '42703', '42P01'].includes(e.code) ? e.position : undefined;
  return { error: e.code, severity: e.severity, constraint: e.constraint, table: e.table, position };
}

function print(name, value) {
  console.log(JSON.stringify([name, value]));
}

async function step(name, act) {
  let value;
  try {
    value = await act();
    value = value && value.fields || Array.isArray(value) && value[0] && value[0].fields ? seenResult(value) : seen(value);
  } catch (e) {
    if (!e.code) throw e;
    value = seenError(e);
  }
  print(name, value);
}

async function connected(options, act) {
  const client = new Client({ ssl: { ca }, ...options });
  await client.connect();
  try {
    await act(client);
  } finally {
    await client.end();
  }
}

async function signIn() {
  const { PGUSER, PGPASSWORD, PGHOST, PGPORT, PGDATABASE, CA_FILE } = process.env;
  const dsn = `postgres://${PGUSER}:${encodeURIComponent(PGPASSWORD)}@${PGHOST}:${PGPORT}/${PGDATABASE}`;
  const ways = {
    'ssl with the authority': { ssl: { ca } },
    'ssl unverified': { ssl: { rejectUnauthorized: false } },
    'ssl with channel binding': { ssl: { ca }, enableChannelBinding: true },
    'DSN no-verify': { connectionString: dsn + '?sslmode=no-verify' },
    'DSN verify-full': { connectionString: dsn + '?sslmode=verify-full&sslrootcert=' + CA_FILE },
  };
  for (const [name, options] of Object.entries(ways)) {
    await step('signs in: ' + name, async () => {
      const c = new Client(options);
      await c.connect();
      const r = await c.query('select current_user, current_database(), email from people where email = $1', ['none']);
      await c.end();
      return r;
    });
  }
  for (const [name, options] of Object.entries({ 'wrong password': { password: 'wrong' }, 'unknown user': { user: 'stranger' },
    'unknown database': { database: 'nowhere' } })) {
    await step(name, async () => {
      const c = new Client({ ssl: { ca }, ...options });
      c.on('error', () => {});
      try {
        await c.connect();
      } catch (e) {
        return [e.code, e.severity, e.message];
      }
      return 'signed in';
    });
  }
  await step('untrusted certificate', async () => {
    const c = new Client({ ssl: true });
    c.on('error', () => {});
    await c.connect();
  });
}

const insert = `insert into people (${people}) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15) returning *`;

async function statements(c, label) {
  const n = label.length; // different rows for each way
  const q = (name, text, values, more) => step(`${name} (${label})`, () => c.query({ text, values, ...more }));
  await q('insert', insert, ada(n));
  await q('insert nulls', `insert into people (name, email, ssn, age, born) values ($1, $2, $3, $4, $5) returning *`, ['Nil', null, null, null, null]);
  await q('insert literals', `insert into people (name, email, ssn, age, born, extra) values ('Lit', 'lit${n}@node.test', '', 0, '2000-02-29', '{"a": 1}'), ('Lit', default, 'y''s', -1, null, null) returning *`);
  await q('select by email', `select id, ${people} from people where email = $1`, [`ada${n}@node.test`]);
  await q('select by literal', `select id, ${people} from people where email = 'ada${n}@node.test'`);
  await q('array rows', 'select * from people order by id', [], { rowMode: 'array' });
  for (const [column, value] of [['age', 40 + n], ['born', '1979-05-04'], ['seen', new Date('2024-02-29T23:59:58.123Z')], ['code', 'K-' + n],
    ['token', '6F8A1E9C-0F3A-4C4B-9D5E-0123456789AB'], ['big', 1152921504606846976n], ['small', -7], ['email', 'nobody']]) {
    await q(`${column} = $1`, `select id, ${column} from people where ${column} = $1 order by id`, [value]);
    await q(`${column} = any($1)`, `select id, ${column} from people where ${column} = any($1) order by id`, [[value]]);
  }
  await q('= any with null', 'select id from people where email = any($1) order by id', [[`ada${n}@node.test`, null, 'a,"b"\\']]);
  await q('= any empty', 'select id from people where email = any($1)', [[]]);
  await q('in', 'select id from people where email in ($1, $2) order by id', [`ada${n}@node.test`, `lit${n}@node.test`]);
  await q('= null', 'select id from people where email = $1', [null]);
  await q('is null', 'select id from people where email is null order by id');
  await q('is not distinct from null', 'select id from people where email is not distinct from $1 order by id', [null]);
  await q('group by', 'select born, count(*) from people group by born having count(*) > 1');
  await q('distinct', 'select count(distinct email), count(ssn) from people');
  await q('aliases', `select p.email as "E-Mail", p.id + 1 as next, t.label from people p left join things t on t.person = p.id where p.email = $1`, [`ada${n}@node.test`]);
  await q('update', 'update people set ssn = $1, balance = $2, extra = $3 where email = $4 returning ssn, balance, extra', ['ünï', 99999999.99, JSON.stringify([1, 'a']), `ada${n}@node.test`]);
  await q('upsert', `insert into people (name, email, age) values ('Up', $1, $2) on conflict (email) do update set age = excluded.age returning name, email, age`, [`ada${n}@node.test`, 7]);
  for (const [name, sql, values] of [
    ['unique', 'insert into people (id, name, email) values (9001, $1, $2)', ['x', `ada${n}@node.test`]],
    ['not null', 'insert into people (id, name, email) values (9001, $1, $2)', [null, 'z']],
    ['bad int', 'select id from people where age = $1', ['abc']],
    ['int too large', 'select id from people where age = $1', [1e10]],
    ['bad date', 'update people set born = $1 where id = 1', ['2023-02-30']],
    ['bad uuid', 'update people set token = $1 where id = 1', ['x']],
    ['bad json', 'update people set extra = $1 where id = 1', ['{']],
    ['too long', 'update people set code = $1 where id = 1', ['123456789']],
    ['numeric overflow', 'update people set balance = $1 where id = 1', ['99999999999.99']],
    ['no column', 'select emial from people where email = $1', ['x']],
    ['no table', 'select email from peple'],
    ['syntax', 'select email from people where where'],
    ['too few parameters', 'select email from people where email = $1 and age = $2', ['x']],
    ['too many parameters', 'select email from people where email = $1', ['x', 'y']],
  ]) {
    await q('error: ' + name, sql, values);
    await q('alive', 'select count(*) from people where email = $1', [`ada${n}@node.test`]);
  }
  await q('refused date in words', 'update people set born = $1 where id = 1', ['soon']);
  await q('refused order', 'select id from people order by email');
  await q('delete', 'delete from people where email = $1 returning email, ssn', [`lit${n}@node.test`]);
}

async function named(c) {
  for (let i = 0; i < 4; i++) {
    await step('named ' + i, () => c.query({ name: 'by-email', text: 'select id, email, ssn, born, balance from people where email = $1', values: [i % 2 ? 'nobody' : 'ada4@node.test'] }));
    await step('named insert ' + i, () => c.query({ name: 'add', text: 'insert into people (name, email, ssn, age, born) values ($1, $2, $3, $4, $5) returning id, email, born', values: ['N', `n${i}@node.test`, null, i, '2001-01-0' + (i + 1)] }));
  }
  await step('named error', () => c.query({ name: 'by-age', text: 'select id from people where age = $1', values: ['x'] }));
  await step('named after error', () => c.query({ name: 'by-age', text: 'select id from people where age = $1', values: ['2'] }));
}

async function transactions(c) {
  await c.query('begin');
  await step('in transaction', () => c.query('insert into people (name, email) values ($1, $2) returning email', ['T', 'tx@node.test']));
  await c.query('savepoint s');
  await step('fails in transaction', () => c.query('insert into people (id, name, email) values (9001, $1, $2)', ['T', 'tx@node.test']));
  await step('aborted', () => c.query('select email from people where email = $1', ['tx@node.test']));
  await c.query('rollback to s');
  await step('after savepoint', () => c.query('select email from people where email = $1', ['tx@node.test']));
  await c.query('rollback');
  await step('rolled back', () => c.query('select email from people where email = $1', ['tx@node.test']));
}

async function cursors(c) {
  for (const [name, sql, values] of [
    ['protected', 'select id, email, born from people where born is not distinct from $1 order by id', [null]],
    ['all', 'select id, email, balance, extra from people order by id', []],
    ['plain', 'select n from generate_series(1, $1::int) n', [10]],
  ]) {
    const cursor = c.query(new Cursor(sql, values));
    const pages = [];
    for (let i = 0; i < 3; i++) pages.push(await cursor.read(3));
    await cursor.close();
    await step('cursor ' + name, () => pages);
    await step('after cursor', () => c.query('select count(*) from people'));
  }
}

async function plain(c, label) {
  await step(`plain insert (${label})`, () => c.query(`insert into things (label, price, made, at, token, photo, extra, tags) values ($1, $2, $3, $4, $5, $6, $7, $8) returning *`,
    ['Thing', '12.5', '2020-01-02', new Date(0), '6f8a1e9c-0f3a-4c4b-9d5e-0123456789ab', Buffer.from('00ff', 'hex'), { a: 1 }, ['a', null, 'b"c']]));
  await step(`plain select (${label})`, () => c.query('select * from things order by id'));
  await step(`several statements (${label})`, () => c.query("select 1 as a; select email from people where id = 1; set local search_path = public; select 'x'::text"));
  await step(`several statements, one fails (${label})`, () => c.query("select 1 as a; insert into people (name, email) values ('never', 'never@node.test'); select 1/0"));
  await step(`nothing stayed (${label})`, () => c.query("select email from people where email = 'never@node.test'"));
  await step(`empty (${label})`, () => c.query(''));
}

async function sessions() {
  await connected({ options: '-c timezone=Asia/Tokyo -c datestyle=SQL,DMY', application_name: 'books', statement_timeout: 5000 }, async (c) => {
    await step('options', () => c.query('select born, seen from people where email = $1', ['ada4@node.test']));
    await step('refused date of another order', () => c.query('select id, born from people where born = $1 order by id', ['04/05/1979']));
    await step('statement time-out', () => c.query("set statement_timeout = 50; select pg_sleep(5), email from people"));
    await step('after time-out', () => c.query('select email from people where email = $1', ['ada4@node.test']));
  });
  await step('dates in arrays', () => connected({}, async (c) => seenResult(await c.query('select id from people where seen = any($1) order by id', [[new Date('2024-02-29T23:59:58.123Z'), null]]))));
  const doomed = new Client({ ssl: { ca } });
  doomed.on('error', () => {});
  await doomed.connect();
  const unending = doomed.query('select email, pg_sleep(20) from people').catch(seenError);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await connected({}, (c) => step('ends another', () => c.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like '%pg_sleep(20)%' and pid <> pg_backend_pid()")));
  await step('ended', () => unending);
}

async function notifications(c) {
  const arrived = new Promise((resolve) => c.once('notification', (m) => resolve([m.channel, m.payload])));
  await c.query('listen ears');
  await c.query("select pg_notify('ears', 'hello')");
  await step('notification', () => arrived);
  const notice = new Promise((resolve) => c.once('notice', (m) => resolve([m.code, m.message])));
  await c.query("do $$ begin raise notice 'careful'; end $$");
  await step('notice', () => notice);
}

async function pool() {
  const p = new Pool({ ssl: { ca }, max: 5 });
  const answers = await Promise.all(Array.from({ length: 100 }, async (_, i) => {
    await p.query('insert into people (name, email, age) values ($1, $2, $3)', ['pool', `p${i}@node.test`, i]);
    const r = await p.query(i % 2 ? { name: 'pooled', text: 'select email, age from people where email = $1', values: [`p${i}@node.test`] }
      : { text: 'select email, age, $2::int as n from people where email = $1', values: [`p${i}@node.test`, i] });
    return r.rows;
  }));
  await step('pool', () => answers);
  await p.end();
}

async function main() {
  await signIn();
  await connected({}, async (c) => {
    await statements(c, 'text');
    await named(c);
    await transactions(c);
    await cursors(c);
    await plain(c, 'text');
    await notifications(c);
  });
  await connected({ binary: true }, async (c) => {
    await statements(c, 'binary');
    await plain(c, 'binary');
  });
  await sessions();
  await pool();
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});

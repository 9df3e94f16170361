// An application on Drizzle that was written for a plain database: migrations made by drizzle-kit, its query builder, relational queries
// (which the server answers in JSON), transactions. It prints all that it sees.
'use strict';
const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { Pool } = require('pg');
const { drizzle } = require('drizzle-orm/node-postgres');
const { migrate } = require('drizzle-orm/node-postgres/migrator');
const { eq, ne, and, or, inArray, isNull, isNotNull, gte, lt, between, desc, asc, sql, count, min, max, exists } = require('drizzle-orm');
const schema = require('./drizzle/schema.js');

const { customers, orders } = schema;
const pool = new Pool({ ssl: { rejectUnauthorized: false }, max: 3 });
const db = drizzle(pool, { schema });

async function step(name, act) {
  let seen;
  try {
    seen = await act();
    if (seen && seen.command) seen = { command: seen.command, count: seen.rowCount, rows: seen.rows };
  } catch (e) {
    const cause = e.cause || e;
    if (!cause.code) throw e;
    seen = { error: cause.code, message: cause.message, constraint: cause.constraint };
  }
  console.log(name + ': ' + JSON.stringify(seen));
}

const when = new Date('2024-02-29T12:30:00.123Z');
const person = (n) => ({
  name: 'Person ' + String(n).padStart(2, '0'), email: `person${n}@example.org`, phone: `+49 30 ${1000 + n}`, born: `${1960 + n}-03-${10 + n}`,
  credit: `${n * 100}.50`, profile: { n, likes: ['tea', 'ü', "it's"] }, active: n % 3 !== 0, seen: new Date(+when + n * 3600000),
});

async function main() {
  const out = fs.mkdtempSync(path.join(os.tmpdir(), 'drizzle-'));
  const kit = path.join(__dirname, 'node_modules', '.bin', 'drizzle-kit');
  execFileSync(kit, ['generate', '--dialect=postgresql', '--schema=' + path.join(__dirname, 'drizzle/schema.js'), '--out=' + path.relative(__dirname, out)], { cwd: __dirname, stdio: ['ignore', 'ignore', 'inherit'] });
  await step('migrate', () => migrate(db, { migrationsFolder: out }));
  await step('migrate again', () => migrate(db, { migrationsFolder: out }));
  fs.rmSync(out, { recursive: true });

  const c = customers;
  await step('insert', () => db.insert(c).values(person(1)).returning());
  await step('insert many', () => db.insert(c).values([2, 3, 4, 5, 6, 7, 8, 9].map(person)).returning({ id: c.id, email: c.email }));
  await step('defaults', () => db.insert(c).values([{ name: 'Nil', email: 'nil@example.org' }, { name: 'Zed', email: 'zed@example.org', credit: '1.25' }]).returning());
  await step('orders', () => db.insert(orders).values([1, 2, 3, 4, 5, 6, 7].map((n) => ({ customerId: 1 + n % 3, total: `${n * 11}.${10 + n}`, status: n % 2 ? 'new' : 'paid' }))).returning());
  await step('a duplicate', () => db.insert(c).values(person(1)));
  await step('upsert', () => db.insert(c).values({ ...person(1), name: 'Renamed' }).onConflictDoUpdate({ target: c.email, set: { name: 'Renamed', phone: '111' } }).returning());
  await step('upsert with excluded', () => db.insert(c).values(person(2)).onConflictDoUpdate({ target: c.email, set: { phone: sql`excluded.phone` } }).returning());
  await step('do nothing', () => db.insert(c).values(person(3)).onConflictDoNothing());
  await step('by email', () => db.select().from(c).where(eq(c.email, 'person3@example.org')));
  await step('and', () => db.select({ id: c.id, born: c.born }).from(c).where(and(eq(c.email, 'person4@example.org'), ne(c.phone, 'x'))));
  await step('or', () => db.select({ id: c.id }).from(c).where(or(eq(c.phone, '+49 30 1005'), isNull(c.phone))).orderBy(c.id));
  await step('in', () => db.select({ email: c.email }).from(c).where(inArray(c.email, ['person5@example.org', 'person6@example.org'])).orderBy(asc(c.id)));
  await step('range', () => db.select({ born: c.born }).from(c).where(and(gte(c.born, '1962-01-01'), lt(c.born, '1966-01-01'))).orderBy(desc(c.born)));
  await step('between', () => db.select({ born: c.born }).from(c).where(between(c.born, '1962-01-01', '1964-12-31')).orderBy(c.born));
  await step('page', () => db.select().from(c).orderBy(c.name, c.id).limit(3).offset(3));
  await step('inner join', () => db.select().from(orders).innerJoin(c, eq(c.id, orders.customerId)).where(eq(c.email, 'person3@example.org')).orderBy(orders.id));
  await step('left join', () => db.select({ email: c.email, total: orders.total }).from(c).leftJoin(orders, eq(orders.customerId, c.id)).orderBy(c.id, orders.id));
  await step('group', () => db.select({ email: c.email, n: count(orders.id) }).from(c).leftJoin(orders, eq(orders.customerId, c.id)).groupBy(c.id, c.email).orderBy(c.id));
  await step('extremes', () => db.select({ least: min(orders.total), most: max(orders.total) }).from(orders));
  await step('count', () => db.$count(c, isNotNull(c.phone)));
  await step('distinct', () => db.selectDistinct({ email: c.email }).from(c).innerJoin(orders, eq(orders.customerId, c.id)).then((r) => r.length));
  await step('exists', () => db.select({ email: c.email }).from(c).where(exists(db.select({ one: sql`1` }).from(orders).where(eq(orders.customerId, c.id)))).orderBy(c.id));
  const busy = db.$with('busy').as(db.select({ id: orders.customerId, n: count().as('n') }).from(orders).groupBy(orders.customerId));
  await step('with', () => db.with(busy).select({ email: c.email, n: busy.n }).from(busy).innerJoin(c, eq(c.id, busy.id)).orderBy(c.id));
  await step('relational: first', () => db.query.customers.findFirst({ where: eq(c.email, 'person2@example.org') }));
  await step('relational: with orders', () => db.query.customers.findMany({ where: inArray(c.email, ['person2@example.org', 'person3@example.org']), with: { orders: true }, orderBy: c.id }));
  await step('relational: some columns', () => db.query.orders.findMany({ columns: { id: true }, with: { customer: { columns: { name: true, email: true } } }, orderBy: orders.id, limit: 3 }));
  const ready = db.select({ id: c.id, phone: c.phone }).from(c).where(eq(c.email, sql.placeholder('email'))).prepare('by_email');
  await step('prepared', () => ready.execute({ email: 'person4@example.org' }));
  await step('prepared again', () => ready.execute({ email: 'person5@example.org' }));
  await step('raw', () => db.execute(sql`select ${c.email}, ${c.profile} from ${c} where ${c.email} = ${'person4@example.org'}`));
  await step('update', () => db.update(c).set({ phone: '444', profile: { changed: true } }).where(eq(c.email, 'person4@example.org')).returning({ id: c.id, phone: c.phone, profile: c.profile }));
  await step('update to null', () => db.update(c).set({ born: null, email: 'five@example.org' }).where(eq(c.id, 5)).returning());
  await step('delete', () => db.delete(c).where(eq(c.email, 'zed@example.org')).returning({ email: c.email }));
  await step('transaction', () => db.transaction(async (tx) => {
    const [row] = await tx.insert(c).values(person(20)).returning();
    await tx.insert(orders).values({ customerId: row.id, total: '9.99' });
    return tx.select({ email: c.email }).from(c).where(eq(c.email, 'person20@example.org')).for('update');
  }));
  await step('nested', () => db.transaction(async (tx) => {
    await tx.insert(c).values(person(21));
    await tx.transaction(async (inner) => { await inner.insert(c).values(person(22)); inner.rollback(); }).catch(() => {});
    return tx.select({ email: c.email }).from(c).where(inArray(c.email, ['person21@example.org', 'person22@example.org']));
  }));
  await step('all', () => db.select().from(c).orderBy(c.id));
  await step('all orders', () => db.select().from(orders).orderBy(orders.id));
  const pushed = execFileSync(kit, ['push', '--dialect=postgresql', '--schema=' + path.join(__dirname, 'drizzle/schema.js'), '--url=' + process.env.DATABASE_URL.replace('sslmode=require', 'sslmode=no-verify')], { cwd: __dirname, encoding: 'utf8', input: '' });
  await step('push finds nothing to do', () => pushed.includes('No changes detected') || pushed.slice(-400));
  await pool.end();
}

main().catch((e) => { console.error(e); process.exit(1); });

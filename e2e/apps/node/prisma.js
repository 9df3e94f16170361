// An application on Prisma that was written for a plain database: the migration that its schema engine makes, its client with relations, upserts,
// aggregates, raw queries and transactions. It prints all that it sees. The engines are those in WebAssembly, which, over node-postgres, can't read a
// database's own schema (no "name" type), directly neither: so there is no db push.
'use strict';
const { execFileSync } = require('child_process');
const path = require('path');
const { Pool } = require('pg');

// The command looks for the native engines, too, and would fetch them.
const env = { ...process.env, CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1', NO_COLOR: '1', PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_QUERY_ENGINE_LIBRARY: process.execPath };

function prisma(...args) {
  return execFileSync(path.join(__dirname, 'node_modules', '.bin', 'prisma'), [...args, '--config', path.join(__dirname, 'prisma', 'prisma.config.ts')],
    { cwd: __dirname, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], env });
}

async function step(name, act) {
  let seen;
  try {
    seen = await act();
  } catch (e) {
    if (!e.code) throw e;
    seen = { error: e.code, meta: e.meta && (e.meta.target || e.meta.cause || e.meta.driverAdapterError?.cause) };
  }
  console.log(name + ': ' + JSON.stringify(seen, (k, v) => (typeof v === 'bigint' ? String(v) : v)));
}

const person = (n) => ({
  name: 'Person ' + String(n).padStart(2, '0'), email: `person${n}@example.org`, phone: `+49 30 ${1000 + n}`, born: new Date(Date.UTC(1960 + n, 2, 10 + n)),
  credit: `${n * 100}.50`, profile: { n, likes: ['tea', 'ü', "it's"] }, active: n % 3 !== 0, seen: new Date(Date.UTC(2024, 1, 29, n, 30, 0, 123)),
});

async function main() {
  prisma('generate');
  const { PrismaClient, Prisma } = require('@prisma/client');
  const { PrismaPg } = require('@prisma/adapter-pg');
  const db = new PrismaClient({ adapter: new PrismaPg({ ssl: { rejectUnauthorized: false }, max: 3 }) });
  const { customer, order } = db;

  const migration = prisma('migrate', 'diff', '--from-empty', '--to-schema-datamodel', path.join(__dirname, 'prisma', 'schema.prisma'), '--script');
  const pool = new Pool({ ssl: { rejectUnauthorized: false }, max: 1 });
  await step('migrate', () => pool.query(migration).then((all) => all.map((r) => r.command)));
  await pool.end();

  await step('create', () => customer.create({ data: person(1) }));
  await step('create many', () => customer.createMany({ data: [2, 3, 4, 5, 6, 7, 8, 9].map(person) }));
  await step('create many and return', () => customer.createManyAndReturn({ data: [10, 11].map(person) }));
  await step('defaults', () => customer.create({ data: { name: 'Nil', email: 'nil@example.org' } }));
  await step('nested', () => customer.create({ data: { ...person(12), orders: { create: [{ total: '12.34' }, { total: '7', status: 'paid' }] } }, include: { orders: true } }));
  await step('orders', () => order.createMany({ data: [1, 2, 3, 4, 5, 6, 7].map((n) => ({ customerId: 1 + n % 3, total: `${n * 11}.${10 + n}`, status: n % 2 ? 'new' : 'paid' })) }));
  await step('a duplicate', () => customer.create({ data: person(1) }));
  await step('skip duplicates', () => customer.createMany({ data: [person(1), person(13)], skipDuplicates: true }));
  await step('upsert', () => customer.upsert({ where: { email: 'person1@example.org' }, create: person(1), update: { name: 'Renamed', phone: '111' } }));
  await step('upsert of a new one', () => customer.upsert({ where: { email: 'person14@example.org' }, create: person(14), update: { name: 'Renamed' } }));
  await step('by email', () => customer.findUnique({ where: { email: 'person3@example.org' } }));
  await step('nobody', () => customer.findUnique({ where: { email: 'nobody' } }));
  await step('or throw', () => customer.findUniqueOrThrow({ where: { email: 'nobody' } }));
  await step('first', () => customer.findFirst({ where: { phone: '+49 30 1004', NOT: { email: 'x' } }, select: { id: true, born: true, credit: true } }));
  await step('in', () => customer.findMany({ where: { email: { in: ['person5@example.org', 'person6@example.org', 'nobody'] } }, orderBy: { id: 'asc' } }));
  await step('not in', () => customer.findMany({ where: { email: { notIn: ['person5@example.org', 'person6@example.org'] }, id: { lt: 8 } }, orderBy: { id: 'desc' }, select: { email: true } }));
  await step('or', () => customer.findMany({ where: { OR: [{ phone: '+49 30 1005' }, { phone: null }, { seen: person(7).seen }] }, orderBy: { id: 'asc' }, select: { id: true, seen: true } }));
  await step('range', () => customer.findMany({ where: { born: { gte: new Date('1962-01-01'), lt: new Date('1966-01-01') } }, orderBy: [{ born: 'desc' }, { id: 'asc' }], select: { born: true } }));
  await step('page', () => customer.findMany({ orderBy: [{ name: 'asc' }, { id: 'asc' }], skip: 3, take: 3 }));
  await step('cursor', () => customer.findMany({ cursor: { id: 4 }, skip: 1, take: 2, orderBy: { id: 'asc' } }));
  await step('cursor by email', () => customer.findMany({ cursor: { email: 'person4@example.org' }, take: 2, orderBy: { id: 'asc' }, select: { id: true } }));
  await step('count', () => customer.count({ where: { phone: { not: null } } }));
  await step('with orders', () => customer.findMany({ where: { orders: { some: { total: { gt: '20' } } } }, include: { orders: { orderBy: { total: 'desc' }, take: 2 } }, orderBy: { id: 'asc' } }));
  await step('without orders', () => customer.findMany({ where: { orders: { none: {} } }, select: { id: true, _count: { select: { orders: true } } }, orderBy: { id: 'asc' } }));
  await step('orders of', () => order.findMany({ where: { customer: { email: 'person2@example.org' } }, include: { customer: true }, orderBy: { total: 'asc' } }));
  await step('every', () => customer.count({ where: { orders: { every: { total: { lte: '40' } } } } }));
  await step('aggregate', () => order.aggregate({ _max: { total: true }, _min: { total: true }, _count: true }));
  await step('group', () => order.groupBy({ by: ['status'], _max: { total: true }, _count: { _all: true }, orderBy: { status: 'asc' } }));
  await step('group by email', () => customer.groupBy({ by: ['email'], where: { id: { lt: 4 } }, _count: true }).then((rows) => rows.map((r) => r.email).sort()));
  await step('distinct', () => customer.findMany({ distinct: ['phone'], where: { id: { lt: 5 } }, orderBy: { id: 'asc' }, select: { phone: true } }));
  await step('update', () => customer.update({ where: { email: 'person4@example.org' }, data: { phone: '+44 1', credit: '12.34', profile: Prisma.JsonNull } }));
  await step('update many', () => customer.updateMany({ where: { born: { gt: new Date('1970-01-01') } }, data: { seen: null, active: false } }));
  await step('update many and return', () => customer.updateManyAndReturn({ where: { email: { in: ['person8@example.org'] } }, data: { phone: null }, select: { id: true, phone: true } }));
  await step('update to a duplicate', () => customer.update({ where: { id: 2 }, data: { email: 'person3@example.org' } }));
  await step('nested writes', () => customer.update({ where: { email: 'person12@example.org' }, data: { orders: { updateMany: { where: { total: { lt: '10' } }, data: { total: '10.5' } }, create: { total: '99.99' } } }, include: { orders: { orderBy: { id: 'asc' } } } }));
  await step('delete', () => customer.delete({ where: { email: 'person9@example.org' } }));
  await step('delete many', () => order.deleteMany({ where: { total: { lt: '15' } } }));
  await step('raw', () => db.$queryRaw`SELECT id, email, born FROM customers WHERE email = ${'person5@example.org'}`);
  await step('raw unsafe', () => db.$queryRawUnsafe('SELECT count(*) AS n FROM orders WHERE total >= $1::numeric', '30'));
  await step('execute raw', () => db.$executeRaw`UPDATE customers SET phone = ${'222'} WHERE email = ${'person6@example.org'}`);
  await step('batch', () => db.$transaction([customer.count(), customer.findFirst({ where: { email: 'person6@example.org' } })]));
  await step('transaction', () => db.$transaction(async (tx) => {
    const made = await tx.customer.create({ data: { name: 'Tx', email: 'tx@example.org' } });
    return [made, await tx.customer.findMany({ where: { email: { in: ['tx@example.org', 'person1@example.org'] } }, orderBy: { id: 'asc' } })];
  }, { isolationLevel: 'Serializable' }));
  await step('rollback', () => db.$transaction(async (tx) => {
    await tx.customer.update({ where: { email: 'tx@example.org' }, data: { email: 'gone@example.org' } });
    throw Object.assign(new Error('no'), { code: 'ROLLBACK' });
  }));
  await step('after rollback', () => customer.findUnique({ where: { email: 'tx@example.org' } }));
  await step('all', () => customer.findMany({ include: { orders: { orderBy: { id: 'asc' } } }, orderBy: { id: 'asc' } }));
  await db.$disconnect();
}

main().catch((e) => { console.error(e); process.exit(1); });

// An application on Knex that was written for a plain database: migrations, its query builder, transactions. It prints all that it sees.
'use strict';
const knex = require('knex')({
  client: 'pg',
  connection: {
    host: process.env.PGHOST, port: +process.env.PGPORT, user: process.env.PGUSER, password: process.env.PGPASSWORD,
    database: process.env.PGDATABASE, ssl: { rejectUnauthorized: false },
  },
  pool: { min: 0, max: 3 },
});

const migrations = {
  '001_tables': {
    up: async (k) => {
      await k.schema.createTable('customers', (t) => {
        t.increments('id');
        t.string('name').notNullable();
        t.text('email').notNullable().unique();
        t.string('phone', 20).index();
        t.date('born');
        t.decimal('credit', 12, 2).notNullable().defaultTo('0.00');
        t.jsonb('profile');
        t.boolean('active').notNullable().defaultTo(true);
        t.timestamp('seen', { useTz: true });
      });
      await k.schema.createTable('orders', (t) => {
        t.increments('id');
        t.integer('customer_id').notNullable().references('customers.id').onDelete('CASCADE').index();
        t.decimal('total', 10, 2).notNullable();
        t.enu('status', ['new', 'paid']).notNullable().defaultTo('new');
      });
    },
    down: (k) => k.schema.dropTable('orders').dropTable('customers'),
  },
  '002_notes': {
    up: (k) => k.schema.alterTable('customers', (t) => { t.text('note').defaultTo('none'); t.index(['name', 'born']); }),
    down: (k) => k.schema.alterTable('customers', (t) => { t.dropIndex(['name', 'born']); t.dropColumn('note'); }),
  },
};
const migrationSource = {
  getMigrations: async () => Object.keys(migrations),
  getMigrationName: (m) => m,
  getMigration: async (m) => migrations[m],
};

async function step(name, act) {
  let seen;
  try {
    seen = await act();
  } catch (e) {
    if (!e.code) throw e;
    seen = { error: e.code, message: e.message, constraint: e.constraint };
  }
  console.log(name + ': ' + JSON.stringify(seen));
}

const when = new Date('2024-02-29T12:30:00.123Z');
const person = (n) => ({
  name: 'Person ' + String(n).padStart(2, '0'), email: `person${n}@example.org`, phone: `+49 30 ${1000 + n}`, born: `${1960 + n}-03-${10 + n}`,
  credit: `${n * 100}.50`, profile: JSON.stringify({ n, likes: ['tea', 'ü', "it's"] }), active: n % 3 !== 0, seen: new Date(+when + n * 3600000),
});

async function main() {
  await step('migrate', () => knex.migrate.latest({ migrationSource }));
  await step('roll one back', () => knex.migrate.rollback({ migrationSource }));
  await step('migrate again', () => knex.migrate.latest({ migrationSource }));
  await step('nothing left', () => knex.migrate.latest({ migrationSource }));
  await step('list', async () => (await knex.migrate.list({ migrationSource })).map((l) => l.length));
  const c = () => knex('customers');
  const o = () => knex('orders');
  await step('insert', () => c().insert(person(1)).returning('*'));
  await step('insert many', () => c().insert([2, 3, 4, 5, 6, 7, 8, 9].map(person)).returning(['id', 'email']));
  await step('insert with defaults', () => c().insert([{ name: 'Nil', email: 'nil@example.org' }, { name: 'Zed', email: 'zed@example.org', credit: '1.25' }]).returning('*'));
  await step('batch insert', () => knex.batchInsert('orders', [1, 2, 3, 4, 5, 6, 7].map((n) => ({ customer_id: 1 + n % 3, total: `${n * 11}.${10 + n}`, status: n % 2 ? 'new' : 'paid' })), 3).returning('id'));
  await step('a duplicate', () => c().insert(person(1)));
  await step('upsert', () => c().insert({ ...person(1), name: 'Renamed' }).onConflict('email').merge(['name', 'phone']).returning('*'));
  await step('merge all', () => c().insert({ ...person(2), name: 'Second' }).onConflict('email').merge().returning('*'));
  await step('ignore', () => c().insert(person(3)).onConflict('email').ignore());
  await step('by email', () => c().where({ email: 'person3@example.org' }).first());
  await step('two conditions', () => c().where({ email: 'person4@example.org', phone: '+49 30 1004' }).select('id', 'born'));
  await step('in', () => c().whereIn('email', ['person5@example.org', 'person6@example.org', 'nobody']).orderBy('id').select('id', 'email'));
  await step('not in', () => c().whereNotIn('email', ['person5@example.org']).whereNotNull('phone').orderBy('id', 'desc').limit(2));
  await step('null', () => c().whereNull('phone').orderBy('id').pluck('email'));
  await step('or', () => c().where('email', 'person7@example.org').orWhere((q) => q.where('phone', '+49 30 1008').andWhere('name', '<>', 'x')).orderBy('id'));
  await step('between', () => c().whereBetween('born', ['1962-01-01', '1965-12-31']).orderBy('born').select('id', 'born'));
  await step('latest', () => c().whereNotNull('born').orderBy('born', 'desc').limit(3).select('id', 'born'));
  for (const page of [0, 1, 2]) await step('page ' + page, () => c().orderBy(['name', 'id']).limit(4).offset(page * 4).select('id', 'name', 'email', 'phone'));
  await step('join', () => o().join('customers as c', 'c.id', 'orders.customer_id').where('c.email', 'person3@example.org').orderBy('orders.id').select('orders.*', 'c.email as who'));
  await step('left join and group', () => c().leftJoin('orders as o', 'o.customer_id', 'customers.id').groupBy('customers.id', 'customers.email').orderBy('customers.id').select('customers.email').count('o.id as n'));
  await step('extremes', () => o().max('total as most').min('total as least').first());
  await step('top', () => o().where('total', '>', '30').orderBy('total', 'desc').limit(3).select('id', 'total'));
  await step('count', () => c().count('* as n').countDistinct('phone as phones').first());
  await step('subquery', () => c().whereIn('id', o().select('customer_id').where('status', 'paid')).orderBy('id').select('email'));
  await step('exists', () => c().whereExists(o().select(knex.raw(1)).whereRaw('orders.customer_id = customers.id')).orderBy('id').pluck('email'));
  await step('with', () => knex.with('busy', o().select('customer_id').count('* as n').groupBy('customer_id')).from('busy').join('customers as c', 'c.id', 'busy.customer_id').orderBy('c.id').select('c.email', 'busy.n'));
  await step('union', () => c().select('email').where('id', 1).union([c().select('email').where('id', 2)]).then((rows) => rows.map((r) => r.email).sort()));
  await step('raw', () => knex.raw('select email, credit, profile from customers where email = ? and name is not null', ['person4@example.org']).then((r) => r.rows));
  await step('raw with names', () => knex.raw('select :column: from customers where email = :email', { column: 'phone', email: 'person4@example.org' }).then((r) => r.rows));
  await step('update', () => c().where('email', 'person4@example.org').update({ phone: '444', profile: JSON.stringify({ changed: true }) }).then((n) => n));
  await step('update returning', () => c().where({ id: 5 }).update({ email: 'five@example.org', born: null }, ['id', 'email', 'born']));
  await step('delete', () => c().where('email', 'zed@example.org').del());
  await step('transaction', () => knex.transaction(async (trx) => {
    const [row] = await trx('customers').insert(person(20)).returning('*');
    await trx('orders').insert({ customer_id: row.id, total: '9.99' });
    return trx('customers').where('email', 'person20@example.org').forUpdate().select('id', 'email');
  }));
  await step('nested', () => knex.transaction(async (trx) => {
    await trx('customers').insert(person(21));
    await trx.transaction(async (inner) => { await inner('customers').insert(person(22)); throw Object.assign(new Error('no'), { code: 'rolled back' }); }).catch(() => {});
    return trx('customers').whereIn('email', ['person21@example.org', 'person22@example.org']).pluck('email');
  }));
  await step('column info', () => c().columnInfo());
  await step('has column', () => knex.schema.hasColumn('customers', 'email'));
  await step('rename and back', () => knex.schema.alterTable('customers', (t) => t.renameColumn('note', 'remark')).then(() => knex.schema.alterTable('customers', (t) => t.renameColumn('remark', 'note'))).then(() => 'done'));
  await step('all', () => c().orderBy('id'));
  await step('all orders', () => o().orderBy('id'));
  await knex.destroy();
}

main().catch((e) => { console.error(e); process.exit(1); });

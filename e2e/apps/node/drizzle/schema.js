'use strict';
const { pgTable, pgEnum, serial, integer, text, varchar, date, numeric, jsonb, boolean, timestamp, index } = require('drizzle-orm/pg-core');
const { relations } = require('drizzle-orm');

const status = pgEnum('status', ['new', 'paid']);
const customers = pgTable('customers', {
  id: serial('id').primaryKey(),
  name: varchar('name', { length: 40 }).notNull(),
  email: text('email').notNull().unique(),
  phone: varchar('phone', { length: 20 }),
  born: date('born'),
  credit: numeric('credit', { precision: 12, scale: 2 }).notNull().default('0.00'),
  profile: jsonb('profile'),
  active: boolean('active').notNull().default(true),
  seen: timestamp('seen', { withTimezone: true }),
}, (t) => [index('customers_phone').on(t.phone)]);
const orders = pgTable('orders', {
  id: serial('id').primaryKey(),
  customerId: integer('customer_id').notNull().references(() => customers.id, { onDelete: 'cascade' }),
  total: numeric('total', { precision: 10, scale: 2 }).notNull(),
  status: status('status').notNull().default('new'),
});
const customersRelations = relations(customers, ({ many }) => ({ orders: many(orders) }));
const ordersRelations = relations(orders, ({ one }) => ({ customer: one(customers, { fields: [orders.customerId], references: [customers.id] }) }));

module.exports = { status, customers, orders, customersRelations, ordersRelations };

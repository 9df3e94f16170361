-- name: CreateCustomer :one
INSERT INTO customers (name, email, phone, born, credit, profile, active, seen) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING *;

-- name: UpsertCustomer :one
INSERT INTO customers (name, email, phone) VALUES ($1, $2, $3)
ON CONFLICT (email) DO UPDATE SET name = EXCLUDED.name, phone = EXCLUDED.phone RETURNING *;

-- name: CustomerByEmail :one
SELECT * FROM customers WHERE email = $1;

-- name: CustomersByEmails :many
SELECT id, name, email FROM customers WHERE email = ANY($1::text[]) ORDER BY id;

-- name: ListCustomers :many
SELECT * FROM customers ORDER BY name, id LIMIT $1 OFFSET $2;

-- name: BornBetween :many
SELECT id, email, born FROM customers WHERE born >= sqlc.arg(earliest) AND born < sqlc.arg(latest) ORDER BY born, id;

-- name: SearchCustomers :many
SELECT id, email FROM customers
WHERE (sqlc.narg(email)::text IS NULL OR email = sqlc.narg(email)) AND (sqlc.narg(name)::text IS NULL OR name = sqlc.narg(name)) ORDER BY id;

-- name: UpdateEmail :execrows
UPDATE customers SET email = sqlc.arg(new_email) WHERE email = sqlc.arg(old_email);

-- name: PatchCustomer :one
UPDATE customers SET phone = COALESCE(sqlc.narg(phone), phone), profile = COALESCE(sqlc.narg(profile), profile) WHERE id = $1 RETURNING *;

-- name: DeleteCustomer :execrows
DELETE FROM customers WHERE email = $1;

-- name: CreateOrders :copyfrom
INSERT INTO orders (customer_id, total, status) VALUES ($1, $2, $3);

-- name: AddOrder :batchone
INSERT INTO orders (customer_id, total) VALUES ($1, $2) RETURNING *;

-- name: OrdersOf :many
SELECT sqlc.embed(o), sqlc.embed(c) FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.email = $1 ORDER BY o.id;

-- name: Busiest :many
SELECT c.email, count(o.id) AS orders, min(o.total)::numeric(10,2) AS least FROM customers c JOIN orders o ON o.customer_id = c.id
GROUP BY c.id, c.email HAVING count(o.id) > $1 ORDER BY count(o.id) DESC, c.id;

-- name: LargeOrders :many
SELECT o.id, o.total FROM orders o WHERE o.total > $1 ORDER BY o.total DESC, o.id LIMIT 5;

-- name: CountCustomers :one
SELECT count(*) FROM customers WHERE phone IS NOT NULL;

-- +goose Up
-- +goose StatementBegin
CREATE TYPE state AS ENUM ('new', 'paid');
CREATE TABLE orders (id serial PRIMARY KEY, customer int NOT NULL REFERENCES customers (id), total numeric(10,2), state state DEFAULT 'new');
CREATE INDEX ON orders (total);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.state = 'paid'; RETURN NEW; END $$;
INSERT INTO orders (customer, total) SELECT id, NULL FROM customers WHERE email = 'ada@example.org';
INSERT INTO orders (customer, total) VALUES (1, 99.5), (2, 10), (2, 0);
DROP FUNCTION stamp();
-- +goose StatementEnd
-- +goose Down
-- +goose StatementBegin
DROP TABLE orders; DROP TYPE state;
-- +goose StatementEnd

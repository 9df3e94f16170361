CREATE TABLE customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  email text NOT NULL UNIQUE,
  phone varchar(20),
  born date,
  credit numeric(12,2) NOT NULL DEFAULT 0,
  profile jsonb,
  active boolean NOT NULL DEFAULT true,
  seen timestamptz
);

CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers ON DELETE CASCADE,
  total numeric(10,2) NOT NULL,
  status text NOT NULL DEFAULT 'new'
);

CREATE INDEX orders_customer ON orders (customer_id);
CREATE INDEX customers_born ON customers (born);

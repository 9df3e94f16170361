CREATE TABLE customers (
  id int PRIMARY KEY,
  name text NOT NULL,
  email text NOT NULL UNIQUE,
  phone text,
  born date,
  country text NOT NULL
);
CREATE TABLE orders (
  id int PRIMARY KEY,
  customer_id int NOT NULL REFERENCES customers,
  product text NOT NULL,
  total numeric(10,2) NOT NULL,
  placed date NOT NULL
);
CREATE TABLE invoices (
  id int PRIMARY KEY,
  order_id int NOT NULL REFERENCES orders,
  iban varchar(34) NOT NULL,
  amount numeric(10,2) NOT NULL,
  due date NOT NULL
);
CREATE TABLE integrations (
  id int PRIMARY KEY,
  customer_id int NOT NULL REFERENCES customers,
  provider text NOT NULL,
  access_token text NOT NULL
);
CREATE INDEX ON invoices (iban);

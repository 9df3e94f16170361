CREATE TABLE IF NOT EXISTS customers (
	id serial PRIMARY KEY,
	name text NOT NULL,
	email text NOT NULL,
	phone varchar(20),
	born date,
	credit numeric(12,2),
	profile jsonb
);
COMMENT ON TABLE customers IS 'who buys; and when';
CREATE UNIQUE INDEX customers_email ON customers (email);
CREATE INDEX customers_born ON customers (born);
INSERT INTO customers (name, email, phone, born, credit, profile) VALUES
	('Ada', 'ada@example.org', '+44 1', '1815-12-10', 1000.50, '{"likes": ["engines"]}'),
	('Bob', 'bob@example.org', '+44 2', '1970-01-01', -1, NULL),
	('Cy', 'cy@example.org', NULL, '1999-09-09', 0, '[]'),
	('Di', 'di@example.org', '+44 4', NULL, NULL, '{}'),
	('Ed', 'ed@example.org', '+44 5', '2001-01-31', 5, 'null'),
	('Flo', 'flo@example.org', '+44 6', '1820-05-12', 6, '{"a": 1}'),
	('Gus', 'gus@example.org', '+44 7', '1980-02-29', 7, NULL);

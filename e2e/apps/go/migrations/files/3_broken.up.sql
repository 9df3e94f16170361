ALTER TABLE customers ADD COLUMN mood text;
UPDATE customers SET mood = 'glad' WHERE email = 'ada@example.org';
INSERT INTO customers (name, email, active) VALUES ('Ada again', 'ada@example.org', true);

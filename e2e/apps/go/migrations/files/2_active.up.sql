BEGIN;
ALTER TABLE customers ADD COLUMN active bool NOT NULL DEFAULT true, ADD COLUMN seen timestamptz;
UPDATE customers SET active = false WHERE email = 'bob@example.org';
UPDATE customers SET seen = '2026-01-02 03:04:05+00' WHERE born >= '1900-01-01';
ALTER TABLE customers ALTER COLUMN active DROP DEFAULT;
DELETE FROM customers WHERE phone = '+44 none';
COMMIT;

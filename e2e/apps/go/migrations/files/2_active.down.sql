ALTER TABLE customers DROP COLUMN active; ALTER TABLE customers DROP COLUMN seen;

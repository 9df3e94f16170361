-- +goose NO TRANSACTION
-- +goose Up
-- +goose StatementBegin
SET search_path TO public;
ALTER TABLE orders RENAME COLUMN total TO amount;
UPDATE orders SET amount = 100 WHERE amount = 99.5;
ALTER TABLE orders RENAME COLUMN amount TO total;
DELETE FROM orders WHERE total < 5;
-- +goose StatementEnd
-- +goose Down
-- +goose StatementBegin
ALTER TABLE orders ADD COLUMN IF NOT EXISTS note text;
UPDATE orders SET note = 'down' WHERE total = 100;
-- +goose StatementEnd

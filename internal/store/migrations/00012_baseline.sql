-- +goose Up

-- Whether what stood when people began to be told of things is recorded as known to them.
ALTER TABLE rounds ADD COLUMN baseline INTEGER NOT NULL DEFAULT 1;

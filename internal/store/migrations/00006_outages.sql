-- +goose Up

-- What is out: subject is a person, a pair or a document; cause is why, in words that many may have in common.
ALTER TABLE breaks RENAME TO outages;
ALTER TABLE outages RENAME COLUMN person TO subject;
ALTER TABLE outages ADD COLUMN cause TEXT NOT NULL DEFAULT '';

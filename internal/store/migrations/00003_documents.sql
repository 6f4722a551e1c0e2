-- +goose Up

-- The documents that pairs have of their own: reconcile.Document as JSON, with nothing of their text.
CREATE TABLE documents (
    manager TEXT NOT NULL,
    report  TEXT NOT NULL,
    data    TEXT NOT NULL,
    PRIMARY KEY (manager, report)
) STRICT;

-- What a flag is about, in plain words with counts.
ALTER TABLE flags ADD COLUMN detail TEXT NOT NULL DEFAULT '';

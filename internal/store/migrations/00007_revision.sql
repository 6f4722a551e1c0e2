-- +goose Up

-- Raised by every transaction that changes the journal: what was read at a revision holds for as long as it stands.
CREATE TABLE revision (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    n   INTEGER NOT NULL -- from 1 on
) STRICT;
INSERT INTO revision (one, n) VALUES (1, 1);

-- For the acts of the pairs that have new ones.
CREATE INDEX acts_pair ON acts (manager, report, at);

-- When each calendar was read, and how to read on. Beside the snapshots: this changes with every reading, and a row of
-- theirs is written with all it holds.
CREATE TABLE readings (
    person  TEXT PRIMARY KEY,
    at      INTEGER NOT NULL,
    full_at INTEGER NOT NULL,
    cursor  TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO readings (person, at, full_at, cursor) SELECT person, at, full_at, cursor FROM snapshots;
ALTER TABLE snapshots DROP COLUMN at;
ALTER TABLE snapshots DROP COLUMN full_at;
ALTER TABLE snapshots DROP COLUMN cursor;

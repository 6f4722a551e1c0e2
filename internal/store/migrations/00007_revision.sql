-- +goose Up

-- Raised by every transaction that changes the journal: what was read at a revision holds for as long as it stands.
CREATE TABLE revision (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    n   INTEGER NOT NULL -- from 1 on
) STRICT;
INSERT INTO revision (one, n) VALUES (1, 1);

-- For the acts of the pairs that have new ones.
CREATE INDEX acts_pair ON acts (manager, report, at);

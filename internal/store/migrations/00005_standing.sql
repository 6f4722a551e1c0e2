-- +goose Up

-- What stands from one round to the next: reconcile.Standing as JSON, at most one row.
CREATE TABLE standing (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    data TEXT NOT NULL
) STRICT;

-- Which change of the plan an act made, what it counts as against the limits, and whether a person had let it through.
ALTER TABLE acts ADD COLUMN change TEXT NOT NULL DEFAULT '';
ALTER TABLE acts ADD COLUMN counts TEXT NOT NULL DEFAULT '';
ALTER TABLE acts ADD COLUMN allowed INTEGER NOT NULL DEFAULT 0;

-- The changes that a person let through, each in the form they saw.
DROP TABLE allowances;
CREATE TABLE allowances (
    change TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    until  INTEGER NOT NULL
) STRICT;

-- Calendars of which a person said that what is missing counts as deleted, until a round has read them so.
CREATE TABLE confirmed (
    person TEXT PRIMARY KEY
) STRICT;

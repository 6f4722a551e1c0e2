-- +goose Up

-- How each pair of the roster stands, as the last round left it, for commands and pages that only look.
CREATE TABLE statuses (
    manager TEXT NOT NULL,
    report  TEXT NOT NULL,
    data    TEXT NOT NULL, -- JSON
    kept    REAL,          -- share of the weeks in outcomes that were kept; NULL: none counts
    PRIMARY KEY (manager, report)
) STRICT, WITHOUT ROWID;

-- What they were made of. Without it they are no use.
CREATE TABLE origin (
    one       INTEGER PRIMARY KEY CHECK (one = 1),
    sources   TEXT NOT NULL, -- digest of settings and roster
    more      TEXT NOT NULL, -- files that the roster names
    day       TEXT NOT NULL,
    zone_data TEXT NOT NULL
) STRICT;

-- What is said of a flag at a moment, JSON.
ALTER TABLE flags ADD COLUMN moment TEXT NOT NULL DEFAULT '{}';

-- What each calendar was last searched for, so that it can be read before the roster is.
CREATE TABLE interests (
    person TEXT PRIMARY KEY,
    hash   TEXT NOT NULL,
    data   TEXT NOT NULL -- JSON
) STRICT, WITHOUT ROWID;

-- For what became of a person's weeks, as manager and as report.
CREATE INDEX outcomes_report ON outcomes (report);

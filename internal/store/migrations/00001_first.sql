-- Instants are microseconds since 1970 in UTC (0001-01-01 is the zero time), lengths of time are nanoseconds, days and
-- weeks are ISO 8601 text ("" for none), persons are roster ids.

-- +goose Up

-- The last round that was committed: at most one row.
CREATE TABLE rounds (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    at       INTEGER NOT NULL,
    held_set TEXT    NOT NULL
) STRICT;

-- series.Snapshot as JSON, gzipped where it is long, without the columns beside it.
CREATE TABLE snapshots (
    person  TEXT PRIMARY KEY,
    at      INTEGER NOT NULL,
    full_at INTEGER NOT NULL,
    cursor  TEXT    NOT NULL,
    format  TEXT    NOT NULL, -- of data: another one than the program's is not read
    digest  TEXT    NOT NULL, -- of data before it was compressed
    data    BLOB    NOT NULL
) STRICT;

-- series.Person as JSON, as last seen in the roster.
CREATE TABLE people (
    id   TEXT PRIMARY KEY,
    data TEXT NOT NULL
) STRICT;

CREATE TABLE flags (
    id         TEXT PRIMARY KEY,
    manager    TEXT    NOT NULL,
    report     TEXT    NOT NULL,
    generation INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    occurrence TEXT    NOT NULL,
    from_text  TEXT    NOT NULL,
    to_text    TEXT    NOT NULL,
    by_whom    TEXT    NOT NULL,
    notice     INTEGER,
    since      INTEGER NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('open', 'acknowledged', 'closed')),
    acked      INTEGER,
    closed     INTEGER
) STRICT;
CREATE INDEX flags_state ON flags (state, closed);

-- What happened to flags, for ever in order.
CREATE TABLE edges (
    n         INTEGER PRIMARY KEY,
    flag      TEXT    NOT NULL REFERENCES flags (id) ON DELETE CASCADE ON UPDATE CASCADE,
    edge      TEXT    NOT NULL CHECK (edge IN ('opened', 'changed', 'closed')),
    at        INTEGER NOT NULL,
    from_text TEXT    NOT NULL,
    to_text   TEXT    NOT NULL,
    by_whom   TEXT    NOT NULL
) STRICT;
CREATE INDEX edges_flag ON edges (flag);

CREATE TABLE outcomes (
    manager    TEXT    NOT NULL,
    report     TEXT    NOT NULL,
    week       TEXT    NOT NULL,
    occurrence TEXT    NOT NULL,
    result     TEXT    NOT NULL,
    by_whom    TEXT    NOT NULL,
    notice     INTEGER,
    final      INTEGER NOT NULL CHECK (final IN (0, 1)),
    PRIMARY KEY (manager, report, week, occurrence)
) STRICT;
CREATE INDEX outcomes_week ON outcomes (week);

-- Differences in copies that were seen once.
CREATE TABLE pending (
    flag    TEXT PRIMARY KEY,
    times   TEXT    NOT NULL,
    by_whom TEXT    NOT NULL,
    since   INTEGER NOT NULL
) STRICT;

-- Calendars that cannot be read.
CREATE TABLE breaks (
    person TEXT PRIMARY KEY,
    since  INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    text   TEXT    NOT NULL,
    hint   TEXT    NOT NULL
) STRICT;

-- Writes, each recorded before it is done.
CREATE TABLE acts (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    manager    TEXT    NOT NULL,
    report     TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    generation INTEGER NOT NULL,
    occurrence TEXT    NOT NULL,
    from_text  TEXT    NOT NULL,
    to_text    TEXT    NOT NULL,
    why        TEXT    NOT NULL, -- a JSON list
    mails      INTEGER NOT NULL,
    asked      INTEGER NOT NULL CHECK (asked IN (0, 1)),
    done       INTEGER,          -- NULL: not known whether it was done
    error      TEXT              -- the kind of error, NULL where there was none
) STRICT;
CREATE INDEX acts_at ON acts (at);

-- Our series as they were before writes: series.Event as JSON, gzipped where it is long.
CREATE TABLE versions (
    n       INTEGER PRIMARY KEY AUTOINCREMENT,
    manager TEXT    NOT NULL,
    report  TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    times   TEXT    NOT NULL, -- Event.Times
    digest  TEXT    NOT NULL, -- of data before it was compressed
    data    BLOB    NOT NULL
) STRICT;
CREATE INDEX versions_pair ON versions (manager, report);
CREATE INDEX versions_at ON versions (at);

-- What was told to whom.
CREATE TABLE notices (
    n         INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL,
    flag      TEXT    NOT NULL, -- "" for an alarm
    edge      TEXT    NOT NULL,
    recipient TEXT    NOT NULL
) STRICT;
CREATE INDEX notices_at ON notices (at);

CREATE TABLE allowances (
    digest TEXT PRIMARY KEY,
    until  INTEGER NOT NULL
) STRICT;

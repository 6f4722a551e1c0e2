-- +goose Up

-- What lets programs in, by digest of the secret.
CREATE TABLE tokens (
    id      TEXT PRIMARY KEY,
    digest  TEXT    NOT NULL UNIQUE,
    name    TEXT    NOT NULL,
    role    TEXT    NOT NULL,
    person  TEXT    NOT NULL, -- "" of operation
    made    INTEGER NOT NULL,
    expires INTEGER NOT NULL, -- 0: never
    used    INTEGER NOT NULL, -- 0: never
    used_by TEXT    NOT NULL,
    UNIQUE (person, role, name)
) STRICT;

-- Links that sign in, by digest of the secret.
CREATE TABLE sign_ins (
    digest TEXT PRIMARY KEY,
    ask    TEXT    NOT NULL, -- digest; "" from the shell
    code   TEXT    NOT NULL, -- digest
    person TEXT    NOT NULL,
    made   INTEGER NOT NULL,
    until  INTEGER NOT NULL,
    wrong  INTEGER NOT NULL,
    over   INTEGER NOT NULL CHECK (over IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_ins_person ON sign_ins (person);
CREATE INDEX sign_ins_ask ON sign_ins (ask);

-- Accounts that are people.
CREATE TABLE bindings (
    issuer  TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    person  TEXT    NOT NULL,
    address TEXT    NOT NULL, -- the person's first one then
    at      INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject),
    UNIQUE (issuer, person)
) STRICT, WITHOUT ROWID;

-- Who is signed in, by digest of the cookie.
CREATE TABLE sessions (
    digest  TEXT PRIMARY KEY,
    person  TEXT    NOT NULL, -- "" of nobody of the roster
    made    INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    data    BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_person ON sessions (person);

-- Who looked at what about a pair.
CREATE TABLE visits (
    at      INTEGER NOT NULL,
    who     TEXT    NOT NULL,
    place   TEXT    NOT NULL,
    manager TEXT    NOT NULL,
    report  TEXT    NOT NULL,
    what    TEXT    NOT NULL
) STRICT;
CREATE INDEX visits_pair ON visits (manager, report, at);
CREATE INDEX visits_report ON visits (report);
CREATE INDEX visits_at ON visits (at);

-- How people want to be told, as far as they said so. A link in a message says the same as their page.
CREATE TABLE wishes (
    person   TEXT PRIMARY KEY,
    channels TEXT,    -- a JSON list; NULL: as the roster says, and so below
    digest   INTEGER CHECK (digest IN (0, 1)),
    prepare  INTEGER CHECK (prepare IN (0, 1))
) STRICT, WITHOUT ROWID;
INSERT INTO wishes (person, digest, prepare)
    SELECT reader, min(CASE kind WHEN 'digest' THEN 0 END), min(CASE kind WHEN 'prepare' THEN 0 END)
    FROM stopped GROUP BY reader;
DROP TABLE stopped;

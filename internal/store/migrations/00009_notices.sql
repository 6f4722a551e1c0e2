-- +goose Up

-- Nothing was ever written to it.
DROP TABLE notices;

-- What each reader was told: of a notice a row for each thing it said. What stood before there were notices is told by
-- none, and has '' for one.
CREATE TABLE told (
    n       INTEGER PRIMARY KEY,
    reader  TEXT NOT NULL, -- person id, or an admins' channel
    notice  TEXT NOT NULL,
    channel TEXT NOT NULL,
    key     TEXT NOT NULL, -- of the matter or meeting: a flag's id; '' of a digest that had none
    kind    TEXT NOT NULL,
    urgent  INTEGER NOT NULL,
    at      INTEGER NOT NULL, -- microseconds
    thread  TEXT NOT NULL,
    manager TEXT NOT NULL,
    report  TEXT NOT NULL,
    state   TEXT NOT NULL, -- digest of what it said
    UNIQUE (reader, notice, channel, key)
) STRICT;
CREATE INDEX told_key ON told (reader, key, n);
CREATE INDEX told_of ON told (key);

-- What may be told and is no flag: outages by cause, what is held, what a link did, and such.
CREATE TABLE matters (
    key     TEXT PRIMARY KEY,
    kind    TEXT NOT NULL,
    manager TEXT NOT NULL,
    report  TEXT NOT NULL,
    owners  TEXT NOT NULL, -- ids of people who can mend it, apart by spaces
    data    TEXT NOT NULL, -- JSON
    changed INTEGER NOT NULL,
    closed  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Notices that were not handed over: since when it has been tried, and how the last try went.
CREATE TABLE unsent (
    notice TEXT NOT NULL,
    reader TEXT NOT NULL,
    since  INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    why    TEXT NOT NULL,
    over   INTEGER NOT NULL, -- it is not tried any more
    PRIMARY KEY (reader, notice)
) STRICT, WITHOUT ROWID;

-- Channels that do not reach a person under an address.
CREATE TABLE unreached (
    reader  TEXT NOT NULL,
    channel TEXT NOT NULL,
    address TEXT NOT NULL, -- digest
    since   INTEGER NOT NULL,
    PRIMARY KEY (reader, channel)
) STRICT, WITHOUT ROWID;

-- Conversations: the subject that the first message gave one, and what a chat calls it.
CREATE TABLE threads (
    reader  TEXT NOT NULL,
    channel TEXT NOT NULL,
    root    TEXT NOT NULL,
    subject TEXT NOT NULL,
    key     TEXT NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (reader, channel, root)
) STRICT, WITHOUT ROWID;

-- What a chat calls a person, so as not to ask for each message.
CREATE TABLE chat_names (
    reader  TEXT NOT NULL,
    channel TEXT NOT NULL,
    address TEXT NOT NULL, -- digest
    name    TEXT NOT NULL,
    PRIMARY KEY (reader, channel)
) STRICT, WITHOUT ROWID;

-- Messages that a person does not want any more, by kind.
CREATE TABLE stopped (
    reader TEXT NOT NULL,
    kind   TEXT NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (reader, kind)
) STRICT, WITHOUT ROWID;

-- Links that were used, by digest.
CREATE TABLE used_links (
    digest TEXT PRIMARY KEY,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- For what a person has to do with, as manager and as report.
CREATE INDEX statuses_report ON statuses (report);
CREATE INDEX flags_manager ON flags (manager);
CREATE INDEX flags_report ON flags (report);

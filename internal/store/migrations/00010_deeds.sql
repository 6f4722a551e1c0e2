-- +goose Up

-- What people did: a row is written before it is done, and completed with what came of it.
CREATE TABLE deeds (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    who        TEXT    NOT NULL, -- person id; '' where it is nobody of the roster, or not known
    admin      INTEGER NOT NULL,
    place      TEXT    NOT NULL, -- deed.From
    kind       TEXT    NOT NULL,
    manager    TEXT    NOT NULL,
    report     TEXT    NOT NULL,
    occurrence TEXT    NOT NULL,
    to_time    INTEGER,          -- NULL: none
    was_time   INTEGER,          -- NULL: none
    flag       TEXT    NOT NULL,
    person     TEXT    NOT NULL, -- whose calendar it is about
    changes    TEXT    NOT NULL, -- a JSON list
    result     TEXT    NOT NULL  -- '': not known
) STRICT;
CREATE INDEX deeds_pair ON deeds (manager, report);
CREATE INDEX deeds_report ON deeds (report);
CREATE INDEX deeds_at ON deeds (at);

-- Who has seen which flag, and what it was then: once it says something else it is news to them again.
CREATE TABLE acknowledged (
    flag   TEXT    NOT NULL REFERENCES flags (id) ON DELETE CASCADE ON UPDATE CASCADE,
    person TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    seen   TEXT    NOT NULL,
    PRIMARY KEY (flag, person)
) STRICT, WITHOUT ROWID;

-- It was not recorded by whom.
INSERT INTO acknowledged (flag, person, at, seen)
    SELECT id, manager, acked, from_text || char(10) || to_text || char(10) || detail || char(10) || by_whom
    FROM flags WHERE state = 'acknowledged' AND acked IS NOT NULL
    UNION ALL
    SELECT id, report, acked, from_text || char(10) || to_text || char(10) || detail || char(10) || by_whom
    FROM flags WHERE state = 'acknowledged' AND acked IS NOT NULL;
ALTER TABLE flags DROP COLUMN acked;

-- +goose Up

-- Push channels that are open at a calendar server, or may be.
CREATE TABLE channels (
    id       TEXT PRIMARY KEY,
    person   TEXT    NOT NULL,
    email    TEXT    NOT NULL,
    calendar TEXT    NOT NULL, -- of the settings
    address  TEXT    NOT NULL,
    token    BLOB    NOT NULL, -- SHA-256 of the token
    resource TEXT    NOT NULL, -- "" until the server has told it
    opened   INTEGER NOT NULL,
    expires  INTEGER NOT NULL,
    heard    INTEGER NOT NULL
) STRICT;
CREATE INDEX channels_person ON channels (person);

-- +goose Up

-- When what feeds say of a series last changed, and how often it did: subscribers take for changed what has another
-- stamp, and nothing else. Both names are digests; nothing leads from them to a series or its people.
CREATE TABLE published (
    uid      TEXT PRIMARY KEY, -- digest of the UID
    says     TEXT NOT NULL,    -- digest of what is said
    sequence INTEGER NOT NULL,
    changed  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

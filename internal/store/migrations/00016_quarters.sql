-- +goose Up

-- What of a closed quarter is shown, decided once: were it decided anew as reporting lines change, two answers together
-- would tell what became of few people's weeks.
CREATE TABLE quarters (
    first    TEXT    NOT NULL, -- its first day
    head     TEXT    NOT NULL, -- who leads the group; '' for everybody
    pairs    INTEGER NOT NULL, -- 0 for everybody: nothing is shown
    managers INTEGER NOT NULL,
    in_time  INTEGER NOT NULL,
    late     INTEGER NOT NULL,
    lost     INTEGER NOT NULL,
    hidden   INTEGER NOT NULL CHECK (hidden IN (0, 1)), -- for everybody: there are groups that are not shown
    PRIMARY KEY (first, head)
) STRICT, WITHOUT ROWID;

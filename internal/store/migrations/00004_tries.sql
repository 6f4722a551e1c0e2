-- +goose Up

-- Deliveries that were tried and did not show when the calendar was read again: plan.Target and plan.Try.
CREATE TABLE tries (
    manager  TEXT NOT NULL,
    report   TEXT NOT NULL,
    calendar TEXT NOT NULL,
    uid      TEXT NOT NULL,
    what     TEXT NOT NULL,
    rounds   INTEGER NOT NULL,
    PRIMARY KEY (manager, report, calendar, uid)
) STRICT;

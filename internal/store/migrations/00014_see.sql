-- +goose Up

-- For what was told about a pair.
CREATE INDEX told_pair ON told (manager, report, at);
CREATE INDEX matters_pair ON matters (manager, report);

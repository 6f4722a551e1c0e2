package store

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"time"

	"holdfast/internal/ical"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// Shared is what the last round left of the person's 1:1s: how they stand, and the calendars of those who have them, by
// person, where there are any. One that cannot be read from the journal is an error: without it its 1:1s would seem to
// be gone.
func (s *Store) Shared(ctx context.Context, person string) ([]reconcile.StatusRow, map[string]series.Snapshot, error) {
	calendars, people := map[string]series.Snapshot{}, map[string]bool{}
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, nil, s.fail("shared", err)
	}
	defer tx.Rollback() // nothing was written
	those, names := named(person)
	var rows []reconcile.StatusRow
	data, err := query(ctx, tx, scanStatus,
		`SELECT manager, report, data, kept FROM statuses WHERE `+those+` ORDER BY manager, report`, names...)
	if err == nil {
		rows, err = decodeStatuses(data)
	}
	for i := range rows {
		people[rows[i].Pair.Manager], people[rows[i].Pair.Report] = true, true
	}
	if err == nil {
		err = eachRow(ctx, tx, func(r *sql.Rows) error {
			var id, format string
			var data []byte
			if err := r.Scan(&id, &format, &data); err != nil {
				return err
			}
			snapshot, err := decodeSnapshot(data)
			if err == nil && !upgrade(format, &snapshot) {
				err = errUnread
			}
			calendars[id] = snapshot
			return err
		}, `SELECT person, format, data FROM snapshots WHERE `+among("person"), list(maps.Keys(people)))
	}
	if err != nil {
		return nil, nil, s.fail("shared", err)
	}
	return rows, calendars, nil
}

// Stamps are when what is said under each UID, digests by UID, last changed; where that is now, it is written.
func (s *Store) Stamps(ctx context.Context, says map[string]string, now time.Time) (map[string]ical.Stamp, error) {
	uid := map[string]string{}
	for x := range says {
		uid[digest([]byte(x))] = x
	}
	out := map[string]ical.Stamp{}
	take := func(r *sql.Rows) error {
		var key, said string
		var x ical.Stamp
		var changed int64
		err := r.Scan(&key, &said, &x.Sequence, &changed)
		if x.At = instant(changed); says[uid[key]] == said {
			out[uid[key]] = x
		}
		return err
	}
	const columns = `uid, says, sequence, changed`
	err := eachRow(ctx, s.db, take, `SELECT `+columns+` FROM published WHERE `+among("uid"), list(maps.Keys(uid)))
	if err != nil {
		return nil, s.fail("stamps", err)
	}
	if len(out) == len(says) {
		return out, nil
	}
	err = s.inTx(ctx, "stamps", func(tx *sql.Tx) error {
		var errs []error
		for _, key := range slices.Sorted(maps.Keys(uid)) {
			if _, same := out[uid[key]]; !same {
				// The clock of another machine may be ahead; a stamp never goes back.
				errs = append(errs, eachRow(ctx, tx, take, `INSERT INTO published (`+columns+`) VALUES (?, ?, 0, ?)
					ON CONFLICT DO UPDATE SET says = excluded.says, sequence = sequence + (says <> excluded.says),
					changed = CASE WHEN says = excluded.says THEN changed
						ELSE max(changed + 1000000, excluded.changed) END
					RETURNING `+columns, key, says[uid[key]], micro(now)))
			}
		}
		return errors.Join(errs...)
	})
	return out, err
}

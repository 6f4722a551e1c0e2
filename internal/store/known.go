package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// Known calls yield, one after another until it returns false, with the people whose calendars were read: as the roster
// last had them, what their calendar had, and what it was last searched for. Each is read for itself, so that yield may
// take its time; one that cannot be read is left out.
func (s *Store) Known(ctx context.Context,
	yield func(series.Person, series.Snapshot, provider.Interest) bool) error {
	ids, err := query(ctx, s.db, func(r *sql.Rows) (id string, err error) { return id, r.Scan(&id) },
		`SELECT person FROM interests ORDER BY person`)
	if err != nil {
		return s.fail("known", err)
	}
	one, err := s.db.PrepareContext(ctx, `SELECT p.data, i.data, r.at, r.full_at, r.cursor, s.format, s.data,
		c.person IS NOT NULL FROM interests i JOIN people p ON p.id = i.person JOIN readings r USING (person)
		JOIN snapshots s USING (person) LEFT JOIN confirmed c USING (person) WHERE i.person = ?`)
	if err != nil {
		return s.fail("known", err)
	}
	defer one.Close()
	for _, id := range ids {
		p, last, in, err := known(one.QueryRowContext(ctx, id))
		switch {
		case errors.Is(err, sql.ErrNoRows), errors.Is(err, errUnread): // a round will see to it
			continue
		case err != nil:
			return s.fail(fmt.Sprintf("known of %s", id), err)
		}
		if !yield(p, last, in) {
			return nil
		}
	}
	return nil
}

var errUnread = errors.New("the snapshot cannot be read")

func known(row *sql.Row) (p series.Person, last series.Snapshot, in provider.Interest, err error) {
	var at, full int64
	var person, interest, snapshot []byte
	var cursor, format string
	var confirmed bool
	if err = row.Scan(&person, &interest, &at, &full, &cursor, &format, &snapshot, &confirmed); err != nil {
		return p, last, in, err
	}
	if err = errors.Join(json.Unmarshal(person, &p), json.Unmarshal(interest, &in)); err != nil {
		return p, last, in, err
	}
	if last, err = decodeSnapshot(snapshot); err != nil || !upgrade(format, &last) {
		return p, last, in, errUnread
	}
	last.At, last.FullAt, last.Cursor, in.Confirmed = instant(at), instant(full), cursor, confirmed
	return p, last, in, nil
}

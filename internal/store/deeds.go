package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"holdfast/internal/deed"
)

// BeginDeed records what somebody is about to do, and gives the deed its number; what comes of it is not known before
// EndDeed.
func (s *Store) BeginDeed(ctx context.Context, d *deed.Deed) error {
	d.Result = deed.Unknown
	return s.inTx(ctx, "begin to "+string(d.Kind), func(tx *sql.Tx) (err error) {
		d.ID, err = putDeed(ctx, tx, *d)
		return err
	})
}

// EndDeed records what came of the deed: its Result, To, Was and Changes.
func (s *Store) EndDeed(ctx context.Context, d deed.Deed) error {
	return s.inTx(ctx, "end to "+string(d.Kind), func(tx *sql.Tx) error {
		changes, err := json.Marshal(append([]string{}, d.Changes...))
		if err == nil {
			_, err = tx.ExecContext(ctx, `UPDATE deeds SET result = ?, to_time = ?, was_time = ?, changes = ? WHERE id = ?`,
				string(d.Result), maybe(d.To), maybe(d.Was), string(changes), d.ID)
		}
		return err
	})
}

// maybe is the time on disk, NULL where there is none.
func maybe(t time.Time) sql.NullInt64 { return sql.NullInt64{Int64: micro(t), Valid: !t.IsZero()} }

func putDeed(ctx context.Context, tx *sql.Tx, d deed.Deed) (id int64, err error) {
	changes, err := json.Marshal(append([]string{}, d.Changes...))
	if err != nil {
		return 0, err
	}
	err = tx.QueryRowContext(ctx, `INSERT INTO deeds (at, who, admin, place, kind, manager, report, occurrence, to_time,
		was_time, flag, person, changes, result) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		micro(d.At),
		d.Who,
		d.Admin,
		string(d.From),
		string(d.Kind),
		d.Pair.Manager,
		d.Pair.Report,
		d.Occurrence.String(),
		maybe(d.To),
		maybe(d.Was),
		d.Flag,
		d.Of,
		string(changes),
		string(d.Result),
	).Scan(&id)
	return id, err
}

// Deeds are those that were begun at since or later, oldest first: those about a pair ("mia/raj"), those of a person
// ("mia"), about their 1:1s or their calendar or by them, or with "" all.
func (s *Store) Deeds(ctx context.Context, of string, since time.Time) ([]deed.Deed, error) {
	those, names := named(of)
	if of != "" && !strings.Contains(of, "/") {
		those, names = `(`+those+` OR who = ? OR person = ?)`, append(names, of, of)
	}
	out, err := query(ctx, s.db, scanDeed, `SELECT id, at, who, admin, place, kind, manager, report, occurrence, to_time,
		was_time, flag, person, changes, result FROM deeds WHERE at >= ? AND `+those+` ORDER BY id`,
		append([]any{micro(since)}, names...)...)
	if err != nil {
		return nil, s.fail("deeds", err)
	}
	return out, nil
}

func scanDeed(r *sql.Rows) (d deed.Deed, err error) {
	var at int64
	var to, was sql.NullInt64
	var occurrence, changes string
	if err := r.Scan(&d.ID, &at, &d.Who, &d.Admin, &d.From, &d.Kind, &d.Pair.Manager, &d.Pair.Report, &occurrence, &to,
		&was, &d.Flag, &d.Of, &changes, &d.Result); err != nil {
		return d, err
	}
	if d.At = instant(at); to.Valid {
		d.To = instant(to.Int64)
	}
	if was.Valid {
		d.Was = instant(was.Int64)
	}
	if err := json.Unmarshal([]byte(changes), &d.Changes); err != nil {
		return d, fmt.Errorf("deed %d: %w", d.ID, err)
	}
	if len(d.Changes) == 0 {
		d.Changes = nil
	}
	return d, d.Occurrence.UnmarshalText([]byte(occurrence))
}

// asItStands is what a flag says, to tell whether somebody has seen that.
const asItStands = `from_text || char(10) || to_text || char(10) || detail || char(10) || by_whom`

// Acknowledge records that d.Who has seen the open flag d.Flag as it stands, with "" each of its two, and the deed with
// it: whose 1:1 and which meeting it is about are those of the flag. It reports whether there is such a flag; without
// one nothing is recorded. Doing it again is fine and keeps the first time.
func (s *Store) Acknowledge(ctx context.Context, d deed.Deed) (is bool, err error) {
	// Load tells open flags and acknowledged ones alike: what is remembered stands.
	return s.seen(ctx, d, `INSERT INTO acknowledged (flag, person, at, seen)
		SELECT flags.id, value, ?2, `+asItStands+` FROM flags, json_each(json_array(manager, report))
			WHERE flags.id = ?1 AND (?3 = '' OR ?3 = value)
		ON CONFLICT DO UPDATE SET seen = excluded.seen WHERE seen <> excluded.seen`,
		d.Flag, micro(d.At), d.Who)
}

// Unacknowledge takes back what d.Who has acknowledged, with "" what anybody has, and records the deed. It reports
// false where there is nothing to take back: then nothing is recorded.
func (s *Store) Unacknowledge(ctx context.Context, d deed.Deed) (is bool, err error) {
	return s.seen(ctx, d, `DELETE FROM acknowledged WHERE flag = ?1 AND (?2 = '' OR person = ?2)`, d.Flag, d.Who)
}

// seen changes who has seen an open flag, and records the deed that does it.
func (s *Store) seen(ctx context.Context, d deed.Deed, change string, args ...any) (is bool, err error) {
	err = s.inTx(ctx, fmt.Sprintf("%s %s", d.Kind, d.Flag), func(tx *sql.Tx) error {
		flags, err := query(ctx, tx, scanFlag, flagColumns+` WHERE id = ? AND `+openFlags, d.Flag)
		if err != nil || len(flags) == 0 {
			return err
		}
		res, err := tx.ExecContext(ctx, change, args...)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		switch d.Result = deed.Done; {
		case n == 0 && d.Kind == deed.Unacknowledge:
			return nil
		case n == 0:
			d.Result = deed.Nothing
		}
		if _, err := tx.ExecContext(ctx, `UPDATE flags SET
			state = (SELECT iif(count(*), 'acknowledged', 'open') FROM acknowledged WHERE flag = flags.id)
			WHERE id = ?`, d.Flag); err != nil {
			return err
		}
		d.Pair, d.Occurrence = flags[0].Pair, flags[0].Occurrence
		_, err = putDeed(ctx, tx, d)
		is = err == nil
		return err
	})
	return is && err == nil, err
}

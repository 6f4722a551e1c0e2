package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/notify"
	"holdfast/internal/outbox/ledger"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// FirstRound is see.Journal's.
func (s *Store) FirstRound(ctx context.Context) (at time.Time, err error) {
	err = eachRow(ctx, s.db, func(r *sql.Rows) error {
		var n int64
		err := r.Scan(&n)
		at = instant(n)
		return err
	}, `SELECT at FROM rounds`)
	if err != nil {
		return at, s.fail("first round", err)
	}
	return at, nil
}

// Revision is another one whenever something else may be read; but for who is signed in, the access log and other
// tables that no round reads.
func (s *Store) Revision(ctx context.Context) (n int64, err error) {
	err = eachRow(ctx, s.db, func(r *sql.Rows) error { return r.Scan(&n) }, `SELECT n FROM revision`)
	if err != nil {
		return 0, s.fail("revision", err)
	}
	return n, nil
}

// FlagsOf are the open flags of a pair, and those that closed about meetings from the day on, as Flags has them.
func (s *Store) FlagsOf(ctx context.Context, p series.Pair, since series.Date) ([]reconcile.FlagRow, error) {
	flags, err := query(ctx, s.db, scanFlag, flagColumns+` WHERE manager = ? AND report = ?
		AND (`+openFlags+` OR occurrence >= ?) ORDER BY `+flagOrder, p.Manager, p.Report, since.String())
	if err != nil {
		return nil, s.fail(fmt.Sprintf("flags of %s", p), err)
	}
	return flags, nil
}

// Counted is how many weeks of a pair's record count: those that KeptRate is a share of.
func (s *Store) Counted(ctx context.Context, p series.Pair) (n int, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT count(*) FROM outcomes WHERE manager = ? AND report = ? AND final = 1
		AND result NOT IN (?, ?)`, p.Manager, p.Report, string(drift.Excused), string(drift.UnknownWeek)).Scan(&n)
	if err != nil {
		return 0, s.fail(fmt.Sprintf("outcomes of %s", p), err)
	}
	return n, nil
}

// Weeks are the recorded outcomes from the week on of a person's pairs that the roster has, each by week and day. Those
// of a pair come as one row: this is asked for with every page of a person, and rows are most of what that costs.
func (s *Store) Weeks(ctx context.Context, person string, since series.Week) (map[series.Pair][]drift.Outcome, error) {
	out := map[series.Pair][]drift.Outcome{}
	err := eachRow(ctx, s.db, func(r *sql.Rows) error {
		var p series.Pair
		var all sql.NullString
		if err := r.Scan(&p.Manager, &p.Report, &all); err != nil {
			return err
		}
		for line := range strings.Lines(all.String) {
			o, err := parseOutcome(p, strings.TrimSuffix(line, "\n"))
			if err != nil {
				return err
			}
			out[p] = append(out[p], o)
		}
		return nil
	}, `SELECT manager, report, (SELECT group_concat(line, char(10)) FROM (
			SELECT concat_ws(' ', week, occurrence, result, by_whom, final, coalesce(notice, '')) AS line FROM outcomes o
			WHERE o.manager = s.manager AND o.report = s.report AND o.week >= ?2 ORDER BY week, occurrence))
		FROM statuses s WHERE manager = ?1 OR report = ?1`, person, since.String())
	if err != nil {
		return nil, s.fail("outcomes of "+person, err)
	}
	return out, nil
}

// parseOutcome reads a line of Weeks.
func parseOutcome(p series.Pair, line string) (o drift.Outcome, err error) {
	f := strings.Split(line, " ")
	if len(f) != 6 {
		return o, fmt.Errorf("outcome %q of %s", line, p)
	}
	o = drift.Outcome{Pair: p, Result: drift.Result(f[2]), By: drift.By(f[3]), Final: f[4] == "1"}
	if f[5] != "" {
		n, err := strconv.ParseInt(f[5], 10, 64)
		if err != nil {
			return o, err
		}
		o.Notice = duration(sql.NullInt64{Int64: n, Valid: true})
	}
	if o.Week, err = series.ParseWeek(f[0]); err != nil {
		return o, err
	}
	return o, o.Occurrence.UnmarshalText([]byte(f[1]))
}

// Tally is how many final weeks of each pair came to what, from the first week to the last.
func (s *Store) Tally(ctx context.Context, first, last series.Week) (map[series.Pair]map[drift.Result]int, error) {
	out := map[series.Pair]map[drift.Result]int{}
	err := eachRow(ctx, s.db, func(r *sql.Rows) error {
		var p series.Pair
		var result drift.Result
		var n int
		if err := r.Scan(&p.Manager, &p.Report, &result, &n); err != nil {
			return err
		}
		if out[p] == nil {
			out[p] = map[drift.Result]int{}
		}
		out[p][result] = n
		return nil
	}, `SELECT manager, report, result, count(*) FROM outcomes WHERE week BETWEEN ? AND ? AND final = 1
		GROUP BY manager, report, result`, first.String(), last.String())
	if err != nil {
		return nil, s.fail("outcomes", err)
	}
	return out, nil
}

// ToldOf is what these readers were told of a pair since then, the newest first, at most so many rows.
func (s *Store) ToldOf(ctx context.Context, p series.Pair, readers [2]string, since time.Time, most int) (
	out ledger.Noticed, err error) {
	out.Flags = map[string]reconcile.FlagRow{}
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return out, s.fail("notices", err)
	}
	defer tx.Rollback() // nothing was written
	const those = ` FROM told WHERE manager = ?1 AND report = ?2 AND reader IN (?3, ?4) AND at >= ?5`
	args := []any{p.Manager, p.Report, readers[0], readers[1], micro(since)}
	var flags []reconcile.FlagRow
	err = errors.Join(
		part(ctx, tx, &out.Told, func(r *sql.Rows) (t ledger.To, err error) {
			var at int64
			err = r.Scan(&t.Reader, &t.Notice, &t.Kind, &t.Urgent, &t.Channel, &at, &t.Thread, &t.Pair.Manager, &t.Pair.Report,
				&t.Key, &t.State)
			t.At = instant(at)
			return t, err
		}, `SELECT reader, notice, kind, urgent, channel, at, thread, manager, report, key, state`+those+
			` ORDER BY at DESC, n DESC LIMIT ?6`, append(args, most)...),
		part(ctx, tx, &flags, scanFlag, flagColumns+` WHERE id IN (SELECT key`+those+`)`, args...),
	)
	if err != nil {
		return out, s.fail(fmt.Sprintf("notices about %s", p), err)
	}
	for _, f := range flags {
		out.Flags[f.ID()] = f
	}
	return out, nil
}

// MattersOf are those of a pair, by key.
func (s *Store) MattersOf(ctx context.Context, p series.Pair) (map[string]notify.Matter, error) {
	all, err := query(ctx, s.db, scanMatter, matterColumns+` WHERE manager = ? AND report = ?`, p.Manager, p.Report)
	if err != nil {
		return nil, s.fail(fmt.Sprintf("matters of %s", p), err)
	}
	out := make(map[string]notify.Matter, len(all))
	for _, m := range all {
		out[m.Key] = m
	}
	return out, nil
}

// Standing is what stands from one round to the next.
func (s *Store) Standing(ctx context.Context) (out reconcile.Standing, err error) {
	err = eachRow(ctx, s.db, func(r *sql.Rows) error {
		var data []byte
		if err := r.Scan(&data); err != nil {
			return err
		}
		return json.Unmarshal(data, &out)
	}, `SELECT data FROM standing`)
	if err != nil {
		return out, s.fail("standing", err)
	}
	return out, nil
}

// Unsents are the notices that were given up since then, the newest first.
func (s *Store) Unsents(ctx context.Context, since time.Time) ([]ledger.Unsent, error) {
	out, err := query(ctx, s.db, func(r *sql.Rows) (u ledger.Unsent, err error) {
		var at int64
		err = r.Scan(&u.Notice, &u.Reader, &at, &u.Why, &u.Over)
		u.At = instant(at)
		return u, err
	}, `SELECT notice, reader, at, why, over FROM unsent WHERE at >= ? AND over ORDER BY at DESC, reader, notice`,
		micro(since))
	if err != nil {
		return nil, s.fail("notices", err)
	}
	return out, nil
}

// Calendar is what the person's calendar showed when it was last read; false where it never was.
func (s *Store) Calendar(ctx context.Context, person string) (snap series.Snapshot, ok bool, err error) {
	var format string
	var data []byte
	err = s.db.QueryRowContext(ctx, `SELECT format, data FROM snapshots WHERE person = ?`, person).Scan(&format, &data)
	if errors.Is(err, sql.ErrNoRows) {
		return snap, false, nil
	}
	if err == nil {
		snap, err = decodeSnapshot(data)
	}
	if err == nil && !upgrade(format, &snap) {
		err = errUnread
	}
	read, failed := s.Readings(ctx, person)
	if err = errors.Join(err, failed); err != nil {
		return snap, false, s.fail("calendar of "+person, err)
	}
	snap.At = read[person]
	return snap, true, nil
}

// Readings are when calendars were read: that of the person, with "" all. It waits for no round: while one writes, what
// was read last is what was known when it was asked for before.
func (s *Store) Readings(ctx context.Context, person string) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	those, names := `person = ?`, []any{person}
	if person == "" {
		those, names = `TRUE`, nil
	}
	err := eachRow(ctx, s.db, func(r *sql.Rows) error {
		var id string
		var at int64
		err := r.Scan(&id, &at)
		out[id] = instant(at)
		return err
	}, `SELECT person, at FROM readings WHERE `+those, names...)
	if err != nil {
		return nil, s.fail("readings", err)
	}
	last := s.read.Load()
	if s.mu.TryLock() {
		late := make(map[string]time.Time, len(s.memory.readings.late))
		for id, l := range s.memory.readings.late {
			if person == "" || id == person {
				late[id] = l.at
			}
		}
		s.mu.Unlock()
		if last = &late; person == "" {
			s.read.Store(last)
		}
	}
	for id, at := range out {
		if last != nil && (*last)[id].After(at) {
			out[id] = (*last)[id]
		}
	}
	return out, nil
}

// Pushed are until when servers tell of changes of calendars, by person.
func (s *Store) Pushed(ctx context.Context) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	err := eachRow(ctx, s.db, func(r *sql.Rows) error {
		var id string
		var until int64
		err := r.Scan(&id, &until)
		out[id] = instant(until)
		return err
	}, `SELECT person, max(expires) FROM channels GROUP BY person`)
	if err != nil {
		return nil, s.fail("channels", err)
	}
	return out, nil
}

package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// Commit records what a round saw and found, in one transaction. People, Pending, Tries, Outages and Standing take the
// place of the last ones; snapshots and flags that r does not speak of stay as they are. A flag that opens again keeps
// its row. The outcomes of a pair's week replace those that are not final yet.
func (s *Store) Commit(ctx context.Context, r reconcile.Record) error {
	return s.inTx(ctx, "commit", func(tx *sql.Tx) error {
		for _, f := range []func(context.Context, *sql.Tx, reconcile.Record) error{
			putRound, s.putSnapshots, putPeople, putFlags, putOutcomes, putPending, putTries, putOutages, putStanding,
		} {
			if err := f(ctx, tx, r); err != nil {
				return err
			}
		}
		return nil
	})
}

func putRound(ctx context.Context, tx *sql.Tx, r reconcile.Record) error {
	_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO rounds (one, at, held_set) VALUES (1, ?, '')`, micro(r.At))
	return err
}

func (s *Store) putSnapshots(ctx context.Context, tx *sql.Tx, r reconcile.Record) error {
	touch, err := tx.PrepareContext(
		ctx,
		`UPDATE snapshots SET at = ?, full_at = ?, cursor = ? WHERE person = ? AND format = ? AND digest = ?`,
	)
	if err != nil {
		return err
	}
	defer touch.Close()
	put, err := tx.PrepareContext(
		ctx,
		`INSERT OR REPLACE INTO snapshots (person, at, full_at, cursor, format, digest, data) VALUES (?, ?, ?, ?, ?, ?, ?)`,
	)
	if err != nil {
		return err
	}
	defer put.Close()
	for _, person := range slices.Sorted(maps.Keys(r.Snapshots)) {
		x := r.Snapshots[person]
		var text []byte
		known := s.cached(person)
		sum := known.digest
		// Most calendars have not changed since the last round.
		if sum == "" || !sameParts(x, known.Snapshot) {
			if text, sum, err = encoded(person, x); err != nil {
				return err
			}
		}
		res, err := touch.ExecContext(ctx, micro(x.At), micro(x.FullAt), x.Cursor, person, snapshotFormat, sum)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			if err != nil {
				return err
			}
			continue
		}
		if text == nil { // another process has put another one
			if text, sum, err = encoded(person, x); err != nil {
				return err
			}
		}
		data, err := pack(text)
		if err == nil {
			_, err = put.ExecContext(ctx, person, micro(x.At), micro(x.FullAt), x.Cursor, snapshotFormat, sum, data)
		}
		if err != nil {
			return err
		}
	}
	return execEach(ctx, tx, `DELETE FROM snapshots WHERE person = ?`, r.Forget, func(p string) []any { return []any{p} })
}

// encoded is the person's snapshot as text, with its digest.
func encoded(person string, x series.Snapshot) (text []byte, sum string, err error) {
	if text, err = encodeSnapshot(x); err != nil {
		return nil, "", fmt.Errorf("snapshot of %s: %w", person, err)
	}
	return text, digest(text), nil
}

// cached is the person's snapshot as Load last gave it.
func (s *Store) cached(person string) cached {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cache[person]
}

func putPeople(ctx context.Context, tx *sql.Tx, r reconcile.Record) error {
	have := map[string]string{}
	if err := eachRow(ctx, tx, func(r *sql.Rows) error {
		var id, data string
		err := r.Scan(&id, &data)
		have[id] = data
		return err
	}, `SELECT id, data FROM people`); err != nil {
		return err
	}
	want := map[string]string{}
	for id, p := range r.People {
		data, err := json.Marshal(p)
		if err != nil {
			panic(err) // strings, numbers and days only
		}
		want[id] = string(data)
	}
	gone, changed := maps.Clone(have), maps.Clone(want)
	maps.DeleteFunc(gone, func(id, _ string) bool { return want[id] != "" })
	maps.DeleteFunc(changed, func(id, data string) bool { return have[id] == data })
	one := func(id string) []any { return []any{id} }
	if err := execEach(ctx, tx, `DELETE FROM people WHERE id = ?`, slices.Sorted(maps.Keys(gone)), one); err != nil {
		return err
	}
	return execEach(
		ctx,
		tx,
		`INSERT OR REPLACE INTO people (id, data) VALUES (?, ?)`,
		slices.Sorted(maps.Keys(changed)),
		func(id string) []any { return []any{id, want[id]} },
	)
}

func putFlags(ctx context.Context, tx *sql.Tx, r reconcile.Record) error {
	const put = `INSERT INTO flags (id, manager, report, generation, kind, occurrence, from_text, to_text, detail,
			by_whom, notice, since, state)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open')
		ON CONFLICT (id) DO UPDATE SET from_text = excluded.from_text, to_text = excluded.to_text,
			detail = excluded.detail, by_whom = excluded.by_whom,
			notice = excluded.notice, since = excluded.since,
			state = CASE state WHEN 'closed' THEN 'open' ELSE state END,
			acked = CASE state WHEN 'closed' THEN NULL ELSE acked END,
			closed = NULL`
	rows, err := query(ctx, tx, scanFlag, flagColumns+` WHERE state <> 'closed'`)
	if err != nil {
		return err
	}
	open := map[string]drift.Flag{}
	for _, f := range slices.Concat(r.Edges.Opened, r.Edges.Changed, r.Open) { // what Open says of one counts
		open[f.ID()] = f
	}
	for _, f := range rows {
		if slices.Equal(flagRow(f.Flag), flagRow(open[f.ID()])) {
			delete(open, f.ID())
		}
	}
	row := func(id string) []any { return flagRow(open[id]) }
	if err := execEach(ctx, tx, put, slices.Sorted(maps.Keys(open)), row); err != nil {
		return err
	}
	if err := execEach(
		ctx,
		tx,
		`UPDATE flags SET state = 'closed', closed = ? WHERE id = ? AND state <> 'closed'`,
		r.Edges.Closed,
		func(f drift.Flag) []any { return []any{micro(r.At), f.ID()} },
	); err != nil {
		return err
	}
	for _, x := range []struct {
		edge  string
		flags []drift.Flag
	}{{"opened", r.Edges.Opened}, {"changed", r.Edges.Changed}, {"closed", r.Edges.Closed}} {
		// A flag that closes although its opening was never committed has no row, and so no history.
		if err := execEach(
			ctx,
			tx,
			`INSERT INTO edges (flag, edge, at, from_text, to_text, by_whom) SELECT id, ?, ?, ?, ?, ? FROM flags WHERE id = ?`,
			x.flags,
			func(f drift.Flag) []any {
				return []any{x.edge, micro(r.At), f.From.String(), f.To.String(), string(f.By), f.ID()}
			},
		); err != nil {
			return err
		}
	}
	return nil
}

func flagRow(f drift.Flag) []any {
	return []any{
		f.ID(),
		f.Pair.Manager,
		f.Pair.Report,
		f.Generation,
		string(f.Kind),
		f.Occurrence.String(),
		f.From.String(),
		f.To.String(),
		f.Detail,
		string(f.By),
		length(f.Notice),
		micro(f.Since),
	}
}

func putOutcomes(ctx context.Context, tx *sql.Tx, r reconcile.Record) error {
	changed, err := changedOutcomes(ctx, tx, r.Outcomes)
	if err != nil {
		return err
	}
	if err := execEach(
		ctx,
		tx,
		`DELETE FROM outcomes WHERE manager = ? AND report = ? AND week = ? AND final = 0`,
		changed,
		func(o drift.Outcome) []any { return []any{o.Pair.Manager, o.Pair.Report, o.Week.String()} },
	); err != nil {
		return err
	}
	// What is there still is final, or stands in r twice.
	return execEach(
		ctx,
		tx,
		`INSERT INTO outcomes (manager, report, week, occurrence, result, by_whom, notice, final)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET result = excluded.result, by_whom = excluded.by_whom, notice = excluded.notice,
			final = excluded.final WHERE final = 0`,
		changed,
		outcomeRow,
	)
}

func outcomeRow(o drift.Outcome) []any {
	return []any{
		o.Pair.Manager,
		o.Pair.Report,
		o.Week.String(),
		o.Occurrence.String(),
		string(o.Result),
		string(o.By),
		length(o.Notice),
		o.Final,
	}
}

// changedOutcomes are those of the weeks of a pair of which the journal has others.
func changedOutcomes(ctx context.Context, tx *sql.Tx, outcomes []drift.Outcome) ([]drift.Outcome, error) {
	if len(outcomes) == 0 {
		return nil, nil
	}
	first := slices.MinFunc(outcomes, func(a, b drift.Outcome) int {
		return strings.Compare(a.Week.String(), b.Week.String())
	})
	rows, err := query(ctx, tx, scanOutcome, outcomeColumns+` WHERE week >= ?`, first.Week.String())
	if err != nil {
		return nil, err
	}
	type week struct {
		pair series.Pair
		week series.Week
	}
	type key struct {
		week
		occurrence series.Date
	}
	have := map[key]drift.Outcome{}
	left := map[week]int{} // of those that are not final
	for _, o := range rows {
		of := week{o.Pair, o.Week}
		if have[key{of, o.Occurrence}] = o; !o.Final {
			left[of]++
		}
	}
	other := map[week]bool{}
	for _, o := range outcomes {
		of := week{o.Pair, o.Week}
		switch h, ok := have[key{of, o.Occurrence}]; {
		case !ok, !h.Final && !slices.Equal(outcomeRow(h), outcomeRow(o)):
			other[of] = true
		case !h.Final:
			left[of]--
		}
	}
	return slices.DeleteFunc(slices.Clone(outcomes), func(o drift.Outcome) bool {
		of := week{o.Pair, o.Week}
		return !other[of] && left[of] == 0
	}), nil
}

func putPending(ctx context.Context, tx *sql.Tx, r reconcile.Record) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM pending`); err != nil {
		return err
	}
	return execEach(
		ctx,
		tx,
		`INSERT INTO pending (flag, times, by_whom, since) VALUES (?, ?, ?, ?)`,
		slices.Sorted(maps.Keys(r.Pending)),
		func(id string) []any {
			p := r.Pending[id]
			return []any{id, p.Times, string(p.By), micro(p.Since)}
		},
	)
}

func putTries(ctx context.Context, tx *sql.Tx, r reconcile.Record) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM tries`); err != nil {
		return err
	}
	return execEach(ctx, tx, `INSERT INTO tries (manager, report, calendar, uid, what, rounds) VALUES (?, ?, ?, ?, ?, ?)`,
		slices.Collect(maps.Keys(r.Tries)), func(t plan.Target) []any {
			return []any{t.Pair.Manager, t.Pair.Report, t.Calendar, t.UID, r.Tries[t].What, r.Tries[t].Rounds}
		})
}

func putOutages(ctx context.Context, tx *sql.Tx, r reconcile.Record) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM outages`); err != nil {
		return err
	}
	return execEach(
		ctx,
		tx,
		`INSERT INTO outages (subject, since, kind, cause, text, hint) VALUES (?, ?, ?, ?, ?, ?)`,
		reconcile.Subjects(r.Outages),
		func(s reconcile.Subject) []any {
			o := r.Outages[s]
			return []any{s.String(), micro(o.Since), o.Kind, o.Cause, o.Text, o.Hint}
		},
	)
}

func putStanding(ctx context.Context, tx *sql.Tx, r reconcile.Record) error {
	data, err := json.Marshal(r.Standing)
	if err != nil {
		panic(err) // texts, numbers and times only
	}
	if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO standing (one, data) VALUES (1, ?)`,
		string(data)); err != nil {
		return err
	}
	return execEach(ctx, tx, `DELETE FROM confirmed WHERE person = ?`, r.Confirmed,
		func(p string) []any { return []any{p} })
}

// execEach runs the statement once for each row.
func execEach[T any](ctx context.Context, tx *sql.Tx, statement string, rows []T, args func(T) []any) error {
	if len(rows) == 0 {
		return nil
	}
	st, err := tx.PrepareContext(ctx, statement)
	if err != nil {
		return err
	}
	defer st.Close()
	for _, r := range rows {
		if _, err := st.ExecContext(ctx, args(r)...); err != nil {
			return err
		}
	}
	return nil
}

// length is d in nanoseconds, NULL where it is not known.
func length(d *time.Duration) sql.NullInt64 {
	if d == nil {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: int64(*d), Valid: true}
}

// duration is what length wrote.
func duration(n sql.NullInt64) *time.Duration {
	if !n.Valid {
		return nil
	}
	d := time.Duration(n.Int64)
	return &d
}

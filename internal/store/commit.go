package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
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
// its row. The outcomes of a pair's week replace those that are not final yet. Where the journal has all that, nothing
// is written, and the file is not locked.
func (s *Store) Commit(ctx context.Context, r reconcile.Record) error {
	if err := s.vanished(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	commit := func(tx *sql.Tx) error { return s.commit(ctx, tx, r) }
	// What is written first takes the write lock. That fails at once where somebody else has it, or has written since
	// this began: then it is taken before anything is read, and waited for.
	err := s.write(ctx, unlocked, commit)
	if isBusy(err) {
		err = s.write(ctx, locked, commit)
	}
	if err != nil {
		return s.fail("commit", err)
	}
	return nil
}

// commit writes what differs from what the journal holds.
func (s *Store) commit(ctx context.Context, tx *sql.Tx, r reconcile.Record) error {
	if err := s.refresh(ctx, tx); err != nil {
		return err
	}
	for _, f := range []func(context.Context, *sql.Tx, reconcile.Record) error{
		s.putRound, s.putSnapshots, s.putPeople, s.putFlags, s.putMoments, s.putOutcomes, s.putPending, s.putTries,
		s.putOutages, s.putStanding, s.putStatuses,
	} {
		if err := f(ctx, tx, r); err != nil {
			return err
		}
	}
	return nil
}

// putRound notes that there was a round: when is not read.
func (s *Store) putRound(ctx context.Context, tx *sql.Tx, r reconcile.Record) error {
	if !s.memory.Empty {
		return nil
	}
	s.touch("rounds")
	_, err := tx.ExecContext(ctx, `INSERT INTO rounds (one, at, held_set, baseline) VALUES (1, ?, '', 0)`, micro(r.At))
	return err
}

func (s *Store) putSnapshots(ctx context.Context, tx *sql.Tx, r reconcile.Record) error {
	put, err := tx.PrepareContext(ctx,
		`INSERT OR REPLACE INTO snapshots (person, format, digest, data) VALUES (?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer put.Close()
	read, keep := maps.Clone(s.memory.Snapshots), maps.Clone(r.Timed)
	if keep == nil {
		keep = map[string]bool{}
	}
	s.memory.readings.leave(s.memory.digests)
	for _, person := range slices.Sorted(maps.Keys(r.Snapshots)) {
		x, known, sum := r.Snapshots[person], read[person], s.memory.digests[person]
		// Most calendars have not changed since the last round.
		if sum == "" || !x.Same(known) {
			text, err := encodeSnapshot(x.Snapshot())
			if err != nil {
				return fmt.Errorf("snapshot of %s: %w", person, err)
			}
			if is := digest(text); is != sum {
				s.touch("snapshots", person)
				data, err := pack(text)
				if err == nil {
					_, err = put.ExecContext(ctx, person, snapshotFormat, is, data)
				}
				if err != nil {
					return err
				}
				keep[person], sum = true, is
			}
		}
		now := reading{instant(micro(x.At)), instant(micro(x.FullAt)), x.Cursor}
		s.memory.readings.take(person, sum, now)
		known.At, known.FullAt, known.Cursor = now.at, now.full, now.cursor
		read[person] = known
	}
	s.memory.Snapshots = read
	if err := s.putReadings(ctx, tx, keep); err != nil {
		return err
	}
	if err := execEach(ctx, tx, `INSERT OR REPLACE INTO interests (person, hash, data) VALUES (?, ?, ?)`,
		slices.Sorted(maps.Keys(r.Interests)), func(person string) []any {
			s.touch("interests", person)
			in := r.Interests[person]
			in.Confirmed = false // that is of one reading
			data, err := json.Marshal(in)
			if err != nil {
				panic(err) // texts only
			}
			return []any{person, in.Hash(), string(data)}
		}); err != nil {
		return err
	}
	for _, table := range []string{"snapshots", "readings", "interests"} {
		if err := execEach(ctx, tx, `DELETE FROM `+table+` WHERE person = ?`, r.Forget, func(p string) []any {
			s.touch("snapshots", p)
			s.touch("interests", p)
			return []any{p}
		}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) putPeople(ctx context.Context, tx *sql.Tx, r reconcile.Record) error {
	return replace(ctx, s, tx, "people", 1, `DELETE FROM people WHERE id = ?`,
		`INSERT OR REPLACE INTO people (id, data) VALUES (?, ?)`, s.memory.People, r.People,
		func(id string, p series.Person) []any {
			data, err := json.Marshal(p)
			if err != nil {
				panic(err) // strings, numbers and days only
			}
			return []any{id, string(data)}
		})
}

// replace makes what the table has, which is have, what is wanted. A row begins with the columns of its key, which are
// so many: they are what remove takes.
func replace[K comparable, V any](
	ctx context.Context, s *Store, tx *sql.Tx, table string, columns int, remove, put string, have, want map[K]V,
	row func(K, V) []any,
) error {
	var gone, changed []K
	for k := range have {
		if _, still := want[k]; !still {
			s.touch(table, k)
			gone = append(gone, k)
		}
	}
	for k, v := range want {
		if was, ok := have[k]; !ok || !reflect.DeepEqual(was, v) && !slices.Equal(row(k, was), row(k, v)) {
			s.touch(table, k)
			changed = append(changed, k)
		}
	}
	if err := execEach(ctx, tx, remove, gone, func(k K) []any { return row(k, have[k])[:columns] }); err != nil {
		return err
	}
	return execEach(ctx, tx, put, changed, func(k K) []any { return row(k, want[k]) })
}

func (s *Store) putFlags(ctx context.Context, tx *sql.Tx, r reconcile.Record) error {
	const put = `INSERT INTO flags (id, manager, report, generation, kind, occurrence, from_text, to_text, detail,
			by_whom, notice, since, state)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open')
		ON CONFLICT (id) DO UPDATE SET from_text = excluded.from_text, to_text = excluded.to_text,
			detail = excluded.detail, by_whom = excluded.by_whom,
			notice = excluded.notice, since = excluded.since,
			state = CASE state WHEN 'closed' THEN 'open' ELSE state END,
			closed = NULL`
	open := map[string]drift.Flag{}
	for _, f := range slices.Concat(r.Edges.Opened, r.Edges.Changed, r.Open) { // what Open says of one counts
		open[f.ID()] = f
	}
	for _, f := range s.memory.Open {
		if o, still := open[f.ID()]; still && slices.Equal(flagRow(f), flagRow(o)) {
			delete(open, f.ID())
		}
	}
	if len(open)+len(r.Edges.Closed) > 0 {
		s.touch("flags")
	}
	ids := slices.Sorted(maps.Keys(open))
	if err := execEach(ctx, tx, `DELETE FROM acknowledged
		WHERE flag = ? AND EXISTS (SELECT 1 FROM flags WHERE id = flag AND state = 'closed')`, ids,
		func(id string) []any { return []any{id} }); err != nil {
		return err
	}
	if err := execEach(ctx, tx, put, ids, func(id string) []any { return flagRow(open[id]) }); err != nil {
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

func (s *Store) putOutcomes(ctx context.Context, tx *sql.Tx, r reconcile.Record) error {
	if slices.EqualFunc(r.Outcomes, s.memory.outcomes, sameOutcome) {
		return nil
	}
	// Of a pair whose outcomes are those that were committed last, each is there, or has lost to a final one for good.
	was, is := byPair(s.memory.outcomes), byPair(r.Outcomes)
	maps.DeleteFunc(is, func(p series.Pair, o []drift.Outcome) bool { return slices.EqualFunc(o, was[p], sameOutcome) })
	s.memory.outcomes = slices.Clone(r.Outcomes)
	changed, err := changedOutcomes(ctx, tx, is)
	if err != nil {
		return err
	}
	for _, o := range changed {
		s.touch("outcomes", o.Pair)
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
	if err := execEach(
		ctx,
		tx,
		`INSERT INTO outcomes (manager, report, week, occurrence, result, by_whom, notice, final)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET result = excluded.result, by_whom = excluded.by_whom, notice = excluded.notice,
			final = excluded.final WHERE final = 0`,
		changed,
		outcomeRow,
	); err != nil {
		return err
	}
	return rate(ctx, tx, slices.Collect(maps.Keys(byPair(changed))))
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

func byPair(outcomes []drift.Outcome) map[series.Pair][]drift.Outcome {
	out := map[series.Pair][]drift.Outcome{}
	for _, o := range outcomes {
		out[o.Pair] = append(out[o.Pair], o)
	}
	return out
}

func sameOutcome(a, b drift.Outcome) bool {
	x, y := length(a.Notice), length(b.Notice)
	a.Notice, b.Notice = nil, nil
	return a == b && x == y
}

// changedOutcomes are those of the weeks of a pair of which the journal has others.
func changedOutcomes(
	ctx context.Context, tx *sql.Tx, of map[series.Pair][]drift.Outcome,
) ([]drift.Outcome, error) {
	outcomes := slices.Concat(slices.Collect(maps.Values(of))...)
	if len(outcomes) == 0 {
		return nil, nil
	}
	first := slices.MinFunc(outcomes, func(a, b drift.Outcome) int {
		return strings.Compare(a.Week.String(), b.Week.String())
	})
	rows, err := query(ctx, tx, scanOutcome, outcomeColumns+` WHERE week >= ? AND `+among(pairKey), first.Week.String(),
		list(maps.Keys(of)))
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
	return slices.DeleteFunc(outcomes, func(o drift.Outcome) bool {
		of := week{o.Pair, o.Week}
		return !other[of] && left[of] == 0
	}), nil
}

func (s *Store) putPending(ctx context.Context, tx *sql.Tx, r reconcile.Record) error {
	return replace(ctx, s, tx, "pending", 1, `DELETE FROM pending WHERE flag = ?`,
		`INSERT OR REPLACE INTO pending (flag, times, by_whom, since) VALUES (?, ?, ?, ?)`, s.memory.Pending, r.Pending,
		func(id string, p reconcile.Pending) []any { return []any{id, p.Times, string(p.By), micro(p.Since)} })
}

func (s *Store) putTries(ctx context.Context, tx *sql.Tx, r reconcile.Record) error {
	return replace(ctx, s, tx, "tries", 4,
		`DELETE FROM tries WHERE manager = ? AND report = ? AND calendar = ? AND uid = ?`,
		`INSERT OR REPLACE INTO tries (manager, report, calendar, uid, what, rounds) VALUES (?, ?, ?, ?, ?, ?)`,
		s.memory.Tries, r.Tries, func(to plan.Target, t plan.Try) []any {
			return []any{to.Pair.Manager, to.Pair.Report, to.Calendar, to.UID, t.What, t.Rounds}
		})
}

func (s *Store) putOutages(ctx context.Context, tx *sql.Tx, r reconcile.Record) error {
	const remove = `DELETE FROM outages WHERE subject = ?`
	if err := execEach(ctx, tx, remove, s.memory.strange, func(of string) []any {
		s.touch("outages")
		return []any{of}
	}); err != nil {
		return err
	}
	return replace(ctx, s, tx, "outages", 1, remove,
		`INSERT OR REPLACE INTO outages (subject, since, kind, cause, text, hint) VALUES (?, ?, ?, ?, ?, ?)`,
		s.memory.Outages, r.Outages, func(of reconcile.Subject, o reconcile.Outage) []any {
			return []any{of.String(), micro(o.Since), o.Kind, o.Cause, o.Text, o.Hint}
		})
}

func (s *Store) putStanding(ctx context.Context, tx *sql.Tx, r reconcile.Record) error {
	data, err := json.Marshal(r.Standing)
	if err != nil {
		panic(err) // texts, numbers and times only
	}
	if string(data) != s.memory.standing {
		s.touch("standing")
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO standing (one, data) VALUES (1, ?)`,
			string(data)); err != nil {
			return err
		}
	}
	return execEach(ctx, tx, `DELETE FROM confirmed WHERE person = ?`, r.Confirmed, func(p string) []any {
		s.touch("confirmed")
		return []any{p}
	})
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

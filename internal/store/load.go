package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// Load gives all that a round starts from, as of one moment; it reads what has changed since this Store last did. A
// snapshot that this program cannot read is left out: the next observation is then a full listing. What the maps hold
// is shared with later Loads, and so are all maps but Documents and Outages: nobody may write to them.
func (s *Store) Load(ctx context.Context) (reconcile.Memory, error) {
	if err := s.vanished(); err != nil {
		return reconcile.Memory{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return reconcile.Memory{}, s.fail("load", err)
	}
	defer tx.Rollback() // nothing was written
	if err := s.refresh(ctx, tx); err != nil {
		return reconcile.Memory{}, s.fail("load", err)
	}
	m := s.memory.Memory
	m.Documents, m.Outages = maps.Clone(m.Documents), maps.Clone(m.Outages)
	m.Open, m.Recent = slices.Clip(m.Open), slices.Clip(m.Recent)
	return m, nil
}

func (l *loader) load(ctx context.Context, now time.Time) error {
	return errors.Join(
		l.part(ctx, "rounds", "", func(map[any]bool) { l.Empty = true }, l.round, `SELECT 1 FROM rounds WHERE %s`),
		l.part(ctx, "snapshots", "person", func(keys map[any]bool) {
			without(&l.Snapshots)(keys)
			without(&l.digests)(keys)
			without(&l.readings.kept)(keys)
		}, func(r *sql.Rows) error { return l.snapshot(ctx, r) },
			`SELECT person, at, full_at, cursor, format, digest FROM snapshots JOIN readings USING (person) WHERE %s`),
		l.part(ctx, "interests", "person", without(&l.Interests), l.interest,
			`SELECT person, hash FROM interests WHERE %s`),
		l.part(ctx, "people", "id", without(&l.People), l.person, `SELECT id, data FROM people WHERE %s`),
		l.part(ctx, "outcomes", pairKey, without(&l.Frozen), l.frozen, `SELECT manager, report, max(week) FROM outcomes
			WHERE final = 1 AND week < ? AND %s GROUP BY manager, report`,
			series.DateOf(now.AddDate(0, 0, 7)).Week().String()), // a clock that once ran ahead froze weeks to come
		l.part(ctx, "pending", "", without(&l.Pending), l.pending,
			`SELECT flag, times, by_whom, since FROM pending WHERE %s`),
		l.part(ctx, "tries", "", without(&l.Tries), l.try,
			`SELECT manager, report, calendar, uid, what, rounds FROM tries WHERE %s`),
		l.part(ctx, "outages", "", func(keys map[any]bool) { without(&l.Outages)(keys); l.strange = nil }, l.outage,
			outageColumns+` WHERE %s`),
		l.part(ctx, "origin", "", func(map[any]bool) { l.Origin = reconcile.Origin{} }, l.origin,
			originColumns+` WHERE %s`),
		l.part(ctx, "documents", pairKey, without(&l.Documents), l.document,
			`SELECT manager, report, data FROM documents WHERE %s`),
		l.part(ctx, "acts", pairKey, without(&l.Writes), l.write, `SELECT manager, report FROM acts a
			WHERE at >= ? AND %s AND (error IS NULL OR error IN ('conflict', 'permanent'))
			AND id > coalesce((SELECT max(id) FROM acts b WHERE b.manager = a.manager AND b.report = a.report AND b.allowed),
				0)`,
			micro(midnight(series.DateOf(now)))),
		l.part(ctx, "acts", "", func(map[any]bool) { l.Recent = nil }, l.recent,
			`SELECT change, manager, report, counts, max(mails) FROM acts WHERE at > ? AND %s AND NOT allowed AND change <> ''
			AND (error IS NULL OR error = 'transient') GROUP BY change ORDER BY change`, micro(now.Add(-plan.BrakeWindow))),
		l.part(ctx, "standing", "", func(map[any]bool) { l.Standing, l.standing = reconcile.Standing{}, "" }, l.stands,
			`SELECT data FROM standing WHERE %s`),
		l.part(ctx, "confirmed", "", without(&l.Confirmed), l.confirmed, `SELECT person FROM confirmed WHERE %s`),
		l.part(ctx, "versions", pairKey, without(&l.TimesSeen), l.times,
			`SELECT manager, report, times FROM versions WHERE %s ORDER BY n DESC`),
		l.part(ctx, "allowances", "", without(&l.Allowed), l.allowed,
			`SELECT change, digest, until FROM allowances WHERE until > ? AND %s`, micro(now)),
		l.part(ctx, "flags", "", func(map[any]bool) { l.Open = nil }, l.open, flagColumns+` WHERE `+openFlags+`
			AND %s ORDER BY `+flagOrder),
	)
}

func (l *loader) round(*sql.Rows) error {
	l.Empty = false
	return nil
}

// snapshot takes the person's, decoded only where it is not the one that was decoded before. One that cannot be read is
// listed anew.
func (l *loader) snapshot(ctx context.Context, r *sql.Rows) error {
	var person, cursor, format, digest string
	var at, full int64
	if err := r.Scan(&person, &at, &full, &cursor, &format, &digest); err != nil {
		return err
	}
	x := l.was.Snapshots[person]
	if l.was.digests[person] != digest {
		var data []byte
		err := l.tx.QueryRowContext(ctx, `SELECT data FROM snapshots WHERE person = ?`, person).Scan(&data)
		if err != nil {
			return err
		}
		s, err := decodeSnapshot(data)
		if err != nil || !upgrade(format, &s) {
			return nil
		}
		x = series.Pack(s)
	}
	l.readings.kept[person] = reading{instant(at), instant(full), cursor}
	last := l.readings.of(person, digest, l.readings.kept[person])
	x.At, x.FullAt, x.Cursor = last.at, last.full, last.cursor
	if l.Snapshots[person] = x; format == strconv.Itoa(snapshotFormat) { // else it is to be written in today's
		l.digests[person] = digest
	}
	return nil
}

func (l *loader) interest(r *sql.Rows) error {
	var person, hash string
	err := r.Scan(&person, &hash)
	l.Interests[person] = hash
	return err
}

func (l *loader) person(r *sql.Rows) error {
	var id string
	var data []byte
	if err := r.Scan(&id, &data); err != nil {
		return err
	}
	var p series.Person
	if err := json.Unmarshal(data, &p); err != nil {
		return fmt.Errorf("person %s: %w", id, err)
	}
	l.People[id] = p
	return nil
}

func (l *loader) frozen(r *sql.Rows) error {
	var p series.Pair
	var week string
	if err := r.Scan(&p.Manager, &p.Report, &week); err != nil {
		return err
	}
	w, err := series.ParseWeek(week)
	l.Frozen[p] = w
	return err
}

func (l *loader) pending(r *sql.Rows) error {
	var id string
	var p reconcile.Pending
	var since int64
	err := r.Scan(&id, &p.Times, &p.By, &since)
	p.Since = instant(since)
	l.Pending[id] = p
	return err
}

func (l *loader) try(r *sql.Rows) error {
	var to plan.Target
	var t plan.Try
	err := r.Scan(&to.Pair.Manager, &to.Pair.Report, &to.Calendar, &to.UID, &t.What, &t.Rounds)
	l.Tries[to] = t
	return err
}

func (l *loader) outage(r *sql.Rows) error {
	var of string
	var o reconcile.Outage
	var since int64
	err := r.Scan(&of, &since, &o.Kind, &o.Cause, &o.Text, &o.Hint)
	o.Since = instant(since)
	if s, ok := reconcile.ParseSubject(of); ok {
		l.Outages[s] = o
	} else { // another version's: it is found again or is no more
		l.strange = append(l.strange, of)
	}
	return err
}

func (l *loader) write(r *sql.Rows) error {
	p, err := scanPair(r)
	l.Writes[p]++
	return err
}

func (l *loader) times(r *sql.Rows) error {
	var p series.Pair
	var times string
	err := r.Scan(&p.Manager, &p.Report, &times)
	l.TimesSeen[p] = append(l.TimesSeen[p], times)
	return err
}

func (l *loader) allowed(r *sql.Rows) error {
	var id string
	var a reconcile.Allowance
	var until int64
	err := r.Scan(&id, &a.Digest, &until)
	a.Until = instant(until)
	l.Allowed[id] = a
	return err
}

func (l *loader) recent(r *sql.Rows) error {
	var c plan.Recent
	err := r.Scan(&c.ID, &c.Pair.Manager, &c.Pair.Report, &c.Counts, &c.Mails)
	l.Recent = append(l.Recent, c)
	return err
}

func (l *loader) stands(r *sql.Rows) error {
	if err := r.Scan(&l.standing); err != nil {
		return err
	}
	return json.Unmarshal([]byte(l.standing), &l.Standing)
}

func (l *loader) open(r *sql.Rows) error {
	f, err := scanFlag(r)
	f.Moment = drift.Moment{} // a round finds its own
	l.Open = append(l.Open, f.Flag)
	return err
}

func (l *loader) confirmed(r *sql.Rows) error {
	var person string
	err := r.Scan(&person)
	l.Confirmed[person] = true
	return err
}

// midnight is the first instant of d in UTC.
func midnight(d series.Date) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

const (
	flagFields = `SELECT manager, report, generation, kind, occurrence, from_text, to_text, detail, by_whom, notice,
		since, state, closed, moment,
		(SELECT group_concat(person, ' ' ORDER BY person) FROM acknowledged WHERE flag = flags.id)`
	flagColumns = flagFields + ` FROM flags`
	openFlags   = `state IN ('open', 'acknowledged')`
	flagOrder   = `state = 'closed', since, manager, report, occurrence, kind, generation`
)

func scanFlag(r *sql.Rows) (reconcile.FlagRow, error) { return scanFlagAnd(r) }

// scanFlagAnd scans flagColumns, and what stands after them into more.
func scanFlagAnd(r *sql.Rows, more ...any) (f reconcile.FlagRow, err error) {
	var occurrence, from, to, moment string
	var notice, closed sql.NullInt64
	var acknowledged sql.NullString
	var since int64
	err = r.Scan(append([]any{
		&f.Pair.Manager,
		&f.Pair.Report,
		&f.Generation,
		&f.Kind,
		&occurrence,
		&from,
		&to,
		&f.Detail,
		&f.By,
		&notice,
		&since,
		&f.State,
		&closed,
		&moment,
		&acknowledged,
	}, more...)...)
	if err != nil {
		return f, err
	}
	var m momentJSON
	if err := json.Unmarshal([]byte(moment), &m); err != nil {
		return f, fmt.Errorf("moment of flag %s: %w", f.ID(), err)
	}
	f.Moment = drift.Moment(m)
	// What another version wrote and this one does not know is nothing: the next round says it anew.
	f.From, _ = series.ParseAspect(from)
	f.To, _ = series.ParseAspect(to)
	f.Notice, f.Since = duration(notice), instant(since)
	if closed.Valid {
		f.Closed = instant(closed.Int64)
	}
	if acknowledged.Valid {
		f.Acknowledged = strings.Fields(acknowledged.String)
	}
	return f, f.Occurrence.UnmarshalText([]byte(occurrence))
}

// Flags are the flags, open first, then by since; closed ones too with all.
func (s *Store) Flags(ctx context.Context, all bool) ([]reconcile.FlagRow, error) {
	flags, err := query(ctx, s.db, scanFlag, flagColumns+` WHERE state <> 'closed' OR ? ORDER BY `+flagOrder, all)
	if err != nil {
		return nil, s.fail("flags", err)
	}
	return flags, nil
}

// Outcomes are the recorded outcomes of the weeks from that of the day on, of one pair unless it is zero, by week, pair
// and day. Final ones and those of weeks that still run are among them.
func (s *Store) Outcomes(ctx context.Context, pair series.Pair, since series.Date) ([]drift.Outcome, error) {
	week := ""
	if !since.IsZero() {
		week = since.Week().String()
	}
	those, names := named(pair.String())
	outcomes, err := query(ctx, s.db, scanOutcome, outcomeColumns+`
		WHERE week >= ? AND `+those+` ORDER BY week, manager, report, occurrence`, append([]any{week}, names...)...)
	if err != nil {
		return nil, s.fail("outcomes", err)
	}
	return outcomes, nil
}

// History are the outcomes that say something at now, from the week of the day on, of what of names ("mia/raj", a
// person, with "" everybody), as Outcomes has them: of weeks to come, those only that are not as they were booked.
func (s *Store) History(ctx context.Context, of string, since series.Date, now time.Time) ([]drift.Outcome, error) {
	week := ""
	if !since.IsZero() {
		week = since.Week().String()
	}
	those, names := named(of)
	outcomes, err := query(ctx, s.db, scanOutcome, outcomeColumns+`
		WHERE week >= ? AND (final = 1 OR week <= ? OR result <> ?) AND `+those+`
		ORDER BY week, manager, report, occurrence`,
		append([]any{week, series.DateOf(now.UTC()).Week().String(), string(drift.Kept)}, names...)...)
	if err != nil {
		return nil, s.fail("history", err)
	}
	return outcomes, nil
}

const outcomeColumns = `SELECT manager, report, week, occurrence, result, by_whom, notice, final FROM outcomes`

func scanOutcome(r *sql.Rows) (o drift.Outcome, err error) {
	var week, occurrence string
	var notice sql.NullInt64
	if err = r.Scan(&o.Pair.Manager, &o.Pair.Report, &week, &occurrence, &o.Result, &o.By, &notice, &o.Final); err != nil {
		return o, err
	}
	o.Notice = duration(notice)
	if o.Week, err = series.ParseWeek(week); err != nil {
		return o, err
	}
	return o, o.Occurrence.UnmarshalText([]byte(occurrence))
}

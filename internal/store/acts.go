package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"holdfast/internal/link"
	"holdfast/internal/provider"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// How much of a pair's past is kept for bringing a deleted series back.
const (
	versionsKept    = 10
	versionDaysKept = 90
)

// threadDays is how long a conversation is remembered that nothing is added to: a notice is of a week at most four
// weeks ahead.
const threadDays = 60

// Begin keeps e as it was before one of its writes (10 versions, 90 days; none where e is nil or is as the newest kept
// one) and records the act about to be done, in one transaction; it returns the act's number.
func (s *Store) Begin(ctx context.Context, act reconcile.Act, e *series.Event) (id int64, err error) {
	why, err := json.Marshal(act.Why)
	if err != nil {
		return 0, s.fail("begin", err)
	}
	err = s.inTx(ctx, "begin", func(tx *sql.Tx) error {
		s.touch("acts", act.Pair)
		if e != nil {
			if err := s.keepVersion(ctx, tx, act, *e); err != nil {
				return err
			}
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO acts (at, manager, report, action, generation, occurrence, from_text,
			to_text, why, mails, asked, change, counts, allowed)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, micro(act.At), act.Pair.Manager, act.Pair.Report,
			string(act.Action), act.Generation,
			act.Occurrence.String(), act.From.String(), act.To.String(), string(why), act.Mails, act.Asked,
			act.Change, string(act.Counts), act.Allowed)
		if err == nil {
			id, err = res.LastInsertId()
		}
		return err
	})
	return id, err
}

// keepVersion adds e to the kept versions of the act's pair. A write that fails every round must not push out older
// ones: what is as the newest one is not kept again.
func (s *Store) keepVersion(ctx context.Context, tx *sql.Tx, act reconcile.Act, e series.Event) error {
	text, err := encodeEvent(e)
	if err != nil {
		return fmt.Errorf("version: %w", err)
	}
	data, err := pack(text)
	if err != nil {
		return fmt.Errorf("version: %w", err)
	}
	m, r, sum := act.Pair.Manager, act.Pair.Report, digest(text)
	if _, err = tx.ExecContext(ctx, `INSERT INTO versions (manager, report, at, times, digest, data) SELECT ?1, ?2, ?3, ?4, ?5, ?6
		WHERE ?5 <> coalesce((SELECT digest FROM versions WHERE manager = ?1 AND report = ?2 ORDER BY n DESC LIMIT 1), '')`,
		m, r, micro(act.At), e.Times(), sum, data); err != nil {
		return err
	}
	gone, err := query(ctx, tx, scanPair, `DELETE FROM versions WHERE at < ?4 OR manager = ?1 AND report = ?2 AND n NOT IN
		(SELECT n FROM versions WHERE manager = ?1 AND report = ?2 ORDER BY n DESC LIMIT ?3) RETURNING manager, report`,
		m, r, versionsKept, micro(midnight(series.DateOf(act.At.UTC()).AddDays(-versionDaysKept))))
	for _, p := range append(gone, act.Pair) {
		s.touch("versions", p)
	}
	return err
}

func scanPair(r *sql.Rows) (p series.Pair, err error) {
	err = r.Scan(&p.Manager, &p.Report)
	return p, err
}

// Done records how the act went: of an error only its kind, because its text may tell what an event is about. What
// was let through and is done is let through no more.
func (s *Store) Done(ctx context.Context, id int64, at time.Time, failure error) error {
	return s.inTx(ctx, "done", func(tx *sql.Tx) error {
		var kind any
		if failure != nil {
			kind = provider.KindOf(failure).String()
		}
		of, err := query(ctx, tx, scanPair, `UPDATE acts SET done = ?, error = ? WHERE id = ? RETURNING manager, report`,
			micro(at), kind, id)
		for _, p := range of {
			s.touch("acts", p)
		}
		s.touch("allowances")
		if err == nil && (failure == nil || provider.KindOf(failure) == provider.Exists) { // or came true by itself
			_, err = tx.ExecContext(ctx, `DELETE FROM allowances WHERE change = (SELECT change FROM acts WHERE id = ?)`, id)
		}
		return err
	})
}

// Versions are the kept earlier versions of a pair's series, newest first. One that cannot be read is left out.
func (s *Store) Versions(ctx context.Context, pair series.Pair) ([]reconcile.Version, error) {
	var out []reconcile.Version
	err := eachRow(ctx, s.db, func(r *sql.Rows) error {
		var at int64
		var data []byte
		if err := r.Scan(&at, &data); err != nil {
			return err
		}
		if e, err := decodeEvent(data); err == nil {
			out = append(out, reconcile.Version{At: instant(at), Event: e})
		}
		return nil
	}, `SELECT at, data FROM versions WHERE manager = ? AND report = ? ORDER BY n DESC`, pair.Manager, pair.Report)
	if err != nil {
		return nil, s.fail(fmt.Sprintf("versions of %s", pair), err)
	}
	return out, nil
}

// Allow lets the changes through until the time: by id, each as long as it has the digest.
func (s *Store) Allow(ctx context.Context, changes map[string]string, until time.Time) error {
	return s.inTx(ctx, "allow", func(tx *sql.Tx) error {
		s.touch("allowances")
		if err := s.unfound(ctx, tx); err != nil {
			return err
		}
		return execEach(ctx, tx, `INSERT OR REPLACE INTO allowances (change, digest, until) VALUES (?, ?, ?)`,
			slices.Sorted(maps.Keys(changes)),
			func(id string) []any { return []any{id, changes[id], micro(until)} })
	})
}

// Disallow takes back what was let through and is not done yet, with no ids all of it; it returns the ids.
func (s *Store) Disallow(ctx context.Context, ids ...string) (gone []string, err error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, s.fail("disallow", err)
	}
	err = s.inTx(ctx, "disallow", func(tx *sql.Tx) error {
		s.touch("allowances")
		if err := s.unfound(ctx, tx); err != nil {
			return err
		}
		gone, err = query(ctx, tx, func(r *sql.Rows) (id string, err error) { return id, r.Scan(&id) },
			`DELETE FROM allowances WHERE ?1 OR change IN (SELECT value FROM json_each(?2)) RETURNING change`, len(ids) == 0,
			string(list))
		slices.Sort(gone)
		return err
	})
	return gone, err
}

// ConfirmEmpty records that what is missing from the person's calendar counts as deleted, when it is next read.
func (s *Store) ConfirmEmpty(ctx context.Context, person string) error {
	return s.inTx(ctx, "confirm", func(tx *sql.Tx) error {
		s.touch("confirmed", person)
		_, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO confirmed (person) VALUES (?)`, person)
		return errors.Join(err, s.unfound(ctx, tx))
	})
}

// spent is what was told and is of no use any more: the ids of notices go on from the last of each kind, and what
// stands would be told anew.
const spent = `n NOT IN (SELECT max(n) FROM told GROUP BY reader, kind)
	AND NOT (n IN (SELECT max(n) FROM told GROUP BY reader, key) AND (key LIKE 'lost|%'
		OR EXISTS (SELECT 1 FROM flags WHERE id = key AND ` + openFlags + `)
		OR EXISTS (SELECT 1 FROM matters WHERE key = told.key AND NOT closed)))`

// expiredKept is how long a token that has expired is still listed, so that it shows why it stopped working.
const expiredKept = 30 * 24 * time.Hour

// Prune removes what is older than Options.KeepDays: closed flags with their history, outcomes, acts, deeds, notices
// and visits; and versions past their 90 days, allowances, sessions, sign-in links and tokens that have lapsed. It
// returns how many rows went.
func (s *Store) Prune(ctx context.Context) (removed int64, err error) {
	now := s.now().UTC()
	today := series.DateOf(now)
	before := today.AddDays(-s.keep)
	err = s.inTx(ctx, "prune", func(tx *sql.Tx) error {
		s.forget()
		for _, x := range []struct {
			where string
			limit any
		}{
			{`flags WHERE state = 'closed' AND closed < ?`, micro(midnight(before))},
			{`acts WHERE at < ?`, micro(midnight(before))},
			{`deeds WHERE at < ?`, micro(midnight(before))},
			{`told WHERE at < ? AND ` + spent, micro(midnight(before))},
			{`unsent WHERE at < ?`, micro(midnight(before))},
			{`matters WHERE (closed OR kind IN ('acted', 'ask', 'account')) AND changed < ?`, micro(midnight(before))},
			{`threads WHERE at < ?`, micro(midnight(today.AddDays(-threadDays)))},
			{`used_links WHERE at < ?`, micro(now.Add(-link.Lifetime))},
			{`versions WHERE at < ?`, micro(midnight(today.AddDays(-versionDaysKept)))},
			{`allowances WHERE until <= ?`, micro(now)},
			{`quarters WHERE first < ?`, before.String()},
			{`visits WHERE at < ?`, micro(midnight(before))},
			{`sessions WHERE expires <= ?`, micro(now)},
			{`sign_ins WHERE until <= ?`, micro(now)}, // those of the last hour are counted
			{`tokens WHERE expires > 0 AND expires < ?`, micro(now.Add(-expiredKept))},
		} {
			res, err := tx.ExecContext(ctx, `DELETE FROM `+x.where, x.limit)
			if err != nil {
				return err
			}
			n, err := res.RowsAffected()
			if err != nil {
				return err
			}
			removed += n
		}
		of, err := query(ctx, tx, scanPair, `DELETE FROM outcomes WHERE week < ? RETURNING manager, report`,
			before.Week().String())
		if err != nil {
			return err
		}
		removed += int64(len(of))
		slices.SortFunc(of, series.Pair.Compare)
		return rate(ctx, tx, slices.Compact(of))
	})
	return removed, err
}

package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/notify"
	"holdfast/internal/outbox/ledger"
	"holdfast/internal/series"
)

const (
	toldColumns = `SELECT notice, kind, urgent, channel, at, thread, manager, report, key, state FROM told`
	// toldDays is for how many days all is asked for that a reader was told; of what is older, the last of each matter,
	// kind and thread.
	toldDays = 15
	// closedOf are the flags that closed after the reader was told of them.
	closedOf = `state = 'closed' AND id IN (SELECT key FROM told AS t WHERE reader = ?1 AND notice <> ''
		AND state <> 'closed'
		AND n = (SELECT max(n) FROM told WHERE reader = t.reader AND key = t.key))`
	noticeWeeks = 26
	// pausing is how long a notice may have been let be before it is tried anew: more than a night. Its id may be that of
	// another by then, of which the reader was not told either.
	pausing = 20 * time.Hour
)

// Facts is outbox.Journal's. Admins' channels, whose ids have a colon as no person's has, get what is of all pairs,
// too.
func (s *Store) Facts(ctx context.Context, reader string, now time.Time) (ledger.Facts, error) {
	f := ledger.Facts{Unreached: map[string]string{}, Names: map[string]ledger.Name{}}
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return f, s.fail("facts of "+reader, err)
	}
	defer tx.Rollback() // nothing was written
	var rows []statusData
	today := series.DateOf(now.UTC())
	err = errors.Join(
		part(ctx, tx, &rows, scanStatus,
			`SELECT manager, report, data, kept FROM statuses WHERE manager = ?1 OR report = ?1
				ORDER BY manager, report`, reader),
		part(ctx, tx, &f.Flags, scanNoticed, noticedColumns+` WHERE (manager = ?1 OR report = ?1) AND (`+openFlags+
			` OR `+closedOf+`) ORDER BY `+flagOrder, reader),
		part(ctx, tx, &f.Outcomes, scanOutcome, outcomeColumns+` WHERE week >= ?2 AND (manager = ?1 OR report = ?1)
			ORDER BY week, manager, report, occurrence`, reader, today.AddDays(-7*noticeWeeks).Week().String()),
		part(ctx, tx, &f.Matters, scanMatter, matterColumns+` WHERE manager = ?1 OR report = ?1 OR manager = ''
			OR instr(?1, ':') AND kind IN (?2, ?3) ORDER BY changed, key`, reader, string(notify.Held), string(notify.State)),
		part(ctx, tx, &f.Told, scanTold, toldColumns+` WHERE reader = ?1 AND (at >= ?2
			OR n IN (SELECT max(n) FROM told WHERE reader = ?1 GROUP BY key)
			OR n IN (SELECT max(n) FROM told WHERE reader = ?1 GROUP BY kind)
			OR n IN (SELECT max(n) FROM told WHERE reader = ?1 GROUP BY thread)) ORDER BY n`,
			reader, micro(midnight(today.AddDays(-toldDays)))),
		part(ctx, tx, &f.Threads, func(r *sql.Rows) (t ledger.Thread, err error) {
			return t, r.Scan(&t.Channel, &t.Root, &t.Subject, &t.Key)
		}, `SELECT channel, root, subject, key FROM threads WHERE reader = ?`, reader),
		func() (err error) {
			f.Wishes, err = wishes(ctx, tx, reader)
			return err
		}(),
		func() (err error) {
			f.Stood, err = stood(ctx, tx)
			return err
		}(),
		eachRow(ctx, tx, func(r *sql.Rows) error {
			var channel, address string
			err := r.Scan(&channel, &address)
			f.Unreached[channel] = address
			return err
		}, `SELECT channel, address FROM unreached WHERE reader = ?`, reader),
		eachRow(ctx, tx, func(r *sql.Rows) error {
			var channel string
			var n ledger.Name
			err := r.Scan(&channel, &n.Address, &n.Name)
			f.Names[channel] = n
			return err
		}, `SELECT channel, address, name FROM chat_names WHERE reader = ?`, reader),
	)
	if err == nil {
		f.Rows, err = decodeStatuses(rows)
	}
	if err != nil {
		return f, s.fail("facts of "+reader, err)
	}
	return f, nil
}

// part is query into a variable.
func part[T any](ctx context.Context, db querier, to *[]T, scan func(*sql.Rows) (T, error), q string, args ...any) (
	err error) {
	*to, err = query(ctx, db, scan, q, args...)
	return err
}

const noticedColumns = flagFields + `, coalesce((SELECT max(at) FROM edges WHERE flag = flags.id), since),
	(SELECT group_concat(person, ' ' ORDER BY person) FROM acknowledged
		WHERE flag = flags.id AND seen = ` + asItStands + `) FROM flags`

func scanNoticed(r *sql.Rows) (f ledger.Flag, err error) {
	var changed int64
	var seen sql.NullString
	f.FlagRow, err = scanFlagAnd(r, &changed, &seen)
	if f.Changed = instant(changed); seen.Valid {
		f.Seen = strings.Fields(seen.String)
	}
	return f, err
}

func scanTold(r *sql.Rows) (t notify.Told, err error) {
	var at int64
	err = r.Scan(&t.Notice, &t.Kind, &t.Urgent, &t.Channel, &at, &t.Thread, &t.Pair.Manager, &t.Pair.Report, &t.Key,
		&t.State)
	t.At = instant(at)
	return t, err
}

// matterJSON is what the columns of the table of matters do not have of one.
type matterJSON struct {
	Flag  flagJSON  `json:",omitzero"`
	Says  string    `json:",omitzero"`
	Old   time.Time `json:",omitzero"`
	New   time.Time `json:",omitzero"`
	Until time.Time `json:",omitzero"`
}

// flagJSON is as much of a flag as a matter about it needs.
type flagJSON struct {
	Generation int
	Kind       drift.Kind
	Occurrence series.Date
	From, To   string
}

const matterColumns = `SELECT key, kind, manager, report, owners, data, changed, closed FROM matters`

func scanMatter(r *sql.Rows) (m notify.Matter, err error) {
	var data string
	var changed int64
	var owners string
	err = r.Scan(&m.Key, &m.Kind, &m.Pair.Manager, &m.Pair.Report, &owners, &data, &changed, &m.Closed)
	m.Owners = strings.Fields(owners)
	if err != nil {
		return m, err
	}
	var x matterJSON
	if err := json.Unmarshal([]byte(data), &x); err != nil {
		return m, fmt.Errorf("matter %s: %w", m.Key, err)
	}
	m.Changed, m.Says, m.Old, m.New, m.Until = instant(changed), x.Says, x.Old, x.New, x.Until
	if f := x.Flag; f.Kind != "" {
		m.Flag = drift.Flag{Pair: m.Pair, Generation: f.Generation, Kind: f.Kind, Occurrence: f.Occurrence}
		m.Flag.From, _ = series.ParseAspect(f.From)
		m.Flag.To, _ = series.ParseAspect(f.To)
	}
	return m, nil
}

// Matters is outbox.Journal's.
func (s *Store) Matters(ctx context.Context) (map[string]notify.Matter, error) {
	all, err := query(ctx, s.db, scanMatter, matterColumns)
	if err != nil {
		return nil, s.fail("matters", err)
	}
	out := make(map[string]notify.Matter, len(all))
	for _, m := range all {
		out[m.Key] = m
	}
	return out, nil
}

// SetMatters is outbox.Journal's.
func (s *Store) SetMatters(ctx context.Context, set []notify.Matter, forget []string) error {
	if len(set)+len(forget) == 0 {
		return nil
	}
	return s.inTx(ctx, "matters", func(tx *sql.Tx) error {
		s.touch("matters")
		err := execEach(ctx, tx, `DELETE FROM matters WHERE key = ?`, forget, func(key string) []any { return []any{key} })
		if err != nil {
			return err
		}
		for _, m := range set {
			x := matterJSON{Says: m.Says, Old: m.Old, New: m.New, Until: m.Until}
			if f := m.Flag; f.Kind != "" {
				x.Flag = flagJSON{f.Generation, f.Kind, f.Occurrence, f.From.String(), f.To.String()}
			}
			data, err := json.Marshal(x)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO matters
				(key, kind, manager, report, owners, data, changed, closed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
				m.Key, string(m.Kind), m.Pair.Manager, m.Pair.Report, strings.Join(m.Owners, " "), string(data),
				micro(m.Changed), m.Closed,
			); err != nil {
				return err
			}
		}
		return nil
	})
}

// Stood is outbox.Journal's.
func (s *Store) Stood(ctx context.Context) (at time.Time, err error) {
	if at, err = stood(ctx, s.db); err != nil {
		return at, s.fail("baseline", err)
	}
	return at, nil
}

func stood(ctx context.Context, db querier) (at time.Time, err error) {
	err = eachRow(ctx, db, func(r *sql.Rows) error {
		var n int64
		err := r.Scan(&n)
		at = instant(n)
		return err
	}, `SELECT at FROM rounds WHERE NOT baseline`)
	return at, err
}

// SetBaseline is outbox.Journal's.
func (s *Store) SetBaseline(ctx context.Context) error {
	return s.inTx(ctx, "baseline", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE rounds SET baseline = 1`)
		return err
	})
}

// Record is outbox.Journal's.
func (s *Store) Record(ctx context.Context, reader string, told []notify.Told, sent ledger.Sent) error {
	return s.inTx(ctx, "told", func(tx *sql.Tx) error {
		s.touch("told")
		if err := execEach(ctx, tx, `INSERT INTO told (reader, notice, channel, key, kind, urgent, at, thread, manager,
			report, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			told, func(t notify.Told) []any {
				return []any{reader, t.Notice, t.Channel, t.Key, string(t.Kind), t.Urgent, micro(t.At), t.Thread, t.Pair.Manager,
					t.Pair.Report, t.State}
			}); err != nil {
			return err
		}
		if err := execEach(ctx, tx, `DELETE FROM unsent WHERE reader = ? AND notice = ?`, told, func(t notify.Told) []any {
			return []any{reader, t.Notice}
		}); err != nil || sent.Channel == "" {
			return err
		}
		at := told[0].At
		if t := sent.Thread; t.Root != "" {
			if _, err := tx.ExecContext(ctx, `INSERT INTO threads (reader, channel, root, subject, key, at)
				VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET at = excluded.at,
				key = CASE key WHEN '' THEN excluded.key ELSE key END`,
				reader, sent.Channel, t.Root, t.Subject, t.Key, micro(at)); err != nil {
				return err
			}
		}
		if n := sent.Name; n.Name != "" {
			if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO chat_names (reader, channel, address, name)
				VALUES (?, ?, ?, ?)`, reader, sent.Channel, n.Address, n.Name); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM unreached WHERE reader = ? AND channel = ?`, reader, sent.Channel)
		return err
	})
}

// Unsent is outbox.Journal's.
func (s *Store) Unsent(ctx context.Context, u ledger.Unsent) (since time.Time, err error) {
	err = s.inTx(ctx, "unsent", func(tx *sql.Tx) error {
		s.touch("unsent")
		var at int64
		err := tx.QueryRowContext(ctx, `INSERT INTO unsent (notice, reader, since, at, why, over) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET at = excluded.at, why = excluded.why, over = excluded.over,
			since = CASE WHEN excluded.at - at > ? THEN excluded.since ELSE min(since, excluded.since) END RETURNING since`,
			u.Notice, u.Reader, micro(u.At), micro(u.At), u.Why, u.Over, pausing.Microseconds()).Scan(&at)
		since = instant(at)
		return err
	})
	return since, err
}

// SetUnreached is outbox.Journal's.
func (s *Store) SetUnreached(ctx context.Context, reader, channel, address string, at time.Time) error {
	return s.inTx(ctx, "unreached", func(tx *sql.Tx) error {
		s.touch("unreached")
		_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO unreached (reader, channel, address, since)
			VALUES (?, ?, ?, ?)`, reader, channel, address, micro(at))
		return err
	})
}

// Stop is outbox.Journal's. The link in a message that ends digests, or the day before, says the same as the person's
// page; one that takes this back has them wanted.
func (s *Store) Stop(ctx context.Context, reader string, kind notify.NoticeKind, stop bool, _ time.Time) error {
	column, ok := map[notify.NoticeKind]string{notify.Digest: "digest", notify.Prepare: "prepare"}[kind]
	if !ok {
		return s.fail("stop", fmt.Errorf("%q is sent unasked", kind))
	}
	return s.aside(ctx, "stop", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO wishes (person, `+column+`) VALUES (?, ?)
			ON CONFLICT DO UPDATE SET `+column+` = excluded.`+column, reader, !stop)
		return err
	})
}

// UseLink is outbox.Journal's.
func (s *Store) UseLink(ctx context.Context, digest string, at time.Time) (used bool, err error) {
	err = s.inTx(ctx, "use a link", func(tx *sql.Tx) error {
		s.touch("used_links")
		res, err := tx.ExecContext(ctx, `INSERT INTO used_links (digest, at) VALUES (?, ?) ON CONFLICT DO NOTHING`,
			digest, micro(at))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		used = n == 0
		return err
	})
	return used, err
}

// LinkUsed is outbox.Journal's.
func (s *Store) LinkUsed(ctx context.Context, digest string) (used bool, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM used_links WHERE digest = ?)`, digest).Scan(&used)
	if err != nil {
		return false, s.fail("used links", err)
	}
	return used, nil
}

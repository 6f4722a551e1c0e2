package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"holdfast/internal/outbox/ledger"
	"holdfast/internal/reconcile"
)

// Noticed is outbox.History's. It reads one moment of the journal, beside whoever writes it.
func (s *Store) Noticed(ctx context.Context, readers []string, since time.Time) (ledger.Noticed, error) {
	out := ledger.Noticed{Flags: map[string]reconcile.FlagRow{}}
	of, names := "", []byte(nil)
	if readers != nil {
		of = ` AND reader IN (SELECT value FROM json_each(?2))`
		names, _ = json.Marshal(readers)
	}
	args := []any{micro(since), string(names)}[:1+min(1, len(names))]
	those := `(at >= ?1 OR key IN (SELECT id FROM flags WHERE ` + openFlags + `))` + of
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return out, s.fail("notices", err)
	}
	defer tx.Rollback() // nothing was written
	var flags []reconcile.FlagRow
	err = errors.Join(
		part(ctx, tx, &out.Told, func(r *sql.Rows) (t ledger.To, err error) {
			var at int64
			err = r.Scan(&t.Reader, &t.Notice, &t.Kind, &t.Urgent, &t.Channel, &at, &t.Thread, &t.Pair.Manager, &t.Pair.Report,
				&t.Key, &t.State)
			t.At = instant(at)
			return t, err
		}, `SELECT reader, notice, kind, urgent, channel, at, thread, manager, report, key, state FROM told WHERE `+those+
			` ORDER BY n`, args...),
		part(ctx, tx, &flags, scanFlag, flagColumns+` WHERE id IN (SELECT key FROM told WHERE `+those+`)`, args...),
		part(ctx, tx, &out.Unsent, func(r *sql.Rows) (u ledger.Unsent, err error) {
			var at int64
			err = r.Scan(&u.Notice, &u.Reader, &at, &u.Why, &u.Over)
			u.At = instant(at)
			return u, err
		}, `SELECT notice, reader, at, why, over FROM unsent WHERE at >= ?1`+of+` ORDER BY at, reader, notice`, args...),
	)
	if err != nil {
		return out, s.fail("notices", err)
	}
	for _, f := range flags {
		out.Flags[f.ID()] = f
	}
	return out, nil
}

package store

import (
	"context"
	"database/sql"
	"time"

	"holdfast/internal/access"
)

// extendEvery is how far a session's end has to move before only that is written.
const extendEvery = 5 * time.Minute

// Sessions keeps who is signed in. It is a CtxStore of github.com/alexedwards/scs/v2; tokens are kept as digests.
type Sessions struct {
	s     *Store
	whose func(data []byte) string
}

// Sessions are those of the journal; whose is the person of the roster whose session the data is of, "" of nobody's.
func (s *Store) Sessions(whose func(data []byte) string) *Sessions { return &Sessions{s, whose} }

// FindCtx is scs.CtxStore's.
func (x *Sessions) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	all, err := query(ctx, x.s.db, func(r *sql.Rows) (b []byte, err error) { return b, r.Scan(&b) },
		`SELECT data FROM sessions WHERE digest = ? AND expires > ?`, access.Digest(token), micro(x.s.now()))
	if err != nil {
		return nil, false, x.s.fail("session", err)
	}
	if len(all) == 0 {
		return nil, false, nil
	}
	return all[0], true, nil
}

// CommitCtx is scs.CtxStore's. Where only the session's end would move, and by less than five minutes, it stays.
func (x *Sessions) CommitCtx(ctx context.Context, token string, data []byte, expires time.Time) error {
	digest, same := access.Digest(token), false
	err := x.s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM sessions WHERE digest = ? AND data = ?
		AND expires BETWEEN ? AND ?)`, digest, data, micro(expires.Add(-extendEvery)), micro(expires)).Scan(&same)
	if err != nil {
		return x.s.fail("session", err)
	}
	if same {
		return nil
	}
	return x.s.aside(ctx, "keep a session", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO sessions (digest, person, made, expires, data) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET person = excluded.person, expires = excluded.expires, data = excluded.data`,
			digest, x.whose(data), micro(x.s.now()), micro(expires), data)
		return err
	})
}

// DeleteCtx is scs.CtxStore's.
func (x *Sessions) DeleteCtx(ctx context.Context, token string) error {
	return x.s.aside(ctx, "end a session", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE digest = ?`, access.Digest(token))
		return err
	})
}

// Find is scs.Store's.
func (x *Sessions) Find(token string) ([]byte, bool, error) {
	return x.FindCtx(context.Background(), token)
}

// Commit is scs.Store's.
func (x *Sessions) Commit(token string, data []byte, expires time.Time) error {
	return x.CommitCtx(context.Background(), token, data, expires)
}

// Delete is scs.Store's.
func (x *Sessions) Delete(token string) error { return x.DeleteCtx(context.Background(), token) }

// EndSessions signs the person out wherever they are signed in; it returns how many sessions that were.
func (s *Store) EndSessions(ctx context.Context, person string) (n int64, err error) {
	err = s.aside(ctx, "end sessions", func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE person = ?`, person)
		if err == nil {
			n, err = res.RowsAffected()
		}
		return err
	})
	return n, err
}

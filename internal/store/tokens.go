package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"holdfast/internal/access"
)

// ErrTaken is the error of a token of a name that another one has.
var ErrTaken = errors.New("there is a token of that name")

// usedEvery is how long the use of a token is not written down again.
const usedEvery = time.Hour

// AddToken keeps the token with the digest of its secret. A feed's takes the place of the person's last one; another of
// a name that is taken is ErrTaken.
func (s *Store) AddToken(ctx context.Context, t access.Token, digest string) error {
	taken := false
	err := s.aside(ctx, "add a token", func(tx *sql.Tx) error {
		if t.Role == access.Feed {
			if _, err := tx.ExecContext(ctx, `DELETE FROM tokens WHERE person = ? AND role = ?`, t.Person,
				string(t.Role)); err != nil {
				return err
			}
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO tokens (id, digest, name, role, person, made, expires, used, used_by)
			VALUES (?, ?, ?, ?, ?, ?, ?, 0, '') ON CONFLICT DO NOTHING`, t.ID, digest, t.Name, string(t.Role), t.Person,
			micro(t.Made), orZero(t.Expires))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		taken = n == 0
		return err
	})
	if err == nil && taken {
		return ErrTaken
	}
	return err
}

// Token is the one whose secret has the digest; false where there is none that is good now.
func (s *Store) Token(ctx context.Context, digest string) (access.Token, bool, error) {
	out, err := query(ctx, s.db, scanToken, tokenColumns+` WHERE digest = ?`, digest)
	if err != nil {
		return access.Token{}, false, s.fail("token", err)
	}
	if len(out) == 0 || !out[0].Good(s.now()) {
		return access.Token{}, false, nil
	}
	return out[0], true, nil
}

// UseToken notes that the token was used just now, and by what program (access.Program). Within an hour of the last
// time the same program did, nothing is written.
func (s *Store) UseToken(ctx context.Context, t access.Token, program string) error {
	now := s.now()
	if t.UsedBy == program && now.Sub(t.Used) < usedEvery {
		return nil
	}
	return s.aside(ctx, "use a token", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE tokens SET used = ?, used_by = ? WHERE id = ?`, micro(now), program, t.ID)
		return err
	})
}

// Tokens are those of the person, with "" those of operation, by age; those that have expired too, until Prune.
func (s *Store) Tokens(ctx context.Context, person string) ([]access.Token, error) {
	out, err := query(ctx, s.db, scanToken, tokenColumns+` WHERE person = ? ORDER BY made, name`, person)
	if err != nil {
		return nil, s.fail("tokens", err)
	}
	return out, nil
}

// RevokeToken ends the token of that name or id of the person, with "" of operation; false where there is none.
func (s *Store) RevokeToken(ctx context.Context, person, name string) (was bool, err error) {
	err = s.aside(ctx, "revoke a token", func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM tokens WHERE person = ?1 AND (name = ?2 OR id = ?2)`, person, name)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		was = n > 0
		return err
	})
	return was, err
}

const tokenColumns = `SELECT id, name, role, person, made, expires, used, used_by FROM tokens`

func scanToken(r *sql.Rows) (t access.Token, err error) {
	var made, expires, used int64
	err = r.Scan(&t.ID, &t.Name, &t.Role, &t.Person, &made, &expires, &used, &t.UsedBy)
	t.Made, t.Expires, t.Used = instant(made), orNever(expires), orNever(used)
	return t, err
}

// orZero is micro, with 0 for never.
func orZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return micro(t)
}

// orNever is the time that orZero wrote.
func orNever(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return instant(n)
}

package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"holdfast/internal/access"
	"holdfast/internal/series"
)

// aside runs f in one transaction that leaves the revision as it is: f writes only tables that no round reads.
func (s *Store) aside(ctx context.Context, op string, f func(*sql.Tx) error) error {
	if err := s.vanished(); err != nil {
		return err
	}
	s.mu.Lock() // so as not to make a commit that has begun by reading begin again
	defer s.mu.Unlock()
	tx, err := s.db.BeginTx(ctx, locked)
	if err == nil {
		defer tx.Rollback() // does nothing after Commit
		if err = f(tx); err == nil {
			err = tx.Commit()
		}
	}
	if err != nil {
		return s.fail(op, err)
	}
	return nil
}

// AskSignIn keeps the link, and ends the person's older ones of its kind: by mail, or from the shell. It reports false,
// and keeps nothing, where access.MailsAnHour were mailed to the person within the hour.
func (s *Store) AskSignIn(ctx context.Context, x access.SignIn) (ok bool, err error) {
	err = s.aside(ctx, "ask for a sign-in link", func(tx *sql.Tx) error {
		mailed := 0
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM sign_ins WHERE person = ? AND ask <> '' AND made > ?`,
			x.Person, micro(x.Made.Add(-time.Hour))).Scan(&mailed); err != nil {
			return err
		}
		if ok = x.Ask == "" || mailed < access.MailsAnHour; !ok {
			return nil
		}
		if _, err := tx.ExecContext(ctx, `UPDATE sign_ins SET over = 1 WHERE person = ? AND (ask = '') = ?`, x.Person,
			x.Ask == ""); err != nil {
			return err
		}
		return putSignIn(ctx, tx, x)
	})
	return ok && err == nil, err
}

// SignIn is the link whose secret has the digest; false where there is none that is good now.
func (s *Store) SignIn(ctx context.Context, digest string) (access.SignIn, bool, error) {
	out, err := query(ctx, s.db, scanSignIn, signInColumns+` WHERE digest = ?`, digest)
	if err != nil {
		return access.SignIn{}, false, s.fail("sign-in link", err)
	}
	if len(out) == 0 || !out[0].Good(s.now()) {
		return access.SignIn{}, false, nil
	}
	return out[0], true, nil
}

// UseSignIn uses up the link whose secret has the digest; false where there is none that is good now. Of two at once
// only one finds it good.
func (s *Store) UseSignIn(ctx context.Context, digest string) (x access.SignIn, ok bool, err error) {
	err = s.aside(ctx, "use a sign-in link", func(tx *sql.Tx) error {
		out, err := query(ctx, tx, scanSignIn, signInColumns+` WHERE digest = ?`, digest)
		if err != nil || len(out) == 0 || !out[0].Good(s.now()) {
			return err
		}
		x, ok = out[0], true
		x.Over = true
		return putSignIn(ctx, tx, x)
	})
	return x, ok && err == nil, err
}

// GuessCode tries a code from the browser whose secret has the digest ask; see access.SignIn.Guess. The link is as it
// is then; it is zero where that browser has asked for none.
func (s *Store) GuessCode(ctx context.Context, ask, code string) (x access.SignIn, ok bool, err error) {
	if ask == "" {
		return x, false, nil
	}
	err = s.aside(ctx, "type a code", func(tx *sql.Tx) error {
		out, err := query(ctx, tx, scanSignIn, signInColumns+` WHERE ask = ? ORDER BY made DESC LIMIT 1`, ask)
		if err != nil || len(out) == 0 {
			return err
		}
		x = out[0]
		if !x.Good(s.now()) {
			return nil
		}
		x, ok = x.Guess(code, s.now())
		return putSignIn(ctx, tx, x)
	})
	return x, ok && err == nil, err
}

const signInColumns = `SELECT digest, ask, code, person, made, until, wrong, over FROM sign_ins`

func scanSignIn(r *sql.Rows) (x access.SignIn, err error) {
	var made, until int64
	err = r.Scan(&x.Digest, &x.Ask, &x.Code, &x.Person, &made, &until, &x.Wrong, &x.Over)
	x.Made, x.Until = instant(made), instant(until)
	return x, err
}

func putSignIn(ctx context.Context, tx *sql.Tx, x access.SignIn) error {
	_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO sign_ins (digest, ask, code, person, made, until, wrong, over)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, x.Digest, x.Ask, x.Code, x.Person, micro(x.Made), micro(x.Until), x.Wrong, x.Over)
	return err
}

// Bind is whom the claim signs in, by access.Claim.Bind; what is new about it is kept. Of two accounts that claim one
// person at once, only one is bound. The error is *access.Refused where the claim signs nobody in.
func (s *Store) Bind(ctx context.Context, c access.Claim, r access.Roster) (access.Binding, error) {
	bind := func(db querier) (b access.Binding, refused *access.Refused, err error) {
		have, err := query(ctx, db, scanBinding, bindingColumns+` WHERE issuer = ? AND (subject = ? OR person = ?)`,
			c.Issuer, c.Subject, r.Person(c.Address))
		if err == nil {
			if b, err = c.Bind(have, r, s.now()); errors.As(err, &refused) || slices.Contains(have, b) {
				err = nil
			} else if err == nil {
				err = errNew
			}
		}
		return b, refused, err
	}
	b, refused, err := bind(s.db)
	if errors.Is(err, errNew) {
		err = s.aside(ctx, "bind an account", func(tx *sql.Tx) (err error) {
			if b, refused, err = bind(tx); !errors.Is(err, errNew) {
				return err
			}
			if _, err = tx.ExecContext(ctx, `DELETE FROM bindings WHERE issuer = ?1 AND (subject = ?2 OR person = ?3)`,
				b.Issuer, b.Subject, b.Person); err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `INSERT INTO bindings (issuer, subject, person, address, at) VALUES (?, ?, ?, ?, ?)`,
				b.Issuer, b.Subject, b.Person, b.Address, micro(b.At))
			return err
		})
	} else if err != nil {
		err = s.fail("bindings", err)
	}
	if err == nil && refused != nil {
		err = refused
	}
	return b, err
}

// errNew says that a binding is to be kept.
var errNew = errors.New("a new binding")

// Bindings are the accounts that sign the person in.
func (s *Store) Bindings(ctx context.Context, person string) ([]access.Binding, error) {
	out, err := query(ctx, s.db, scanBinding, bindingColumns+` WHERE person = ? ORDER BY issuer`, person)
	if err != nil {
		return nil, s.fail("bindings", err)
	}
	return out, nil
}

// Unbind forgets the accounts that sign the person in, so that another one can be bound; it returns how many.
func (s *Store) Unbind(ctx context.Context, person string) (n int64, err error) {
	err = s.aside(ctx, "unbind", func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM bindings WHERE person = ?`, person)
		if err == nil {
			n, err = res.RowsAffected()
		}
		return err
	})
	return n, err
}

const bindingColumns = `SELECT issuer, subject, person, address, at FROM bindings`

func scanBinding(r *sql.Rows) (b access.Binding, err error) {
	var at int64
	err = r.Scan(&b.Issuer, &b.Subject, &b.Person, &b.Address, &at)
	b.At = instant(at)
	return b, err
}

// Visit enters the visit in the access log of each of the pairs, in place of its own pair; but not where the same
// person's same look from the same place has been entered within access.VisitEvery.
func (s *Store) Visit(ctx context.Context, v access.Visit, pairs ...series.Pair) error {
	isNew := func(db querier) ([]series.Pair, error) {
		had, err := query(ctx, db, scanPair, `SELECT manager, report FROM visits WHERE at > ? AND at <= ? AND who = ?
			AND place = ? AND what = ? AND `+among(pairKey), micro(v.At.Add(-access.VisitEvery)), micro(v.At), v.Who,
			string(v.From), string(v.What), list(slices.Values(pairs)))
		known := map[series.Pair]bool{}
		for _, p := range had {
			known[p] = true
		}
		return slices.DeleteFunc(slices.Clone(pairs), func(p series.Pair) bool { return known[p] }), err
	}
	fresh, err := isNew(s.db)
	if err != nil {
		return s.fail("visits", err)
	}
	if len(fresh) == 0 {
		return nil
	}
	return s.aside(ctx, "enter a visit", func(tx *sql.Tx) error {
		if fresh, err = isNew(tx); err != nil {
			return err
		}
		return execEach(ctx, tx, `INSERT INTO visits (at, who, place, manager, report, what) VALUES (?, ?, ?, ?, ?, ?)`,
			fresh, func(p series.Pair) []any {
				return []any{micro(v.At), v.Who, string(v.From), p.Manager, p.Report, string(v.What)}
			})
	})
}

// PairsOf are the pairs that the person is or was in, as far as something is recorded of them.
func (s *Store) PairsOf(ctx context.Context, person string) ([]series.Pair, error) {
	out, err := query(ctx, s.db, scanPair, `SELECT manager, report FROM statuses WHERE `+ofPair+`
		UNION SELECT manager, report FROM outcomes WHERE `+ofPair+`
		UNION SELECT manager, report FROM flags WHERE `+ofPair+` ORDER BY manager, report`, person)
	if err != nil {
		return nil, s.fail("pairs of "+person, err)
	}
	return out, nil
}

// Visits is the access log of the pair, newest first: at most so many lines.
func (s *Store) Visits(ctx context.Context, pair series.Pair, limit int) ([]access.Visit, error) {
	out, err := query(ctx, s.db, func(r *sql.Rows) (v access.Visit, err error) {
		var at int64
		err = r.Scan(&at, &v.Who, &v.From, &v.Pair.Manager, &v.Pair.Report, &v.What)
		v.At = instant(at)
		return v, err
	}, `SELECT at, who, place, manager, report, what FROM visits WHERE manager = ? AND report = ?
		ORDER BY at DESC, rowid DESC LIMIT ?`, pair.Manager, pair.Report, limit)
	if err != nil {
		return nil, s.fail("visits", err)
	}
	return out, nil
}

// Wishes are how the person wants to be told.
func (s *Store) Wishes(ctx context.Context, person string) (access.Wishes, error) {
	w, err := wishes(ctx, s.db, person)
	if err != nil {
		return w, s.fail("wishes", err)
	}
	return w, nil
}

func wishes(ctx context.Context, db querier, person string) (w access.Wishes, err error) {
	err = eachRow(ctx, db, func(r *sql.Rows) error {
		var channels sql.NullString
		err := r.Scan(&channels, &w.Digest, &w.Prepare)
		if err == nil && channels.Valid {
			err = json.Unmarshal([]byte(channels.String), &w.Channels)
		}
		return err
	}, `SELECT channels, digest, prepare FROM wishes WHERE person = ?`, person)
	return w, err
}

// SetWishes keeps them in place of the person's last ones.
func (s *Store) SetWishes(ctx context.Context, person string, w access.Wishes) error {
	var channels any
	if w.Channels != nil {
		data, err := json.Marshal(w.Channels)
		if err != nil {
			return s.fail("wish", err)
		}
		channels = string(data)
	}
	return s.aside(ctx, "wish", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO wishes (person, channels, digest, prepare)
			VALUES (?, ?, ?, ?)`, person, channels, w.Digest, w.Prepare)
		return err
	})
}

package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast/internal/access"
	"holdfast/internal/plan"
	"holdfast/internal/provider"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// ErrObserved is the error of forgetting somebody whose 1:1s no round has ended yet.
var ErrObserved = errors.New("their 1:1s are not ended yet")

// Forget removes all that the journal has of the person, in one transaction. Outcomes and flags of their pairs stay
// with the other of each, until retention ends, of somebody without a name (access.IsFormer); where that one is
// forgotten too, they go. Somebody whom rounds still observe is ErrObserved, unless anyway: what is not ended then
// stays on calendars as it is. Who is in the roster comes back with the next round: the caller sees to that.
func (s *Store) Forget(ctx context.Context, person string, anyway bool) (out access.Forgotten, err error) {
	observed := false
	if !series.ID.MatchString(person) {
		return out, fmt.Errorf("%q is no id of a person", person) // else a pattern would be one of many
	}
	err = s.inTx(ctx, "forget "+person, func(tx *sql.Tx) error {
		s.forget()
		out = access.Forgotten{Person: person}
		err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM people WHERE id = ?)`, person).Scan(&observed)
		if observed = observed && !anyway; err != nil || observed {
			return err
		}
		f := forgetting{tx, person, &out}
		return f.all(ctx, s.now())
	})
	switch {
	case err != nil:
		return out, err
	case observed:
		return out, ErrObserved
	}
	return out, s.scrub(ctx)
}

// scrub writes the file anew: what is deleted stays in it otherwise until its place is taken.
func (s *Store) scrub(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.db.ExecContext(ctx, `VACUUM`)
	if err == nil {
		_, err = s.db.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	}
	if err != nil {
		return s.fail("all is removed, but the file may still have traces of it", err)
	}
	return nil
}

// forgetting is Forget's transaction.
type forgetting struct {
	*sql.Tx
	person string
	out    *access.Forgotten
}

func (f forgetting) all(ctx context.Context, now time.Time) error {
	addresses, err := f.addresses(ctx)
	if err != nil {
		return err
	}
	all, err := held(ctx, f)
	if err != nil {
		return err
	}
	if f.out.Former, err = f.former(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{f.standing, f.owners, f.quarters, f.elsewhere} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	for _, h := range all {
		of := h.of
		switch {
		case h.table == "told": // what the other was told stays, as that they were
			of = ofReader
		case h.stays:
			continue
		}
		if err := f.gone(ctx, h.table, `DELETE FROM `+h.table+` WHERE `+of); err != nil {
			return err
		}
	}
	if err := f.rename(ctx, now); err != nil {
		return err
	}
	if err := f.nobodys(ctx); err != nil {
		return err
	}
	return f.named(ctx, addresses)
}

// gone removes, and counts what that were.
func (f forgetting) gone(ctx context.Context, table, q string) error {
	res, err := f.ExecContext(ctx, q, f.person)
	if err != nil {
		return fmt.Errorf("%s: %w", table, err)
	}
	n, err := res.RowsAffected()
	if n > 0 {
		f.out.Gone = append(f.out.Gone, access.Count{Table: table, Rows: int(n)})
	}
	return err
}

// former is an id that nobody has.
func (f forgetting) former(ctx context.Context) (string, error) {
	for {
		id, taken := access.NewFormer(), false
		err := f.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM outcomes WHERE `+ofPair+`)
			OR EXISTS (SELECT 1 FROM flags WHERE `+ofPair+`)`, id).Scan(&taken)
		if err != nil || !taken {
			return id, err
		}
	}
}

// addresses are those that the journal has of the person, lower case.
func (f forgetting) addresses(ctx context.Context) (out []string, err error) {
	err = errors.Join(
		eachRow(ctx, f, func(r *sql.Rows) error {
			var data []byte
			var p series.Person
			err := r.Scan(&data)
			if err == nil {
				err = json.Unmarshal(data, &p)
			}
			out = append(out, p.Addresses()...)
			return err
		}, `SELECT data FROM people WHERE id = ?`, f.person),
		eachRow(ctx, f, func(r *sql.Rows) error {
			var a string
			err := r.Scan(&a)
			out = append(out, strings.ToLower(a))
			return err
		}, `SELECT address FROM bindings WHERE `+ofPerson+` UNION SELECT email FROM channels WHERE `+ofPerson, f.person),
		eachRow(ctx, f, func(r *sql.Rows) error {
			var data []byte
			var in provider.Interest
			err := r.Scan(&data)
			if err == nil {
				err = json.Unmarshal(data, &in)
			}
			for _, p := range in.Pairs {
				switch f.person {
				case p.Pair.Manager:
					out = append(out, p.Manager...)
				case p.Pair.Report:
					out = append(out, p.Report...)
				}
			}
			return err
		}, `SELECT data FROM interests`),
	)
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(a string) bool { return a == "" }), err
}

// elsewhere cuts the person out of what others' calendars had, and of what they were searched for. That the two agree
// keeps those calendars from being read anew, and the person's 1:1s from coming back with that.
func (f forgetting) elsewhere(ctx context.Context) error {
	hashes := map[string][2]string{}
	interests, err := query(ctx, f, func(r *sql.Rows) (x [2]string, err error) { return x, r.Scan(&x[0], &x[1]) },
		`SELECT person, data FROM interests WHERE person <> ?`, f.person)
	if err != nil {
		return err
	}
	for _, x := range interests {
		var in provider.Interest
		if err := json.Unmarshal([]byte(x[1]), &in); err != nil {
			return fmt.Errorf("interest of %s: %w", x[0], err)
		}
		was, n := in.Hash(), len(in.Pairs)
		in.Pairs = slices.DeleteFunc(in.Pairs, func(p provider.InterestPair) bool {
			return p.Pair.Has(f.person) || slices.ContainsFunc(p.Formerly, func(q series.Pair) bool { return q.Has(f.person) })
		})
		if len(in.Pairs) == n {
			continue
		}
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		hashes[x[0]] = [2]string{was, in.Hash()}
		if _, err := f.ExecContext(ctx, `UPDATE interests SET hash = ?, data = ? WHERE person = ?`, in.Hash(), string(data),
			x[0]); err != nil {
			return err
		}
	}
	people, err := query(ctx, f, func(r *sql.Rows) (id string, err error) { return id, r.Scan(&id) },
		`SELECT person FROM snapshots WHERE person <> ?`, f.person)
	if err != nil {
		return err
	}
	for _, id := range people {
		if err := f.snapshot(ctx, id, hashes[id]); err != nil {
			return fmt.Errorf("snapshot of %s: %w", id, err)
		}
	}
	return nil
}

// snapshot cuts the person out of what the other's calendar had, searched for what has the second hash now. One that
// cannot be read goes: the calendar is then listed anew.
func (f forgetting) snapshot(ctx context.Context, other string, hashes [2]string) error {
	var format string
	var data []byte
	if err := f.QueryRowContext(ctx, `SELECT format, data FROM snapshots WHERE person = ?`, other).
		Scan(&format, &data); err != nil {
		return err
	}
	last, err := decodeSnapshot(data)
	if err != nil || !upgrade(format, &last) {
		_, err = f.ExecContext(ctx, `DELETE FROM snapshots WHERE person = ?`, other)
		return err
	}
	before, err := encodeSnapshot(last)
	if err != nil {
		return err
	}
	last = last.Without(f.person)
	if last.Interest == hashes[0] {
		last.Interest = hashes[1]
	}
	after, err := encodeSnapshot(last)
	if err != nil || string(before) == string(after) {
		return err
	}
	if data, err = pack(after); err != nil {
		return err
	}
	_, err = f.ExecContext(ctx, `UPDATE snapshots SET format = ?, digest = ?, data = ? WHERE person = ?`, snapshotFormat,
		digest(after), data, other)
	return err
}

// standing cuts the person out of what stands from one round to the next.
func (f forgetting) standing(ctx context.Context) error {
	var data []byte
	var x reconcile.Standing
	err := f.QueryRowContext(ctx, `SELECT data FROM standing`).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(data, &x)
	}
	if err != nil {
		return err
	}
	maps.DeleteFunc(x.Held, func(_ string, h plan.Hold) bool { return h.Pair.Has(f.person) })
	maps.DeleteFunc(x.Wrote, func(_ string, w reconcile.Wrote) bool {
		return w.Pair.Has(f.person) || w.Person == f.person
	})
	maps.DeleteFunc(x.Failing, func(_ string, y reconcile.Failing) bool { return y.Pair.Has(f.person) })
	if data, err = json.Marshal(x); err != nil {
		return err
	}
	_, err = f.ExecContext(ctx, `UPDATE standing SET data = ?`, string(data))
	return err
}

// owners takes the person from those who can mend a matter.
func (f forgetting) owners(ctx context.Context) error {
	_, err := f.ExecContext(ctx, `UPDATE matters SET owners = trim(replace(' ' || owners || ' ', ' ' || ?1 || ' ', ' '))
		WHERE instr(' ' || owners || ' ', ' ' || ?1 || ' ') AND trim(owners) <> ?1`, f.person)
	return err
}

// quarters has the figures of the group that the person leads be among those that are not shown.
func (f forgetting) quarters(ctx context.Context) error {
	_, err := f.ExecContext(ctx, `UPDATE quarters SET hidden = 1
		WHERE head = '' AND first IN (SELECT first FROM quarters WHERE head = ?)`, f.person)
	return err
}

// rename gives what stays of the person's pairs the former's id. Flags close without a word.
func (f forgetting) rename(ctx context.Context, now time.Time) error {
	flags, err := query(ctx, f, scanFlag, flagColumns+` WHERE `+ofPair, f.person)
	if err != nil {
		return err
	}
	for _, q := range []string{
		`UPDATE told SET state = 'closed' WHERE key IN (SELECT id FROM flags WHERE ` + openFlags + ` AND (` + ofPair + `))`,
		`UPDATE flags SET closed = CASE state WHEN 'closed' THEN closed ELSE ?3 END, state = 'closed', moment = '{}',
			manager = CASE manager WHEN ?1 THEN ?2 ELSE manager END, report = CASE report WHEN ?1 THEN ?2 ELSE report END
			WHERE ` + ofPair,
		`UPDATE outcomes SET manager = CASE manager WHEN ?1 THEN ?2 ELSE manager END,
			report = CASE report WHEN ?1 THEN ?2 ELSE report END WHERE ` + ofPair,
	} {
		res, err := f.ExecContext(ctx, q, f.person, f.out.Former, micro(now))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if table := strings.Fields(q)[1]; n > 0 && table != "told" {
			f.out.Stay = append(f.out.Stay, access.Count{Table: table, Rows: int(n)})
		}
		if err != nil {
			return err
		}
	}
	if err := renameFlags(ctx, f.Tx, flags, f.person, f.out.Former); err != nil {
		return err
	}
	return renameKeys(ctx, f.Tx, f.person, f.out.Former)
}

// nobodys removes what is of two who are forgotten.
func (f forgetting) nobodys(ctx context.Context) error {
	for _, table := range []string{"flags", "outcomes", "told"} {
		pairs, err := query(ctx, f, scanPair, `SELECT DISTINCT manager, report FROM `+table+` WHERE `+ofPair, f.out.Former)
		if err != nil {
			return err
		}
		pairs = slices.DeleteFunc(pairs, func(p series.Pair) bool {
			return !access.IsFormer(p.Manager) || !access.IsFormer(p.Report)
		})
		if err := execEach(ctx, f.Tx, `DELETE FROM `+table+` WHERE manager = ? AND report = ?`, pairs, pairRow); err != nil {
			return err
		}
	}
	return nil
}

// named finds those in whose calendars one of the addresses still stands.
func (f forgetting) named(ctx context.Context, addresses []string) error {
	return eachRow(ctx, f, func(r *sql.Rows) error {
		var id string
		var data []byte
		var text json.RawMessage
		if err := r.Scan(&id, &data); err != nil {
			return err
		}
		if err := unpack(data, &text); err != nil {
			return err
		}
		lower := strings.ToLower(string(text))
		if slices.ContainsFunc(addresses, func(a string) bool { return strings.Contains(lower, a) }) {
			f.out.Named = append(f.out.Named, id)
		}
		return nil
	}, `SELECT person, data FROM snapshots ORDER BY person`)
}

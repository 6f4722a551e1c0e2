package store

import (
	"context"
	"database/sql"
	"strings"

	"holdfast/internal/notify"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// Rename gives all records of a person to the new id (`formerly` in the roster): same person, same record. Call it
// before Load, and only for an old id that nobody has any more. Repeating it is fine.
func (s *Store) Rename(ctx context.Context, old, id string) error {
	return s.inTx(ctx, "rename "+old, func(tx *sql.Tx) error {
		s.forget()
		flags, err := query(ctx, tx, scanFlag, flagColumns+` WHERE manager = ?1 OR report = ?1`, old)
		if err != nil {
			return err
		}
		for _, c := range []struct{ table, column string }{
			{"people", "id"}, {"snapshots", "person"}, {"readings", "person"}, {"interests", "person"},
			{"outages", "subject"}, {"channels", "person"},
			{"flags", "manager"}, {"flags", "report"},
			{"outcomes", "manager"}, {"outcomes", "report"}, {"quarters", "head"},
			{"acts", "manager"}, {"acts", "report"},
			{"deeds", "manager"}, {"deeds", "report"}, {"deeds", "who"}, {"deeds", "person"}, {"acknowledged", "person"},
			{"versions", "manager"}, {"versions", "report"},
			{"documents", "manager"}, {"documents", "report"},
			{"tries", "manager"}, {"tries", "report"}, {"tries", "calendar"},
			{"told", "reader"}, {"unsent", "reader"}, {"unreached", "reader"}, {"threads", "reader"}, {"chat_names", "reader"},
			{"tokens", "person"}, {"sign_ins", "person"}, {"bindings", "person"}, {"sessions", "person"}, {"wishes", "person"},
			{"visits", "who"}, {"visits", "manager"}, {"visits", "report"},
		} {
			if _, err := tx.ExecContext(ctx, `UPDATE OR REPLACE `+c.table+` SET `+c.column+` = ? WHERE `+c.column+` = ?`, id, old); err != nil {
				return err
			}
		}
		if err := renameFlags(ctx, tx, flags, old, id); err != nil {
			return err
		}
		return renameKeys(ctx, tx, old, id)
	})
}

// renameFlags gives flags of a pair of old's, as they were, the ids that they have as id's: hashes of the pair, too.
func renameFlags(ctx context.Context, tx *sql.Tx, flags []reconcile.FlagRow, old, id string) error {
	ids := func(f reconcile.FlagRow) []any {
		was := f.ID()
		for _, p := range []*string{&f.Pair.Manager, &f.Pair.Report} {
			if *p == old {
				*p = id
			}
		}
		return []any{f.ID(), was}
	}
	for _, of := range []string{
		`flags SET id = ? WHERE id = ?`,
		`told SET key = ? WHERE key = ?`,
		`deeds SET flag = ? WHERE flag = ?`,
	} {
		if err := execEach(ctx, tx, `UPDATE OR REPLACE `+of, flags, ids); err != nil {
			return err
		}
	}
	return nil
}

// renameKeys renames the pairs in what was told, and in matters, whose keys name them.
func renameKeys(ctx context.Context, tx *sql.Tx, old, id string) error {
	for _, table := range []string{"told", "matters"} {
		type keyed struct {
			pair series.Pair
			key  string
		}
		all, err := query(ctx, tx, func(r *sql.Rows) (k keyed, err error) {
			return k, r.Scan(&k.pair.Manager, &k.pair.Report, &k.key)
		}, `SELECT DISTINCT manager, report, key FROM `+table+` WHERE manager = ?1 OR report = ?1`, old)
		if err != nil {
			return err
		}
		if err := execEach(ctx, tx, `UPDATE OR REPLACE `+table+` SET manager = ?, report = ?, key = ?
			WHERE manager = ? AND report = ? AND key = ?`, all, func(k keyed) []any {
			is := k.pair
			for _, p := range []*string{&is.Manager, &is.Report} {
				if *p == old {
					*p = id
				}
			}
			key := strings.Replace(k.key, k.pair.String(), is.String(), 1)
			return []any{is.Manager, is.Report, key, k.pair.Manager, k.pair.Report, k.key}
		}); err != nil {
			return err
		}
		// Those of notices that did not reach the person are of no pair, and their keys end in the id.
		for _, of := range []notify.Kind{notify.Unreached, notify.Failed} {
			if _, err := tx.ExecContext(ctx, `UPDATE OR REPLACE `+table+` SET key = ? WHERE key = ?`, string(of)+"|"+id,
				string(of)+"|"+old); err != nil {
				return err
			}
		}
	}
	_, err := tx.ExecContext(ctx, `UPDATE matters SET owners = trim(replace(' ' || owners || ' ', ?, ?))
		WHERE instr(' ' || owners || ' ', ?1)`, " "+old+" ", " "+id+" ")
	return err
}

package store

import (
	"context"
	"database/sql"

	"holdfast/internal/reconcile"
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
			{"outcomes", "manager"}, {"outcomes", "report"},
			{"acts", "manager"}, {"acts", "report"},
			{"versions", "manager"}, {"versions", "report"},
			{"documents", "manager"}, {"documents", "report"},
			{"tries", "manager"}, {"tries", "report"}, {"tries", "calendar"},
		} {
			if _, err := tx.ExecContext(ctx, `UPDATE OR REPLACE `+c.table+` SET `+c.column+` = ? WHERE `+c.column+` = ?`, id, old); err != nil {
				return err
			}
		}
		// A flag's id is a hash of its pair, too.
		ids := func(f reconcile.FlagRow) []any {
			was := f.ID()
			for _, p := range []*string{&f.Pair.Manager, &f.Pair.Report} {
				if *p == old {
					*p = id
				}
			}
			return []any{f.ID(), was}
		}
		if err := execEach(ctx, tx, `UPDATE OR REPLACE flags SET id = ? WHERE id = ?`, flags, ids); err != nil {
			return err
		}
		return execEach(ctx, tx, `UPDATE notices SET flag = ? WHERE flag = ?`, flags, ids)
	})
}

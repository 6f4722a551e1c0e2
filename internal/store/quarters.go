package store

import (
	"context"
	"database/sql"
	"fmt"

	"holdfast/internal/drift"
	"holdfast/internal/series"
)

// Quarter is what was kept of the one that begins on that day; false where nothing was.
func (s *Store) Quarter(ctx context.Context, first series.Date) (q drift.Quarter, ok bool, err error) {
	err = eachRow(ctx, s.db, func(r *sql.Rows) error {
		var g drift.Group
		var hidden bool
		if err := r.Scan(&g.Head, &g.Pairs, &g.Managers, &g.Kept, &g.Late, &g.Lost, &hidden); err != nil {
			return err
		}
		switch ok = true; {
		case g.Head != "":
			q.Groups = append(q.Groups, g)
		default:
			if q.Hidden = hidden; g.Pairs > 0 {
				q.All = &g
			}
		}
		return nil
	}, `SELECT head, pairs, managers, in_time, late, lost, hidden FROM quarters WHERE first = ? ORDER BY head`,
		first.String())
	if err != nil {
		return q, false, s.fail(fmt.Sprintf("quarter from %s", first), err)
	}
	return q, ok, nil
}

// KeepQuarter keeps what may be shown of it; what was kept before stays.
func (s *Store) KeepQuarter(ctx context.Context, first series.Date, q drift.Quarter) error {
	all := drift.Group{}
	if q.All != nil {
		all = *q.All
	}
	return s.aside(ctx, fmt.Sprintf("keep the quarter from %s", first), func(tx *sql.Tx) error {
		had := false
		err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM quarters WHERE first = ?)`, first.String()).Scan(&had)
		if err != nil || had {
			return err
		}
		return execEach(ctx, tx, `INSERT INTO quarters (first, head, pairs, managers, in_time, late, lost, hidden)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, append([]drift.Group{all}, q.Groups...), func(g drift.Group) []any {
			return []any{first.String(), g.Head, g.Pairs, g.Managers, g.Kept, g.Late, g.Lost, g.Head == "" && q.Hidden}
		})
	})
}

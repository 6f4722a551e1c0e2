package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// KeepDocument remembers a pair's document; a zero one forgets it.
func (s *Store) KeepDocument(ctx context.Context, p series.Pair, d reconcile.Document) error {
	return s.inTx(ctx, "document", func(tx *sql.Tx) error {
		s.touch("documents", p)
		if d.Link == "" && d.State == "" {
			_, err := tx.ExecContext(ctx, `DELETE FROM documents WHERE manager = ? AND report = ?`, p.Manager, p.Report)
			return err
		}
		data, err := json.Marshal(d)
		if err != nil {
			panic(err) // texts and times only
		}
		_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO documents (manager, report, data) VALUES (?, ?, ?)`, p.Manager, p.Report, string(data))
		return err
	})
}

func (l *loader) document(r *sql.Rows) error {
	var p series.Pair
	var data []byte
	if err := r.Scan(&p.Manager, &p.Report, &data); err != nil {
		return err
	}
	var d reconcile.Document
	if err := json.Unmarshal(data, &d); err != nil {
		return fmt.Errorf("document of %s: %w", p, err)
	}
	l.Documents[p] = d
	return nil
}

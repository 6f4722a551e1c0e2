package daemon

import (
	"context"
	"fmt"
)

// Waiting is how many jobs wait to be worked, or to be tried again.
func (q *Queue) Waiting(ctx context.Context) (n int, err error) {
	const waits = `SELECT count(*) FROM river_job WHERE state IN ('available', 'pending', 'retryable', 'scheduled')`
	if err := q.db.QueryRowContext(ctx, waits).Scan(&n); err != nil {
		return 0, fmt.Errorf("count the jobs that wait: %w", err)
	}
	return n, nil
}

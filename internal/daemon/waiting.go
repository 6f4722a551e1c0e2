package daemon

import (
	"context"
	"fmt"

	"holdfast/internal/see"
)

// Waiting is how many jobs wait to be worked, or to be tried again.
func (q *Queue) Waiting(ctx context.Context) (n int, err error) {
	const waits = `SELECT count(*) FROM river_job WHERE state IN ('available', 'pending', 'retryable', 'scheduled')`
	if err := q.db.QueryRowContext(ctx, waits).Scan(&n); err != nil {
		return 0, fmt.Errorf("count the jobs that wait: %w", err)
	}
	return n, nil
}

// Jobs is how many jobs there are of each kind that are not done with.
func (q *Queue) Jobs(ctx context.Context) (out see.Queue, err error) {
	out = see.Queue{Waiting: map[string]int{}, Running: map[string]int{}, Retried: map[string]int{}}
	in := map[string]map[string]int{"running": out.Running, "retryable": out.Retried}
	for _, state := range []string{"available", "pending", "scheduled"} {
		in[state] = out.Waiting
	}
	rows, err := q.db.QueryContext(ctx, `SELECT kind, state, count(*) FROM river_job
		WHERE state IN ('available', 'pending', 'retryable', 'running', 'scheduled') GROUP BY kind, state`)
	if err != nil {
		return out, fmt.Errorf("count the jobs: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var kind, state string
		var n int
		if err := rows.Scan(&kind, &state, &n); err != nil {
			return out, fmt.Errorf("count the jobs: %w", err)
		}
		in[state][kind] += n
	}
	return out, rows.Err()
}

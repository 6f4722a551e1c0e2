package see

import (
	"context"
	"time"

	"holdfast/internal/act"
	"holdfast/internal/series"
)

// Journal is what it needs of the one on disk.
type Journal interface {
	// Looked enters that somebody looked at a pair.
	Looked(ctx context.Context, who act.Actor, p series.Pair, what string, at time.Time) error
}

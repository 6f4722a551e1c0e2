package outbox

import (
	"time"

	"holdfast/internal/notify"
	"holdfast/internal/outbox/ledger"
)

// Decide is what is due to the reader, and what waits, by those facts.
func Decide(now time.Time, r Reader, f ledger.Facts) notify.Decision {
	return notify.Decide(input(now, reached(r, f), f))
}

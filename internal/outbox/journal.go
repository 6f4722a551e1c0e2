package outbox

import (
	"context"
	"time"

	"holdfast/internal/notify"
	"holdfast/internal/outbox/ledger"
)

// Journal is what the outbox needs of the one on disk.
type Journal interface {
	// Facts are what is known of a reader and their pairs, as of one moment.
	Facts(ctx context.Context, reader string, now time.Time) (ledger.Facts, error)
	// Matters are all that are no flags, by key. The closed ones are among them.
	Matters(ctx context.Context) (map[string]notify.Matter, error)
	// SetMatters writes them, and forgets those of the keys.
	SetMatters(ctx context.Context, set []notify.Matter, forget []string) error
	// Stood is when the first round was, whoever made it, as long as what stood then is not recorded as known to all;
	// SetBaseline records that it is, and then it is zero.
	Stood(ctx context.Context) (time.Time, error)
	SetBaseline(ctx context.Context) error
	// Record records what the reader was told, and with it what the channel said of the message. What is recorded already
	// stays as it is.
	Record(ctx context.Context, reader string, told []notify.Told, sent ledger.Sent) error
	// Unsent records that a notice was not handed over, and answers since when it has been tried.
	Unsent(ctx context.Context, u ledger.Unsent) (since time.Time, err error)
	// SetUnreached records that the channel does not reach the reader under that address.
	SetUnreached(ctx context.Context, reader, channel, address string, at time.Time) error
	// Stop records that the reader wants no more notices of the kind, or wants them again.
	Stop(ctx context.Context, reader string, kind notify.NoticeKind, stop bool, at time.Time) error
	// UseLink records that a link was used; used says that it had been before.
	UseLink(ctx context.Context, digest string, at time.Time) (used bool, err error)
	// LinkUsed reports whether it was.
	LinkUsed(ctx context.Context, digest string) (bool, error)
}

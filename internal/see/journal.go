package see

import (
	"context"
	"time"

	"holdfast/internal/access"
	"holdfast/internal/deed"
	"holdfast/internal/drift"
	"holdfast/internal/notify"
	"holdfast/internal/outbox/ledger"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// Journal is what it needs of the one on disk. None of it waits for a round.
type Journal interface {
	// FirstRound is when the first round was; zero: none was. When the last one was is no business of the journal, in
	// which nothing is written at rest.
	FirstRound(ctx context.Context) (time.Time, error)
	// Left is what it left of the pairs that of names: one ("mia/raj"), those of a person, with "" all.
	Left(ctx context.Context, of string, flagged bool) (reconcile.Left, error)
	// Weeks are the outcomes of a person's pairs from the week on, Outcomes those of a pair from that of the day on.
	Weeks(ctx context.Context, person string, since series.Week) (map[series.Pair][]drift.Outcome, error)
	Outcomes(ctx context.Context, p series.Pair, since series.Date) ([]drift.Outcome, error)
	// Counted is how many weeks of a pair's record count.
	Counted(ctx context.Context, p series.Pair) (int, error)
	// FlagsOf are the open flags of a pair, and those that closed about meetings from the day on.
	FlagsOf(ctx context.Context, p series.Pair, since series.Date) ([]reconcile.FlagRow, error)
	// ToldOf is what the readers were told of a pair since then, the newest first, at most so many rows.
	ToldOf(ctx context.Context, p series.Pair, readers [2]string, since time.Time, most int) (ledger.Noticed, error)
	// MattersOf are the pair's that may be told and are no flags, by key.
	MattersOf(ctx context.Context, p series.Pair) (map[string]notify.Matter, error)
	// Calendar is what a person's calendar showed when it was last read; false where it never was.
	Calendar(ctx context.Context, person string) (series.Snapshot, bool, error)
	// Readings are when calendars were read, of the person, with "" of all; Pushed until when servers tell of changes.
	Readings(ctx context.Context, person string) (map[string]time.Time, error)
	Pushed(ctx context.Context) (map[string]time.Time, error)
	// Standing is what stands from one round to the next.
	Standing(ctx context.Context) (reconcile.Standing, error)
	// Unsents are the notices that were given up since then, the newest first.
	Unsents(ctx context.Context, since time.Time) ([]ledger.Unsent, error)
	// Tally is how many final weeks of each pair came to what, from the first week to the last.
	Tally(ctx context.Context, first, last series.Week) (map[series.Pair]map[drift.Result]int, error)
	// Quarter is what was kept of the one that begins on that day; false where nothing was. KeepQuarter keeps it, for
	// good.
	Quarter(ctx context.Context, first series.Date) (drift.Quarter, bool, error)
	KeepQuarter(ctx context.Context, first series.Date, q drift.Quarter) error
	// Revision is another one whenever something else may be read but the access log and who is signed in.
	Revision(ctx context.Context) (int64, error)
	// Deeds are what people did about a pair ("mia/raj") at since or later, oldest first.
	Deeds(ctx context.Context, of string, since time.Time) ([]deed.Deed, error)
	// Visit enters it in the access log of each of the pairs, Visits are the last of a pair's, newest first.
	Visit(ctx context.Context, v access.Visit, pairs ...series.Pair) error
	Visits(ctx context.Context, p series.Pair, most int) ([]access.Visit, error)
}

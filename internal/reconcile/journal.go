package reconcile

import (
	"context"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// Journal is what a round needs to remember from one to the next. Losing it loses history, never correctness.
type Journal interface {
	// Load reads all that a round starts from. It may share what it gives: nobody writes to its maps.
	Load(ctx context.Context) (Memory, error)
	// Begin keeps e as it was before one of its writes (10 versions, 90 days) and records the act about to be done, in one
	// transaction; it returns the act's number.
	Begin(ctx context.Context, act Act, e *series.Event) (int64, error)
	// Done records how the act went.
	Done(ctx context.Context, id int64, at time.Time, err error) error
	// Commit records what a round saw and found, in one transaction.
	Commit(ctx context.Context, r Record) error
	// KeepDocument remembers a pair's document; a zero one forgets it.
	KeepDocument(ctx context.Context, pair series.Pair, d Document) error
	// Allow lets the changes through until the time: by id, each as long as it has the Digest.
	Allow(ctx context.Context, changes map[string]string, until time.Time) error
	// Disallow takes back what was let through and is not done yet, with no ids all of it; it returns the ids.
	Disallow(ctx context.Context, ids ...string) ([]string, error)
	// ConfirmEmpty records that what is missing from the person's calendar counts as deleted, when it is next read.
	ConfirmEmpty(ctx context.Context, person string) error
	// Rename gives all that is remembered of a person, and of their pairs, to a new id.
	Rename(ctx context.Context, old, id string) error
	// Flags are the flags, open first; closed ones too with all.
	Flags(ctx context.Context, all bool) ([]FlagRow, error)
	// Outcomes are the recorded outcomes since the day, of one pair unless it is zero, by week and pair.
	Outcomes(ctx context.Context, pair series.Pair, since series.Date) ([]drift.Outcome, error)
	// Known calls yield, one after another until it returns false, with the people whose calendars were read: as the
	// roster last had them, what their calendar had, and what it was last searched for.
	Known(ctx context.Context, yield func(series.Person, series.Snapshot, provider.Interest) bool) error
	// Left is what the last round left of the pairs that of names: one ("mia/raj"), those of a person, with "" all; with
	// flagged, of those of them that have open flags.
	Left(ctx context.Context, of string, flagged bool) (Left, error)
	// Versions are the kept earlier versions of a pair's series, newest first.
	Versions(ctx context.Context, pair series.Pair) ([]Version, error)
}

// Memory is what a round starts from.
type Memory struct {
	Empty     bool                        // nothing was ever committed
	Snapshots map[string]series.Packed    // by person id
	People    map[string]series.Person    // as last seen in the roster, by id: those removed since too
	Open      []drift.Flag                // open and acknowledged flags
	Frozen    map[series.Pair]series.Week // the last week whose outcome is final
	Pending   map[string]Pending          // copies' differences seen once, by flag id
	Writes    map[series.Pair]int         // writes since midnight UTC, and since one was last allowed
	Recent    []plan.Recent               // changes of the last plan.BrakeWindow that nobody allowed
	Allowed   map[string]Allowance        // by the id of the change; none that has lapsed or is done
	// Confirmed are the people of whose calendar what is missing counts as deleted, at its next reading
	Confirmed map[string]bool
	Standing  Standing
	Origin    Origin                   // of the status rows; zero: they are no use
	Interests map[string]string        // Interest.Hash of what Known gives, by person id
	Tries     map[plan.Target]plan.Try // deliveries that did not show
	Outages   map[Subject]Outage
	Documents map[series.Pair]Document // of pairs that have one of their own
	TimesSeen map[series.Pair][]string // Event.Times of the kept versions: what a copy that is behind may still show
}

// Allowance is a change that a person let through.
type Allowance struct {
	Digest string // of the change as they saw it
	Until  time.Time
}

// Standing is what stands from one round to the next.
type Standing struct {
	Held   map[string]plan.Hold // what brakes hold, by the id of the change
	Roster RosterSeen
	// Wrote are events that a round wrote and that the listing of their calendar does not show so yet.
	Wrote map[string]Wrote
	// Failing are changes that were tried and failed, by id.
	Failing map[string]Failing
}

// RosterSeen is the roster that was seen last, as far as it tells what is to end.
type RosterSeen struct {
	Digest string
	Since  time.Time
}

// Pending is a difference in a copy that waits for a second observation.
type Pending = drift.Pending

// Outage is a calendar that cannot be read or believed, a pair of which it is not known what became of its series, a
// change that does not work, or a document that cannot be made or looked at.
type Outage struct {
	Since time.Time
	Kind  string // "auth", "transient", "permanent"; of a pair "missing", "doubtful"; of a document "document"
	Cause string // why, in words that are the same for everybody whom that strikes
	Text  string // what and why, for the admin
	Hint  string
}

// Act is one write, as the record has it: no titles, places or links.
type Act struct {
	At         time.Time
	Pair       series.Pair
	Action     plan.Action
	Generation int
	Occurrence series.Date
	From, To   series.Aspect
	Why        []string
	Mails      int
	Asked      bool       // by a person's command
	Change     string     // its id
	Counts     plan.Count // against the limits
	Allowed    bool       // a person let it through
}

// Record is what a round leaves behind.
type Record struct {
	At        time.Time
	Snapshots map[string]series.Packed     // those read anew
	Interests map[string]provider.Interest // of those of which it is another than it was
	// Timed are the people of whose pairs something may be judged by when their calendars were read. Of the others that
	// show what they showed, the journal may keep for a day when they were read before.
	Timed    map[string]bool
	Forget   []string                 // persons no longer observed
	People   map[string]series.Person // those of the roster and those still observed
	Edges    drift.Edges
	Open     []drift.Flag // all that are open now
	Outcomes []drift.Outcome
	Pending  map[string]Pending
	Tries    map[plan.Target]plan.Try
	Outages  map[Subject]Outage
	Standing Standing
	// Statuses are the rows of pairs that stand otherwise, nil for none; all of them where Origin is another than that of
	// the rows that are there. With no Origin those are no use any more.
	Statuses  map[series.Pair]*StatusRow
	Origin    Origin
	Moments   map[string]drift.Moment // of open flags, by id; those of other flags stay
	Confirmed []string                // people whose confirmation is used up
}

// FlagRow is a flag with its state.
type FlagRow struct {
	drift.Flag
	State  string // "open", "acknowledged" by somebody, "closed"
	Closed time.Time
	// Acknowledged are the ids of those who have seen it since it opened.
	Acknowledged []string
}

// Version is a kept earlier version of a series.
type Version struct {
	At    time.Time
	Event series.Event
}

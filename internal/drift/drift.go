// Package drift compares where a pair's meetings were put with where the calendars have them: differences that somebody
// should know are flags, what became of a week's meeting is its outcome. It is pure.
package drift

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"holdfast/internal/series"
)

// Kind of flag.
type Kind string

// The kinds of flag.
const (
	Moved        Kind = "moved"         // one occurrence stands at another time
	Cancelled    Kind = "cancelled"     // one occurrence is gone
	Shortened    Kind = "shortened"     // one or all are shorter than booked
	DeclinedKind Kind = "declined"      // the report declined one or all
	PlaceChanged Kind = "place-changed" // one or all are somewhere else
	LinkChanged  Kind = "link-changed"  // the agenda link was replaced by another
	GuestAdded   Kind = "guest-added"   // a third person was added
	GuestRemoved Kind = "guest-removed" // the report is no longer invited
	RoomDeclined Kind = "room-declined" // the room does not take one or all
	NotBusy      Kind = "not-busy"      // one or all no longer keep the time free of others
	DoubleBooked Kind = "double-booked" // another busy event overlaps
	SeriesMoved  Kind = "series-moved"  // the whole series, or all from a date on, stands on another slot
	SeriesEnded  Kind = "series-ended"  // the series was deleted or ended by hand
	CopyDiffers  Kind = "copy-differs"  // the report's own copy shows something else
	Undelivered  Kind = "undelivered"   // the report's copy is missing, or what changed does not reach it
	Duplicate    Kind = "duplicate"     // somebody made a second series out of ours
	SlotUnfit    Kind = "slot-unfit"    // the booked slot does not work any more; To is the best one instead
	// Those of the pair's document, as package prepdoc finds them. They are of no occurrence and no generation.
	DocMissing    Kind = "doc-missing"    // it is gone or in the trash
	DocUnreadable Kind = "doc-unreadable" // one of the two cannot edit it
	DocOvershared Kind = "doc-overshared" // somebody else can see it
)

// Finding is something wrong with a pair's document.
type Finding struct {
	Kind   Kind
	Detail string // plain words with counts; no names, no addresses, no links
}

// What a Flag's Detail may be, beside what others find.
const (
	InAnotherEvent = "in an event that the report is not invited to"
	CopyDeleted    = "the copy in their calendar was deleted"
	CopyGone       = "the report's calendar does not show the copy any more"
	NoWay          = "no server sends the invitation, and the report has no calendar here"
	Undone         = "a later change of the series undid it"
)

// By is who did it.
type By string

// The possible authors. On the organizer's calendar it is Unknown unless proven.
const (
	ByManager By = "manager"
	ByReport  By = "report"
	ByUnknown By = "unknown"
	// ByHoldfast is who made up for a meeting, at a person's command.
	ByHoldfast By = "holdfast"
)

// Flag is a difference between slot and reality that someone should know.
type Flag struct {
	Pair       series.Pair
	Generation int
	Kind       Kind
	Occurrence series.Date   // zero: the whole series
	From, To   series.Aspect // nothing: unknown, or no matter; never places, addresses or links
	Detail     string        // what it is, in plain words with counts; "" where the kind says it all
	By         By
	Notice     *time.Duration // between the first observation and the booked start; nil: not known
	Since      time.Time      // first observed
	Moment
}

// Moment is what is said of a flag at a moment. It is no part of what the flag is.
type Moment struct {
	// Dates are those of the occurrences to come on which a collision repeats, of a flag that is of the series.
	Dates []series.Date
	// Makeups are times at which a lost meeting could be made up for in its week, the best first, in the slot's zone; nil
	// where nothing is lost.
	Makeups []time.Time
	// Whose time a collision takes, by id, and what it is that does.
	Whose []string
	Other Other
	// Why is what makes a slot unfit, or what a collision hints at, in words.
	Why []string
}

// Other is what takes somebody's time during a meeting.
type Other string

// What there is.
const (
	AnEvent  Other = "event"
	OneOnOne Other = "one-on-one"
	AllDay   Other = "all-day"
)

// none is the Aspect of what is unknown, or no matter.
var none series.Aspect

// ID is stable for as long as the difference is the same one: a hash of pair, kind, occurrence and generation.
func (f Flag) ID() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%d", f.Pair, f.Kind, f.Occurrence, f.Generation))
	return hex.EncodeToString(sum[:5])
}

// Digest tells whether the difference is still what a person saw.
func (f Flag) Digest() string {
	return series.Digest(fmt.Sprintf("%s|%s|%s|%s|%s", f.ID(), f.From, f.To, f.Detail, f.By))
}

// For is the flag as the person may see it, of the two of its pair. With what a meeting collides, and when that is,
// only those see whose time it takes; what it hints at is for the first of them, whose it is.
func (f Flag) For(person string, owners []string) Flag {
	if f.Kind != DoubleBooked {
		return f
	}
	if !slices.Contains(owners, person) {
		f.To, f.Detail = series.Aspect{}, ""
	}
	if len(owners) == 0 || owners[0] != person {
		f.Why = nil
	}
	return f
}

// Result is what became of a week's meeting.
type Result string

// The results.
const (
	Kept          Result = "kept"
	KeptLate      Result = "kept-late"
	Slipped       Result = "slipped"
	Recovered     Result = "recovered"
	CancelledWeek Result = "cancelled"
	LateCancelled Result = "late-cancelled"
	DeclinedWeek  Result = "declined"
	Excused       Result = "excused"
	UnknownWeek   Result = "unknown"
)

// Counts reports whether the week is one of those of which some are kept.
func (r Result) Counts() bool { return r != Excused && r != UnknownWeek }

// Kept reports whether the meeting took place in its week, as far as the calendar says.
func (r Result) Kept() bool { return r == Kept || r == KeptLate || r == Recovered }

// Outcome is the record of one week's meeting of a pair.
type Outcome struct {
	Pair       series.Pair
	Week       series.Week // of the booked day, in the slot's zone
	Occurrence series.Date
	Result     Result
	By         By
	Notice     *time.Duration
	Final      bool // the week is over: it does not change any more
}

// KeptRate is (kept + kept-late + recovered) / (weeks - excused - unknown) over final outcomes; nil where that is 0/0.
func KeptRate(outcomes []Outcome) *float64 {
	kept, weeks := 0, 0
	for _, o := range outcomes {
		if !o.Final {
			continue
		}
		if !o.Result.Counts() {
			continue
		}
		if o.Result.Kept() {
			kept++
		}
		weeks++
	}
	if weeks == 0 {
		return nil
	}
	rate := float64(kept) / float64(weeks)
	return &rate
}

// Edges are what changed between two sets of flags.
type Edges struct{ Opened, Changed, Closed []Flag }

// Edges are those from the open flags before to what was found. A flag that closes tells what became of its
// difference, where that is known.
func (f Found) Edges(before []Flag) Edges {
	e := Compare(before, f.Flags, f.Unread)
	for i := range e.Closed {
		if detail, ok := f.Undone[e.Closed[i].ID()]; ok {
			e.Closed[i].Detail = detail
		}
	}
	return e
}

// Compare finds the edges from the open flags before to those now. Flags of unread pairs stay as they are: a
// calendar that was not read closes nothing.
func Compare(before, now []Flag, unread map[series.Pair]bool) Edges {
	var e Edges
	was := map[string]Flag{}
	for _, f := range before {
		was[f.ID()] = f
	}
	is := map[string]bool{}
	for _, f := range now {
		is[f.ID()] = true
		old, known := was[f.ID()]
		switch {
		case !known:
			e.Opened = append(e.Opened, f)
		case old.Digest() != f.Digest():
			e.Changed = append(e.Changed, f)
		}
	}
	for _, f := range before {
		if !is[f.ID()] && !unread[f.Pair] {
			e.Closed = append(e.Closed, f)
		}
	}
	return e
}

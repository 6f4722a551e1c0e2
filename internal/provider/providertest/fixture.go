// Package providertest is the conformance suite of the calendar contract: every provider passes it.
package providertest

import (
	"time"

	"holdfast/internal/clock"
	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// Fixture is the world of one test: people whose calendars hold nothing yet. Run opens a new one for every test.
type Fixture struct {
	Manager, Report Actor
	// Third is somebody with an address on the same server; no calendar of theirs is looked at.
	Third series.Person
	Org   string // of the marks; "" is "acme"
	// Schedules: the server brings invitations to attendees and their answers back, before a write is answered
	// (RFC 6638). Where it does not, the tests call Deliver and Answer, and series are created with ClientDelivers.
	Schedules bool
	// KeepsOverrides: the scheduling server never takes an override out of a copy, as Cyrus does not. What the organizer's
	// event has no more is then not looked at in the report's copy.
	KeepsOverrides bool
	// CancelledIsGone: to cancel a series is to delete it. None stays where it was with STATUS:CANCELLED.
	CancelledIsGone bool
	// KnowsOwner: the server says whose calendar the manager's is, under which addresses.
	KnowsOwner bool
	// Mixed: the two calendars are of different kinds, so that a copy's identity tells nothing of the organizer's.
	Mixed bool
	// Slow: a real server, on which a request takes so long that random lives are short.
	Slow bool
	// Clock is the one that Manager's and Report's calendars read. It need not move.
	Clock clock.Clock
}

// Actor is a person with a calendar, as Holdfast sees it and as the person does.
type Actor struct {
	// Person needs ID, Name, Email; zones of the tests are their own.
	Person   series.Person
	Calendar provider.Calendar
	Hands    Hands
}

// Hands are what a person does with their own calendar client: a read and an unconditional write of the whole object,
// past every rule of ours. id is Ref.ID as Observe or a hand returned it. original names an occurrence by its start in
// the series (RECURRENCE-ID); where a method says so, the zero time means the series itself. A hand leaves all it does
// not name as it is, and works on the report's copy as well as on the organizer's event.
type Hands interface {
	// Move gives one occurrence another start; an override made for it says what the series says, but for its start.
	Move(id string, original, to time.Time) error
	// Resize gives one occurrence another duration.
	Resize(id string, original time.Time, duration time.Duration) error
	// MoveAll makes to the slot of the whole series, from the day first on (DTSTART, DTEND, RRULE).
	MoveAll(id string, to series.Slot, first series.Date) error
	// Split is "this and following": the series ends before original (UNTIL), and a new object under a UID of its own,
	// with all else copied, the mark too, begins at to. It returns the new object's id.
	Split(id string, original, to time.Time) (string, error)
	// Cancel takes one occurrence out (EXDATE; its override goes).
	Cancel(id string, original time.Time) error
	// CancelStatus leaves it in its place with STATUS:CANCELLED; zero: the whole series.
	CancelStatus(id string, original time.Time) error
	// PutBack undoes Cancel and CancelStatus.
	PutBack(id string, original time.Time) error
	// Answer sets the PARTSTAT of attendee, one of the people; zero: of the series and all its overrides.
	Answer(id string, original time.Time, attendee string, answer series.PartStat) error
	// Retitle sets SUMMARY; zero: that of the series only.
	Retitle(id string, original time.Time, title string) error
	// Relocate sets LOCATION; zero: that of the series only.
	Relocate(id string, original time.Time, place string) error
	// SetLink replaces the prep link wherever it stands (section 9 of the design), "" removes it; zero: of the series
	// only.
	SetLink(id string, original time.Time, link string) error
	// AddGuest invites address to the series and all its overrides.
	AddGuest(id, address string) error
	// SetFree sets TRANSP:TRANSPARENT on the series.
	SetFree(id string) error
	// StripMark removes every X-HOLDFAST property, as a client does that keeps no unknown ones.
	StripMark(id string) error
	// Note adds text to what a person owns of the series: a line of the description, a category, an own X- property.
	Note(id, text string) error
	// Noted reports whether all that Note wrote is still there.
	Noted(id, text string) (bool, error)
	// EndAt writes UNTIL: the last moment at which an occurrence may start.
	EndAt(id string, until time.Time) error
	// Duplicate stores a copy of the object, mark and all, under a UID of its own, and returns its id.
	Duplicate(id string) (string, error)
	// Delete deletes the object.
	Delete(id string) error
	// Add stores an unmarked event and returns its id: weekly where e.Rule.Plain, else a single one. Of e, Start, Zone,
	// Duration, Rule, Title, Place, Organizer and Guests count.
	Add(e series.Event) (string, error)
	// AddBusy stores what Observe has to tell as b (b.ID does not count) and returns its id. text stands in the event's
	// title, description and place, and in the name of a guest from elsewhere.
	AddBusy(b series.Busy, text string) (string, error)
}
